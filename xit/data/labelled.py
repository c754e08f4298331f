"""The rows of a task with gold labels: its columns alone, what is wrong mended or dropped.

    found, counts = rows(task, task.train, study.hub, "en")
    identity(task, task.train, study.hub, "en")      # changes when they do

Where they lie is xit/data/hub.py's business.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from xit.data import clean, kept
from xit.data import hub as hubs
from xit.errors import XitError
from xit.tasks import Split, Task

if TYPE_CHECKING:  # `datasets` and what it needs take a second to load: only where rows are read
    import datasets

CODE = kept.code_of(__file__, hubs.__file__, clean.__file__)  # what makes rows


def rows(
    task: Task, split: Split, hub: str, code: str, limit: int | None = None
) -> tuple[list[dict], dict[str, int]]:
    """(rows with only `task.inputs`, counts of what was dropped or mended and why).

    Rows without a gold label are dropped; shifted answer offsets are realigned; Tatoeba's
    sentences lose their newline. `limit` keeps the first rows of a fixed shuffle.
    """
    import datasets

    split = task.where(split, code)
    parts = [_part(task, one, hub, code) for one in (split, *split.more)]
    dataset = datasets.concatenate_datasets(parts) if len(parts) > 1 else parts[0]
    if limit is not None and limit < len(dataset):
        dataset = dataset.shuffle(seed=0).select(range(limit))
    where = f"{split.repo} {hubs.config(task, split, hub, code)} {split.split}"
    raw, left_out = clean.whole(dataset.to_list(), task, where)
    if split.tags:
        names = _tag_names(dataset, task)
        raw, left = clean.retagged(raw, task.columns, names, split.tags, where)
        left_out.update(left)
    if task.name in clean.RESHAPE:
        raw = clean.reshaped(raw, task, where)
    good, counts = clean.CLEAN[task.kind](raw, task)
    clean.in_range(good, task, where, len(outputs(task, split, hub, code)))
    counts.update(left_out)
    counts["read"] = len(dataset)
    if not good:
        raise XitError(f"{where} has no rows with gold labels")
    return good, dict(counts)


def _part(task: Task, split: Split, hub: str, code: str) -> "datasets.Dataset":
    """The rows of one repository and config, with the task's columns only."""
    name = hubs.config(task, split, hub, code)
    dataset = hubs.load(hub, split.repo, name, split.split, split.revision)
    columns = split.columns or task.columns
    missing = [c for c in columns if c not in dataset.column_names]
    if missing:
        have = ", ".join(dataset.column_names)
        raise XitError(f"{split.repo} {name} has no column {missing[0]!r}; its columns are: {have}")
    if split.by_id:
        own = {code, hubs.language(hub, code)[1].lower()}
        ids = dataset["id"]
        dataset = dataset.select([i for i, x in enumerate(ids) if x.split("-")[0] in own])
        if not len(dataset):
            there = sorted({x.split("-")[0] for x in ids})
            raise XitError(f"{split.repo} {name} {split.split} has no rows in {code!r}: {there}")
    dataset = dataset.select_columns(list(columns))
    return dataset.rename_columns(dict(zip(columns, task.columns, strict=True)))


def _tag_names(dataset: "datasets.Dataset", task: Task) -> list[str] | None:
    """The names of the tags, if the dataset numbers them; None if the tags are names themselves."""
    return getattr(getattr(dataset.features[task.columns[-1]], "feature", None), "names", None)


def label_names(task: Task, split: Split, hub: str, code: str) -> list[str]:
    """The names of the labels or tags, from the dataset's own ClassLabel or the task table."""
    import datasets

    split = task.where(split, code)
    if task.labels or split.tags:
        return list(task.labels or split.tags)
    name = hubs.config(task, split, hub, code)
    feature = hubs.load(hub, split.repo, name, split.split).features[
        (split.columns or task.columns)[-1]
    ]
    feature = getattr(feature, "feature", feature)
    if not isinstance(feature, datasets.ClassLabel):
        raise XitError(f"{split.repo} {name}: column {task.columns[-1]!r} has no label names")
    return list(feature.names)


def outputs(task: Task, split: Split, hub: str, code: str) -> list[str]:
    """What the head's outputs stand for; nothing to name for spans and choices."""
    if task.kind not in ("pair", "tagging"):
        return [""] * 2
    return label_names(task, split, hub, code)


def identity(task: Task, split: Split, hub: str, code: str, limit: int | None = None) -> str:
    """The fingerprint of `rows(…)`."""

    def find() -> str:
        return fingerprint(rows(task, split, hub, code, limit)[0])

    return remembered(task, split, hub, [code], limit, find)


def remembered(
    task: Task, split: Split, hub: str, codes: Sequence[str], asked: object, find: Callable[[], str]
) -> str:
    """What `find` says of the rows of `split` in `codes`; for local repositories kept on disk, as
    reading takes a while.

    What is kept depends on the repositories' files, on `asked` (what else `find` goes by) and on
    this module's code.
    """
    parts = {code: [(one := task.where(split, code)), *one.more] for code in codes}
    names = {
        (p, code): hubs.config(task, p, hub, code) for code, some in parts.items() for p in some
    }
    places = [hubs.location(hub, p.repo, name, p.split) for (p, _), name in names.items()]
    if None in places:
        return find()
    told: list[object] = [task.kind, task.columns, task.labels, asked]
    told += [[p.repo, name, p.split, p.by_id, p.columns, p.tags, code]
             for (p, code), name in names.items()]  # fmt: skip
    states = [kept.state(place) for place in dict.fromkeys(places) if place]
    return kept.value(states, [told, CODE], find)


def fingerprint(found: list[dict]) -> str:
    """16 hex digits over the content of the rows, the same wherever they came from."""
    digest = hashlib.blake2b(digest_size=8)
    for row in found:
        digest.update(json.dumps(row, sort_keys=True, ensure_ascii=False, default=str).encode())
    return digest.hexdigest()
