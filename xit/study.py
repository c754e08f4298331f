"""What to run: a study file, checked, and the sections it makes.

A study is `notebooks/studies/<name>.yaml`. Its sections, each one notebook executed with its own
parameters, are `tasks`, `multilingual_model`, `intermediate/<task>`, `target/<task or none>`,
`results`, `by_target/<task>`, `by_language/<code>`, `distance`, `published`, `data` and `verify`,
and the ABLATIONS that the study names.
"""

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

from xit import study_file, tasks, variants
from xit.data import supplied
from xit.errors import XitError, unknown
from xit.paths import project
from xit.settings import ADVERSARY, MLM, SETTINGS, of_paper
from xit.study_file import ABLATIONS

NOTEBOOKS = {  # in reading order
    "tasks": "00_tasks.ipynb",
    "multilingual_model": "01_multilingual_model.ipynb",
    "intermediate": "02_intermediate.ipynb",
    "target": "03_target.ipynb",
    "results": "04_results.ipynb",
    "by_target": "15_by_target.ipynb",
    "by_language": "16_by_language.ipynb",
    "mlm": "05_mlm.ipynb",
    "translation": "06_translation.ipynb",
    "selection": "07_selection.ipynb",
    "complexity": "10_complexity.ipynb",
    "distance": "11_distance.ipynb",
    "source_language": "12_source_language.ipynb",
    "length_noise": "13_length_noise.ipynb",
    "adversarial": "14_adversarial.ipynb",
    "published": "08_published.ipynb",
    "data": "09_data.ipynb",
    "verify": "17_verify.ipynb",
}
TRAINING = ("multilingual_model", "intermediate", "target")  # each section trains, and needs torch
# only read: the hub, or what others made
READING = ("tasks", "results", "by_target", "by_language", "distance", "published", "data",
           "verify")  # fmt: skip
LAST = ("data", "verify")  # of these, what looks at all the others' runs
CLOSER = ("by_target", "by_language")  # of these, what `results` has kept for them


