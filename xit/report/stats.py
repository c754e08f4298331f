"""What a change is worth: intervals, tests, ranks and variance components of a study's scores.

    told = effect(grid(change, families))         # one intermediate task on one target
    told.these, told.new                          # two intervals of one mean

The unit is the change against no intermediate task, paired by target, language and seed, in points.
Seeds, languages and test items are separate sources of chance. Two intervals of the same mean say
what it holds for: *these languages* (other seeds, other items, the languages as they are) and *new
languages* (others of such families as well: families are resampled with all their languages).

Resampling a source with replacement shows how far the mean moves with it; what `variances` gives is
the limit of infinitely many resamples, each times n/(n-1), as three seeds resampled vary by a third
too little. Seeds are crossed with languages and items, so what moves with both would count twice;
it is taken off once. The interval is then the mean ± t · √variance, t with Satterthwaite's degrees
of freedom: a percentile of three seeds would cover the truth in three cases of four, not in 95 of
100. tests/report/test_stats.py simulates studies and counts.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special
from scipy import stats as distributions

from xit.errors import XitError

Floats = NDArray[np.float64]
LEVEL = 0.95
RESAMPLES = 2000


class Interval(NamedTuple):
    """Lower and upper end, in points; both NaN where there is none ("no interval")."""

    low: float = math.nan
    high: float = math.nan

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int | float) and self.low <= value <= self.high

    @property
    def there(self) -> bool:
        """Whether there is one."""
        return not math.isnan(self.low)


class Grid(NamedTuple):
    """The changes of one intermediate task on one target, in points."""

    values: Floats  # (seeds, languages)
    languages: list[str]
    families: list[str]  # of each language
    # of each language (seeds, test items): changes whose mean over items is that of `values`
    items: list[Floats] | None = None


class Variances(NamedTuple):
    """The variance of a grid's mean by source; NaN where there is too little to tell."""

    seeds: float
    languages: float  # families resampled with their languages
    both: float  # what moves with a seed and a language, in each of the two above
    items: float
    df: dict[str, float]  # degrees of freedom of each


class Effect(NamedTuple):
    """A mean change and how firm it is."""

    mean: float
    these: Interval  # these languages
    new: Interval  # new languages
    seeds_only: Interval  # t-interval on the seeds' means
    p: float  # two-sided, that `these` languages do not change
    improved: float  # share of (language, seed) pairs that gain, 0-1; ties count half
    seeds: int
    languages: int
    families: int


def grid(
    change: pd.DataFrame,
    families: Mapping[str, str],
    items: Mapping[str, Floats] | None = None,
) -> Grid:
    """The `change` (columns language, seed, change) of one task on one target as a grid.

    `families`: language → its family; a language without one is a family of its own. `items`:
    language → (seeds in ascending order, items). XitError where rows are not one for each seed and
    language, where seeds and languages look swapped, and where items do not add up to the change.
    """
    if not len(change):
        raise XitError("no changes to look at")
    seeds, codes = change["seed"], change["language"]
    if not pd.api.types.is_integer_dtype(seeds) or pd.api.types.is_numeric_dtype(codes):
        told = f"seed {seeds.iloc[0]}, language {codes.iloc[0]}"
        raise XitError(f"{told}: expected whole numbers as seeds and codes as languages")
    rows, row = np.unique(seeds.to_numpy(), return_inverse=True)
    names, column = np.unique(codes.to_numpy(object), return_inverse=True)
    times = np.zeros((len(rows), len(names)), int)
    np.add.at(times, (row, column), 1)
    if (at := np.argwhere(times > 1)).size:
        told = f"two changes of seed {rows[at[0][0]]} in {names[at[0][1]]}"
        raise XitError(f"{told}: choose one task")
    values = np.full(times.shape, np.nan)
    values[row, column] = change["change"].to_numpy(float)
    if (at := np.argwhere(np.isnan(values))).size:
        told = f"no change of seed {rows[at[0][0]]} in {names[at[0][1]]}"
        raise XitError(f"{told}: every seed needs every language")
    languages = [str(c) for c in names]
    told_items = None if items is None else [_items(items, c, values, languages) for c in languages]
    return Grid(values, languages, [families.get(c) or f"only {c}" for c in languages], told_items)


