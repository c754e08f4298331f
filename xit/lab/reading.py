"""Questions about passages: SQuAD v2.0, MLQA and TyDiQA as the lab has them."""

from collections.abc import Callable
from typing import NamedTuple

from xit.lab.grammar import Grammar, text
from xit.lab.tasks import SLOTS, Maker, Row, reading_row, with_values
from xit.lab.world import Event
from xit.lab.writer import fresh

# share of SQuAD v2.0's questions that `nowhere_told` makes: those a model of three layers can learn
NOWHERE_TOLD = 0.6


class Reading(NamedTuple):
    """A question for `slot` of `asked` and a passage, one event of which tells it, or none."""

    passage: list[Event]
    asked: Event
    slot: str
    told_in: int | None  # which event of the passage has the answer
    time_first: bool = False


def perhaps_answered(maker: Maker, share: float) -> Reading:
    """A passage of three events and a question which it answers (a `share` of them) or nearly."""
    answerable = maker.rng.random() < share
    make = nowhere_told if maker.rng.random() < NOWHERE_TOLD else nearly_told
    return make(maker, answerable)


def nowhere_told(maker: Maker, answerable: bool) -> Reading:
    """The passage tells of no event where it was, or of none when, and of some the other.

    The question asks for what is told or for what is not: neither passage nor question tells which.
    """
    rng = maker.rng
    absent, present = rng.sample(("place", "time"), 2)
    passage, index = maker.passage(3), rng.randrange(3)
    for i, event in enumerate(passage):
        told = maker.value(event, present) if i == index or rng.random() < 0.5 else None
        passage[i] = with_values(event, {absent: None, present: told})
    asked = with_values(passage[index], {present: None})
    return Reading(passage, asked, *((present, index) if answerable else (absent, None)))


def nearly_told(maker: Maker, answerable: bool) -> Reading:
    """Unanswerable questions have only words of the passage, which has an answer to another.

    Either the event is told without the place or time asked for, which another event has; or the
    question has agent, verb or object of another event. Which event is silent, or which of two
    events has which of the two agents in the passage and in the question, is drawn alike for
    answerable questions: neither the question nor the passage alone tells whether there is an
    answer.
    """
    rng, slot = maker.rng, maker.rng.choice(SLOTS)
    silent = slot in ("place", "time") and rng.random() < 0.5
    index, other = rng.sample(range(3), 2)
    passage = twins(maker, index, other)
    if slot in ("place", "time"):
        for i in (index, other):
            passage[i] = with_values(passage[i], {slot: maker.value(passage[i], slot)})
    if silent:
        asked = passage[index]
        without = other if answerable else index
        passage[without] = with_values(passage[without], {slot: None})
    else:
        swapped = rng.choice([s for s in ("agent", "verb", "patient") if s != slot])
        versions = [passage, exchanged(passage, index, other, swapped)]
        rng.shuffle(versions)
        passage = versions[0]
        asked = versions[not answerable][index]
    return Reading(passage, asked, slot, index if answerable else None)


def twins(maker: Maker, index: int, other: int) -> list[Event]:
    """A passage of three events: `index` and `other` do different things to the same kind.

    The third event has none of their combinations of verb and object.
    """
    world, another = maker.world, maker.teller.another
    while True:
        passage = maker.passage(3)
        first = passage[index]
        kind = world.kind_of_verb[first.verb]
        second = passage[other]._replace(
            verb=another(world.verbs[kind], first.verb),
            patient=another(world.nouns[kind], first.patient),
        )
        third = passage[3 - index - other]
        if third.verb not in (first.verb, second.verb):
            passage[other] = second
            return passage


def exchanged(passage: list[Event], one: int, two: int, slot: str) -> list[Event]:
    """`passage` with the values of `slot` of two events in each other's place."""
    changed = list(passage)
    changed[one] = with_values(passage[one], {slot: getattr(passage[two], slot)})
    changed[two] = with_values(passage[two], {slot: getattr(passage[one], slot)})
    return changed


def row(grammar: Grammar, item: Reading, name: str) -> Row:
    """A row of SQuAD v2.0, MLQA and TyDiQA."""
    question = text(grammar.question(item.asked, item.slot, item.time_first))
    return reading_row(grammar, item.passage, item.told_in, item.slot, question, name)


def longer_reading(maker: Maker) -> Reading:
    """A passage of five events and a question in the passage's own words, as MLQA's."""
    passage, index, slot = maker.reading(5)
    return Reading(passage, passage[index], slot, index)


def native_reading(maker: Maker) -> Reading:
    """A passage of three or four events and a question by someone who has not seen it.

    The question names agent, verb and object as far as they are not asked for, and else says what
    its author happens to know, in an own wording: modifiers are left out and told in another order.
    """
    rng = maker.rng
    passage, index, slot = maker.reading(rng.choice((3, 3, 4)))
    event = passage[index]
    unsaid = [s for s in ("place", "time", "adjective", "adverb") if rng.random() < 0.6]
    det = rng.choice(("some", "every", "this", None, None))
    asked = with_values(event, dict.fromkeys(unsaid))._replace(det=det)
    return Reading(passage, asked, slot, index, rng.random() < 0.5)


def rows(
    grammar: Grammar,
    maker: Maker,
    name: str,
    make: Callable[[Maker], Reading],
    seen: set[str],
    count: int,
) -> list[Row]:
    """`count` rows from `make`, with ids that start with `name` and passages not in `seen`."""
    return fresh(
        lambda m, n: row(grammar, make(m), n),
        maker,
        name,
        lambda r: str(r["context"]),
        seen,
        count,
    )
