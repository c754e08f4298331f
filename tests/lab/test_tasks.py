"""The lab's tasks: gold labels that follow from the text, and no shortcut."""

from collections import Counter

import pytest

from tests.lab.shortcuts import GRAMMARS, WORLD, choice_alone
from xit.lab import tasks
from xit.lab.grammar import text
from xit.lab.languages import LANGUAGES, SOURCE
from xit.lab.tasks import Maker


def test_ending_alone_stays_near_chance() -> None:
    maker = Maker(WORLD, "endings")
    rows = [
        tasks.hellaswag_row(GRAMMARS[SOURCE], maker.completion(), i, "train") for i in range(3000)
    ]
    told = [([str(e) for e in r["endings"]], int(str(r["label"]))) for r in rows]  # type: ignore[attr-defined]
    assert choice_alone(told, 2250) < 0.25 + 0.06


def test_question_alone_stays_near_chance() -> None:
    """Guessing the commonest answer to the same question word is hardly ever right."""
    maker = Maker(WORLD, "questions")
    rows = [tasks.squad_row(GRAMMARS[SOURCE], maker.reading(), str(i)) for i in range(4000)]
    answers: dict[str, Counter[str]] = {}
    for row in rows[:3000]:
        for word in str(row["question"]).split():
            answers.setdefault(word, Counter())[row["answers"]["text"][0]] += 1  # type: ignore[index]
    right = 0
    for row in rows[3000:]:
        votes: Counter[str] = Counter()
        for word in str(row["question"]).split():
            told = answers.get(word, Counter())
            votes.update({a: n / (1 + told.total()) for a, n in told.items()})
        right += votes.most_common(1)[0][0] == row["answers"]["text"][0]  # type: ignore[index]
    assert right / 1000 < 0.15


@pytest.mark.parametrize("code", list(LANGUAGES))
def test_answers_stand_at_their_offset_in_every_language(code: str) -> None:
    maker = Maker(WORLD, f"offsets/{code}")
    for i in range(200):
        row = tasks.squad_row(GRAMMARS[code], maker.reading(), str(i))
        context, answers = str(row["context"]), row["answers"]
        start, answer = answers["answer_start"][0], answers["text"][0]  # type: ignore[index]
        assert context[start : start + len(answer)] == answer


def test_conclusions_of_stories_follow_from_the_events() -> None:
    maker = Maker(WORLD, "labels")
    slots = ("place", "time", "adjective")
    for _ in range(300):
        premise, hypothesis, label = maker.inference()
        twin = next(e for e in premise if (e.agent, e.verb, e.patient) == hypothesis[:3])
        asked = next(s for s in slots if getattr(hypothesis, s) is not None)
        told, said = getattr(twin, asked), getattr(hypothesis, asked)
        assert label == (0 if told == said else 1 if told is None else 2)
    labels = Counter(Maker(WORLD, f"b{i}").inference()[2] for i in range(600))
    assert min(labels.values()) > 150


@pytest.mark.parametrize(
    ("code", "expected"),
    [("qaa", "SVO"), ("qag", "SOV"), ("qak", "VSO")],
)
def test_word_order(code: str, expected: str) -> None:
    maker = Maker(WORLD, "order")
    event = maker.sentence()._replace(det=None, adjective=None, place=None, time=None, adverb=None)
    event = event._replace(agent="per.0")
    words = GRAMMARS[code].statement(event)
    order = "".join({"PROPN": "S", "VERB": "V", "NOUN": "O"}.get(w.upos, "") for w in words)
    assert order == expected


def test_written_text_joins_words_and_attaches_punctuation() -> None:
    event = Maker(WORLD, "x").sentence()
    words = GRAMMARS[SOURCE].statement(event)
    assert text(words) == " ".join(w.form for w in words[:-1]) + "."


def test_tagged_sentences_use_each_entity_type_and_some_ambiguous_words() -> None:
    maker = Maker(WORLD, "tags")
    words = [w for _ in range(1500) for w in tasks.tagged(GRAMMARS[SOURCE], maker)]
    assert {w.ner for w in words} == set("O B-PER I-PER B-ORG I-ORG B-LOC".split())
    ner: dict[str, set[str]] = {}
    for w in words:
        ner.setdefault(w.form, set()).add(w.ner)
    assert sum(len(v) > 1 for v in ner.values()) > 10  # surnames are place names


def test_the_same_key_makes_the_same_rows() -> None:
    def some(key: str) -> list[str]:
        maker = Maker(WORLD, key)
        return [tasks.story(GRAMMARS["qal"], maker) for _ in range(20)]

    assert some("k") == some("k") != some("l")
