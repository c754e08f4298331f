"""The front page's figures: numbers of two studies, what was run, and how long it took."""

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from tests.toys import project, toy
from xit import execute, paths, runs, specs
from xit.report import front
from xit.study import Study

FOUND = pd.DataFrame(
    [("mnli", "udpos", -3.0, 0.01, False), ("mnli", "xquad", 4.0, 0.04, False),
     ("squad_v1", "udpos", 1.0, 0.5, False), ("squad_v1", "xquad", 3.0, 0.001, False)],
    columns=["intermediate", "target", "mean", "adjusted", "collapsed"],
)  # fmt: skip


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Study]:
    project(tmp_path, monkeypatch, with_data=False)
    yield toy()
    paths.project.cache_clear()


def test_three_numbers_with_their_studies(study: Study) -> None:
    text = front.answer(FOUND, study)
    assert text.count('class="number"') == 3
    assert ">+1.2<" in text  # the mean of four
    assert ">+2.0<" in text and "after SQuAD v1.1, the best task" in text
    assert ">2 : 1<" in text and "of 4 changes" in text
    assert text.count("study toy: ") == 3 and text.count("published: XLM-R large: ") == 3


def test_losses_have_their_sign(study: Study) -> None:
    text = front.answer(FOUND.assign(mean=-FOUND["mean"].abs()), study)
    assert ">-2.8<" in text and ">-2.0<" in text and ">0 : 3<" in text


def test_a_study_is_run_here_only_if_it_was(study: Study) -> None:
    told = front.studies_there(study).set_index("study")["run here?"]
    assert told["Phang et al. 2020"].startswith("no: ")
    assert told["Toy (toy)"] == "yes: this site shows it"
    other = Path(paths.project() / "notebooks/studies/other.yaml")
    other.write_text(Path(paths.project() / "notebooks/studies/toy.yaml").read_text())
    told = front.studies_there(study).set_index("study")["run here?"]
    assert told["Toy (other)"] == "no: not run here"
    record = execute.executed("other", "results").with_suffix(".json")
    record.parent.mkdir(parents=True)
    record.write_text("{}")
    told = front.studies_there(study).set_index("study")["run here?"]
    assert told["Toy (other)"] == "yes, in this directory"


def test_how_long_it_took_is_what_the_runs_have_written_down(study: Study) -> None:
    store = specs.store()
    made = [store.make({"kind": "toy", "slug": str(n)}, lambda out: None) for n in range(3)]
    names = [told[0].name for told in made if told]
    assert all(s < 1 for s in front.seconds(names)) and len(front.seconds(names)) == 3
    for name, took in zip(names, (60, 180), strict=False):
        (store.root / name / runs.MADE).write_text(json.dumps({"seconds": took}))
    (store.root / names[2] / runs.MADE).unlink()
    text = front.rebuild([*names, names[0]])
    assert text.startswith("The 3 runs behind this site, 2 of which have it written down, took 4 ")
    assert "about 2 minutes on two cores" in text
    assert "no times written down" in front.rebuild(names[2:])


def test_the_runs_of_records_are_counted_once() -> None:
    records = [{"runs": [{"run": "a"}, {"run": "b"}]}, None, {"runs": [{"run": "a"}]}]
    assert front.names_of_runs(records) == ["a", "b"]
