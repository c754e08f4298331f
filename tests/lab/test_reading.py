"""SQuAD v2.0, MLQA and TyDiQA of the lab: answers where they say, and none where there is none."""

from collections.abc import Callable

import pytest

from tests.lab.shortcuts import GRAMMAR, GRAMMARS, WORLD, bag_of_words
from xit.lab import reading
from xit.lab.languages import LANGUAGES
from xit.lab.reading import Reading
from xit.lab.tasks import Maker
from xit.lab.world import Event


def half_answered(maker: Maker) -> Reading:
    return reading.perhaps_answered(maker, 0.5)


def tellers(item: Reading) -> list[int]:
    """The events of the passage that answer the question: all it says is theirs, as is the answer.

    Determiners and adverbs do not tell one event from another, and the adjective goes with the
    object when that is asked for.
    """
    said = [s for s in Event._fields[:6] if s != item.slot and getattr(item.asked, s)]
    if item.slot == "patient" and "adjective" in said:
        said.remove("adjective")
    return [
        i
        for i, e in enumerate(item.passage)
        if getattr(e, item.slot) and all(getattr(e, s) == getattr(item.asked, s) for s in said)
    ]


@pytest.mark.parametrize(
    "make", [half_answered, reading.longer_reading, reading.native_reading], ids=str
)
def test_the_answer_is_told_once_or_not_at_all(make: Callable[[Maker], Reading]) -> None:
    maker = Maker(WORLD, "told")
    for _ in range(1000):
        item = make(maker)
        assert tellers(item) == ([] if item.told_in is None else [item.told_in])


@pytest.mark.parametrize("code", list(LANGUAGES))
def test_answers_stand_at_their_offset_in_the_sentence_that_tells_them(code: str) -> None:
    maker = Maker(WORLD, f"offsets/{code}")
    for _ in range(150):
        item = reading.native_reading(maker)
        row = reading.row(GRAMMARS[code], item, "x")
        context, answers = str(row["context"]), row["answers"]
        start, answer = answers["answer_start"][0], answers["text"][0]  # type: ignore[index]
        assert context[start : start + len(answer)] == answer
        assert context[:start].count(". ") == item.told_in


@pytest.mark.parametrize("share", [1 / 2, 2 / 3])
def test_so_many_questions_have_an_answer(share: float) -> None:
    maker = Maker(WORLD, f"share {share}")
    made = [reading.perhaps_answered(maker, share) for _ in range(2000)]
    assert abs(sum(r.told_in is not None for r in made) / 2000 - share) < 0.045  # 4 standard errors
    row = reading.row(GRAMMAR, next(r for r in made if r.told_in is None), "x")
    assert row["answers"] == {"text": [], "answer_start": []}


def test_neither_question_nor_passage_nor_shared_words_tell_whether_there_is_an_answer() -> None:
    """1,500 questions tried, half with answer: 4 points above chance are three standard errors."""
    maker = Maker(WORLD, "answerable")
    items = [half_answered(maker) for _ in range(6000)]
    labels = [int(r.told_in is not None) for r in items]
    rows = [reading.row(GRAMMAR, r, "x") for r in items]
    questions, contexts = ([str(r[k]) for r in rows] for k in ("question", "context"))
    shared = []
    for question, context in zip(questions, contexts, strict=True):
        words = set(context.replace(".", "").split())
        shared.append(f"shared{sum(w in words for w in question[:-1].split())}")
    lengths = [f"length{len(c.split())}" for c in contexts]
    for texts in (questions, contexts, lengths, shared):
        assert bag_of_words(texts, labels, 4500) < 1 / 2 + 0.04


def test_questions_for_what_is_nowhere_told_are_worded_as_the_others() -> None:
    maker = Maker(WORLD, "nowhere")
    for answerable in (True, False) * 200:
        item = reading.nowhere_told(maker, answerable)
        assert item.asked.place is None and item.asked.time is None
        told = [any(getattr(e, s) for e in item.passage) for s in ("place", "time")]
        assert sum(told) == 1
        assert told[("place", "time").index(item.slot)] == answerable
        assert tellers(item) == ([item.told_in] if answerable else [])


def test_question_alone_hardly_gives_the_answer() -> None:
    """The commonest answer to a question's first word; 40 people, 24 places, 38 days, 46 things."""
    maker = Maker(WORLD, "question")
    rows = [reading.row(GRAMMAR, reading.longer_reading(maker), "x") for _ in range(2000)]
    asked = [(str(r["question"]).split()[0], r["answers"]["text"][0]) for r in rows]  # type: ignore[index]
    common = {w: max(a := [y for x, y in asked[:1500] if x == w], key=a.count) for w, _ in asked}
    assert sum(common[w] == answer for w, answer in asked[1500:]) / 500 < 0.15


def test_native_questions_are_worded_otherwise_than_the_passage() -> None:
    maker = Maker(WORLD, "native")
    same = 0
    for _ in range(500):
        item = reading.native_reading(maker)
        assert item.told_in is not None
        question = GRAMMAR.question(item.asked, item.slot, item.time_first)
        same += question == GRAMMAR.question(item.passage[item.told_in], item.slot)
    assert same / 500 < 0.3
    lengths = {len(reading.longer_reading(maker).passage) for _ in range(20)}
    assert lengths == {5}
