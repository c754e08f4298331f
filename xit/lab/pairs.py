"""Pairs of texts: SNLI, ANLI, Quora's questions and PAWS-X as the lab has them.

What a label depends on is always drawn for all labels alike: first two contents that exclude each
other, by the same rule, then the label, which decides who gets which. So neither text alone tells
anything, and where it says so below the two texts' words taken together do not either.
"""

from typing import NamedTuple

from xit.lab.grammar import Grammar, text
from xit.lab.tasks import MODIFIERS, SLOTS, Maker, Row, only
from xit.lab.world import Event

ENTAILMENT, NEUTRAL, CONTRADICTION = range(3)
NO_GOLD = -1  # upstream's label of a row on which the annotators did not agree
NO_GOLD_RATE = 1 / 200
ROUNDS = {1: (3,), 2: (3, 4), 3: (4, 5)}  # ANLI round → how many events its premises have
Inference = tuple[list[Event], Event, int]  # premise, hypothesis, label


def snli(maker: Maker) -> Inference:
    """One event with two modifiers, and the same event with one.

    The premise tells two of the three modifiers whatever the label: the hypothesis names one of
    them (entailment, or contradiction by another value) or the third (neutral).
    """
    rng, event = maker.rng, maker.full()
    values = {slot: maker.two_values(event, slot) for slot in MODIFIERS}
    told = rng.sample(MODIFIERS, 2)
    label = rng.randrange(3)
    slot = next(s for s in MODIFIERS if s not in told) if label == NEUTRAL else rng.choice(told)
    premise = with_values(only(event), {s: values[s][0] for s in told})
    if label == CONTRADICTION:
        premise = with_values(premise, {slot: values[slot][1]})
    hypothesis = with_values(only(event), {slot: values[slot][0]})
    return [premise], hypothesis, NO_GOLD if rng.random() < NO_GOLD_RATE else label


def anli(maker: Maker, round_: int) -> Inference:
    """A hypothesis about one of 3 to 5 events; premises are longer and closer in later rounds.

    The hypothesis gives its event one modifier. In the premise that event (the twin) and two rivals
    share out among them the same value, another value and none, in an order that the label decides:
    the premise's words say nothing about the label, only who does what with which modifier.
    In round 2 one rival has the twin's agent; in round 3 the other has its verb and object.
    """
    rng, twin, slot = maker.rng, maker.full(), maker.rng.choice(MODIFIERS)
    same, other = maker.two_values(twin, slot)
    label = rng.randrange(3)
    shared: list[str | None] = [
        [same, other, None],
        [None, same, other],
        [other, same, None],
    ][label]
    events = [twin, *rivals(maker, twin, rng.choice(ROUNDS[round_]) - 1, round_)]
    if rng.random() < 0.5:
        shared[1:] = reversed(shared[1:])
    extra = [s for s in MODIFIERS if s != slot]
    while len(shared) < len(events):
        more = maker.value(events[len(shared)], slot)
        shared.append(more if more not in (same, other) else None)
    premise = [
        with_values(only(e, rng.choice(extra)), {slot: value})
        for e, value in zip(events, shared, strict=True)
    ]
    rng.shuffle(premise)
    return premise, with_values(only(twin), {slot: same}), label


def rivals(maker: Maker, twin: Event, count: int, closeness: int) -> list[Event]:
    """`count` other events, the first `closeness - 1` of them close to `twin` (see `anli`)."""
    made = [twin]
    for i in range(count):
        same_agent, same_deed = closeness > 1 and i == 0, closeness > 2 and i == 1
        while True:
            event = maker.full()
            if same_agent:
                event = event._replace(agent=twin.agent)
            if same_deed:
                event = twin._replace(agent=event.agent, place=event.place)
            if (same_agent or all(event.agent != e.agent for e in made)) and (
                same_deed or all(event.patient != e.patient for e in made)
            ):
                break
        made.append(event)
    return made[1:]


def with_values(event: Event, values: dict[str, str | None]) -> Event:
    """`event` with other values of some slots."""
    return event._replace(**values)  # type: ignore[arg-type]


# -- questions that ask the same -------------------------------------------------------------


class Asked(NamedTuple):
    """What a question asks for: `slot` of `event`, which has neither determiner nor adverb."""

    event: Event
    slot: str


class Wording(NamedTuple):
    """What a question may say in one way or another while it asks the same."""

    det: str
    adverb: str | None
    time_first: bool


