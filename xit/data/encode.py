"""Rows → features (token ids and gold), one function per kind of task. Offsets count characters.

A feature is a dict with `ids` (list of token ids), `row` (index of the row it came from) and gold:
`label` (pair, choice: int), `labels` (tagging: one per token, -100 where none), `start`/`end`
(span: token positions, 0/0 = no answer in this window). Nothing is cut silently: what does not fit
is split into windows (tagging, span) or counted (pair, choice).

Beside the features stand counts: of what was `truncated` or `split`; the `longest` input, in tokens
with its special ones, before that; the `room`, in tokens, that an input has.
"""

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from transformers import PreTrainedTokenizerBase

from xit.settings import STRIDE

IGNORE = -100
Feature = dict[str, Any]
FAR = 8  # windows; no token of a text beyond them can come into its input
LARGEST = ("longest", "room")  # of several parts together the largest, not the sum


def together(*parts: Mapping[str, int]) -> Counter:
    """The counts of several parts as those of one: sums, but the largest of LARGEST."""
    told: Counter = Counter()
    for part in parts:
        for what, n in part.items():
            told[what] = max(told[what], n) if what in LARGEST else told[what] + n
    return told


def pair(
    rows: Sequence[dict], columns: Sequence[str], tok: PreTrainedTokenizerBase, max_length: int
) -> tuple[list[Feature], Counter]:
    """One feature a row; the longer of the two texts is truncated, and counted."""
    first, second, gold = columns
    texts = [str(r[first]) for r in rows], [str(r[second]) for r in rows]
    encoded, counts = _fitted(tok, max_length, "longest_first", *texts)
    features = [
        {"ids": ids, "row": i, "label": int(rows[i][gold])} for i, ids in enumerate(encoded)
    ]
    return features, counts


def _fitted(
    tok: PreTrainedTokenizerBase, max_length: int, strategy: str, *texts: list[str]
) -> tuple[list[list[int]], Counter]:
    """(token ids of each text or pair within `max_length`, how many had to be truncated …)."""
    encoded = list(tok(*texts, verbose=False)["input_ids"])
    longest = max(map(len, encoded), default=0)
    long = [i for i, ids in enumerate(encoded) if len(ids) > max_length]
    if long:
        parts = [[_cut(side[i], tok, FAR * max_length) for i in long] for side in texts]
        if strategy == "only_first":  # impossible where the second leaves no room for the first
            ends = tok(parts[1], add_special_tokens=False)["input_ids"]
            room = max_length - tok.num_special_tokens_to_add(pair=True)
            strategy = strategy if max(map(len, ends)) < room else "longest_first"
        short = tok(*parts, truncation=strategy, max_length=max_length)["input_ids"]
        for i, ids in zip(long, short, strict=True):
            encoded[i] = ids
    return encoded, Counter({"truncated": len(long), "longest": longest, "room": max_length})


