"""Multiple choice: Cosmos QA (with a passage) and CommonsenseQA (without) as the lab has them."""

from typing import NamedTuple

from xit.lab.grammar import Grammar, Word, text
from xit.lab.tasks import SLOTS, Maker, Row, only
from xit.lab.world import Choice, Event

LETTERS = "ABCDE"
HABITUAL = 0.15  # least probability of what counts as a habit of somebody or something
UNUSUAL = 0.04  # largest probability of what counts as none


class Question(NamedTuple):
    """A question for `slot` of `asked`, answered by that slot of one of the `answers`."""

    passage: list[Event]
    asked: Event
    slot: str
    answers: list[Event]
    right: int


def cosmos(maker: Maker) -> Question:
    """A passage of three events, a question and four answers, three of which the passage mentions.

    Half the questions ask for what is told. The others ask to what somebody did what the passage
    does not tell: the thing with which one goes on like that (`world.next_verb`).
    """
    return inferred(maker) if maker.rng.random() < 0.5 else told(maker)


def told(maker: Maker) -> Question:
    """A question for something that all three events tell, with values that are of one sort."""
    rng, slot = maker.rng, maker.rng.choice(SLOTS)
    passage = maker.passage(3)
    if slot == "patient":
        kind = rng.choice(list(maker.world.nouns))
        values = rng.sample(maker.world.nouns[kind], 4)
        passage = [
            e._replace(verb=rng.choice(maker.world.verbs[kind]), adjective=None) for e in passage
        ]
    elif slot == "agent":
        values = []
        while len(values) < 4:
            agent = maker.teller.agent()
            values += [agent] if agent not in values else []
    else:
        values = rng.sample(maker.world.alternatives(slot, maker.value(passage[0], slot)), 4)
    passage = [e._replace(**{slot: v}) for e, v in zip(passage, values, strict=False)]
    right = rng.randrange(3)
    asked = passage[right]
    fourth = asked._replace(**{slot: values[3]})
    return shuffled(maker, passage, asked, slot, [*passage, fourth], right)


def inferred(maker: Maker) -> Question:
    """A question for the thing that somebody goes on with, among four things of one kind.

    The same agent does something to two of them; only what each verb leads to tells which is meant.
    """
    rng, world = maker.rng, maker.world
    kind = rng.choice(list(world.nouns))
    verbs = world.verbs[kind]
    things = rng.sample(world.nouns[kind], 4)
    first = rng.choice(verbs)
    going_on = world.next_verb[first]
    second = rng.choice([v for v in verbs if v not in (first, going_on)])
    third = rng.choice([v for v in verbs if v != going_on])
    some = maker.teller.agent()
    agents = [some, some, maker.teller.agent()]
    while agents[2] == some:
        agents[2] = maker.teller.agent()
    passage = [
        Event(a, v, t, place=maker.teller.place(a) if rng.random() < 0.4 else None)
        for a, v, t in zip(agents, (first, second, third), things, strict=False)
    ]
    asked = Event(some, going_on, things[0])
    answers = [*passage, Event(some, going_on, things[3])]
    return shuffled(maker, passage, asked, "patient", answers, 0)


def shuffled(
    maker: Maker, passage: list[Event], asked: Event, slot: str, answers: list[Event], right: int
) -> Question:
    """The question with passage and answers each in an order that means nothing."""
    order = maker.rng.sample(range(len(answers)), len(answers))
    passage = maker.rng.sample(passage, len(passage))
    return Question(passage, asked, slot, [answers[i] for i in order], order.index(right))


def cosmos_row(grammar: Grammar, item: Question, name: str) -> Row:
    """A row of Cosmos QA."""
    answers = {
        f"answer{i}": text(grammar.answer(e, item.slot)) + "." for i, e in enumerate(item.answers)
    }
    return {
        "id": name,
        "context": " ".join(text(grammar.statement(e)) for e in item.passage),
        "question": text(grammar.question(item.asked, item.slot)),
        **answers,
        "label": item.right,
    }


# -- what everybody knows ------------------------------------------------------------------------


class Fact(NamedTuple):
    """What everybody knows: `relation` ("next", "object" or "like"), of what, and what it is."""

    relation: str
    about: str
    answer: str


class Commonsense(NamedTuple):
    """A question about the first of five facts, whose answers are the choices."""

    facts: list[Fact]
    agent: str
    patient: str
    right: int


def commonsense(maker: Maker) -> Commonsense:
    """Five facts of one relation, no answer of which would do for the first fact but its own.

    next: what one does next to a thing; object: what something is usually done to; like: what
    something is usually like. As the five are drawn alike and each excludes the others, the choices
    alone do not tell which is asked about. There are only some 150 facts: the splits share them,
    in other company, as a small world has no more to know.
    """
    rng, world = maker.rng, maker.world
    relation = rng.choice(("next", "object", "like"))
    if relation == "next":
        verbs = world.verbs[rng.choice(list(world.verbs))]
        facts = [Fact(relation, v, world.next_verb[v]) for v in rng.sample(verbs, 5)]
    else:
        facts = exclusive(maker, relation)
    agent, first = maker.teller.agent(), facts[0]
    patient = maker.teller.patient(first.about) if relation == "next" else first.answer
    right = rng.randrange(5)
    return Commonsense(facts, agent, patient, right)


def exclusive(maker: Maker, relation: str) -> list[Fact]:
    """Five habits, no two of which could be exchanged."""
    habits = maker.world.patient_of if relation == "object" else maker.world.adjective_of
    candidates = [
        Fact(relation, about, answer)
        for about, choice in habits.items()
        for answer, share in choice.shares.items()
        if share >= HABITUAL
    ]
    facts: list[Fact] = []
    while len(facts) < 5:  # those so far may leave nothing that goes with them: then anew
        facts = []
        for fact in maker.rng.sample(candidates, 25):
            if len(facts) < 5 and all(apart(habits, fact, f) for f in facts):
                facts.append(fact)
    return maker.rng.sample(facts, 5)  # the first was drawn without regard to the others


def apart(habits: dict[str, Choice], one: Fact, two: Fact) -> bool:
    """Whether each answer would be unusual for what the other is about."""
    return (
        habits[one.about].share(two.answer) < UNUSUAL
        and habits[two.about].share(one.answer) < UNUSUAL
    )


def commonsense_row(grammar: Grammar, item: Commonsense, name: str) -> Row:
    """A row of CommonsenseQA."""
    choices = item.facts[1:]
    choices.insert(item.right, item.facts[0])
    concept = item.facts[0].about
    return {
        "id": name,
        "question": asked(grammar, item),
        "question_concept": grammar.lexicon.word(concept),
        "choices": {
            "label": list(LETTERS),
            "text": [grammar.lexicon.word(f.answer) for f in choices],
        },
        "answerKey": LETTERS[item.right],
    }


def asked(grammar: Grammar, item: Commonsense) -> str:
    """Somebody does this; what then? What does somebody do this to? What is this like?"""
    relation, about, _ = item.facts[0]
    end = Word("?", "PUNCT", "O", ".")
    what = grammar.asking("patient")
    if relation == "like":
        said = grammar.copula(about, item.facts[0].answer)
        return text([what, *(w for w in said[:-1] if w.upos != "ADJ"), end])
    event = only(Event(item.agent, about, item.patient))
    if relation == "object":
        return text(grammar.question(event, "patient"))
    return text(grammar.statement(event)) + " " + text([what, *grammar.agent(item.agent), end])
