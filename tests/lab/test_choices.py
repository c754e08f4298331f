"""Cosmos QA and CommonsenseQA of the lab: one right answer, which the choices do not give away."""

from collections import Counter

from tests.lab.shortcuts import GRAMMAR, WORLD, choice_alone
from xit.lab import choices
from xit.lab.choices import Question
from xit.lab.tasks import Maker


def solve(item: Question) -> str:
    """The answer found by reading: told in so many words, or what one goes on with."""
    said = [s for s in ("agent", "verb", "patient") if s != item.slot]
    for e in item.passage:
        if all(getattr(e, s) == getattr(item.asked, s) for s in said):
            return str(getattr(e, item.slot))
    (first,) = (
        e
        for e in item.passage
        if e.agent == item.asked.agent and WORLD.next_verb[e.verb] == item.asked.verb
    )
    return first.patient


def test_cosmos_answers_follow_from_the_passage_and_three_are_mentioned() -> None:
    maker = Maker(WORLD, "cosmos")
    kinds = Counter[bool]()
    for _ in range(1000):
        item = choices.cosmos(maker)
        values = [str(getattr(e, item.slot)) for e in item.answers]
        assert values[item.right] == solve(item) and len(set(values)) == 4
        told = [getattr(e, item.slot) for e in item.passage]
        assert sum(v in told for v in values) == 3
        if item.slot in ("place", "time"):
            assert set(values) <= set(WORLD.alternatives(item.slot, values[0]))
        if item.slot == "patient":
            assert len({WORLD.kind_of_noun[v] for v in values}) == 1
        kinds[item.asked in item.passage] += 1
    assert min(kinds.values()) > 500 - 4 * 16  # half told, half inferred


def test_cosmos_answers_alone_stay_near_chance() -> None:
    """1,500 tried: the standard error of a quarter is 1.1 points."""
    maker = Maker(WORLD, "answers")
    rows = [choices.cosmos_row(GRAMMAR, choices.cosmos(maker), "x") for _ in range(6000)]
    told = [([str(r[f"answer{i}"]) for i in range(4)], int(str(r["label"]))) for r in rows]
    assert choice_alone(told, 4500) < 1 / 4 + 0.04
    places = Counter(label for _, label in told)
    assert min(places[i] for i in range(4)) > 1500 - 4 * 34  # 34: standard error of a quarter


def test_commonsense_has_one_right_choice_and_the_others_are_unusual() -> None:
    maker = Maker(WORLD, "commonsense")
    seen = Counter[str]()
    for _ in range(600):
        facts = choices.commonsense(maker).facts
        relation, about, answer = facts[0]
        seen[relation] += 1
        assert len({f.answer for f in facts}) == 5
        if relation == "next":
            assert WORLD.next_verb[about] == answer
        else:
            habits = (WORLD.patient_of if relation == "object" else WORLD.adjective_of)[about]
            rest = max(habits.share(f.answer) for f in facts[1:])
            assert habits.share(answer) > 3 * rest
    assert min(seen[r] for r in ("next", "object", "like")) > 200 - 4 * 12


def test_commonsense_choices_alone_stay_near_chance() -> None:
    """1,500 tried: the standard error of a fifth is one point."""
    maker = Maker(WORLD, "choices")
    rows = [choices.commonsense_row(GRAMMAR, choices.commonsense(maker), "x") for _ in range(6000)]
    told = []
    for row in rows:
        chosen = row["choices"]["text"]  # type: ignore[index]
        told.append((chosen, choices.LETTERS.index(str(row["answerKey"]))))
    assert choice_alone(told, 4500) < 1 / 5 + 0.04
    assert min(Counter(label for _, label in told).values()) > 1200 - 4 * 31


def test_a_commonsense_row_asks_about_its_concept_without_naming_the_answer() -> None:
    maker = Maker(WORLD, "rows")
    for _ in range(300):
        row = choices.commonsense_row(GRAMMAR, choices.commonsense(maker), "x")
        question = str(row["question"]).replace("?", "").replace(".", "").split()
        assert str(row["question_concept"]) in question
        chosen: list[str] = row["choices"]["text"]  # type: ignore[index]
        right = chosen[choices.LETTERS.index(str(row["answerKey"]))]
        # a verb may be spelt like the noun that it is done to
        homographs = {GRAMMAR.lexicon.word(v) for v in WORLD.kind_of_verb}
        assert right not in question or right in homographs
