"""How complex an intermediate task is, by several measures, beside what it changes in transfer.

    runs = section.run(measuring(section))            # or from the run store
    table = measured(section, runs)                   # a row a task
    told = correlations(table, transfer(change, source))

Lab and published numbers go through the same functions. The unit of a correlation is the task: nine
points, for which xit/report/rank_tests.py has exact tests.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from xit import measures, specs, tasks
from xit.report import collapse, published, rank_tests, stats
from xit.report.rank_tests import Correlation
from xit.report.section import Section
from xit.runs import Spec
from xit.workers import Result

AVERAGE = "average"  # of the changes on all targets: the outcome fixed beforehand
SHARE = 0.9  # of what full training gains: Li et al. 2018, Aghajanyan et al. 2021
MEASURES = {
    # tested against the change, in this order; column of `measured`: title
    "size": "training rows",
    "length": "sub-words an input",
    "entropy": "entropy of the gold (bits)",
    "headroom": "headroom over the run",
    "information": "usable information (bits)",
    "compression": "compression by the online code",
    "dimension": "intrinsic dimension",
}
RULE = 100.0  # what the rule that has made the lab's gold scores


# -- pure measures --


def usable_information(null: float, conditional: float) -> float:
    """V-usable information in bits: H_V(Y) - H_V(Y|X), Ethayarajh et al. 2022.

    Of a null-input model and of one that has the input, both by held-out log-likelihood; below zero
    where the second is confidently wrong.
    """
    return null - conditional


class Code(NamedTuple):
    """The length of an online code: bits an example, and how often the uniform code is as long."""

    bits: float
    compression: float


def online_code(blocks: pd.DataFrame) -> Code:
    """Of the `blocks` of a code (columns end, bits, uniform), Voita & Titov 2020.

    The examples are those up to the last `end`. NaN where there are no blocks.
    """
    if not len(blocks):
        return Code(math.nan, math.nan)
    total = float(blocks["bits"].sum())
    return Code(total / int(blocks["end"].max()), float(blocks["uniform"].sum()) / total)


def intrinsic_dimension(
    scores: Mapping[int, float], full: float, floor: float = 0.0, share: float = SHARE
) -> float:
    """The smallest dimension of `scores` (dimension → development score) that reaches `share` of
    `full`, the score of training all parameters; both counted from `floor`.

    ∞ where none does; NaN where full training itself does not get above `floor`.
    """
    if not full > floor:
        return math.nan
    least = floor + share * (full - floor)
    return min((float(d) for d, score in scores.items() if score >= least), default=math.inf)


def headroom(score: float, human: float | None) -> float:
    """Points from `score` to what people reach, both 0-100; NaN where that is not known."""
    return math.nan if human is None else human - score


def people(hub: str) -> dict[str, float]:
    """Task → what people score on it in its main metric; in the lab, the rule of its gold."""
    if hub.startswith("lab"):
        return dict.fromkeys(tasks.INTERMEDIATE, RULE)
    told = published.people()
    scores = {(t, m): v for t, m, v in told[["task", "metric", "value"]].itertuples(index=False)}
    main = {name: (name, task.metric) for name, task in tasks.INTERMEDIATE.items()}
    return {name: scores[key] for name, key in main.items() if key in scores}


# -- runs --


def single(section: Section) -> list[str]:
    """The study's intermediate tasks but for multi-task training, which is none of its own."""
    return [t for t in section.study.intermediate if t != tasks.MULTITASK]


def finished(section: Section) -> dict[str, list[Spec]]:
    """Task → specs of its intermediate runs, as its section has last been executed."""
    found = {}
    for name, record in section.records("intermediate", single(section)).items():
        paths = [specs.store().root / line["run"] for line in record["runs"]]
        found[name] = [json.loads((p / "spec.json").read_text()) for p in paths]
    return found


