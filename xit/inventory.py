"""What a study needs, and what of it is there: a line for the model and for each dataset."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from xit import specs, tasks, variants
from xit.data import hub, look
from xit.errors import XitError
from xit.paths import project
from xit.study import Study
from xit.tasks import Split, Task

WEIGHTS = {  # bytes: parameters (Conneau et al. 2020, section 3) in float32
    "FacebookAI/xlm-roberta-base": 4 * 270_000_000,
    "FacebookAI/xlm-roberta-large": 4 * 550_000_000,
}


class Part(NamedTuple):
    """One split, in one language, of what a task reads."""

    task: Task
    split: Split
    code: str


class Line(NamedTuple):
    """The model, or one dataset in all its languages."""

    what: str
    use: str  # the tasks that read it
    source: str  # Hub, cache, directory, lab, trained here
    state: str  # full, excerpt, there (nothing to compare with), missing, no answer, left out
    found: str = ""  # "9 of 11" languages; "" where there is but one
    rows: int | None = None
    expected: int | None = None  # rows of the full dataset
    columns: str = ""  # "ok", "no label"; "" if not known
    licence: str = ""  # "" if not known
    size: int | None = None  # bytes
    remedy: str = ""  # what to do about it; "": nothing

    @property
    def bad(self) -> bool:
        """Whether the study cannot run because of it."""
        return self.state in ("missing", "no answer")


def parts(study: Study) -> Iterator[Part]:
    """Everything that `study` reads: texts, then by task what is trained on and what is scored."""
    first = study.pretrain.get("corpora", {})
    yield from _texts("pretrain", first)
    if {"mlm", "adversarial"} & set(study.ablations):
        more = study.opposition()["corpora"]
        yield from _texts("mlm", more) if more != first else ()
    for task in map(tasks.intermediate, study.intermediate):
        yield from training(task, task.dev, task.language or study.source)
    for name in study.variants():
        task = variants.parse(name).row
        if task.language:
            yield from training(task, task.dev, task.language)
        elif task.knob:
            yield from training(task, task.dev, study.source)
    for task in map(tasks.target, study.targets):
        for step in tasks.trained(task):
            if step.name == task.name or step.name in tasks.FIRST:
                yield from training(step, tasks.TUNE.get(step.name, step.dev), study.source)
        if task.supplied and task.kind == "ranking":
            continue  # files of its own, without which the study has no such target
        split = specs.scored_split(study, task)
        # a config that holds all languages is looked at once
        codes = [study.source] if split.by_id else specs.scored_languages(study, task, split)
        yield from (part for code in codes for part in _scored(task, split, code))
        if task.kind == "mining":  # the threshold is chosen on development data
            assert task.dev is not None
            yield from (Part(task, task.dev, code) for code in codes)
    for task in map(tasks.target, study.ablations.get("selection", {}).get("targets", ())):
        assert task.dev is not None  # the oracle chooses by it
        if task.dev != specs.scored_split(study, task):
            for code in specs.scored_languages(study, task, task.dev):
                yield from _scored(task, task.dev, code)


def _scored(task: Task, split: Split, code: str) -> Iterator[Part]:
    """What `task` is scored on in one language, which may lie elsewhere or be several datasets."""
    split = task.where(split, code)
    yield from (Part(task, one, code) for one in (split, *split.more))


def _texts(use: str, corpora: dict[str, list[str]]) -> Iterator[Part]:
    """The texts of language modelling, in phase 1 or beside an intermediate task."""
    for repo, codes in corpora.items():
        text = Split(repo, "{code}", "train")
        named = tuple((code, code) for code in codes)
        task = Task(use, "Text", "text", text, None, None, ("text",), "", configs=named)
        yield from (Part(task, text, code) for code in codes)


def training(task: Task, dev: Split | None, source: str) -> Iterator[Part]:
    """What `task` is trained and tuned on; nothing if there is no training."""
    if task.train and dev:
        for split in (task.train, *task.train.more, dev, *dev.more):
            yield Part(task, split, source)


def looked(where: str, part: Part) -> look.Found:
    """What there is of `part`; XitError if it is missing, cannot be read, or lacks a column."""
    found = _found(where, part)
    if lacking := _lacking(part, found):
        config = hub.config(part.task, part.split, where, part.code)
        have = ", ".join(found.columns or [])
        raise XitError(
            f"{part.split.repo} {config} has no column {lacking[0]!r}; its columns: {have}"
        )
    return found


def _found(where: str, part: Part) -> look.Found:
    config = hub.config(part.task, part.split, where, part.code)
    return look.split(where, part.split.repo, config, part.split.split, part.split.revision)


def _lacking(part: Part, found: look.Found) -> list[str]:
    wanted = part.split.columns or part.task.columns
    return [c for c in wanted if found.columns is not None and c not in found.columns]


def lines(study: Study) -> list[Line]:
    """The model, then every dataset in the order of `parts`."""
    assert study.hub is not None
    groups: dict[tuple[str, str], list[Part]] = {}
    for part in parts(study):
        groups.setdefault((part.split.repo, part.split.config), []).append(part)
    gaps = [gap.partition(": ") for gap in study.gaps]
    left = [Line(title, title, "", "left out", remedy=reason) for title, _, reason in gaps]
    return [_model(study), *(_dataset(study.hub, group) for group in groups.values()), *left]


def model_directory(model: str) -> Path | None:
    """Where a local model lies or should lie; None for one of the Hub."""
    place = project() / model
    named_so = model.startswith((".", "/", "xit/"))
    return place if named_so or place.is_dir() else None


def fine_tuned(study: Study) -> int:
    """How many models the study fine-tunes and keeps, states on the way among them: each of about
    the size of the first."""

    def trained(names: Iterable[str]) -> int:
        rows = map(tasks.target, names)
        return sum(len(tasks.trained(row)) for row in rows if not row.model_of)

    before = len(study.intermediate)
    count = before + trained(study.targets) * (1 + before)
    for told in study.ablations.values():
        after = trained(told["targets"])
        for variant in told.get("variants", ()):
            if variant not in study.intermediate:
                few = "ablated_targets" in told and variants.parse(variant).levels
                count += 1 + (trained(told["ablated_targets"]) if few else after)
        count += len(told.get("intermediate", ())) * after * told.get("checkpoints", 1)
    return study.num_seeds * count


def _model(study: Study) -> Line:
    what, use = f"model {study.model}", "all"
    if study.model == "pretrain":
        return Line("model, from the texts below", use, "trained here", "there", licence="-")
    if place := model_directory(study.model):
        if not (place / "config.json").exists():
            fix = "the directory has no config.json: name another, or a Hub id, as `model:`"
            return Line(what, use, "directory", "missing", remedy=fix)
        own = "mit" if study.model == specs.CHECKPOINT else ""  # ours
        return Line(what, use, "directory", "there", licence=own, size=look.size_of(place))
    try:
        found = look.model(study.model)
    except look.Silent as error:
        size, local = WEIGHTS.get(study.model), f"models/{Path(study.model).name}"
        fix = f"{error}: where there is network, hf download {study.model} --local-dir {local}, "
        return Line(what, use, "Hub", "no answer", licence="mit" if size else "", size=size,
                    remedy=f"{fix}then `model: {local}`")  # fmt: skip
    except XitError as error:
        return Line(what, use, "Hub", "missing", remedy=f"{error}: correct `model:`")
    return Line(what, use, "cache" if found.cached else "Hub", "there", size=found.size,
                licence=found.licence)  # fmt: skip


def _dataset(where: str, group: list[Part]) -> Line:
    """The line of one dataset; several tasks may read the same split of it."""
    repo, pattern = group[0].split.repo, re.sub(r"{\w+}", "*", group[0].split.config) or "*"
    seen = {(part.code, part.split.split): (part, _seen(where, part)) for part in group}
    there = {k: x for k, (_, x) in seen.items() if isinstance(x, look.Found)}
    errors = {k: x for k, (_, x) in seen.items() if isinstance(x, XitError)}
    full = {k: upstream(where, part) for k, (part, _) in seen.items()}
    lacking = sorted({c for p in group if (f := there.get((p.code, p.split.split)))
                      for c in _lacking(p, f)})  # fmt: skip
    rows = _total(x.rows for x in there.values())
    expected = _total(x[0] if x else None for x in full.values())
    codes = list(dict.fromkeys(code for code, _ in seen))
    gone = [code for code in codes if code in {code for code, _ in errors}]
    columns = "ok" if there and all(x.columns is not None for x in there.values()) else ""
    return Line(
        f"{repo} {pattern} ({', '.join(dict.fromkeys(name for _, name in seen))})",
        ", ".join(dict.fromkeys(part.task.name for part in group)),
        _source(where, repo, list(there.values())),
        _state(list(errors.values()), lacking, rows, expected),
        f"{len(codes) - len(gone)} of {len(codes)}" if "*" in pattern else "",
        rows,
        expected,
        f"no {', '.join(lacking)}" if lacking else columns,
        licence(where, repo, [x[1] for x in full.values() if x]),
        _total(x.size for x in there.values()),
        _remedy(where, group[0], list(errors.values()), lacking, gone if "*" in pattern else [],
                all(full[k] for k in errors)),
    )  # fmt: skip


def _state(
    errors: list[XitError], lacking: list[str], rows: int | None, expected: int | None
) -> str:
    if lacking or not all(isinstance(x, look.Silent) for x in errors):
        return "missing"
    if errors:
        return "no answer"
    if rows is None or expected is None:
        return "there"
    return "excerpt" if rows < expected else "full"


def _seen(where: str, part: Part) -> look.Found | XitError:
    try:
        return _found(where, part)
    except XitError as error:
        return error


def upstream(where: str, part: Part) -> tuple[int, str] | None:
    """(rows, licence) of the full split; None for what is not known, and for the lab's own."""
    if where.partition(":")[0] == "lab":
        return None
    try:
        config = hub.config(part.task, part.split, where, part.code)
    except XitError:
        return None
    return look.upstream().get((part.split.repo, config, part.split.split))


