"""The page of the tasks: rows of the task table, sizes by hand, and what a study leaves out."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from tests.toys import asked, project, write
from xit import paths, study, tasks
from xit.report import catalogue, published
from xit.study import Study


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Study]:
    project(tmp_path, monkeypatch)
    yield study.load("toy")
    paths.project.cache_clear()


def by(frame: pd.DataFrame, *columns: str) -> dict:
    """The rows of `frame` by what stands in `columns`: a text, or several as a tuple."""
    rows = frame.to_dict("records")
    return {r[columns[0]] if len(columns) == 1 else tuple(r[c] for c in columns): r for r in rows}


def test_every_task_of_the_table_has_its_row(toy: Study) -> None:
    first = by(catalogue.rows(toy, "intermediate"), "name")
    assert list(first) == list(tasks.INTERMEDIATE)
    assert first["mnli"]["in this study"] == "yes"
    assert first["ccg"]["in this study"] == "no"
    assert first["anli_plus"]["training"] == (
        "facebook/anli plain_text (train_r1, train_r2, train_r3); nyu-mll/glue mnli (train); "
        "stanfordnlp/snli plain_text (train)"
    )
    assert first["multitask"]["training"] == "–"
    other = by(catalogue.rows(toy, "target"), "name")
    assert list(other) == list(tasks.TARGET)
    assert other["xquad"]["development"] == "google/xtreme XQuAD.{code} (validation)"
    assert other["xquad"]["test"] == "–"
    assert "early stopping on rajpurkar/squad" in other["xquad"]["note"]
    assert "trained for XQuAD" in other["mlqa"]["note"]
    assert other["bucc"]["metric"] == "F1 of mined pairs"
    assert {row["kind"] for row in (*first.values(), *other.values())} == {
        line.split("**")[1] for line in catalogue.kinds().splitlines()
    }


def test_data_that_the_user_has_not_supplied(toy: Study) -> None:
    gap = "CCG: CCGbank is LDC's (LDC2005T13): put its directory at local/ccgbank"
    one = dataclasses.replace(toy, gaps=(gap,))
    table = by(catalogue.rows(one, "intermediate"), "name")
    assert table["ccg"]["in this study"] == "no: its data are missing"
    told = catalogue.not_here(one).splitlines()
    assert f"- **CCG**: {gap.removeprefix('CCG: ')}." in told  # the study's file has it already
    assert any(x.startswith("- **BUCC**") and x.endswith("`targets:` in `notebooks/studies/toy."
               "yaml`.") and "local/bucc2018" in x for x in told)  # fmt: skip


def test_what_a_study_leaves_out(toy: Study) -> None:
    told = catalogue.not_here(toy)
    assert "- **XNLI**: add `xnli` to `targets:` in `notebooks/studies/toy.yaml`; this hub" in told
    assert "- **QQP**: this hub does not have nyu-mll/glue qqp (train)" in told
    assert "**MNLI**" not in told and "**POS**" not in told
    assert "- **OCNLI**: this hub does not have clue/clue ocnli (train)" in told
    assert "add `ocnli` to `variants:`" in told
    told_too = {"source_language": {"variants": ("ocnli",), "targets": ("udpos",)}}
    own = dataclasses.replace(toy, ablations=told_too)
    assert by(catalogue.rows(own, "intermediate"), "name")["ocnli"]["in this study"] == (
        "in section source_language"
    )
    assert "OCNLI" not in catalogue.not_here(own)
    every = dataclasses.replace(
        toy, intermediate=tuple(tasks.INTERMEDIATE), targets=tuple(tasks.TARGET)
    )
    assert catalogue.not_here(every) == "Every task of the table is in this study."


def test_languages(toy: Study) -> None:
    table = by(catalogue.languages(toy), "target")
    assert (table["Tatoeba"]["paper"], table["Tatoeba"]["task table"]) == (
        37,
        36,
    )  # the paper's table, and what it lists
    assert (table["POS"]["this study"], table["POS"]["which here"]) == (2, "en de")
    assert table["Tatoeba"]["which here"] == "de"
    assert pd.isna(table["MLQA"]["this study"])
    whole = dataclasses.replace(toy, languages={})
    assert by(catalogue.languages(whole), "target")["POS"]["which here"] == "the same"


def test_the_settings_are_the_papers(toy: Study) -> None:
    table = by(catalogue.paper_settings("intermediate"), "task")
    assert next(iter(table)) == "source"
    assert table["source"]["learning rate"] == "paper, App.\u00a0A"
    assert table["source"]["max length"] == "jiant's guide"
    squad = table["SQuAD v1.1"]
    assert (squad["learning rate"], squad["batch size"], squad["epochs"]) == ("1e-05", "8", "3")
    assert table["Multi-task"]["batch size"] == "each task's"
    targets = catalogue.paper_settings("target")["task"].tolist()
    assert "Tatoeba" not in targets and "BUCC" not in targets  # nothing is trained


COLUMNS = ("paper", "full dataset", "this hub", "read here")
SCORING = "scoring ({}), each language"


def test_sizes(toy: Study) -> None:
    some = {"intermediate": {"mnli": {"examples": 10}}, "target": {}}
    frame = catalogue.sizes(dataclasses.replace(toy, hyper=some))
    told = {k: [r[c] for c in COLUMNS] for k, r in by(frame, "task", "for").items()}
    assert told["MNLI", "training"] == [392702, 392702, 24, 10]
    assert told["MNLI", "early stopping"] == [20000, 9815, 8, 8]
    assert told["XNLI", "training"][:3] == [392702, 392702, 24]
    assert pd.isna(told["XNLI", "training"][3])  # not in this study
    assert told["POS", SCORING.format("test")] == ["47–20436", "47–22458", 12, 12]
    assert told["TyDiQA-GoldP", "training"][1] == "49881 in all languages"
    assert pd.isna(told["NER (Universal NER)", "training"][0])
    assert told["MLQA", "early stopping"][1] == 10570  # SQuAD's: it is not trained by itself
    text = catalogue.sizes_in_words(frame)
    assert "MNLI, early stopping (20,000; 9,815)" in text
    assert "This study trains on a part of MNLI (10 of 24)." in catalogue.read_in_words(frame)
    assert f"{text.count(', training (') + text.count(', early stopping (')} of " in (
        catalogue.refuting(frame)
    )
    same = frame.assign(**{"full dataset": frame["paper"]})
    assert catalogue.sizes_in_words(same).endswith("of them are the same.")
    assert "only the dataset's name" not in catalogue.refuting(same)


def test_sizes_differ_by_language(toy: Study) -> None:
    for code, count in (("en", 5), ("de", 9)):
        write(paths.project() / "own", "google/xtreme", f"XQuAD.{code}", "validation", asked(count))
    frame = catalogue.sizes(study.load("toy", "own"))
    table = by(frame, "task", "for")
    assert table["XQuAD", SCORING.format("validation")]["read here"] == "5–9"
    text = catalogue.read_in_words(frame)
    assert text.endswith("is not known here: the Hub does not say.")


def test_one_config_with_all_languages_is_counted_by_language(toy: Study) -> None:
    ids = ["english-1", "english-2", "finnish-1"]
    rows = [r | {"id": x} for r, x in zip(asked(3), ids, strict=True)]
    write(paths.project() / "own", "google/xtreme", "tydiqa", "train", rows)
    task = tasks.target("tydiqa")
    assert task.train
    assert catalogue.in_hub(study.load("toy", "own"), task, task.train, "en") == 2
    assert catalogue.in_hub(dataclasses.replace(toy, hub=""), task, task.train, "en") is None


def test_table_1_of_the_paper_has_every_task_of_its_other_tables() -> None:
    told = published.sizes()
    names = {*published.INTERMEDIATE.values()} - {"multitask", "none"}
    assert {task for phase, task in told if phase == "intermediate"} == names
    assert {task for phase, task in told if phase == "target"} == {*published.TARGET.values()}
    assert told["intermediate", "anli_plus"] == {"train": 1_104_934, "dev": 22_857}
    assert told["target", "tatoeba"] == {"test_low": 1000, "test_high": 1000, "languages": 37}
