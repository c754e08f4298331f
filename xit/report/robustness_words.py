"""Sentences of the page on length and noise; each is made from the numbers beside it."""

from collections.abc import Mapping, Sequence

import pandas as pd

from xit import variants
from xit.report.names import TITLES
from xit.report.robustness import MAIN, Found
from xit.report.robustness_tables import in_full, interval
from xit.report.stats import Effect

RULE = (
    "On each scale, points and per cent of the clean score, a difference in slope is *seen* where "
    "its interval for these languages is without 0 and its p is below 0.05 after Holm. *More "
    "robust* or *less*: seen on both, with one sign. *Seen on one scale only*: who scores more has "
    "more to lose, so this is no difference in robustness. *No difference seen*: on neither, "
    "whatever the mean. *No interval*: from one seed nothing can be said."
)


def seen(one: Found) -> bool:
    """Whether there is a difference, by its interval and p."""
    return one.effect.these.there and 0 not in one.effect.these and one.p < 0.05


def verdict(slope: Found, steepness: Found) -> str:
    """What RULE says of one question and target, from its difference in points and in per cent."""
    if not slope.effect.these.there:
        return "no interval"
    which = [seen(slope), seen(steepness)]
    if not any(which):
        return "no difference seen"
    if all(which) and (slope.effect.mean > 0) == (steepness.effect.mean > 0):
        return f"{'more' if slope.effect.mean > 0 else 'less'} robust"
    if all(which):
        return "seen on both scales, with different signs"
    return f"seen {'in points' if which[0] else 'in per cent of the clean score'} only"


def effects(found: Sequence[Found]) -> str:
    """A line for each question and target: the difference in slope on both scales and in area, by
    RULE, and what could have been seen."""
    by = {(f.question, f.target, f.measure): f for f in found}
    lines = []
    for one in found:
        if one.measure != MAIN:
            continue
        other, area = (by[one.question, one.target, m] for m in ("steepness", "area"))
        text = f"- **{in_full(one.question)} → {TITLES[one.target]}: {verdict(one, other)}.** "
        text += f"For every 10% of words the loss is {_less_or_more(one.effect.mean, ' points')} "
        text += f"(difference in slope {interval(one.effect.these, 2)}; new languages "
        text += f"{interval(one.effect.new, 2)}), in per cent of the clean score "
        text += f"{_less_or_more(other.effect.mean, '')} ({interval(other.effect.these, 2)}). "
        text += f"The area differs by {area.effect.mean:+.1f} ({interval(area.effect.these)}). "
        if one.detectable == one.detectable:
            text += f"A difference in slope of {one.detectable:.2f} points would have been seen "
            text += "four times in five."
        lines.append(text)
    if not lines:
        return "The section's variants have no two lengths and no smoothing to compare."
    return "\n".join(lines)


def _less_or_more(slope: float, unit: str) -> str:
    """A difference of slopes as one of losses: slopes are below 0 where noise costs something."""
    return f"{abs(slope):.2f}{unit} {'smaller' if slope > 0 else 'larger'}"


def inputs(frame: pd.DataFrame) -> str:
    """Whether the lengths differ in how well the task is learnt, too, and in how often it asks."""
    told = [(variants.parse(str(name)), part) for name, part in frame.groupby("intermediate")]
    of_length = [(v.length, part) for v, part in told if v.length and not v.option]
    own = sorted(of_length, key=lambda one: one[0])
    if len(own) < 2:
        return ""
    (short, one), (long, other) = own[0], own[-1]
    dev = one["dev"].mean(), other["dev"].mean()
    text = (
        f"Length is not all that differs: inputs of {short} tokens ask {one['rows'].mean():,.0f} "
    )
    text += f"questions and are answered with a development score of {dev[0]:.1f}, those of {long} "
    text += f"tokens {other['rows'].mean():,.0f} with {dev[1]:.1f}."
    return text


def noise(curve: pd.DataFrame, slopes: Mapping[str, Effect]) -> str:
    """What noise alone does, without intermediate task: the main effect."""
    own, lines = curve[curve["intermediate"] == "none"], []
    for target, effect in slopes.items():
        part = own[own["target"] == target]
        means = part.groupby("rate")["value"].mean()
        text = f"Without intermediate task, {TITLES[target]} goes from {means.iloc[0]:.1f} to "
        text += f"{means.iloc[-1]:.1f} at {100 * means.index[-1]:g}% of words: "
        text += f"{effect.mean:+.2f} points for every 10% ({interval(effect.these, 2)}). "
        lines.append(text)
    return "".join(lines)


def kinds(lost: pd.DataFrame, usual: str, target: str) -> str:
    """Which kinds of noise cost more or less than `usual`, by interval and p."""
    rows = lost[lost["p"].notna() & (lost["p"] < 0.05)].sort_values("more").to_dict("records")
    ordered = lost.sort_values("mean")
    text = f"On {TITLES[target]} {ordered['kind'].iloc[0]} costs most "
    text += f"({ordered['mean'].iloc[0]:+.1f}) and {ordered['kind'].iloc[-1]} least "
    text += f"({ordered['mean'].iloc[-1]:+.1f}). "
    told = ", ".join(f"{row['kind']} ({row['more']:+.1f})" for row in rows)
    text += f"Different from {usual}, paired and after Holm: {told or 'none of them'}."
    return text


def pieces(table: pd.DataFrame, level: str) -> str:
    """How much longer noise of the column `level` makes the texts in sub-words."""
    if level not in table:
        return ""
    growth = 100 * (table[level] / table["clean"] - 1)
    ordered = sorted(zip(growth, table["language"], strict=True))
    told = " to ".join(f"{g:+.0f}% ({code})" for g, code in (ordered[0], ordered[-1]))
    text = f"With noise ({level} of words) the sub-words change in number by {told}; "
    return text + f"{table['inputs cut'].sum()} inputs are then longer than a window and were cut."


def seeds(wanted: float, needed: Mapping[str, int | None]) -> str:
    """How many seeds an interaction of `wanted` points per 10% of words would take."""
    told = [
        f"{TITLES[t]} {n if n else 'more than a thousand, or not to be told'}"
        for t, n in needed.items()
    ]
    return (
        f"If seeds vary as here, a difference in slope of {wanted:g} points per 10% of words is "
        f"seen four times in five with so many of them: {', '.join(told)}."
    )


def refuting(found: Sequence[Found]) -> str:
    """For each question how many targets bear out, refute, or leave open that its first model loses
    less to noise: by RULE."""
    by = {(f.question, f.target, f.measure): f for f in found}
    lines = []
    for question in dict.fromkeys(f.question for f in found):
        own = [f for f in found if f.question == question and f.measure == MAIN]
        told = [verdict(f, by[question, f.target, "steepness"]) for f in own]
        text = (
            f"- *{in_full(question)}*: *less robust* would refute it, {told.count('less robust')}"
        )
        text += f" of {len(own)} targets; *more robust* bears it out, {told.count('more robust')}. "
        wide = [f.effect.these.high - f.effect.these.low for f in own if f.effect.these.there]
        if wide:
            text += "To show that both lose alike takes a narrow interval around 0: these "
            text += f"are {min(wide):.2f} to {max(wide):.2f} points wide."
        lines.append(text)
    return "\n".join(lines) or "Nothing is compared here, so nothing could refute it."
