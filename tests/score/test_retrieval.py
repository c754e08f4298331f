"""Nearest neighbours, Tatoeba and mining, on vectors small enough to check by hand."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xit.score import retrieval
from xit.score.retrieval import (
    Mined,
    best_threshold,
    centre,
    margin_scores,
    mine,
    nearest,
    neighbours,
    tatoeba_accuracy,
    tatoeba_items,
    unit,
)

EAST, NORTH, DIAGONAL = [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]


def test_nearest_is_by_angle_not_by_length() -> None:
    source = np.array([[10.0, 1.0], [0.1, 0.2]])
    target = np.array([EAST, NORTH, [100.0, 100.0]])
    assert nearest(source, target).tolist() == [0, 2]


def test_neighbours_by_hand() -> None:
    found = neighbours(np.array([EAST]), np.array([NORTH, DIAGONAL, EAST]), k=3)
    assert found.target.tolist() == [[2, 1, 0]]
    assert found.similarity[0] == pytest.approx([1, np.sqrt(0.5), 0], abs=1e-6)


def test_the_first_of_equals_wins() -> None:
    target = np.array([NORTH, EAST, EAST, EAST])
    assert nearest(np.array([EAST]), target).tolist() == [1]
    assert neighbours(np.array([EAST]), target, k=4).target.tolist() == [[1, 2, 3, 0]]


@pytest.mark.parametrize("k", [1, 4])
@pytest.mark.parametrize(("block", "tile"), [(1, 1), (3, 5), (7, 1000), (1000, 2)])
def test_blocks_do_not_change_the_result(
    k: int, block: int, tile: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(17, 6)), rng.normal(size=(23, 6))
    cosine = unit(source) @ unit(target).T
    monkeypatch.setattr(retrieval, "TILE", tile)
    found = neighbours(source, target, k, block)
    assert found.target.tolist() == np.argsort(-cosine, axis=1)[:, :k].tolist()
    assert found.similarity == pytest.approx(-np.sort(-cosine, axis=1)[:, :k], abs=1e-6)


def test_the_whole_matrix_is_never_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """4000 × 4000 similarities would be 61 MiB. At 100,000 × 100,000 and a width of 1024 mining
    has been measured to take 1.7 GiB, the sentence vectors (0.8 GiB) included."""
    monkeypatch.setattr(retrieval, "TILE", 1000)
    x = np.random.default_rng(0).normal(size=(4000, 8)).astype(np.float32)
    tracemalloc.start()
    try:
        margin_scores(x, x[::-1], block=200)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * 2**20


@pytest.mark.parametrize(
    ("source", "target", "k", "message"),
    [
        (np.ones((2, 3)), np.ones((2, 4)), 1, "3 wide, target vectors 4"),
        (np.ones((2, 3)), np.ones((2, 3)), 3, "3 neighbours of 2"),
        (np.ones(3), np.ones((2, 3)), 1, "expected vectors of shape"),
        (np.full((2, 3), np.nan), np.ones((2, 3)), 1, "NaN"),
        (np.ones((0, 3)), np.ones((2, 3)), 1, "expected vectors of shape"),
    ],
)
def test_bad_vectors(source: np.ndarray, target: np.ndarray, k: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        neighbours(source, target, k)


def test_zero_vectors_are_near_nothing() -> None:
    assert unit(np.zeros((1, 2))).tolist() == [[0.0, 0.0]]


def test_tatoeba_searches_the_other_language_for_each_english_sentence() -> None:
    other = np.array([EAST, EAST, DIAGONAL])  # x, the index
    english = np.array([EAST, NORTH, [1.0, 0.9]])  # y, the queries
    # EAST finds row 0 (right); NORTH finds DIAGONAL, row 2 (wrong); the third finds row 2 (right)
    assert tatoeba_items(other, english).tolist() == [True, False, True]
    assert tatoeba_accuracy(other, english) == pytest.approx(200 / 3)
    # the other direction: both EAST find row 0, DIAGONAL row 2
    assert tatoeba_items(english, other).tolist() == [True, False, True]
    assert tatoeba_accuracy(np.array([EAST, DIAGONAL]), np.array([NORTH, EAST])) == 0.0
    with pytest.raises(ValueError, match="3 sentences but 2 translations"):
        tatoeba_items(other, english[:2])


def test_direction_matters() -> None:
    """A hub in the index takes every query; asked itself, it finds one sentence only."""
    x = np.array([[1.0, 0.0, 0.0], [0.5, 0.6, 0.6]])
    y = np.array([[0.7, 0.7, 0.0], [0.0, 0.5, 0.5]])
    assert tatoeba_items(x, y).tolist() == [False, True]
    assert tatoeba_items(y, x).tolist() == [True, True]


def test_centring_removes_a_language_offset() -> None:
    rng = np.random.default_rng(1)
    english = rng.normal(size=(50, 8))
    other = english + 20 * rng.normal(size=8)
    assert tatoeba_accuracy(other, english) < 50
    assert tatoeba_accuracy(centre(other), centre(english)) == 100.0
    assert centre(other).mean(axis=0) == pytest.approx(np.zeros(8), abs=1e-9)


def test_margin_by_hand() -> None:
    """k = 1: the margin of mutual nearest neighbours is 1, whatever their cosine."""
    source, target = np.array([EAST, NORTH]), np.array([[1.0, 0.2], [0.4, 1.0]])
    found = margin_scores(source, target, k=1)
    assert sorted(zip(found.source.tolist(), found.target.tolist(), strict=True)) == [
        (0, 0),
        (1, 1),
    ]
    assert found.score == pytest.approx([1.0, 1.0])
    # k = 2: cos(x0, y0) over the mean of the two sentences' mean cosines
    cosine = unit(source) @ unit(target).T
    expected = cosine[0, 0] / ((cosine[0].mean() + cosine[:, 0].mean()) / 2)
    found = margin_scores(source, target, k=2)
    assert found.score[found.source.tolist().index(0)] == pytest.approx(expected, abs=1e-6)


def test_no_sentence_is_mined_twice_and_sizes_may_differ() -> None:
    rng = np.random.default_rng(2)
    target = rng.normal(size=(40, 16))
    source = target[:30] + 0.1 * rng.normal(size=(30, 16))
    found = margin_scores(source, target, k=4, block=7)
    assert len(set(found.source.tolist())) == len(found.source)
    assert len(set(found.target.tolist())) == len(found.target)
    assert (np.diff(found.score) <= 0).all()
    gold = {(i, i) for i in range(30)}
    chosen = best_threshold(found, gold)
    assert chosen.f1 == 100.0
    assert set(mine(found, chosen.threshold)) == gold


def test_threshold_by_hand() -> None:
    places = np.arange(4)
    mined = Mined(places, places, np.array([4.0, 3.0, 2.0, 1.0]))
    # right, wrong, right, wrong against three gold pairs: F1 after each 50, 40, 66.7, 57.1
    chosen = best_threshold(mined, [(0, 0), (2, 2), (9, 9)])
    assert chosen == (1.5, pytest.approx(200 / 3))
    assert mine(mined, chosen.threshold) == [(0, 0), (1, 1), (2, 2)]
    assert mine(mined, 5.0) == []
    with pytest.raises(ValueError, match="0 gold pairs and 4 candidates"):
        best_threshold(mined, [])


@settings(deadline=None)  # the machine may be busy
@given(
    st.lists(
        st.tuples(st.sampled_from([0.5, 1.0, 1.5, 2.0]), st.booleans()), min_size=1, max_size=9
    )
)
def test_mining_at_the_threshold_gives_its_f1(candidates: list[tuple[float, bool]]) -> None:
    """Also where margins are equal; and no other threshold does better."""
    candidates = sorted(candidates, key=lambda c: -c[0])
    places = np.arange(len(candidates))
    mined = Mined(places, places, np.array([score for score, _ in candidates]))
    gold = {(i, i) for i, (_, right) in enumerate(candidates) if right} | {(99, 99)}

    def f1(threshold: float) -> float:
        found = mine(mined, threshold)
        return 200 * len(gold & set(found)) / (len(gold) + len(found))

    chosen = best_threshold(mined, gold)
    assert f1(chosen.threshold) == pytest.approx(chosen.f1)
    assert chosen.f1 == pytest.approx(max(f1(t) for t in (0.5, 1.0, 1.5, 2.0)))


@pytest.mark.parametrize("tile", [5, 1000])
def test_rounding_does_not_choose_among_equals(tile: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever order a processor sums in: 24 sentences of one vector, each cosine off by 1e-7."""
    monkeypatch.setattr(retrieval, "TILE", tile)
    rng = np.random.default_rng(0)
    one = rng.normal(size=128)
    x, y = (one + rng.normal(size=(24, 128)) * 1e-7 for _ in range(2))
    found = tatoeba_items(x.astype(np.float32), y.astype(np.float32))
    assert found.tolist() == [True] + [False] * 23
