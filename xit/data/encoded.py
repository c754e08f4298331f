"""Rows of a task with what a model reads of them, kept for the runs that follow in one process.

Most runs of a study read the same: other seeds and other models, but one tokenizer and one test
set. Reading and splitting it into tokens takes up to half the time of scoring a small model.
"""

from typing import NamedTuple

from transformers import PreTrainedTokenizerBase

from xit.data import encode, hub, labelled, packing, perturb
from xit.data.encode import Feature
from xit.data.typos import Noise
from xit.tasks import Split, Task

ROWS = 5_000  # more are read anew each time: they would fill the memory
MOST = 250  # data sets kept, which is more than study lab has; the oldest goes first


class Encoded(NamedTuple):
    """One split in one language. Shared between runs, so not to be changed."""

    rows: list[dict]
    names: list[str]  # of the head's outputs, as from `labelled.outputs`
    features: list[Feature]
    dropped: dict[str, int]  # rows read and dropped, as from `labelled.rows`
    counts: dict[str, int]  # what became of them, as from `encode.features`


class Sides(NamedTuple):
    """The sentences of one split in one language and their translations; shared, too."""

    features: list[list[Feature]]  # one list a column of the task
    counts: dict[str, int]  # rows read and dropped, and what became of the sentences


# with the tokenizer, so that no other takes its identity while the entry is kept
_kept: dict[tuple, tuple[Encoded | Sides, PreTrainedTokenizerBase]] = {}


def read(
    task: Task,
    split: Split,
    where: str,
    code: str,
    limit: int | None,
    tokenizer: PreTrainedTokenizerBase,
    max_length: int,
    noise: Noise | None = None,
) -> Encoded:
    """What `labelled.rows`, `labelled.outputs` and `encode.features` give; errors as theirs.

    With `noise`, of the rows with it; `counts` are then those of `perturb.rows` as well, and
    "pieces" and "pieces without noise", the tokens of the texts that have it.
    """
    place = str(hub.root(where))  # "lab" and relative directories are each project's own
    key = (task, split, place, code, limit, id(tokenizer), max_length, noise)
    if isinstance(kept := _known(key), Encoded):
        return kept
    more: dict[str, int] = {}
    if noise:  # in rows that are read and counted once, whatever the noise
        clean = read(task, split, where, code, limit, tokenizer, max_length)
        dropped, (rows, more) = clean.dropped, with_noise(clean.rows, task, code, noise, tokenizer)
    else:
        rows, dropped = labelled.rows(task, split, where, code, limit)
    features, counts = encode.features(task.kind, rows, task.inputs, tokenizer, max_length)
    names, counted = labelled.outputs(task, split, where, code), dict(counts) | more
    made = Encoded(rows, names, features, dropped, counted)
    _keep(key, made, tokenizer, len(rows))
    return made


def sides(
    task: Task,
    split: Split,
    where: str,
    code: str,
    tokenizer: PreTrainedTokenizerBase,
    max_length: int,
    noise: Noise | None = None,
) -> Sides:
    """The sentences of a retrieval task as `encode.lines` gives them; errors as of `labelled`."""
    key = (task, split, str(hub.root(where)), code, id(tokenizer), max_length, noise)
    if isinstance(kept := _known(key), Sides):
        return kept
    rows, counts = labelled.rows(task, split, where, code)
    rows, more = with_noise(rows, task, code, noise, tokenizer) if noise else (rows, {})
    read = [encode.lines([r[c] for r in rows], tokenizer, max_length) for c in task.inputs]
    told = counts | dict(encode.together(*(counted for _, counted in read))) | more
    made = Sides([features for features, _ in read], told)
    _keep(key, made, tokenizer, len(rows))
    return made


def _known(key: tuple) -> Encoded | Sides | None:
    return _kept[key][0] if key in _kept else None


def _keep(key: tuple, made: Encoded | Sides, tokenizer: PreTrainedTokenizerBase, rows: int) -> None:
    if rows > ROWS:
        return
    if len(_kept) >= MOST:
        _kept.pop(next(iter(_kept)))
    _kept[key] = made, tokenizer


def with_noise(
    rows: list[dict], task: Task, code: str, noise: Noise, tokenizer: PreTrainedTokenizerBase
) -> tuple[list[dict], dict[str, int]]:
    """(the rows with `noise`, counts of words and of tokens with and without it)."""
    noisy, counts = perturb.rows(rows, task.kind, task.inputs, noise, code)
    for name, them in (("pieces", noisy), ("pieces without noise", rows)):
        texts = perturb.texts(them, task.kind, task.inputs)
        counts[name] = sum(map(len, tokenizer(texts, add_special_tokens=False)["input_ids"]))
    return noisy, dict(counts)


def at_length(
    task: Task,
    read: Encoded,
    tokenizer: PreTrainedTokenizerBase,
    length: int,
    max_length: int,
    tokens: int | None = None,
) -> Encoded:
    """The rows of a reading task that have been `read`, with inputs of `length` tokens and, if
    given, so many `tokens` together (packing.to_length), whose true number is in `counts`."""
    rows, counts = packing.to_length(read.rows, task.inputs, tokenizer, length, tokens)
    features, more = encode.features(task.kind, rows, task.inputs, tokenizer, max_length)
    counts["tokens"] = sum(len(f["ids"]) for f in features)
    counts["tokens wanted"] = tokens or counts["tokens"]
    return read._replace(rows=rows, features=features, counts=dict(counts) | dict(more))
