"""The lab's datasets: rows with gold labels, in the columns of the real datasets they stand for.

Every classification task is balanced so that neither the hypothesis, the question nor the endings
alone give the answer (tests/lab trains models on them alone). Development and test
sets of XNLI, XQuAD and Tatoeba tell the same content in every language; all other texts differ.
"""

import random

from xit.lab.grammar import Grammar, Word, text
from xit.lab.world import Event, Teller, World

SLOTS = ("agent", "patient", "place", "time")
MODIFIERS = ("place", "time", "adjective")
Row = dict[str, object]
Completion = tuple[list[Event], list[tuple[str, str]], int]  # context, endings, the right one


def only(event: Event, *kept: str) -> Event:
    """`event` without the modifiers that are not in `kept`."""
    dropped = [m for m in MODIFIERS if m not in kept]
    return event._replace(**dict.fromkeys(dropped))  # type: ignore[arg-type]


def with_values(event: Event, values: dict[str, str | None]) -> Event:
    """`event` with other values of some slots."""
    return event._replace(**values)  # type: ignore[arg-type]


class Maker:
    """Makes rows of one split; the same world, split and seed give the same rows."""

    def __init__(self, world: World, key: str, uniform: float = 0.5) -> None:
        self.world, self.rng = world, random.Random(key)
        self.teller = Teller(world, self.rng, uniform)

    # -- events ------------------------------------------------------------------------------

    def inference(self) -> tuple[list[Event], Event, int]:
        """What a story concludes: (events, conclusion, 0 it follows, 1 neither, 2 it does not).

        The conclusion is drawn first: an event with one modifier. Its twin in the story has the
        same modifier (0), none (1) or another value (2); a second event with a modifier of the same
        sort is told beside it. Not for MNLI: already the length of the events tells 1.
        """
        label, slot = self.rng.randrange(3), self.rng.choice(MODIFIERS)
        full = self.full()
        value = str(getattr(full, slot))
        told = value if label == 0 else None if label == 1 else self.other(slot, value)
        extra = self.rng.choice([s for s in MODIFIERS if s != slot])
        twin = only(full, slot, extra)._replace(**{slot: told})  # type: ignore[arg-type]
        beside = only(self.full(), slot, extra)
        while beside.agent == full.agent or beside.patient == full.patient:
            beside = self.full()
        same = self.rng.random() < (0.35 if label == 0 else 0.65)
        beside = beside._replace(**{slot: value if same else self.other(slot, value)})
        premise = [twin, beside]
        self.rng.shuffle(premise)
        return premise, only(full, slot), label

    def full(self) -> Event:
        """An event with every modifier."""
        return self.teller.event(told=1.0)._replace(det=None, adverb=None)

    def other(self, slot: str, value: str) -> str:
        """A value of `slot` that cannot hold together with `value`."""
        return self.teller.another(self.world.alternatives(slot, value), value)

    def value(self, event: Event, slot: str) -> str:
        """A value that `slot` of `event` could have."""
        if slot == "agent":
            return self.teller.agent()
        if slot == "patient":
            return self.teller.patient(event.verb)
        if slot == "place":
            return self.teller.place(event.agent)
        if slot == "time":
            return self.teller.time(event.verb)
        return self.teller.adjective(event.patient)

    def two_values(self, event: Event, slot: str) -> tuple[str, str]:
        """Two values of `slot` of `event` that exclude each other, in an order that means nothing.

        So no one can tell by its looks whether a value is the first or the second.
        """
        one = self.value(event, slot)
        two = self.other(slot, one)
        return (one, two) if self.rng.random() < 0.5 else (two, one)

    def other_deed(self, event: Event) -> Event:
        """`event` with another verb, and another object of another kind."""
        kind = self.world.kind_of_verb[event.verb]
        while self.world.kind_of_verb[verb := self.teller.verb(event.agent)] == kind:
            pass
        return event._replace(verb=verb, patient=self.teller.patient(verb))

    # -- reading ------------------------------------------------------------------------------

    def passage(self, events: int) -> list[Event]:
        """Events by different agents, no two with the same verb and patient."""
        made: list[Event] = []
        while len(made) < events:
            e = self.teller.event(told=0.6)
            if all(e.agent != m.agent and (e.verb, e.patient) != (m.verb, m.patient) for m in made):
                made.append(e)
        return made

    def reading(self, events: int = 3) -> tuple[list[Event], int, str]:
        """(passage, index of the event asked about, slot asked for)."""
        passage = self.passage(events)
        index = self.rng.randrange(events)
        told = [s for s in SLOTS if getattr(passage[index], s)]
        return passage, index, self.rng.choice(told)

    # -- sentence completion ------------------------------------------------------------------

    def completion(self, facts: int = 2, steps: int = 1) -> Completion:
        """(context events, four (verb, patient) endings, index of the right one).

        Somebody does something, then something else (`facts` - 1 such things); then what one always
        does next with the first thing, `steps` steps on. The endings cross two next verbs with two
        things of that kind: each verb and each thing stands in two of the four.
        """
        first = self.teller.event(told=0.2)
        kind = self.world.kind_of_verb[first.verb]
        verb = self.teller.another(self.world.verbs[kind], first.verb)
        patient = self.teller.patient(first.verb)
        while patient == first.patient:
            patient = self.teller.patient(first.verb)
        context = [first]
        while len(context) < facts:
            event = self.teller.event(first.agent, told=0.2)
            if self.world.kind_of_verb[event.verb] != kind:
                context.append(event)
        verbs = [first.verb, verb]
        for _ in range(steps):
            verbs = [self.world.next_verb[v] for v in verbs]
        endings = [(v, p) for v in verbs for p in (first.patient, patient)]
        right = endings[0]
        self.rng.shuffle(endings)
        return context, endings, endings.index(right)

    def sentence(self) -> Event:
        """One event for tagging."""
        return self.teller.event(told=0.6)


