"""Multiple choice: Cosmos QA (with a passage) and CommonsenseQA (without) as the lab has them."""

from typing import NamedTuple

from xit.lab.grammar import Grammar, Word, text
from xit.lab.tasks import Maker, Row, only
from xit.lab.world import Choice, Event

LETTERS = "ABCDE"
HABITUAL = 0.15  # least probability of what counts as a habit of somebody or something
UNUSUAL = 0.04  # largest probability of what counts as none


class Question(NamedTuple):
    """What does `agent` do next, after what the passage tells? One of four (verb, object)."""

    passage: list[Event]
    agent: str
    deeds: list[tuple[str, str]]
    right: int


def cosmos(maker: Maker) -> Question:
    """A passage of two events, and what one of the two agents will do next, which it does not tell.

    Everybody goes on with the same thing, by the next verb (`world.next_verb`). Four deeds, two of
    either kind, are drawn alike; then which of them the passage tells, so that what they lead to
    does not tell by itself. Who is asked about takes reading: the other agent does something of
    another kind, at times (one in three) that of two of the answers.
    """
    rng, world, teller = maker.rng, maker.world, maker.teller
    kinds = rng.sample(list(world.nouns), 2)
    deeds = rng.sample([deed for kind in kinds for deed in two_deeds(maker, kind)], 4)
    right = rng.randrange(4)
    verb, patient = deeds[right]
    asked = teller.event(told=0.2)._replace(verb=verb, patient=patient, det=None)
    other = teller.event(told=0.2)._replace(det=None)
    while other.agent == asked.agent or world.kind_of_verb[other.verb] == world.kind_of_verb[verb]:
        other = teller.event(told=0.2)._replace(det=None)
    leads_to = [(world.next_verb[v], p) for v, p in deeds]
    return Question(rng.sample([asked, other], 2), asked.agent, leads_to, right)


def two_deeds(maker: Maker, kind: str) -> list[tuple[str, str]]:
    """Two (verb, object) of `kind` with nothing in common."""
    verbs = maker.rng.sample(maker.world.verbs[kind], 2)
    things = [maker.teller.patient(v) for v in verbs]
    while things[0] == things[1]:
        things = [maker.teller.patient(v) for v in verbs]
    return list(zip(verbs, things, strict=True))


def cosmos_row(grammar: Grammar, item: Question, name: str) -> Row:
    """A row of Cosmos QA."""
    end = Word(".", "PUNCT", "O", ".")
    answers = {}
    for i, (verb, patient) in enumerate(item.deeds):
        clause = grammar.clause(Event(item.agent, verb, patient), without="agent")
        answers[f"answer{i}"] = text([*clause, end])
    return {
        "id": name,
        "context": " ".join(text(grammar.statement(e)) for e in item.passage),
        "question": what_next(grammar, item.agent),
        **answers,
        "label": item.right,
    }


def what_next(grammar: Grammar, agent: str) -> str:
    """What does `agent` do next?"""
    end = Word("?", "PUNCT", "O", ".")
    return text([grammar.asking("patient"), *grammar.agent(agent), end])


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
    return text(grammar.statement(event)) + " " + what_next(grammar, item.agent)