def _items(items: Mapping[str, Floats], code: str, values: Floats, languages: list[str]) -> Floats:
    if code not in items:
        raise XitError(f"no test items of {code}")
    one = np.asarray(items[code], float)
    if one.ndim != 2 or len(one) != len(values):
        told = f"test items of {code} have shape {one.shape}"
        raise XitError(f"{told}: expected ({len(values)} seeds, number of items)")
    if not np.allclose(one.mean(1), values[:, languages.index(code)], atol=1e-6):
        raise XitError(f"the test items of {code} do not add up to its change")
    return one


# -- Student's t, as scipy.stats has it but without its checks, which take most of the time --


def t_quantile(q: float, df: float) -> float:
    """What t with `df` degrees of freedom stays below with probability `q`."""
    return float(special.stdtrit(df, q))


def t_tail(t: float, df: float) -> float:
    """The probability that it is above `t`."""
    return float(special.stdtr(df, -t))


# -- one mean --


def variances(told: Grid) -> Variances:
    """The variance of the mean that each source gives, from the grid alone."""
    values = told.values
    seeds, languages = values.shape
    by_seed, by_language, mean = values.mean(1), values.mean(0), values.mean()
    groups = pd.factorize(np.array(told.families))[0]
    families = groups.max() + 1
    left = values - by_seed[:, None] - by_language[None] + mean
    freedom = (seeds - 1) * (languages - 1)
    of_seeds = by_seed.var(ddof=1) / seeds if seeds > 1 else math.nan
    of_families = _of_families(by_language, groups) if families > 1 else math.nan
    both = (left**2).sum() / freedom / values.size if freedom else math.nan
    of_items, items_df = math.nan, math.nan
    if told.items is not None and seeds > 1:
        parts = [_of_items(one) for one in told.items]
        of_items = sum(v for v, _ in parts) / languages**2
        items_df = float(sum(df for _, df in parts))
    df = {"seeds": seeds - 1.0, "languages": families - 1.0, "both": freedom, "items": items_df}
    return Variances(float(of_seeds), float(of_families), float(both), float(of_items), df)


def _of_families(by_language: Floats, groups: NDArray[np.intp]) -> float:
    """The variance of the mean when families are drawn: of their sums, made unbiased for families
    of unequal size (for equal ones it is n/(n-1)).
    """
    sums = np.bincount(groups, weights=by_language - by_language.mean()) / len(groups)
    share = np.bincount(groups) / len(groups)
    squares = (share**2).sum()
    unbiased = squares / (squares - 2 * (share**3).sum() + squares**2)
    return float((sums**2).sum() * unbiased)


def _of_items(one: Floats) -> tuple[float, float]:
    """(variance of one language's mean by what its items share over seeds, degrees of freedom)."""
    seeds, count = one.shape
    if count < 2:
        return 0.0, 0.0
    left = one - one.mean(1, keepdims=True) - one.mean(0, keepdims=True) + one.mean()
    noise = (left**2).sum() / ((seeds - 1) * (count - 1))
    shared = one.mean(0).var(ddof=1) - noise / seeds
    return max(0.0, float(shared)) / count, count - 1.0


def effect(told: Grid, level: float = LEVEL) -> Effect:
    """The mean change with its intervals. From one seed there are none."""
    values, v = told.values, variances(told)
    seeds, languages = values.shape
    mean = float(values.mean())
    shared = {"seeds": v.seeds} | ({} if math.isnan(v.items) else {"items": v.items})
    # what differs between languages whatever the seed; their items are in it
    of_new = {"seeds": v.seeds, "languages": np.maximum(0.0, v.languages - v.both)}
    these, p = _interval(mean, shared, v.df, level)
    new, _ = _interval(mean, of_new, v.df, level)
    alone, _ = _interval(mean, {"seeds": v.seeds}, v.df, level)
    better = float(((values > 0) + 0.5 * (values == 0)).mean())
    count = len(set(told.families))
    return Effect(mean, these, new, alone, p, better, seeds, languages, count)


