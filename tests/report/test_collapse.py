"""Which runs count as collapsed: by the source language, against the trivial baseline."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pandas as pd
import pytest

from tests.toys import made, toy_study, tuned
from xit import specs, tasks
from xit.report import collapse
from xit.report.results import COLUMNS
from xit.report.section import Section
from xit.study import Study


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    with toy_study(tmp_path_factory.mktemp("project")) as made:
        yield made


@pytest.fixture
def levels(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"udpos": 20.0, "xquad": 0.0}
    monkeypatch.setattr(collapse, "trivial", lambda study, target: known[target])


def scores(*rows: tuple[str, str, str, int, float]) -> pd.DataFrame:
    """Rows (intermediate, target, language, seed, value)."""
    metric = {"udpos": "f1", "xquad": "qa", "tatoeba": "acc"}
    return pd.DataFrame(
        [("toy", i, t, code, s, "test", metric[t], v) for i, t, code, s, v in rows], columns=COLUMNS
    )


@pytest.mark.parametrize(
    ("value", "fallen"), [(22.9, True), (23.0, False), (19.0, True), (0.0, True), (90.0, False)]
)
def test_less_than_three_points_above_the_trivial_baseline(
    toy: Study, levels: None, value: float, fallen: bool
) -> None:
    """20 here. Only the source language tells: far languages may fail for other reasons."""
    frame = scores(("none", "udpos", "en", 1, value), ("none", "udpos", "de", 1, 0.0),
                   ("none", "udpos", "en", 2, 80.0))  # fmt: skip
    told = collapse.flag(frame, toy)
    assert told["collapsed"].tolist() == [fallen, fallen, False]  # all rows of the run
    assert told["collapsed"].dtype == bool
    assert told[COLUMNS].equals(frame)


def test_runs_of_one_seed_are_told_apart(toy: Study, levels: None) -> None:
    frame = scores(("none", "xquad", "en", 1, 2.9), ("mnli", "xquad", "en", 1, 3.0),
                   ("none", "udpos", "en", 1, 50))  # fmt: skip
    assert collapse.flag(frame, toy)["collapsed"].tolist() == [True, False, False]


def test_retrieval_cannot_collapse(toy: Study) -> None:
    """Nothing is trained; and it has no scores in the source language."""
    for code in ("de", "en"):
        frame = scores(("none", "tatoeba", code, 1, 0.0))
        assert collapse.flag(frame, toy)["collapsed"].tolist() == [False]


def test_without_the_source_language_nobody_can_tell(toy: Study) -> None:
    frame = scores(("none", "udpos", "de", 1, 0.0))
    assert collapse.flag(frame, toy)["collapsed"].tolist() == [False]


def told(path: Path, best: float, **dev: float) -> Path:
    """The files of a finished run, of several tasks where `dev` is given."""
    path.mkdir()
    (path / "summary.json").write_text(json.dumps({"best": best}))
    parts = [{"task": t, "dev": v} for t, v in dev.items()]
    (path / "data.json").write_text(json.dumps({"parts": parts} if parts else {"task": "mnli"}))
    return path


def test_what_a_run_has_learnt(toy: Study, tmp_path: Path) -> None:
    """The trivial baseline of the toy's MNLI is 50, that of its SQuAD 100 / 9."""
    spec = tuned(toy, "intermediate", tasks.intermediate("mnli"))
    for best, fallen in ((52.9, ["mnli"]), (53.0, [])):
        learnt = collapse.learnt(spec, told(tmp_path / str(best), best))
        assert learnt == (best, 50, 1, fallen)
        assert learnt.collapsed == bool(fallen)


def test_a_run_of_several_tasks_has_collapsed_when_it_has_on_all(
    toy: Study, tmp_path: Path
) -> None:
    row = tasks.intermediate("multitask")
    spec = specs.several(toy, specs.base(toy), 1, toy.settings("intermediate", row))
    one = collapse.learnt(spec, told(tmp_path / "one", 60, mnli=52, squad_v1=68))
    assert (one.fallen, one.collapsed) == (["mnli"], False)
    assert one.trivial == pytest.approx((50 + 100 / 9) / 2)
    both = collapse.learnt(spec, told(tmp_path / "both", 30, mnli=52, squad_v1=8))
    assert (both.fallen, both.collapsed) == (["mnli", "squad_v1"], True)


def test_intermediate_runs_of_a_study(toy: Study) -> None:
    path = made(tuned(toy, "intermediate", tasks.intermediate("mnli")))
    record = {"runs": [{"run": path.name, "seed": 1, "kind": "intermediate"}]}
    section = cast(Section, SimpleNamespace(study=toy, records=lambda *_: {"mnli": record}))
    [row] = collapse.intermediate_runs(section).to_dict("records")
    best = json.loads((path / "summary.json").read_text())["best"]
    assert (row["intermediate"], row["seed"]) == ("mnli", 1)
    assert row["collapsed"] == (best < 53) and row["fallen"] == ["mnli"] * (best < 53)
