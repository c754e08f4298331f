"""Tables about models and their training."""

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from tests.toys import toy_study, write
from xit import paths, study, tasks
from xit.errors import XitError
from xit.report import training
from xit.specs import Parent
from xit.study import Study
from xit.workers import Result


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    with toy_study(tmp_path_factory.mktemp("project")) as made:
        yield made


def result(path: Path, **spec: object) -> Result:
    path.mkdir(parents=True)
    return Result(
        {"kind": "intermediate", "task": "mnli", "seed": 1, "where": {}} | spec, path, False
    )


def test_layers_and_by_layer(tmp_path: Path) -> None:
    made = result(tmp_path / "run")
    rows = [
        {"language": code, "split": "validation", "metric": metric, "layer": layer,
         "pooling": pooling, "value": layer * 10.0 + (code == "de")
         + (metric == "acc_centred") * 50 - (pooling == "cls") * 5}
        for code in ("de", "fr") for metric in ("acc", "acc_centred") for layer in (0, 1)
        for pooling in ("mean", "cls")
    ]  # fmt: skip
    pd.DataFrame(rows).to_parquet(made.path / "scores.parquet")
    long = training.layers(made)
    assert set(long["kind"]) == {"raw", "centred"}
    table = training.by_layer(long).set_index("layer")
    assert table.loc[1, "raw, mean"] == 10.5
    assert (table.loc[1, "raw, min"], table.loc[1, "raw, max"]) == (10, 11)
    assert table.loc[0, "centred, mean"] == 50.5


def test_best(toy: Study, tmp_path: Path) -> None:
    """Half of the toy's MNLI rows have one label: 50 is the trivial baseline of all of them."""
    mnli = {"eval_examples": None}
    made = result(tmp_path / "run-1", seed=4, settings=mnli, language="en", where={"hub": "hub"})
    told = {"best": 81.5, "best_step": 30, "steps": 90, "stopped_early": True}
    (made.path / "summary.json").write_text(json.dumps(told))
    about: dict = {"task": "mnli", "names": [], "dropped": {}, "encoding": {}}
    (made.path / "data.json").write_text(json.dumps(about))
    [row] = training.best([made]).to_dict("records")
    assert row == {"task": "MNLI", "seed": 4, "best": 81.5, "trivial": 50, "collapsed": "no",
                   "at update": 30, "of": 90, "stopped early": "yes", "run": "run-1"}  # fmt: skip
    (made.path / "summary.json").write_text(json.dumps(told | {"best": 52.9}))
    assert training.best([made])["collapsed"].tolist() == ["yes †"]


def test_best_of_several_tasks(toy: Study, tmp_path: Path) -> None:
    one: dict = {"eval_examples": None}
    several = {"task": "multitask", "parts": {"mnli": one, "squad_v1": one}, "settings": {}}
    made = result(tmp_path / "run-1", **several, language="en", where={"hub": "hub"})
    told = {"best": 51.5, "best_step": 30, "steps": 90, "stopped_early": False}
    (made.path / "summary.json").write_text(json.dumps(told))
    for mnli, squad, fallen in ((52.5, 70.5, "in MNLI"), (53, 14.2, "no"), (50, 3.0, "yes †")):
        parts = [{"task": "mnli", "dev": mnli}, {"task": "squad_v1", "dev": squad}]
        (made.path / "data.json").write_text(json.dumps({"parts": parts}))
        [row] = training.best([made]).to_dict("records")
        assert (row["MNLI"], row["SQuAD v1.1"], row["best"]) == (mnli, squad, 51.5)
        assert row["collapsed"] == fallen
        assert row["trivial"] == pytest.approx((50 + 100 / 9) / 2)


def test_examples_are_short(toy: Study) -> None:
    long = [{"premise": "word " * 99, "hypothesis": "h", "label": 0}] * 3
    write(paths.project() / "long", "nyu-mll/glue", "mnli", "train", long, label=["a"])
    other = study.load("toy", "long")
    table = training.examples(other, tasks.intermediate("mnli"))
    assert len(table) == 2
    assert len(table["premise"][0]) == 160 and table["premise"][0].endswith("…")
    tags = training.examples(toy, tasks.target("udpos"), 1)
    assert tags["tokens"][0].count(" ") == 2


def test_model(toy: Study) -> None:
    told = training.model(Parent("abc", str(paths.project() / "model")), toy)
    table = told.set_index("")["value"]
    assert table["model"] == "model" and table["identity"] == "abc"
    assert (table["layers"], table["width"], table["longest input"]) == (2, 16, "64 tokens")
    with pytest.raises(XitError, match="cannot load the model"):
        training.model(Parent("abc", str(paths.project() / "hub")), toy)


def test_histories(tmp_path: Path) -> None:
    results = []
    for seed in (1, 2):
        path = tmp_path / f"r{seed}"
        path.mkdir()
        pd.DataFrame({"step": [1, 2], "dev": [3.0, 4.0]}).to_parquet(path / "history.parquet")
        results.append(Result({"seed": seed, "task": "mnli"}, path, True))
    (tmp_path / "scores").mkdir()
    results.append(Result({"task": "mnli"}, tmp_path / "scores", True))  # has no history
    told = training.histories(results)
    assert told[["seed", "step"]].to_numpy().tolist() == [[1, 1], [1, 2], [2, 1], [2, 2]]
    assert set(told["task"]) == {"mnli"}


def test_histories_of_a_section_that_only_scores(tmp_path: Path) -> None:
    """targets=tatoeba: nothing is trained, and the page still has to be made."""
    assert len(training.histories([Result({"task": "tatoeba"}, tmp_path, True)])) == 0