def nli_row(grammar: Grammar, item: tuple[list[Event], Event, int], index: int) -> Row:
    """A row of GLUE's MNLI and of XNLI."""
    premise, hypothesis, label = item
    return {
        "premise": " ".join(text(grammar.statement(e)) for e in premise),
        "hypothesis": text(grammar.statement(hypothesis)),
        "label": label,
        "idx": index,
    }


def squad_row(grammar: Grammar, item: tuple[list[Event], int, str], name: str) -> Row:
    """A row of SQuAD v1.1 and of XQuAD; the answer's offset counts characters of the context."""
    passage, index, slot = item
    question = text(grammar.question(passage[index], slot))
    return reading_row(grammar, passage, index, slot, question, name)


def reading_row(
    grammar: Grammar, passage: list[Event], index: int | None, slot: str, question: str, name: str
) -> Row:
    """A row of SQuAD whose answer is `slot` of the event `index`; none if `index` is None."""
    sentences = [grammar.statement(e) for e in passage]
    answers: dict[str, list] = {"text": [], "answer_start": []}
    if index is not None:
        before = "".join(text(s) + " " for s in sentences[:index])
        answer = grammar.answer(passage[index], slot)
        start = len(before) + offset(sentences[index], answer)
        answers = {"text": [text(answer)], "answer_start": [start]}
    return {
        "id": name,
        "title": grammar.language.name,
        "context": " ".join(text(s) for s in sentences),
        "question": question,
        "answers": answers,
    }


def offset(sentence: list[Word], part: list[Word]) -> int:
    """Where the words of `part` begin in the written `sentence`, in characters."""
    forms, wanted = [w.form for w in sentence], [w.form for w in part]
    # entity words are matched from the left, objects from the right of a homograph verb by tag
    for i in range(len(forms)):
        if forms[i : i + len(wanted)] == wanted and sentence[i].upos != "VERB":
            return len(text(sentence[:i])) + (1 if i else 0)
    raise ValueError(f"{' '.join(wanted)!r} is not in {text(sentence)!r}")


