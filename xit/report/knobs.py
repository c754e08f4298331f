"""Complexity that is set: what one knob of the lab's generator does to transfer, all else alike.

    contrast = ablations.contrast(ablations.scores(section, chains))
    table = layout(contrast, source)      # a row a knob, level, target and seed
    told = effects(contrast, table, families)

The comparison is with the task as it is, by the same seed. Besides the interval that the seeds of
one level give (report/stats.py, two degrees of freedom from three seeds), all levels and seeds
together give one error, that of the two-way layout change = level + seed; its degrees of freedom,
(levels - 1)(seeds - 1), make the shorter interval, if levels do not differ in how much runs vary.
"""

import itertools
import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats as distributions

from xit import tasks, variants
from xit.report import stats
from xit.report.stats import LEVEL, Interval

POWER = 0.8
# what a knob moves first, of complexity.MEASURES: fixed beforehand
MOVES = {"facts": "length", "steps": "information", "vocabulary": "information",
         "noise": "information"}  # fmt: skip


def layout(contrast: pd.DataFrame, source: str) -> pd.DataFrame:
    """Changes in points (mean over zero-shot languages), one row a level, target and seed.

    Columns task, knob, level, place (0 is the task's own level, 1 and 2 the next), target, seed,
    change. Every knob has rows of the task's own level. Variants without a knob are left out.
    """
    named = contrast["intermediate"].map(variants.parse)
    told = contrast.assign(knob=named.map(lambda v: v.knob))
    told = told[(told["knob"] != "") & (told["language"] != source)]
    key = ["task", "knob", "target", "seed"]
    means = told.groupby(key, sort=False)[["with", "without"]].mean().reset_index()
    means[["knob", "level"]] = means["knob"].str.split("-", expand=True)
    means["level"] = means["level"].astype(float)
    own = means.drop_duplicates(["task", "knob", "target", "seed"])
    own = own.assign(level=own["knob"].map(lambda k: float(tasks.KNOBS[k][0])))
    rows = pd.concat([own.assign(change=own["without"]), means.assign(change=means["with"])])
    place = [tasks.KNOBS[k].index(x) for k, x in zip(rows["knob"], rows["level"], strict=True)]
    columns = ["task", "knob", "level", "place", "target", "seed", "change"]
    return rows.assign(place=place)[columns].reset_index(drop=True)


class Pooled(NamedTuple):
    """The error of one run in the two-way layout, in points, with its degrees of freedom."""

    error: float
    df: int
    seeds: int

    @property
    def of_difference(self) -> float:
        """The standard error of a level's mean difference to the task as it is."""
        return self.error * math.sqrt(2 / self.seeds)

    def around(self, value: float, standard: float) -> Interval:
        """The interval of `value` that has this `standard` error; none from one seed."""
        if not self.df:
            return Interval()
        half = float(distributions.t.ppf((1 + LEVEL) / 2, self.df)) * standard
        return Interval(value - half, value + half)

    @property
    def detectable(self) -> float:
        """The difference in points that would have been seen (p < .05) four times of five."""
        if not self.df:
            return math.nan
        t = distributions.t.ppf([(1 + LEVEL) / 2, POWER], self.df)
        return float(t.sum()) * self.of_difference


def pooled(table: pd.DataFrame) -> Pooled:
    """Of the `layout` of one target: all its levels and seeds, the task's own level once."""
    cells = table.assign(name=table["knob"] + table["level"].astype(str))
    cells.loc[cells["place"] == 0, "name"] = "own"
    wide = cells.drop_duplicates(["name", "seed"]).pivot(
        index="name", columns="seed", values="change"
    )
    values = wide.to_numpy(float)
    levels, seeds = values.shape
    df = (levels - 1) * (seeds - 1)
    left = values - values.mean(1, keepdims=True) - values.mean(0, keepdims=True) + values.mean()
    return Pooled(math.sqrt((left**2).sum() / df) if df else math.nan, df, seeds)


