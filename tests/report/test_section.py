"""A section from inside its notebook: its runs, its record, its notices."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from IPython.display import HTML

from tests.toys import project
from xit import execute, paths, runs, specs, tasks, workers
from xit.errors import XitError
from xit.report.section import Section
from xit.runs import Spec
from xit.workers import Result

DEFAULTS = {"learning_rate": None, "batch_size": None, "epochs": None, "examples": None,
            "eval_every": None, "patience": None}  # fmt: skip


@pytest.fixture(autouse=True)
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    place = project(tmp_path, monkeypatch)
    specs.fingerprint.cache_clear()
    specs.model_identity.cache_clear()
    monkeypatch.delenv("XIT_SECTION", raising=False)
    yield place
    paths.project.cache_clear()
    specs.fingerprint.cache_clear()
    specs.model_identity.cache_clear()


def intermediate(**changed: object) -> Section:
    given = {"study": "toy", "hub": None, "task": "mnli", "seed": 1, "num_seeds": 2}
    return Section("intermediate", **(given | DEFAULTS | changed))


def target(**changed: object) -> Section:
    given = {"study": "toy", "hub": None, "intermediate": "none", "seed": 1, "num_seeds": 2,
             "targets": ["udpos", "xquad", "tatoeba"]}  # fmt: skip
    return Section("target", **(given | DEFAULTS | changed))


def text(made: HTML) -> str:
    return str(made.data)


def test_names_and_studies() -> None:
    assert intermediate().name == "intermediate/mnli"
    assert target().name == "target/none"
    assert Section("results", study="toy", hub=None).name == "results"
    assert Section("by_target", study="toy", hub=None, target="xquad").name == "by_target/xquad"
    assert Section("by_language", study="toy", hub=None, language="de").name == "by_language/de"
    with pytest.raises(XitError, match="target task of study 'toy': 'xqad': did you mean 'xquad'"):
        Section("by_target", study="toy", hub=None, target="xqad")
    with pytest.raises(XitError, match="language of study 'toy': 'dee': did you mean 'de'"):
        Section("by_language", study="toy", hub=None, language="dee")
    assert intermediate(hub="hub").study.hub == "hub"
    with pytest.raises(XitError, match="unknown intermediate task 'mnl': did you mean 'mnli'"):
        intermediate(task="mnl")
    with pytest.raises(XitError, match="unknown study 'tyo'"):
        intermediate(study="tyo")


def test_an_empty_hub_is_the_hub_itself() -> None:
    """As the comment beside the parameter says; None is the study's."""
    assert intermediate(hub=None).study.hub == "hub"
    assert intermediate(hub="").study.hub == ""


# -- what differs from the study --


def test_changed() -> None:
    assert intermediate().changed() == {}
    one = intermediate(seed=3, learning_rate=2e-5)
    assert one.changed() == {"seed": (3, 1), "learning_rate": (2e-5, 0.005)}
    assert target(targets=["udpos"]).changed() == {
        "targets": (["udpos"], ["udpos", "xquad", "tatoeba"])
    }


def test_the_notice_says_what_differs() -> None:
    usual = text(intermediate().notice())
    assert "Toy" in usual and "nothing at all" in usual
    assert "admonition note" in usual and "Changed" not in usual
    told = text(intermediate(seed=3).notice())
    assert "admonition important" in told
    assert "<code>seed=3</code> (study: <code>1</code>)" in told


def test_settings() -> None:
    settings = intermediate(epochs=5.0).settings(tasks.intermediate("mnli"))
    assert (settings["epochs"], settings["learning_rate"]) == (5.0, 0.005)
    table = target(patience=7).settings_table(["udpos", "tatoeba"])
    assert table.iloc[:, :2].to_numpy().tolist() == [["POS", "paper"], ["POS", "here"]]
    paper, here = table.to_dict("records")  # nothing is trained for Tatoeba: left out
    assert [paper[k] for k in ("learning rate", "batch size", "examples")] == ["3e-06", "32", "all"]
    told = [here[k] for k in ("learning rate", "batch size", "patience", "max length")]
    assert told == ["0.005", "4", "7", "48"]


