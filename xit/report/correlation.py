"""Rank correlations over languages: intervals, p-values, and the smallest that could be seen.

    told = correlations(distances, scores, families)   # languages × columns each: a row a pair
    smallest(14)                                       # 0.69: what 14 languages can tell from none

Languages of one family are no independent cases. The interval resamples families with all their
languages (percentiles of 2,000 resamples); the p-value permutes languages and so takes them as
independent, which is too generous where families are alike in both columns. A correlation is called
firm only where both agree. tests/report/test_correlation.py simulates benchmarks and counts: over
the families of XTREME the interval covers in 90 to 97 of 100, the p-value is below 0.05 in up to
one null case of five.
"""

import itertools
import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats as distributions

from xit.report.stats import LEVEL, Floats

DRAWS = 2000
PERMUTATIONS = 4999
EXACT = 7  # up to so many languages every permutation is tried
FEWEST = 5  # families, for an interval
SPEARMAN = 1.06  # variance of its z against Pearson's (Fieller, Hartley & Pearson 1957)
COLUMNS = ["x", "y", "rho", "low", "high", "p", "languages", "families"]


def correlations(
    x: pd.DataFrame, y: pd.DataFrame, families: Mapping[str, str], seed: int = 0
) -> pd.DataFrame:
    """Spearman's correlation of every column of `x` with every column of `y`, over languages.

    Both are indexed by language; of a pair, languages that lack either are left out. COLUMNS: the
    two names; `rho`, NaN where one does not vary or there are fewer than three languages; its
    95% interval (`low`, `high`) over families, NaN from fewer than FEWEST; `p`, two-sided.
    """
    codes = [c for c in x.index if c in y.index]
    a, b = x.loc[codes].to_numpy(float), y.loc[codes].to_numpy(float)
    groups = np.array([families.get(c) or f"only {c}" for c in codes], object)
    blocks: dict[bytes, list[tuple[int, int]]] = {}
    for i, j in itertools.product(range(a.shape[1]), range(b.shape[1])):
        known = ~(np.isnan(a[:, i]) | np.isnan(b[:, j]))
        blocks.setdefault(known.tobytes(), []).append((i, j))
    rows = {}
    for mask, pairs in blocks.items():
        known = np.frombuffer(mask, bool)
        left, right = sorted({p[0] for p in pairs}), sorted({p[1] for p in pairs})
        told = _block(a[known][:, left], b[known][:, right], groups[known], seed)
        for p in pairs:
            at = left.index(p[0]), right.index(p[1])
            count = len(set(groups[known]))
            rows[p] = [x.columns[p[0]], y.columns[p[1]], *(float(v[at]) for v in told),
                       int(known.sum()), count]  # fmt: skip
    return pd.DataFrame([rows[p] for p in sorted(rows)], columns=COLUMNS)


def _block(
    a: Floats, b: Floats, families: NDArray[np.object_], seed: int
) -> tuple[Floats, Floats, Floats, Floats]:
    """(rho, low, high, p), each (columns of a, columns of b), without missing values."""
    nothing = np.full((a.shape[1], b.shape[1]), np.nan)
    if len(a) < 3:
        return nothing, nothing, nothing, nothing
    rng = np.random.default_rng([seed, len(a)])
    groups = pd.factorize(families)[0]
    low, high = nothing, nothing
    if groups.max() + 1 >= FEWEST:
        low, high = percentiles(bootstrap(a, b, groups, rng))
    first, second = (_standard(distributions.rankdata(v, axis=0)) for v in (a, b))
    rho, p = first.T @ second, permutation(first, second, rng)
    flat = ~(np.ptp(a, axis=0)[:, None] * np.ptp(b, axis=0)[None] > 0)
    low, high, rho, p = (np.where(flat, np.nan, v) for v in (low, high, rho, p))
    return rho, low, high, p


