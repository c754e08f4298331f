"""Rank correlation of a handful of points, with tests that hold for so few.

    told = correlation(size, change)     # told.rho, told.low, told.high, told.p
    critical(9)                          # 0.70: what |rho| must reach for p < .05

H0: the pairing of the two columns is one of all n! with equal probability. Up to NINE points all
orders are counted, so that p is exact, ties included; of more points DRAWS are drawn. With a low p
the order of one column tells something of the order of the other, not why. Intervals are Bonett and
Wright's (2000) of Fisher's z, whose variance is (1 + rho²/2) / (n - 3); they are approximate.
"""

import math
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import permutations, product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats as distributions

from xit.report.stats import LEVEL

Floats = NDArray[np.float64]
Values = Sequence[float] | Floats
NINE = 9  # points of which all orders are counted
DRAWS = 100_000
ALPHA = 1 - LEVEL
TINY = 1e-9  # by which two correlations that are the same may differ


class Correlation(NamedTuple):
    """Spearman's rank correlation of n points; NaN where there are too few, or no differences."""

    rho: float
    low: float
    high: float
    p: float  # two-sided
    n: int


NOTHING = math.nan


def correlation(x: Values, y: Values) -> Correlation:
    """Spearman's rho of two columns; points that lack either are left out."""
    a, b = _both(x, y)
    if len(a) < 3 or _flat(a) or _flat(b):
        return Correlation(NOTHING, NOTHING, NOTHING, NOTHING, len(a))
    one, two = _unit(distributions.rankdata(a)), _unit(distributions.rankdata(b))
    rho = float(one @ two)
    return Correlation(rho, *_interval(rho, len(a)), _p(one, two, rho), len(a))


def partial(x: Values, y: Values, given: Values) -> Correlation:
    """Spearman's rho of what a line through the ranks of `given` leaves of the ranks of x and y.

    p is that of exchanging what is left, and so approximate; the interval has a point less.
    """
    columns = np.array([x, y, given], float)
    columns = columns[:, ~np.isnan(columns).any(0)]
    count = columns.shape[1]
    if count < 5 or any(_flat(c) for c in columns):
        return Correlation(NOTHING, NOTHING, NOTHING, NOTHING, count)
    first, second, by = (distributions.rankdata(c) for c in columns)
    left = [_left(c, by) for c in (first, second)]
    if any(_flat(c) for c in left):
        return Correlation(NOTHING, NOTHING, NOTHING, NOTHING, count)
    one, two = map(_unit, left)
    rho = float(one @ two)
    return Correlation(rho, *_interval(rho, count - 1), _p(one, two, rho), count)


def within(x: Values, y: Values, groups: Sequence[str]) -> Correlation:
    """Spearman's rho within `groups`: of the ranks without each group's mean.

    p is exact under H0 that the pairing within every group is by chance. No interval.
    """
    a, b = np.asarray(x, float), np.asarray(y, float)
    known = ~(np.isnan(a) | np.isnan(b))
    names = np.asarray(groups, object)[known]
    members = [np.flatnonzero(names == name) for name in dict.fromkeys(names)]
    orders = math.prod(math.factorial(len(m)) for m in members)
    count = int(known.sum())
    if orders < 2 or orders > math.factorial(NINE):
        return Correlation(NOTHING, NOTHING, NOTHING, NOTHING, count)
    one, two = (distributions.rankdata(c[known]) for c in (a, b))
    for m in members:
        one[m], two[m] = one[m] - one[m].mean(), two[m] - two[m].mean()
    if _flat(one) or _flat(two):
        return Correlation(NOTHING, NOTHING, NOTHING, NOTHING, count)
    one, two = _unit(one), _unit(two)
    rho = float(one @ two)
    at_least = 0
    for chosen in product(*(permutations(m) for m in members)):
        order = np.empty(count, int)
        for m, to in zip(members, chosen, strict=True):
            order[m] = to
        at_least += abs(float(one @ two[order])) >= abs(rho) - TINY
    return Correlation(rho, NOTHING, NOTHING, at_least / orders, count)


