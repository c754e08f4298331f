"""XTREME's cross-lingual transfer gap: the source language's score less the mean of the others.

    rows = rows_of(scores, study.source)        # question answering as exact match, as in XTREME
    told = gaps(rows, study.source, families)   # a row an intermediate task and target

A gap can shrink because the others gain or because the source language loses, and a task that lifts
everything alike leaves it as it was: so both changes stand beside its own. Source, others and gap
are told by results.zero_shot; intervals are those of xit/report/stats.py.
"""

import math
from collections.abc import Mapping

import pandas as pd

from xit import tasks
from xit.report import distance, distance_tables, published, results, stats
from xit.report.distance import ALPHA
from xit.report.names import TITLES
from xit.report.stats import Interval

SHRINKS, WIDENS, UNCLEAR, ONE_RUN = "shrinks", "widens", "cannot be told", "one run"
METRICS = dict.fromkeys(published.QA, "em")


def rows_of(scores: pd.DataFrame, source: str) -> pd.DataFrame:
    """The rows of a table of scores that gaps are told from: the main metric, of question answering
    exact match; only targets that are scored in `source`."""
    wanted = {t: "em" if x.kind == "span" else x.metric for t, x in tasks.TARGET.items()}
    rows = scores[scores["metric"] == scores["target"].map(wanted)]
    there = set(rows.loc[rows["language"] == source, "target"])
    return rows[rows["target"].isin(there)].reset_index(drop=True)


def published_rows() -> pd.DataFrame:
    """`rows_of` Appendix B of Phang et al. 2020 (dev; English is "en"), seed 0."""
    rows = distance.published_rows(METRICS)
    there = set(rows.loc[rows["language"] == "en", "target"])
    metric = rows["target"].map({t: x.metric for t, x in tasks.TARGET.items()} | METRICS)
    rows = rows.assign(study="published", split="dev", metric=metric)
    return rows[rows["target"].isin(there)].reset_index(drop=True)


def gaps(rows: pd.DataFrame, source: str, families: Mapping[str, str]) -> pd.DataFrame:
    """One row an intermediate task and target: source, others, gap (0-100 and points), then the
    changes of the three against no intermediate task (`d_source`, `d_others`, `d_gap`), NaN for
    "none".

    `gap_low`/`gap_high`, `low`/`high` (of `d_gap`) and `others_low`/`others_high` (of `d_others`)
    are 95% intervals for these languages over the seeds; from one seed, for new languages of such
    families instead (`over`: "seeds" or "families"): those leave out the chance of the run, which
    in a gap is that of the source's single score. `p` is that of no change of the gap, `holm`
    adjusted within a target; `direction` says what the task does to the gap: SHRINKS or WIDENS
    where holm < 0.05, ONE_RUN where there is no saying.
    """
    told = results.zero_shot(rows, source)
    means = told.groupby(["intermediate", "target"], sort=False)[["source", "others", "gap"]].mean()
    wide = {
        cell: part.pivot(index="seed", columns="language", values="value")
        for cell, part in rows.groupby(["intermediate", "target"])
    }
    found = []
    for cell in means.reset_index().to_dict("records"):
        of, none = cell["target"], pd.DataFrame()
        pair = wide[cell["intermediate"], of], wide.get(("none", of), none)
        found.append(cell | _gap(*pair, source, families))
    table = pd.DataFrame(found)
    table["holm"] = table.groupby("target", sort=False)["p"].transform(
        lambda p: stats.holm(list(p))
    )
    table["direction"] = [direction(row) for _, row in table.iterrows()]
    return table


def direction(row: pd.Series) -> str:
    """What a row of `gaps` says of the gap; "" where nothing is compared."""
    if row["intermediate"] == "none":
        return ""
    if row["seeds"] < 2:
        return ONE_RUN
    if not row["holm"] < ALPHA:
        return UNCLEAR
    return SHRINKS if row["d_gap"] < 0 else WIDENS


def _gap(
    wide: pd.DataFrame, before: pd.DataFrame, source: str, families: Mapping[str, str]
) -> dict[str, object]:
    own, _ = _interval(_less(wide, source), families)
    over = "seeds" if len(wide) > 1 else "families"
    told: dict[str, object] = {"seeds": len(wide), "languages": wide.shape[1] - 1, "over": over}
    told |= {"gap_low": own.low, "gap_high": own.high}
    if wide.equals(before):
        return told | dict.fromkeys(CHANGES, math.nan)
    change = (wide - before).dropna()
    of_gap, others = _less(change, source), change.drop(columns=source)
    (moved, p), (lifted, _) = _interval(of_gap, families), _interval(others, families)
    told |= {"d_source": float(change[source].mean()), "d_others": _mean(others)}
    told |= {"d_gap": _mean(of_gap), "low": moved.low, "high": moved.high}
    told |= {"others_low": lifted.low, "others_high": lifted.high}
    return told | {"p": p}


CHANGES = ("d_source", "d_others", "d_gap", "low", "high", "others_low", "others_high", "p")


def _mean(wide: pd.DataFrame) -> float:
    return float(wide.to_numpy(float).mean())


def _less(wide: pd.DataFrame, source: str) -> pd.DataFrame:
    """(seeds, other languages): the source's number less each one's, whose mean is the gap."""
    return -wide.drop(columns=source).sub(wide[source], axis=0)


