"""How firm a mean over seeds is, in words: its interval, and what the seeds could have shown."""

import math
from collections.abc import Sequence

import numpy as np

from xit.report import power, stats


def mean_over_seeds(by_seed: Sequence[float], what: str) -> str:
    """What the seeds' means (points) bear of `what`, "the mean difference over all cells": the
    interval, on which side of 0 it is, and the smallest effect that would have been seen."""
    mean = float(np.mean(by_seed))
    if len(by_seed) < 2:
        return f"{_capital(what)} is {mean:+.1f} points, from one seed: a second seed may turn it."
    if np.ptp(by_seed) == 0:
        return f"{_capital(what)} is {mean + 0.0:+.1f} points in each of {len(by_seed)} seeds."
    told = stats.Grid(np.asarray(by_seed, float)[:, None], ["all"], ["all"])
    these, least = stats.effect(told).these, power.detectable(told)
    text = f"{_capital(what)} is {mean:+.1f} points (95% interval over {len(by_seed)} seeds "
    text += f"{these.low:+.1f} … {these.high:+.1f}). "
    if 0 in these:
        text += "The interval has 0 in it, so the sign is open. "
    else:
        text += f"The interval is {'above' if mean > 0 else 'below'} 0; other seeds whose interval "
        text += "is on the other side would refute the sign. "
    if math.isnan(least) or not least:
        return text.strip()
    text += f"Seeds that vary like these show an effect of {least:.1f} points four times in five; "
    return text + "a smaller one, of either sign, they would often miss."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
