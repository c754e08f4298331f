"""The figures of scores, training, retrieval and distance, and what each shows in words.

    page.figure(plots.language_dots(scores, order, "en"), plots.alt_language_dots(scores))

Tidy tables in, matplotlib figures out. Scores are 0-100, changes in points. How figures look is in
xit/report/canvas.py.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from xit.report import canvas
from xit.report.canvas import BLUE, COLOURS, GREY, RED, SMALL
from xit.report.names import TITLES

# scores by language


def language_dots(
    scores: pd.DataFrame,
    order: Sequence[str],
    source: str,
    chance: Mapping[str, float] | None = None,
) -> Figure:
    """Scores (0-100) of every language, a panel per target: small dots seeds, large their mean.

    `scores` in one metric per target; languages as in `order`, `source` shaded. One colour per
    intermediate task where there are several (ValueError above six). Dashed: `chance[target]`.
    """
    canvas.need(scores, "intermediate", "target", "language", "seed", "value")
    there = list(scores["language"].unique())
    codes = [c for c in order if c in there] + [c for c in there if c not in order]
    targets, after = list(scores["target"].unique()), list(scores["intermediate"].unique())
    if len(after) > len(COLOURS):
        raise ValueError(f"{len(after)} intermediate tasks in one figure: at most {len(COLOURS)}")
    figure, panels = canvas.empty(0.8 + 1.5 * len(targets), len(targets))
    for axes, target in zip(panels, targets, strict=True):
        _dots(axes, scores[scores["target"] == target], codes, after)
        if source in codes:
            at = codes.index(source)
            axes.axvspan(at - 0.5, at + 0.5, color="#EEEEEE", zorder=0)
        if chance and target in chance:
            axes.axhline(chance[target], color=GREY, linestyle="--", linewidth=1, zorder=1)
        axes.set(ylim=(-4, 104), ylabel=f"{TITLES[target]}\nscore (0–100)")
        axes.set(xlim=(-0.7, len(codes) - 0.3), xticks=range(len(codes)), xticklabels=[])
        axes.grid(axis="y", color="#DDDDDD", linewidth=0.6)
    _name_languages(panels[-1], codes, source)
    if len(after) > 1:
        canvas.legend(figure, panels[0])
    return figure


def _dots(axes: Axes, part: pd.DataFrame, codes: Sequence[str], after: Sequence[str]) -> None:
    place = {c: i for i, c in enumerate(codes)}
    for k, name in enumerate(after):
        one = part[part["intermediate"] == name]
        shift = (k - (len(after) - 1) / 2) * 0.6 / len(after)
        mean = one.groupby("language", sort=False)["value"].mean()
        at = [place[str(c)] + shift for c in mean.index]
        every = one["language"].map(place) + shift
        axes.scatter(every, one["value"], s=9, alpha=0.55, color=COLOURS[k], linewidths=0)
        axes.scatter(at, mean, s=26, zorder=3, color=COLOURS[k], edgecolors="white", linewidths=0.6)
        axes.scatter([], [], s=26, color=COLOURS[k], label=TITLES[name])  # for the legend


def _name_languages(axes: Axes, codes: Sequence[str], source: str) -> None:
    axes.set_xlabel("Language: source, then by family and distance")
    axes.set_xticks(range(len(codes)), codes)
    size = 7.5 if len(codes) > 30 else SMALL
    axes.tick_params(axis="x", labelsize=size, rotation=90 if len(codes) > 16 else 0)
    for label, code in zip(axes.get_xticklabels(), codes, strict=True):
        label.set_fontweight("bold" if code == source else "normal")


def alt_language_dots(scores: pd.DataFrame) -> str:
    """What `language_dots` shows: each target's best and worst language."""
    told = []
    for target, part in scores.groupby("target", sort=False):
        mean = part.groupby("language")["value"].mean().sort_values(ascending=False)
        ends = [f"{mean.iloc[i]:.1f} ({mean.index[i]})" for i in (0, -1)]
        told.append(f"{TITLES[str(target)]} {ends[0]} to {ends[1]}")
    return f"Dots: score of each language, highest to lowest mean over seeds: {'; '.join(told)}."


