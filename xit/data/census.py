"""What becomes of rows on their way to a model, without the model: any hub, given a tokenizer.

    counts(tasks.target("xquad"), split, "../hub", "zh", tokenizer, room=384)

gives what a run that reads these rows writes into its `data.json`.
"""

import dataclasses
from collections.abc import Iterator

from transformers import PreTrainedTokenizerBase

from xit import tasks
from xit.data import bucc, encode, labelled, pools
from xit.tasks import Split, Task


def counts(
    task: Task,
    split: Split,
    where: str,
    code: str,
    tokenizer: PreTrainedTokenizerBase,
    room: int,
    pivot: str = "en",
    limit: int | None = None,
) -> dict[str, int]:
    """Rows `read` of a split in one language; what was dropped, mended, split or truncated.

    `room` is the longest input in tokens; `limit` as in `labelled.rows`. Of mining the corpora of
    `code` and `pivot` are read: sentences, not pairs. XitError as for a run.
    """
    if task.kind == "mining":
        corpora = bucc.read(where, code, pivot, split.split)
        sides = [corpora.source[:limit], corpora.target[:limit]]
        read = {"read": sum(map(len, sides)), "gold pairs": len(corpora.gold)}
        return read | _texts(sides, tokenizer, room)
    if task.kind == "ranking":  # its own queries and candidates
        pool = pools.read(where, task, split, [code], limit)
        sides = [x[code].texts for x in (pool.queries, pool.candidates) if code in x]
        return pool.counts[code] | _texts(sides, tokenizer, room)
    rows, dropped = labelled.rows(task, split, where, code, limit)
    if task.kind == "retrieval":
        return dropped | _texts([[r[c] for r in rows] for c in task.inputs], tokenizer, room)
    return dropped | dict(encode.features(task.kind, rows, task.inputs, tokenizer, room)[1])


def _texts(sides: list[list[str]], tokenizer: PreTrainedTokenizerBase, room: int) -> dict[str, int]:
    """What is counted of sentences of both sides together."""
    return dict(encode.together(*(encode.lines(x, tokenizer, room)[1] for x in sides)))


def parts(source: str) -> Iterator[tuple[Task, Split, str]]:
    """Everything that the task table names, each dataset, split and language once.

    Training and development data in `source` or the task's own language, then development and
    test data in every language.
    """
    seen = set()
    every = (*tasks.INTERMEDIATE.values(), *tasks.FIRST.values(), *tasks.TARGET.values())
    for task in every:
        learnt = [x for x in (task.train, task.dev, tasks.TUNE.get(task.name)) if x]
        single = [one for x in learnt for one in (x, *x.more)] if task.train else []
        told = [(one, task.language or source) for one in single]
        scored = [x for x in (task.dev, task.test) if x and task.languages]
        pairs = task.kind in ("retrieval", "mining")  # of a language with the source
        codes = [c for c in (*task.languages, *task.further) if not pairs or c != source]
        places = [(task.where(x, code), code) for x in scored for code in codes]
        told += [(one, code) for x, code in places for one in (x, *x.more)]
        for split, code in told:
            one = dataclasses.replace(split, more=())
            if (task.kind, task.columns, one, code) not in seen:
                seen.add((task.kind, task.columns, one, code))
                yield task, one, code
