"""Cosmos QA and CommonsenseQA of the lab: one right answer, which the choices do not give away."""

from collections import Counter

from tests.lab.shortcuts import GRAMMAR, WORLD, choice_alone
from xit.lab import choices
from xit.lab.tasks import Maker


def test_cosmos_answers_follow_from_the_passage() -> None:
    maker = Maker(WORLD, "cosmos")
    like_the_other = 0
    for _ in range(1000):
        item = choices.cosmos(maker)
        (asked,) = (e for e in item.passage if e.agent == item.agent)
        (other,) = (e for e in item.passage if e.agent != item.agent)
        assert item.deeds[item.right] == (WORLD.next_verb[asked.verb], asked.patient)
        kinds = [WORLD.kind_of_verb[verb] for verb, _ in item.deeds]
        assert kinds == [WORLD.kind_of_noun[patient] for _, patient in item.deeds]
        right = kinds[item.right]
        assert sorted(Counter(kinds).values()) == [2, 2] and WORLD.kind_of_verb[other.verb] != right
        assert len({verb for verb, _ in item.deeds}) == len({p for _, p in item.deeds}) == 4
        like_the_other += WORLD.kind_of_verb[other.verb] in kinds
    assert abs(like_the_other / 1000 - 1 / 3) < 0.06  # four standard errors


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