@dataclass(frozen=True)
class Study:
    """One study file."""

    name: str
    title: str
    about: str  # what its numbers are evidence of
    hub: str | None  # "" the Hub, a directory, "lab"; None: the user must give one
    model: str  # Hub id or directory; "pretrain": trained by the first notebook
    source: str  # language of the training data
    intermediate: tuple[str, ...]
    targets: tuple[str, ...]
    languages: dict[str, tuple[str, ...]] = field(default_factory=dict)  # per target, or "all"
    benchmark: str = "xtreme"  # whose languages: "xtreme", or "xtreme-r" with its further ones
    split: str = "test"  # scored where there is one, else dev
    seed: int = 1
    num_seeds: int = 3
    retrieval_layer: int = 14  # Hugging Face's hidden_states index; 14 of XLM-R large in the paper
    pretrain: dict = field(default_factory=dict)
    mlm: dict = field(default_factory=dict)  # language modelling beside an intermediate task
    adversary: dict = field(default_factory=dict)  # a language discriminator beside one
    ablations: dict[str, dict] = field(default_factory=dict)  # section → its parameters
    hyper: dict[str, dict[str, dict]] = field(default_factory=dict)
    gaps: tuple[str, ...] = ()  # left out, as their data are not there; found by `load`

    def languages_of(self, target: str) -> tuple[str, ...]:
        """The languages that `target` is scored in."""
        found = self.languages.get(target) or self.languages.get("all")
        task = tasks.target(target)
        found = found or task.languages + (task.further if self.benchmark == "xtreme-r" else ())
        if task.kind in ("retrieval", "mining"):
            found = tuple(x for x in found if x != self.source)
        return tuple(found)

    def every_language(self) -> list[str]:
        """The languages that any target is scored in, the source first."""
        found = dict.fromkeys(c for t in self.targets for c in self.languages_of(t))
        return sorted(found, key=lambda code: code != self.source)

    def settings(self, phase: str, task: tasks.Task, **changed: object) -> dict:
        """All SETTINGS for training `task`: the paper's, then the study's, then `changed`."""
        mine = self.hyper.get(phase, {})
        study = mine.get("default", {}) | mine.get(task.name, {})
        own = {k: v for k, v in changed.items() if v is not None}
        for key in own:
            if key not in SETTINGS:
                raise unknown("setting", key, SETTINGS)
        return dict.fromkeys(SETTINGS) | of_paper(phase, task) | study | own

    def parts(self) -> list[tasks.Task]:
        """The tasks of multi-task training: all other intermediate tasks in the source language."""
        every = [tasks.intermediate(t) for t in self.intermediate if t != tasks.MULTITASK]
        found = [t for t in every if not t.language]
        if not found:
            raise XitError(f"study {self.name!r} has no intermediate tasks to train together")
        return found

    def part_settings(self, task: tasks.Task, **changed: object) -> dict:
        """The settings of one of `parts`: its own, but for what is set for multi-task training."""
        mine = self.hyper.get("intermediate", {}).get(tasks.MULTITASK, {})
        kept = ("examples", "eval_examples", "max_length", "batch_size")
        told = mine | {k: v for k, v in changed.items() if v is not None}
        return self.settings("intermediate", task, **{k: told[k] for k in kept if k in told})

    def continuation(self, **changed: object) -> dict:
        """What language modelling beside an intermediate task reads, and how; see settings.MLM."""
        corpora = self.mlm.get("corpora") or self.pretrain.get("corpora")
        if not corpora:
            raise XitError(f"study {self.name!r} has no mlm: corpora to continue on")
        told = {k: v for k, v in changed.items() if v is not None}
        return MLM | self.mlm | told | {"corpora": corpora}

    def opposition(self, **changed: object) -> dict:
        """The text and the settings of an adversary beside an intermediate task; see
        settings.ADVERSARY.
        """
        corpora = self.mlm.get("corpora") or self.pretrain.get("corpora")
        if not corpora:
            raise XitError(f"study {self.name!r} has no mlm: corpora for an adversary to read")
        told = {k: v for k, v in changed.items() if v is not None}
        settings = ADVERSARY | {"layer": self.retrieval_layer} | self.adversary | told
        return settings | {"corpora": corpora}

    def variants(self) -> list[str]:
        """The variants of intermediate tasks that the ablations train."""
        named = (v for told in self.ablations.values() for v in told.get("variants", ()))
        return list(dict.fromkeys(named))

    def checkpoints(self, after: str, target: str) -> int | None:
        """How many states on the way a training on `target` keeps for the ablation of selection.

        None: the ablation has no use for it. `after`: the intermediate task, or "none"."""
        told = self.ablations.get("selection", {})
        wanted = after in told.get("intermediate", ()) and target in told.get("targets", ())
        return told.get("checkpoints") if wanted else None

    def sections(self) -> list[str]:
        """Every section, in reading order."""
        phases = {
            "intermediate": [f"intermediate/{t}" for t in self.intermediate],
            "target": [f"target/{t}" for t in ("none", *self.intermediate)],
            "by_target": [f"by_target/{t}" for t in self.targets],
            "by_language": [f"by_language/{c}" for c in self.every_language()],
        }
        left_out = ABLATIONS.keys() - self.ablations.keys()
        return [s for n in NOTEBOOKS if n not in left_out for s in phases.get(n, [n])]

    def needs(self, section: str) -> list[str]:
        """The sections that `section` waits for."""
        phase, _, task = section.partition("/")
        if phase in ("tasks", "multilingual_model"):
            return []
        if phase in CLOSER:
            return ["results"]
        if phase in READING:
            left_out = READING if phase in LAST else (*READING, *ABLATIONS)
            return [s for s in self.sections() if s.partition("/")[0] not in left_out]
        if phase in ("selection", "complexity"):  # compare all of them
            return [s for s in self.sections() if s.startswith("target/")]
        if phase in ABLATIONS:  # beside what it is compared with
            tasks_ = {variants.parse(v).plain for v in self.ablations[phase]["variants"]}
            return ["target/none", *(f"target/{t}" for t in self.intermediate if t in tasks_)]
        if phase == "target" and task != "none":
            return [f"intermediate/{task}"]
        return ["multilingual_model"]

    def parameters(self, section: str) -> dict[str, object]:
        """The notebook parameters of `section`, before any override."""
        phase, _, task = self.check(section).partition("/")
        shared: dict[str, object] = {"study": self.name, "hub": self.hub}
        seeds: dict[str, object] = {"seed": self.seed, "num_seeds": self.num_seeds}
        if phase == "intermediate":
            return shared | {"task": task} | seeds
        if phase == "target":
            return shared | {"intermediate": task, "targets": list(self.targets)} | seeds
        if phase in CLOSER:
            return shared | {phase.removeprefix("by_"): task}
        if phase == "multilingual_model":
            return shared | {"retrain": self.model == "pretrain"}
        if phase in ABLATIONS:
            own = self.ablations[phase].items()
            return shared | {k: list(v) if isinstance(v, tuple) else v for k, v in own} | seeds
        return shared

    def check(self, section: str) -> str:
        """`section` itself; XitError with the nearest name if this study has no such section."""
        if section not in self.sections():
            raise unknown(f"section of study {self.name!r}:", section, self.sections())
        return section

    def digest(self, section: str) -> str:
        """Changes when anything in the study file changes that `section` depends on."""
        phase, _, task = section.partition("/")
        told = dataclasses.asdict(self)
        shown = [self.name, self.title, self.about]  # stand at the head of every page
        if phase != "multilingual_model":
            pretrain = told.pop("pretrain")
        if phase in ABLATIONS:
            told["ablations"] = self.ablations[phase]
            told["text"] = pretrain.get("corpora")
        elif phase not in READING:
            told.pop("ablations")
        if phase == "intermediate":
            told = {k: told[k] for k in ("hub", "model", "source")}
            told["hyper"] = self.settings("intermediate", tasks.intermediate(task))
            if task == tasks.MULTITASK:
                told["parts"] = {t.name: self.part_settings(t) for t in self.parts()}
        elif phase == "target":
            told["hyper"] = self.hyper.get("target")
            told["checkpoints"] = [self.checkpoints(task, target) for target in self.targets]
            told.pop("intermediate")
            told.pop("mlm")
            told.pop("adversary")
        elif phase == "multilingual_model":
            told = {k: told[k] for k in ("hub", "model", "pretrain", "languages", "source")}
        elif phase == "verify" and (file := shipped(self.name)).exists():
            told["shipped"] = hashlib.blake2b(file.read_bytes(), digest_size=8).hexdigest()
        text = json.dumps([shown, told], sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def names() -> list[str]:
    """The studies there are."""
    return sorted(p.stem for p in (project() / "notebooks" / "studies").glob("*.yaml"))


def shipped(name: str) -> Path:
    """Where the project ships the scores of the study `name`, if it does: report/shipped.py."""
    return project() / "notebooks" / "studies" / "scores" / f"{name}.parquet"


def load(name: str, hub: str | None = None) -> Study:
    """The study `name`, with its data taken from `hub` if given; XitError if anything is amiss."""
    if name not in names():
        raise unknown("study", name, names())
    path = project() / "notebooks" / "studies" / f"{name}.yaml"
    return _with_what_is_there(parse(path, hub))


def _with_what_is_there(study: Study) -> Study:
    """`study` without the tasks whose data its user has to supply and has not."""
    if study.hub is None or study.hub == "lab" or study.hub.startswith("lab:"):
        return study
    kept: dict[str, tuple[str, ...]] = {}
    gaps = []
    for phase, find in (("intermediate", tasks.intermediate), ("targets", tasks.target)):
        rows = [find(name) for name in getattr(study, phase)]
        lost = [t for t in rows if t.supplied and not supplied.find(study.hub, t.supplied)]
        kept[phase] = tuple(t.name for t in rows if t not in lost)
        gaps += [f"{t.title}: {supplied.SUPPLIED[t.supplied]}" for t in lost]
    gone: dict[str, list[str]] = {}  # repository → the variants whose data it should have
    for name in (v for v in study.variants() if not _is_there(study.hub, v)):
        gone.setdefault(variants.parse(name).row.supplied, []).append(name)
    gaps += [f"{', '.join(names)}: {supplied.SUPPLIED[repo]}" for repo, names in gone.items()]
    untranslated = [name for names in gone.values() for name in names]
    if not kept["targets"]:
        told = "; ".join(gaps)
        raise XitError(f"study {study.name!r} has no data for any of its targets: {told}")
    return dataclasses.replace(
        study,
        intermediate=kept["intermediate"],
        targets=kept["targets"],
        ablations=_kept(study, kept, untranslated),
        gaps=tuple(gaps),
    )


def _is_there(hub: str, variant: str) -> bool:
    """Whether there is a translation or graded data that is not on the Hub; true of all others."""
    task = variants.parse(variant).row
    if task.supplied not in (tasks.TRANSLATED, tasks.GRADED) or task.train is None:
        return True
    place = supplied.find(hub, task.supplied)
    return bool(place and (place / task.train.config.format(code=task.language)).is_dir())


def _kept(
    study: Study, kept: dict[str, tuple[str, ...]], untranslated: list[str]
) -> dict[str, dict]:
    """The ablations without what the study has lost; without those that nothing is left of."""
    lost = set(study.intermediate) - set(kept["intermediate"])
    left = {}
    for section, told in study.ablations.items():
        of = "variants" if "variants" in told else "intermediate"
        there = [v for v in told[of] if v not in untranslated]
        names = tuple(v for v in there if v == "none" or variants.parse(v).plain not in lost)
        targets = tuple(t for t in told["targets"] if t in kept["targets"])
        if (
            set(names) - {"none"} and targets
        ) or section == "complexity":  # which measures the rest
            left[section] = told | {of: names, "targets": targets}
            if "ablated_targets" in told:
                few = (t for t in told["ablated_targets"] if t in kept["targets"])
                left[section]["ablated_targets"] = tuple(few)
    return left


def parse(path: Path, hub: str | None = None) -> Study:
    """The study file `path`, checked; XitError names the file, the entry and what was expected."""
    fields = {f.name: f for f in dataclasses.fields(Study) if f.name != "gaps"}
    needed = [f for f, x in fields.items() if x.default is x.default_factory]
    return Study(**study_file.read(path, hub, list(fields), needed))
