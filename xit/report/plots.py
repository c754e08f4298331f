"""The book's figures: tidy tables in, matplotlib figures out, with their alternative texts.

    figure = heatmap_change(change(scores), ["mnli", "qqp"], ["xnli", "xquad"])
    alt = alt_text("heatmap_change", change(scores))

Scores are 0-100, changes in points. All figures are WIDTH inches wide, so that the smallest text is
9 pixels high on a screen of 390 (7.5 with more than 7 targets or 30 languages). The ground is
white, so they read alike on dark pages; the colours, Okabe and Ito's, are told apart by any eyes.
"""

from collections.abc import Callable, Mapping, Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from scipy.stats import spearmanr

from xit import tasks
from xit.report.results import COLLAPSED, by_target, one_per_cell

WIDTH = 5.4  # inches
SMALL = 9  # points
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
BLUE, RED, GREY = COLOURS[0], COLOURS[5], "#666666"
STYLE = {"axes.spines.top": False, "axes.spines.right": False, "axes.labelsize": 10}


def _figure(
    height: float, rows: int = 1, columns: int = 1, heights: Sequence[float] | None = None
) -> tuple[Figure, list[Axes]]:
    """An empty figure on white, outside pyplot, so that nothing keeps it open."""
    with mpl.rc_context(rc=dict(STYLE)):  # type: ignore[arg-type]
        figure = Figure(figsize=(WIDTH, height), layout="constrained", facecolor="white")
        panels = list(np.ravel(figure.subplots(rows, columns, height_ratios=heights)))
    for axes in panels:
        axes.set_facecolor("white")
        axes.tick_params(labelsize=SMALL)
    return figure, panels


def _legend(figure: Figure, axes: Axes, columns: int = 3) -> None:
    handles, names = axes.get_legend_handles_labels()
    style = {"ncols": columns, "frameon": False, "fontsize": SMALL}
    figure.legend(handles, names, loc="outside upper center", **style)


def _title(name: str) -> str:
    known = {**tasks.INTERMEDIATE, **tasks.TARGET}
    return known[name].title if name in known else name


def _need(table: pd.DataFrame, *columns: str) -> None:
    missing = [c for c in columns if c not in table]
    if missing:
        raise ValueError(
            f"column {missing[0]!r} is missing; there are {', '.join(map(str, table))}"
        )
    if not len(table):
        raise ValueError("nothing to draw: the table has no rows")


# change, intermediate tasks × targets


