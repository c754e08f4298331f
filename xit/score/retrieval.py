"""Sentence vectors → nearest neighbours, Tatoeba accuracy, rankings, mined pairs (BUCC).

Similarities are cosines, computed a tile at a time: 100,000 × 100,000 sentences need one tile of
`block` × `TILE` numbers beside the vectors, never the whole matrix (mining them at a width of 1024:
1.7 GiB, of which 0.8 are the vectors).
Sources: XTREME's `evaluate_retrieval.py`; Artetxe and Schwenk 2019 (ratio margin).
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Indices = NDArray[np.int64]
TILE = 16_384  # target vectors compared at a time
# Cosines nearer to each other than this are equal: a processor's order of summing tells them apart.
EQUAL = 5e-7


class Neighbours(NamedTuple):
    """The k most similar targets of each source sentence, best first; both (num_source, k)."""

    similarity: Floats
    target: Indices


def unit(x: Floats) -> Floats:
    """`x`, (n, d), with rows of length 1 as float32; rows of zeros stay so. ValueError on NaN."""
    x = np.asarray(x, dtype=np.float32)
    if x.ndim != 2 or not x.size:
        raise ValueError(f"expected vectors of shape (sentences, width), got {x.shape}")
    if not np.isfinite(x).all():
        raise ValueError("sentence vectors hold NaN or infinity")
    length = np.linalg.norm(x, axis=1, keepdims=True)
    return np.divide(x, length, out=np.zeros_like(x), where=length > 0)


def neighbours(source: Floats, target: Floats, k: int, block: int = 1024) -> Neighbours:
    """The `k` nearest rows of `target` (m, d) for each row of `source` (n, d), by cosine.

    Of equally similar targets (EQUAL) the first comes first, on any processor: before the first
    layer the first tokens of all sentences have one vector. ValueError if widths differ or k > m.
    """
    x, y = unit(source), unit(target)
    if x.shape[1] != y.shape[1]:
        raise ValueError(f"source vectors are {x.shape[1]} wide, target vectors {y.shape[1]}")
    if not 0 < k <= len(y):
        raise ValueError(f"{k} neighbours of {len(y)} targets")
    similarity = np.empty((len(x), k), dtype=np.float32)
    index = np.empty((len(x), k), dtype=np.int64)
    for at in range(0, len(x), block):
        rows = slice(at, at + block)
        similarity[rows], index[rows] = _nearest_of_block(x[rows], y, k)
    return Neighbours(similarity, index)


def _nearest_of_block(x: Floats, y: Floats, k: int) -> tuple[Floats, Indices]:
    best = np.empty((len(x), 0), dtype=np.float32)
    index = np.empty((len(x), 0), dtype=np.int64)
    for at in range(0, len(y), TILE):
        tile = x @ y[at : at + TILE].T  # rows of the block, targets of the tile
        cosine, column = _largest(tile, min(k, tile.shape[1]))
        best, index = np.hstack([best, cosine]), np.hstack([index, column + at])
        best, place = _largest(best, min(k, best.shape[1]))  # equals of two tiles are equals, too
        index = np.take_along_axis(index, place, axis=1)
    return best, index


def _largest(tile: Floats, k: int) -> tuple[Floats, Indices]:
    """The `k` largest numbers of each row and their columns; `tile` is overwritten.

    For the few neighbours wanted, k passes of argmax are faster than a partition, and of equals
    (EQUAL) take the first.
    """
    rows = np.arange(len(tile))
    value = np.empty((len(tile), k), dtype=tile.dtype)
    column = np.empty((len(tile), k), dtype=np.int64)
    for i in range(k):
        column[:, i] = (tile >= tile.max(axis=1, keepdims=True) - tile.dtype.type(EQUAL)).argmax(1)
        value[:, i] = tile[rows, column[:, i]]
        tile[rows, column[:, i]] = -np.inf
    return value, column


def nearest(source: Floats, target: Floats, block: int = 1024) -> Indices:
    """Index of the nearest row of `target` (m, d) for each row of `source` (n, d): (n,)."""
    return neighbours(source, target, 1, block).target[:, 0]


def ranked(
    queries: Mapping[str, Floats], candidates: Mapping[str, Floats], k: int = 20
) -> dict[str, Indices]:
    """Language → places in the pool of the `k` nearest candidates of each of its queries: (n, k).

    queries[language] is (n, d). The pool are the candidates of all languages (m, d), one after the
    other, so that a query competes for those of its own language with those of all others.
    """
    pool = np.concatenate(list(candidates.values()))
    return {c: neighbours(x, pool, min(k, len(pool))).target for c, x in queries.items()}


def centre(x: Floats) -> Floats:
    """`x`, (n, d), less its mean: given one language's sentences, what marks the language goes."""
    return x - x.mean(axis=0, keepdims=True)