def effects(
    contrast: pd.DataFrame, table: pd.DataFrame, family: Mapping[str, str], source: str
) -> pd.DataFrame:
    """One row a variant and target: knob, level, target, mean (points against the task as it is),
    these, new, p (report/stats.py), pooled (interval), pooled_p, adjusted (pooled_p by Holm within
    the target), seeds.
    """
    rows = []
    for target, of_target in table.groupby("target", sort=False):
        told = contrast[(contrast["target"] == target) & (contrast["language"] != source)]
        error = pooled(of_target)
        for name, part in told.groupby("intermediate", sort=False):
            if not (knob := variants.parse(str(name)).knob):
                continue
            one = stats.effect(stats.grid(part.assign(change=part["difference"]), family))
            standard = error.of_difference
            t = abs(one.mean) / standard if error.df and standard else math.nan
            rows.append(
                {
                    "intermediate": name,
                    "knob": knob.partition("-")[0],
                    "level": float(knob.partition("-")[2]),
                    "target": target,
                    "mean": one.mean,
                    "these": one.these,
                    "new": one.new,
                    "p": one.p,
                    "pooled": error.around(one.mean, standard),
                    "pooled_p": 2 * float(distributions.t.sf(t, error.df))
                    if error.df
                    else math.nan,
                    "seeds": one.seeds,
                }
            )
    frame = pd.DataFrame(rows)
    adjusted = frame.groupby("target", sort=False)["pooled_p"].transform(
        lambda p: stats.holm(list(p))
    )
    return frame.assign(adjusted=adjusted)


class Trend(NamedTuple):
    """Change of the change from one level to the next, in points; p is exact."""

    slope: float
    interval: Interval
    p: float
    levels: int


def trend(line: pd.DataFrame, error: Pooled) -> Trend:
    """Of the `layout` of one knob and target, over the order of its levels.

    slope: by least squares, mean over seeds, with the pooled `error`. p, two-sided: the share of
    all ways to exchange the levels within each seed that give a slope as far from 0. H0: the levels
    of a seed differ by chance only. Two levels and three seeds cannot go below p = 1/4, three
    levels not below 1/108.
    """
    wide = line.pivot(index="seed", columns="place", values="change").sort_index(axis=1)
    x = np.array(wide.columns, float)
    x = x - x.mean()
    values = wide.to_numpy(float)
    slope = float((values @ x).mean() / (x @ x))
    standard = error.error / math.sqrt(float(x @ x) * len(values))
    sums = [np.array([row[list(o)] @ x for o in itertools.permutations(range(len(x)))])
            for row in values]  # fmt: skip
    every = np.zeros(1)
    for one in sums:  # every way for the first seed with every way for the second …
        every = np.add.outer(every, one).ravel()
    seen = abs(float((values @ x).sum()))
    p = float((np.abs(every) >= seen - 1e-9).mean()) if len(values) > 1 else math.nan
    return Trend(slope, error.around(slope, standard), p, len(x))


def trends(table: pd.DataFrame) -> pd.DataFrame:
    """One row a knob and target: knob, target, the fields of `Trend`."""
    rows = []
    for target, of_target in table.groupby("target", sort=False):
        error = pooled(of_target)
        for knob, line in of_target.groupby("knob", sort=False):
            rows.append({"knob": knob, "target": target} | trend(line, error)._asdict())
    return pd.DataFrame(rows, columns=["knob", "target", *Trend._fields])


def beside(
    effects: pd.DataFrame, informed: pd.DataFrame, observed: pd.DataFrame, printed: pd.DataFrame
) -> pd.DataFrame:
    """What is set beside what is observed: one row a knob and target, at its furthest level.

    knob, level, target, measure (MOVES), moved (by how much, against the task as it is), effect
    (points), interval (pooled), rho (of that measure and target over the study's tasks), predicted
    (sign of the effect if what is observed were the cause: -1, 0, 1), agrees (whether the effect,
    if its interval excludes 0, has that sign; None if it does not). `printed`: correlations of the
    published numbers, for `printed_rho`. `informed`: measures of the variants and the plain task.
    """
    rows = []
    for (knob, target), part in effects.groupby(["knob", "target"], sort=False):
        last = part.iloc[part["level"].map(tasks.KNOBS[str(knob)].index).argmax()]
        measure = MOVES[str(knob)]
        plain = variants.parse(last["intermediate"]).task
        moved = informed[measure].get(last["intermediate"], math.nan) - informed[measure][plain]
        rho, paper = (_rho(frame, measure, str(target)) for frame in (observed, printed))
        sign = float(np.sign(rho * moved)) if rho == rho and moved == moved else math.nan
        apart = last["pooled"].there and 0 not in last["pooled"]
        rows.append(
            {
                "knob": knob,
                "level": last["level"],
                "target": target,
                "measure": measure,
                "moved": moved,
                "effect": last["mean"],
                "interval": last["pooled"],
                "rho": rho,
                "printed_rho": paper,
                "predicted": sign,
                "agrees": bool(np.sign(last["mean"]) == sign) if apart and sign == sign else None,
            }
        )
    return pd.DataFrame(rows)


def _rho(frame: pd.DataFrame, measure: str, target: str) -> float:
    found = frame[(frame["measure"] == measure) & (frame["outcome"] == target)]
    return float(found["rho"].iloc[0]) if len(found) else math.nan
