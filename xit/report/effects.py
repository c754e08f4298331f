"""Every cell of a study, intermediate task × target, with its intervals: report/stats.py at work.

    found = of(change, families(study), items(section, change))   # a row a cell
    table(found)                                                  # for readers

`change` is the table of `results.change`, in each target's main metric, without the source
language: one row a cell, language and seed, in points.
"""

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from xit import specs, tasks
from xit.report import stacked, stats, typology
from xit.report.names import TITLES
from xit.report.results import COLLAPSED, NO_INTERVAL
from xit.report.section import Section
from xit.report.stats import Floats, Grid, Interval
from xit.score import metrics
from xit.study import Study

CELL = ["intermediate", "target"]
Items = dict[tuple[str, str], dict[str, Floats]]  # cell → language → (seeds, test items)


def families(study: Study) -> dict[str, str]:
    """Language → family, of the languages that the study's typology table tells of."""
    return typology.family_of(typology.table(str(study.hub), study.source))


# -- test items --


def items(section: Section, change: pd.DataFrame) -> Items:
    """What each test item has changed by, in points, for the cells of `change`.

    Left out are cells whose score is not a mean or ratio over items (mining). XitError where a
    run has left no items.
    """
    told: Items = {}
    records = section.records("target")
    for target in dict.fromkeys(change["target"]):
        task = tasks.target(str(target))
        if task.kind == "mining":
            continue
        about = [
            (specs.store().root / line["run"], {"intermediate": after, "seed": line["seed"]})
            for after, record in records.items()
            for line in record["runs"]
            if (line["kind"], line["task"]) == ("scores", target)
        ]
        pairs = change[change["target"] == target]
        told |= paired(read_items(about, section.study), task.metric, str(target), pairs)
    return told


def read_items(about: Sequence[tuple[Path, Mapping[str, object]]], study: Study) -> pd.DataFrame:
    """The items of every run in `about` (as in `stacked.read`); of retrieval the study's layer."""
    frame = stacked.read("items.parquet", about)
    if "layer" in frame:
        layer = min(study.retrieval_layer, int(frame["layer"].max()))
        frame = frame[frame["layer"] == layer]
    return frame


def paired(frame: pd.DataFrame, metric: str, target: str, pairs: pd.DataFrame) -> Items:
    """The items of one target, paired with those after "none": intermediate training or, where the
    caller calls it so, whatever else the others are compared with.
    """
    wanted = {str(c) for c in pairs["language"].unique()}
    weight: dict[tuple[str, str], dict[Hashable, Floats]] = {}  # (after, language) → seed → items
    for (after, code, seed), part in frame.groupby(["intermediate", "language", "seed"], sort=True):
        if code in wanted:
            columns = {str(c): part[c].to_numpy(float) for c in part if c not in _NOT_ITEMS}
            of_seed = weight.setdefault((str(after), str(code)), {})
            of_seed[seed] = influence(metric, columns)
    told: Items = {}
    for (after, code), seeds in weight.items():
        used = pairs.loc[pairs["intermediate"] == after, "seed"].unique()
        if after == "none" or not len(used):
            continue
        before = weight["none", code]
        rows = [seeds[s] - before[s] for s in sorted(used)]
        told.setdefault((after, target), {})[code] = np.array(rows)
    return told


_NOT_ITEMS = ("intermediate", "language", "seed", "row", "layer")


def influence(metric: str, columns: Mapping[str, Floats]) -> Floats:
    """What each item contributes to a score, (items,), in points: their mean is the score.

    Of a ratio of sums r = Σp/Σo (F1) its linear part, r + (p - r·o)/mean(o): how far the score
    moves when items are drawn anew, to first order.
    """
    points, of = metrics.as_ratio(metric, columns)
    total = of.sum()
    ratio = points.sum() / total if total else 0.0
    return 100 * (ratio + (points - ratio * of) / (of.mean() if total else 1.0))


# -- cells --


