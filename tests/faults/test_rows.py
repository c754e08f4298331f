"""Damaged and hostile rows of a dataset: read, or left out and counted, or refused by name."""

from collections import Counter
from pathlib import Path

import pytest

from tests.faults.hostile import TEXTS, clear
from tests.toys import TAGS, tokenizer, write
from xit import tasks
from xit.data import encoded
from xit.errors import XitError
from xit.learn.model import Model
from xit.learn.pretrain import new_model
from xit.score import run

KINDS = {  # task → its row around a text
    "mnli": lambda t: {"premise": t, "hypothesis": t[::-1], "label": 1},
    "squad_v2": lambda t: {"id": "same", "question": t, "context": f"{t} x {t}",
                           "answers": {"text": ["x"], "answer_start": [len(t) + 1]}},
    "commonsense_qa": lambda t: {"question": t, "answerKey": "B", "choices": {
                                 "label": ["A", "B"], "text": [t, "x"]}},
    "hellaswag": lambda t: {"ctx": t, "endings": [t, "x"], "label": "1"},
    "udpos": lambda t: {"tokens": [t, "x", t], "pos_tags": [0, 1, 2]},
    "tatoeba": lambda t: {"source_sentence": t, "target_sentence": f"x{t}"},
}  # fmt: skip
PLACE = {
    "mnli": ("nyu-mll/glue", "mnli", "train"),
    "squad_v2": ("rajpurkar/squad_v2", "squad_v2", "train"),
    "commonsense_qa": ("tau/commonsense_qa", "default", "train"),
    "hellaswag": ("Rowan/hellaswag", "default", "train"),
    "udpos": ("google/xtreme", "udpos.English", "train"),
    "tatoeba": ("google/xtreme", "tatoeba.deu", "validation"),
}
NAMES: dict[str, dict[str, list]] = {
    "mnli": {"label": ["a", "b", "c"]},
    "udpos": {"pos_tags": TAGS},
}


def read(place: Path, name: str, rows: list[dict]) -> encoded.Encoded | encoded.Sides:
    """`rows` as a dataset of the task `name` on disk, read as for a training."""
    repo, config, split = PLACE[name]
    write(place, repo, config, split, rows, **NAMES.get(name, {}))
    task, code = (tasks.TARGET | tasks.INTERMEDIATE)[name], "de" if name == "tatoeba" else "en"
    if name == "tatoeba":
        assert task.dev
        return encoded.sides(task, task.dev, str(place), code, tokenizer(), 48)
    assert task.train
    return encoded.read(task, task.train, str(place), code, None, tokenizer(), 48)


@pytest.mark.parametrize("name", KINDS)
def test_rows_with_hostile_texts(place: Path, name: str, tried: Counter[str]) -> None:
    """Each row is read, fits the window, and gets a prediction that its metric can be taken of."""
    given = [KINDS[name](text) for text in [*TEXTS, *TEXTS[:3]]]  # the last ones are there twice
    tried["rows"] += len(given)
    told = read(place / "hub", name, given)
    if isinstance(told, encoded.Sides):
        assert [len(side) for side in told.features] == [len(given)] * 2
        assert all(0 < len(f["ids"]) <= 48 for side in told.features for f in side)
        return
    task = (tasks.TARGET | tasks.INTERMEDIATE)[name]
    assert told.dropped["read"] == len(given) and len(told.rows) == len(given)
    assert {f["row"] for f in told.features} == set(range(len(given)))
    assert all(0 < len(f["ids"]) <= 48 for f in told.features)
    outputs = {"mnli": 3, "udpos": 3}.get(name, 2)
    model = Model(
        new_model(len(tokenizer()), 16, 1, 2, 16, 64, 0.0, 1), {name: (task.kind, outputs)}, 1
    )
    few = [f for f in told.features if f["row"] < 40]
    said = run.predictions(model.eval(), task, few, told.rows[:40], told.names, 1)
    assert len(said) == 40
    assert all(0 <= v <= 100 for v in
               run.metrics_of(task, told.rows[:40], said, told.names, "en").values())  # fmt: skip
    if task.kind == "span":
        assert all(answer in row["context"] for answer, row in zip(said, told.rows, strict=False))


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("hellaswag", {"label": "2"}, "labels from 0 to 1"),
        ("squad_v2", {"answers": {"text": ["x"], "answer_start": []}}, "as many answers and"),
        ("commonsense_qa", {"answerKey": "Z"}, "a row of CommonsenseQA"),
        ("commonsense_qa", {"choices": {"label": ["A", "B", "C"], "text": ["x"] * 3}}, "2 endings"),
        ("udpos", {"pos_tags": [0, 1]}, "as many words and tags"),
    ],
)
def test_rows_that_are_not_as_they_should_be(
    place: Path, name: str, change: dict, message: str, tried: Counter[str]
) -> None:
    tried["damaged rows"] += 1
    rows = [KINDS[name]("a b"), KINDS[name]("the cat") | change]
    with pytest.raises(XitError, match=message) as told:
        read(place / "hub", name, rows)
    clear(told.value)
    assert PLACE[name][0] in str(told.value)


@pytest.mark.parametrize("name", KINDS)
def test_rows_with_nothing_in_a_column(place: Path, name: str, tried: Counter[str]) -> None:
    """They are left out, and counted."""
    tried["damaged rows"] += 1
    rows = [KINDS[name]("a b"), KINDS[name]("the cat")]
    rows[1][next(k for k in rows[1] if k != "id")] = None
    told = read(place / "hub", name, rows)
    counts = told.counts if isinstance(told, encoded.Sides) else told.dropped
    assert counts["nothing in a column"] == 1 and counts["read"] == 2
