"""The figures of distance: scatter, correlations, coefficients, gaps, and what they show in words.

Tidy tables in, matplotlib figures out; how figures look is in xit/report/canvas.py.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from xit.report import canvas, distance
from xit.report.canvas import BLUE, COLOURS, GREY, RED, SMALL
from xit.report.distance import MEAN, SCORE
from xit.report.distance_models import EVERY
from xit.report.names import TITLES

CRAMPED = 7.5  # points: numbers of a heat map with many columns


def name(target: str) -> str:
    """A target as a figure writes it."""
    return "mean over targets" if target == EVERY else TITLES[target]


# -- one dot a language --


def scatters(
    told: pd.DataFrame, table: pd.DataFrame, targets: Sequence[str], far: str = distance.MAIN
) -> Figure:
    """Score without an intermediate task (left) and mean change (right) of every language against
    its distance, a row of panels a target. `told` as from distance.outcomes: means over seeds."""
    canvas.need(told, "outcome", "target", "language", "value")
    shown = [t for t in targets if t in set(told["target"])]
    if not shown:
        raise ValueError("nothing to draw: none of the targets has scores")
    figure, panels = canvas.empty(0.4 + 2.1 * len(shown), len(shown), 2)
    labels = {SCORE: "score (0–100)", MEAN: "change (points)"}
    for k, (axes, (target, outcome)) in enumerate(
        zip(panels, [(t, o) for t in shown for o in labels], strict=True)
    ):
        mean = _mean(told, target, outcome)
        x = table[far].reindex(mean.index).astype(float)
        axes.scatter(x, mean, color=BLUE if outcome == SCORE else RED, s=18, zorder=3)
        for code, at, value in zip(mean.index, x, mean, strict=True):
            axes.annotate(code, (at, value), (3, 2), textcoords="offset points", size=SMALL)
        if outcome == MEAN:
            axes.axhline(0, color=GREY, linewidth=1, zorder=1)
        axes.margins(x=0.12, y=0.15)
        axes.set_ylabel(f"{name(target)}\n{labels[outcome]}" if k % 2 == 0 else labels[outcome])
        if k >= 2 * len(shown) - 2:
            axes.set_xlabel(f"{far.capitalize()} distance")
    return figure


def _mean(told: pd.DataFrame, target: str, outcome: str) -> pd.Series:
    part = told[(told["target"] == target) & (told["outcome"] == outcome)]
    return part.groupby("language", sort=False)["value"].mean()


def alt_scatters(
    told: pd.DataFrame, table: pd.DataFrame, targets: Sequence[str], far: str = distance.MAIN
) -> str:
    """What `scatters` shows: rank correlations and ranges."""
    text = []
    for target in targets:
        for outcome in (SCORE, MEAN):
            mean = _mean(told, target, outcome)
            if not len(mean):
                continue
            x = table[far].reindex(mean.index).astype(float)
            varies = min(x.nunique(), mean.nunique()) > 1
            rho = float(x.corr(mean, method="spearman")) if varies else np.nan
            ends = f"{mean.min():.1f} to {mean.max():.1f}"
            known = "" if np.isnan(rho) else f", rank correlation {rho:+.2f}"
            text.append(f"{name(target)} {distance.title(outcome)} {ends}{known}")
    return f"Dots, one a language, against {far} distance from the source: {'; '.join(text)}."


# -- correlations --


def maps_of(found: pd.DataFrame, far: str = distance.MAIN) -> dict[str, pd.DataFrame]:
    """`distance.correlations` as the panels of `correlation_maps`: title → row, column (a target),
    rho, firm.

    The score without a task by distance; the mean change by distance; the change after every task
    with distance `far`.
    """
    panels = {
        "Score without intermediate task": found[found["outcome"] == SCORE],
        "Mean change after the intermediate tasks": found[found["outcome"] == MEAN],
    }
    panels = {k: v.assign(row=v["distance"]) for k, v in panels.items()}
    each = found[~found["outcome"].isin([SCORE, MEAN]) & (found["distance"] == far)]
    each = each.assign(row=each["outcome"].map(distance.title))
    panels |= {f"Change after each task, {far} distance": each}
    return {k: v.assign(column=v["target"].map(name)) for k, v in panels.items()}


def task_maps(found: pd.DataFrame, targets: Sequence[str]) -> dict[str, pd.DataFrame]:
    """The same, a panel a target: rows are outcomes, columns distances."""
    rows = found["outcome"].map(distance.title)
    told = found.assign(row=rows, column=found["distance"])
    return {name(t): told[told["target"] == t] for t in targets}


def correlation_maps(panels: Mapping[str, pd.DataFrame]) -> Figure:
    """Heat maps of correlations, rows × columns, one under the other in one scale from -1 to 1;
    bold where `firm`. Panels without rows are left out. ValueError if all are."""
    shown = {k: v for k, v in panels.items() if len(v) and v["rho"].notna().any()}
    if not shown:
        raise ValueError("nothing to draw: no correlations")
    rows = [v["row"].nunique() for v in shown.values()]
    height = 0.9 + sum(0.55 + 0.23 * n for n in rows)
    figure, every = canvas.empty(height, len(rows), heights=[1 + n for n in rows])
    for axes, (title, part) in zip(every, shown.items(), strict=True):
        _heat(axes, part, last=axes is every[-1], bar=axes is every[0])
        axes.set_title(title, size=10, loc="left")
    return figure


def _heat(axes: Axes, part: pd.DataFrame, last: bool, bar: bool) -> None:
    rows, columns = list(part["row"].unique()), list(part["column"].unique())
    values, firm = (
        part.pivot(index="row", columns="column", values=v).reindex(index=rows, columns=columns)
        for v in ("rho", "firm")
    )
    sns.heatmap(
        values, ax=axes, cmap="RdBu", vmin=-1, vmax=1, linewidths=0.5, cbar=bar,
        annot=values.map(_written), fmt="",
        annot_kws={"size": CRAMPED},
        cbar_kws={"label": "Rank correlation with distance", "location": "top", "aspect": 40},
    )  # fmt: skip
    for text in axes.texts:
        c, r = (int(x) for x in text.get_position())
        text.set_fontweight("bold" if firm.iloc[r, c] == 1 else "normal")
    names = columns if last else []
    axes.set_xticks(axes.get_xticks() if last else [], names, rotation=40, ha="right")
    axes.set_yticks(axes.get_yticks(), list(values.index), rotation=0)
    axes.set(xlabel="", ylabel="")


def _written(rho: float) -> str:
    return "–" if np.isnan(rho) else f"{round(rho, 2) + 0.0:+.2f}"  # no "-0.00"


def alt_correlation_maps(panels: Mapping[str, pd.DataFrame]) -> str:
    """What `correlation_maps` shows: each panel's ends, and how many are firm."""
    told = []
    for title, part in panels.items():
        known = part.dropna(subset=["rho"]).sort_values("rho")
        if len(known):
            ends = [f"{r['rho']:+.2f} ({r['row']}, {r['column']})"
                    for r in (known.iloc[0], known.iloc[-1])]  # fmt: skip
            firm = int(known["firm"].sum())
            told.append(f"{title}: {ends[0]} to {ends[1]}, {firm} of {len(known)} firm")
    return f"Heat maps of rank correlations with distance. {'; '.join(told)}."