def _interval(
    mean: float, parts: Mapping[str, float], df: Mapping[str, float], level: float
) -> tuple[Interval, float]:
    """(interval, two-sided p of a mean of 0); none where a part is not known."""
    total = sum(parts.values())
    if math.isnan(total):
        return Interval(), math.nan
    if total == 0:
        return Interval(mean, mean), float(mean == 0)
    freedom = 1 / sum((part / total) ** 2 / df[name] for name, part in parts.items() if part)
    half = t_quantile((1 + level) / 2, freedom) * math.sqrt(total)
    p = 2 * t_tail(abs(mean) / math.sqrt(total), freedom)
    return Interval(mean - half, mean + half), p


def resample(
    told: Grid, sources: Iterable[str], rng: np.random.Generator, draws: int = RESAMPLES
) -> Floats:
    """The mean in each of `draws` resamples of `sources` (of "seeds", "languages", "items")."""
    chosen = set(sources)
    if wrong := chosen - {"seeds", "languages", "items"}:
        raise ValueError(f"unknown source {min(wrong)!r}")
    seeds, languages = told.values.shape
    of_seeds = _weights(np.arange(seeds), draws, rng if "seeds" in chosen else None)
    groups = pd.factorize(np.array(told.families))[0]
    of_languages = _weights(groups, draws, rng if "languages" in chosen else None)
    values = np.broadcast_to(told.values, (draws, seeds, languages))
    if "items" in chosen:
        if told.items is None:
            raise ValueError("no test items to resample")
        columns = [
            _weights(np.arange(one.shape[1]), draws, rng) @ one.T for one in told.items
        ]  # (draws, seeds) each
        values = np.stack(columns, axis=2)
    return np.einsum("bs,bl,bsl->b", of_seeds, of_languages, values)


def _weights(groups: NDArray[np.intp], draws: int, rng: np.random.Generator | None) -> Floats:
    """(draws, units), each row adding up to 1: groups drawn with replacement, with all units."""
    if rng is None:
        return np.full((draws, len(groups)), 1 / len(groups))
    count = int(groups.max()) + 1
    drawn = rng.multinomial(count, np.full(count, 1 / count), size=draws)
    weights = drawn[:, groups].astype(float)
    return weights / weights.sum(1, keepdims=True)


# -- several tasks --


def holm(p: Sequence[float]) -> list[float]:
    """p-values adjusted for their number (Holm 1979); NaN stays, and does not count."""
    values = np.asarray(p, float)
    order = np.argsort(values)[: int((~np.isnan(values)).sum())]  # NaN is sorted to the end
    steps = values[order] * np.arange(len(order), 0, -1)
    adjusted = values.copy()
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return [float(x) for x in adjusted]


def ranks(
    grids: Mapping[str, Grid], rng: np.random.Generator, level: float = LEVEL
) -> pd.DataFrame:
    """Rank of each task by its mean change (1 is best), with the interval over resampled seeds and
    languages: columns rank, low, high, by task. All tasks are resampled together.

    Without interval (NaN) from one seed. XitError where tasks differ in seeds or languages.
    """
    names = list(grids)
    shapes = {(one.values.shape, tuple(one.languages)) for one in grids.values()}
    if len(shapes) > 1:
        raise XitError("tasks to be ranked differ in their seeds or languages")
    means = np.array([one.values.mean() for one in grids.values()])
    frame = pd.DataFrame({"rank": distributions.rankdata(-means)}, index=names)
    first = grids[names[0]]
    if len(first.values) < 2:
        return frame.assign(low=math.nan, high=math.nan)
    state = rng.bit_generator.state
    drawn = []
    for one in grids.values():  # the same draws for each
        rng.bit_generator.state = state
        drawn.append(resample(one, ("seeds", "languages"), rng))
    every = distributions.rankdata(-np.array(drawn), axis=0)
    tail = (1 - level) / 2
    low, high = np.quantile(every, [tail, 1 - tail], axis=1, method="nearest")
    return frame.assign(low=low, high=high)


