"""The figure of a study's changes with both their intervals, and what it shows in words.

    page.figure(effect_plots.intervals(found), effect_plots.alt_intervals(found))

`found` is the table of `effects.of`. How figures look is in xit/report/canvas.py.
"""

import math
from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from xit.report import canvas
from xit.report.canvas import BLUE, GREY, SMALL
from xit.report.names import TITLES, label
from xit.report.results import COLLAPSED

COLUMNS = 3
FAR = 40.0  # points: an interval that goes further is cut, and ends in an arrow


def intervals(found: pd.DataFrame, order: Sequence[str]) -> Figure:
    """A panel a target: mean change of each intermediate task (points), dot; thick line: interval
    for these languages, thin line: for new ones. Tasks as in `order`, from above.

    Filled dots: zero lies outside the interval for these languages after Holm's correction.
    """
    canvas.need(found, "intermediate", "target", "mean", "these", "new", "adjusted", "collapsed")
    targets = list(dict.fromkeys(found["target"]))
    rows = math.ceil(len(targets) / COLUMNS)
    names = [i for i in order if i in set(found["intermediate"])]
    figure, panels = canvas.empty(0.8 + rows * (0.7 + 0.17 * len(names)), rows, COLUMNS)
    for k, (axes, target) in enumerate(zip(panels, targets, strict=False)):
        _panel(axes, found[found["target"] == target], names)
        axes.set_title(TITLES[target], size=10, loc="left")
        axes.set_yticks(range(len(names)), [label(n) for n in names] if k % COLUMNS == 0 else [])
        axes.tick_params(axis="both", labelsize=7.5)
    for axes in panels[len(targets) :]:
        axes.set_visible(False)
    figure.supxlabel("Change (points)", size=SMALL)
    return figure


def _panel(axes: Axes, part: pd.DataFrame, names: Sequence[str]) -> None:
    axes.axvline(0, color=GREY, linewidth=1)
    for row in part.to_dict("records"):
        at = names.index(row["intermediate"])
        for interval, width in ((row["new"], 0.9), (row["these"], 2.6)):
            if interval.there:
                low, high = max(interval.low, -FAR), min(interval.high, FAR)
                axes.plot([low, high], [at, at], color=BLUE, linewidth=width, alpha=0.8)
        firm = row["adjusted"] < 0.05
        face = BLUE if firm else "white"
        axes.plot(row["mean"], at, "o", ms=4.5, color=BLUE, markerfacecolor=face)
        if row["collapsed"]:
            axes.annotate(COLLAPSED, (row["mean"], at), (0, 3), textcoords="offset points", size=7)
    low, high = axes.get_xlim()
    axes.set_xlim(max(low, -FAR - 2), min(high, FAR + 2))
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(axis="x", color="#EEEEEE", linewidth=0.6)


def alt_intervals(found: pd.DataFrame) -> str:
    """What `intervals` shows: in each target, how many tasks' changes are firm, and which way."""
    told = []
    for target, part in found.groupby("target", sort=False):
        firm = part[part["adjusted"] < 0.05]
        up = int((firm["mean"] > 0).sum())
        told.append(f"{TITLES[str(target)]}: {up} up, {len(firm) - up} down of {len(part)}")
    return (
        "Dots with intervals: change of every intermediate task on every target; outside zero "
        f"after Holm's correction: {'; '.join(told)}."
    )
