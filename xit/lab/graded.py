"""One task in several levels of complexity: HellaSwag with one thing set otherwise, all else alike.

    make(maker, "steps", 2)     # what comes two steps after the first deed, not one
    make(maker, "noise", 0.2)   # one label of five is wrong

Levels and what they mean: tasks.KNOBS. As only one thing differs from the task itself, so does what
a level changes in transfer. HellaSwag, since of the lab's rules its own alone can be applied again:
what one does next, and what after that. Right and wrong endings have the same words at every level.
"""

import copy
import math
import random

from xit import tasks as table
from xit.lab import schema
from xit.lab.english import completed
from xit.lab.grammar import Grammar
from xit.lab.languages import SOURCE
from xit.lab.tasks import Completion, Maker
from xit.lab.world import Choice, World
from xit.lab.writer import Writer, fresh

ROWS = 2500  # of training, at most: what a study trains on, and some
SPLITS = (("train", "train"), ("validation", "dev"))  # split, its size


def make(maker: Maker, knob: str, level: float) -> Completion:
    """A row's content at `level` of `knob`; of "vocabulary" from a maker in a `narrowed` world."""
    item = maker.completion(
        facts=int(level) if knob == "facts" else 2, steps=int(level) if knob == "steps" else 1
    )
    if knob == "vocabulary":
        return even(maker, item)
    if knob != "noise":
        return item
    context, endings, right = item
    rng = random.Random(str(item))  # what is wrong at a low level is just as wrong at a higher one
    draw, wrong = rng.random(), rng.choice([i for i in range(len(endings)) if i != right])
    return context, endings, wrong if draw < level else right


def even(maker: Maker, item: Completion) -> Completion:
    """`item` in which either of the two verbs, and either of the two things, is as likely told.

    The task itself tells the usual of the two a little oftener; among few words that would show.
    """
    context, endings, right = item
    (verb, thing), first = endings[right], context[0]
    if maker.rng.random() < 0.5:
        verb = next(v for v, _ in endings if v != verb)
        told = next(v for v, after in maker.world.next_verb.items() if after == verb)
        first = first._replace(verb=told)
    if maker.rng.random() < 0.5:
        thing = next(t for _, t in endings if t != thing)
        first = first._replace(patient=thing)
    return [first, *context[1:]], endings, endings.index((verb, thing))


def narrowed(world: World, share: float) -> World:
    """`world` with the first `share` of the words of every class, rounded up, and the habits that
    are left among them. Verbs stay, as what follows from what is the task; numbers are no words.
    """

    def first(values: list[str]) -> list[str]:
        return values[: math.ceil(share * len(values))]

    few = copy.copy(world)
    few.nouns = {k: first(v) for k, v in world.nouns.items()}
    few.adjectives = {k: first(v) for k, v in world.adjectives.items()}
    few.people, few.surnames, few.orgs = map(first, (world.people, world.surnames, world.orgs))
    few.days, few.adverbs = first(world.days), first(world.adverbs)
    # the last ones, which no one has as surname; a teller counts on there being as many
    last = world.places[-len(first(world.places)) :]
    few.places = [last[i % len(last)] for i in range(len(world.places))]
    lists = [*few.nouns.values(), *few.adjectives.values(), few.people, few.places, few.days]
    kept = {x for one in [*lists, few.adverbs] for x in one}

    def among(choices: dict[str, Choice]) -> dict[str, Choice]:
        return {k: _among(choice, kept) for k, choice in choices.items()}

    few.agents = _among(world.agents, kept)
    few.patient_of, few.place_of = among(world.patient_of), among(world.place_of)
    few.day_of, few.adverb_of = among(world.day_of), among(world.adverb_of)
    few.adjective_of = among(world.adjective_of)
    return few


def _among(choice: Choice, kept: set[str]) -> Choice:
    """`choice` given that it is one of `kept`."""
    values = [v for v in choice.values if v in kept]
    return Choice(values, [choice.share(v) for v in values])


def graded_tasks(
    write: Writer, world: World, grammars: dict[str, Grammar], size: dict[str, int], seed: int
) -> None:
    """Every level of every knob but the task's own, a config each, in the columns of HellaSwag."""
    grammar = grammars[SOURCE]
    for knob, levels in table.KNOBS.items():
        for level in levels[1:]:
            told = narrowed(world, level) if knob == "vocabulary" else world
            seen: set[str] = set()
            for split, n in SPLITS:
                rows = fresh(
                    lambda m, name, k=knob, x=level: completed(grammar, make(m, k, x), name),  # type: ignore[misc]
                    Maker(told, f"{seed}/{split}/hellaswag"),  # the task's own key
                    split,
                    lambda r: str(r["ctx"]),
                    seen,
                    min(size[n], ROWS),
                )
                config = f"hellaswag.{knob}-{level:g}"
                write(table.GRADED, config, split, rows, schema.HELLASWAG)
