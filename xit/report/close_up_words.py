"""What the pages of one target task and of one language say: each claim from the numbers beside it.

Frames are those of xit/report/close_up.py.
"""

from collections.abc import Mapping

import pandas as pd

from xit import specs, tasks
from xit.report import close_up
from xit.report.names import KINDS, TITLES
from xit.study import Study


def of_target(study: Study, target: str, chance: float) -> str:
    """What the target task is, where it is scored, and what chance gives."""
    task, codes = tasks.target(target), study.languages_of(target)
    others = [c for c in codes if c != study.source]
    split = specs.scored_split(study, task).split
    text = f"**{task.title}**: {KINDS[task.kind]} Scored on the {split} rows of {len(codes)} "
    text += "languages, "
    if study.source in codes:
        text += f"the source language and {len(others)} without labelled examples; "
    else:
        text += "each against the source language; "
    return text + f"chance gives {chance:.1f} of 100."


def target_baseline(scores: pd.DataFrame, source: str, names: Mapping[str, str]) -> str:
    """Source and the ends of the zero-shot languages, of the baseline's `scores` of one target."""
    mean = scores.groupby("language")["value"].mean()
    others = mean[mean.index != source].sort_values()
    text = ""
    if source in mean.index:
        text += f"{names.get(source, source)}, the source, has {mean[source]:.1f}. "
    low, high = str(others.index[0]), str(others.index[-1])
    text += f"The {len(others)} others have {others.mean():.1f} on average, from "
    text += f"{others.iloc[0]:.1f} ({names.get(low, low)}) to "
    return text + f"{others.iloc[-1]:.1f} ({names.get(high, high)})."


def target_changes(
    found: pd.DataFrame, languages: pd.DataFrame, source: str, names: Mapping[str, str]
) -> str:
    """Which intermediate tasks move one target, which languages gain and lose, and the source."""
    up = found[found["mean"] > 0]
    firm = found[found["adjusted"] < close_up.ALPHA]
    by_mean = found.sort_values("mean")
    worst, best = by_mean.iloc[0], by_mean.iloc[-1]
    text = f"{len(up)} of {len(found)} intermediate tasks raise the mean zero-shot score; "
    text += f"{_firm(firm)}. "
    text += f"The most is {best['mean']:+.1f} points after {TITLES[best['intermediate']]}, the "
    text += f"least {worst['mean']:+.1f} after {TITLES[worst['intermediate']]}. "
    mean = languages.groupby("language")["change"].mean()
    others = mean[mean.index != source].sort_values()
    low, high = str(others.index[0]), str(others.index[-1])
    text += "On average over the intermediate tasks the change is "
    text += f"{others.iloc[-1]:+.1f} in {names.get(high, high)} and {others.iloc[0]:+.1f} in "
    text += f"{names.get(low, low)}, the two ends"
    if source in mean.index:
        text += f"; in the source language it is {mean[source]:+.1f}"
    return text + "."


def _firm(firm: pd.DataFrame) -> str:
    """How many changes are firm, and which way."""
    if firm.empty:
        return "none of the changes is firm after Holm's correction"
    gains = int((firm["mean"] > 0).sum())
    return f"firm after Holm's correction: {gains} gains, {len(firm) - gains} losses"


def of_language(
    baseline: pd.DataFrame, languages: pd.DataFrame, study: Study, code: str, name: str
) -> str:
    """How one language stands among the others, and what changes it: `baseline` has the scores of
    all languages without intermediate training, `languages` the changes of all."""
    scores = baseline.groupby(["target", "language"])["value"].mean()
    own = scores.xs(code, level="language")
    text = f"{name} is scored on {len(own)} of {len(study.targets)} targets. "
    if code == study.source:
        text += "It is the source language: nothing here is zero-shot. "
    else:
        rest = scores[scores.index.get_level_values("language") != study.source]
        mean = rest.groupby("target").mean().reindex(own.index)
        above = int((own > mean).sum())
        text += "Without an intermediate task it is above the mean of the languages other than "
        text += f"the source on {above} of them. "
    part = languages[languages["language"] == code]
    by_task = part.groupby("intermediate")["change"].mean().sort_values()
    best, worst = str(by_task.index[-1]), str(by_task.index[0])
    text += f"Over its targets {TITLES[best]} changes it most upwards ({by_task.iloc[-1]:+.1f} "
    text += f"points on average), {TITLES[worst]} least ({by_task.iloc[0]:+.1f}). "
    told = part[part["low"].notna()]
    if told.empty:
        return text + "One seed: no interval, and no way to tell a change from chance."
    up, down = int((told["low"] > 0).sum()), int((told["high"] < 0).sum())
    text += f"Of {len(told)} changes {up} have an interval above zero and {down} one below; "
    return text + f"about {0.05 * len(told):.0f} would leave it out by chance alone."
