"""Inputs of a set length: the answer is in them, where it says, among passages of other rows."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.test_mirror import REAL, needs_mirror
from tests.toys import tokenizer
from xit.data import encode, labelled, packing
from xit.errors import XitError
from xit.learn.pretrain import train_tokenizer
from xit.tasks import INTERMEDIATE, QA

WORDS = ["the", "cat", "sat", "on", "mat", "dog", "ran", "far", "Paris", "is", "."]


def row(context: str, answer: str, number: int = 0, question: str = "who sat ?") -> dict:
    gold = {"text": [answer], "answer_start": [context.index(answer)]} if answer else {
        "text": [], "answer_start": []}  # fmt: skip
    return {"id": str(number), "question": question, "context": context, "answers": gold}


SHORT = [row("the cat sat .", "cat", 0), row("a dog ran far .", "dog", 1),
         row("Paris is in France .", "Paris", 2)]  # fmt: skip
LONG = [row("the cat sat on the mat . a dog ran far away . Paris is a city .", "dog", 0)]


def lengths(rows: list[dict]) -> list[int]:
    """Of the inputs, in tokens, special ones included."""
    features, counts = encode.span(rows, QA, tokenizer(), 200)
    assert counts["split"] == 0
    return [len(f["ids"]) for f in features]


def test_short_passages_are_packed_around_the_rows_own() -> None:
    natural = max(lengths(SHORT))
    made, counts = packing.to_length(SHORT, QA, tokenizer(), 40)
    assert counts == {"packed": 3, "cut": 0, "too long": 0, "rows made": 3}
    for old, new in zip(SHORT, made, strict=True):
        assert old["context"] in new["context"] and new["question"] == old["question"]
        assert new["answers"]["text"] == old["answers"]["text"]
        rest = new["context"].replace(old["context"], "", 1)
        assert old["context"] not in rest  # never beside itself
    assert all(natural < n <= 40 for n in lengths(made))
    assert sum(lengths(made)) > 3 * 32


def test_the_place_of_the_own_passage_is_drawn() -> None:
    made, _ = packing.to_length(SHORT, QA, tokenizer(), 40, tokens=40 * 30)
    assert len({r["answers"]["answer_start"][0] for r in made if r["id"] == "0"}) > 2


def test_long_passages_are_cut_around_the_answer() -> None:
    made, counts = packing.to_length(LONG, QA, tokenizer(), 18, tokens=18 * 12)
    assert counts["cut"] == len(made) == counts["rows made"]
    assert counts["packed"] == 0  # there is no other passage
    assert all(n <= 19 for n in lengths(made))  # a sign that now begins may be a token more
    assert all("dog" in r["context"] and r["context"] in LONG[0]["context"] for r in made)
    assert all(set(r["context"].split()) <= set(LONG[0]["context"].split()) for r in made)
    assert len({r["context"] for r in made}) > 2


def test_as_many_tokens_whatever_the_length() -> None:
    told = {}
    for length in (16, 24, 48):
        made, _ = packing.to_length(SHORT + LONG, QA, tokenizer(), length, tokens=1200)
        told[length] = len(made)
        assert 1200 <= sum(lengths(made)) + 4 * len(made) < 1200 + 2 * length + 4 * len(made)
    assert told[16] > told[24] > told[48]


def test_what_does_not_fit_is_left_out_and_counted() -> None:
    asks = row("the cat sat .", "cat", 9, question=" ".join(["where"] * 30))
    made, counts = packing.to_length([asks, *SHORT], QA, tokenizer(), 24)
    assert [r["id"] for r in made] == ["0", "1", "2"] and counts["too long"] == 1
    with pytest.raises(XitError, match="24 tokens have no room for any question and its answer"):
        packing.to_length([asks], QA, tokenizer(), 24, tokens=100)


def test_the_same_rows_give_the_same() -> None:
    one, two = (packing.to_length(SHORT, QA, tokenizer(), 30, 400) for _ in range(2))
    assert one == two


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(16, 60))
def test_answers_are_where_they_say(data: st.DataObject, length: int) -> None:
    rows = []
    for i in range(data.draw(st.integers(1, 4))):
        words = data.draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=30))
        first = data.draw(st.integers(0, len(words) - 1))
        last = data.draw(st.integers(first, min(first + 3, len(words) - 1)))
        text, start = " ".join(words), len(" ".join([*words[:first], ""])) if first else 0
        answer = " ".join(words[first : last + 1])
        told: dict = {"text": [answer], "answer_start": [start]}
        if data.draw(st.booleans()):
            told = {"text": [], "answer_start": []}  # not answerable
        rows.append({"id": str(i), "question": "who ?", "context": text, "answers": told})
    made, _ = packing.to_length(rows, QA, tokenizer(), length)
    assert max(lengths(made)) <= length + 2  # a cut may split a word's tokens otherwise
    for new in made:
        old: dict = rows[int(new["id"])]["answers"]  # type: ignore[assignment]
        assert new["answers"]["text"] == old["text"]
        for text, start in zip(old["text"], new["answers"]["answer_start"], strict=True):
            assert new["context"][start : start + len(text)] == text


@needs_mirror
@pytest.mark.parametrize("length", [64, 256])
def test_real_passages(length: int) -> None:
    task = INTERMEDIATE["squad_v2"]
    assert task.train
    rows, _ = labelled.rows(task, task.train, REAL, "en", 120)
    tok = train_tokenizer([r["context"] for r in rows], 2000)
    made, counts = packing.to_length(rows, task.inputs, tok, length)
    features, _ = encode.features("span", made, task.inputs, tok, 384)
    found = sorted(len(f["ids"]) for f in features)
    assert found[-1] <= length + 2 and found[len(found) // 2] > 0.85 * length
    assert counts["rows made"] + counts["too long"] == 120 and counts["too long"] < 12
    for new in made:
        gold = new["answers"]
        for text, start in zip(gold["text"], gold["answer_start"], strict=True):
            assert new["context"][start : start + len(text)] == text
    kept = {r["id"] for r in rows if r["answers"]["text"]} & {r["id"] for r in made}
    assert kept == {r["id"] for r in made if r["answers"]["text"]}