def _cut(text: str, tok: PreTrainedTokenizerBase, length: int) -> str:
    """`text` up to its token `length`. What is cut off a pair the library keeps, each piece of one
    side with each of the other: of two texts of a million letters more than any memory holds.
    """
    if len(text) <= length:  # no token is shorter than a letter
        return text
    ends = tok(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    places = ends["offset_mapping"]
    return text if len(places) <= length else text[: places[length - 1][1]]


def choice(
    rows: Sequence[dict], columns: Sequence[str], tok: PreTrainedTokenizerBase, max_length: int
) -> tuple[list[Feature], Counter]:
    """As many features a row as it has endings; `row` joins them, `label` is the right ending.

    Where one is too long the context is truncated, and an ending only if there is no other way.
    """
    context, endings, gold = columns
    features, counts = [], []
    for i, r in enumerate(rows):
        pairs = [str(r[context])] * len(r[endings]), list(r[endings])
        full, told = _fitted(tok, max_length, "only_first", *pairs)
        counts.append(told)
        features += [{"ids": ids, "row": i, "label": int(r[gold])} for ids in full]
    return features, together(*counts)


def tagging(
    rows: Sequence[dict], columns: Sequence[str], tok: PreTrainedTokenizerBase, max_length: int
) -> tuple[list[Feature], Counter]:
    """Features with the tag on each word's first sub-word; long sentences become several.

    `words` lists which words of the row the labelled tokens are. A word that the tokenizer turns
    into nothing is read as one unknown token, so that no word goes without a prediction.
    """
    tokens, gold = columns
    features, room, longest = [], max_length - 2, 0
    counts = Counter({"split": 0, "words truncated": 0})
    for i, r in enumerate(rows):
        pieces = _word_pieces([str(w) for w in r[tokens]], tok)
        longest = max(longest, sum(map(len, pieces)) + 2)
        counts["words truncated"] += sum(len(p) > room for p in pieces)
        chunks = _chunks(pieces, room) or [[]]  # a row without words has no tags
        counts["split"] += len(chunks) > 1
        for chunk in chunks:
            ids, labels, words = [tok.cls_token_id], [IGNORE], []
            for w in chunk:
                ids += pieces[w]
                labels += [int(r[gold][w])] + [IGNORE] * (len(pieces[w]) - 1)
                words.append(w)
            features.append(
                {
                    "ids": [*ids, tok.sep_token_id],
                    "row": i,
                    "labels": [*labels, IGNORE],
                    "words": words,
                }
            )
    counts["longest"], counts["room"] = longest, max_length
    return features, counts


def _word_pieces(words: list[str], tok: PreTrainedTokenizerBase) -> list[list[int]]:
    encoded = tok(words, is_split_into_words=True, add_special_tokens=False)
    pieces: list[list[int]] = [[] for _ in words]
    for token, word in zip(encoded["input_ids"], encoded.word_ids(), strict=True):
        if word is not None:
            pieces[word].append(token)
    return [p or [tok.unk_token_id] for p in pieces]


def _chunks(pieces: list[list[int]], room: int) -> list[list[int]]:
    """Word indices in runs whose pieces fit into `room`; a longer word keeps its first pieces."""
    chunks: list[list[int]] = [[]]
    used = 0
    for w, piece in enumerate(pieces):
        del piece[room:]
        if used + len(piece) > room:
            chunks.append([])
            used = 0
        chunks[-1].append(w)
        used += len(piece)
    return [c for c in chunks if c]


def span(
    rows: Sequence[dict],
    columns: Sequence[str],
    tok: PreTrainedTokenizerBase,
    max_length: int,
    stride: int = STRIDE,
) -> tuple[list[Feature], Counter]:
    """Overlapping windows over the context; gold is the first answer's tokens if wholly inside.

    `offsets` gives each token's characters in the context, None outside it. A question longer than
    a third of the window is shortened, and counted; so is an answer that no window holds whole.
    """
    question, context, answers, _ = columns
    room = max_length // 3
    asked = [tok(str(r[question]), add_special_tokens=False)["input_ids"] for r in rows]
    counts = Counter({"questions truncated": sum(len(q) > room for q in asked), "split": 0})
    counts["answers in no window"] = 0
    texts = [str(r[context]) for r in rows]
    told = tok(texts, add_special_tokens=False, return_offsets_mapping=True)
    features = []
    for i, r in enumerate(rows):
        q, c = asked[i][:room], told["input_ids"][i]
        where = _whole_characters(texts[i], told["offset_mapping"][i])
        head = _head(tok, q)
        size = max_length - len(head) - 1
        step = max(1, size - min(stride, size // 2))
        gold = _tokens_of(r[answers], where)
        starts = range(0, max(1, len(c) - size + step), step)
        counts["split"] += len(starts) > 1
        held = False
        for at in starts:
            ids, offsets = c[at : at + size], where[at : at + size]
            inside = gold is not None and at <= gold[0] and gold[1] < at + size
            start, end = (g - at + len(head) for g in gold) if gold and inside else (0, 0)
            held = held or inside
            features.append(
                {
                    "ids": [*head, *ids, tok.sep_token_id],
                    "row": i,
                    "offsets": [None] * len(head) + list(offsets) + [None],
                    "start": start,
                    "end": end,
                }
            )
        counts["answers in no window"] += bool(r[answers]["text"]) and not held
    counts["windows"] = len(features)
    around, inputs = len(_head(tok, [])) + 1, zip(asked, told["input_ids"], strict=True)
    counts["longest"] = max((around + len(q) + len(c) for q, c in inputs), default=0)
    counts["room"] = max_length
    return features, counts


def _head(tok: PreTrainedTokenizerBase, question: list[int]) -> list[int]:
    """XLM-R's pair format: <s> question </s> </s> context </s>."""
    return [tok.cls_token_id, *question, tok.sep_token_id, tok.sep_token_id]


def _whole_characters(text: str, offsets: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """`offsets` stretched over combining marks that normalisation has merged into a token."""
    stretched = list(offsets)
    if text.isascii():
        return stretched
    for k, (begin, end) in enumerate(stretched):
        following = stretched[k + 1][0] if k + 1 < len(stretched) else len(text)
        while begin < end < following and unicodedata.combining(text[end]):
            end += 1
        stretched[k] = (begin, end)
    return stretched


def _tokens_of(answers: dict, offsets: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
    """(first, last) token of the context that the first gold answer touches, or None.

    White space at the answer's ends does not count: tokens may or may not carry it.
    """
    if not answers["text"] or not answers["text"][0].strip():
        return None
    text = answers["text"][0]
    begin = answers["answer_start"][0] + len(text) - len(text.lstrip())
    stop = begin + len(text.strip())
    touched = [k for k, (a, b) in enumerate(offsets) if a < stop and b > begin]
    return (touched[0], touched[-1]) if touched else None


def lines(
    texts: Sequence[str], tok: PreTrainedTokenizerBase, max_length: int
) -> tuple[list[Feature], Counter]:
    """One feature a text (retrieval, language modelling); longer ones are truncated and counted."""
    encoded, counts = _fitted(tok, max_length, "longest_first", list(texts))
    return [{"ids": ids, "row": i} for i, ids in enumerate(encoded)], counts


def features(
    kind: str,
    rows: list[dict],
    columns: Sequence[str],
    tokenizer: PreTrainedTokenizerBase,
    max_length: int,
) -> tuple[list[Feature], Counter]:
    """(features, counts) of the rows of a task of this `kind`."""
    return ENCODE[kind](rows, columns, tokenizer, max_length)


ENCODE = {"pair": pair, "choice": choice, "tagging": tagging, "span": span}
