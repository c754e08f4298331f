"""What the page on complexity says, from its numbers."""

import math
from collections.abc import Mapping

import pandas as pd
from scipy import stats as distributions

from xit import tasks
from xit.measures import NULL_ROWS
from xit.report import rank_tests
from xit.report.complexity import AVERAGE, MEASURES
from xit.report.complexity_tables import ends, p_value
from xit.report.knobs import POWER, Pooled
from xit.report.names import TITLES
from xit.report.rank_tests import ALPHA, Correlation
from xit.study import Study


def _figure(value: float) -> str:
    return f"{value:+.2f}"


def observed(found: pd.DataFrame, whose: str) -> str:
    """Whether any measure of `found` (complexity.correlations) goes with the average change."""
    part = found[(found["outcome"] == AVERAGE) & found["rho"].notna()]
    if not len(part):
        return f"{whose}: fewer than three tasks with a measure, so no correlation can be had."
    top, many = _strongest(part), len(part) > 1
    name, n = MEASURES[top["measure"]], int(top["n"])
    what = "strongest rank correlation" if many else "rank correlation"
    text = f"{whose}: the {what} with the average change is that of {name}, {_figure(top['rho'])}"
    if top["low"] == top["low"]:
        text += f" (95% interval {_figure(top['low'])} to {_figure(top['high'])})"
    text += f", over {n} tasks; p {p_value(top['p'])}"
    text += f", {p_value(top['adjusted'])} by Holm over {len(part)} measures. " if many else ". "
    least = rank_tests.critical(n)
    must = f"|ρ| must reach {least:.2f} for p < .05" if least == least else "none can have p < .05"
    text += f"Of {n} tasks {must}. "
    sure = part[part["adjusted"] < ALPHA]
    if not len(sure):
        return text + f"{'After Holm none is' if many else 'It is not'} told apart from chance. "
    listed = ", ".join(MEASURES[m] for m in sure["measure"])
    return text + f"Told apart from chance{' after Holm' if many else ''}: {listed}. "


def _strongest(part: pd.DataFrame) -> dict:
    """The row of the largest |rho|."""
    return max(part.to_dict("records"), key=lambda row: abs(row["rho"]))


def of_dimension(found: pd.DataFrame) -> str:
    """What the intrinsic dimension shows with the rows used now; "" where no task has one."""
    part = found[(found["outcome"] == AVERAGE) & (found["measure"] == "dimension")]
    rows = part[part["rho"].notna()].to_dict("records")
    if not rows:
        return "No correlation of the intrinsic dimension can be had with the rows used here."
    text = "With the rows used here the correlation of the intrinsic dimension is "
    return (
        text + f"{_figure(rows[0]['rho'])} over {rows[0]['n']} tasks (p {p_value(rows[0]['p'])})."
    )


def by_target(found: pd.DataFrame, whose: str) -> str:
    """How far the correlations of one measure lie apart between targets."""
    part = found[(found["outcome"] != AVERAGE) & (found["measure"] == "size")].dropna(subset="rho")
    if not len(part):
        return ""
    rows = sorted(part.to_dict("records"), key=lambda row: row["rho"])
    low, high = rows[0], rows[-1]
    text = f"{whose}: by target, the correlation of training rows goes from "
    text += f"{_figure(low['rho'])} ({TITLES[low['outcome']]}) to {_figure(high['rho'])} "
    return text + f"({TITLES[high['outcome']]}), unadjusted. "


def given(found: Mapping[str, Correlation], whose: str) -> str:
    """The partial correlations of size."""
    known = {name: one for name, one in found.items() if one.rho == one.rho}
    if not known:
        return ""
    told = [f"{name} {_figure(one.rho)} (p {p_value(one.p)})" for name, one in known.items()]
    return f"{whose}: of training rows with the average change, {'; '.join(told)}. "


def set_beside(told: pd.DataFrame, effects: pd.DataFrame) -> str:
    """What knobs do, and whether it is what the correlations over tasks have."""
    sure = effects[effects["adjusted"] < ALPHA]
    count = str(len(sure)) if len(sure) else "none"
    text = f"Of {len(effects)} pairs of a level and a target, {count} can be told from the task as "
    text += "it is after Holm within a target (error of all levels). "
    for row in sure.to_dict("records"):
        what = f"{row['knob']} {row['level']:g}"
        text += f"{what} → {TITLES[row['target']]}: {row['mean']:+.1f} points "
        text += f"({ends(row['pooled'])}). "
    apart = told[told["agrees"].notna()]
    if not len(apart):
        return text + (
            "At its furthest level no knob has an effect whose interval excludes 0, so that the "
            "correlations over tasks can be neither confirmed nor refuted by setting."
        )
    same = int(apart["agrees"].astype(bool).sum())
    text += f"At the furthest levels {len(apart)} of {len(told)} effects have an interval without "
    text += f"0; {same} of them have the sign that the correlation of the moved measure over the "
    text += f"study's tasks would predict, {len(apart) - same} the other. "
    if same == len(apart):
        return text + "There, what is observed and what is set agree in sign."
    if not same:
        return text + "There, the correlation over tasks misleads about the effect."
    return text + "The correlation over tasks does not tell which."