def _interval(wide: pd.DataFrame, families: Mapping[str, str]) -> tuple[Interval, float]:
    """(interval, p of 0) of the mean of seeds × languages: for these languages, or from one seed
    for new ones, without p."""
    codes = [str(c) for c in wide]
    names = [families.get(c) or f"only {c}" for c in codes]
    grid = stats.Grid(wide.to_numpy(float), codes, names)
    if len(wide) > 1:
        told = stats.effect(grid)
        return told.these, told.p
    between = stats.variances(grid)
    if math.isnan(between.languages):
        return Interval(), math.nan
    t = stats.t_quantile((1 + stats.LEVEL) / 2, between.df["languages"])
    half, mean = t * math.sqrt(between.languages), _mean(wide)
    return Interval(mean - half, mean + half), math.nan


def overall(rows: pd.DataFrame, source: str, told: pd.DataFrame) -> pd.DataFrame:
    """One row an intermediate task, means over its targets: d_source, d_others, d_gap with its
    interval over seeds (low, high) and p, both NaN from one, and `holm`, adjusted over the tasks;
    on how many targets the gap shrinks or widens.

    `told` are the `gaps` of `rows`.
    """
    key = ["intermediate", "target", "seed"]
    wide = results.zero_shot(rows, source).set_index(key)["gap"].unstack("target")
    before, made = wide.xs("none", level="intermediate"), []
    for name, part in told[told["intermediate"] != "none"].groupby("intermediate", sort=False):
        change = pd.DataFrame(wide.xs(name, level="intermediate") - before)
        change = change.dropna(axis=1, how="all").dropna()
        targets = [str(t) for t in change]
        grid = stats.Grid(change.to_numpy(float), targets, targets)
        means = {c: float(part[c].mean()) for c in ("d_source", "d_others", "d_gap")}
        effect = stats.effect(grid)
        count = {d: int((part["direction"] == d).sum()) for d in (SHRINKS, WIDENS)}
        row = {"intermediate": name} | means | effect.these._asdict() | {"p": effect.p}
        made.append(row | count | {"targets": len(part)})
    columns = ["intermediate", "d_source", "d_others", "d_gap", "low", "high", "p"]
    table = pd.DataFrame(made, columns=[*columns, SHRINKS, WIDENS, "targets"])
    return table.assign(holm=stats.holm(list(table["p"])))


def smallest(row: pd.Series, power: float = 0.8) -> float:
    """The smallest change of the gap that a row of `gaps` would have shown with this `power`: from
    its interval, with the degrees of freedom of its seeds."""
    df = int(row["seeds"]) - 1
    if df < 1 or math.isnan(row["low"]):
        return math.nan
    half, edge = (row["high"] - row["low"]) / 2, stats.t_quantile((1 + stats.LEVEL) / 2, df)
    return half / edge * (edge + stats.t_quantile(power, df))


# -- for readers --


def table(told: pd.DataFrame, with_published: bool = False) -> pd.DataFrame:
    """The gaps without intermediate task, a row a target; `with_published`: beside XTREME's."""
    printed = published_gaps() if with_published else None
    rows = []
    for row in told[told["intermediate"] == "none"].to_dict("records"):
        text = {
            "target": TITLES[row["target"]],
            "source": row["source"],
            "others": row["others"],
            "gap": row["gap"],
            "95% interval": distance_tables.interval(row["gap_low"], row["gap_high"], 1),
            "over": row["over"],
            "languages": row["languages"],
        }
        if printed is not None:
            text |= {f"published: {m}": printed[m].get(row["target"]) for m in printed}
        rows.append(text)
    return pd.DataFrame(rows).astype({"languages": int})


def published_gaps() -> pd.DataFrame:
    """XTREME's gaps by target (index) of mBERT and XLM-R (columns), test sets; see published/."""
    rows = pd.read_csv(published.FILE.with_name("gaps.csv"))
    wide = rows.pivot(index="target", columns="model", values="value")
    return wide.reindex(rows["target"].unique())


def changes_table(told: pd.DataFrame) -> pd.DataFrame:
    """What each task does to source, others and gap, as text."""
    rows = []
    for _, row in told[told["intermediate"] != "none"].iterrows():
        seen = smallest(row)
        rows.append(
            {
                "intermediate": TITLES[row["intermediate"]],
                "target": TITLES[row["target"]],
                "source": f"{row['d_source']:+.1f}",
                "others": f"{row['d_others']:+.1f}",
                "others, 95%": distance_tables.interval(row["others_low"], row["others_high"], 1),
                "gap": f"{row['d_gap']:+.1f}",
                "gap, 95%": distance_tables.interval(row["low"], row["high"], 1),
                "the gap": row["direction"],
                "smallest": "–" if math.isnan(seen) else f"{seen:.1f}",
            }
        )
    return pd.DataFrame(rows)


def overall_table(means: pd.DataFrame) -> pd.DataFrame:
    """`overall` as text."""
    rows = [
        {
            "intermediate": TITLES[row["intermediate"]],
            "source": f"{row['d_source']:+.1f}",
            "others": f"{row['d_others']:+.1f}",
            "gap": f"{row['d_gap']:+.1f}",
            "gap, 95% over seeds": distance_tables.interval(row["low"], row["high"], 1),
            "Holm": distance_tables.number(row["holm"], ".3f"),
            "shrinks on": f"{row[SHRINKS]} of {row['targets']}",
            "widens on": f"{row[WIDENS]} of {row['targets']}",
        }
        for row in means.to_dict("records")
    ]
    return pd.DataFrame(rows)
