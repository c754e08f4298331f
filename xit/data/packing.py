"""Rows of a reading task with the length of their input set: packed together, or cut.

    rows, counts = packing.to_length(rows, task.inputs, tokenizer, 64, tokens=100_000)

An input of a reading task is a question and a passage. To make it `length` tokens long, special
ones included, other rows' passages are put around the row's own, at a random place, and the last of
them is cut to what room is left, so that the reader has to find what is asked about; or, where the
row's own passage is too long, a window of it is taken that has the answer in it, at a random place.
Cuts are between words, so that an input falls short of `length` by part of a word; text without
blanks is cut between tokens. The question is never cut. Another passage may answer the question by
chance; the same passage is never put beside itself.

Rows are made from the first to the last, and then again with other windows and neighbours, until
they have as many `tokens` together as wanted: as much to read in few long as in many short inputs.
"""

import random
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from transformers import PreTrainedTokenizerBase

from xit.errors import XitError

SPECIAL = 4  # <s> question </s> </s> context </s>
LEAST = 4  # tokens of a further passage that are worth reading
TRIES = 20  # draws of a passage that is not the row's own


class Passage(NamedTuple):
    """A text and its tokens' characters."""

    text: str
    tokens: list[tuple[int, int]]  # (begin, end) of each

    def tokens_in(self, begin: int, end: int) -> int:
        """How many tokens lie in text[begin:end]."""
        return sum(begin <= a and b <= end for a, b in self.tokens)


Span = tuple[int, int]  # (begin, end) in characters


def to_length(
    rows: Sequence[dict],
    inputs: Sequence[str],
    tokenizer: PreTrainedTokenizerBase,
    length: int,
    tokens: int | None = None,
) -> tuple[list[dict], Counter]:
    """(rows whose inputs are about `length` tokens long, counts), of so many `tokens` together.

    Without `tokens`, one for each row. Counts: "rows made", "packed", "cut" and "too long" (rows
    left out, as their question and answer alone are longer). XitError if all are too long.
    """
    question, context, answers, _ = inputs
    asked = tokenizer([str(r[question]) for r in rows], add_special_tokens=False)["input_ids"]
    passages = _passages([str(r[context]) for r in rows], tokenizer)
    counts, made = Counter({"packed": 0, "cut": 0, "too long": 0}), list[dict]()
    total, tries = 0, 0
    while tries < len(rows) if tokens is None or not made else total < tokens:
        (turn, i), own = divmod(tries, len(rows)), None
        tries += 1
        room, rng = length - SPECIAL - len(asked[i]), random.Random(f"{length}/{turn}/{i}")
        own = _window(passages[i], rows[i][answers], room, rng)
        if own is None:
            counts["too long"] += turn == 0
            continue
        others, used = _others(passages, i, room - passages[i].tokens_in(*own), rng)
        made.append(_joined(rows[i], context, answers, own, others, rng))
        counts["cut"] += own != (0, len(passages[i].text))
        counts["packed"] += bool(others)
        total += SPECIAL + len(asked[i]) + passages[i].tokens_in(*own) + used
    if not made:
        raise XitError(f"inputs of {length} tokens have no room for any question and its answer")
    counts["rows made"] = len(made)
    return made, counts


def _passages(texts: list[str], tokenizer: PreTrainedTokenizerBase) -> list[Passage]:
    told = tokenizer(texts, add_special_tokens=False, return_offsets_mapping=True)
    passages = []
    for text, offsets in zip(texts, told["offset_mapping"], strict=True):
        # some tokenizers give a word's first token the blank before it
        tokens = [(b - len(text[a:b].lstrip()), b) for a, b in offsets]
        passages.append(Passage(text, tokens))
    return passages


def _window(passage: Passage, gold: dict, room: int, rng: random.Random) -> Span | None:
    """Up to `room` tokens of `passage` with its first gold answer; None if that does not fit."""
    text, tokens = passage
    if len(tokens) <= room:
        return 0, len(text)
    first, last, answer = 0, room - 1, None
    if gold["text"]:
        answer = (gold["answer_start"][0], gold["answer_start"][0] + len(gold["text"][0]))
        touched = [k for k, (a, b) in enumerate(tokens) if a < answer[1] and b > answer[0]]
        first, last = (touched[0], touched[-1]) if touched else (0, 0)
    if last - first >= room or room < 1:
        return None
    low, high = max(0, last - room + 1), min(first, len(tokens) - room)
    at = rng.randint(low, high) if answer else rng.randint(0, len(tokens) - room)
    begin, end = tokens[at][0], tokens[at + room - 1][1]
    begin = _begins(text, begin, answer[0] if answer else end)
    return begin, _ends(text, end, answer[1] if answer else begin)


def _begins(text: str, at: int, most: int) -> int:
    """Where the first word begins from `at` on, `most` at the latest; `at` if there is none."""
    found = (i for i in range(at, most + 1) if i == 0 or text[i - 1].isspace())
    return next((i for i in found if i < len(text) and not text[i].isspace()), at)


def _ends(text: str, at: int, least: int) -> int:
    """Where the last word ends up to `at`, `least` at the earliest; `at` if there is none."""
    found = (i for i in range(at, least - 1, -1) if i == len(text) or text[i].isspace())
    return next((i for i in found if i and not text[i - 1].isspace()), at)


def _others(
    passages: Sequence[Passage], own: int, room: int, rng: random.Random
) -> tuple[list[str], int]:
    """(other passages, the last one cut, in up to `room` tokens; how many tokens they have)."""
    found, used, tries = list[str](), 0, 0
    while room - used >= LEAST and tries < TRIES:
        text, tokens = passages[rng.randrange(len(passages))]
        if text == passages[own].text or not tokens:
            tries += 1
            continue
        end = len(text)
        if len(tokens) > room - used:
            end = _ends(text, tokens[room - used - 1][1], 0)
        found.append(text[:end])
        used += max(1, Passage(text, tokens).tokens_in(0, end))
    return found, used


def _joined(
    row: dict, context: str, answers: str, own: Span, others: list[str], rng: random.Random
) -> dict:
    """`row` with the window `own` of its passage among `others`, and its answers moved with it."""
    begin, end = own
    place = rng.randrange(len(others) + 1)
    before = "".join(text + " " for text in others[:place])
    after = "".join(" " + text for text in others[place:])
    gold = zip(row[answers]["text"], row[answers]["answer_start"], strict=True)
    kept = [(t, s) for t, s in gold if begin <= s and s + len(t) <= end]
    told = {
        "text": [t for t, _ in kept],
        "answer_start": [len(before) + s - begin for _, s in kept],
    }
    return row | {context: before + row[context][begin:end] + after, answers: told}
