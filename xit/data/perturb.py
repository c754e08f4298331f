"""Character noise in the rows of a task: what is read gets typing errors, what is gold stays gold.

    noisy, counts = perturb.rows(rows, task.kind, task.inputs, Noise("mixed", 0.1, seed=1), "de")

What an error is stands in xit/data/typos.py. All is drawn by (seed, language, row, column, word):
the words that are drawn at a rate are among those of every higher rate and the same for every kind,
and change in the same way at every rate.

Labels never change. Tags stay with their words. Answers move with the context: they are as noisy as
what surrounds them, since an answer left clean would give itself away; a gold span begins and ends
where it did, for no word reaches over its ends. Retrieval: only the sentences in the language that
is tested.
"""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any

from xit.data.typos import Changed, Noise, change, letters
from xit.errors import XitError


def rows(
    given: Sequence[dict], kind: str, inputs: Sequence[str], noise: Noise, code: str
) -> tuple[list[dict], Counter]:
    """(the rows with `noise`, counts of "words" and of "words changed"); `given` stays as it is.

    `kind` and `inputs` are the task's, `code` the language. XitError for mining, which has no rows.
    """
    if kind not in _COLUMNS:
        raise XitError(f"noise in a task of kind {kind!r}: expected one of {', '.join(_COLUMNS)}")
    found = letters(texts(given, kind, inputs))
    counts: Counter = Counter({"words": 0, "words changed": 0})

    def write(place: str, text: str, ends: Collection[int] = ()) -> Changed:
        key = f"{noise.seed}/{code}/{place}"
        made = change(text, key, noise, found, code, ends)
        counts.update({"words": made.words, "words changed": len(made.where)})
        return made

    made = []
    for i, row in enumerate(given):
        one = dict(row)
        for column in _COLUMNS[kind](inputs):
            place, value = f"{i}/{column}", row[column]
            if isinstance(value, str):
                one[column] = write(place, value).text
            else:  # words, or endings
                one[column] = [write(f"{place}/{k}", x).text for k, x in enumerate(value)]
        if kind == "span":
            one |= _read(row, inputs[1], inputs[2], partial(write, f"{i}/{inputs[1]}"))
        made.append(one)
    return made, counts


_COLUMNS: dict[str, Callable[[Sequence[str]], Sequence[str]]] = {
    "pair": lambda inputs: inputs[:2],
    "choice": lambda inputs: inputs[:2],
    "tagging": lambda inputs: inputs[:1],
    "span": lambda inputs: inputs[:1],  # the context goes with its answers
    "retrieval": lambda inputs: inputs[:1],  # the other side is in the source language
}


def texts(given: Sequence[dict], kind: str, inputs: Sequence[str]) -> list[str]:
    """All texts of the rows that noise may change."""
    columns = [*_COLUMNS[kind](inputs), *(inputs[1:2] if kind == "span" else ())]
    values = [row[c] for row in given for c in columns]
    return [t for v in values for t in ([v] if isinstance(v, str) else v)]


def _read(
    row: dict, context: str, answers: str, write: Callable[[str, set[int]], Changed]
) -> dict[str, Any]:
    """Context and answers of a row, changed together."""
    gold = row[answers]
    spans = [(s, s + len(t)) for t, s in zip(gold["text"], gold["answer_start"], strict=True)]
    made = write(row[context], {end for span in spans for end in span})
    moved = [(made.place(a), made.place(b)) for a, b in spans]
    told = {"text": [made.text[a:b] for a, b in moved], "answer_start": [a for a, _ in moved]}
    return {context: made.text, answers: told}