def tatoeba_items(x: Floats, y: Floats) -> NDArray[np.bool_]:
    """Whether each English sentence finds its translation: (n,).

    XTREME's direction: x (n, d), the other language, is the index; y (n, d), English, are the
    queries; row i of x translates row i of y. Swap the arguments for the other direction.
    """
    if len(x) != len(y):
        raise ValueError(f"{len(x)} sentences but {len(y)} translations")
    return nearest(y, x) == np.arange(len(y))


def tatoeba_accuracy(x: Floats, y: Floats) -> float:
    """Share of English sentences y whose nearest x is their translation, 0-100: `tatoeba_items`."""
    return float(100 * tatoeba_items(x, y).mean())


class Mined(NamedTuple):
    """Candidate pairs, best first, no sentence in two of them; each array is (num_pairs,)."""

    source: Indices
    target: Indices
    score: Floats


def margin_scores(source: Floats, target: Floats, k: int = 4, block: int = 1024) -> Mined:
    """Candidate translations among `source` (n, d) and `target` (m, d) with their ratio margins.

    Margin of (x, y) = cos(x, y) / mean of the cosines of x and of y with their k nearest
    neighbours. Candidates: the best y of each x and the best x of each y; then, from the highest
    margin down, each pair of which neither sentence is taken (XTREME's "max" retrieval).
    """
    forward = neighbours(source, target, min(k, len(target)), block)
    backward = neighbours(target, source, min(k, len(source)), block)
    x_mean, y_mean = forward.similarity.mean(axis=1), backward.similarity.mean(axis=1)
    found, ahead = _best_margin(forward, x_mean, y_mean)
    sought, behind = _best_margin(backward, y_mean, x_mean)
    pairs = np.concatenate(
        [np.stack([np.arange(len(source)), found]), np.stack([sought, np.arange(len(target))])],
        axis=1,
    )
    return _one_to_one(pairs, np.concatenate([ahead, behind]))


def _best_margin(near: Neighbours, own: Floats, other: Floats) -> tuple[Indices, Floats]:
    mean = (own[:, None] + other[near.target]) / 2  # sentences, k
    margin = np.divide(near.similarity, mean, out=np.zeros_like(mean), where=mean > 0)
    best = margin.argmax(axis=1)[:, None]
    chosen = np.take_along_axis(near.target, best, axis=1)[:, 0]
    return chosen, np.take_along_axis(margin, best, axis=1)[:, 0]


def _one_to_one(pairs: Indices, score: Floats) -> Mined:
    taken: tuple[set[int], set[int]] = (set(), set())
    kept = []
    for i in np.argsort(-score, kind="stable"):
        s, t = pairs[:, i].tolist()
        if s not in taken[0] and t not in taken[1]:
            taken[0].add(s)
            taken[1].add(t)
            kept.append(i)
    return Mined(pairs[0, kept], pairs[1, kept], score[kept].astype(np.float64))


def mine(mined: Mined, threshold: float) -> list[tuple[int, int]]:
    """The (source, target) pairs whose margin reaches `threshold`, best first."""
    keep = mined.score >= threshold
    return list(zip(mined.source[keep].tolist(), mined.target[keep].tolist(), strict=True))


class Threshold(NamedTuple):
    """A threshold on the margin and the F1 (0-100) that it gives on the data it was chosen on."""

    threshold: float
    f1: float


def best_threshold(mined: Mined, gold: Collection[tuple[int, int]]) -> Threshold:
    """The threshold with the highest F1 on development pairs, half-way to the next lower margin.

    Pairs of equal margin are taken or left together, so that `mine` gives just this F1 (XTREME's
    script may cut between them). ValueError without gold pairs or candidates.
    """
    if not len(gold) or not len(mined.score):
        raise ValueError(f"{len(gold)} gold pairs and {len(mined.score)} candidates: need both")
    wanted = set(gold)
    pairs = zip(mined.source.tolist(), mined.target.tolist(), strict=True)
    right = np.cumsum([pair in wanted for pair in pairs])
    taken = np.arange(1, len(right) + 1)
    f1 = 200 * right / (taken + len(wanted))  # candidates taken down to this one
    below = np.append(mined.score[1:], -np.inf)
    f1 = np.where(mined.score > below, f1, -1.0)
    at = int(f1.argmax())
    score, lower = float(mined.score[at]), float(below[at])
    half = (score + lower) / 2
    return Threshold(half if lower < half < score else score, float(f1[at]))