# -- coefficients --


def coefficient_dots(found: pd.DataFrame, targets: Sequence[str]) -> Figure:
    """Points for each property with its interval: the score without a task (left) and the mean
    change (right), a colour a target. `found` as from distance_models.coefficients; filled where
    the properties are held equal together, hollow where each was looked at alone."""
    shown = found[found["outcome"].isin([SCORE, MEAN]) & found["target"].isin(targets)]
    canvas.need(shown, "property", "target", "value", "low", "high")
    names = list(dict.fromkeys(shown["property"]))[::-1]
    figure, panels = canvas.empty(0.9 + 0.5 * len(names), 1, 2)
    there = [t for t in targets if t in set(shown["target"])]
    titles = {SCORE: "Score without a task", MEAN: "Mean change"}
    for axes, outcome in zip(panels, titles, strict=True):
        axes.axvline(0, color=GREY, linewidth=1, zorder=0)
        for k, target in enumerate(there):
            part = shown[(shown["target"] == target) & (shown["outcome"] == outcome)]
            at = [names.index(p) - (k - (len(there) - 1) / 2) * 0.7 / len(there)
                  for p in part["property"]]  # fmt: skip
            colour = COLOURS[k % len(COLOURS)]
            axes.hlines(at, part["low"], part["high"], color=colour, linewidth=1.4)
            face = [colour if t else "white" for t in part["together"]]
            axes.scatter(part["value"], at, color=face, edgecolors=colour, s=22, zorder=3)
            axes.scatter([], [], color=colour, s=22, label=name(target))
        ticks = names if outcome == SCORE else [""] * len(names)
        axes.set_yticks(range(len(names)), ticks)
        axes.set(xlabel="Points", ylim=(-0.6, len(names) - 0.4))
        axes.set_title(titles[outcome], size=10, loc="left")
    canvas.legend(figure, panels[0])
    return figure


