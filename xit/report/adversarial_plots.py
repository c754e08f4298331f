"""The figures of training against a language discriminator, and what each shows in words."""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from xit import variants
from xit.report import adversarial, canvas
from xit.report.adversarial import ADVERSARIAL, BEFORE, STANDARD, Told
from xit.report.canvas import BLUE, COLOURS, GREY, RED, SMALL
from xit.report.names import TITLES

STYLES = {  # label, colour, marker, line, width
    STANDARD: ("task alone", BLUE, "s", "-", 2.2),
    ADVERSARIAL: ("against the adversary", RED, "o", "-", 2.2),
    BEFORE: ("before any task", GREY, "^", ":", 1.6),
}
MEASURES = {
    "acc": "Languages named by\na fresh probe (%)",
    "between": "Variance between\nlanguages (%)",
}


def probe_by_layer(probes: pd.DataFrame, layers: Mapping[str, int]) -> Figure:
    """What a fresh probe finds by layer, a row for each task: how often it names the language
    (left), and the share of the variance that lies between languages (right), 0-100.

    `probes` as from `adversarial.recognised`, `layers` from `adversarial.layers`: a grey bar is the
    layer of the discriminator. Lines are means over languages and seeds, dots seeds; dashed chance.
    Of the adversary's other layers and weights thin lines.
    """
    canvas.need(probes, "intermediate", "how", "seed", "layer", "metric", "value")
    by_task: dict[str, list[str]] = {}
    for name in layers:
        by_task.setdefault(variants.parse(name).task, []).append(name)
    figure, panels = canvas.empty(1.2 + 2.1 * len(by_task), len(by_task), len(MEASURES))
    places = [(task, metric) for task in by_task for metric in MEASURES]
    for axes, (task, metric) in zip(panels, places, strict=True):
        _panel(axes, probes[probes["metric"] == metric], task, by_task[task], layers)
        axes.set(ylabel=MEASURES[metric])
        if metric == "acc":
            axes.set(ylim=(-3, 103))
            axes.set_title(TITLES[task], size=10, loc="left")
            axes.axhline(adversarial.chance(probes), color=GREY, linestyle="--", linewidth=1)
        else:
            axes.set_ylim(bottom=0)
    figure.supxlabel("Layer (0: embeddings)", size=SMALL + 1)
    canvas.legend(figure, panels[0], 2)
    return figure


def _panel(
    axes: Axes, told: pd.DataFrame, task: str, own: Sequence[str], layers: Mapping[str, int]
) -> None:
    spare = iter(COLOURS[2:5] * len(own))
    named = told["intermediate"]
    _lines(axes, told[named == task], *STYLES[STANDARD])
    for name in own:
        if adversarial.is_main(name):
            axes.axvline(layers[name], color="#DDDDDD", linewidth=5, zorder=0)
            _lines(axes, told[named == name], *STYLES[ADVERSARIAL])
        else:
            label = f"the same, {TITLES[name].partition(' (')[2].rstrip(')')}"
            _lines(axes, told[named == name], label, next(spare), "d", "-", 1.2)
    _lines(axes, told[named == "none"], *STYLES[BEFORE])
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))


def _lines(
    axes: Axes, part: pd.DataFrame, label: str, colour: str, marker: str, line: str, width: float
) -> None:
    means = part.groupby("layer")["value"].mean()
    if not len(means):
        return
    [drawn] = axes.plot(means.index, means, color=colour, linewidth=width, label=label)
    drawn.set(linestyle=line, marker=marker, markersize=4.5)
    seeds = part.groupby(["layer", "seed"])["value"].mean().reset_index()
    axes.scatter(seeds["layer"], seeds["value"], s=9, color=colour, alpha=0.55, linewidths=0)


def alt_probe_by_layer(probes: pd.DataFrame, layers: Mapping[str, int]) -> str:
    """What `probe_by_layer` shows: the accuracies on the layer of each discriminator."""
    means = probes.groupby(["metric", "intermediate", "layer"])["value"].mean()
    told = []
    for name, layer in layers.items():
        models = ("none", variants.parse(name).task, name)
        each = [
            " to ".join(f"{means[metric, model, layer]:.1f}" for model in models)
            for metric in MEASURES
        ]
        told.append(f"{TITLES[name]}, layer {layer}: {each[0]}; between {each[1]}")
    return (
        "Lines: languages named by a fresh probe, by layer, chance "
        f"{adversarial.chance(probes):.1f}, and variance between languages; before, after the task "
        f"alone, against the adversary: {'; '.join(told)}."
    )


def forest(told: Sequence[Told]) -> Figure:
    """The effect of the adversary (points) in each cell: diamonds means, dots seeds, thick bars
    the 95% interval for these languages, thin ones that for new languages.
    """
    if not told:
        raise ValueError("nothing to draw: no effects")
    figure, [axes] = canvas.empty(1.1 + 0.42 * len(told))
    for row, one in enumerate(told):
        bars = ((one.effect.these, row, 4.5, "#9FC5E8"), (one.effect.new, row + 0.24, 1.2, GREY))
        for interval, place, width, colour in bars:
            if interval.there:
                ends = [interval.low, interval.high]
                axes.plot(ends, [place, place], color=colour, linewidth=width, zorder=1)
        axes.scatter([one.effect.mean], [row], s=36, color=RED, marker="D", zorder=2)
        axes.scatter(one.seeds, [row] * len(one.seeds), s=12, color="black", zorder=3, linewidths=0)
    axes.axvline(0, color=GREY, linewidth=1, zorder=0)
    axes.set_yticks(range(len(told)), [_cell(one) for one in told], size=SMALL)
    axes.set(ylim=(len(told) - 0.5, -0.5), xlabel="Adversarial − standard (points)")
    return figure


def _cell(one: Told) -> str:
    return f"{TITLES[one.intermediate].partition(' +')[0]} → {TITLES[one.target]}"


def alt_forest(told: Sequence[Told]) -> str:
    """What `forest` shows: mean and interval of each cell."""
    cells = []
    for one in told:
        ends = one.effect.these
        span = f" ({ends.low:+.1f} to {ends.high:+.1f})" if ends.there else ""
        cells.append(f"{_cell(one)} {one.effect.mean:+.1f}{span}")
    return f"Effect of the adversary in points with 95% interval: {'; '.join(cells)}."
