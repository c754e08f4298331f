"""Two studies compared: what differs, by hand how far, and what is refused."""

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import yaml
from scipy import stats as distributions

from tests import toys
from tests.report.changed import SHAPE, Filled, finished, intermediate, target
from xit import execute, paths, workers
from xit.__main__ import main
from xit.errors import XitError
from xit.report import compare, compare_page

T = float(distributions.t.ppf(0.975, 1))
OTHER: dict = toys.STUDY | SHAPE | {"title": "Other", "hub": "hub", "model": "model"}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    toys.project(tmp_path, monkeypatch)
    toys.toy(**SHAPE)
    toys.forget()
    monkeypatch.delenv("XIT_SECTION", raising=False)
    yield tmp_path
    paths.project.cache_clear()
    toys.forget()


@pytest.fixture
def filled(monkeypatch: pytest.MonkeyPatch) -> Filled:
    made = Filled()
    monkeypatch.setattr(workers, "run", made)
    return made


def write(place: Path, name: str, **changed: object) -> None:
    """A further study file."""
    path = place / "notebooks" / "studies" / f"{name}.yaml"
    path.write_text(yaml.safe_dump(OTHER | changed))


def build(study: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for one in (intermediate(study), target("none", study), target("mnli", study)):
        finished(one, monkeypatch)


@pytest.fixture
def two(place: Path, filled: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    """toy; and other, whose targets are trained for longer and gain 1 and 3, after MNLI 2 and 8."""
    longer = {"target": {"default": {"learning_rate": 0.005, "batch_size": 4, "epochs": 2,
                                     "eval_every": 2, "max_length": 48}},
              "intermediate": toys.STUDY["hyper"]["intermediate"]}  # fmt: skip
    write(place, "other", hyper=longer)
    build("toy", monkeypatch)
    filled.gain = {1: 1.0, 2: 3.0}
    finished(intermediate("other"), monkeypatch)
    finished(target("none", "other"), monkeypatch)
    filled.gain = {1: 2.0, 2: 8.0}
    finished(target("mnli", "other"), monkeypatch)


def cell(found: pd.DataFrame, *names: str) -> dict:
    rows = found.to_dict("records")
    return dict(next(r for r in rows if (r["intermediate"], r["target"]) == names))


def test_what_differs_and_by_how_much(two: None) -> None:
    told = compare.studies("toy", "other")
    assert told.comparable
    assert told.settings.to_numpy().tolist() == [["target XNLI: epochs", "1", "2"]]
    alone, after = (cell(told.cells, name, "xnli") for name in ("none", "mnli"))
    assert (alone["was"], alone["now"], alone["mean"]) == (50, 52, 2)
    assert alone["these"] == pytest.approx((2 - T, 2 + T))  # 1 and 3
    assert after["these"] == pytest.approx((5 - 3 * T, 5 + 3 * T))  # 2 and 8
    middle = cell(told.targets, compare.EVERY, "xnli")  # 1.5 and 5.5
    assert (middle["mean"], middle["these"]) == (3.5, pytest.approx((3.5 - 2 * T, 3.5 + 2 * T)))
    gain = cell(told.changes, "mnli", "xnli")  # against none 0, 0 in A; 1, 5 in B
    assert (gain["was"], gain["now"], gain["mean"]) == (0, 3, 3)
    assert gain["these"] == pytest.approx((3 - 2 * T, 3 + 2 * T))
    assert set(told.cells["target"]) == {"xnli"}  # Tatoeba's runs are the same in both
    assert any("2 cells are the same runs" in note for note in told.notes)
    assert dict(zip(told.languages["language"], told.languages["mean"], strict=True)) == {
        "en": 3.5, "de": 3.5}  # fmt: skip


def test_on_the_command_line(two: None, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "toy", "other"]) == 0
    told = capsys.readouterr().out
    lines = [line.split() for line in told.splitlines()]
    assert ["target", "XNLI:", "epochs", "1", "2"] in lines
    assert ["XNLI", "50.0", "53.5", "+3.5", "-21.9", "…", "+28.9", "1", "2"] in lines
    assert "written: book/_build/compare-toy-other.html" in told
    page = (place / "book/_build/compare-toy-other.html").read_text()
    assert "<svg" in page and "+3.5" in page and "epochs" in page
    page = page.replace("http://www.w3.org/", "")  # names of formats, not addresses
    for outside in ("http://", "https://", "<script", "src=", "url(h"):
        assert outside not in page
    rows = pd.read_csv(place / "book/_build/compare-toy-other.csv", keep_default_na=False)
    [row] = rows[(rows["of"] == "change")].to_dict("records")
    assert (row["intermediate"], row["target"], row["difference"]) == ("mnli", "xnli", 3.0)
    german = rows[(rows["language"] == "de") & (rows["intermediate"] == compare.EVERY)]
    assert german["difference"].tolist() == [3.5]


def test_a_study_with_itself_is_its_changes(
    place: Path, filled: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    build("toy", monkeypatch)
    with pytest.raises(XitError, match="none of its parameters is changed"):
        compare.studies("toy", "toy")
    filled.gain = {1: 4.0, 2: 4.0}
    finished(target("mnli", epochs=9.0), monkeypatch)
    told = compare.studies("toy", "toy")
    assert (told.a.called, told.b.called) == ("toy unchanged", "toy as changed")
    assert told.settings.to_numpy().tolist() == [["target/mnli: epochs", "each target's", "9"]]
    assert cell(told.cells, "mnli", "xnli")["mean"] == 4
    assert len(told.cells) == 1
    pages = compare_page.write(told, place / "book" / "_build")
    assert [p.name for p in pages] == [
        "compare-toy_unchanged-toy_as_changed.html", "compare-toy_unchanged-toy_as_changed.csv",
    ]  # fmt: skip


def test_invented_languages_are_never_set_against_natural_ones(
    two: None, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(place, "made", hub="lab:smoke", source="qaa", languages={"all": ["qaa", "qab"]})
    for after in ("none", "mnli"):
        path = execute.executed("made", f"target/{after}").with_suffix(".json")
        path.parent.mkdir(parents=True, exist_ok=True)
        told = {"parameters": {"hub": "lab:smoke"}, "changed": {}, "runs": []}
        path.write_text(json.dumps(told))
    told_ = compare.studies("toy", "made")
    assert not told_.comparable
    assert not any(len(x) for x in (told_.targets, told_.cells, told_.changes, told_.languages))
    assert main(["compare", "made", "toy"]) == 0
    text = capsys.readouterr().out
    assert "Not comparable" in text and "B − A" not in text
    assert "source language" in text
    page = (place / "book/_build/compare-made-toy.html").read_text()
    assert "Not comparable" in page and "<svg" not in page
    assert not (place / "book/_build/compare-made-toy.csv").exists()


def test_another_model_and_other_data_are_said(
    two: None, place: Path, filled: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    toys.model_directory(place / "larger", seed=2)
    write(place, "third", model="larger", languages={"all": ["en"], "tatoeba": ["de"]})
    filled.gain = {1: 1.0, 2: 1.0}
    finished(intermediate("third"), monkeypatch)
    finished(target("none", "third"), monkeypatch)
    finished(target("mnli", "third"), monkeypatch)
    told = compare.studies("toy", "third")
    assert ["model", "model", "larger"] in told.settings.to_numpy().tolist()
    assert ["languages of XNLI", "also de", "–"] in told.settings.to_numpy().tolist()
    assert any(note.startswith("The models differ (model and larger)") for note in told.notes)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["toi", "toy"], "unknown study 'toi': did you mean 'toy'?"),
        (["toy", "tyo"], "unknown study 'tyo': did you mean 'toy'?"),
        (["toy", "toy"], "target/none has not been executed yet: run `make book STUDY=toy`"),
        (["", "toy"], "give A=… and B=…"),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_one_line(
    names: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *names]) == 2
    told = capsys.readouterr().err
    assert told.startswith("error: ") and told.count("\n") == 1 and message in told
