"""Pairs of questions or tellings: Quora's questions and PAWS-X as the lab has them.

What a label depends on is always drawn for all labels alike: first two contents that exclude each
other, by the same rule, then the label, which decides who gets which. So neither text alone tells
anything, and where it says so below the two texts' words taken together do not either.
"""

from typing import NamedTuple

from xit.lab.grammar import Grammar, text
from xit.lab.tasks import SLOTS, Maker, Row, only, with_values
from xit.lab.world import Event

# -- questions that ask the same -------------------------------------------------------------


class Asked(NamedTuple):
    """What a question asks for: `slot` of `event`, which has neither determiner nor adverb."""

    event: Event
    slot: str


class Wording(NamedTuple):
    """What a question may say in one way or another while it asks the same."""

    det: str
    adverb: str
    time_first: bool


def duplicate(maker: Maker) -> tuple[tuple[Asked, Wording], tuple[Asked, Wording], int]:
    """Two questions, and 1 if they ask the same, else 0.

    Duplicates differ in two or three things that are only wording (determiner, adverb, the order of
    place and time), the others in what `contrast` says and at times in wording: about as many words
    differ whatever the label.
    """
    rng = maker.rng
    one, two = contrast(maker)
    label = rng.randrange(2)
    edits = rng.choice((2, 3, 3)) if label else rng.choice((0, 0, 1))
    asked = [one, two]
    rng.shuffle(asked)
    if label:
        asked[1] = asked[0]
    dets, adverbs = ("some", "every", "this"), maker.world.adverbs
    first = second = Wording(rng.choice(dets), rng.choice(adverbs), rng.random() < 0.5)
    free = sorted(idle(asked[0]) & idle(asked[1]))
    for what in rng.sample(free, min(len(free), edits)):
        if what == "det":
            second = second._replace(det=rng.choice([d for d in dets if d != first.det]))
        elif what == "adverb":
            second = second._replace(adverb=maker.teller.another(adverbs, first.adverb))
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
    """Two questions: for something else (1 in 10), about another deed (3 in 4), or (the rest) with
    one other content word, which is what a model of three layers is slowest to notice.
    """
    rng, slot, draw = maker.rng, maker.rng.choice(SLOTS), maker.rng.random()
    event = only(maker.full(), "place", "time", rng.choice(("adjective", "place")))
    if draw < 0.1:
        return Asked(event, slot), Asked(event, maker.teller.another(list(SLOTS), slot))
    if draw < 0.85:
        return Asked(event, slot), Asked(maker.other_deed(event), slot)
    content = [s for s in (*SLOTS, "verb", "adjective") if s != slot and getattr(event, s)]
    if slot == "patient" and "adjective" in content:  # goes with the object
        content.remove("adjective")
    return Asked(event, slot), Asked(changed_in(maker, event, rng.choice(content)), slot)


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

STAYS = 0.2  # share of the pairs whose sentences stay in their order


class Told(NamedTuple):
    """An event and the order in which its place and time are told."""

    event: Event
    time_first: bool


def paraphrase(maker: Maker) -> tuple[list[Told], list[Told], int]:
    """Two tellings of two events in the very same words, and 1 if they tell the same, else 0.

    If the label is 0 the second telling exchanges the two deeds: who did which. Whatever the label
    it also tells the events in the other order or (a share STAYS) place and time of one of them.
    Bags of words are equal either way. In the former, four of five, already the order of the deeds
    tells; from fewer of them a model of three layers learns nothing in a few thousand rows.
    """
    rng = maker.rng
    one, two = maker.full(), maker.full()
    while any(getattr(one, s) == getattr(two, s) for s in (*SLOTS, "verb")):
        two = maker.full()
    stays, detailed = rng.random() < STAYS, rng.randrange(2)
    kept = [("place", "time") if stays and i == detailed else () for i in range(2)]
    plain = [only(e, *k) for e, k in zip((one, two), kept, strict=True)]
    deeds = [(e.verb, e.patient) for e in plain]
    exchanged = [
        e._replace(verb=verb, patient=patient)
        for e, (verb, patient) in zip(plain, reversed(deeds), strict=True)
    ]
    versions = [plain, exchanged]
    rng.shuffle(versions)
    label = rng.randrange(2)
    if label:
        versions[1] = versions[0]
    time_first, backwards = rng.random() < 0.5, rng.random() < 0.5
    first = [Told(e, time_first) for e in versions[0]]
    second = [Told(e, time_first != stays) for e in versions[1]]
    if stays:
        return (first[::-1], second[::-1], label) if backwards else (first, second, label)
    return (first[::-1], second, label) if backwards else (first, second[::-1], label)


def paws_row(grammar: Grammar, item: tuple[list[Told], list[Told], int]) -> Row:
    """A row of XTREME's PAWS-X, whose labels are the strings 0 and 1."""
    said = [
        " ".join(text(grammar.statement(e, time_first=t)) for e, t in telling)
        for telling in item[:2]
    ]
    return {"sentence1": said[0], "sentence2": said[1], "label": str(item[2])}
