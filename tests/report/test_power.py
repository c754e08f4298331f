"""Power: against textbook values, and against simulated studies, counted."""

import math

import numpy as np
import pytest
from scipy import stats as distributions

from xit.report import power, stats


def grid(means: list[float]) -> stats.Grid:
    """Seeds with these means, in two languages."""
    values = np.array([[m - 1, m + 1] for m in means], float)
    return stats.Grid(values, ["de", "sw"], ["a", "b"])


def test_textbook_values() -> None:
    """One-sample t-test at 5%, effect of one standard deviation: n = 10 has 80% power."""
    assert power.power(1.0, 10**-0.5, 9) == pytest.approx(0.803, abs=0.002)
    assert power.power(0.0, 1.0, 9) == pytest.approx(0.05, abs=0.001)
    assert power.power(0.5, 0.0, 2) == 1.0 and power.power(0.0, 0.0, 2) == 0.0


@pytest.mark.parametrize(("effect", "df"), [(1.0, 2), (5.0, 2), (3.0, 4), (-3.0, 4)])
def test_it_is_the_noncentral_t(effect: float, df: int) -> None:
    edge = distributions.t.ppf(0.975, df)
    exact = distributions.nct.sf(edge, df, effect) + distributions.nct.cdf(-edge, df, effect)
    assert power.power(effect, 1.0, df) == pytest.approx(exact, abs=2e-3)


def test_what_is_detectable_is_found_in_four_studies_of_five() -> None:
    """4,000 simulated studies of three seeds, with the effect that is said to be detectable."""
    told = grid([-1.0, 0.0, 1.0])  # spread 1, error 1/√3
    effect = power.detectable(told)
    draws = np.random.default_rng(0).normal(effect, 1.0, size=(4000, 3))
    found = distributions.ttest_1samp(draws, 0, axis=1).pvalue < 0.05
    assert found.mean() == pytest.approx(0.8, abs=0.02)
    assert power.detectable(told, 0.05 / 6) > 2 * effect
    assert power.detectable(grid([-1.0, 1.0]), 0.05 / 6) < math.inf  # two seeds: far tails


def test_one_seed_and_no_spread() -> None:
    assert math.isnan(power.detectable(grid([1.0]))) and power.seeds_for(grid([1.0]), 1.0) is None
    assert power.detectable(grid([2.0, 2.0, 2.0])) == 0.0
    assert power.seeds_for(grid([2.0, 2.0, 2.0]), 1.0) == 2


def test_items_are_a_source_of_chance_that_more_seeds_do_not_lessen() -> None:
    """Two items that differ by 8 in every seed: their mean has the variance 8² / 2 / 2 = 16."""
    means = np.array([-1.0, 0.0, 1.0])
    item = np.stack([means - 4, means + 4], axis=1)
    told = stats.Grid(means[:, None], ["de"], ["a"], [item])
    assert stats.variances(told).items == pytest.approx(16)
    error, df = power._error(told, 3)
    assert error == pytest.approx((1 / 3 + 16) ** 0.5)
    assert df == pytest.approx((1 / 3 + 16) ** 2 / ((1 / 3) ** 2 / 2 + 16**2 / 1))
    assert power.detectable(told) > power.detectable(stats.Grid(means[:, None], ["de"], ["a"]))
    assert power.seeds_for(told, 2.0) is None
    assert power.seeds_for(stats.Grid(means[:, None], ["de"], ["a"]), 2.0) is not None


def test_seeds_for_an_effect() -> None:
    """As large as the spread: 10 seeds (textbook); a tenth of it: nearly 800."""
    told = grid([-1.0, 0.0, 1.0])
    assert power.seeds_for(told, 1.0) == 10
    assert power.seeds_for(told, 0.1) == pytest.approx(787, abs=2)
    assert power.seeds_for(told, 0.01) is None