def heatmap_change(
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
    _need(change, "intermediate", "target", "change")
    means = one_per_cell(by_target(change))
    rows = [i for i in intermediates if i in set(means["intermediate"])]
    columns = [t for t in targets if t in set(means["target"])]
    means = means.set_index(["intermediate", "target"])
    if not rows or not columns:
        raise ValueError("nothing to draw: no scores of these tasks")
    values = means["change"].unstack().reindex(index=rows, columns=columns)
    limit = limit or max(1.0, float(values.abs().max().max()))
    figure, [axes] = _figure(1.7 + 0.34 * len(rows))
    _heat(axes, values, limit)
    agree = means[(means["seeds"] > 1) & ((means["low"] > 0) | (means["high"] < 0))].index
    for text in axes.texts:
        c, r = (int(x) for x in text.get_position())
        text.set_fontweight("bold" if (rows[r], columns[c]) in agree else "normal")
    _mark(axes, values, means.reset_index())
    return figure


def _heat(axes: Axes, values: pd.DataFrame, limit: float, bar: bool = True) -> None:
    """One heat map of changes, `values` intermediate tasks × targets; `bar`: with its scale."""
    size = SMALL if len(values.columns) < 8 else 7.5
    beyond = "both" if float(values.abs().max().max()) > limit else "neither"
    sns.heatmap(
        values, ax=axes, cmap="RdBu", vmin=-limit, vmax=limit, linewidths=0.5, cbar=bar,
        annot=values.map(_points), fmt="", annot_kws={"size": size},
        cbar_kws={"label": "Change (points)", "location": "top", "aspect": 40, "extend": beyond},
    )  # fmt: skip
    names = [_title(str(t)) for t in values.columns]
    axes.set_xticks(axes.get_xticks(), names, rotation=40, ha="right")
    axes.set_yticks(axes.get_yticks(), [_title(str(i)) for i in values.index], rotation=0)
    axes.set(xlabel="Target task", ylabel="Intermediate task")


def _mark(axes: Axes, values: pd.DataFrame, table: pd.DataFrame) -> None:
    """Add † to the cells of `values` that `table` has collapsed runs for."""
    fallen = table[table["collapsed"] > 0] if "collapsed" in table else table[:0]
    cells = set(zip(fallen["intermediate"], fallen["target"], strict=True))
    for text in axes.texts:
        c, r = (int(x) for x in text.get_position())
        if (values.index[r], values.columns[c]) in cells:
            text.set_text(text.get_text() + COLLAPSED)


def heatmaps_change(panels: Mapping[str, pd.DataFrame], limit: float = 10) -> Figure:
    """Heat maps as `heatmap_change`, one under the other in one scale, of single numbers.

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
        _need(table, "intermediate", "target", "change")
        cells = table.set_index(["intermediate", "target"])["change"].unstack()
        wide[name] = cells.loc[table["intermediate"].unique(), table["target"].unique()]
    rows = [len(values) for values in wide.values()]
    height = 0.9 + sum(1.2 + 0.3 * n for n in rows)
    figure, panels_of = _figure(height, len(rows), heights=[2.5 + n for n in rows])
    for axes, (name, values) in zip(panels_of, wide.items(), strict=True):
        _heat(axes, values, limit, bar=axes is panels_of[0])
        _mark(axes, values, shown[name])
        axes.set_title(name, size=10, loc="left")
    return figure


def _points(change: float) -> str:
    return "–" if np.isnan(change) else f"{change:+.1f}"


def _alt_heatmap(change: pd.DataFrame) -> str:
    means = by_target(change).sort_values("change", ascending=False)
    high, low = means.iloc[0], means.iloc[-1]
    ends = [f"{_title(x['intermediate'])} → {_title(x['target'])}" for x in (high, low)]
    fallen = int((means["collapsed"] > 0).sum()) if "collapsed" in means else 0
    return (
        "Heat map of the change against no intermediate training, in points: "
        f"highest {ends[0]} {_points(high['change'])}, lowest {ends[1]} {_points(low['change'])}; "
        f"{int((means['change'] > 0).sum())} of {len(means)} are gains"
        + (f"; {fallen} with collapsed runs, marked {COLLAPSED}." if fallen else ".")
    )


def _alt_heatmaps(change: pd.DataFrame) -> str:
    """`change`: the panels of `heatmaps_change` in one table, named in column `panel`."""
    told = []
    for panel, part in change.groupby("panel", sort=False):
        part = part.sort_values("change", ascending=False)
        ends = [
            f"{_title(x['intermediate'])} → {_title(x['target'])} {_points(x['change'])}"
            for x in (part.iloc[0], part.iloc[-1])
        ]
        gains = f"{int((part['change'] > 0).sum())} of {len(part)} are gains"
        told.append(f"{panel}: highest {ends[0]}, lowest {ends[1]}, {gains}")
    return f"Heat maps of change in points. {'; '.join(told)}."


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
    _need(scores, "intermediate", "target", "language", "seed", "value")
    there = list(scores["language"].unique())
    codes = [c for c in order if c in there] + [c for c in there if c not in order]
    targets, after = list(scores["target"].unique()), list(scores["intermediate"].unique())
    if len(after) > len(COLOURS):
        raise ValueError(f"{len(after)} intermediate tasks in one figure: at most {len(COLOURS)}")
    figure, panels = _figure(0.8 + 1.5 * len(targets), len(targets))
    for axes, target in zip(panels, targets, strict=True):
        _dots(axes, scores[scores["target"] == target], codes, after)
        if source in codes:
            at = codes.index(source)
            axes.axvspan(at - 0.5, at + 0.5, color="#EEEEEE", zorder=0)
        if chance and target in chance:
            axes.axhline(chance[target], color=GREY, linestyle="--", linewidth=1, zorder=1)
        axes.set(ylim=(-4, 104), ylabel=f"{_title(target)}\nscore (0–100)")
        axes.set(xlim=(-0.7, len(codes) - 0.3), xticks=range(len(codes)), xticklabels=[])
        axes.grid(axis="y", color="#DDDDDD", linewidth=0.6)
    _name_languages(panels[-1], codes, source)
    if len(after) > 1:
        _legend(figure, panels[0])
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
        axes.scatter([], [], s=26, color=COLOURS[k], label=_title(name))  # for the legend


def _name_languages(axes: Axes, codes: Sequence[str], source: str) -> None:
    axes.set_xlabel("Language: source, then by family and distance")
    axes.set_xticks(range(len(codes)), codes)
    size = 7.5 if len(codes) > 30 else SMALL
    axes.tick_params(axis="x", labelsize=size, rotation=90 if len(codes) > 16 else 0)
    for label, code in zip(axes.get_xticklabels(), codes, strict=True):
        label.set_fontweight("bold" if code == source else "normal")


def _alt_dots(scores: pd.DataFrame) -> str:
    told = []
    for target, part in scores.groupby("target", sort=False):
        mean = part.groupby("language")["value"].mean().sort_values(ascending=False)
        ends = [f"{mean.iloc[i]:.1f} ({mean.index[i]})" for i in (0, -1)]
        told.append(f"{_title(str(target))} {ends[0]} to {ends[1]}")
    return f"Dots: score of each language, highest to lowest mean over seeds: {'; '.join(told)}."


# training


def training_curves(history: pd.DataFrame) -> Figure:
    """Loss (nats, left) and development score (0-100, right) over updates, a line for each seed.

    Columns step, loss, seed; where there are any, dev (missing where not evaluated) and task: one
    colour per task, dotted from the seventh on.
    """
    _need(history, "step", "loss", "seed")
    history = history if "task" in history else history.assign(task="")
    history = history if "dev" in history else history.assign(dev=np.nan)
    names = list(history["task"].unique())
    shown = ["loss", "dev"] if history["dev"].notna().any() else ["loss"]
    figure, panels = _figure(2.6 + 0.2 * len(names) ** 0.5, 1, len(shown))
    for axes, column in zip(panels, shown, strict=True):
        for k, name in enumerate(names):
            lines = history[history["task"] == name].dropna(subset=[column])
            for n, (_, line) in enumerate(lines.groupby("seed")):
                axes.plot(
                    line["step"], line[column], color=COLOURS[k % 6],
                    linestyle=":" if k > 5 else "-",
                    marker="o" if len(line) == 1 else "", linewidth=1.4, alpha=0.8,
                    label="" if n else _title(str(name)),
                )  # fmt: skip
        axes.set_ylim(bottom=0)
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        label = "Training loss (nats)" if column == "loss" else "Development score (0–100)"
        axes.set(xlabel="Update", ylabel=label)
    if len(names) > 1:
        _legend(figure, panels[0], 4)
    return figure


def _alt_curves(history: pd.DataFrame) -> str:
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
    _need(table, "language", "layer", "kind", "value")
    figure, [axes] = _figure(3.2)
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
    _legend(figure, axes)
    return figure


def _alt_layers(table: pd.DataFrame) -> str:
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
    _need(table, "language", "change", distance)
    far = table.groupby("language", sort=False)[distance].first()
    change = table.groupby("language", sort=False)["change"].agg(["mean", "min", "max"])
    figure, [axes] = _figure(3.4)
    axes.axhline(0, color=GREY, linewidth=1)
    axes.vlines(far, change["min"], change["max"], color=BLUE, alpha=0.35)
    axes.scatter(far, change["mean"], color=BLUE, s=24, zorder=3)
    for code, x, y in zip(far.index, far, change["mean"], strict=True):
        axes.annotate(code, (x, y), (4, 3), textcoords="offset points", size=SMALL)
    axes.set(xlabel=f"{distance.capitalize()} distance from the source", ylabel="Change (points)")
    return figure


def _alt_scatter(table: pd.DataFrame, distance: str = "syntactic") -> str:
    points = table.groupby("language")[[distance, "change"]].mean().dropna()
    ends = f"{points['change'].min():+.1f} to {points['change'].max():+.1f}"
    text = f"Scatter of change against {distance} distance, {len(points)} languages: {ends} points"
    if min(points.nunique()) > 1:
        rho = spearmanr(points[distance], points["change"]).statistic
        text += f", rank correlation {rho:+.2f}"
    return text + "."


# errors of translation

PLACES = {"own": ("in the language of the data", BLUE, "o"), "others": ("others, mean", RED, "s")}


def error_curves(curve: pd.DataFrame) -> Figure:
    """Change (points) by the share of words translated wrongly, a panel per task, language, target.

    `curve` as from `translation.by_errors`: thin lines are seeds, thick ones their mean; dashed:
    the mean after intermediate data in the source language.
    """
    _need(curve, "task", "data", "target", "where", "errors", "seed", "change", "original")
    panels = list(curve.groupby(["task", "data", "target"], sort=False))
    figure, every = _figure(1.0 + 2.0 * len(panels), len(panels))
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
        axes.set_title(f"{_title(task)} in {data} → {_title(target)}", size=10, loc="left")
        axes.set(ylabel="Change (points)")
    every[-1].set(xlabel="Content words translated wrongly (%)")
    _legend(figure, every[0])
    return figure


def _alt_errors(curve: pd.DataFrame) -> str:
    told = []
    for (task, data, target, where), part in curve.groupby(
        ["task", "data", "target", "where"], sort=False
    ):
        means = part.groupby("errors")["change"].mean()
        place = f"in {data}" if where == "own" else "others"
        ends = " to ".join(_points(means.iloc[i]) for i in (0, -1))
        told.append(f"{_title(str(task))} → {_title(str(target))} {place} {ends}")
    first, last = (f"{100 * x:g}%" for x in (curve["errors"].min(), curve["errors"].max()))
    return f"Lines: change in points, {first} to {last} of words wrong: {'; '.join(told)}."


ALT: dict[str, Callable[..., str]] = {
    "heatmap_change": _alt_heatmap,
    "heatmaps_change": _alt_heatmaps,
    "language_dots": _alt_dots,
    "training_curves": _alt_curves,
    "retrieval_by_layer": _alt_layers,
    "scatter_change_distance": _alt_scatter,
    "error_curves": _alt_errors,
}


def alt_text(kind: str, table: pd.DataFrame, **options: str) -> str:
    """One sentence with what a figure shows; `kind` is the figure's function, `table` its table.

    ValueError for another kind. `options` as the figure's (`distance` of the scatter).
    """
    if kind not in ALT:
        raise ValueError(f"unknown kind of figure {kind!r}: expected one of {', '.join(ALT)}")
    _need(table)
    return ALT[kind](table, **options)
