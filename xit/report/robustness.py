"""Accuracy under character noise: curves, their area and slope, and what changes these.

    curve = robustness.curve(noisy_runs.scores(chains, study), "mixed")
    told = robustness.measures(curve)                        # a row a model, target, language, seed
    effects = robustness.effects(told, questions, families)

Of one model, target, language and seed the curve is its score at each rate of noise, the clean one
among them. `area` is the area under it from no noise to the highest rate, divided by that rate: the
mean score over the rates, 0-100. `slope` is that of the least-squares line, in points per 10% of
words; below 0 where noise costs something. A model that scores more has more to lose, so both stand
beside themselves in per cent of the clean mean over languages of the same model, target and seed
(`kept`, `steepness`).
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from xit import variants
from xit.errors import XitError
from xit.report import power, stats
from xit.report.noisy_runs import CLEAN

CURVE = ["intermediate", "target", "language", "seed"]
MEASURES = {
    "clean": "clean score",
    "area": "area under the curve",
    "slope": "slope (per 10% of words)",
    "kept": "area, % of clean",
    "steepness": "slope, % of clean",
}
MAIN = "slope"  # whose difference is the interaction of length and noise
STEP = 0.1  # share of words that a slope is per


# -- measures --


def curve(scores: pd.DataFrame, kind: str) -> pd.DataFrame:
    """The rows of `scores` without noise and with noise of this `kind`."""
    return scores[scores["kind"].isin([CLEAN, kind])].reset_index(drop=True)


def measures(curve: pd.DataFrame) -> pd.DataFrame:
    """CURVE and MEASURES, one row each curve; languages as in `curve`, which must be those that the
    clean mean is taken over. XitError where a curve lacks a rate."""
    wide = curve.pivot(index=CURVE, columns="rate", values="value").sort_index(axis=1)
    if wide.isna().any(axis=None):
        row = wide[wide.isna().any(axis=1)].index[0]
        raise XitError(f"{' '.join(map(str, row))}: not scored at every rate of noise")
    rates = wide.columns.to_numpy(float)
    if len(rates) < 2 or rates[0] != 0:
        raise XitError(f"rates of noise {rates.tolist()}: expected 0 and at least one more")
    values = wide.to_numpy(float)  # (curves, rates)
    told = wide.index.to_frame(index=False)
    told["clean"] = values[:, 0]
    told["area"] = np.trapezoid(values, rates, axis=1) / rates[-1]
    told["slope"] = values @ _line(rates) * STEP
    mean = told.groupby(["intermediate", "target", "seed"])["clean"].transform("mean")
    share = 100 / mean.where(mean > 0)
    return told.assign(kept=told["area"] * share, steepness=told["slope"] * share)


def _line(rates: np.ndarray) -> np.ndarray:
    """Weights of the scores at `rates` in the slope of their least-squares line: (rates,)."""
    centred = rates - rates.mean()
    return centred / (centred**2).sum()


def losses(scores: pd.DataFrame, rate: float) -> pd.DataFrame:
    """Noisy minus clean score (`change`, points) by `kind` at one `rate`: CURVE, kind, change."""
    clean = scores[scores["kind"] == CLEAN].set_index(CURVE)["value"]
    noisy = scores[scores["rate"] == rate].join(clean.rename("clean"), on=CURVE)
    return noisy.assign(change=noisy["value"] - noisy["clean"])[[*CURVE, "kind", "change"]]


# -- what changes them --


class Question(NamedTuple):
    """Two models that differ in one thing: what `other` has more than `one` is the effect."""

    name: str
    one: str
    other: str


def questions(names: Sequence[str]) -> list[Question]:
    """What the variants `names` can be asked: the longest inputs of a task against its shortest,
    and each variant with smoothing against the same without."""
    told = [variants.parse(name) for name in names]
    found = []
    for task in dict.fromkeys(v.task for v in told):
        own = sorted({v for v in told if v.task == task and v.length and not v.option},
                     key=lambda v: v.length)  # fmt: skip
        if len(own) > 1:
            found.append(Question("length", str(own[0]), str(own[-1])))
    for one in told:
        plain = one._replace(option="")
        if one.option == "smooth" and plain in told:
            found.append(Question("smoothing", str(plain), str(one)))
    return found


def contrast(told: pd.DataFrame, question: Question) -> pd.DataFrame:
    """MEASURES of `other` minus those of `one`, paired: target, language, seed and these."""
    key = CURVE[1:]
    one, other = (
        told[told["intermediate"] == name].set_index(key)[list(MEASURES)]
        for name in (question.one, question.other)
    )
    return (other - one.loc[other.index]).reset_index()


class Found(NamedTuple):
    """One effect: its question, target and measure, and what the statistics say."""

    question: Question
    target: str
    measure: str
    effect: stats.Effect
    p: float  # Holm over the targets of one question and measure
    detectable: float  # the smallest effect that would have been seen, in the measure's unit


def effects(
    told: pd.DataFrame, asked: Sequence[Question], families: Mapping[str, str]
) -> list[Found]:
    """Every question × measure × target."""
    found = []
    for question in asked:
        changes = contrast(told, question)
        for measure in MEASURES:
            grids = _grids(changes, measure, families)
            every = {target: stats.effect(one) for target, one in grids.items()}
            adjusted = stats.holm([e.p for e in every.values()])
            for (target, effect), p in zip(every.items(), adjusted, strict=True):
                least = power.detectable(grids[target])
                found.append(Found(question, target, measure, effect, p, least))
    return found


def _grids(
    changes: pd.DataFrame, measure: str, families: Mapping[str, str]
) -> dict[str, stats.Grid]:
    """Target → grid of the column `measure`."""
    return {
        str(target): stats.grid(
            part.rename(columns={measure: "change"})[["language", "seed", "change"]], families
        )
        for target, part in changes.groupby("target", sort=False)
    }


def of_noise(told: pd.DataFrame, name: str, families: Mapping[str, str]) -> dict[str, stats.Effect]:
    """Target → the mean slope after the intermediate task `name`, tested against none; no interval
    where all seeds share one model, as where nothing has been trained for retrieval."""
    own = told[told["intermediate"] == name]
    alone = own["seed"] == own["seed"].min()
    shared = own.groupby(["target", "language"])["slope"].transform("nunique") == 1
    one_model = shared.groupby(own["target"]).transform("all")
    return {
        t: stats.effect(g) for t, g in _grids(own[alone | ~one_model], "slope", families).items()
    }


def of_kinds(lost: pd.DataFrame, families: Mapping[str, str], usual: str) -> pd.DataFrame:
    """`losses` of one model on one target, a row a kind: mean, low, high; and against the kind
    `usual`, paired: more, more low, more high, p (Holm). Intervals are for these languages."""

    def effect(part: pd.DataFrame) -> stats.Effect:
        return stats.effect(stats.grid(part[["language", "seed", "change"]], families))

    rows, key = [], ["language", "seed"]
    base = lost[lost["kind"] == usual].set_index(key)["change"].rename("usual")
    for kind, part in lost.groupby("kind", sort=False):
        own = effect(part)
        row = {"kind": str(kind), "mean": own.mean, "low": own.these.low, "high": own.these.high}
        if kind != usual:
            both = part.join(base, on=key)
            more = effect(both.assign(change=both["change"] - both["usual"]))
            row |= {"more": more.mean, "more low": more.these.low, "more high": more.these.high}
            row |= {"p": more.p}
        rows.append(row)
    frame = pd.DataFrame(rows, columns=["kind", *KINDS_TOLD])
    return frame.assign(p=stats.holm(list(frame["p"])))


KINDS_TOLD = ["mean", "low", "high", "more", "more low", "more high", "p"]


def seeds_for(
    told: pd.DataFrame, question: Question, families: Mapping[str, str], wanted: float
) -> dict[str, int | None]:
    """Target → how many seeds like these show a difference in slope of `wanted`."""
    grids = _grids(contrast(told, question), MAIN, families)
    return {target: power.seeds_for(one, wanted) for target, one in grids.items()}