# -- runs --


def test_intermediate_chains() -> None:
    chains = intermediate(seed=4, epochs=7.0).intermediate_chains()
    assert [c[0]["seed"] for c in chains] == [4, 5]
    assert {c[0]["settings"]["epochs"] for c in chains} == {7.0}
    usual = intermediate(seed=4, epochs=7.0).intermediate_chains("squad_v1")  # as the study has it
    assert [c[0]["seed"] for c in usual] == [1, 2]
    assert {c[0]["settings"]["epochs"] for c in usual} == {1.0}


def test_target_chains() -> None:
    chains = target().target_chains(["udpos", "tatoeba"])
    assert [[s["kind"] for s in c] for c in chains] == [["target", "scores"]] * 2 + [["scores"]] * 2
    base = specs.base(target().study)
    for chain in chains[:2]:
        assert chain[0]["parent"] == base.identity
        assert chain[1]["parent"] == runs.identity(chain[0])
    assert chains[2][0]["parent"] == base.identity
    with pytest.raises(XitError, match="target task of study 'toy': 'xnli'"):
        target().target_chains(["xnli"])


class Made:
    """In the place of workers.run: every run is there."""

    def __init__(self) -> None:
        self.specs: list[Spec] = []

    def __call__(self, chains: list[list[Spec]], processes: int = 1) -> list[list[Result]]:
        self.specs += [s for c in chains for s in c]
        return [[Result(s, specs.store().path(s), s["seed"] == 1) for s in c] for c in chains]


def record(section: Section) -> Path:
    path = execute.executed("toy", section.name).with_suffix(".json")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def finished(section: Section, monkeypatch: pytest.MonkeyPatch) -> dict:
    """The record that a section leaves when executed as part of its study."""
    monkeypatch.setenv("XIT_SECTION", f"toy:{section.name}")
    monkeypatch.setenv("XIT_RECORD", str(record(section)))
    section.finish()
    return json.loads(record(section).read_text())


def test_the_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "run", Made())
    one = intermediate(seed=0, num_seeds=2, epochs=7.0)
    one.run(one.intermediate_chains())
    told = finished(one, monkeypatch)
    assert told["section"] == "intermediate/mnli"
    assert told["parameters"]["epochs"] == 7.0
    assert told["changed"] == {"seed": 0, "epochs": 7.0}
    assert [r["seed"] for r in told["runs"]] == [0, 1]  # seed 0 is a seed
    assert [r["kind"] for r in told["runs"]] == ["intermediate"] * 2
    assert all(r["run"].endswith(r["identity"]) for r in told["runs"])
    assert told["made"] == 1


def test_no_record_from_a_notebook_opened_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    one = intermediate()
    monkeypatch.setenv("XIT_SECTION", "toy:intermediate/squad_v1")  # left over from elsewhere
    monkeypatch.setenv("XIT_RECORD", str(record(one)))
    one.finish()
    assert not record(one).exists()


def fill(out: Path) -> None:
    (out / "model.safetensors").write_bytes(b"weights")


def trained(monkeypatch: pytest.MonkeyPatch) -> Made:
    """An intermediate section, executed with a parameter changed, its runs in the store."""
    made = Made()
    monkeypatch.setattr(workers, "run", made)
    one = intermediate(epochs=7.0)
    one.run(one.intermediate_chains())
    finished(one, monkeypatch)
    for spec in made.specs:
        specs.store().make(spec, fill)
    return made


