"""What to run: a study file, checked, and the sections it makes.

A study is `notebooks/studies/<name>.yaml`. Its sections, each one notebook executed with its own
parameters, are `multilingual_model`, `intermediate/<task>`, `target/<task or none>`, `results` and
`published`.
"""

import dataclasses
import hashlib
import json
import math
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from xit import tasks
from xit.data import supplied
from xit.errors import XitError, unknown
from xit.paths import project

NOTEBOOKS = {
    "multilingual_model": "01_multilingual_model.ipynb",
    "intermediate": "02_intermediate.ipynb",
    "target": "03_target.ipynb",
    "results": "04_results.ipynb",
    "published": "08_published.ipynb",
}
READING = ("results", "published")  # sections that only read what others have made
COMBINE = ("median", "mean")  # how a study's seeds become one number beside the paper's median
SETTINGS = {
    # name: (type, meaning); None in a study means: as in the paper
    "learning_rate": (float, "peak learning rate"),
    "batch_size": (int, "examples an update"),
    "epochs": (float, "passes over the training data"),
    "examples": (int, "training examples, from a fixed shuffle"),
    "eval_every": (int, "updates between two evaluations on the development set"),
    "patience": (int, "evaluations without improvement before stopping"),
    "eval_examples": (int, "development examples for early stopping"),
    "max_length": (int, "tokens in a window"),
    "limit": (int, "examples of one task that count at most in multi-task sampling (K)"),
}
PAPER: dict[str, dict[str, object]] = {
    # Phang et al. 2020, Appendix A; evaluation interval and lengths from jiant's guide
    "intermediate": {
        "learning_rate": 1e-5,
        "eval_every": 1000,
        "patience": 30,
        "eval_examples": 500,
    },
    "target": {"learning_rate": 3e-6, "eval_every": 1000, "patience": 30, "eval_examples": 500},
}
PRETRAIN: dict[str, object] = {
    # the shape and training of a small XLM-R; a study's `pretrain:` changes what it names
    "seed": 1,
    "vocabulary": 6000,  # entries
    "width": 128,
    "layers": 3,
    "heads": 4,
    "inner": 256,  # width of the feed-forward layers
    "positions": 256,  # longest input in tokens
    "dropout": 0.0,
    "alpha": 0.3,  # exponent of the sampling of languages
    "max_length": 66,  # tokens in a training window
    "join": False,  # put neighbouring texts into one window
    "mask_rate": 0.2,
    "learning_rate": 2e-3,
    "warmup": 0.06,  # share of the steps
    "batch_size": 192,  # windows
    "steps": 1000,
    "log_every": 100,  # steps
    "processes": 1,
}
MAX_LENGTH = {
    "pair": 256,
    "choice": 256,
    "tagging": 256,
    "span": 384,
    "retrieval": 512,
    "mining": 512,
    "several": 384,
}


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
        return dict.fromkeys(SETTINGS) | paper(phase, task) | study | own

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

    def sections(self) -> list[str]:
        """Every section, in reading order."""
        return [
            "multilingual_model",
            *(f"intermediate/{t}" for t in self.intermediate),
            "target/none",
            *(f"target/{t}" for t in self.intermediate),
            *READING,
        ]

    def needs(self, section: str) -> list[str]:
        """The sections that `section` waits for."""
        phase, _, task = section.partition("/")
        if phase == "multilingual_model":
            return []
        if phase in READING:
            return [s for s in self.sections() if s not in READING]
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
            told.pop("pretrain")
        if phase == "intermediate":
            told = {k: told[k] for k in ("hub", "model", "source")}
            told["hyper"] = self.settings("intermediate", tasks.intermediate(task))
            if task == tasks.MULTITASK:
                told["parts"] = {t.name: self.part_settings(t) for t in self.parts()}
        elif phase == "target":
            told["hyper"] = self.hyper.get("target")
            told.pop("intermediate")
        elif phase == "multilingual_model":
            told = {k: told[k] for k in ("hub", "model", "pretrain", "languages", "source")}
        text = json.dumps([shown, told], sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def paper(phase: str, task: tasks.Task) -> dict[str, object]:
    """The paper's settings for training `task`, where it or jiant's guide gives them."""
    own = {"batch_size": task.batch_size, "epochs": task.epochs}
    return PAPER[phase] | own | {"max_length": MAX_LENGTH[task.kind]}


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
    if not kept["targets"]:
        told = "; ".join(gaps)
        raise XitError(f"study {study.name!r} has no data for any of its targets: {told}")
    return dataclasses.replace(
        study, intermediate=kept["intermediate"], targets=kept["targets"], gaps=tuple(gaps)
    )


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
    raw["pretrain"] = _pretrain(file, _table(file, raw, "pretrain"))
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


def _pretrain(file: str, table: dict) -> dict:
    for key in table:
        if key not in (*PRETRAIN, "corpora"):
            raise unknown(f"{file}: setting under pretrain:", key, ["corpora", *PRETRAIN])
    corpora = _table(file, table, "corpora")
    if corpora:
        table["corpora"] = {
            repo: list(_names(file, repo, codes)) for repo, codes in corpora.items()
        }
    return table


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


def checked_setting(key: str, value: object) -> object:
    """`value` in the type of setting `key`; XitError names the value and what was expected."""
    if key not in SETTINGS:
        raise unknown("setting", key, SETTINGS)
    kind, meaning = SETTINGS[key]
    try:
        number = kind(float(value)) if not isinstance(value, bool) else None  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        number = None
    number = number if number is not None and math.isfinite(number) else None
    if number is None or number <= 0 or (kind is int and number != float(value)):  # type: ignore[arg-type]
        what = "a whole number" if kind is int else "a number"
        raise XitError(f"{key} = {value!r}: expected {what} above 0 ({meaning})")
    return number
