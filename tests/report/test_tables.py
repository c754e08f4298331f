"""Tables of the pages, from hand-made runs and frames."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pandas as pd
import pytest

from tests.toys import toy_study
from xit import specs
from xit.errors import XitError
from xit.report import tables
from xit.report.results import COLUMNS
from xit.report.section import Section
from xit.study import Study
from xit.workers import Result


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    with toy_study(tmp_path_factory.mktemp("project")) as made:
        yield made


def scores(*rows: tuple[str, str, str, int, str, float]) -> pd.DataFrame:
    """Rows (intermediate, target, language, seed, metric, value)."""
    return pd.DataFrame(
        [("toy", i, t, code, s, "test", m, v) for i, t, code, s, m, v in rows], columns=COLUMNS
    )


MAIN = scores(
    ("none", "udpos", "en", 1, "f1", 90), ("none", "udpos", "de", 1, "f1", 60),
    ("none", "udpos", "en", 2, "f1", 80), ("none", "udpos", "de", 2, "f1", 50),
    ("none", "tatoeba", "de", 1, "acc", 33), ("none", "tatoeba", "de", 2, "acc", 35),
)  # fmt: skip


def result(path: Path, **spec: object) -> Result:
    path.mkdir(parents=True)
    return Result(
        {"kind": "intermediate", "task": "mnli", "seed": 1, "where": {}} | spec, path, False
    )


# -- frames --


def test_baseline(toy: Study) -> None:
    table = tables.baseline(MAIN, toy).set_index("target")
    pos = table.loc["POS"]
    assert (pos["source"], pos["zero-shot"], pos["gap"]) == (85, 55, 30)
    assert pos["over seeds"] == "50.0 … 60.0"
    assert pos["over languages"] == "55.0 … 55.0"
    assert (pos["split"], pos["seeds"]) == ("test", 2)
    tatoeba = table.loc["Tatoeba"]
    assert tatoeba["zero-shot"] == 34
    assert pd.isna(tatoeba["source"]) and pd.isna(tatoeba["gap"])


def test_collapsed_runs_are_marked(toy: Study) -> None:
    fallen = (MAIN["target"] == "udpos") & (MAIN["seed"] == 2)
    frame = MAIN.assign(collapsed=fallen)
    assert tables.baseline(frame, toy)["collapsed"].tolist() == [1, "–"]
    assert list(tables.wide(frame, ["en"]).columns) == ["language", "POS †", "Tatoeba"]
    change = frame.assign(intermediate="mnli", change=1.0)
    assert list(tables.change_by_language(change, ["en"]).columns) == ["language", "MNLI †"]
    assert tables.summary(change[change["target"] == "udpos"], toy)["POS"].tolist() == [
        "+1.0 (+1.0 … +1.0) †", "–",
    ]  # fmt: skip
    told = tables.beside_published(change, toy)
    assert told.set_index("target")["collapsed seeds"].to_dict() == {"POS": 1, "Tatoeba": 0}


def test_main_keeps_the_main_metric(toy: Study) -> None:
    both = pd.concat([MAIN, scores(("none", "udpos", "en", 1, "token_acc", 99))])
    assert len(tables.main(both)) == len(MAIN)


def test_wide_and_change_by_language(toy: Study) -> None:
    wide = tables.wide(MAIN, ["en", "de", "fr"])
    assert wide["language"].tolist() == ["en", "de"]
    assert wide["POS"].tolist() == [85, 55]
    assert pd.isna(wide["Tatoeba"][0]) and wide["Tatoeba"][1] == 34
    change = MAIN.assign(intermediate="mnli", change=[1.0, 2, 3, 4, 5, 6])
    told = tables.change_by_language(change, ["de", "en"])
    assert told["language"].tolist() == ["de", "en"]
    assert told["MNLI"].tolist() == [(2 + 4 + 5 + 6) / 4, 2]


def test_summary(toy: Study) -> None:
    change = MAIN[MAIN["target"] == "udpos"].assign(intermediate="mnli", change=[1.0, 2, 3, 4])
    told = tables.summary(change, toy)
    assert told["intermediate"].tolist() == ["MNLI", "SQuAD v1.1"]
    assert told["POS"].tolist() == ["+2.5 (+1.5 … +3.5)", "–"]


def test_beside_published_has_only_what_both_have(toy: Study) -> None:
    change = MAIN.assign(intermediate="mnli", change=2.0)
    told = tables.beside_published(change, toy)
    assert set(told["intermediate"]) == {"MNLI"}
    assert set(told["target"]) == {"POS", "Tatoeba"}
    assert told.iloc[:, -1].tolist() == [2.0, 2.0]
    uner = scores(("mnli", "uner", "de", 1, "f1", 5)).assign(change=1.0)
    assert len(tables.beside_published(uner, toy)) == 0  # the paper has no Universal NER


# -- runs --


def target_run(root: Path, name: str, task: str, seed: int) -> Result:
    made = result(root / name, kind="scores", task=task, where={"seed": seed})
    row = {"language": "de", "split": "test", "metric": "acc", "value": 10.0 * seed}
    pd.DataFrame([row]).to_parquet(made.path / "scores.parquet")
    return made


def test_chain_scores(toy: Study, tmp_path: Path) -> None:
    chains = [[target_run(tmp_path, f"r{s}", "udpos", s)] for s in (1, 2)]
    frame = tables.chain_scores(chains, toy, "mnli")
    assert list(frame.columns) == COLUMNS
    assert frame[["study", "intermediate", "target", "seed", "value"]].to_numpy().tolist() == [
        ["toy", "mnli", "udpos", 1, 10.0], ["toy", "mnli", "udpos", 2, 20.0],
    ]  # fmt: skip


@pytest.mark.parametrize(("named", "taken"), [(1, 1), (2, 2), (14, 2)])
def test_retrieval_is_read_at_the_layer_that_the_study_names(
    toy: Study, tmp_path: Path, named: int, taken: int
) -> None:
    """Layer 14 of a model with two is its last."""
    made = result(tmp_path / "run", kind="scores", task="tatoeba", where={"seed": 1})
    score: dict = {"language": "de", "split": "validation", "metric": "acc"}
    rows = [
        score | {"layer": k, "value": 10.0 * k + (how == "cls"), "pooling": how}
        for k in (0, 1, 2) for how in ("mean", "cls")
    ]  # fmt: skip
    pd.DataFrame(rows).to_parquet(made.path / "scores.parquet")
    one = dataclasses.replace(toy, retrieval_layer=named)
    assert tables.chain_scores([[made]], one, "none")["value"].tolist() == [10.0 * taken]


def test_study_scores_come_from_the_records(toy: Study) -> None:
    store = specs.store().root
    target_run(store, "scores-a", "udpos", 3)
    line = {"kind": "scores", "run": "scores-a", "task": "udpos", "seed": 3}
    record = {"runs": [{"kind": "target", "run": "x"}, line]}
    section = cast(Section, SimpleNamespace(study=toy, records=lambda *_: {"mnli": record}))
    frame = tables.study_scores(section)
    assert frame[["intermediate", "target", "seed", "value"]].to_numpy().tolist() == [
        ["mnli", "udpos", 3, 30.0]
    ]
    line["run"] = "scores-gone"
    with pytest.raises(XitError, match="run scores-gone is not in the store any more"):
        tables.study_scores(section)


# -- what is read for the reader --


def test_every_metric(toy: Study) -> None:
    both = pd.concat([MAIN, scores(("none", "udpos", "en", 1, "token_acc", 99))])
    told = tables.every_metric(both, toy).fillna(-1.0)
    assert list(told.columns) == ["target", "metric", "source", "zero-shot"]
    assert {tuple(row) for row in told.to_numpy().tolist()} == {
        ("POS", "f1", 85.0, 55.0),
        ("POS", "token_acc", 99.0, -1.0),
        ("Tatoeba", "acc", -1.0, 34.0),
    }


def test_languages(toy: Study) -> None:
    """This hub has no typology: the shipped table stands in."""
    told = tables.languages(toy)
    assert told.to_numpy().tolist() == [
        ["en", "English", "Indo-European", "Latn", 0.0],
        ["de", "German", "Indo-European", "Latn", 0.0975],
    ]


def test_language_order(toy: Study) -> None:
    assert tables.language_order(toy) == ["en", "de"]
    far = dataclasses.replace(toy, targets=("panx",), languages={"all": ("ja", "ru", "de", "en")})
    assert tables.language_order(far) == ["en", "de", "ru", "ja"]