def test_targets_go_on_from_the_intermediate_section_as_last_executed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The i-th seed from the i-th run, with the parameters that were changed there."""
    made = trained(monkeypatch)
    ids = [runs.identity(s) for s in made.specs]
    after = target(intermediate="mnli")
    assert [p.identity for p in after.parents()] == ids
    assert [p.identity for p in target(intermediate="mnli", num_seeds=3).parents()] == [
        *ids,
        ids[0],
    ]
    assert len(made.specs) == 2  # nothing was trained again
    shutil.rmtree(specs.store().path(made.specs[0]))
    parents = target(intermediate="mnli").parents()  # gone: trained again, as the study has it
    assert len(made.specs) == 4
    assert {s["settings"]["epochs"] for s in made.specs[2:]} == {1.0}
    assert not {p.identity for p in parents} & set(ids)


def test_states_on_the_way_go_on_from_each_intermediate_section(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = trained(monkeypatch)
    given = {"study": "toy", "hub": None, "seed": 1, "num_seeds": 2, "eval_every": None}
    told = {"intermediate": ["none", "mnli"], "targets": ["udpos"], "checkpoints": 2}
    section = Section("selection", **(given | told))
    assert section.name == "selection"
    before = [c[0]["parent"] for c in section.chains_along()]
    after = [runs.identity(s) for s in made.specs]
    assert before == [specs.base(section.study).identity] * 2 + after
    # a section that was never executed is trained as the study has it, not as this one is set
    other = Section("selection", **(given | told | {"eval_every": 9, "intermediate": ["squad_v1"]}))
    chains = other.chains_along()
    assert {c[0]["settings"]["eval_every"] for c in chains} == {9}
    assert {s["settings"]["eval_every"] for s in made.specs[2:]} == {2}


def test_targets_refuse_a_damaged_intermediate_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """It lies where the record says, but its weights are not those that were trained."""
    made = Made()
    monkeypatch.setattr(workers, "run", made)
    one = intermediate(num_seeds=1)
    one.run(one.intermediate_chains())
    finished(one, monkeypatch)
    path = specs.store().path(made.specs[0])
    specs.store().make(made.specs[0], fill)
    (path / "model.safetensors").write_bytes(b"weighty")
    try:
        target(intermediate="mnli", num_seeds=1).parents()
    except XitError:
        return
    assert len(made.specs) > 1, "it went on from the damaged run"


def test_records() -> None:
    section = Section("results", study="toy", hub=None)
    assert section.record("target/none") is None
    with pytest.raises(
        XitError, match="section target/none has not been executed yet: run `make book"
    ):
        section.records("target")
    for name in ("none", "mnli", "squad_v1"):
        path = execute.executed("toy", f"target/{name}").with_suffix(".json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"section": name}))
    assert {k: v["section"] for k, v in section.records("target").items()} == {
        "none": "none", "mnli": "mnli", "squad_v1": "squad_v1",
    }  # fmt: skip
    path.write_text("{")
    with pytest.raises(XitError, match="target/squad_v1"):
        section.records("target")


# -- the foot --


def test_the_foot_tells_where_everything_is_from(
    toy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "run", Made())
    one = intermediate(hub=str(toy / "hub"))
    results = one.run(one.intermediate_chains())
    told = text(one.foot())
    for word in (
        "Study",
        "Section",
        "Parameters",
        "Runs",
        "Data",
        "Versions",
        "Machine",
        "Executed",
    ):
        assert f"<th>{word}</th>" in told
    assert results[0][0].path.name in told
    assert results[0][0].spec["data"]["train"] in told
    assert re.search(r"torch=\d", told)
    assert "2 runs" in told and "2 fingerprints" in told
    assert str(toy) not in told  # no machine's paths


# -- tables and figures --


def test_frames_are_kept_for_the_pages_that_show_another_side(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    results = Section("results", study="toy", hub=None)
    frame = pd.DataFrame({"target": ["xquad"], "value": [1.5]})
    results.keep(scores=frame)  # opened by hand: nothing of the study changes
    with pytest.raises(XitError, match=r"kept no scores.parquet yet: run `make book STUDY=toy`"):
        results.kept("results", "scores")
    monkeypatch.setenv("XIT_SECTION", "toy:results")
    results.keep(scores=frame)
    one = Section("by_target", study="toy", hub=None, target="xquad")
    pd.testing.assert_frame_equal(one.kept("results", "scores"), frame)
    place = execute.executed("toy", "results").with_suffix("")
    assert [p.name for p in place.iterdir()] == ["scores.parquet"]
