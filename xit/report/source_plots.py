"""The figures of the page on intermediate data in a language unlike the source.

    page.figure(source_plots.forest(found, told, names), source_plots.alt_forest(found))

Changes and differences are in points.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from xit.report import canvas, source_language
from xit.report.canvas import COLOURS, GREY
from xit.report.names import TITLES
from xit.report.source_distance import OVERALL


def forest(found: pd.DataFrame, told: pd.DataFrame, names: Mapping[str, str]) -> Figure:
    """Difference from data in the source, by language of the data, a panel a target.

    `found` as from `source_language.effects`: filled without errors, hollow with; the thick line is
    the interval for these languages, the thin one above it for new ones. Small dots: seeds, of
    `told`.
    """
    canvas.need(found, "target", "intermediate", "data", "mean", "low", "high", "new low")
    every = list(found.groupby("target", sort=False))
    lines = [len(part) for _, part in every]
    figure, panels = canvas.empty(0.9 + sum(0.5 + 0.34 * n for n in lines), len(every), 1, lines)
    for axes, (target, part) in zip(panels, every, strict=True):
        rows = part.to_dict("records")
        seeds = told[told["target"] == target].groupby(["intermediate", "seed"])["difference"]
        _forest(axes, rows, seeds.mean(), _colours(found))
        axes.set_yticks(range(len(rows)), [_label(r, names) for r in rows])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_title(f"→ {TITLES[str(target)]}", size=10, loc="left")
    panels[-1].set_xlabel("Difference from data in the source (points)")
    return figure


def _forest(axes: Axes, rows: list[dict], seeds: pd.Series, colours: Mapping[str, str]) -> None:
    axes.axvline(0, color=GREY, linewidth=1, zorder=0)
    for y, row in enumerate(rows):
        colour, hollow = colours[row["data"]], row["errors"] > 0
        for low, high, up, width in (("new low", "new high", 0.2, 1.2), ("low", "high", 0, 3.5)):
            if not np.isnan(row[low]):
                ends = [row[low], row[high]]
                axes.plot(ends, [y - up] * 2, color=colour, linewidth=width, alpha=0.7)
        dots = seeds.loc[row["intermediate"]]
        axes.scatter(dots, [y + 0.22] * len(dots), s=10, color=colour, alpha=0.6, linewidths=0)
        axes.scatter([row["mean"]], [y], s=42, zorder=3, edgecolors=colour, linewidths=1.6,
                     facecolors="white" if hollow else colour)  # fmt: skip


def _colours(found: pd.DataFrame) -> dict[str, str]:
    codes = dict.fromkeys(found["data"])
    return {code: COLOURS[i % len(COLOURS)] for i, code in enumerate(codes)}


def _label(row: Mapping, names: Mapping[str, str]) -> str:
    name = names.get(row["data"], row["data"])
    if row["set"] == source_language.OWN:
        return f"{TITLES[row['intermediate']]}, {name}"
    return f"{name}, {100 * row['errors']:g}% errors" if row["errors"] else str(name)


def alt_forest(found: pd.DataFrame) -> str:
    """What `forest` shows: each row's mean."""
    told = [
        f"{TITLES[r['intermediate']]} → {TITLES[r['target']]} {canvas.points(r['mean'])}"
        for r in found.to_dict("records")
    ]
    return f"Dots with intervals: difference from data in the source, in points: {'; '.join(told)}."


def scatter(nearer: pd.DataFrame, found: pd.DataFrame, names: Mapping[str, str]) -> Figure:
    """Difference from data in the source against how much farther a language is from the data's
    language than from the source, a panel a target, a colour a language of the data.

    Dots are means over seeds, with their range; the lines the one slope of `found`
    (`source_distance.slopes`).
    """
    canvas.need(nearer, "target", "data", "language", "seed", "difference", OVERALL)
    every = list(nearer.groupby(["task", "target"], sort=False))
    figure, panels = canvas.empty(0.8 + 2.3 * len(every), len(every))
    colours = _colours(nearer)
    overall = found[found["distance"] == OVERALL]
    fits = dict(zip(zip(overall["task"], overall["target"], strict=True), overall["mean"],
                    strict=True))  # fmt: skip
    for axes, (key, part) in zip(panels, every, strict=True):
        axes.axhline(0, color=GREY, linewidth=1, zorder=0)
        axes.axvline(0, color=GREY, linewidth=1, zorder=0)
        for code, rows in part.groupby("data", sort=False):
            means = rows.groupby("language")[[OVERALL, "difference"]].mean()
            colour = colours[str(code)]
            x, y = means[OVERALL], means["difference"]
            seeds = rows.groupby("language")["difference"].agg(["min", "max"])
            axes.vlines(x, seeds["min"], seeds["max"], color=colour, linewidth=1, alpha=0.3)
            axes.scatter(x, y, s=26, color=colour, label=names.get(str(code), str(code)))
            if key in fits:
                ends = np.array([x.min(), x.max()])
                line = y.mean() + fits[key] * (ends - x.mean())
                axes.plot(ends, line, color=colour, linewidth=1.2)
        axes.set_title(" → ".join(TITLES[str(name)] for name in key), size=10, loc="left")
        axes.set_ylabel("Difference (points)")
    panels[-1].set_xlabel("Farther from the data's language than from the source →")
    canvas.legend(figure, panels[0])
    return figure


def alt_scatter(found: pd.DataFrame) -> str:
    """What `scatter` shows: each target's slope."""
    told = [
        f"{TITLES[r['target']]} {r['mean']:+.1f}"
        for r in found[found["distance"] == OVERALL].to_dict("records")
    ]
    slopes = ", ".join(told) or "none"
    return f"Scatter with a line for each language of the data; slopes: {slopes}."
