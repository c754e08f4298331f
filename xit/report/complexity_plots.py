"""Figures of the page on complexity: measures against the change, and what knobs change.

Conventions as in xit/report/canvas.py.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from xit.report import canvas, rank_tests
from xit.report.canvas import BLUE, COLOURS, GREY, RED, SMALL
from xit.report.complexity import AVERAGE, MEASURES
from xit.report.names import TITLES
from xit.tasks import KNOBS

MARKERS = {"pair": "o", "span": "s", "choice": "^", "tagging": "D"}
LOGARITHMIC = ("size", "dimension")


def panels(
    measured: pd.DataFrame, changes: pd.DataFrame, printed: pd.DataFrame
) -> list[tuple[str, str, pd.DataFrame]]:
    """(study, measure, points) of each panel: columns x, change, kind; a row a task. First the
    published size; measures without three known values are left out.

    `measured` with the column `kind`, `changes` with AVERAGE; `printed`: size, kind, AVERAGE.
    """
    both = measured.join(changes[[AVERAGE]], how="inner")
    found = [("published", "size", printed)]
    found += [("this study", name, both) for name in MEASURES if name in both]
    made = []
    for study, name, frame in found:
        points = pd.DataFrame({"x": frame[name], "change": frame[AVERAGE], "kind": frame["kind"]})
        points = points[points["x"].notna()]
        if len(points) > 2:
            made.append((study, name, points))
    return made


def scatters(shown: list[tuple[str, str, pd.DataFrame]]) -> Figure:
    """Average change (points) against each measure, a panel each, `shown` as from `panels`; the
    mark tells the kind of task. What no dimension tried has learnt stands right of the dotted line.
    """
    rows = -(-len(shown) // 2)
    figure, every = canvas.empty(0.7 + 2.0 * rows, rows, 2)
    for axes, (study, name, points) in zip(every, shown, strict=False):
        x = points["x"].astype(float)
        if np.isinf(x).any():
            known = x[np.isfinite(x)]
            beyond = 4 * float(known.max()) if len(known) else 1.0
            x = x.where(np.isfinite(x), beyond)
            axes.axvline(beyond / 2, color=GREY, linestyle=":", linewidth=1)
        _points(axes, x, points, RED if study == "published" else BLUE)
        axes.set_title(f"{study}: {_rho(points)}", size=SMALL + 1, loc="left")
        axes.set_xlabel(MEASURES[name])
        if name in LOGARITHMIC and x.max() > 20 * x.min():  # else its few ticks would run together
            axes.set_xscale("log")
        else:
            axes.xaxis.set_major_locator(MaxNLocator(5))
    for axes in every[len(shown) :]:
        axes.remove()
    figure.supylabel("Mean change over targets (points)", size=SMALL + 1)
    canvas.legend(figure, every[0], 4)
    return figure


def _points(axes: Axes, x: pd.Series, points: pd.DataFrame, colour: str) -> None:
    axes.axhline(0, color=GREY, linewidth=1, zorder=0)
    for kind, marker in MARKERS.items():
        own = points["kind"] == kind
        axes.scatter(x[own], points["change"][own], color=colour, marker=marker, s=26, label=kind)


def alt_scatters(shown: list[tuple[str, str, pd.DataFrame]]) -> str:
    """What `scatters` shows: the rank correlation of each panel."""
    told = []
    for study, name, points in shown:
        told.append(f"{study}, {MEASURES[name]}: {_rho(points)} ({len(points)} tasks)")
    return f"Scatter plots of the mean change, with rank correlations: {'; '.join(told)}."


def _rho(points: pd.DataFrame) -> str:
    rho = rank_tests.correlation(list(points["x"]), list(points["change"])).rho
    return f"ρ {rho:+.2f}" if rho == rho else "no ρ"


def knobs(effects: pd.DataFrame) -> Figure:
    """Difference in points to the task as it is, a row a level and a panel a target: dots are
    means, bars the interval by the error of all levels. `effects` as from `knobs.effects`.
    """
    canvas.need(effects, "knob", "level", "target", "mean", "pooled")
    targets = list(effects["target"].unique())
    names = effects.drop_duplicates("intermediate")
    figure, every = canvas.empty(0.9 + 0.32 * len(names), 1, len(targets))
    for axes, target in zip(every, targets, strict=True):
        axes.axvline(0, color=GREY, linewidth=1, zorder=0)
        for place, row in enumerate(names.to_dict("records")):
            one = effects[(effects["target"] == target)
                          & (effects["intermediate"] == row["intermediate"])].iloc[0]  # fmt: skip
            colour = COLOURS[list(KNOBS).index(row["knob"]) % len(COLOURS)]
            if one["pooled"].there:
                axes.plot(one["pooled"], [place, place], color=colour, linewidth=2)
            axes.plot(one["mean"], place, "o", color=colour, ms=6)
        axes.set_title(TITLES[target], size=SMALL + 1, loc="left")
        axes.set_yticks(range(len(names)), [])
        axes.invert_yaxis()
        axes.set_xlabel("Difference (points)")
    labels = [f"{k} {x:g}" for k, x in zip(names["knob"], names["level"], strict=True)]
    every[0].set_yticks(range(len(names)), labels)
    return figure


def alt_knobs(effects: pd.DataFrame) -> str:
    """What `knobs` shows: each mean."""
    told = [
        f"{row['knob']} {row['level']:g} on {TITLES[row['target']]} {canvas.points(row['mean'])}"
        for row in effects.to_dict("records")
    ]
    return f"Dots and intervals: difference in points to the task as it is; {'; '.join(told)}."