def hellaswag_row(grammar: Grammar, item: Completion, index: int, split: str) -> Row:
    """A row of HellaSwag: the context ends in the subject, which the endings go on from.

    Where the verb comes before the subject, the subject stands in the endings.
    """
    events, endings, right = item
    inside = grammar.language.order == "VSO"
    subject = "" if inside else text(grammar.agent(events[0].agent))
    context = " ".join(text(grammar.statement(e)) for e in events)
    phrases = []
    for verb, patient in endings:
        event = Event(events[0].agent, verb, patient)
        clause = grammar.clause(event, without=None if inside else "agent")
        phrases.append(text([*clause, Word(".", "PUNCT", "O", ".")]))
    return {
        "ind": index,
        "activity_label": endings[right][1].partition(".")[0],  # the kind of thing it is done to
        "ctx_a": context,
        "ctx_b": subject,
        "ctx": f"{context} {subject}".strip(),
        "endings": phrases,
        "source_id": f"lab~{index}",
        "split": split,
        "split_type": "indomain",
        "label": str(right),
    }


def tagged(grammar: Grammar, maker: Maker) -> list[Word]:
    """A sentence with its tags: mostly statements, some questions, negations and descriptions."""
    draw, event = maker.rng.random(), maker.sentence()
    if draw < 0.1:
        told = [s for s in SLOTS if getattr(event, s)]
        return grammar.question(event, maker.rng.choice(told))
    if draw < 0.2:
        world = maker.world
        noun = event.patient
        kind = f"kind.{world.kind_of_noun[noun]}"
        return grammar.copula(
            noun, kind if maker.rng.random() < 0.5 else maker.teller.adjective(noun)
        )
    return grammar.statement(event, negated=draw < 0.3)


# -- text for the masked language model -----------------------------------------------------


def story(grammar: Grammar, maker: Maker) -> str:
    """A short passage: things happen, are asked about, are described, or are concluded."""
    world, rng, teller = maker.world, maker.rng, maker.teller
    draw = rng.random()
    if draw < 0.4:  # a narrative: somebody goes on with the same thing, another does something else
        agent = teller.agent()
        events = [teller.event(agent, told=0.4)]
        for _ in range(rng.randint(1, 3)):
            last = events[-1]
            if rng.random() < 0.6:
                events.append(
                    last._replace(verb=world.next_verb[last.verb], time=None, adverb=None)
                )
            else:
                events.append(teller.event(agent if rng.random() < 0.5 else None, told=0.4))
        return " ".join(text(grammar.statement(e, rng.random() < 0.05)) for e in events)
    if draw < 0.8:  # questions and answers
        passage = maker.passage(rng.choice((1, 2, 3, 3, 4)))
        said = [text(grammar.statement(e)) for e in passage]
        for event in rng.sample(passage, min(len(passage), rng.randint(1, 2))):
            slot = rng.choice([s for s in SLOTS if getattr(event, s)])
            said += [text(grammar.question(event, slot)), text(grammar.answer(event, slot)) + "."]
        return " ".join(said)
    if draw < 0.88:  # descriptions
        nouns = rng.sample(list(world.kind_of_noun), 3)
        said = []
        for noun in nouns:
            said.append(text(grammar.copula(noun, f"kind.{world.kind_of_noun[noun]}")))
            said.append(text(grammar.copula(noun, teller.adjective(noun))))
        return " ".join(said)
    premise, hypothesis, label = maker.inference()  # so …; but …
    if label == 1:
        return " ".join(text(grammar.statement(e)) for e in [*premise, hypothesis])
    word = grammar.lexicon.word("fun.so" if label == 0 else "fun.but")
    said = [text(grammar.statement(e)) for e in premise]
    return " ".join([*said, word, text(grammar.statement(hypothesis, negated=label == 2))])
