"""Social IQa, COPA and XCOPA of the lab: gold that follows from the world, and no shortcut."""

from collections import Counter

import pytest

from tests.lab.shortcuts import GRAMMAR, GRAMMARS, WORLD, choice_alone
from xit.data import clean
from xit.lab import causes
from xit.lab.tasks import Maker


@pytest.mark.parametrize("count", [2, 3])
def test_the_right_choice_is_the_cause_or_the_effect_and_no_other_is(count: int) -> None:
    maker = Maker(WORLD, f"causes{count}")
    asked, places, both = Counter[str](), Counter[int](), 0
    for _ in range(1000):
        item = causes.consequence(maker, count)
        verb = item.event.verb
        fits = {
            "effect": [i for i, c in enumerate(item.choices) if c == WORLD.next_verb[verb]],
            "cause": [i for i, c in enumerate(item.choices) if WORLD.next_verb[c] == verb],
        }
        assert fits[item.asked] == [item.right]
        assert len(set(item.choices)) == count
        kinds = {WORLD.kind_of_verb[v] for v in (*item.choices, verb)}
        assert kinds == {WORLD.kind_of_noun[item.event.patient]}
        asked[item.asked] += 1
        places[item.right] += 1
        both += bool(fits["effect"]) and bool(fits["cause"])
    assert min(asked.values()) > 500 - 4 * 16  # four standard errors
    assert min(places.values()) > 1000 / count - 4 * 16
    assert both > 200  # for so many the question decides


def test_choices_alone_stay_near_chance() -> None:
    """2,000 tried: the standard error of a half is 1.1 points."""
    maker = Maker(WORLD, "choices")
    rows = [causes.copa_row(GRAMMAR, causes.consequence(maker, 2), 0) for _ in range(8000)]
    told = [([str(r["choice1"]), str(r["choice2"])], int(str(r["label"]))) for r in rows]
    assert choice_alone(told, 6000) < 1 / 2 + 0.045
    rows = [causes.social_row(GRAMMAR, causes.consequence(maker, 3)) for _ in range(8000)]
    told = [([str(r[f"answer{x}"]) for x in "ABC"], int(str(r["label"])) - 1) for r in rows]
    assert choice_alone(told, 6000) < 1 / 3 + 0.045


def test_question_and_choices_alone_stay_near_chance() -> None:
    """The verb and the question together: which verb is the right one, whatever was done?"""
    maker = Maker(WORLD, "asked")
    rows = [causes.copa_row(GRAMMAR, causes.consequence(maker, 2), 0) for _ in range(8000)]
    told = []
    for r in rows:
        words = [
            [f"{r['question']}:{w}" for w in str(r[c]).split()] for c in ("choice1", "choice2")
        ]
        told.append(([" ".join(w) for w in words], int(str(r["label"]))))
    assert choice_alone(told, 6000) < 1 / 2 + 0.045


def test_rows_say_the_item_in_every_language() -> None:
    maker = Maker(WORLD, "rows")
    item = causes.consequence(maker, 2)
    for code in causes.CODES:
        grammar = GRAMMARS[code]
        row = causes.copa_row(grammar, item, 7)
        assert (row["idx"], row["label"], row["question"]) == (7, item.right, item.asked)
        for i, verb in enumerate(item.choices):
            assert grammar.lexicon.word(verb) in str(row[f"choice{i + 1}"])
    assert len({GRAMMARS[c].language.script for c in causes.CODES}) == 4
    assert {GRAMMARS[c].language.order for c in causes.CODES} == {"SVO", "SOV", "VSO"}


def test_the_loader_reads_them_as_upstream() -> None:
    maker = Maker(WORLD, "loader")
    item = causes.consequence(maker, 3)
    row = causes.social_row(GRAMMAR, item)
    read = clean.RESHAPE["social_iqa"](row)
    assert read["label"] == item.right and len(read["endings"]) == 3
    assert read["context"] == f"{row['context']} {row['question']}"
    pair = causes.copa_row(GRAMMAR, causes.consequence(maker, 2), 0)
    read = clean.RESHAPE["xcopa"](pair)
    assert read["context"] == f"{pair['premise']} What was the {pair['question']}?"
    assert read["endings"] == [pair["choice1"], pair["choice2"]]
