"""Figures of the page on length and noise."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from xit.report import canvas
from xit.report.canvas import COLOURS, GREY
from xit.report.names import TITLES
from xit.report.robustness import MAIN, Found
from xit.report.robustness_tables import in_full, in_short

MARKERS = "osD^v*"


def noise_curves(curve: pd.DataFrame) -> Figure:
    """Mean score over languages (0-100) by the share of words with noise, a panel a target: lines
    are models, means over seeds; bands the range over seeds. ValueError above six models."""
    canvas.need(curve, "intermediate", "target", "rate", "seed", "value")
    targets, names = list(curve["target"].unique()), list(curve["intermediate"].unique())
    if len(names) > len(COLOURS):
        raise ValueError(f"{len(names)} models in one figure: at most {len(COLOURS)}")
    figure, panels = canvas.empty(0.9 + 2.4 * len(targets), len(targets))
    for axes, target in zip(panels, targets, strict=True):
        for k, name in enumerate(names):
            part = curve[(curve["target"] == target) & (curve["intermediate"] == name)]
            wide = part.pivot_table(index="rate", columns="seed", values="value")
            share, colour = 100 * wide.index, GREY if name == "none" else COLOURS[k - 1]
            axes.fill_between(share, wide.min(axis=1), wide.max(axis=1), color=colour, alpha=0.15,
                              linewidth=0)  # fmt: skip
            axes.plot(share, wide.mean(axis=1), color=colour, marker=MARKERS[k], ms=5, linewidth=2,
                      linestyle="--" if name == "none" else "-", label=TITLES[name])  # fmt: skip
        axes.set(ylabel=f"{TITLES[target]}\nscore (0–100)", ylim=(0, None))
        axes.set_xticks(100 * curve["rate"].unique())
        axes.grid(axis="y", color="#DDDDDD", linewidth=0.6)
    panels[-1].set(xlabel="Words with a typing error (%)")
    canvas.legend(figure, panels[0], 2)
    return figure


def alt_noise_curves(curve: pd.DataFrame) -> str:
    """What `noise_curves` shows: each line's ends."""
    told = []
    for (target, name), part in curve.groupby(["target", "intermediate"], sort=False):
        mean = part.groupby("rate")["value"].mean()
        told.append(f"{TITLES[str(target)]} after {TITLES[str(name)]} {mean.iloc[0]:.1f} to "
                    f"{mean.iloc[-1]:.1f}")  # fmt: skip
    most = 100 * curve["rate"].max()
    return f"Lines: mean score without noise and with {most:g}% of words: {'; '.join(told)}."


SCALES = {"slope": "points", "steepness": "% of clean score"}


def differences(found: Sequence[Found]) -> Figure:
    """Differences in slope on both SCALES, a row a question and target: thick for these languages,
    thin for new ones; the strokes below are the smallest effects that would have been seen."""
    shown = {m: [f for f in found if f.measure == m] for m in SCALES}
    if not found:
        raise ValueError("nothing to draw: no effects")
    rows = shown["slope"]
    figure, panels = canvas.empty(1.0 + 0.55 * len(rows), 1, 2)
    for axes, (measure, unit) in zip(panels, SCALES.items(), strict=True):
        axes.axvline(0, color=GREY, linewidth=1)
        for k, one in enumerate(shown[measure]):
            colour = COLOURS[0] if one.question.name == "length" else COLOURS[1]
            for ends, width in ((one.effect.new, 1.2), (one.effect.these, 4)):
                if ends.there:
                    axes.plot([ends.low, ends.high], [-k, -k], color=colour, linewidth=width,
                              solid_capstyle="butt")  # fmt: skip
            axes.plot([one.effect.mean], [-k], color="black", marker="o", ms=5)
            if one.detectable == one.detectable:
                axes.plot([-one.detectable, one.detectable], [-k - 0.25] * 2, color=GREY,
                          marker="|", linestyle="", ms=8)  # fmt: skip
        axes.set(xlabel=f"Slope, {unit}", ylim=(-len(rows) + 0.4, 0.6))
        axes.set_yticks([-k for k in range(len(rows))], [])
    labels = [f"{in_short(f.question)}\n→ {TITLES[f.target]}" for f in rows]
    panels[0].set_yticks([-k for k in range(len(rows))], labels)
    return figure


def alt_differences(found: Sequence[Found], measure: str = MAIN) -> str:
    """What `differences` shows: each mean with its interval."""
    told = []
    for one in (f for f in found if f.measure == measure):
        ends = one.effect.these
        span = f" ({ends.low:+.2f} to {ends.high:+.2f})" if ends.there else ""
        told.append(f"{in_full(one.question)} on {TITLES[one.target]} {one.effect.mean:+.2f}{span}")
    return f"Dots with intervals: difference in slope, points per 10% of words: {'; '.join(told)}."


def kinds(lost: pd.DataFrame) -> Figure:
    """Change (points) through each kind of noise with its interval, the costliest on top."""
    canvas.need(lost, "kind", "mean", "low", "high")
    ordered = lost.sort_values("mean", ascending=False).to_dict("records")
    figure, [axes] = canvas.empty(0.8 + 0.27 * len(ordered))
    for y, row in enumerate(ordered):
        axes.plot([row["low"], row["high"]], [y, y], color=COLOURS[0], linewidth=3,
                  solid_capstyle="butt")  # fmt: skip
        axes.plot([row["mean"]], [y], color="black", marker="o", ms=5)
    axes.axvline(0, color=GREY, linewidth=1)
    axes.set_yticks(range(len(ordered)), [row["kind"] for row in ordered])
    axes.set(xlabel="Change against the clean score (points)")
    return figure


def alt_kinds(lost: pd.DataFrame) -> str:
    """What `kinds` shows: every mean."""
    means = ", ".join(f"{r['kind']} {r['mean']:+.1f}" for r in lost.to_dict("records"))
    return f"Dots with intervals: change through each kind of noise, points: {means}."
