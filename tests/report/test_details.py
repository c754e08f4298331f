"""The table of training details: whole, read from the code, departures said."""

import dataclasses

import pytest

from xit import study as studies
from xit.learn.hyper import Hyper
from xit.report import details
from xit.report.details import training_details
from xit.settings import SETTINGS
from xit.study import Study

COLUMNS = ["detail", "paper", "source", "xit", "departure and reason"]


@pytest.fixture(scope="module")
def lab() -> Study:
    return studies.load("lab", "lab")


def rows(study: Study) -> dict[str, dict[str, str]]:
    table = training_details(study)
    lines = (dict(zip(COLUMNS, map(str, row), strict=True)) for row in table.to_numpy().tolist())
    return {line["detail"]: line for line in lines}


def test_every_detail_is_there(lab: Study) -> None:
    table = training_details(lab)
    assert list(table.columns) == COLUMNS
    assert not table["detail"].duplicated().any()
    assert (table.drop(columns="departure and reason") != "").all().all()
    told = set(table["detail"])
    for phase in ("intermediate", "target"):
        assert {f"{meaning} ({phase})" for _, meaning in SETTINGS.values()} <= told
    wanted = (
        "optimiser betas epsilon decay schedule warm-up norm precision heads seeds layer threshold "
        "n-best “no answer” windows cap exponent dropout split state"
    )
    text = " ".join(table["detail"]) + " split"
    assert [w for w in wanted.split() if w not in text] == []


def test_values_are_the_codes_own(lab: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    table = rows(lab)
    hyper = Hyper(learning_rate=1, batch_size=1)
    assert float(table["epsilon"]["xit"]) == hyper.adam_eps
    assert table["warm-up"]["xit"] == f"{hyper.warmup:.0%} of the updates"
    assert table["dropout"]["xit"] == "0"
    assert table["overlap of windows of a passage"]["xit"].startswith("128 ")
    monkeypatch.setattr(details, "NBEST", 7)
    assert rows(lab)["start and end candidates (n-best)"]["xit"] == "7"


def test_settings_of_paper_and_study(lab: Study) -> None:
    row = rows(lab)["examples an update (intermediate)"]
    assert row["paper"] == (
        "24 (ANLI+, MNLI, QQP, HellaSwag, CCG), 8 (SQuAD v2.0, SQuAD v1.1), "
        "4 (Cosmos QA, CommonsenseQA)"
    )
    assert row["xit"].startswith("8 (ANLI+, MNLI, QQP,") and row["xit"].endswith(", 16 (CCG)")
    assert row["departure and reason"] == "the study's file sets it, for its own model and data"
    same = rows(lab)["evaluations without improvement before stopping (target)"]
    assert (same["paper"], same["xit"], same["departure and reason"]) == ("30", "30", "")
    assert "Tatoeba" not in row["paper"] + rows(lab)["examples an update (target)"]["paper"]


def test_the_published_settings_depart_in_nothing_they_need_not(lab: Study) -> None:
    same = dataclasses.replace(
        lab, hub="", model="FacebookAI/xlm-roberta-large", hyper={}, retrieval_layer=14
    )
    table = rows(same)
    for detail in ("encoder", "dropout", "retrieval: layer", "peak learning rate (target)"):
        assert table[detail]["departure and reason"] == "", detail
    for _, meaning in SETTINGS.values():
        row = table[f"{meaning} (intermediate)"]
        assert row["paper"] == row["xit"], meaning


def test_what_nobody_states_is_said(lab: Study) -> None:
    text = details.departures(training_details(lab))
    assert "betas" in text.split("Stated by nobody")[1]


def test_language_modelling_beside_a_task(lab: Study) -> None:
    row = rows(lab)["masked language modelling beside a task"]
    assert "xit/stories: 13 languages, 600 sentences, batch 4, 1 of" in row["xit"]
    assert row["departure and reason"].startswith("the study has its own text; its file sets the")
    half = dataclasses.replace(lab, mlm=lab.mlm | {"learning_rate_factor": 0.5})
    row = rows(half)["masked language modelling beside a task"]
    assert row["departure and reason"] == "the study has its own text"
    without = rows(dataclasses.replace(lab, ablations={}))
    assert without["masked language modelling beside a task"]["xit"] == "not in this study"


def test_translated_data_are_told(lab: Study) -> None:
    row = rows(lab)["intermediate data in other languages"]
    assert row["xit"] == "MNLI in qae, qab, qaj; QQP in qae, qab, qaj; HellaSwag in qab"
    assert row["departure and reason"] == "the lab's own translator"
    without = rows(dataclasses.replace(lab, ablations={}))
    assert without["intermediate data in other languages"]["xit"] == "not in this study"


def test_numbers_from_memory_are_not_printed(lab: Study) -> None:
    """The cap and the exponent are lost in the text that could be read."""
    table = rows(lab)
    for detail in (
        "several intermediate tasks at once: the cap K",
        "exponent of the sampling of languages",
    ):
        assert "lost" in table[detail]["paper"]
        assert not any(c.isdigit() for c in table[detail]["paper"])


def test_a_model_trained_from_nothing() -> None:
    table = rows(studies.load("mini", "anywhere"))
    assert table["encoder"]["xit"] == "a small XLM-R, trained from nothing"
    assert table["dropout"]["xit"] == "0"
