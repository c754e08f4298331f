"""What to run: a study file, checked, and the sections it makes.

A study is `notebooks/studies/<name>.yaml`. Its sections, each one notebook executed with its own
parameters, are `tasks`, `multilingual_model`, `intermediate/<task>`, `target/<task or none>`,
`results`, `published` and `data`, and the ABLATIONS that the study names.
"""

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from xit import tasks, variants
from xit.data import supplied
from xit.errors import XitError, unknown
from xit.paths import project
from xit.settings import BESIDE, MLM, PAPER, PRETRAIN, SETTINGS, checked_setting, of_paper

NOTEBOOKS = {
    "tasks": "00_tasks.ipynb",
    "multilingual_model": "01_multilingual_model.ipynb",
    "intermediate": "02_intermediate.ipynb",
    "target": "03_target.ipynb",
    "results": "04_results.ipynb",
    "mlm": "05_mlm.ipynb",
    "translation": "06_translation.ipynb",
    "selection": "07_selection.ipynb",
    "published": "08_published.ipynb",
    "data": "09_data.ipynb",
}
READING = ("tasks", "results", "published", "data")  # only read: the hub, or what others made
ABLATIONS = ("mlm", "translation", "selection")  # train what no other section has trained


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
    split: str = "test"  # scored where there is one, else dev
    seed: int = 1
    num_seeds: int = 3
    retrieval_layer: int = 14  # Hugging Face's hidden_states index; 14 of XLM-R large in the paper
    pretrain: dict = field(default_factory=dict)
    mlm: dict = field(default_factory=dict)  # language modelling beside an intermediate task
    ablations: dict[str, dict] = field(default_factory=dict)  # section → its parameters
    hyper: dict[str, dict[str, dict]] = field(default_factory=dict)
    gaps: tuple[str, ...] = ()  # left out, as their data are not there; found by `load`

    def languages_of(self, target: str) -> tuple[str, ...]:
        """The languages that `target` is scored in."""
        found = self.languages.get(target) or self.languages.get("all")
        found = found or tasks.target(target).languages
        if tasks.target(target).kind in ("retrieval", "mining"):
            found = tuple(x for x in found if x != self.source)
        return tuple(found)

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
        """The tasks of multi-task training: all other intermediate tasks."""
        found = [tasks.intermediate(t) for t in self.intermediate if t != tasks.MULTITASK]
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

    def variants(self) -> list[str]:
        """The variants of intermediate tasks that the ablations train."""
        named = (v for told in self.ablations.values() for v in told.get("variants", ()))
        return list(dict.fromkeys(named))

    def sections(self) -> list[str]:
        """Every section, in reading order."""
        return [
            "tasks",
            "multilingual_model",
            *(f"intermediate/{t}" for t in self.intermediate),
            "target/none",
            *(f"target/{t}" for t in self.intermediate),
            "results",
            *(a for a in ABLATIONS if a in self.ablations),
            "published",
            "data",
        ]

    def needs(self, section: str) -> list[str]:
        """The sections that `section` waits for."""
        phase, _, task = section.partition("/")
        if phase in ("tasks", "multilingual_model"):
            return []
        if phase in READING:
            left_out = READING if phase == "data" else (*READING, *ABLATIONS)
            return [s for s in self.sections() if s not in left_out]
        if phase == "selection":  # retrieval is compared after all of them
            return [s for s in self.sections() if s.startswith("target/")]
        if phase in ABLATIONS:  # beside what it is compared with
            tasks_ = {variants.parse(v).task for v in self.ablations[phase]["variants"]}
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
            told.pop("intermediate")
            told.pop("mlm")
        elif phase == "multilingual_model":
            told = {k: told[k] for k in ("hub", "model", "pretrain", "languages", "source")}
        text = json.dumps([shown, told], sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def names() -> list[str]:
    """The studies there are."""
    return sorted(p.stem for p in (project() / "notebooks" / "studies").glob("*.yaml"))


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
    if untranslated := [v for v in study.variants() if not _is_there(study.hub, v)]:
        gaps.append(f"{', '.join(untranslated)}: {supplied.SUPPLIED[tasks.TRANSLATED]}")
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
    """Whether the user has supplied a translation that is not on the Hub; true of all others."""
    task = variants.parse(variant).row
    if task.supplied != tasks.TRANSLATED or task.train is None:
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
        names = tuple(v for v in there if v == "none" or variants.parse(v).task not in lost)
        targets = tuple(t for t in told["targets"] if t in kept["targets"])
        if set(names) - {"none"} and targets:
            left[section] = told | {of: names, "targets": targets}
    return left


def parse(path: Path, hub: str | None = None) -> Study:
    """The study file `path`, checked."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise XitError(
            f"cannot read study file {path.name}: {' '.join(str(error).split())}"
        ) from error
    if not isinstance(raw, dict):
        raise XitError(f"study file {path.name} is not a table of names and values")
    fields = {f.name: f for f in dataclasses.fields(Study) if f.name != "gaps"}
    for key in raw:
        if key not in fields:
            raise unknown(f"name in study file {path.name}:", key, fields)
    raw = {"name": path.stem, "hub": None} | raw
    missing = [f for f, x in fields.items() if f not in raw and x.default is x.default_factory]
    if missing:
        raise XitError(f"study file {path.name} lacks {missing[0]!r}")
    if hub is not None:
        raw["hub"] = hub
    return _checked(raw, path)


def _checked(raw: dict, path: Path) -> Study:
    """The study of the table `raw`; XitError names the file, the entry and what was expected."""
    file = path.name
    for key in ("name", "title", "about", "model", "source"):
        _expect(isinstance(raw[key], str), file, key, raw[key], "a text")
    _expect(raw["hub"] is None or isinstance(raw["hub"], str), file, "hub", raw["hub"], "a text")
    for key, check in (("intermediate", tasks.intermediate), ("targets", tasks.target)):
        raw[key] = _names(file, key, raw[key])
        _expect(bool(raw[key]) or key == "intermediate", file, key, [], "at least one task")
        for task in raw[key]:
            check(task)
    raw["languages"] = {k: _names(file, k, v) for k, v in _table(file, raw, "languages").items()}
    for target in raw["languages"]:
        if target not in (*raw["targets"], "all"):
            raise unknown(f"{file}: target task under languages:", target, raw["targets"])
    for key, least in (("seed", 0), ("num_seeds", 1), ("retrieval_layer", 0)):
        value = raw.get(key, least)
        whole = isinstance(value, int) and not isinstance(value, bool) and value >= least
        _expect(whole, file, key, value, f"a whole number, at least {least}")
    if raw.get("split", "test") not in ("test", "validation"):
        raise unknown(f"{file}: split", raw["split"], ("test", "validation"))
    for key, known in (("pretrain", PRETRAIN), ("mlm", MLM)):
        raw[key] = _with_corpora(file, key, _table(file, raw, key), known)
    of_mlm = {told: name for name, told in BESIDE.items()}
    for key, value in raw["mlm"].items():
        if key != "corpora":
            raw["mlm"][key] = checked_setting(of_mlm[key], value)
    raw["ablations"] = _ablations(file, _table(file, raw, "ablations"), raw)
    raw["hyper"] = _hyper(file, _table(file, raw, "hyper"))
    return Study(**raw)


def _expect(right: bool, file: str, key: str, value: object, expected: str) -> None:
    if not right:
        raise XitError(f"{file}: {key} = {value!r}: expected {expected}")


def _table(file: str, raw: dict, key: str) -> dict:
    """The table under `key`; nothing written there is an empty one."""
    value = raw.get(key)
    _expect(
        value is None or isinstance(value, dict), file, key, value, "a table of names and values"
    )
    return value or {}


def _names(file: str, key: str, value: object) -> tuple[str, ...]:
    """A list of different names."""
    right = isinstance(value, list) and all(isinstance(x, str) for x in value)
    _expect(right, file, key, value, "a list of names")
    assert isinstance(value, list)
    _expect(len(set(value)) == len(value), file, key, value, "each name once")
    return tuple(value)


def _with_corpora(file: str, name: str, table: dict, known: dict) -> dict:
    for key in table:
        if key not in (*known, "corpora"):
            raise unknown(f"{file}: setting under {name}:", key, ["corpora", *known])
    corpora = _table(file, table, "corpora")
    if corpora:
        table["corpora"] = {
            repo: list(_names(file, repo, codes)) for repo, codes in corpora.items()
        }
    return table


def _ablations(file: str, table: dict, study: dict) -> dict[str, dict]:
    """Section → its intermediate tasks or variants of them, the targets after them, and more."""
    checked: dict[str, dict] = {}
    for section in table:
        if section not in ABLATIONS:
            raise unknown(f"{file}: section under ablations:", section, ABLATIONS)
        told = _table(file, table, section)
        lists = ("intermediate" if section == "selection" else "variants", "targets")
        known = (*lists, "checkpoints") if section == "selection" else lists
        for key in told:
            if key not in known:
                raise unknown(f"{file}: name under {section}:", key, known)
        names = {k: _names(file, k, told.get(k)) for k in lists}
        for name in names.get("variants", ()):
            variants.parse(name)
        for target in names["targets"]:
            if target not in study["targets"]:
                raise unknown(f"{file}: target task under {section}:", target, study["targets"])
        checked[section] = names | {k: v for k, v in told.items() if k not in names}
        if section == "selection":
            check_selection(checked[section], study["intermediate"], file)
    return checked


def check_selection(told: dict, intermediate: tuple[str, ...], where: str) -> None:
    """XitError, beginning with `where`, if what `told` gives section `selection` makes no sense."""
    for name in told.get("intermediate", ()):
        if name not in ("none", *intermediate):
            raise unknown(f"{where}: intermediate task:", name, ("none", *intermediate))
    names, count = told.get("intermediate", ()), told.get("checkpoints", 1)
    expected = "'none', and tasks to compare with it"
    right = "none" in names and len(names) > 1
    _expect(right or "intermediate" not in told, where, "intermediate", list(names), expected)
    for target in told.get("targets", ()):
        trained = tasks.target(target).train is not None
        _expect(trained, where, "targets", target, "targets that are trained, not scored as is")
    whole = isinstance(count, int) and not isinstance(count, bool) and count >= 1
    _expect(whole, where, "checkpoints", count, "a whole number, at least 1")


def _hyper(file: str, table: dict) -> dict[str, dict[str, dict]]:
    checked: dict[str, dict[str, dict]] = {}
    for phase in table:
        if phase not in PAPER:
            raise unknown(f"{file}: phase under hyper:", phase, PAPER)
        known = tasks.INTERMEDIATE if phase == "intermediate" else tasks.TARGET
        checked[phase] = {}
        for task in _table(file, table, phase):
            if task != "default" and task not in known:
                raise unknown(f"{file}: task under hyper: {phase}:", task, ["default", *known])
            settings = _table(file, table[phase], task)
            checked[phase][task] = {k: checked_setting(k, v) for k, v in settings.items()}
    return checked
