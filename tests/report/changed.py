"""A toy study whose runs are filled with known scores instead of being trained."""

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from xit import execute, specs
from xit.report.section import Section
from xit.runs import Spec
from xit.workers import Result

UNSET = dict.fromkeys(("learning_rate", "batch_size", "epochs", "examples", "eval_every",
                       "patience"))  # fmt: skip
SHAPE = {"targets": ["xnli", "tatoeba"], "intermediate": ["mnli"]}  # of the study
ROWS = 4  # test items of a language


class Filled:
    """Stands in for workers.run: XNLI scores 60 in English and 50 in German, Tatoeba 30, an
    intermediate task 70, each and what `gain` says of its seed."""

    def __init__(self) -> None:
        self.gain = {1: 0.0, 2: 0.0}
        self.made = 0

    def __call__(self, wanted: Sequence[Sequence[Spec]], _: int = 1) -> list[list[Result]]:
        return [[self.one(spec) for spec in chain] for chain in wanted]

    def one(self, spec: Spec) -> Result:
        """The run of `spec`, filled if it is not in the store."""
        made = specs.store().make(spec, lambda out: self.fill(spec, out))
        assert made
        self.made += not made[1]
        return Result(spec, *made)

    def fill(self, spec: Spec, out: Path) -> None:
        """What the run of `spec` leaves."""
        gain = self.gain.get(spec.get("seed", spec["where"].get("seed")), 0.0)
        if spec["kind"] != "scores":
            (out / "summary.json").write_text(json.dumps({"best": 70 + gain}))
            (out / "data.json").write_text("{}")
            return
        base = {"en": 60.0, "de": 50.0} if spec["task"] == "xnli" else {"de": 30.0}
        place = {} if spec["task"] == "xnli" else {"layer": 2, "pooling": "mean"}
        rows, items = [], []
        for code, level in base.items():
            value = level + gain
            row = {"language": code, "split": spec["split"], "metric": "acc", "value": value}
            rows.append(row | place)
            row = {"language": code, "right": value / 100}
            items += [row | {"row": i} | ({"layer": 2} if place else {}) for i in range(ROWS)]
        pd.DataFrame(rows).to_parquet(out / "scores.parquet")
        pd.DataFrame(items).to_parquet(out / "items.parquet")


def intermediate(study: str = "toy", **changed: object) -> Section:
    """Its section of MNLI, run."""
    given = {"study": study, "hub": None, "task": "mnli", "seed": 1, "num_seeds": 2, "limit": None}
    section = Section("intermediate", **(given | UNSET | changed))
    section.run(section.intermediate_chains())
    return section


def target(after: str = "none", study: str = "toy", **changed: object) -> Section:
    """Its section of the targets after `after`, run."""
    given = {"study": study, "hub": None, "intermediate": after, "seed": 1, "num_seeds": 2,
             "targets": SHAPE["targets"]}  # fmt: skip
    section = Section("target", **(given | UNSET | changed))
    names = section.parameters["targets"]
    assert isinstance(names, list)
    section.run(section.target_chains(names))
    return section


def finished(section: Section, monkeypatch: pytest.MonkeyPatch) -> None:
    """`section` as executed in its study: with its record."""
    path = execute.executed(section.study.name, section.name).with_suffix(".json")
    path.parent.mkdir(parents=True, exist_ok=True)
    monkeypatch.setenv("XIT_SECTION", f"{section.study.name}:{section.name}")
    monkeypatch.setenv("XIT_RECORD", str(path))
    section.finish()