def trends(told: pd.DataFrame) -> str:
    """Which knobs move the change from level to level."""
    many = told[told["levels"] > 2]
    if not len(many):
        return "No knob has three levels, so there is no trend to test."
    lines = [
        f"{row['knob']} → {TITLES[row['target']]} {row['slope']:+.1f} points a level "
        f"(p {p_value(row['p'])})"
        for row in many.to_dict("records")
    ]
    return f"Trend over three levels, exact: {'; '.join(lines)}."


# -- power --


def tasks_needed(rho: float, power: float = POWER) -> int:
    """How many tasks show a rank correlation of `rho` at p < .05 with this `power`.

    By Fisher's z with the variance of Bonett and Wright (2000).
    """
    z = float(distributions.norm.ppf([1 - ALPHA / 2, power]).sum())
    return 3 + math.ceil((1 + rho**2 / 2) * (z / math.atanh(abs(rho))) ** 2)


def power(n: int, errors: Mapping[str, Pooled]) -> str:
    """What could have been seen: with so many tasks, and of each target's knobs."""
    least, seen = rank_tests.critical(n), rank_tests.detectable(n)
    if least == least:
        text = f"With {n} tasks, p < .05 takes |ρ| of {least:.2f} or more; "
        text += (
            f"a correlation in the population is found four times of five from {seen:.2f} on. "
            if seen == seen
            else "no correlation is found four times of five. "
        )
    else:
        text = f"With {n} tasks no correlation, however strong, can have p < .05. "
    for target, error in errors.items():
        title = TITLES[target]
        if error.detectable != error.detectable:
            text += f"{title}: from one seed or level nothing can be said of a knob. "
            continue
        text += (
            f"{title}: runs of one level differ by a standard error of {error.error:.1f} points "
        )
        text += f"({error.df} degrees of freedom); with {error.seeds} seeds a difference of "
        text += f"{error.detectable:.1f} points to the task as it is would have been seen four "
        text += "times of five. "
    return text


def needs(rho: float, rows: pd.DataFrame) -> str:
    """What the paper-scale study would need: `rho` of the published sizes, `rows` by `plan`."""
    updates = rows["updates"].sum()
    text = "**At paper scale** complexity is measured, not set: nobody can turn one knob of MNLI. "
    text += (
        f"The measures take {int(rows['runs'].sum()):,} runs on XLM-R large beside the finished "
    )
    text += f"study, about {updates:,.0f} updates: "
    text += "; ".join(
        f"{row['what']} {row['runs']:,} runs, {row['updates']:,.0f} updates"
        for row in rows.to_dict("records")
    )
    text += (
        ". How long an update takes is the machine's, and not known here. More runs do not help "
    )
    text += "where tasks are few: "
    if abs(rho) > 0:
        text += f"to see a correlation of {rho:+.2f}, as published, four times of five takes "
        text += f"{tasks_needed(rho)} intermediate tasks, one of ±0.50 {tasks_needed(0.5)}. "
    return text


def plan(study: Study) -> pd.DataFrame:
    """Runs and updates of measuring the paper's nine tasks as `study` has it: what, runs, updates.

    With the batch sizes and epochs of Phang et al. 2020, App. A.
    """
    told = study.ablations["complexity"]
    every = tasks.INTERMEDIATE.values()
    rows = [t for t in every if t.name != tasks.MULTITASK and not t.like]
    spaces = 1 + len(told["dimensions"])  # and all parameters
    of_code = sum(told["code_examples"] / t.batch_size * t.epochs for t in rows)
    of_spaces = sum(told["subspace_examples"] / t.batch_size * t.epochs for t in rows) * spaces
    null = sum(NULL_ROWS / t.batch_size for t in rows)
    found = [
        ("usable information", len(rows), null),
        ("online code", len(rows), of_code),
        ("random subspaces", len(rows) * spaces, of_spaces),
    ]
    return pd.DataFrame(found, columns=["what", "runs", "updates"])
