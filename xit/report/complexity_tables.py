"""Tables of the page on complexity, for readers: frames of report/complexity.py and knobs.py."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from xit import specs
from xit.report import published
from xit.report.complexity import AVERAGE, MEASURES
from xit.report.names import TITLES
from xit.report.rank_tests import Correlation
from xit.report.stats import Interval
from xit.runs import Spec
from xit.workers import Result

SHOWN = {"length": "sub-words", "entropy": "entropy (bits)", "null": "H without input",
         "conditional": "H given input", "information": "usable information"}  # fmt: skip
METRICS = {"acc": "accuracy", "f1": "F1", "em": "exact match"}
MEANING = {
    "facts": "events in the context",
    "steps": "steps of the rule",
    "vocabulary": "share of words in use",
    "noise": "share of wrong labels",
}


# -- measured --


def people_table() -> pd.DataFrame:
    """`published.people` for readers: a row a task, metrics side by side."""
    told = published.people().query("metric != 'qa'")
    rows = []
    for name, of in told.groupby("task", sort=False):
        values = ", ".join(
            f"{value:.1f} ({METRICS[metric]})"
            for metric, value in zip(of["metric"], of["value"], strict=True)
        )
        rows.append({"task": TITLES[str(name)], "people": values, "printed": of["printed"].iloc[0]})
    return pd.DataFrame(rows)


def measures_table(measured: pd.DataFrame) -> pd.DataFrame:
    """`measured` for readers; what is not known is "–"."""
    known = {
        "size": ("training rows", "{:,.0f}"),
        "score": ("development score", "{:.1f}"),
        "headroom": ("headroom", "{:.1f}"),
        "length": ("sub-words", "{:.1f}"),
        "entropy": ("entropy (bits)", "{:.2f}"),
        "null": ("H without input", "{:.2f}"),
        "conditional": ("H given input", "{:.2f}"),
        "information": ("usable information", "{:.2f}"),
        "bits": ("code (bits an example)", "{:.2f}"),
        "compression": ("compression", "{:.2f}"),
        "dimension": ("intrinsic dimension", "{:,.0f}"),
        "dimension of score": ("of the score itself", "{:,.0f}"),
    }
    tried = [int(c[4:].replace(",", "")) for c in map(str, measured) if c.startswith("d = ")]
    most = f"> {max(tried):,}" if tried else "∞"
    columns = {"task": [TITLES[str(name)] for name in measured.index]}
    for name, (title, form) in known.items():
        if name in measured:
            columns[title] = [_shown(v, form, most) for v in measured[name]]
    return pd.DataFrame(columns)


def _shown(value: float, form: str, most: str) -> str:
    if value != value:
        return "not known"
    return most if math.isinf(value) else form.format(value)


def correlation_table(found: pd.DataFrame) -> pd.DataFrame:
    """`correlations`: a row a measure; with the average in full, with each target rho alone."""
    rows = []
    for name, part in found.groupby("measure", sort=False):
        first = part[part["outcome"] == AVERAGE].iloc[0]
        told = {"measure": MEASURES[str(name)], "tasks": int(first["n"])}
        told |= {"average": in_full(first), "p (Holm)": p_value(first["adjusted"])}
        for row in part[part["outcome"] != AVERAGE].to_dict("records"):
            told[TITLES[row["outcome"]]] = "–" if row["rho"] != row["rho"] else f"{row['rho']:+.2f}"
        rows.append(told)
    return pd.DataFrame(rows)


def in_full(told: Mapping | Correlation | pd.Series) -> str:
    """A correlation with its interval and p, as text."""
    one = told._asdict() if isinstance(told, Correlation) else told
    if one["rho"] != one["rho"]:
        return "–"
    interval = f" ({one['low']:+.2f} … {one['high']:+.2f})" if one["low"] == one["low"] else ""
    return f"{one['rho']:+.2f}{interval}, p {p_value(one['p'])}"


def p_value(value: float) -> str:
    """A p-value as text."""
    if value != value:
        return "–"
    return "< .001" if value < 0.001 else f"{value:.3f}".lstrip("0")


# -- set --


def learnt_table(
    graded: Iterable[Sequence[Result]],
    informed: pd.DataFrame,
    trained: Mapping[str, Sequence[Spec]],
) -> pd.DataFrame:
    """What has become of the task at each level: a row a variant, before them the task as it is.

    `graded` are the variants' runs, `trained` the specs of the study's own; `informed` as from
    `complexity.informed`. Scores are means over seeds, 0-100.
    """
    paths: dict[str, list[Path]] = {}
    for chain in graded:
        told = specs.variant_of(chain[0].spec)
        own = [specs.store().path(spec) for spec in trained[told.task]]
        paths.setdefault(told.task, own)
        paths.setdefault(str(told), []).append(chain[0].path)
    rows = []
    for name, runs in paths.items():
        best = [json.loads((path / "summary.json").read_text())["best"] for path in runs]
        row = {"task": TITLES[name], "development score": f"{sum(best) / len(best):.1f}"}
        rows.append(row | informed.loc[name, list(SHOWN)].rename(SHOWN).to_dict())
    return pd.DataFrame(rows)


def effects_table(told: pd.DataFrame) -> pd.DataFrame:
    """`effects` for readers."""
    rows = []
    for row in told.to_dict("records"):
        rows.append(
            {
                "knob": f"{row['knob']} {row['level']:g}",
                "which is": MEANING[row["knob"]],
                "target": TITLES[row["target"]],
                "difference": f"{row['mean']:+.1f}",
                "all levels' error": ends(row["pooled"]),
                "this level alone": ends(row["these"]),
                "new languages": ends(row["new"]),
                "p (Holm)": p_value(row["adjusted"]),
            }
        )
    return pd.DataFrame(rows)


def trends_table(told: pd.DataFrame) -> pd.DataFrame:
    """`trends` for readers."""
    rows = []
    for row in told.to_dict("records"):
        rows.append(
            {
                "knob": row["knob"],
                "target": TITLES[row["target"]],
                "levels": row["levels"],
                "points a level": f"{row['slope']:+.1f}",
                "interval": ends(row["interval"]),
                "p (exact)": p_value(row["p"]),
            }
        )
    return pd.DataFrame(rows)


def beside_table(told: pd.DataFrame) -> pd.DataFrame:
    """`beside` for readers."""
    said = {True: "yes", False: "no", None: "not told apart from 0"}
    rows = []
    for row in told.to_dict("records"):
        rows.append(
            {
                "knob": f"{row['knob']} {row['level']:g}",
                "moves": MEASURES[row["measure"]],
                "by": f"{row['moved']:+.2f}",
                "target": TITLES[row["target"]],
                "rho over tasks": _signed(row["rho"]),
                "published rho": _signed(row["printed_rho"]),
                "effect when set": f"{row['effect']:+.1f} ({ends(row['interval'])})",
                "as the correlation has it": said[row["agrees"]],
            }
        )
    return pd.DataFrame(rows)


def ends(interval: Interval) -> str:
    """An interval as text."""
    return f"{interval.low:+.1f} … {interval.high:+.1f}" if interval.there else "no interval"


def _signed(value: float) -> str:
    return "–" if value != value else f"{value:+.2f}"
