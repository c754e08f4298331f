"""Distance in words: what the numbers bear of the hypotheses, and what they could have shown."""

import math

import pandas as pd

from xit import study, tasks
from xit.paths import project
from xit.report import (
    correlation,
    distance,
    distance_tables,
    gap,
    published,
    typology,
)
from xit.report.distance import ALPHA, MAIN, MEAN, SCORE, SENTENCE
from xit.report.names import TITLES
from xit.report.results import NO_INTERVAL

SOME = (0.5, 0.3, 0.1)  # correlations that a study is planned for


def _ends(low: float, high: float, digits: int = 2) -> str:
    told = distance_tables.interval(low, high, digits)
    return told if told == NO_INTERVAL else f"95% interval {told}"


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"


def hypotheses(found: pd.DataFrame, whose: str, far: str = MAIN) -> str:
    """H1 and H2 on the targets of SENTENCE: the score and the mean change with distance `far`."""
    rows = distance.primary(found, far)
    rows = rows[rows["target"].isin(SENTENCE)]
    lines = []
    for label, outcome in (("H1", SCORE), ("H2", MEAN)):
        for _, row in rows[rows["outcome"] == outcome].iterrows():
            lines.append(f"- {label}, {TITLES[row['target']]}: {_one(row)}")
    if not lines:
        return f"{whose}: neither XNLI nor PAWS-X is scored with a {far} distance known."
    falls = rows["firm"].astype(bool) & (rows["rho"] < 0)
    borne = [f"{label} on {int(falls[rows['outcome'] == outcome].sum())} of "
             f"{int((rows['outcome'] == outcome).sum())}"
             for label, outcome in (("H1", SCORE), ("H2", MEAN))]  # fmt: skip
    text = f"**{whose}**, {far} distance: the numbers bear out {' and '.join(borne)} targets of "
    return text + "sentence-level classification.\n\n" + "\n".join(lines)


def refuting(found: pd.DataFrame, whose: str, far: str = MAIN) -> str:
    """How many of the correlations of H1 and H2 refute them, and how many can say nothing."""
    rows = distance.primary(found, far)
    rows = rows[rows["target"].isin(SENTENCE) & rows["outcome"].isin([SCORE, MEAN])]
    rows = rows[rows["rho"].notna()]
    if not len(rows):
        return f"{whose}: no correlation, so nothing that could refute H1 or H2."
    firm = rows["firm"].astype(bool)
    against, open_ = int((firm & (rows["rho"] > 0)).sum()), rows[~firm]
    text = f"{whose}: {against} of {len(rows)} correlations are firm and rise with distance, which "
    text += f"refutes; {len(open_)} are not firm, which refutes nothing"
    seen = sorted({f"{x:.2f}" for x in open_["languages"].map(lambda n: correlation.smallest(n))
                   if not math.isnan(x)})  # fmt: skip
    if not seen:
        return text + "."
    return text + (
        f": so few languages show only a correlation of |ρ| = {' or '.join(seen)} and beyond in "
        "four studies of five, and fewer families than languages show less."
    )


def _one(row: pd.Series) -> str:
    if math.isnan(row["rho"]):
        return f"no correlation can be told from {row['languages']} languages."
    text = f"ρ = {row['rho']:+.2f} over {row['languages']} languages of {row['families']} families "
    text += f"({_ends(row['low'], row['high'])}; p {_p(row['p'])}, Holm {_p(row['holm'])}): "
    if row["firm"]:
        return text + ("it falls with distance." if row["rho"] < 0 else "it rises with distance.")
    seen = correlation.smallest(int(row["languages"]))
    text += "not told apart from none"
    if math.isnan(seen):
        return text + "."
    return text + f"; one below |ρ| = {seen:.2f} is missed by more than one study in five."


def beyond(found: pd.DataFrame) -> str:
    """How often a correlation is firm over all targets and distances."""
    lines = []
    for outcome, what in ((SCORE, "the score without a task"), (MEAN, "the mean change")):
        part = found[(found["outcome"] == outcome) & found["rho"].notna()]
        firm = part[part["firm"]].sort_values("rho")
        text = f"Over all targets and distances {len(firm)} of {len(part)} correlations of {what} "
        text += "are firm"
        told = [f"{TITLES[r['target']]} with {r['distance']} {r['rho']:+.2f}"
                for r in firm.to_dict("records")]  # fmt: skip
        lines.append(text + (f": {'; '.join(told)}." if told else "."))
    each = found[~found["outcome"].isin([SCORE, MEAN]) & found["rho"].notna()]
    count = int(each["firm"].sum())
    lines.append(f"Of those of the changes after single tasks {count} of {len(each)} are.")
    return " ".join(lines)


