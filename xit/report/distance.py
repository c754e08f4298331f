"""Distance from the source language against zero-shot scores, and against what a task changes.

    rows = own_rows(main)                               # or published_rows()
    told = outcomes(rows, study.source)                 # score without, change after each task
    found = correlations(told, table)                   # a row an outcome, target and distance

One outcome is SCORE, the zero-shot score without intermediate task (0-100); all others are changes
against it in points: after each task, by its name, and their mean over the tasks, MEAN.
"""

from collections.abc import Sequence

import pandas as pd

from xit import tasks
from xit.errors import unknown
from xit.report import correlation, published, results, stats, typology
from xit.report.names import TITLES

ROWS = ["intermediate", "target", "language", "seed", "value"]
SCORE, MEAN = "score", "mean change"
MAIN = "syntactic"  # the distance of the hypothesis
SENTENCE = ("xnli", "paws_x")  # sentence-level classification: the targets of the hypothesis
ALPHA = 0.05
KINDS = {SCORE: "score", MEAN: "mean"}  # else "change": what Holm's adjustment is within, by target


def title(outcome: str) -> str:
    """An outcome as a table writes it."""
    return {SCORE: "score without", MEAN: "mean change"}.get(outcome) or TITLES[outcome]


def kind(outcome: str) -> str:
    """The family of tests that an outcome belongs to."""
    return KINDS.get(outcome, "change")


def published_rows(metrics: dict[str, str] | None = None) -> pd.DataFrame:
    """Appendix B of Phang et al. 2020 in ROWS: development scores without multilingual MLM.

    One number for all seeds (seed 0), for intermediate tasks probably the best of three. Question
    answering as the mean of F1 and EM; `metrics` (target → metric) takes another.
    """
    table = published.appendix()
    table = table[~table["mlm"] & (table["language"] != "avg")].drop(columns="mlm")
    key = ["intermediate", "target", "language"]
    both = table[table["target"].isin(published.QA)]
    both = both.groupby(key, sort=False, as_index=False)["value"].mean().assign(metric="qa")
    table = pd.concat([table, both], ignore_index=True)
    wanted = {t: tasks.target(t).metric for t in table["target"].unique()} | (metrics or {})
    table = table[table["metric"] == table["target"].map(wanted)]
    return table.assign(seed=0)[ROWS].reset_index(drop=True)


def own_rows(main: pd.DataFrame) -> pd.DataFrame:
    """A study's scores, each target in one metric, in ROWS."""
    return main[ROWS].reset_index(drop=True)


def outcomes(rows: pd.DataFrame, source: str) -> pd.DataFrame:
    """One row an outcome, target, language (never `source`) and seed: `value`, 0-100 or points.

    A change is paired by target, language and seed, as in results.change.
    """
    rest = rows[rows["language"] != source]
    paired = results.change(rest.assign(study="", split="", metric=""))
    base = rest[rest["intermediate"] == "none"].assign(outcome=SCORE)
    change = paired.assign(outcome=paired["intermediate"], value=paired["change"])
    key = ["target", "language", "seed"]
    mean = change.groupby(key, sort=False, as_index=False)["value"].mean().assign(outcome=MEAN)
    columns = ["outcome", *key, "value"]
    parts = [base, mean, change] if len(change) else [base]
    return pd.concat([part[columns] for part in parts], ignore_index=True)


def correlations(
    told: pd.DataFrame, table: pd.DataFrame, names: Sequence[str] | None = None
) -> pd.DataFrame:
    """Spearman's correlation of every outcome with every distance, by target.

    `told` as from `outcomes` (means over its seeds are taken), `table` as from typology.table, of
    which the distances `names`. Columns target, outcome, distance, rho, low, high, p, languages,
    families, `holm` (p adjusted within a target over all distances, separately for the score, the
    mean change, and all changes after single tasks), `firm` (holm < 0.05 and the interval over
    families on one side of 0).
    """
    names = typology.measures(table) if names is None else list(names)
    families = dict(table["family"].astype(str))
    parts = []
    for target, part in told.groupby("target", sort=False):
        y = part.groupby(["language", "outcome"], sort=False)["value"].mean().unstack()
        y = y.reindex(columns=part["outcome"].unique())
        x = table.reindex(y.index)[names].astype(float)
        parts.append(correlation.correlations(x, y, families).assign(target=target))
    found = pd.concat(parts, ignore_index=True).rename(columns={"x": "distance", "y": "outcome"})
    known = found.groupby("distance")["rho"].transform("count") > 0  # one that never varies is none
    found = found[known].reset_index(drop=True)
    within = [found["target"], found["outcome"].map(kind)]
    found["holm"] = found.groupby(within, sort=False)["p"].transform(lambda p: stats.holm(list(p)))
    aside = (found["low"] > 0) | (found["high"] < 0)
    found["firm"] = (found["holm"] < ALPHA) & aside
    columns = ["target", "outcome", "distance", *correlation.COLUMNS[2:], "holm", "firm"]
    return found[columns]


def primary(found: pd.DataFrame, far: str = MAIN) -> pd.DataFrame:
    """The rows of `correlations` that H1 and H2 are about: score and mean change with `far`."""
    mine = found["outcome"].isin([SCORE, MEAN]) & (found["distance"] == far)
    return found[mine].reset_index(drop=True)


def chosen(name: str, table: pd.DataFrame) -> str:
    """`name` if `table` has such a distance; XitError with the nearest it has."""
    if name not in typology.measures(table):
        raise unknown("distance", name, typology.measures(table))
    return name


def shown(told: pd.DataFrame) -> list[str]:
    """The targets of SENTENCE among the `outcomes`, else the first two there are."""
    there = list(told["target"].unique())
    return [t for t in SENTENCE if t in there] or there[:2]
