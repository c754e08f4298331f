"""A study file, read and checked entry by entry: what xit/study.py makes a Study of."""

import re
from collections.abc import Collection
from pathlib import Path

import yaml

from xit import tasks, variants
from xit.data import typos
from xit.errors import XitError, unknown
from xit.settings import ADVERSARY, BESIDE, MLM, PAPER, PRETRAIN, checked_setting

CODE = re.compile(r"\w[\w.-]{0,63}", re.ASCII)  # of a language, or of a corpus's config
REPOSITORY = re.compile(r"\w[\w.-]{0,95}/\w[\w.-]{0,95}", re.ASCII)
BENCHMARKS = ("xtreme", "xtreme-r")  # whose languages the targets are scored in
# sections that train what no other has trained, with what a study file may say of each
_VARIANTS = ("variants", "targets")
ABLATIONS = {
    "mlm": _VARIANTS,
    "translation": _VARIANTS,
    "selection": ("intermediate", "targets", "checkpoints"),
    "source_language": _VARIANTS,
    "complexity": (*_VARIANTS, "code_examples", "dimensions", "subspace_examples"),
    # variants that name their own layer or weight are trained on by `ablated_targets` only
    "adversarial": (*_VARIANTS, "ablated_targets"),
    "length_noise": (
        *_VARIANTS,
        *("rates", "kind", "kinds", "noise_seed", "examples", "smooth_radius"),
    ),
}