def slopes(told: pd.DataFrame, far: str = MAIN) -> str:
    """Points for a tenth of the distance, where they are told apart from none."""
    lines = []
    for outcome, what in ((SCORE, "Score"), (MEAN, "Mean change")):
        part = told[told["outcome"] == outcome]
        aside = part[(part["low"] > 0) | (part["high"] < 0)]
        if not len(part):
            continue
        text = f"{what}: a tenth of the {far} distance goes with a difference told apart from 0 on "
        text += f"{len(aside)} of {len(part)} targets"
        some = [f"{TITLES[r['target']]} {r['value']:+.1f} ({_ends(r['low'], r['high'], 1)})"
                for r in aside.to_dict("records")]  # fmt: skip
        lines.append(text + (f": {'; '.join(some)}." if some else "."))
        kept = part[(part["low"] <= 0) & (part["high"] >= 0) & part["target"].isin(SENTENCE)]
        for row in kept.to_dict("records"):
            lines.append(f"On {TITLES[row['target']]} it is {row['value']:+.1f} points "
                         f"({_ends(row['low'], row['high'], 1)}).")  # fmt: skip
    return " ".join(lines)


def together(told: pd.DataFrame | None, whose: str) -> str:
    """Which distances are left in the mixed model of all of them."""
    if told is None or not len(told):
        return f"{whose}: too few languages for a model of all distances together."
    outcome = distance.title(str(told["outcome"].iloc[0]))
    aside = told[(told["low"] > 0) | (told["high"] < 0)]
    text = f"{whose}, all distances together ({outcome}, {told['languages'].iloc[0]} languages of "
    text += f"{told['families'].iloc[0]} families): "
    some = [f"{r['distance']} {r['value']:+.2f} ({_ends(r['low'], r['high'])})"
            for r in aside.to_dict("records")]  # fmt: skip
    most = told.sort_values("inflation").iloc[-1]
    text += f"told apart from 0 are {'; '.join(some)}. " if some else "none is told apart from 0. "
    return (
        text
        + f"What the distances share inflates the variance of {most['distance']} by "
        + (f"{most['inflation']:.1f}.")
    )


def coefficients(found: pd.DataFrame, whose: str) -> str:
    """Which properties move the score, which the change, with the others held equal."""
    if not len(found):
        return f"{whose}: too few languages to tell one property from another."
    lines = []
    for outcome, what in ((SCORE, "the score without a task"), (MEAN, "the mean change")):
        part = found[found["outcome"] == outcome]
        firm = part[part["holm"] < ALPHA].sort_values("holm")
        text = f"{whose}, coefficients of {what}: told apart from 0 after Holm's adjustment within "
        text += f"a target, {len(firm)} of {len(part)}"
        some = [
            f"{row['property']} {row['value']:+.1f} points on "
            f"{distance_tables.name(row['target'])} ({_ends(row['low'], row['high'], 1)})"
            for row in firm.to_dict("records")
        ]
        lines.append(text + (f": {'; '.join(some)}." if some else "."))
    every = found[found["outcome"].isin([SCORE, MEAN]) & found["together"]]
    if len(every):
        middle = {o: float(every.loc[every["outcome"] == o, "smallest"].median())
                  for o in (SCORE, MEAN)}  # fmt: skip
        text = f"With {int(every['df'].min())} degrees of freedom left, half of the coefficients "
        text += (
            f"had to be {middle[SCORE]:.1f} points (score) or {middle[MEAN]:.1f} (change) to be "
        )
        lines.append(text + "seen in four of five studies.")
    return "\n\n".join(lines)


