"""Runs that have collapsed: kept, counted and flagged with a †.

    main = flag(tables.main(scores), study)     # + column `collapsed`, which results.py carries on

A run has *collapsed* when its score in the source language, on the split that is scored (of an
intermediate task: its best development score), is less than MARGIN points above the trivial
baseline (xit/report/chance.py): it does no better than guessing or one answer to everything. Far
languages do not count, which may fail for other reasons. Where nothing is trained (retrieval,
mining) nothing can collapse; a multi-task run has when it does so on every one of its tasks.
"""

import json
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from xit import specs, tasks
from xit.report.chance import UNTRAINED, trivial, trivial_on_dev
from xit.report.section import Section
from xit.runs import Spec
from xit.study import Study

MARGIN = 3.0  # points; the definition, in words, for the pages:
MEANING = (
    f"a run counts as collapsed (†) when its source-language score is less than {MARGIN:g} points "
    "above what guessing or one answer to everything gets"
)
RUN = ["study", "intermediate", "target", "seed"]


def flag(main: pd.DataFrame, study: Study) -> pd.DataFrame:
    """`main` (each target in its main metric) with `collapsed`: whether the row's run has.

    A run without a score in the source language cannot be told to have: False.
    """
    source = main[(main["language"] == study.source) & trained(main)]
    level = source["target"].map({t: trivial(study, t) for t in source["target"].unique()})
    fallen = set(_runs(source[source["value"] < level.astype(float) + MARGIN]))
    return main.assign(collapsed=[run in fallen for run in _runs(main)])


def trained(main: pd.DataFrame) -> pd.Series:
    """Whether something was trained for the target of each row."""
    return ~main["target"].map(lambda t: tasks.target(t).kind in UNTRAINED).astype(bool)


def _runs(main: pd.DataFrame) -> list[tuple]:
    return list(main[RUN].itertuples(index=False, name=None))


class Learnt(NamedTuple):
    """What an intermediate run has learnt on development data, 0-100; of several tasks means."""

    best: float
    trivial: float  # baseline
    tasks: int
    fallen: list[str]  # the tasks on which it does no better than the trivial baseline

    @property
    def collapsed(self) -> bool:
        """Whether it has on every one of its tasks."""
        return len(self.fallen) == self.tasks


def learnt(spec: Spec, path: Path) -> Learnt:
    """Of the finished intermediate run `spec` in the directory `path`."""
    level = trivial_on_dev(spec)
    best = json.loads((path / "summary.json").read_text())["best"]
    parts = json.loads((path / "data.json").read_text()).get("parts", [])
    dev = {part["task"]: part["dev"] for part in parts} or {spec["task"]: best}
    fallen = [task for task, value in dev.items() if value < level[task] + MARGIN]
    return Learnt(best, sum(level.values()) / len(level), len(level), fallen)


def intermediate_runs(section: Section) -> pd.DataFrame:
    """One row an intermediate run of the study as last executed: intermediate, seed, fallen (names
    of tasks), collapsed."""
    rows = []
    for name, record in section.records("intermediate").items():
        for line in record["runs"]:
            path = specs.store().root / line["run"]
            spec = json.loads((path / "spec.json").read_text())
            told = learnt(spec | {"where": {"hub": section.study.hub}}, path)
            rows.append((name, line["seed"], told.fallen, told.collapsed))
    return pd.DataFrame(rows, columns=["intermediate", "seed", "fallen", "collapsed"])