def grids(
    change: pd.DataFrame, family: Mapping[str, str], told: Items | None = None
) -> dict[tuple[str, str], Grid]:
    """(intermediate, target) → its grid; `told` as from `items`."""
    found = {}
    for (intermediate, target), part in change.groupby(CELL, sort=False):
        cell = str(intermediate), str(target)
        found[cell] = stats.grid(part, family, (told or {}).get(cell))
    return found


def of(
    cells: Mapping[tuple[str, str], Grid], collapsed: pd.DataFrame | None = None
) -> pd.DataFrame:
    """One row a cell: CELL, the fields of `stats.Effect` (intervals as `these`, `new`,
    `seeds_only`), `adjusted` (p by Holm within the target), and `collapsed` (whether runs have)."""
    rows = [
        dict(zip(CELL, cell, strict=True)) | stats.effect(one)._asdict()
        for cell, one in cells.items()
    ]
    frame = pd.DataFrame(rows)
    frame["adjusted"] = frame.groupby("target")["p"].transform(lambda p: stats.holm(list(p)))
    fallen = set()
    if collapsed is not None and "collapsed" in collapsed:
        hit = collapsed[collapsed["collapsed"]]
        fallen = set(zip(hit["intermediate"], hit["target"], strict=True))
    return frame.assign(
        collapsed=[c in fallen for c in zip(*(frame[k] for k in CELL), strict=True)]
    )


def flat(found: pd.DataFrame) -> pd.DataFrame:
    """`of` as plain numbers, so that it can be kept: `low`, `high` of the interval for these
    languages, `far_low`, `far_high` of the one for new languages (NaN: none)."""
    ends = {"these": ("low", "high"), "new": ("far_low", "far_high")}
    told = found.drop(columns=[*ends, "seeds_only"])
    for which, names in ends.items():
        for name, side in zip(names, ("low", "high"), strict=True):
            told[name] = [getattr(interval, side) for interval in found[which]]
    return told


def by_language(change: pd.DataFrame, told: Items | None = None) -> pd.DataFrame:
    """One row a cell and language: CELL, `language`, `baseline` and `value` (0-100), `change`
    (points), means over seeds; `low`, `high`: its 95% interval, from seeds and test items (NaN from
    one seed); `seeds`; `collapsed`: whether runs have. `change` may have the source language."""
    rows: list[dict[str, object]] = []
    for (intermediate, target), part in change.groupby(CELL, sort=False):
        cell = str(intermediate), str(target)
        one = stats.grid(part, {}, (told or {}).get(cell))
        groups = part.groupby("language")
        means = groups[["baseline", "value"]].mean()
        fallen = groups["collapsed"].any() if "collapsed" in part else None
        for k, code in enumerate(one.languages):
            items = None if one.items is None else [one.items[k]]
            alone = stats.effect(Grid(one.values[:, [k]], [code], [one.families[k]], items))
            row: dict[str, object] = dict(zip(CELL, cell, strict=True))
            row |= {"language": code, "change": alone.mean}
            row |= {name: float(means[name][code]) for name in ("baseline", "value")}
            row |= alone.these._asdict() | {"seeds": alone.seeds}
            rows.append(row | {"collapsed": fallen is not None and bool(fallen[code])})
    return pd.DataFrame(rows)


def table(frame: pd.DataFrame) -> pd.DataFrame:
    """`of` for readers."""
    rows = []
    for row in frame.to_dict("records"):
        mark = f" {COLLAPSED}" if row["collapsed"] else ""
        rows.append(
            {
                "intermediate": TITLES[row["intermediate"]],
                "target": TITLES[row["target"]],
                "change": f"{row['mean']:+.1f}{mark}",
                "these languages": ends(row["these"]),
                "new languages": ends(row["new"]),
                "seeds alone": ends(row["seeds_only"]),
                "p": p_value(row["p"]),
                "p (Holm)": p_value(row["adjusted"]),
                "improved (%)": f"{100 * row['improved']:.0f}",
                "seeds, languages, families": f"{row['seeds']}, {row['languages']}, "
                f"{row['families']}",
            }
        )
    return pd.DataFrame(rows)


def ends(interval: Interval) -> str:
    """An interval as text."""
    return f"{interval.low:+.1f} … {interval.high:+.1f}" if interval.there else NO_INTERVAL


