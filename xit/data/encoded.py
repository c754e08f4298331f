"""Rows of a task with what a model reads of them, kept for the runs that follow in one process.

Most runs of a study read the same: other seeds and other models, but one tokenizer and one test
set. Reading and splitting it into tokens takes up to half the time of scoring a small model.
"""

from typing import NamedTuple

from transformers import PreTrainedTokenizerBase

from xit.data import encode, hub
from xit.data.encode import Feature
from xit.tasks import Split, Task

ROWS = 5_000  # more are read anew each time: they would fill the memory
MOST = 100  # data sets kept; the oldest goes first


class Encoded(NamedTuple):
    """One split in one language. Shared between runs, so not to be changed."""

    rows: list[dict]
    names: list[str]  # of the head's outputs, as from `hub.outputs`
    features: list[Feature]
    dropped: dict[str, int]  # rows read and dropped, as from `hub.rows`
    counts: dict[str, int]  # what became of them, as from `encode.features`


# with the tokenizer, so that no other takes its identity while the entry is kept
_kept: dict[tuple, tuple[Encoded, PreTrainedTokenizerBase]] = {}


def read(
    task: Task,
    split: Split,
    where: str,
    code: str,
    limit: int | None,
    tokenizer: PreTrainedTokenizerBase,
    max_length: int,
) -> Encoded:
    """What `hub.rows`, `hub.outputs` and `encode.features` give; errors as theirs."""
    place = str(hub.root(where))  # "lab" and relative directories are each project's own
    key = (task, split, place, code, limit, id(tokenizer), max_length)
    if key in _kept:
        return _kept[key][0]
    rows, dropped = hub.rows(task, split, where, code, limit)
    features, counts = encode.features(task.kind, rows, task.inputs, tokenizer, max_length)
    made = Encoded(rows, hub.outputs(task, split, where, code), features, dropped, dict(counts))
    if len(rows) <= ROWS:
        if len(_kept) >= MOST:
            _kept.pop(next(iter(_kept)))
        _kept[key] = made, tokenizer
    return made