@cache
def critical(n: int, alpha: float = ALPHA) -> float:
    """The smallest |rho| of n points without ties with p below `alpha`; NaN if none has."""
    if n < 3:
        return NOTHING
    ranks = _unit(np.arange(n, dtype=float))
    every = np.sort(np.abs(_pairings(ranks, ranks)))[::-1]
    values, first = np.unique(np.round(every, 9)[::-1], return_index=True)
    p = (len(every) - first) / len(every)
    below = values[p < alpha]
    return float(below[0]) if len(below) else NOTHING


@cache
def detectable(n: int, power: float = 0.8, draws: int = 4000) -> float:
    """The rank correlation in a population of which n points show p < .05 with this `power`.

    Of two normal variables, by simulation with `critical`, to two digits; NaN if none does.
    """
    least = critical(n)
    if math.isnan(least):
        return NOTHING
    rng = np.random.default_rng(0)
    x, noise = rng.normal(size=(2, draws, n))
    for rho in np.arange(0.01, 1.0, 0.01):
        r = 2 * math.sin(math.pi * rho / 6)  # Pearson's, of normal variables
        y = r * x + math.sqrt(max(0.0, 1 - r * r)) * noise
        ranks = [distributions.rankdata(c, axis=1) - (n + 1) / 2 for c in (x, y)]
        found = (ranks[0] * ranks[1]).sum(1) / (ranks[0] ** 2).sum(1)
        if (np.abs(found) >= least - TINY).mean() >= power:
            return float(round(rho, 2))
    return NOTHING


def _both(x: Values, y: Values) -> tuple[Floats, Floats]:
    a, b = np.asarray(x, float), np.asarray(y, float)
    known = ~(np.isnan(a) | np.isnan(b))
    return a[known], b[known]


def _flat(column: Floats) -> bool:
    return bool(np.ptp(column) < TINY)


def _unit(column: Floats) -> Floats:
    """`column` with mean 0 and length 1, so that a product of two is their correlation."""
    centred = column - column.mean()
    return centred / np.sqrt((centred**2).sum())


def _left(column: Floats, by: Floats) -> Floats:
    """What a line through `by` leaves of `column`."""
    unit = _unit(by)
    return column - column.mean() - unit * float(unit @ column)


@cache
def _orders(n: int) -> NDArray[np.int8]:
    """All n! orders of n ≤ NINE things, else DRAWS of them: (orders, n)."""
    if n <= NINE:
        return np.array(list(permutations(range(n))), dtype=np.int8)
    rng = np.random.default_rng(0)
    return np.argsort(rng.random((DRAWS, n)), axis=1).astype(np.int8)


def _pairings(one: Floats, two: Floats) -> Floats:
    """The correlation of `one` with `two` in every order: (orders,)."""
    return two[_orders(len(one))] @ one


@lru_cache(maxsize=16)
def _sizes(one: tuple[float, ...], two: tuple[float, ...]) -> Floats:
    """The |correlation| in every order, ascending: of ranks without ties the same for any two
    columns of n points."""
    return np.sort(np.abs(_pairings(np.array(one), np.array(two))))


def _p(one: Floats, two: Floats, rho: float) -> float:
    if len(one) <= NINE:
        every = _sizes(tuple(np.sort(one)), tuple(np.sort(two)))
        return (len(every) - int(np.searchsorted(every, abs(rho) - TINY))) / len(every)
    at_least = np.abs(_pairings(one, two)) >= abs(rho) - TINY
    return float((at_least.sum() + 1) / (len(at_least) + 1))  # the order as found is one of them


def _interval(rho: float, n: int) -> tuple[float, float]:
    """(low, high); none for fewer than four points or a perfect correlation."""
    if n < 4 or abs(rho) > 1 - TINY:
        return NOTHING, NOTHING
    z = float(distributions.norm.ppf(1 - ALPHA / 2))
    half = z * math.sqrt((1 + rho**2 / 2) / (n - 3))
    return math.tanh(math.atanh(rho) - half), math.tanh(math.atanh(rho) + half)
