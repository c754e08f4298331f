"""What the intervals of a study say, in words: frames of report/effects.py in, sentences out."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from xit.report.effects import SOURCES
from xit.report.names import TITLES
from xit.report.stats import Grid

ALPHA = 0.05


def findings(found: pd.DataFrame) -> str:
    """How many cells' intervals leave zero out: seeds alone, these languages, after Holm, new
    languages; `found` as from `effects.of`."""
    several = found[found["seeds"] > 1]
    if several.empty:
        return "One seed: no interval, and no way to tell a change from chance."
    firm = several[several["adjusted"] < ALPHA]
    text = f"For {_outside(several, 'these')} of {len(several)} combinations the 95% interval for "
    text += "*these languages* leaves zero out; after Holm's correction for the number of "
    text += f"intermediate tasks within a target {len(firm)} do ({int((firm['mean'] > 0).sum())} "
    text += f"gains, {int((firm['mean'] < 0).sum())} losses). For *new languages* of such families "
    text += f"{_outside(several, 'new')} intervals leave zero out. "
    if len(firm) and len(firm) <= 6:
        cells = zip(firm["intermediate"], firm["target"], firm["mean"], strict=True)
        told = (f"{TITLES[i]} → {TITLES[t]} ({m:+.1f})" for i, t, m in cells)
        text += f"The firm ones: {', '.join(told)}. "
    half = several["these"].map(lambda x: (x.high - x.low) / 2).median()
    text += f"Half of the intervals for these languages reach more than {half:.1f} points to "
    text += f"either side: with {_range(several['seeds'])} seeds, what is smaller stays unseen."
    return text


def _outside(found: pd.DataFrame, which: str) -> int:
    return int(found[which].map(lambda x: x.there and 0 not in x).sum())


def _range(counts: pd.Series) -> str:
    low, high = int(counts.min()), int(counts.max())
    return str(low) if low == high else f"{low} to {high}"


def order(ranks: pd.DataFrame, tau: pd.DataFrame) -> str:
    """Whether the order of the tasks is one order: their ranks over targets, τ-b between them."""
    mean = ranks.groupby("intermediate")["rank"].mean().sort_values()
    text = f"On average over the targets {TITLES[str(mean.index[0])]} ranks first "
    text += f"({mean.iloc[0]:.1f}) and {TITLES[str(mean.index[-1])]} last ({mean.iloc[-1]:.1f}). "
    if ranks["low"].notna().any():
        sure = ranks[ranks["low"] == ranks["high"]]
        text += f"The rank of {len(sure)} of {len(ranks)} cells is the same in 95 of 100 resamples "
        text += "of seeds and languages; the median interval is "
        text += f"{(ranks['high'] - ranks['low']).median():g} ranks wide. "
    names = [TITLES[str(t)] for t in tau]
    values = tau.to_numpy(float)
    pairs = [
        (values[i, j], f"{names[j]} and {names[i]}")
        for i in range(len(names))
        for j in range(i)
        if values[i, j] == values[i, j]
    ]
    if pairs:
        least, most = min(pairs), max(pairs)
        text += "Between two targets Kendall's τ-b of that order is "
        text += f"{np.mean([p[0] for p in pairs]):+.2f} on average, from {least[0]:+.2f} "
        text += f"({least[1]}) to {most[0]:+.2f} ({most[1]}); 1 would mean that "
        text += "a task that is good for one is as good for the other, 0 that nothing follows."
    return text


def sources(told: pd.DataFrame, cells: Mapping[tuple[str, str], Grid]) -> str:
    """How much of the variance is the seed's, by the mixed model, if it fits anywhere."""
    if told.empty:
        text = f"The mixed model could be fitted to none of {len(cells)} cells. It takes at least "
        return text + "two seeds and two languages."
    shares = 100 * told[list(SOURCES)]
    text = f"The mixed model could be fitted to {len(told)} of {len(cells)} cells. In the median "
    text += f"cell {shares['seed'].median():.0f}% of the variance between the scores of a language "
    text += f"and seed is the seed's, {shares['language'].median() + shares['family'].median():.0f}"
    text += "% the language's and its family's. "
    by_target = told.groupby("target")["seed"].median().sort_values()
    text += f"The seed's share is largest for {TITLES[str(by_target.index[-1])]} "
    text += f"({100 * by_target.iloc[-1]:.0f}%), smallest for {TITLES[str(by_target.index[0])]} "
    text += f"({100 * by_target.iloc[0]:.0f}%). "
    agree = sum(
        (low > 0 or high < 0) == _leaves_zero_out(cells[i, t])
        for i, t, low, high in zip(
            told["intermediate"], told["target"], told["low"], told["high"], strict=True
        )
    )
    text += f"In {agree} of {len(told)} cells its interval and the one for new languages agree on "
    text += "whether zero is left out."
    return text


def _leaves_zero_out(cell: Grid) -> bool:
    from xit.report import stats

    interval = stats.effect(cell).new
    return interval.there and 0 not in interval