def informing(section: Section, trained: Mapping[str, Sequence[Spec]]) -> list[list[Spec]]:
    """The runs that measure how much the `finished` runs have use for, of each task the first."""
    return [[measures.information(section.study, of[0])] for of in trained.values()]


def informing_of(section: Section, graded: Iterable[Sequence[Result]]) -> list[list[Spec]]:
    """The same of variants that this section has trained, with the first seed."""
    first = [chain[0].spec for chain in graded if chain[0].spec["seed"] == section.seeds()[0]]
    return [[measures.information(section.study, spec)] for spec in first]


def coding(section: Section, examples: int) -> list[list[Spec]]:
    """The online code of `examples` rows of each task, with the first seed; none of 0 rows."""
    study, ends = section.study, measures.blocks(examples)
    rows = map(tasks.intermediate, single(section)) if examples else ()
    return [[measures.code_length(study, row, section.seeds()[0], ends)] for row in rows]


def reducing(section: Section, dimensions: Sequence[int], examples: int | None) -> list[list[Spec]]:
    """Trainings of each task in random subspaces and, first, of all parameters; first seed."""
    study, seed = section.study, section.seeds()[0]
    if not dimensions:
        return []
    return [
        [measures.subspace(study, tasks.intermediate(name), seed, d, examples)]
        for name in single(section)
        for d in (None, *dimensions)
    ]


# -- what they have found --


def informed(runs: Iterable[Sequence[Result]]) -> pd.DataFrame:
    """A row a variant: length, entropy, null, conditional, information; means of several runs."""
    rows = []
    for chain in runs:
        told = json.loads((chain[-1].path / "information.json").read_text())
        found = usable_information(told["null"], told["conditional"])
        name = str(specs.variant_of(chain[-1].spec))
        rows.append({"task": name} | told | {"information": found})
    columns = ["length", "entropy", "null", "conditional", "information"]
    frame = pd.DataFrame(rows, columns=["task", *columns])
    return frame.groupby("task", sort=False)[columns].mean()


def coded(runs: Iterable[Sequence[Result]]) -> pd.DataFrame:
    """A row a task: bits (an example), compression."""
    rows = {}
    for chain in runs:
        code = online_code(pd.read_parquet(chain[-1].path / "code.parquet"))
        rows[chain[-1].spec["task"]] = code._asdict()
    return pd.DataFrame.from_dict(rows, orient="index", columns=["bits", "compression"])


def reduced(runs: Iterable[Sequence[Result]], hub: str) -> pd.DataFrame:
    """A row a task: full, trivial (scores, 0-100), dimension (of the gain over the trivial score),
    dimension of score (of the score itself, as the literature counts it), and each dimension's."""
    scores: dict[str, dict[int | None, float]] = {}
    level: dict[str, float] = {}
    for chain in runs:
        spec, path = chain[-1].spec, chain[-1].path
        best = json.loads((path / "summary.json").read_text())["best"]
        scores.setdefault(spec["task"], {})[spec["dimension"]] = best
        if spec["task"] not in level:
            level[spec["task"]] = collapse.trivial_on_dev(spec | {"where": {"hub": hub}})[
                spec["task"]
            ]
    rows = {}
    for name, told in scores.items():
        full, floor = told[None], level[name]
        some = {d: score for d, score in told.items() if d is not None}
        rows[name] = {
            "full": full,
            "trivial": floor,
            # what full training has hardly learnt has no dimension: the margin of a collapsed run
            "dimension": intrinsic_dimension(some, full, floor)
            if full >= floor + collapse.MARGIN
            else math.nan,
            "dimension of score": intrinsic_dimension(some, full),
        } | {f"d = {d:,}": score for d, score in some.items()}
    return pd.DataFrame.from_dict(rows, orient="index")