def _standard(ranks: Floats) -> Floats:
    """Columns with mean 0 and length 1, so that a product of two is their correlation."""
    centred = ranks - ranks.mean(0)
    length = np.linalg.norm(centred, axis=0)
    return centred / np.where(length > 0, length, 1)


def percentiles(drawn: Floats, level: float = LEVEL) -> tuple[Floats, Floats]:
    """(low, high) over the first axis; NaN where fewer than half of the draws are known."""
    enough = np.isnan(drawn).mean(0) <= 0.5
    flat = pd.DataFrame(drawn.reshape(len(drawn), -1))  # pandas leaves missing values out, and fast
    ends = flat.quantile([(1 - level) / 2, (1 + level) / 2]).to_numpy()
    low, high = (np.where(enough, end.reshape(enough.shape), np.nan) for end in ends)
    return low, high


def bootstrap(
    a: Floats,
    b: Floats,
    groups: NDArray[np.intp],
    rng: np.random.Generator,
    draws: int = DRAWS,
) -> Floats:
    """(draws, columns of a, columns of b): Spearman correlations with groups drawn with
    replacement, with all their members; NaN where a draw leaves a column without variation."""
    count = int(groups.max()) + 1
    times = rng.multinomial(count, np.full(count, 1 / count), size=draws)
    weights = times[:, groups].astype(float)  # (draws, languages): how often each is in
    sides = [np.stack([_ranks(v, weights) for v in side.T], axis=2) for side in (a, b)]
    share = (weights / weights.sum(1, keepdims=True))[:, :, None]
    sides = [side - (share * side).sum(1, keepdims=True) for side in sides]
    cross = np.einsum("bnk,bnm->bkm", share * sides[0], sides[1])
    spread = [(share * side**2).sum(1) for side in sides]
    scale = np.sqrt(spread[0][:, :, None] * spread[1][:, None, :])
    return np.where(scale > 1e-9, cross / np.where(scale > 1e-9, scale, 1), np.nan)


def _ranks(values: Floats, weights: Floats) -> Floats:
    """(draws, languages): each one's mid-rank in a sample that has it `weights` times."""
    below = (values[None, :] < values[:, None]).astype(float)  # (languages, languages)
    same = (values[None, :] == values[:, None]).astype(float)
    return weights @ below.T + (weights @ same.T + 1) / 2


def permutation(a: Floats, b: Floats, rng: np.random.Generator) -> Floats:
    """(columns of a, columns of b): two-sided p of standard columns being uncorrelated.

    The share of permutations whose correlation is as large: of all of them up to EXACT languages,
    else of PERMUTATIONS at random and the observed one.
    """
    seen, count = np.abs(a.T @ b) - 1e-9, len(a)
    if count <= EXACT:
        orders = np.array(list(itertools.permutations(range(count))))
        given = 0
    else:
        orders = rng.permuted(np.tile(np.arange(count), (PERMUTATIONS, 1)), axis=1)
        given = 1
    drawn = np.abs(np.einsum("nk,pnm->pkm", a, b[orders], optimize=True))
    return ((drawn >= seen).sum(0) + given) / (len(orders) + given)


# -- power --


def smallest(count: int, power: float = 0.8, level: float = LEVEL) -> float:
    """The smallest correlation that `count` independent languages show with this `power`; NaN of
    four or fewer. By Fisher's z; languages of one family count for less, so it is a lower bound."""
    if count <= 4:
        return math.nan
    return math.tanh(_z(power, level) * math.sqrt(SPEARMAN / (count - 3)))


def needed(rho: float, power: float = 0.8, level: float = LEVEL) -> float:
    """How many independent languages show a correlation of `rho`; infinite for 0."""
    if abs(rho) < 1e-9:
        return math.inf
    if abs(rho) >= 1:
        return 5.0
    return float(math.ceil(3 + SPEARMAN * (_z(power, level) / math.atanh(abs(rho))) ** 2))


def _z(power: float, level: float) -> float:
    return float(distributions.norm.ppf((1 + level) / 2) + distributions.norm.ppf(power))