# training


def training_curves(history: pd.DataFrame) -> Figure:
    """Loss (nats, left) and development score (0-100, right) over updates, a line for each seed.

    Columns step, loss, seed; where there are any, dev (missing where not evaluated) and task: one
    colour per task, dotted from the seventh on.
    """
    canvas.need(history, "step", "loss", "seed")
    history = history if "task" in history else history.assign(task="")
    history = history if "dev" in history else history.assign(dev=np.nan)
    names = list(history["task"].unique())
    shown = ["loss", "dev"] if history["dev"].notna().any() else ["loss"]
    figure, panels = canvas.empty(2.6 + 0.2 * len(names) ** 0.5, 1, len(shown))
    for axes, column in zip(panels, shown, strict=True):
        for k, name in enumerate(names):
            lines = history[history["task"] == name].dropna(subset=[column])
            for n, (_, line) in enumerate(lines.groupby("seed")):
                axes.plot(
                    line["step"], line[column], color=COLOURS[k % 6],
                    linestyle=":" if k > 5 else "-",
                    marker="o" if len(line) == 1 else "", linewidth=1.4, alpha=0.8,
                    label="" if n or len(names) == 1 else TITLES[str(name)],
                )  # fmt: skip
        axes.set_ylim(bottom=0)
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        label = "Training loss (nats)" if column == "loss" else "Development score (0–100)"
        axes.set(xlabel="Update", ylabel=label)
    if len(names) > 1:
        canvas.legend(figure, panels[0], 4)
    return figure


def alt_training_curves(history: pd.DataFrame) -> str:
    """What `training_curves` shows: losses at both ends, best development scores."""
    runs = history.sort_values("step").groupby([k for k in ("task", "seed") if k in history])
    first, last = runs["loss"].first().mean(), runs["loss"].last().mean()
    text = (
        f"Training curves, {runs.ngroups} runs: mean loss {first:.2f} at first, {last:.2f} at last"
    )
    if "dev" in history and history["dev"].notna().any():
        best = runs["dev"].max()
        text += f"; best development scores {best.min():.1f} to {best.max():.1f}"
    return text + "."


# retrieval


def retrieval_by_layer(table: pd.DataFrame) -> Figure:
    """Retrieval accuracy (0-100) by layer, raw and with each language's mean removed.

    Columns language, layer (0: embeddings), kind ("raw" or "centred"), value. Thick lines are means
    over the languages, thin lines languages, the bands the range over them.
    """
    canvas.need(table, "language", "layer", "kind", "value")
    figure, [axes] = canvas.empty(3.2)
    for kind, colour, marker in (("centred", BLUE, "o"), ("raw", RED, "s")):
        part = table[table["kind"] == kind]
        if len(part):
            wide = part.pivot_table(index="layer", columns="language", values="value")
            low, high, mean = wide.min(axis=1), wide.max(axis=1), wide.mean(axis=1)
            axes.fill_between(wide.index, low, high, color=colour, alpha=0.12, linewidth=0)
            axes.plot(wide.index, wide, color=colour, linewidth=0.5, alpha=0.5)
            axes.plot(mean.index, mean, color=colour, linewidth=2.2, marker=marker, label=kind)
    axes.set(xlabel="Layer (0: embeddings)", ylabel="Retrieval accuracy (0–100)", ylim=(-2, 102))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    canvas.legend(figure, axes)
    return figure


def alt_retrieval_by_layer(table: pd.DataFrame) -> str:
    """What `retrieval_by_layer` shows: the best layers."""
    told = []
    for kind, part in table.groupby("kind", sort=False):
        mean = part.groupby("layer")["value"].mean()
        told.append(f"{kind} best at layer {mean.idxmax()} with {mean.max():.1f}")
    return f"Lines: retrieval accuracy by layer, mean over languages; {', '.join(told)}."


# distance