def _total(values: Iterable[int | None]) -> int | None:
    """The sum; None if there is nothing, or anything that is not known."""
    listed = list(values)
    known = [x for x in listed if x is not None]
    return sum(known) if known and len(known) == len(listed) else None


def _source(where: str, repo: str, there: list[look.Found]) -> str:
    if where or repo.startswith("xit/"):  # which the Hub does not have: data/supplied.py
        return "lab" if where.partition(":")[0] == "lab" else "directory"
    return "cache" if any(x.cached for x in there) else "Hub"


def licence(where: str, repo: str, known: list[str]) -> str:
    """As the card says; where it names several or none, those of the configs read."""
    if where.partition(":")[0] == "lab":
        return "mit"
    try:
        told = look.licence(where, repo)
    except XitError:
        told = ""
    return told or " / ".join(dict.fromkeys(known))


def _remedy(
    where: str, part: Part, errors: list[XitError], lacking: list[str], gone: list[str], known: bool
) -> str:
    """What to do about a dataset that is not there, or not all of it."""
    repo = part.split.repo
    if lacking:
        return (
            f"another version of {repo}? It is read by the columns {', '.join(part.task.columns)}"
        )
    if not errors:
        return ""
    if isinstance(errors[0], look.Silent):
        told = look.silence() or "it is asked again by the next `xit check`"
        return (
            f"the Hub does not answer ({told}): go where there is network, or give HUB=<a mirror>"
        )
    revision = f" --revision {part.split.revision}" if part.split.revision else ""
    fix = f"hf download --repo-type dataset {repo}{revision} --local-dir {where}/{repo}"
    if repo.startswith("xit/"):
        fix = part.task.note or "not on the Hub under this name: see README.md, On real data"
    elif not where or not known:
        fix = "the full dataset has none either: correct `languages:`"
    named = f"no {' '.join(gone)}; " if gone else ""
    expected = known and str(errors[0]).startswith("unknown ")  # then the fix says it all
    return f"{named}{fix}" if expected else f"{named}{errors[0]}; {fix}"
