"""Tables for readers and sentences of the page on intermediate data unlike the source.

Every sentence is made from the numbers of the table beside it (xit/report/source_language.py).
"""

from collections.abc import Mapping

import pandas as pd

from xit.report import source_language
from xit.report.names import TITLES
from xit.report.source_distance import OVERALL
from xit.report.source_language import OWN

NONE = "no interval"


def _interval(row: Mapping, low: str = "low", high: str = "high") -> str:
    return NONE if pd.isna(row[low]) else f"{row[low]:+.1f} … {row[high]:+.1f}"


def _where(row: Mapping) -> str:
    return f"{TITLES[row['task']]} → {TITLES[row['target']]}"


def _mean(value: float) -> str:
    return "–" if pd.isna(value) else f"{value:+.1f}"


def _p(value: float) -> str:
    return "–" if pd.isna(value) else "< 0.001" if value < 0.001 else f"{value:.3f}"


def _numbers(row: Mapping) -> dict[str, str]:
    """The columns that every table of effects ends with."""
    least = row["detectable"]
    return {
        "these languages": _interval(row),
        "new languages": _interval(row, "new low", "new high"),
        "p (Holm)": _p(row["p"]),
        "detectable": "–" if pd.isna(least) else f"{least:.1f}",
    }


def effects_table(found: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """`source_language.effects` as text; p-values of data with errors are as they are."""
    rows = []
    for row in found.to_dict("records"):
        told = {
            "target": TITLES[row["target"]],
            "data": TITLES[row["intermediate"]],
            "role": names.get(row["data"], row["data"]),
            "change": _mean(row["change"]),
            "difference": _mean(row["mean"]),
        }
        told |= _numbers(row) | {"better": f"{100 * row['improved']:.0f}%"}
        rows.append(told | {"languages": str(row["languages"])})
    return pd.DataFrame(rows)


def effects_in_words(found: pd.DataFrame, whose: str) -> str:
    """Where the mean is on one side of zero, by the interval for these languages."""
    lines = []
    for (target, kind), part in found[found["errors"] == 0].groupby(["target", "set"], sort=False):
        what = "data sets of another language's own" if kind == OWN else "translated data"
        rows = part.to_dict("records")
        less = [r for r in rows if r["high"] < 0]
        more = [r for r in rows if r["low"] > 0]
        means = ", ".join(f"{_mean(r['mean'])} in {r['data']}" for r in rows)
        line = f"- **{whose} → {TITLES[str(target)]}**, {what}: {means} points against the source. "
        if part["low"].isna().all():
            lines.append(line + "One seed: no interval.")
            continue
        for some, where in ((less, "below"), (more, "above")):
            if some:
                listed = ", ".join(f"{r['data']} ({_interval(r)})" for r in some)
                line += f"The interval for these languages lies {where} 0 in {listed}. "
        if not less and not more:
            line += "Every interval for these languages has 0 in it. "
        firm = [r for r in rows if r["p"] < 0.05]
        line += f"After Holm's correction {len(firm)} of {len(rows)} differ at 5%. "
        beyond = [r for r in rows if r["new low"] > 0 or r["new high"] < 0]
        line += f"For new languages {len(beyond)} of {len(rows)} intervals leave 0 out."
        lines.append(line)
    return "\n".join(lines) or f"{whose}: no data without errors to compare."


def slopes_table(found: pd.DataFrame) -> pd.DataFrame:
    """`source_distance.slopes` as text."""
    rows = [
        {"target": _where(r), "distance": r["distance"], "slope": _mean(r["mean"])} | _numbers(r)
        for r in found.to_dict("records")
    ]
    return pd.DataFrame(rows)


def slopes_in_words(found: pd.DataFrame) -> str:
    """Whether transfer follows the distance from the language of the data."""
    lines = []
    for row in found[found["distance"] == OVERALL].to_dict("records"):
        line = f"- **{_where(row)}**: one unit farther from the data's language than "
        line += f"from the source goes with {_mean(row['mean'])} points ({_interval(row)} for "
        line += f"these languages, {_interval(row, 'new low', 'new high')} for new ones): "
        if pd.isna(row["low"]):
            line += "from one seed nothing can be said."
        elif row["high"] < 0:
            line += "in these languages the change follows the data's language."
        elif row["low"] > 0:
            line += "in these languages the change is higher where the data's language is farther."
        else:
            line += "whether it follows the data's language cannot be told from 0."
        lines.append(line)
    return "\n".join(lines) or "Distances between these languages are not known: no slope."


def interaction_table(found: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """`source_language.interaction` as text."""
    rows = []
    for row in found.to_dict("records"):
        told = {
            "target": _where(row),
            "data": names.get(row["data"], row["data"]),
            "errors": f"{100 * row['errors']:g}%",
            "cost": _mean(row["cost"]),
        }
        if pd.isna(row["mean"]):
            rows.append(told | {"more than": "–"})
        else:
            told |= {"more than": row["reference"], "difference": _mean(row["mean"])}
            rows.append(told | _numbers(row))
    return pd.DataFrame(rows).fillna("–")


def interaction_in_words(found: pd.DataFrame) -> str:
    """What errors cost, and in which languages they cost another amount."""
    if not len(found):
        return "No data with errors, so nothing to cross with the language."
    lines = []
    for _, part in found.groupby(["task", "target", "errors"], sort=False):
        rows = part.to_dict("records")
        cost = ", ".join(f"{_mean(r['cost'])} in {r['data']}" for r in rows)
        share = f"{100 * rows[0]['errors']:g}%"
        line = f"- **{_where(rows[0])}**: {share} errors change it by {cost} points. "
        crossed = [r for r in rows if not pd.isna(r["mean"])]
        apart = [r for r in crossed if r["low"] > 0 or r["high"] < 0]
        if not crossed:
            line += "One language: nothing to compare."
        elif all(pd.isna(r["low"]) for r in crossed):
            line += "One seed: no interval."
        elif apart:
            listed = ", ".join(f"{r['data']} ({_mean(r['mean'])}, {_interval(r)})" for r in apart)
            line += f"Another amount than in {rows[0]['reference']}, by the interval, in {listed}."
        else:
            line += f"No interval tells a language from {rows[0]['reference']}."
        lines.append(line)
    return "\n".join(lines)


def own_in_words(found: pd.DataFrame) -> str:
    """The same in the language of the data itself, where the target has it."""
    clean = found[found["errors"] == 0]
    if not len(clean):
        return "No target is scored in a language of the data."
    told = [
        f"{TITLES[r['intermediate']]} → {TITLES[r['target']]} {_mean(r['mean'])} ({_interval(r)})"
        for r in clean.to_dict("records")
    ]
    return f"In the language of the data itself, against data in the source: {'; '.join(told)}."


def power_in_words(found: pd.DataFrame) -> str:
    """The smallest and largest effect that the seeds could have shown."""
    known = found[found["detectable"].notna()]
    if not len(known):
        return "From one seed nothing is known about power."
    ends = known["detectable"].min(), known["detectable"].max()
    seeds = int(known["seeds"].max())
    text = f"With {seeds} seeds, a mean difference of {ends[0]:.1f} to {ends[1]:.1f} points would "
    text += f"have been found with probability {100 * source_language.POWER:.0f}%. "
    missed = known[known["mean"].abs() < known["detectable"]]
    text += f"{len(missed)} of the {len(known)} differences in the table are smaller than that of "
    return text + "their row: of those, no difference found is not no difference."


def refuting(found: pd.DataFrame, slopes: pd.DataFrame, crossed: pd.DataFrame) -> str:
    """Which intervals bear out each hypothesis, which would refute it, and which do neither."""
    clean = found[(found["errors"] == 0) & found["low"].notna()]
    lines = []
    if len(clean):
        apart = int((clean["p"] < 0.05).sum())
        text = f"- *Hypothesis 1* is borne out where p is below 0.05 after Holm: {apart} of "
        text += f"{len(clean)}. An interval that is all near 0 would speak against it: the "
        half = (clean["high"] - clean["low"]) / 2
        text += f"narrowest here reaches {half.min():.1f} points to either side of its mean, the "
        lines.append(text + f"widest {half.max():.1f}.")
    line = (
        slopes[(slopes["distance"] == OVERALL) & slopes["low"].notna()] if len(slopes) else slopes
    )
    if len(line):
        against = int((line["low"] > 0).sum())
        below = int((line["high"] < 0).sum())
        inside = len(line) - against - below
        text = "- *Hypothesis 2* wants a slope below 0; an interval above 0 refutes it. Above: "
        lines.append(text + f"{against}; below: {below}; with 0 inside: {inside}.")
    told = crossed[crossed["mean"].notna() & crossed["low"].notna()] if len(crossed) else crossed
    if len(told):
        apart = int(((told["low"] > 0) | (told["high"] < 0)).sum())
        text = "- *Hypothesis 3* wants costs that differ between languages: "
        lines.append(text + f"{apart} of {len(told)} intervals of a difference leave 0 out.")
    return "\n".join([*lines, f"\n{power_in_words(found)}"])


def printed_table(found: pd.DataFrame) -> pd.DataFrame:
    """`source_language.printed` as text."""
    rows = [
        {
            "data": row["language"],
            "English data": _mean(row["without"]),
            "translated data": _mean(row["with"]),
            "difference": _mean(row["difference"]),
            "without the collapses": _mean(row["without the collapses"]),
            "better": f"{row['better']} of {row['cells']}",
        }
        for row in found.to_dict("records")
    ]
    return pd.DataFrame(rows)


def printed_in_words(found: pd.DataFrame, fallen: pd.DataFrame) -> str:
    """What Table 3 comes to, with the cells that decide its mean by name."""
    every = found[found["language"] == "all"].iloc[0]
    text = "Published (Phang et al. 2020, Table 3): translated data is better in "
    text += f"{every['better']} of {every['cells']} cells, mean difference "
    text += f"{every['difference']:+.1f} points. "
    named = [
        f"{TITLES[r['task']]} → {TITLES[r['target']]} in {r['language']} ({r['with']:+.1f})"
        for r in fallen.sort_values("with", kind="stable").to_dict("records")
    ]
    text += f"Without the {len(named)} cells that collapsed, {', '.join(named)}, it is "
    return text + f"{every['without the collapses']:+.1f}."
