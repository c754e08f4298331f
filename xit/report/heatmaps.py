"""Heat maps of changes, intermediate tasks × target tasks, and what they show in words.

    figure = heatmaps.change_map(change(scores), ["mnli", "qqp"], ["xnli", "xquad"])

Changes are in points. How figures look is in xit/report/canvas.py.
"""

from collections.abc import Mapping, Sequence

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from xit.report import canvas
from xit.report.canvas import SMALL
from xit.report.names import label
from xit.report.results import COLLAPSED, by_target, one_per_cell


def change_map(
    change: pd.DataFrame,
    intermediates: Sequence[str],
    targets: Sequence[str],
    limit: float | None = None,
) -> Figure:
    """Heat map of the mean change over languages and seeds, intermediate tasks × target tasks.

    `change` as from `results.change`, one row per language and seed. Blue is a gain, red a loss,
    white none, full colour from `limit` points on (default: the largest change); bold where two or
    more seeds all agree in sign, with † where collapsed runs are among them (column `collapsed`).
    Tasks without scores are left out. ValueError if all are.
    """
    canvas.need(change, "intermediate", "target", "change")
    means = one_per_cell(by_target(change))
    rows = [i for i in intermediates if i in set(means["intermediate"])]
    columns = [t for t in targets if t in set(means["target"])]
    means = means.set_index(["intermediate", "target"])
    if not rows or not columns:
        raise ValueError("nothing to draw: no scores of these tasks")
    values = means["change"].unstack().reindex(index=rows, columns=columns)
    limit = limit or max(1.0, float(values.abs().max().max()))
    figure, [axes] = canvas.empty(1.7 + 0.34 * len(rows))
    _heat(axes, values, limit)
    agree = means[(means["seeds"] > 1) & ((means["low"] > 0) | (means["high"] < 0))].index
    for text in axes.texts:
        c, r = (int(x) for x in text.get_position())
        text.set_fontweight("bold" if (rows[r], columns[c]) in agree else "normal")
    _mark(axes, values, means.reset_index())
    return figure


def _heat(axes: Axes, values: pd.DataFrame, limit: float, bar: bool = True) -> None:
    """One heat map of changes, `values` intermediate tasks × targets; `bar`: with its scale."""
    columns = len(values.columns)
    size = SMALL if columns < 8 else 7.5 if columns < 11 else 6.5
    beyond = "both" if float(values.abs().max().max()) > limit else "neither"
    sns.heatmap(
        values, ax=axes, cmap="RdBu", vmin=-limit, vmax=limit, linewidths=0.5, cbar=bar,
        annot=values.map(canvas.points), fmt="", annot_kws={"size": size},
        cbar_kws={"label": "Change (points)", "location": "top", "aspect": 40, "extend": beyond},
    )  # fmt: skip
    names = [label(str(t)) for t in values.columns]
    axes.set_xticks(axes.get_xticks(), names, rotation=40, ha="right")
    axes.set_yticks(axes.get_yticks(), [label(str(i)) for i in values.index], rotation=0)
    axes.set(xlabel="Target task", ylabel="Intermediate task")


def _mark(axes: Axes, values: pd.DataFrame, table: pd.DataFrame) -> None:
    """Add † to the cells of `values` that `table` has collapsed runs for."""
    fallen = table[table["collapsed"] > 0] if "collapsed" in table else table[:0]
    cells = set(zip(fallen["intermediate"], fallen["target"], strict=True))
    for text in axes.texts:
        c, r = (int(x) for x in text.get_position())
        if (values.index[r], values.columns[c]) in cells:
            text.set_text(text.get_text() + COLLAPSED)


def change_maps(panels: Mapping[str, pd.DataFrame], limit: float = 10) -> Figure:
    """Heat maps as `change_map`, one under the other in one scale, of single numbers.

    Each panel has one row per cell: intermediate, target, change (points), and `collapsed`, how
    many of its runs have, where that is known. Full colour from `limit`
    points on, so that one very large change does not leave the others white; panels without rows
    are left out. The order is that of first appearance.
    """
    shown = {name: table for name, table in panels.items() if len(table)}
    if not shown:
        raise ValueError("nothing to draw: no panel has rows")
    wide = {}
    for name, table in shown.items():
        canvas.need(table, "intermediate", "target", "change")
        cells = table.set_index(["intermediate", "target"])["change"].unstack()
        wide[name] = cells.loc[table["intermediate"].unique(), table["target"].unique()]
    rows = [len(values) for values in wide.values()]
    height = 0.9 + sum(1.2 + 0.3 * n for n in rows)
    figure, panels_of = canvas.empty(height, len(rows), heights=[2.5 + n for n in rows])
    for axes, (name, values) in zip(panels_of, wide.items(), strict=True):
        _heat(axes, values, limit, bar=axes is panels_of[0])
        _mark(axes, values, shown[name])
        axes.set_title(name, size=10, loc="left")
    return figure


def alt_change_map(change: pd.DataFrame) -> str:
    """What `change_map` shows: the highest and the lowest cell, and how many are gains."""
    means = by_target(change).sort_values("change", ascending=False)
    high, low = means.iloc[0], means.iloc[-1]
    ends = [f"{label(x['intermediate'])} → {label(x['target'])}" for x in (high, low)]
    fallen = int((means["collapsed"] > 0).sum()) if "collapsed" in means else 0
    return (
        "Heat map of the change against no intermediate training, in points: "
        f"highest {ends[0]} {canvas.points(high['change'])}, "
        f"lowest {ends[1]} {canvas.points(low['change'])}; "
        f"{int((means['change'] > 0).sum())} of {len(means)} are gains"
        + (f"; {fallen} with collapsed runs, marked {COLLAPSED}." if fallen else ".")
    )


def alt_change_maps(change: pd.DataFrame) -> str:
    """What `change_maps` shows; `change`: its panels in one table, named in column `panel`."""
    told = []
    for panel, part in change.groupby("panel", sort=False):
        part = part.sort_values("change", ascending=False)
        ends = [
            f"{label(x['intermediate'])} → {label(x['target'])} {canvas.points(x['change'])}"
            for x in (part.iloc[0], part.iloc[-1])
        ]
        gains = f"{int((part['change'] > 0).sum())} of {len(part)} are gains"
        told.append(f"{panel}: highest {ends[0]}, lowest {ends[1]}, {gains}")
    return f"Heat maps of change in points. {'; '.join(told)}."
