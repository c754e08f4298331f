"""Figures of ablation 07: retrieval under every choice, and scores on the way of a training.

Conventions as in xit/report/canvas.py.
"""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from xit.report import canvas
from xit.report.canvas import BLUE, COLOURS, GREY, RED, SMALL
from xit.report.names import TITLES

LINES = {("mean", "centred"): (BLUE, "-"), ("cls", "centred"): (BLUE, ":"),
         ("mean", "raw"): (RED, "-"), ("cls", "raw"): (RED, ":")}  # fmt: skip
POOLED = {"mean": "mean", "cls": "first token"}
PER_ROW = 3  # panels


def retrieval(told: pd.DataFrame, layer: int) -> Figure:
    """Retrieval accuracy (0-100) by layer, a panel for each intermediate task, "none" first.

    `told` as from `retrieval_choices.collect`. Lines are means over seeds and languages: blue
    centred, red raw; full lines mean pooling, dotted ones the first token. A grey line marks the
    study's `layer`.
    """
    canvas.need(told, "intermediate", "layer", "pooling", "centring", "value")
    names = list(told["intermediate"].unique())
    rows = -(-len(names) // PER_ROW)
    figure, panels = canvas.empty(0.9 + 1.5 * rows, rows, PER_ROW)
    for axes, name in zip(panels, names, strict=False):
        part = told[told["intermediate"] == name]
        axes.axvline(layer, color=GREY, linewidth=0.8, zorder=0)
        for (pooling, centring), (colour, style) in LINES.items():
            one = part[(part["pooling"] == pooling) & (part["centring"] == centring)]
            mean = one.groupby("layer")["value"].mean()
            label = f"{centring}, {POOLED[pooling]}"
            axes.plot(mean.index, mean, color=colour, linestyle=style, label=label)
        axes.set_title(TITLES[str(name)], size=SMALL)
        axes.set(ylim=(-3, 103), yticks=(0, 50, 100))
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    for axes in panels[len(names) :]:
        axes.remove()
    figure.supxlabel("Layer (0: embeddings)", size=SMALL + 1)
    figure.supylabel("Retrieval accuracy (0–100)", size=SMALL + 1)
    canvas.legend(figure, panels[0], 2)
    return figure


def alt_retrieval(told: pd.DataFrame) -> str:
    """What `retrieval` shows: the best of each of the four lines, without and after a task."""
    after = told["intermediate"].ne("none").map({True: "after a task", False: "without"})
    kinds = ["pooling", "centring", "after"]
    means = told.assign(after=after).groupby([*kinds, "layer"])["value"].mean().reset_index()
    found = []
    for (pooling, centring, where), part in means.groupby(kinds):
        best = part.sort_values("value", kind="stable").iloc[-1]
        place = f"{centring}, {POOLED[str(pooling)]}, {where}"
        found.append(f"{place} {best['value']:.1f} at layer {best['layer']}")
    return f"Lines: retrieval accuracy by layer; highest {'; '.join(found)}."


def on_the_way(states: pd.DataFrame, source: str) -> Figure:
    """Scores (0-100) over the training of each target, a panel each: full lines the mean of the
    other languages, dashed ones the language `source`; one colour for each intermediate task.

    `states` as from `selection.states`; means over seeds. Open circles: the states kept by source
    dev, one a seed. ValueError for more intermediate tasks than colours.
    """
    canvas.need(states, "intermediate", "target", "state", "share", "language", "value")
    after, targets = list(states["intermediate"].unique()), list(states["target"].unique())
    if len(after) > len(COLOURS):
        raise ValueError(f"{len(after)} intermediate tasks in one figure: at most {len(COLOURS)}")
    figure, panels = canvas.empty(0.9 + 1.7 * len(targets), len(targets))
    states = states[states["scored"]]
    for axes, target in zip(panels, targets, strict=True):
        for name, colour in zip(after, COLOURS, strict=False):
            part = states[(states["target"] == target) & (states["intermediate"] == name)]
            others = part[part["language"] != source]
            for rows, style in ((others, "-"), (part[part["language"] == source], "--")):
                means = rows[rows["state"] > 0].groupby("state")[["share", "value"]].mean()
                axes.plot(
                    100 * means["share"], means["value"], color=colour, linestyle=style,
                    marker=".", label=TITLES[name] if style == "-" else "",
                )  # fmt: skip
            kept = others[others["state"] == 0].groupby("seed")[["share", "value"]].mean()
            axes.scatter(
                100 * kept["share"], kept["value"], s=40, facecolors="none", edgecolors=colour
            )
        axes.set(ylabel=f"{TITLES[target]}\nscore (0–100)", xlim=(0, 103))
        axes.grid(axis="y", color="#DDDDDD", linewidth=0.6)
    panels[-1].set_xlabel("Updates (% of the training)")
    canvas.legend(figure, panels[0])
    return figure


def alt_on_the_way(states: pd.DataFrame, source: str) -> str:
    """What `on_the_way` shows: first and last scores of each target, source and others."""
    part = states[states["scored"] & (states["state"] > 0)]
    part = part.assign(where=part["language"].eq(source).map({True: source, False: "others"}))
    means = part.groupby(["target", "where", "state"], sort=False)["value"].mean().reset_index()
    told = []
    for (target, where), line in means.groupby(["target", "where"], sort=False):
        ends = f"{line['value'].iloc[0]:.1f} to {line['value'].iloc[-1]:.1f}"
        told.append(f"{TITLES[str(target)]}, {where}: {ends}")
    return f"Lines: score over the training, first to last state; {'; '.join(told)}."