def gaps(told: pd.DataFrame, means: pd.DataFrame, whose: str) -> str:
    """H3: what intermediate training does to the gap, and whether it lifts."""
    changed = told[told["intermediate"] != "none"]
    if not len(changed):
        return f"{whose}: no target is scored in the source language."
    count, smaller = len(changed), int((changed["d_gap"] < 0).sum())
    lifts = int((changed["d_others"] > 0).sum())
    text = f"{whose}: the gap is smaller after the task in {smaller} of {count} cells "
    text += f"({changed['d_gap'].mean():+.1f} points on average); the other languages' mean is "
    text += f"higher in {lifts} ({changed['d_others'].mean():+.1f}), the source's in "
    text += f"{int((changed['d_source'] > 0).sum())} ({changed['d_source'].mean():+.1f}). "
    if (changed["seeds"] < 2).all():
        return text + "One number stands for all runs of a cell: no test. "
    shrinks, widens = (int((changed["direction"] == d).sum()) for d in (gap.SHRINKS, gap.WIDENS))
    text += f"After Holm's adjustment within a target, {shrinks} shrink and {widens} widen; of "
    text += f"{count - shrinks - widens} it cannot be told. "
    seen = [gap.smallest(row) for _, row in changed.iterrows()]
    known = sorted(x for x in seen if not math.isnan(x))
    if known:
        text += f"Half of the cells would have shown a change of {known[len(known) // 2]:.1f} "
        text += "points (80% power, unadjusted). "
    firm = means[means["holm"] < ALPHA]
    some = [f"{TITLES[r['intermediate']]} {r['d_gap']:+.1f} ({_ends(r['low'], r['high'], 1)})"
            for r in firm.to_dict("records")]  # fmt: skip
    text += f"On average over the targets the gap's change is told apart from 0 for {len(firm)} of "
    text += f"{len(means)} tasks (Holm over the tasks)"
    return text + (f": {'; '.join(some)}." if some else ".")


# -- power, and the paper-scale study --


def needs(name: str = "paper") -> str:
    """What the paper-scale study needs: its runs, what they read, and the languages for SOME."""
    paper = study.parse(project() / "notebooks" / "studies" / f"{name}.yaml")
    trained = [tasks.target(t) for t in paper.targets]
    own = [t for t in trained if t.train is not None and not t.model_of]
    single = [t for t in paper.intermediate if t != tasks.MULTITASK]
    before = len(paper.intermediate) * paper.num_seeds
    after = (1 + len(paper.intermediate)) * len(own) * paper.num_seeds
    sizes = published.sizes()
    read, unknown = 0.0, [tasks.MULTITASK] * (tasks.MULTITASK in paper.intermediate)
    for phase, rows, times in (
        ("intermediate", [tasks.intermediate(t) for t in single], paper.num_seeds),
        ("target", own, paper.num_seeds * (1 + len(paper.intermediate))),
    ):
        for row in rows:
            if told := sizes.get((phase, row.name)):
                read += times * told["train"] * row.epochs / 1e6
            else:
                unknown.append(row.name)
    codes = {c for t in paper.targets for c in paper.languages_of(t)}
    known = set(typology.shipped(paper.source).index)
    wanted = [f"|ρ| = {rho:g}: {correlation.needed(rho):,.0f}" for rho in SOME]
    text = f"This section trains nothing. The study `{paper.name}` that it would read has "
    text += f"{before + after:,} trainings ({before} intermediate, {after} on targets), which read "
    text += f"{read:,.0f} million examples (sizes and epochs of the paper; not counted: "
    text += (
        f"{', '.join(TITLES[t] for t in unknown) or 'none'}; GPU hours have not been measured). "
    )
    text += "It scores "
    text += f"{len(codes)} languages, of which {len(codes & known)} stand in the typology table. "
    text += "More seeds sharpen the gap, not the correlations: those need languages. With 80% "
    text += f"power and languages independent of one another, {'; '.join(wanted)} languages; XNLI "
    count = len([c for c in tasks.target("xnli").languages if c != paper.source])
    return text + f"has {count}, XTREME-R altogether {len(known) - 1}."


def overlap(shares: pd.DataFrame, table: pd.DataFrame, source: str) -> str:
    """How far sub-words are shared with the source, by script."""
    rest = shares.drop(index=source, errors="ignore")
    if not len(rest):
        return "No target has texts in the source language: sub-word overlap is not known."
    text = ""
    script = table[typology.SCRIPT].reindex(rest.index)
    for value, what in ((0.0, "the source's script"), (1.0, "another script")):
        part = rest.loc[script == value, "tokens"]
        if len(part):
            ends = " to ".join(dict.fromkeys(f"{100 * x:.0f}" for x in (part.min(), part.max())))
            text += f"In {what} ({len(part)} language{'s' * (len(part) > 1)}) {ends}% of the "
            text += "running sub-words are the source's too. "
    return text
