"""What effect a study could have seen: the power of a t-test on the means of its seeds."""

import math

from scipy import optimize
from scipy import stats as distributions

from xit.report import stats

ALPHA, POWER = 0.05, 0.8


def power(effect: float, error: float, df: float, alpha: float = ALPHA) -> float:
    """Probability (0-1) that a two-sided t-test finds `effect` when `error` is the standard error
    of its mean: from the noncentral t.
    """
    if error == 0:
        return float(effect != 0)
    edge, centre = distributions.t.ppf(1 - alpha / 2, df), effect / error
    far = distributions.nct.cdf(-edge, df, centre)  # the wrong side; NaN where it is next to none
    return float(distributions.nct.sf(edge, df, centre)) + (0.0 if math.isnan(far) else float(far))


def detectable(told: stats.Grid, alpha: float = ALPHA, wanted: float = POWER) -> float:
    """The smallest mean change (points) that seeds which vary as these would show with probability
    `wanted`; NaN from one seed.
    """
    variances = stats.variances(told)
    error, df = math.sqrt(variances.seeds), variances.df["seeds"]
    if math.isnan(error) or error == 0:
        return error
    above = 1.0
    while power(above * error, error, df, alpha) < wanted:
        above *= 2
    found = optimize.brentq(lambda x: power(x * error, error, df, alpha) - wanted, 0, above)
    return float(found) * error


def seeds_for(told: stats.Grid, effect: float, most: int = 1000) -> int | None:
    """How many seeds that vary as these show a mean change of `effect` points with probability
    POWER; None from one seed, or for more than `most`.
    """
    variance = stats.variances(told).seeds * len(told.values)
    if math.isnan(variance):
        return None
    counts = range(2, most + 1)
    return next((n for n in counts if power(effect, (variance / n) ** 0.5, n - 1) >= POWER), None)