def scatter_change_distance(table: pd.DataFrame, distance: str = "syntactic") -> Figure:
    """Change (points) of each language against its distance from the source language.

    Columns language, change, the column named by `distance`, and a row per seed where there are
    several: the dot is the mean over seeds, the bar their range.
    """
    canvas.need(table, "language", "change", distance)
    far = table.groupby("language", sort=False)[distance].first()
    change = table.groupby("language", sort=False)["change"].agg(["mean", "min", "max"])
    figure, [axes] = canvas.empty(3.4)
    axes.axhline(0, color=GREY, linewidth=1)
    axes.vlines(far, change["min"], change["max"], color=BLUE, alpha=0.35)
    axes.scatter(far, change["mean"], color=BLUE, s=24, zorder=3)
    for code, x, y in zip(far.index, far, change["mean"], strict=True):
        axes.annotate(code, (x, y), (4, 3), textcoords="offset points", size=SMALL)
    axes.set(xlabel=f"{distance.capitalize()} distance from the source", ylabel="Change (points)")
    return figure


def alt_scatter_change_distance(table: pd.DataFrame, distance: str = "syntactic") -> str:
    """What `scatter_change_distance` shows: the ends and the rank correlation."""
    points = table.groupby("language")[[distance, "change"]].mean().dropna()
    ends = f"{points['change'].min():+.1f} to {points['change'].max():+.1f}"
    text = f"Scatter of change against {distance} distance, {len(points)} languages: {ends} points"
    if min(points.nunique()) > 1:
        rho = float(points[[distance, "change"]].corr("spearman").to_numpy()[0, 1])
        text += f", rank correlation {rho:+.2f}"
    return text + "."


# errors of translation

PLACES = {"own": ("in the language of the data", BLUE, "o"), "others": ("others, mean", RED, "s")}


def error_curves(curve: pd.DataFrame) -> Figure:
    """Change (points) by the share of words translated wrongly, a panel per task, language, target.

    `curve` as from `translation.by_errors`: thin lines are seeds, thick ones their mean; dashed:
    the mean after intermediate data in the source language.
    """
    canvas.need(curve, "task", "data", "target", "where", "errors", "seed", "change", "original")
    panels = list(curve.groupby(["task", "data", "target"], sort=False))
    figure, every = canvas.empty(1.0 + 2.0 * len(panels), len(panels))
    for axes, (name, part) in zip(every, panels, strict=True):
        task, data, target = map(str, name)
        for where, (label, colour, marker) in PLACES.items():
            lines = part[part["where"] == where]
            if not len(lines):
                continue
            wide = lines.pivot(index="errors", columns="seed", values="change").sort_index()
            share, mean = 100 * wide.index, wide.mean(axis=1)
            axes.plot(share, wide, color=colour, marker=marker, ms=3, linewidth=0.6, alpha=0.5)
            axes.plot(share, mean, color=colour, marker=marker, linewidth=2.2, label=label)
            axes.axhline(lines["original"].mean(), color=colour, linestyle="--", linewidth=1)
        axes.axhline(0, color=GREY, linewidth=1, zorder=0)
        axes.set_title(f"{TITLES[task]} in {data} → {TITLES[target]}", size=10, loc="left")
        axes.set(ylabel="Change (points)")
    every[-1].set(xlabel="Content words translated wrongly (%)")
    canvas.legend(figure, every[0])
    return figure


def alt_error_curves(curve: pd.DataFrame) -> str:
    """What `error_curves` shows: each line's first and last point."""
    told = []
    for (task, data, target, where), part in curve.groupby(
        ["task", "data", "target", "where"], sort=False
    ):
        means = part.groupby("errors")["change"].mean()
        place = f"in {data}" if where == "own" else "others"
        ends = " to ".join(canvas.points(means.iloc[i]) for i in (0, -1))
        told.append(f"{TITLES[str(task)]} → {TITLES[str(target)]} {place} {ends}")
    first, last = (f"{100 * x:g}%" for x in (curve["errors"].min(), curve["errors"].max()))
    return f"Lines: change in points, {first} to {last} of words wrong: {'; '.join(told)}."