def duplicate(maker: Maker) -> tuple[tuple[Asked, Wording], tuple[Asked, Wording], int]:
    """Two questions, and 1 if they ask the same, else 0.

    One or two things differ whatever the label: in duplicates only the wording (determiner, adverb,
    the order of place and time), in the others one content word, or what is asked for, as well.
    """
    rng = maker.rng
    one, two = contrast(maker)
    label, edits = rng.randrange(2), rng.randint(1, 2)
    asked = [one, two]
    rng.shuffle(asked)
    if label:
        asked[1] = asked[0]
    dets = ("some", "every", "this")
    adverb = rng.choice(maker.world.adverbs) if rng.random() < 0.7 else None
    first = Wording(rng.choice(dets), adverb, rng.random() < 0.5)
    free = idle(asked[0]) & idle(asked[1])
    second = first
    for what in rng.sample(sorted(free), min(len(free), edits if label else edits - 1)):
        if what == "det":
            second = second._replace(det=rng.choice([d for d in dets if d != first.det]))
        elif what == "adverb":
            others = [a for a in maker.world.adverbs if a != first.adverb]
            dropped = first.adverb is not None and rng.random() < 0.3
            second = second._replace(adverb=None if dropped else rng.choice(others))
        else:
            second = second._replace(time_first=not first.time_first)
    return (asked[0], first), (asked[1], second), label


def idle(asked: Asked) -> set[str]:
    """The parts of a `Wording` that show in a question for `asked`."""
    shown = {"adverb"}
    if asked.slot != "patient":  # the determiner goes with the object
        shown.add("det")
    if asked.slot not in ("place", "time"):
        shown.add("order")
    return shown


def contrast(maker: Maker) -> tuple[Asked, Asked]:
    """Two questions that differ in one content word or (one time in five) in what is asked for."""
    rng, slot = maker.rng, maker.rng.choice(SLOTS)
    event = only(maker.full(), "place", "time", rng.choice(("adjective", "place")))
    if rng.random() < 0.2:
        return Asked(event, slot), Asked(event, rng.choice([s for s in SLOTS if s != slot]))
    content = [s for s in (*SLOTS, "verb", "adjective") if s != slot and getattr(event, s)]
    if slot == "patient" and "adjective" in content:  # goes with the object
        content.remove("adjective")
    changed = rng.choice(content)
    if changed == "adjective" and rng.random() < 0.5:
        return Asked(event, slot), Asked(event._replace(adjective=None), slot)
    return Asked(event, slot), Asked(changed_in(maker, event, changed), slot)


def changed_in(maker: Maker, event: Event, slot: str) -> Event:
    """`event` with another value of `slot`, a verb being one of what is done to the same kind."""
    told = getattr(event, slot)
    if slot == "verb":
        verbs = maker.world.verbs[maker.world.kind_of_verb[event.verb]]
        return event._replace(verb=maker.teller.another(verbs, told))
    while (value := maker.value(event, slot)) == told:
        pass
    return with_values(event, {slot: value})


def qqp_row(
    grammar: Grammar, item: tuple[tuple[Asked, Wording], tuple[Asked, Wording], int], index: int
) -> Row:
    """A row of GLUE's QQP."""
    questions = []
    for (event, slot), (det, adverb, time_first) in item[:2]:
        event = event._replace(det=det, adverb=adverb)
        questions.append(text(grammar.question(event, slot, time_first)))
    return {
        "question1": questions[0],
        "question2": questions[1],
        "label": item[2],
        "idx": index,
    }


# -- paraphrases with the same words ---------------------------------------------------------


class Told(NamedTuple):
    """An event and the order in which its place and time are told."""

    event: Event
    time_first: bool


def paraphrase(maker: Maker) -> tuple[list[Told], list[Told], int]:
    """Two tellings of two events in the very same words, and 1 if they tell the same, else 0.

    The second telling always swaps the sentences, or place and time within a sentence; if the label
    is 0 it also swaps the two agents, places or times. Bags of words are equal either way.
    """
    rng = maker.rng
    one, two = maker.full(), maker.full()
    while any(getattr(one, s) == getattr(two, s) for s in (*SLOTS, "verb")):
        two = maker.full()
    plain = [only(e, "place", "time", rng.choice(("adjective", "place"))) for e in (one, two)]
    slot = rng.choice(("agent", "place", "time"))
    values = getattr(one, slot), getattr(two, slot)
    swapped = [with_values(e, {slot: v}) for e, v in zip(plain, reversed(values), strict=True)]
    versions = [plain, swapped]
    rng.shuffle(versions)
    label = rng.randrange(2)
    if label:
        versions[1] = versions[0]
    orders = [rng.random() < 0.5, rng.random() < 0.5]
    first = [Told(e, o) for e, o in zip(versions[0], orders, strict=True)]
    changes = rng.choice([(a, b, c) for a in (0, 1) for b in (0, 1) for c in (0, 1)][1:])
    second = [
        Told(e, o != bool(c)) for e, o, c in zip(versions[1], orders, changes[:2], strict=True)
    ]
    return first, second[::-1] if changes[2] else second, label


def paws_row(grammar: Grammar, item: tuple[list[Told], list[Told], int]) -> Row:
    """A row of XTREME's PAWS-X, whose labels are the strings 0 and 1."""
    said = [
        " ".join(text(grammar.statement(e, time_first=t)) for e, t in telling)
        for telling in item[:2]
    ]
    return {"sentence1": said[0], "sentence2": said[1], "label": str(item[2])}
