"""Inference: MNLI, SNLI and ANLI as the lab has them.

What a label depends on is always drawn for all labels alike: first two contents that exclude each
other, by the same rule, then the label, which decides who gets which. So neither text alone tells
anything. Premises of MNLI and SNLI are short, as a model of three layers learns from a few thousand
of them to tell deeds of different kinds apart, but hardly who did what in a longer text: that is
ANLI's part, which is hard upstream too.
"""

from xit.lab.tasks import MODIFIERS, Maker, only, with_values
from xit.lab.world import Event

ENTAILMENT, NEUTRAL, CONTRADICTION = range(3)
NO_GOLD = -1  # upstream's label of a row on which the annotators did not agree
NO_GOLD_RATE = 1 / 200
OTHER_DEED = {"mnli": 0.9, "snli": 0.8}  # share of contrasts by deed, the rest by a modifier
ROUNDS = {1: (3,), 2: (3, 4), 3: (4, 5)}  # ANLI round → how many events its premises have
Inference = tuple[list[Event], Event, int]  # premise, hypothesis, label


def mnli(maker: Maker) -> Inference:
    """One event, whose object either text may name by its kind only: an apple, or some food.

    The premise tells two of the three modifiers, the hypothesis one. Neutral: the hypothesis names
    the thing where the premise has its kind, or a modifier that the premise does not tell. Whatever
    the label, two of three hypotheses and one of three premises name the kind.
    """
    rng, label = maker.rng, maker.rng.randrange(3)
    told, untold = modifiers(maker)
    kind_said = rng.random() < 2 / 3
    if label == NEUTRAL:
        kind_told = not kind_said
    else:
        kind_told = (
            rng.random() < 1 / 3 if label == CONTRADICTION else kind_said and rng.random() < 0.5
        )
    said = untold if label == NEUTRAL and kind_said else rng.choice(told)
    one, two = versions(maker, said, OTHER_DEED["mnli"])
    premise, hypothesis = only(one, *told), only(two if label == CONTRADICTION else one, said)
    premise = by_kind(maker, premise) if kind_told else premise
    return [premise], by_kind(maker, hypothesis) if kind_said else hypothesis, label


def snli(maker: Maker) -> Inference:
    """One event with two modifiers, and the same with one or two of the three; some have no gold.

    Neutral: one of the hypothesis's modifiers is the one that the premise does not tell.
    """
    rng, label = maker.rng, maker.rng.randrange(3)
    told, untold = modifiers(maker)
    slot = rng.choice(told)
    said = [untold, slot] if label == NEUTRAL else [slot, *(s for s in told if s != slot)]
    said = said[: rng.randint(1, 2)]
    one, two = versions(maker, said[0], OTHER_DEED["snli"])
    hypothesis = only(two if label == CONTRADICTION else one, *said)
    gold = NO_GOLD if rng.random() < NO_GOLD_RATE else label
    return [only(one, *told)], hypothesis, gold


def modifiers(maker: Maker) -> tuple[list[str], str]:
    """Two modifiers for a premise to tell, and the third."""
    first, second, third = maker.rng.sample(MODIFIERS, 3)
    return [first, second], third


def versions(maker: Maker, slot: str, other_deed: float) -> list[Event]:
    """Two events with all modifiers that exclude each other, in an order that means nothing.

    A share `other_deed` differ in the deed, done to a thing of another kind: as in SNLI, texts are
    about the same agent at the same time. The others differ in the value of `slot`.
    """
    event = maker.full()
    if maker.rng.random() < other_deed:
        return maker.rng.sample([event, maker.other_deed(event)], 2)
    return [with_values(event, {slot: value}) for value in maker.two_values(event, slot)]


def by_kind(maker: Maker, event: Event) -> Event:
    """`event`, its object being named by its kind only."""
    return event._replace(patient=f"kind.{maker.world.kind_of_noun[event.patient]}")


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
