"""Predictions and gold → scores, 0-100: accuracy, tagging, question answering, ranking.

    qa_scores([["Denver Broncos"]], ["the Broncos"])   # {"em": 0.0, "f1": 66.7, "qa": 33.3}

`*_items` give one number per example, for resampling; the others are means of those.
Rules: the SQuAD v1.1 and v2.0, MLQA and XTREME (2003.11080) evaluation scripts; seqeval's chunks.
"""

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Tokenise = Callable[[str], list[str]]
Items = dict[str, Floats]  # what each example contributes, a column each: `as_ratio`


class PRF(NamedTuple):
    """Precision, recall and their harmonic mean, 0-100."""

    precision: float
    recall: float
    f1: float


def _check(gold: Sequence[object], pred: Sequence[object]) -> None:
    if len(gold) != len(pred):
        raise ValueError(f"{len(gold)} gold items but {len(pred)} predictions")
    if not len(gold):
        raise ValueError("nothing to score: no gold items")


def prf(correct: float, predicted: float, gold: float) -> PRF:
    """Precision, recall and F1 (0-100) from counts; a ratio with an empty denominator is 0."""
    p = correct / predicted if predicted else 0.0
    r = correct / gold if gold else 0.0
    return PRF(100 * p, 100 * r, 200 * p * r / (p + r) if correct else 0.0)


# accuracy


def accuracy_items(gold: Sequence[Hashable], pred: Sequence[Hashable]) -> Floats:
    """Whether each item is predicted right, 0 or 1: (num_items,); ValueError as `accuracy`."""
    _check(gold, pred)
    return np.array([g == p for g, p in zip(gold, pred, strict=True)], dtype=np.float64)


def accuracy(gold: Sequence[Hashable], pred: Sequence[Hashable]) -> float:
    """Share of items predicted right, 0-100; ValueError if lengths differ or nothing is given."""
    _check(gold, pred)
    return 100 * sum(g == p for g, p in zip(gold, pred, strict=True)) / len(gold)


# tagging

Chunk = tuple[str, int, int]  # type, first and last token


def chunks(tags: Sequence[str]) -> list[Chunk]:
    """The chunks of one sentence: (type, first token, last token), in order.

    Mark = first letter of a tag, type = what follows its last hyphen, or the whole tag if it has
    none. So tags without hyphens (part of speech) are chunks too: equal neighbours make one, except
    where the mark is B, S, E or I (each SCONJ and each SYM stands alone). seqeval's rules as XTREME
    used them; later versions of seqeval read tags without hyphens differently.
    """
    found, first, before, old = [], 0, "O", "O"
    for i, tag in enumerate([*tags, "O"]):
        mark, kind = tag[:1], tag.rsplit("-", 1)[-1]
        changed = kind != old
        ends = before in "ES" or (before in "BI" and mark in "BSO") or (before != "O" and changed)
        begins = mark in "BS" or (before in "ESO" and mark in "EI") or (mark != "O" and changed)
        if ends:
            found.append((old, first, i - 1))
        if begins:
            first = i
        before, old = mark, kind
    return found


COLUMNS = ("right_chunks", "predicted_chunks", "gold_chunks", "right_tokens", "tokens")


def tagging_items(gold: Sequence[Sequence[str]], pred: Sequence[Sequence[str]]) -> Floats:
    """(num_sentences, 5) counts: right, predicted and gold chunks, then right and all tokens.

    ValueError where a sentence has another number of predicted tags, or an empty tag.
    """
    _check(gold, pred)
    rows = []
    for i, (g, p) in enumerate(zip(gold, pred, strict=True)):
        if len(g) != len(p):
            raise ValueError(f"sentence {i}: {len(g)} gold tags but {len(p)} predicted ones")
        if not all(g) or not all(p):
            raise ValueError(f"sentence {i}: an empty tag")
        in_gold, in_pred = set(chunks(g)), set(chunks(p))
        right = sum(a == b for a, b in zip(g, p, strict=True))
        rows.append((len(in_gold & in_pred), len(in_pred), len(in_gold), right, len(g)))
    return np.array(rows, dtype=np.float64)


def tagging_columns(gold: Sequence[Sequence[str]], pred: Sequence[Sequence[str]]) -> Items:
    """`tagging_items` by the names of its columns."""
    return dict(zip(COLUMNS, tagging_items(gold, pred).T, strict=True))


def tagging_f1(gold: Sequence[Sequence[str]], pred: Sequence[Sequence[str]]) -> PRF:
    """Precision, recall, F1 over chunks (0-100), micro-averaged over all sentences: `chunks`."""
    correct, predicted, wanted, _, _ = tagging_items(gold, pred).sum(axis=0)
    return prf(correct, predicted, wanted)


