"""Rank correlations of few points: by hand, against tables and against counting everything."""

import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as reference

from xit.report import rank_tests
from xit.report.rank_tests import correlation, critical, detectable, partial, within


def test_four_points_by_hand() -> None:
    """Ranks 1 2 3 4 and 1 3 2 4: d² = 0 1 1 0, rho = 1 - 6·2 / (4·15) = 0.8; of the 24 orders 1 has
    rho 1 and 3 have 0.8 (two neighbours exchanged), likewise below: p = 8 / 24.
    """
    told = correlation([10, 20, 30, 40], [1.0, 7.0, 5.0, 9.0])
    assert told.rho == pytest.approx(0.8) and told.p == pytest.approx(8 / 24)
    half = 1.959964 * math.sqrt((1 + 0.32) / 1)
    assert told.low == pytest.approx(math.tanh(math.atanh(0.8) - half), abs=1e-6)
    assert told.high == pytest.approx(math.tanh(math.atanh(0.8) + half), abs=1e-6)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=3, max_size=5))
def test_p_is_the_share_of_all_orders_ties_included(points: list[tuple[int, int]]) -> None:
    x, y = zip(*points, strict=True)
    told = correlation(x, y)
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert math.isnan(told.rho) and math.isnan(told.p)
        return
    found = reference.spearmanr(x, y).statistic
    assert told.rho == pytest.approx(found)
    every = [abs(reference.spearmanr(x, other).statistic) for other in permutations(y)]
    assert told.p == pytest.approx(np.mean([e >= abs(found) - 1e-9 for e in every]))


def test_nine_points_must_reach_seven_tenths() -> None:
    """The table value for a two-sided 5%: 0.700; of eight 0.738, of six 0.886 (Zar 1972)."""
    assert critical(9) == pytest.approx(0.700, abs=5e-4)
    assert critical(8) == pytest.approx(0.738, abs=5e-4)
    assert critical(6) == pytest.approx(0.886, abs=5e-4)
    assert all(math.isnan(critical(n)) for n in range(4))
    assert math.isnan(critical(4))  # of 24 orders two are perfect: p is never below 1/12
    x = list(range(9))
    y = [2, 1, 0, 4, 3, 5, 7, 8, 6]
    told = correlation(x, y)
    assert (told.p < 0.05) == (abs(told.rho) >= critical(9) - 1e-9)


@pytest.mark.parametrize("ties", [False, True])
def test_p_is_the_share_of_all_orders(ties: bool) -> None:
    """Also where another pair of columns with the same ranks has been counted before."""
    rng = np.random.default_rng(5)
    for _ in range(6):
        x, y = rng.integers(0, 4 if ties else 10**6, (2, 6)).astype(float)
        told = correlation(x, y)
        orders = [reference.spearmanr(x, list(of)).statistic for of in permutations(y)]
        at_least = sum(abs(r) >= abs(told.rho) - 1e-9 for r in orders)
        assert told.p == at_least / 720


def test_what_lacks_a_value_is_left_out() -> None:
    told = correlation([1, 2, math.nan, 4, 5], [1, 2, 3, math.nan, 0])
    assert told.n == 3 and told.rho == pytest.approx(-0.5)
    assert math.isnan(correlation([1, math.nan, 2], [1, 2, 3]).rho)


def test_many_points_are_drawn_and_agree_with_the_exact_few(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(2, 7))
    exact = correlation(x, y).p
    monkeypatch.setattr(rank_tests, "NINE", 6)
    rank_tests._orders.cache_clear()
    try:
        assert correlation(x, y).p == pytest.approx(exact, abs=0.01)
    finally:
        rank_tests._orders.cache_clear()


def test_a_partial_correlation_is_the_textbooks() -> None:
    """(r_xy - r_xz r_yz) / sqrt((1 - r_xz²)(1 - r_yz²)), of ranks."""
    rng = np.random.default_rng(3)
    z = rng.normal(size=9)
    x, y = z + rng.normal(size=9), z + rng.normal(size=9)
    xy, xz, yz = (reference.spearmanr(*pair).statistic for pair in ((x, y), (x, z), (y, z)))
    expected = (xy - xz * yz) / math.sqrt((1 - xz**2) * (1 - yz**2))
    assert partial(x, y, z).rho == pytest.approx(expected)
    assert math.isnan(partial(x, x, x).rho)  # nothing is left


def test_within_groups_only_what_differs_there_counts() -> None:
    """Two groups, one far above the other in both: within, y falls with x. Of the 2!·3! = 12 orders
    one has the lowest value and none the highest, which two of the others' ranks do not allow.
    """
    x, y = [1, 2, 11, 12, 13], [2, 1, 13, 12, 11]
    groups = ["a", "a", "b", "b", "b"]
    assert correlation(x, y).rho > 0.3
    told = within(x, y, groups)
    assert told.rho == pytest.approx(-1) and told.p == pytest.approx(2 / 12)
    assert math.isnan(within(x, y, list("abcde")).rho)  # nothing to exchange


@pytest.mark.parametrize("rho", [0.0, 0.6])
def test_intervals_cover_in_about_95_of_100(rho: float) -> None:
    """2,000 draws of nine normal points; the approximation errs on the wide side for so few."""
    rng = np.random.default_rng(5)
    r = 2 * math.sin(math.pi * rho / 6)
    hits = 0
    for _ in range(2000):
        x, e = rng.normal(size=(2, 9))
        one, two = reference.rankdata(x), reference.rankdata(r * x + math.sqrt(1 - r * r) * e)
        found = float(np.corrcoef(one, two)[0, 1])
        low, high = rank_tests._interval(found, 9)
        hits += bool(abs(found) == 1 or low <= rho <= high)
    assert 0.92 < hits / 2000 < 0.98


def test_what_nine_points_can_see() -> None:
    """Checked by another simulation at the value given: 80%, give or take its error."""
    least = detectable(9)
    assert critical(9) < least < 0.95 and detectable(20) < least
    rng = np.random.default_rng(9)
    r = 2 * math.sin(math.pi * least / 6)
    x, e = rng.normal(size=(2, 3000, 9))
    y = r * x + math.sqrt(1 - r * r) * e
    a, b = (reference.rankdata(c, axis=1) - 5 for c in (x, y))
    share = (np.abs((a * b).sum(1) / 60) >= critical(9) - 1e-9).mean()
    assert 0.76 < share < 0.85
    assert math.isnan(detectable(4))
