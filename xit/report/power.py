"""What effect a study could have seen: the power of a t-test on the means of its seeds."""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import optimize
from scipy import stats as distributions

from xit.report import stats

ALPHA, POWER = 0.05, 0.8
GRID = 4000  # points of the integral over what the spread of the seeds may come out as


@lru_cache
def _spreads(df: float) -> NDArray[np.float64]:
    """Estimated over true spread, at GRID equally probable points."""
    middle = (np.arange(GRID) + 0.5) / GRID
    return np.sqrt(distributions.chi2.ppf(middle, df) / df)


def power(effect: float, error: float, df: float, alpha: float = ALPHA) -> float:
    """Probability (0-1) that a two-sided t-test finds `effect` when `error` is the true standard
    error of its mean: the noncentral t, by the middle of GRID strips, as few seeds need its tails.
    """
    if error == 0:
        return float(effect != 0)
    edge = distributions.t.ppf(1 - alpha / 2, df) * _spreads(df)
    centre = effect / error
    found = distributions.norm.sf(edge - centre) + distributions.norm.cdf(-edge - centre)
    return float(found.mean())


def _error(told: stats.Grid, seeds: int) -> tuple[float, float]:
    """(standard error of a mean over so many `seeds` that vary as those of `told`, its degrees of
    freedom). Test items, where they are known, stay the same ones, however many the seeds.
    """
    one = stats.variances(told)
    parts = {"seeds": one.seeds * len(told.values) / seeds, "items": one.items}
    df = {"seeds": seeds - 1.0, "items": one.df["items"]}
    known = {k: v for k, v in parts.items() if k == "seeds" or not math.isnan(v)}
    total = sum(known.values())
    if not total > 0:  # NaN from one seed
        return total, df["seeds"]
    freedom = 1 / sum((v / total) ** 2 / df[k] for k, v in known.items() if v)
    return math.sqrt(total), freedom


def detectable(told: stats.Grid, alpha: float = ALPHA, wanted: float = POWER) -> float:
    """The smallest mean change (points) that seeds and items which vary as these would show with
    probability `wanted`; NaN from one seed.
    """
    error, df = _error(told, len(told.values))
    if math.isnan(error) or error == 0:
        return error

    def lacking(x: float) -> float:
        return power(x, 1.0, df, alpha) - wanted

    above = 1.0
    while lacking(above) < 0:
        above *= 2
    return float(optimize.brentq(lacking, 0, above)) * error


def seeds_for(told: stats.Grid, effect: float, most: int = 1000) -> int | None:
    """How many seeds that vary as these show a mean change of `effect` points with probability
    POWER, on the same test items; None from one seed, or for more than `most`.
    """
    if len(told.values) < 2:
        return None

    def enough(n: int) -> bool:
        error, df = _error(told, n)
        return power(effect, error, df) >= POWER

    low, high = 1, most  # power rises with every seed
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high if enough(high) else None