def tagging_scores(
    gold: Sequence[Sequence[str]], pred: Sequence[Sequence[str]]
) -> dict[str, float]:
    """{"f1", "precision", "recall"} over chunks and {"token_acc"}, micro-averaged, 0-100."""
    return tagging_totals(tagging_columns(gold, pred))


def tagging_totals(items: Items) -> dict[str, float]:
    """The metrics of `tagging_scores` from what `tagging_columns` gives; ValueError of no token."""
    correct, predicted, wanted, right, tokens = (float(items[name].sum()) for name in COLUMNS)
    if not tokens:
        raise ValueError("nothing to score: no tokens")
    return prf(correct, predicted, wanted)._asdict() | {"token_acc": 100 * right / tokens}


# question answering

ASCII_PUNCTUATION = str.maketrans("", "", string.punctuation)
ARTICLES = {  # MLQA's evaluation script
    "en": r"\b(a|an|the)\b",
    "es": r"\b(un|una|unos|unas|el|la|los|las)\b",
    "de": r"\b(ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b",
    "vi": r"\b(của|là|cái|chiếc|những)\b",
    "ar": "ال",  # a prefix, deleted wherever it occurs
}


def squad_tokens(text: str) -> list[str]:
    """Lower-cased words without ASCII punctuation and English articles: SQuAD, XQuAD, TyDiQA."""
    return re.sub(ARTICLES["en"], " ", text.lower().translate(ASCII_PUNCTUATION)).split()


class _Punctuation(dict[int, int | None]):
    """For `str.translate`: what is punctuation goes. Unicode is asked only of what comes up."""

    def __missing__(self, code: int) -> int | None:
        mark = chr(code) in string.punctuation or unicodedata.category(chr(code))[0] == "P"
        self[code] = None if mark else code
        return self[code]


PUNCTUATION = _Punctuation()


def mlqa_tokens(language: str) -> Tokenise:
    """MLQA's normalisation for `language` ("en", "zh", …): text → tokens.

    Every Unicode punctuation mark goes, then the language's articles; in Chinese each character
    U+4E00-U+9FA5 is a token. Languages that MLQA does not have are split at white space.
    """
    articles = re.compile(ARTICLES[language]) if language in ARTICLES else None

    def tokens(text: str) -> list[str]:
        text = text.lower().translate(PUNCTUATION)
        if articles is not None:
            text = articles.sub(" ", text)
        if language == "zh":
            text = re.sub("([\u4e00-\u9fa5])", r" \1 ", text)
        return text.split()

    return tokens


def _overlap(gold: list[str], pred: list[str]) -> float:
    same = sum((Counter(gold) & Counter(pred)).values())
    return 2 * same / (len(gold) + len(pred)) if same else 0.0


class Answers(NamedTuple):
    """Exact match and token F1 of each question, each (num_questions,), 0-100."""

    em: Floats
    f1: Floats


def squad_items(
    golds: Sequence[Sequence[str]],
    preds: Sequence[str | None],
    normalise: Tokenise = squad_tokens,
    unanswerable: bool | None = None,
) -> Answers:
    """Exact match and F1 of each question: the best over its gold answers, 0-100.

    unanswerable: SQuAD v2.0's rules. A question without gold answer, or with only "", has none and
    "" is right; two answers that normalise to nothing ("the", "") match in F1 too, where v1.1 gives
    0. None: v2.0 as soon as one question has no gold answer. ValueError without it for such a
    question, and if lengths differ. A prediction None (question left out) scores 0.
    """
    _check(golds, preds)
    empty = [i for i, answers in enumerate(golds) if not any(answers)]
    if empty and unanswerable is False:
        raise ValueError(f"question {empty[0]} has no gold answer: is this SQuAD v2.0?")
    rule = _question_v2 if empty or unanswerable else _question_v1
    pairs = [
        rule([normalise(g) for g in answers], normalise(said)) if said is not None else (0.0, 0.0)
        for answers, said in zip(golds, preds, strict=True)
    ]
    em, f1 = 100 * np.array(pairs, dtype=np.float64).T
    return Answers(em, f1)


def _question_v1(golds: list[list[str]], said: list[str]) -> tuple[float, float]:
    return float(said in golds), max(_overlap(gold, said) for gold in golds)


def _question_v2(golds: list[list[str]], said: list[str]) -> tuple[float, float]:
    em = float(said in (golds or [[]]))
    return (em, em) if not said else _question_v1(golds or [[]], said)