def read(path: Path, hub: str | None, known: Collection[str], needed: Collection[str]) -> dict:
    """The entries of the study file `path`, of the right types, with `hub` in place if given.

    XitError names the file, the entry and what was expected; entries are `known` ones, and all
    that are `needed`.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except RecursionError as error:
        raise XitError(f"cannot read study file {path.name}: nested too deeply") from error
    except (OSError, ValueError, TypeError, yaml.YAMLError) as error:  # not UTF-8, for one
        raise XitError(
            f"cannot read study file {path.name}: {' '.join(str(error).split())}"
        ) from error
    if not isinstance(raw, dict):
        raise XitError(f"study file {path.name} is not a table of names and values")
    for key in raw:
        if key not in known:
            raise unknown(f"name in study file {path.name}:", key, known)
    raw = {"name": path.stem, "hub": None} | raw
    if missing := [f for f in needed if f not in raw]:
        raise XitError(f"study file {path.name} lacks {missing[0]!r}")
    if hub is not None:
        raw["hub"] = hub
    return _checked(raw, path.name)


def _checked(raw: dict, file: str) -> dict:
    for key in ("name", "title", "about", "model", "source"):
        _expect(isinstance(raw[key], str), file, key, raw[key], "a text")
    own = Path(file).stem  # where its pages and its changes are kept
    _expect(raw["name"] == own, file, "name", raw["name"], f"the file's own name, {own!r}")
    _words(file, "source", [raw["source"]], CODE, "a language's code, such as 'en'")
    _expect(raw["hub"] is None or isinstance(raw["hub"], str), file, "hub", raw["hub"], "a text")
    for key, check in (("intermediate", tasks.intermediate), ("targets", tasks.target)):
        raw[key] = _names(file, key, raw[key])
        _expect(bool(raw[key]) or key == "intermediate", file, key, [], "at least one task")
        for task in raw[key]:
            check(task)
    raw["languages"] = {k: _names(file, k, v) for k, v in _table(file, raw, "languages").items()}
    for target, codes in raw["languages"].items():
        _words(file, target, codes, CODE, "codes of languages, such as 'en'")
        if target not in (*raw["targets"], "all"):
            raise unknown(f"{file}: target task under languages:", target, raw["targets"])
    for key, least in (("seed", 0), ("num_seeds", 1), ("retrieval_layer", 0)):
        value = raw.get(key, least)
        whole = isinstance(value, int) and not isinstance(value, bool) and value >= least
        _expect(whole, file, key, value, f"a whole number, at least {least}")
    if raw.get("split", "test") not in ("test", "validation"):
        raise unknown(f"{file}: split", raw["split"], ("test", "validation"))
    if raw.get("benchmark", "xtreme") not in BENCHMARKS:
        raise unknown(f"{file}: benchmark", raw["benchmark"], BENCHMARKS)
    for key, known in (("pretrain", PRETRAIN), ("mlm", MLM)):
        raw[key] = _with_corpora(file, key, _table(file, raw, key), known)
    of_mlm = {told: name for name, told in BESIDE.items()}
    for key, value in raw["mlm"].items():
        if key != "corpora":
            raw["mlm"][key] = checked_setting(of_mlm[key], value)
    raw["adversary"] = _adversary(file, _table(file, raw, "adversary"))
    raw["ablations"] = _ablations(file, _table(file, raw, "ablations"), raw)
    raw["hyper"] = _hyper(file, _table(file, raw, "hyper"))
    return raw


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


def _words(
    file: str, key: str, names: Collection[object], form: re.Pattern[str], expected: str
) -> None:
    """XitError unless all `names` are of this form: they become parts of paths."""
    for name in names:
        right = isinstance(name, str) and form.fullmatch(name) and ".." not in name
        _expect(bool(right), file, key, name, expected)


def _with_corpora(file: str, name: str, table: dict, known: dict) -> dict:
    for key in table:
        if key not in (*known, "corpora"):
            raise unknown(f"{file}: setting under {name}:", key, ["corpora", *known])
    corpora = _table(file, table, "corpora")
    _words(file, "corpora", corpora, REPOSITORY, "repositories, such as 'owner/name'")
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
        for key in told:
            if key not in ABLATIONS[section]:
                raise unknown(f"{file}: name under {section}:", key, ABLATIONS[section])
        kinds = ("intermediate", *_VARIANTS, "ablated_targets")
        lists = [k for k in ABLATIONS[section] if k in kinds]
        optional: dict[str, list] = {"ablated_targets": []}
        names = {k: _names(file, k, told.get(k, optional.get(k))) for k in lists}
        for name in names.get("variants", ()):
            variants.parse(name)
        for target in (*names["targets"], *names.get("ablated_targets", ())):
            if target not in study["targets"]:
                raise unknown(f"{file}: target task under {section}:", target, study["targets"])
        checked[section] = names | {k: v for k, v in told.items() if k not in names}
        if section == "selection":
            check_selection(checked[section], study["intermediate"], file)
        if section == "complexity":
            check_complexity(checked[section], file)
        if section == "adversarial":
            check_adversarial(checked[section], file)
        if section == "length_noise":
            check_noise(checked[section], file)
    return checked


def _adversary(file: str, table: dict) -> dict[str, object]:
    """Settings of the adversary, of the right types."""
    for key in table:
        if key not in ADVERSARY:
            raise unknown(f"{file}: setting under adversary:", key, ADVERSARY)
    return {k: checked_setting(f"adversary_{k}", v) for k, v in table.items()}


def check_adversarial(told: dict, where: str) -> None:
    """XitError, beginning with `where`, if what `told` gives the section makes no sense."""
    named = [variants.parse(name) for name in told["variants"]]
    for one in named:
        expected = "a task against an adversary, such as mnli+adv or mnli+adv1*0.1"
        _expect(one.option == "adv", where, "variants", str(one), expected)
    few = not told["ablated_targets"] and all(one.levels for one in named)
    _expect(not few, where, "ablated_targets", [], "a target after these variants")


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


def check_complexity(told: dict, where: str) -> None:
    """XitError, beginning with `where`, if section `complexity` cannot be what `told` makes it."""

    def whole(value: object, least: int) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and value >= least

    for key, least in (("code_examples", 0), ("subspace_examples", 1)):
        value = told.get(key, least)
        _expect(whole(value, least), where, key, value, f"a whole number, at least {least}")
    sizes = told.get("dimensions", [])
    right = isinstance(sizes, list) and all(whole(d, 1) for d in sizes)
    _expect(right, where, "dimensions", sizes, "a list of whole numbers, at least 1")
    _expect(len(set(sizes)) == len(sizes), where, "dimensions", sizes, "each number once")


def check_noise(told: dict, where: str) -> None:
    """XitError, beginning with `where`, if what `told` gives `length_noise` makes no sense."""
    rates, kinds = told.get("rates", [0.1]), told.get("kinds", [])
    for key, value in (("rates", rates), ("kinds", kinds)):
        _expect(isinstance(value, list) and len(set(map(str, value))) == len(value), where, key,
                value, "a list, each entry once")  # fmt: skip
    for rate in rates:
        typos.checked(told.get("kind", typos.MIXED), rate)
        _expect(rate > 0, where, "rates", rate, "shares of words above 0; 0 is always scored")
    _expect(bool(rates), where, "rates", rates, "at least one share of words")
    for kind in kinds:
        typos.checked(kind, 0.1)
    seed = told.get("noise_seed", 1)
    whole = isinstance(seed, int) and not isinstance(seed, bool)
    _expect(whole, where, "noise_seed", seed, "a whole number")
    for key in ("examples", "smooth_radius"):
        if told.get(key) is not None:
            checked_setting(key, told[key])
    names = told.get("variants", ())
    for one in map(variants.parse, names):
        plain = str(one._replace(option=""))
        right = one.option != "smooth" or plain in names
        _expect(right, where, "variants", str(one), f"{plain!r} beside it, to compare with")
    for target in told.get("targets", ()):
        mining = tasks.target(target).kind == "mining"
        _expect(not mining, where, "targets", target, "targets with rows to put noise into")


def _hyper(file: str, table: dict) -> dict[str, dict[str, dict]]:
    checked: dict[str, dict[str, dict]] = {}
    for phase in table:
        if phase not in PAPER:
            raise unknown(f"{file}: phase under hyper:", phase, PAPER)
        targets = {**tasks.FIRST, **tasks.TARGET}
        known = tasks.INTERMEDIATE if phase == "intermediate" else targets
        checked[phase] = {}
        for task in _table(file, table, phase):
            if task != "default" and task not in known:
                raise unknown(f"{file}: task under hyper: {phase}:", task, ["default", *known])
            settings = _table(file, table[phase], task)
            checked[phase][task] = {k: checked_setting(k, v) for k, v in settings.items()}
    return checked