def agreement(means: pd.DataFrame) -> pd.DataFrame:
    """Kendall's τ-b between targets (columns) over the tasks (rows) that both have.

    Whether a task that helps one target helps another. NaN for fewer than two tasks.
    """
    return means.corr(method="kendall", min_periods=2)


class Components(NamedTuple):
    """A mixed model of changes: mean with its interval, and the variance by source (points²)."""

    mean: float
    interval: Interval
    variance: dict[str, float]  # seed, family, language, rest

    def share(self, source: str) -> float:
        """Of the whole variance, 0-1."""
        total = sum(self.variance.values())
        return self.variance[source] / total if total else math.nan


def components(told: Grid, level: float = LEVEL) -> Components | None:
    """A second opinion: the mixed model change ~ 1 + (1|seed) + (1|family) + (1|language), by REML.

    None where there are fewer than two seeds or languages, or the fit does not converge.
    """
    import warnings

    from statsmodels.regression.mixed_linear_model import MixedLM, VCSpec

    seeds, languages = told.values.shape
    if seeds < 2 or languages < 2:
        return None
    factors = {
        "seed": list(np.repeat(np.arange(seeds), languages)),
        "language": told.languages * seeds,
        "family": told.families * seeds,
    }
    if not 1 < len(set(told.families)) < languages:
        del factors["family"]
    # sorted, as by the formula of the same model: Powell goes through them one by one
    names, ones = sorted(factors), np.ones(seeds * languages)
    levels = {name: sorted(set(of)) for name, of in factors.items()}
    columns = [[[str(level) for level in levels[name]]] for name in names]
    mats = [[np.equal.outer(factors[n], levels[n]).astype(float)] for n in names]
    parts = VCSpec(names, columns, mats)
    model = MixedLM(told.values.ravel(), ones[:, None], groups=ones, exog_vc=parts)
    fitted = None
    with warnings.catch_warnings():  # a component at its bound of 0 is an answer here
        warnings.simplefilter("ignore")
        # without derivatives, which lead astray at that bound. On the way to it Powell may meet a
        # singular matrix, on one processor and not on another: then Nelder and Mead's simplex
        for method in ("powell", "nm"):
            with suppress(np.linalg.LinAlgError):
                fitted = model.fit(reml=True, method=[method])
                if fitted.converged:
                    break
    if fitted is None or not fitted.converged:
        return None
    found = dict(zip(names, fitted.vcomp, strict=True))
    variance = {name: float(found.get(name, 0.0)) for name in ("seed", "family", "language")}
    low, high = fitted.conf_int(alpha=1 - level)[0]
    rest = {"rest": float(fitted.scale)}
    mean = float(fitted.fe_params[0])
    return Components(mean, Interval(float(low), float(high)), variance | rest)


# -- against the paper --

# The rule, fixed before looking; printed on the page.
RULE = (
    "*Reproduced*: the paper's value lies in our 95% prediction interval for one new run. *Same "
    "direction*: it does not, but both changes have one sign. *Not reproduced*: neither. *Not "
    "comparable*: our study has other languages or another model (lab, mini). *No interval*: "
    "from one seed nothing can be said."
)


def prediction(by_seed: Sequence[float], level: float = LEVEL) -> Interval:
    """Where one new run's mean would lie, from those of the seeds: t, with √(1 + 1/n)."""
    values = np.asarray(by_seed, float)
    if len(values) < 2:
        return Interval()
    half = t_quantile((1 + level) / 2, len(values) - 1)
    half *= float(values.std(ddof=1)) * math.sqrt(1 + 1 / len(values))
    mean = float(values.mean())
    return Interval(mean - half, mean + half)


def verdict(by_seed: Sequence[float], published: float, comparable: bool) -> str:
    """What RULE says of the seeds' mean changes beside the paper's change."""
    if not comparable:
        return "not comparable"
    interval = prediction(by_seed)
    if not interval.there:
        return "no interval"
    if published in interval:
        return "reproduced"
    return "same direction" if np.mean(by_seed) * published > 0 else "not reproduced"