def squad_scores(
    golds: Sequence[Sequence[str]],
    preds: Sequence[str | None],
    normalise: Tokenise = squad_tokens,
    unanswerable: bool | None = None,
) -> tuple[float, float]:
    """(exact match, F1), means over the questions, 0-100; rules as in `squad_items`."""
    em, f1 = squad_items(golds, preds, normalise, unanswerable)
    return float(em.mean()), float(f1.mean())


def qa_scores(
    golds: Sequence[Sequence[str]],
    preds: Sequence[str | None],
    normalise: Tokenise = squad_tokens,
    unanswerable: bool | None = None,
) -> dict[str, float]:
    """{"em", "f1", "qa"}: `squad_scores` and their mean, which XTREME aggregates, 0-100."""
    em, f1 = squad_scores(golds, preds, normalise, unanswerable)
    return {"em": em, "f1": f1, "qa": qa_score(f1, em)}


def qa_score(f1: float, em: float) -> float:
    """The score of a question answering task in XTREME: the mean of F1 and exact match."""
    return (f1 + em) / 2


# retrieval


def bucc_f1(gold: Sequence[Hashable], pred: Sequence[Hashable]) -> PRF:
    """Precision, recall and F1 of mined sentence pairs as sets, 0-100; ValueError without gold."""
    if not len(gold):
        raise ValueError("nothing to score: no gold pairs")
    wanted, found = set(gold), set(pred)
    return prf(len(wanted & found), len(found), len(wanted))


def average_precision(gold: Sequence[Hashable], ranked: Sequence[Hashable], k: int = 20) -> float:
    """Average precision in the first `k` of `ranked`, 0-100; 100 = all gold (at most k) on top."""
    if not len(gold):
        raise ValueError("a query without relevant items")
    relevant, hits, total = set(gold), 0, 0.0
    for rank, item in enumerate(ranked[:k], start=1):
        if item in relevant and item not in ranked[: rank - 1]:
            hits += 1
            total += hits / rank
    return 100 * total / min(len(relevant), k)


def random_precision(relevant: int, candidates: int, k: int = 20) -> float:
    """What `average_precision` is on average over all orders of the candidates, 0-100.

    A rank holds a relevant one with probability r/n; given that, each rank before it does with
    probability (r-1)/(n-1).
    """
    if not 0 < relevant <= candidates:
        return 0.0
    before = (relevant - 1) / (candidates - 1) if candidates > 1 else 0.0
    ranks = range(1, min(k, candidates) + 1)
    expected = sum((1 + (rank - 1) * before) / rank for rank in ranks) * relevant / candidates
    return 100 * expected / min(relevant, k)


def map_at_20(gold: Sequence[Sequence[Hashable]], ranked: Sequence[Sequence[Hashable]]) -> float:
    """Mean over the queries of `average_precision` in the first 20 retrieved, 0-100 (XTREME-R)."""
    _check(gold, ranked)
    return float(np.mean([average_precision(g, r) for g, r in zip(gold, ranked, strict=True)]))


# resampling


def as_ratio(metric: str, items: Mapping[str, Floats]) -> tuple[Floats, Floats]:
    """(points, of), each (num_examples,): `metric` is 100 · Σ points / Σ of, on any resample.

    items: of accuracy `right` (0 or 1), of answers `em` and `f1` (0-100), of tags the columns of
    `tagging_columns`, of rankings `precision` (0-100); F1 = 2 · right / (predicted + gold) chunks.
    Without anything to find or found (Σ of = 0) the metric is 0. ValueError for a metric that is no
    such ratio.
    """
    if metric == "acc":
        return items["right"], np.ones(len(items["right"]))
    if metric == "qa":
        return (items["em"] + items["f1"]) / 200, np.ones(len(items["em"]))
    if metric == "f1":
        return 2 * items["right_chunks"], items["predicted_chunks"] + items["gold_chunks"]
    if metric == "token_acc":
        return items["right_tokens"], items["tokens"]
    if metric == "map@20":
        return items["precision"] / 100, np.ones(len(items["precision"]))
    raise ValueError(f"metric {metric!r} does not come from single examples")


# aggregation


def over_languages(scores: Mapping[str, float]) -> float:
    """Unweighted mean over the languages, 0-100; ValueError without any."""
    if not scores:
        raise ValueError("no languages to average over")
    return float(np.mean(list(scores.values())))


def xtreme_average(scores: Mapping[str, Mapping[str, float]]) -> float:
    """XTREME's score, 0-100: mean over the languages of each task, then over the tasks.

    scores[task][language] is the task's main metric; of question answering, `qa_score`.
    """
    if not scores:
        raise ValueError("no tasks to average over")
    return float(np.mean([over_languages(by_language) for by_language in scores.values()]))