def p_value(value: float) -> str:
    """A p-value as text; "–" where there is none."""
    if value != value:
        return "–"
    return "< .001" if value < 0.001 else f"{value:.3f}".lstrip("0")


# -- order of the tasks --


def ranks(cells: Mapping[tuple[str, str], Grid], seed: int = 0) -> pd.DataFrame:
    """One row a cell: CELL, rank among the tasks of the target (1 is best), low, high.

    Left out are cells with other seeds than most of their target, as after a changed parameter.
    """
    parts = []
    for target in dict.fromkeys(t for _, t in cells):
        some = {i: one for (i, t), one in cells.items() if t == target}
        shapes = [one.values.shape for one in some.values()]
        usual = max(shapes, key=shapes.count)
        some = {i: one for i, one in some.items() if one.values.shape == usual}
        frame = stats.ranks(some, np.random.default_rng(seed))
        parts.append(frame.rename_axis("intermediate").reset_index().assign(target=target))
    return pd.concat(parts, ignore_index=True)[[*CELL, "rank", "low", "high"]]


def ranks_table(told: pd.DataFrame) -> pd.DataFrame:
    """Tasks × targets: rank with its interval, the best on average first."""
    text = [
        f"{r:g}" if low != low else f"{r:g} ({low:g}–{high:g})"
        for r, low, high in zip(told["rank"], told["low"], told["high"], strict=True)
    ]
    wide = told.assign(text=text).pivot(index="intermediate", columns="target", values="text")
    mean = told.groupby("intermediate")["rank"].mean().sort_values(kind="stable")
    wide = wide.reindex(index=mean.index, columns=list(dict.fromkeys(told["target"])))
    wide.insert(0, "mean rank", mean.map("{:.1f}".format))
    wide = wide.rename(index=TITLES, columns=TITLES).rename_axis(columns=None)
    return wide.fillna("–").rename_axis("intermediate").reset_index()


def agreement(frame: pd.DataFrame) -> pd.DataFrame:
    """Kendall's τ-b of the tasks' order between every two targets: targets × targets."""
    means = frame.pivot(index="intermediate", columns="target", values="mean")
    return stats.agreement(means[list(dict.fromkeys(frame["target"]))])


def agreement_table(tau: pd.DataFrame) -> pd.DataFrame:
    """`agreement` for readers: each pair once."""
    lower = np.tril(np.ones(tau.shape, bool), -1)
    text = tau.map(lambda v: "–" if v != v else f"{v:+.2f}").where(lower, "")
    text = text.iloc[1:, :-1].rename(index=TITLES, columns=TITLES)
    return text.rename_axis("target", axis=0).rename_axis(columns=None).reset_index()


# -- whose variance is it? --


def sources(cells: Mapping[tuple[str, str], Grid]) -> pd.DataFrame:
    """A mixed model of each cell: CELL, `mean`, `low`, `high` (its interval), and the share of the
    variance by source, 0-1: seed, family, language, rest. Cells that it cannot be fitted to are
    left out."""
    rows = []
    for cell, one in cells.items():
        fitted = stats.components(one)
        if fitted is not None:
            row: dict[str, object] = dict(zip(CELL, cell, strict=True))
            row |= {"mean": fitted.mean} | fitted.interval._asdict()
            rows.append(row | {name: fitted.share(name) for name in fitted.variance})
    return pd.DataFrame(rows, columns=[*CELL, "mean", "low", "high", *SOURCES])


SOURCES = {
    "seed": "seed",
    "family": "family",
    "language": "language within family",
    "rest": "seed × language, items",
}


def sources_table(told: pd.DataFrame) -> pd.DataFrame:
    """Per target the median over the intermediate tasks of each share, in percent; one row of
    dashes where there is no target."""
    if told.empty:
        return pd.DataFrame([dict.fromkeys(["target", *SOURCES.values()], "–")])
    wide = 100 * told.groupby("target", sort=False)[list(SOURCES)].median()
    text = wide.map("{:.0f}".format).rename(index=TITLES, columns=SOURCES)
    return text.rename_axis("target").reset_index()
