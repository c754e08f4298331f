"""What all figures of the book share: their size, colours, type, and an empty one to draw on.

All figures are WIDTH inches wide, so that the smallest text is 9 pixels high on a screen of 390
(7.5 with more than 7 targets or 30 languages). The ground is white; on a dark page light and dark
change places (book/_static/xit.css). The colours, Okabe and Ito's, are told apart by any eyes.
"""

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

WIDTH = 5.4  # inches
SMALL = 9  # points
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
BLUE, RED, GREY = COLOURS[0], COLOURS[5], "#666666"
STYLE = {"axes.spines.top": False, "axes.spines.right": False, "axes.labelsize": 10}


def empty(
    height: float, rows: int = 1, columns: int = 1, heights: Sequence[float] | None = None
) -> tuple[Figure, list[Axes]]:
    """A figure without content on white, outside pyplot, so that nothing keeps it open."""
    with mpl.rc_context(rc=dict(STYLE)):  # type: ignore[arg-type]
        figure = Figure(figsize=(WIDTH, height), layout="constrained", facecolor="white")
        panels = list(np.ravel(figure.subplots(rows, columns, height_ratios=heights)))
    for axes in panels:
        axes.set_facecolor("white")
        axes.tick_params(labelsize=SMALL)
    return figure, panels


def legend(figure: Figure, axes: Axes, columns: int = 3) -> None:
    """The legend of `axes`, above the whole figure."""
    handles, names = axes.get_legend_handles_labels()
    style = {"ncols": columns, "frameon": False, "fontsize": SMALL}
    figure.legend(handles, names, loc="outside upper center", **style)


def need(table: pd.DataFrame, *columns: str) -> None:
    """ValueError unless `table` has rows, and these columns."""
    missing = [c for c in columns if c not in table]
    if missing:
        raise ValueError(
            f"column {missing[0]!r} is missing; there are {', '.join(map(str, table))}"
        )
    if not len(table):
        raise ValueError("nothing to draw: the table has no rows")


def points(change: float) -> str:
    """A change in points, as written in a figure."""
    return "–" if np.isnan(change) else f"{change:+.1f}"
