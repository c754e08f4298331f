"""Rank correlations over languages: by hand, against scipy, and simulated benchmarks counted."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as distributions

from xit.report import correlation, typology
from xit.tasks import LANGUAGES, UDPOS, XNLI

SHIPPED = typology.shipped("en")


def one(x: list[float], y: list[float], families: str = "") -> pd.Series:
    codes = [f"l{i}" for i in range(len(x))]
    of = dict(zip(codes, families or codes, strict=True))
    a, b = pd.DataFrame({"x": x}, index=codes), pd.DataFrame({"y": y}, index=codes)
    return correlation.correlations(a, b, of).iloc[0]


def test_by_hand() -> None:
    """1 2 3 4 against 1 2 4 3: 1 - 6·2/(4·15) = 0.8; of 24 orders 4 are as close, 4 as far."""
    told = one([1, 2, 3, 4], [10, 20, 40, 30])
    assert told["rho"] == pytest.approx(0.8)
    assert told["p"] == pytest.approx(8 / 24)
    assert (told["languages"], told["families"]) == (4, 4)
    assert math.isnan(told["low"])  # four families


def test_a_perfect_order_of_six_is_two_in_720() -> None:
    told = one([1, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 1])
    assert told["rho"] == pytest.approx(-1)
    assert told["p"] == pytest.approx(2 / 720)


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=3, max_size=20))
def test_the_same_as_scipy_with_ties(pairs: list[tuple[int, int]]) -> None:
    x, y = ([float(v) for v in side] for side in zip(*pairs, strict=True))
    told = one(x, y)["rho"]
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert math.isnan(told)
    else:
        assert told == pytest.approx(distributions.spearmanr(x, y).statistic, abs=1e-9)


def test_missing_values_leave_their_pair_alone() -> None:
    codes = list("abcdef")
    x = pd.DataFrame({"known": range(6), "half": [1, 2, 3, math.nan, math.nan, 4]}, index=codes)
    y = pd.DataFrame({"y": [5.0, 4, 3, 2, 1, 0]}, index=codes)
    told = correlation.correlations(x, y, {}).set_index("x")
    assert told["languages"].to_dict() == {"known": 6, "half": 4}
    assert told["rho"].to_list() == pytest.approx([-1, -1])
    alone = correlation.correlations(x[["half"]].dropna(), y, {})
    assert alone["p"][0] == told.loc["half", "p"]


def test_too_few_languages() -> None:
    told = one([1, 2], [2, 1])
    assert math.isnan(told["rho"]) and math.isnan(told["p"])


def test_weighted_ranks_are_those_of_the_sample_written_out() -> None:
    values, times = np.array([3.0, 1, 3, 2]), np.array([[2, 0, 1, 3]])
    told = correlation._ranks(values, times.astype(float))[0]
    written = np.repeat(values, times[0])
    ranks = dict(zip(written, distributions.rankdata(written), strict=True))
    assert [told[i] for i in (0, 2, 3)] == [ranks[3.0], ranks[3.0], ranks[2.0]]


def test_the_bootstrap_draws_whole_families() -> None:
    """Two families, each on a line of its own: a resample is one of them, or both as they are."""
    x, y = np.array([[1.0], [2], [3], [11], [12], [13]]), np.array([[1.0], [2], [3], [9], [8], [7]])
    groups = np.array([0, 0, 0, 1, 1, 1])
    drawn = correlation.bootstrap(x, y, groups, np.random.default_rng(0), 200)[:, 0, 0]
    both = distributions.spearmanr(x[:, 0], y[:, 0]).statistic
    assert {round(float(v), 6) for v in drawn} == {1.0, -1.0, round(float(both), 6)}


def test_permutations_at_random_agree_with_a_t_test() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=20)
    y = 0.4 * x + rng.normal(size=20)
    told = one(list(x), list(y))
    assert told["p"] == pytest.approx(distributions.spearmanr(x, y).pvalue, abs=0.02)
    assert told["p"] >= 1 / 5000


# -- power --


def test_the_smallest_correlation_and_the_languages_it_needs_are_one_formula() -> None:
    assert correlation.smallest(14) == pytest.approx(
        math.tanh((1.959964 + 0.841621) * math.sqrt(1.06 / 11)), abs=1e-6
    )
    assert math.isnan(correlation.smallest(4))
    for count in (6, 14, 39, 200):
        assert correlation.needed(correlation.smallest(count)) in (count, count + 1)
    assert correlation.needed(0.0) == math.inf
    assert correlation.needed(1.0) == 5


def test_the_smallest_correlation_is_seen_in_four_of_five_simulated_studies() -> None:
    rng = np.random.default_rng(3)
    count, rho = 20, correlation.smallest(20)
    planted = 2 * math.sin(math.pi * rho / 6)  # Pearson's of normal data with Spearman's rho
    hits = 0
    for _ in range(400):
        x = rng.normal(size=count)
        y = planted * x + math.sqrt(1 - planted**2) * rng.normal(size=count)
        hits += distributions.spearmanr(x, y).pvalue < 0.05
    assert 0.75 < hits / 400 < 0.87


# -- simulated benchmarks --

BENCHMARKS = {"XNLI": XNLI, "POS": UDPOS, "NER": list(LANGUAGES)}


def simulated(
    rng: np.random.Generator, groups: np.ndarray, alike: float, shared: float
) -> tuple[np.ndarray, np.ndarray]:
    """Two columns, each with a share `alike` of variance between families, correlated by
    `shared`."""
    parts = []
    for _ in range(3):
        of = rng.normal(size=groups.max() + 1)[groups]
        parts.append(math.sqrt(alike) * of + math.sqrt(1 - alike) * rng.normal(size=len(groups)))
    x, y = parts[0], shared * parts[0] + math.sqrt(1 - shared**2) * parts[1]
    return x[:, None], y[:, None]


@pytest.mark.parametrize("name", BENCHMARKS)
@pytest.mark.parametrize("alike", [0.0, 0.3, 0.6])
def test_intervals_over_families_cover_as_the_page_says(name: str, alike: float) -> None:
    """Without a correlation, over the benchmark's own families, in 90 to 97 of 100."""
    codes = [c for c in BENCHMARKS[name] if c != "en"]
    groups = pd.factorize(SHIPPED.loc[codes, "family"])[0]
    rng = np.random.default_rng([len(codes), int(10 * alike)])
    covered = 0
    for _ in range(250):
        x, y = simulated(rng, groups, alike, 0.0)
        low, high = correlation.percentiles(correlation.bootstrap(x, y, groups, rng, 250))
        covered += bool(low[0, 0] <= 0 <= high[0, 0])
    assert 0.88 <= covered / 250 <= 0.98


def test_permuting_languages_finds_too_much_where_families_are_alike() -> None:
    """So that the page asks for the interval as well."""
    codes = [c for c in BENCHMARKS["NER"] if c != "en"]
    groups = pd.factorize(SHIPPED.loc[codes, "family"])[0]
    rng = np.random.default_rng(5)
    found = {0.0: 0, 0.6: 0}
    for alike in found:
        for _ in range(300):
            x, y = simulated(rng, groups, alike, 0.0)
            found[alike] += distributions.spearmanr(x[:, 0], y[:, 0]).pvalue < 0.05
    assert found[0.0] < 0.09 * 300
    assert 0.1 * 300 < found[0.6] < 0.25 * 300
