"""Graded tasks of the lab: one thing differs, labels follow by the rule, and no shortcut."""

from collections import Counter
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from tests.lab.shortcuts import GRAMMAR, GRAMMARS, WORLD, choice_alone
from xit import tasks
from xit.lab import graded
from xit.lab.tasks import Completion, Maker, hellaswag_row
from xit.lab.world import World
from xit.lab.writer import Writer

LEVELS = [(k, x) for k, levels in tasks.KNOBS.items() for x in levels[1:]]
IDS = [f"{k}-{x:g}" for k, x in LEVELS]


def made(knob: str, level: float, count: int, key: str = "key") -> list[Completion]:
    world = graded.narrowed(WORLD, level) if knob == "vocabulary" else WORLD
    maker = Maker(world, key)
    return [graded.make(maker, knob, level) for _ in range(count)]


@pytest.mark.parametrize("knob", ["facts", "steps", "noise"])
def test_the_tasks_own_level_is_the_task(knob: str) -> None:
    plain = Maker(WORLD, "key")
    assert made(knob, tasks.KNOBS[knob][0], 60) == [plain.completion() for _ in range(60)]


@pytest.mark.parametrize(("knob", "level"), LEVELS, ids=IDS)
def test_labels_follow_by_the_rule_and_nothing_else_is_changed(knob: str, level: float) -> None:
    facts, steps = (int(level) if knob == k else d for k, d in (("facts", 2), ("steps", 1)))
    labels, wrong = Counter[int](), 0
    for context, endings, label in made(knob, level, 1500):
        first, *others = context
        assert len(context) == facts and {e.agent for e in context} == {first.agent}
        kind = WORLD.kind_of_verb[first.verb]
        assert all(WORLD.kind_of_verb[e.verb] != kind for e in others)
        verb = first.verb
        for _ in range(steps):
            verb = WORLD.next_verb[verb]
        right = endings.index((verb, first.patient))
        assert len(set(endings)) == 4
        assert [Counter(x).most_common() for x in zip(*endings, strict=True)] == [
            [(endings[0][i], 2), (next(e[i] for e in endings if e[i] != endings[0][i]), 2)]
            for i in (0, 1)
        ]  # two verbs and two things, each in two endings
        wrong += label != right
        labels[label] += 1
    assert min(labels[i] for i in range(4)) > 375 - 4 * 17  # 17: standard error of 1,500 / 4
    expected = level if knob == "noise" else 0
    assert abs(wrong / 1500 - expected) <= 4 * (expected * (1 - expected) / 1500) ** 0.5


def test_labels_wrong_at_a_low_level_are_wrong_in_the_same_way_at_a_higher() -> None:
    right, low, high = (made("noise", x, 300) for x in (0, 0.1, 0.2))
    changed = [(b[2], c[2]) for a, b, c in zip(right, low, high, strict=True) if a[2] != b[2]]
    assert len(changed) > 15 and all(b == c for b, c in changed)
    assert [x[:2] for x in right] == [x[:2] for x in high]


@pytest.mark.parametrize(("knob", "level"), LEVELS, ids=IDS)
def test_endings_alone_stay_near_chance(knob: str, level: float) -> None:
    """As near as those of the task itself; 0.05: three standard errors of a difference."""
    assert endings_alone(knob, level) < endings_alone("facts", 2) + 0.05


@cache
def endings_alone(knob: str, level: float) -> float:
    rows = []
    for i, item in enumerate(made(knob, level, 6000)):
        row = hellaswag_row(GRAMMAR, item, i, "train")
        rows.append((list(row["endings"]), int(str(row["label"]))))  # type: ignore[call-overload]
    return choice_alone(rows, 4500)


def test_a_narrowed_world_has_a_share_of_the_words_and_their_habits() -> None:
    few = graded.narrowed(WORLD, 0.25)
    assert {k: len(v) for k, v in few.nouns.items()} == {
        "animal": 3, "food": 3, "tool": 3, "cloth": 3,  # of 12, 12, 12 and 10, rounded up
    }  # fmt: skip
    assert (len(few.people), len(few.surnames), len(set(few.places))) == (10, 4, 6)
    assert few.verbs == WORLD.verbs and few.next_verb == WORLD.next_verb
    assert len(few.places) == len(WORLD.places)
    habits = few.patient_of["verb.0"]
    before = WORLD.patient_of["verb.0"]
    assert sum(habits.shares.values()) == pytest.approx(1)
    one, two = habits.values[:2]
    ratio = before.share(one) / before.share(two)
    assert habits.share(one) / habits.share(two) == pytest.approx(ratio)
    known = {w for e in made("vocabulary", 0.25, 500) for event in e[0] for w in event if w}
    allowed = {c for c in known if c.split("+")[0].split(".")[0] not in ("verb",)}
    words = {p for c in allowed for p in c.split("+") if "." in p}
    lists = [few.people, few.surnames, few.places, few.orgs, few.days, few.adverbs]
    lists += [*few.nouns.values(), *few.adjectives.values()]
    assert words <= {w for one in lists for w in one}
    assert len(WORLD.places) == len(set(WORLD.places)) == 24  # the world itself is as it was


def test_every_level_is_written_in_the_columns_of_the_task(tmp_path: Path) -> None:
    size = {"train": 30, "dev": 12}
    graded.graded_tasks(Writer(tmp_path), World(0), GRAMMARS, size, 0)
    for knob, level in LEVELS:
        row = tasks.graded(tasks.intermediate("hellaswag"), f"{knob}-{level:g}")
        assert row.train and row.dev and row.train.repo == tasks.GRADED
        texts: set[str] = set()
        for split, n in ((row.train, 30), (row.dev, 12)):
            place = tmp_path / split.repo / split.config
            frame = pd.read_parquet(place / f"{split.split}-00000-of-00001.parquet")
            assert len(frame) == n and set(row.columns) <= set(frame)
            assert not texts & set(frame["ctx"])
            texts |= set(frame["ctx"])
        assert len(texts) == 42