def alt_coefficient_dots(found: pd.DataFrame, targets: Sequence[str]) -> str:
    """What `coefficient_dots` shows: the largest coefficients whose interval leaves out 0."""
    told = []
    for outcome in (SCORE, MEAN):
        part = found[(found["outcome"] == outcome) & found["target"].isin(targets)]
        aside = part[(part["low"] > 0) | (part["high"] < 0)]
        order = aside.assign(size=aside["value"].abs()).sort_values("size", ascending=False)
        some = [f"{r['property']} {r['value']:+.1f} ({name(r['target'])})"
                for r in order.head(3).to_dict("records")]  # fmt: skip
        told.append(f"{distance.title(outcome)}: {len(aside)} of {len(part)} intervals leave out 0"
                    + (f", largest {', '.join(some)}" if some else ""))  # fmt: skip
    return f"Dots with intervals, points for each property. {'; '.join(told)}."


# -- gaps --


def gap_moves(panels: Mapping[str, pd.DataFrame]) -> Figure:
    """What a task does to the source language (x) and to the others (y), points, a dot a task and
    target, a panel a study. Above the diagonal the gap shrinks. Each panel as from gap.gaps."""
    shown = {k: v[v["intermediate"] != "none"] for k, v in panels.items()}
    shown = {k: v for k, v in shown.items() if len(v)}
    if not shown:
        raise ValueError("nothing to draw: no changes of gaps")
    figure, every = canvas.empty(3.6, 1, len(shown))
    order = list(dict.fromkeys(t for v in shown.values() for t in v["target"]))
    for axes, (title, part) in zip(every, shown.items(), strict=True):
        both = part[["d_source", "d_others"]].to_numpy()
        ends = both.min() - 1, both.max() + 1
        axes.plot(ends, ends, color=GREY, linewidth=1, linestyle="--", zorder=0)
        axes.axhline(0, color="#DDDDDD", linewidth=0.8, zorder=0)
        axes.axvline(0, color="#DDDDDD", linewidth=0.8, zorder=0)
        for k, target in enumerate(order):
            one = part[part["target"] == target]
            marker = "o" if k < len(COLOURS) else "^"
            axes.scatter(
                one["d_source"], one["d_others"], label=name(target), marker=marker, s=20,
                color=COLOURS[k % len(COLOURS)],
            )  # fmt: skip
        axes.set(xlabel="Source language (points)", ylabel="")
        axes.set_title(title, size=10, loc="left")
    every[0].set_ylabel("Other languages, mean (points)")
    canvas.legend(figure, every[0], 4)
    return figure


def alt_gap_moves(panels: Mapping[str, pd.DataFrame]) -> str:
    """What `gap_moves` shows: how many dots lie above the diagonal."""
    told = []
    for title, part in panels.items():
        part = part[part["intermediate"] != "none"]
        if len(part):
            above = int((part["d_gap"] < 0).sum())
            ends = f"{part['d_gap'].min():+.1f} to {part['d_gap'].max():+.1f}"
            told.append(f"{title}: gap smaller in {above} of {len(part)}, by {ends} points")
    return f"Dots: change of the source language against that of the others. {'; '.join(told)}."
