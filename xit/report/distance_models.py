"""What each property of a language costs, with the others held equal: regressions of outcomes.

    coefficients(told, properties(table, "qaa"))    # the lab: every property its own coefficient
    slopes(told, table)                             # points for every tenth of one distance
    mixed(told, table, "score")                     # natural languages: distances together

The unit is the language: a language's number is its mean over seeds, so that many seeds do not make
few languages many. Coefficients have t-intervals with the degrees of freedom of the languages.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from xit.report import distance, stats, typology
from xit.report.distance import ALPHA, MAIN

LEAST = 3  # degrees of freedom for a regression on all properties together
POWER = 0.8
EVERY = "all"  # stands for the mean over the targets that have every language
JOINT = ("syntactic", "phonological", "inventory", "geographic", "genetic", typology.SCRIPT,
         typology.OVERLAP)  # fmt: skip  # "featural" is made of the first three


def properties(table: pd.DataFrame, source: str) -> pd.DataFrame | None:
    """How each language differs from `source` in the lab's properties, indexed by language; None
    of a table without them.

    1 where word order, adposition, adjective, case marking or script is another, else 0; words:
    the share of the vocabulary that is neither cognate nor borrowed, 0-1.
    """
    if "order" not in table or source not in table.index:
        return None
    named = {"word order": "order", "adposition": "adposition", "adjective": "adjective",
             "case": "case", "script": "script"}  # fmt: skip
    own = table.loc[source]
    told = {k: (table[column] != own[column]).astype(float) for k, column in named.items()}
    told["words"] = (1 - table["cognates"]) * (1 - table["loanwords"])
    return pd.DataFrame(told).drop(index=source)


class Fit(NamedTuple):
    """A regression: one entry a predictor."""

    value: np.ndarray
    error: np.ndarray  # standard errors
    df: int


def least_squares(y: np.ndarray, x: np.ndarray) -> Fit | None:
    """y ~ 1 + x, (languages,) and (languages, predictors); None where x is not of full rank or
    leaves no degree of freedom."""
    design = np.column_stack([np.ones(len(y)), x])
    df = len(y) - design.shape[1]
    if df < 1 or np.linalg.matrix_rank(design) < design.shape[1]:
        return None
    inverse = np.linalg.inv(design.T @ design)
    value = inverse @ design.T @ y
    noise = float(((y - design @ value) ** 2).sum()) / df
    return Fit(value[1:], np.sqrt(noise * np.diag(inverse))[1:], df)


def smallest(error: float, df: int, power: float = POWER, alpha: float = ALPHA) -> float:
    """The smallest coefficient that such a standard error shows with this `power`."""
    return error * (stats.t_quantile(1 - alpha / 2, df) + stats.t_quantile(power, df))


def with_every(told: pd.DataFrame, codes: Sequence[str]) -> pd.DataFrame:
    """`told` (distance.outcomes) and a target EVERY: the mean over targets that have all `codes`.

    A mean over the same languages, so that no target's own languages move a coefficient. Only
    outcomes and seeds that all these targets have.
    """
    found = told[told["language"].isin(codes)]
    whole = found.groupby("target")["language"].nunique()
    wide = found[found["target"].isin(whole[whole == len(codes)].index)]
    count = wide["target"].nunique()
    if count < 2:
        return told
    groups = wide.groupby(["outcome", "language", "seed"], sort=False)["value"]
    mean = groups.agg(["mean", "size"]).reset_index().rename(columns={"mean": "value"})
    mean = mean[mean["size"] == count].drop(columns="size").assign(target=EVERY)
    return pd.concat([told, mean[told.columns]], ignore_index=True)


def designed(told: pd.DataFrame, predictors: pd.DataFrame | None) -> pd.DataFrame:
    """`coefficients` of `told` and the target EVERY; no rows without predictors."""
    if predictors is None:
        return coefficients(told[:0], pd.DataFrame())
    return coefficients(with_every(told, list(predictors.index)), predictors)


def drawn(found: pd.DataFrame) -> list[str]:
    """The targets of `coefficients` that a figure shows: XNLI, PAWS-X, and EVERY."""
    there = set(found["target"])
    return [t for t in (*distance.SENTENCE, EVERY) if t in there] or sorted(there)[:2]


def coefficients(told: pd.DataFrame, predictors: pd.DataFrame) -> pd.DataFrame:
    """Points for each property, by outcome and target.

    All properties together where that leaves LEAST degrees of freedom (`together`), else each
    alone. Columns outcome, target, property, value, low, high, p, holm (within a target and kind of
    outcome), df, together, `smallest` (what would have been seen with 80% power), lowest and
    highest (over the seeds). Properties that do not vary over a target's languages are left out.
    """
    rows = []
    for (outcome, target), part in told.groupby(["outcome", "target"], sort=False):
        wide = part.pivot_table(index="language", columns="seed", values="value")
        wide = wide.dropna().reindex([c for c in predictors.index if c in wide.index])
        x = predictors.loc[wide.index]
        names = [n for n in x if x[n].nunique() > 1]
        together = len(wide) - len(names) - 1 >= LEAST
        for group in [names] if together else [[n] for n in names]:
            rows += _fitted(str(outcome), str(target), wide, x[group], together)
    columns = ["outcome", "target", "property", "value", "low", "high", "p", "df", "together",
               "smallest", "lowest", "highest"]  # fmt: skip
    found = pd.DataFrame(rows, columns=columns)
    if not len(found):
        return found.assign(holm=[])
    within = [found["target"], found["outcome"].map(distance.kind)]
    found["holm"] = found.groupby(within, sort=False)["p"].transform(lambda p: stats.holm(list(p)))
    return found


def _fitted(
    outcome: str, target: str, wide: pd.DataFrame, x: pd.DataFrame, together: bool
) -> list[dict[str, object]]:
    """Rows of `coefficients`; `wide`: languages × seeds."""
    fit = least_squares(wide.mean(axis=1).to_numpy(), x.to_numpy())
    if fit is None:
        return []
    seeds = [least_squares(wide[s].to_numpy(), x.to_numpy()) for s in wide]
    of_seeds = np.array([one.value for one in seeds if one is not None])
    rows = []
    for i, name in enumerate(x):
        value, error = float(fit.value[i]), float(fit.error[i])
        low, high, p = _about(value, error, fit.df)
        ends = {"low": low, "high": high}
        span = {"lowest": float(of_seeds[:, i].min()), "highest": float(of_seeds[:, i].max())}
        told = {"outcome": outcome, "target": target, "property": str(name), "value": value}
        more = {"p": p, "df": fit.df, "together": together, "smallest": smallest(error, fit.df)}
        rows.append(told | ends | more | span)
    return rows


# -- natural languages --


class Slope(NamedTuple):
    """Points for every tenth of a distance."""

    target: str
    outcome: str
    value: float
    low: float
    high: float
    p: float
    smallest: float  # what would have been seen with 80% power
    family: float  # share of the variance left that is the family's, 0-1; NaN where not fitted
    languages: int
    families: int


def slopes(
    told: pd.DataFrame, table: pd.DataFrame, wanted: Sequence[str], name: str = MAIN
) -> pd.DataFrame:
    """A mixed model a target and outcome of `wanted`: value ~ distance + (1 | family), by REML.

    Rows as Slope, t-intervals with a degree of freedom less than families. Without the family's
    part, by least squares, where there are not LEAST languages more than families, or fewer than
    five families, or the model does not converge. No row below five languages.
    """
    rows = []
    for (target, outcome), part in told.groupby(["target", "outcome"], sort=False):
        mean = part.groupby("language", sort=False)["value"].mean()
        frame = pd.DataFrame({"value": mean, "far": table[name].reindex(mean.index).astype(float)})
        frame["family"] = table["family"].reindex(frame.index)
        frame = frame.dropna()
        if outcome in wanted and len(frame) >= 5 and frame["far"].nunique() > 2:
            rows.append(_slope(str(target), str(outcome), frame))
    return pd.DataFrame(rows, columns=list(Slope._fields))


def _slope(target: str, outcome: str, frame: pd.DataFrame) -> Slope:
    count, families = len(frame), frame["family"].nunique()
    fit, share, df = None, math.nan, families - 1
    if count >= families + LEAST and families >= 5:
        fit = fit_mixed("value ~ far", frame, {"family": "0 + C(family)"})
    if fit is not None:
        value, error = float(fit.params["far"]), float(fit.bse_fe["far"])
        share = float(fit.vcomp[0] / (fit.vcomp[0] + fit.scale))
    else:
        plain = least_squares(frame["value"].to_numpy(), frame[["far"]].to_numpy())
        assert plain is not None  # the distance varies, and there are five languages
        value, error, df = float(plain.value[0]), float(plain.error[0]), plain.df
    low, high, p = _about(value, error, df)
    told = [v / 10 for v in (value, low, high)]
    seen = smallest(error, df) / 10
    return Slope(target, outcome, told[0], told[1], told[2], p, seen, share, count, families)


def _about(value: float, error: float, df: int) -> tuple[float, float, float]:
    """(low, high, two-sided p) by t."""
    if not error:
        return value, value, math.nan
    half = error * stats.t_quantile(1 - ALPHA / 2, df)
    p = 2 * stats.t_tail(abs(value) / error, df)
    return value - half, value + half, p


def mixed(
    told: pd.DataFrame, table: pd.DataFrame, outcome: str, names: Sequence[str] = JOINT
) -> pd.DataFrame | None:
    """All distances together over all targets: value ~ distances + (1 | family) + (1 | language),
    by REML, values in standard deviations over their target's languages.

    A row a distance: `value`, standard deviations for one of the distance; low, high, p by t with a
    degree of freedom less than families; `inflation`, how much the other distances inflate its
    variance. Distances that are not known of all languages are left out. None where the fit fails
    or there are no more than two languages a distance.
    """
    mean = told[told["outcome"] == outcome].groupby(["target", "language"], sort=False)["value"]
    frame = mean.mean().reset_index()
    by_target = frame.groupby("target")["value"]
    frame["value"] = (frame["value"] - by_target.transform("mean")) / by_target.transform("std")
    far = table.loc[table.index.isin(frame["language"]), [n for n in names if n in table]]
    far = far.astype(float)
    far = far.loc[:, (far.nunique() > 1) & far.notna().all()]
    if not len(far.columns) or len(far) <= 2 * len(far.columns):
        return None
    scaled = (far - far.mean()) / far.std()
    short = {name: f"far{i}" for i, name in enumerate(scaled)}
    frame = frame.merge(scaled.rename(columns=short), left_on="language", right_index=True).dropna()
    frame = frame.assign(family=frame["language"].map(table["family"]))
    random = {"family": "0 + C(family)", "language": "0 + C(language)"}
    fit = fit_mixed(f"value ~ {' + '.join(short.values())}", frame, random)
    df = frame["family"].nunique() - 1
    if fit is None or df < 1:
        return None
    together = np.corrcoef(scaled.to_numpy().T).reshape(len(short), -1)
    rows = []
    for (name, s), more in zip(short.items(), np.diag(np.linalg.pinv(together)), strict=True):
        value, error = float(fit.params[s]), float(fit.bse_fe[s])
        low, high, p = _about(value, error, df)
        row = {"outcome": outcome, "distance": name, "value": value, "low": low, "high": high}
        rows.append(row | {"p": p, "smallest": smallest(error, df), "inflation": float(more)})
    return pd.DataFrame(rows).assign(languages=len(far), families=df + 1)


def fit_mixed(formula: str, frame: pd.DataFrame, random: dict[str, str]):  # type: ignore[no-untyped-def]
    """A mixed model of statsmodels with crossed random effects, or None if it does not converge.

    By two ways to search, of which the likelier end counts: a component at its bound of 0, which is
    an answer here, leads either astray now and then.
    """
    import warnings

    import statsmodels.formula.api as formulas

    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = formulas.mixedlm(formula, frame, groups=np.ones(len(frame)), vc_formula=random)
        for method in ("lbfgs", "powell"):
            try:
                fit = model.fit(reml=True, method=[method])
            except (np.linalg.LinAlgError, ValueError):
                continue
            if fit.converged and np.isfinite(fit.bse_fe).all():
                found.append(fit)
    return max(found, key=lambda fit: fit.llf, default=None)