def measured(
    section: Section,
    informing: Iterable[Sequence[Result]],
    coding: Iterable[Sequence[Result]] = (),
    reducing: Iterable[Sequence[Result]] = (),
) -> pd.DataFrame:
    """A row a task of the study: `size` (rows trained on), `score` (best on development data),
    `headroom`, and the columns of `informed`, `coded` and `reduced`."""
    rows, best_known = {}, people(str(section.study.hub))
    for name, trained in finished(section).items():
        path = specs.store().path(trained[0])
        size = json.loads((path / "data.json").read_text())["dropped"]["read"]
        best = [json.loads((specs.store().path(s) / "summary.json").read_text())["best"]
                for s in trained]  # fmt: skip
        score = sum(best) / len(best)
        told = {"size": size, "score": score, "headroom": headroom(score, best_known.get(name))}
        rows[name] = told | {"kind": tasks.intermediate(name).kind}
    table = pd.DataFrame.from_dict(rows, orient="index")
    parts = [informed(informing), coded(coding), reduced(reducing, str(section.study.hub))]
    table = table.join([part for part in parts if len(part)])
    return table.reindex(columns=list(dict.fromkeys([*table, *MEASURES])))


# -- against the change --


def transfer(change: pd.DataFrame, source: str) -> pd.DataFrame:
    """Mean change in points, zero-shot languages and seeds alike: tasks × targets and AVERAGE.

    `change` as from `results.change`, in main metrics. The average has the targets that every task
    has.
    """
    told = change[(change["language"] != source) & (change["intermediate"] != tasks.MULTITASK)]
    wide = told.groupby(["intermediate", "target"], sort=False)["change"].mean().unstack()
    wide = wide[[t for t in tasks.TARGET if t in wide]]
    return wide.assign(**{AVERAGE: wide.dropna(axis=1).mean(axis=1)})


def published_transfer() -> pd.DataFrame:
    """Phang et al. 2020, Table 2, as `transfer`: without MLM; the average as printed."""
    told = published.averages()
    told = told[~told["mlm"] & ~told["intermediate"].isin(["none", tasks.MULTITASK])]
    average = told.set_index("intermediate")["printed"]
    targets = list(published.TARGET.values())
    rows = {i: {t: published.published_change(i, t) for t in targets} for i in average.index}
    return pd.DataFrame.from_dict(rows, orient="index").assign(**{AVERAGE: average})


def published_measures() -> pd.DataFrame:
    """Of the paper's nine tasks: `size` (Table 1) and `kind`."""
    sizes = {name: told["train"] for (phase, name), told in published.sizes().items()
             if phase == "intermediate"}  # fmt: skip
    kinds = {name: tasks.intermediate(name).kind for name in sizes}
    return pd.DataFrame({"size": sizes, "kind": kinds})


def correlations(
    measured: pd.DataFrame, changes: pd.DataFrame, names: Sequence[str] = tuple(MEASURES)
) -> pd.DataFrame:
    """A row a measure and outcome (AVERAGE first, then the targets): measure, outcome, the fields
    of `Correlation`, and `adjusted`, p by Holm over the measures of one outcome."""
    outcomes = [AVERAGE, *(c for c in changes if c != AVERAGE)]
    both = measured.join(changes, how="inner")
    rows = [
        {"measure": name, "outcome": outcome}
        | rank_tests.correlation(list(both[name]), list(both[outcome]))._asdict()
        for outcome in outcomes
        for name in names
    ]
    frame = pd.DataFrame(rows)
    adjusted = frame.groupby("outcome", sort=False)["p"].transform(lambda p: stats.holm(list(p)))
    return frame.assign(adjusted=adjusted)


def partials(measured: pd.DataFrame, changes: pd.DataFrame) -> dict[str, Correlation]:
    """Size and average change, given the other obvious differences: name → correlation.

    Within tasks of one kind, and given the length of inputs where that has been measured.
    """
    both = measured.join(changes, how="inner")
    x, y = list(both["size"]), list(both[AVERAGE])
    found = {"tasks of one kind": rank_tests.within(x, y, list(both["kind"]))}
    if "length" in both and both["length"].notna().all():
        found["given the length of inputs"] = rank_tests.partial(x, y, list(both["length"]))
    return found
