"""How the invented languages say an event: words with part of speech, entity and CCG category."""

from typing import NamedTuple

from xit.lab.languages import Lexicon
from xit.lab.world import Event

TRANSITIVE = {"SVO": r"(S\NP)/NP", "SOV": r"(S\NP)\NP", "VSO": "(S/NP)/NP"}
WH = {"agent": "fun.who", "patient": "fun.what", "place": "fun.where", "time": "fun.when"}


class Word(NamedTuple):
    """One word of a sentence with its gold tags."""

    form: str
    upos: str  # Universal Dependencies part of speech
    ner: str  # O, B-PER, I-PER, B-ORG, I-ORG, B-LOC or I-LOC
    ccg: str  # CCG lexical category


class Grammar:
    """Says events in one language."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon, self.language = lexicon, lexicon.language
        order = self.language.order
        # a modifier of the sentence looks for it on the side where the sentence is
        self.modifier = r"S\S" if order != "SOV" else "(S\\NP)/(S\\NP)"
        self.noun_modifier = "N/N" if self.language.adjective == "before" else r"N\N"
        self._words: dict[tuple[str, str, str, str, bool], Word] = {}  # a few thousand, used often
        self._agents: dict[str, list[Word]] = {}

    def _w(
        self, concept: str, upos: str, ccg: str, ner: str = "O", accusative: bool = False
    ) -> Word:
        key = (concept, upos, ccg, ner, accusative)
        if key not in self._words:
            self._words[key] = Word(self.lexicon.word(concept, accusative), upos, ner, ccg)
        return self._words[key]

    def agent(self, agent: str) -> list[Word]:
        """A name; compounds follow the language's order of modifier and noun."""
        if agent not in self._agents:
            self._agents[agent] = self._name(agent)
        return self._agents[agent]

    def _name(self, agent: str) -> list[Word]:
        head, *rest = agent.split("+")
        label = "PER" if head.startswith(("per.", "sur.")) else "ORG"
        if not rest:
            return [self._w(head, "PROPN", "N", f"B-{label}")]
        if label == "PER":  # first name, then surname, everywhere
            return [
                self._w(head, "PROPN", "N/N", "B-PER"),
                self._w(rest[0], "PROPN", "N", "I-PER"),
            ]
        name, kind = (rest[0], "PROPN"), (head, "NOUN")
        first, second = (name, kind) if self.language.adjective == "before" else (kind, name)
        tag = "N/N" if self.language.adjective == "before" else r"N\N"
        ccg = (tag, "N") if first is name else ("N", tag)
        return [self._w(*first, ccg[0], "B-ORG"), self._w(*second, ccg[1], "I-ORG")]

    def patient(self, e: Event) -> list[Word]:
        """The object, with its determiner and adjective."""
        noun = [self._w(e.patient, "NOUN", "N", accusative=True)]
        adjective = [self._w(e.adjective, "ADJ", self.noun_modifier)] if e.adjective else []
        before = self.language.adjective == "before"
        phrase = adjective + noun if before else noun + adjective
        return ([self._w(f"fun.{e.det}", "DET", "NP/N")] if e.det else []) + phrase

    def adposition(self, function: str, word: Word) -> list[Word]:
        """`word` with its adposition before or after it."""
        pre = self.language.adposition == "pre"
        ccg = f"({self.modifier})/NP" if pre else f"({self.modifier})\\NP"
        mark = self._w(function, "ADP", ccg)
        return [mark, word] if pre else [word, mark]

    def place(self, place: str) -> list[Word]:
        """Where."""
        return self.adposition("fun.in", self._w(place, "PROPN", "N", "B-LOC"))

    def time(self, time: str) -> list[Word]:
        """When."""
        upos = "NUM" if time.isdigit() else "NOUN"
        return self.adposition("fun.on", self._w(time, upos, "N"))

    def clause(
        self,
        e: Event,
        without: str | None = None,
        negated: bool = False,
        time_first: bool = False,
    ) -> list[Word]:
        """Subject, verb, object in the language's order, then or before the verb the rest.

        The place is told before the time, or, meaning the same, after it (`time_first`).
        """
        s = [] if without == "agent" else self.agent(e.agent)
        o = [] if without == "patient" else self.patient(e)
        v = [self._w(e.verb, "VERB", TRANSITIVE[self.language.order])]
        if negated:
            v = [self._w("fun.not", "PART", self.modifier), *v]
        place = self.place(e.place) if e.place and without != "place" else []
        time = self.time(e.time) if e.time and without != "time" else []
        rest = time + place if time_first else place + time
        rest += [self._w(e.adverb, "ADV", self.modifier)] if e.adverb else []
        if self.language.order == "SVO":
            return s + v + o + rest
        return s + rest + o + v if self.language.order == "SOV" else v + s + o + rest

    def statement(self, e: Event, negated: bool = False, time_first: bool = False) -> list[Word]:
        """A sentence that tells `e`."""
        clause = self.clause(e, negated=negated, time_first=time_first)
        return [*clause, Word(".", "PUNCT", "O", ".")]

    def question(self, e: Event, slot: str, time_first: bool = False) -> list[Word]:
        """A question for `slot` of `e`: the question word comes first in every language."""
        clause = self.clause(e, without=slot, time_first=time_first)
        return [self.asking(slot), *clause, Word("?", "PUNCT", "O", ".")]

    def asking(self, slot: str) -> Word:
        """The question word for `slot`: who, what, where or when."""
        return self._w(WH[slot], "PRON" if slot in ("agent", "patient") else "ADV", "S[wq]/S")

    def answer(self, e: Event, slot: str) -> list[Word]:
        """The words of `slot` as they stand in the statement (no adposition)."""
        if slot == "agent":
            return self.agent(e.agent)
        if slot == "patient":
            return [self._w(e.patient, "NOUN", "N", accusative=True)]
        return [self._w(str(getattr(e, slot)), "PROPN", "N")]

    def copula(self, subject: str, predicate: str) -> list[Word]:
        """`subject` is `predicate` (its kind, or an adjective)."""
        upos = "NOUN" if predicate.startswith("kind.") else "ADJ"
        s, v = [self._w(subject, "NOUN", "N")], [self._w("fun.is", "AUX", self._copular())]
        p = [self._w(predicate, upos, "N" if upos == "NOUN" else "S[adj]")]
        order = {"SVO": s + v + p, "SOV": s + p + v, "VSO": v + s + p}[self.language.order]
        return [*order, Word(".", "PUNCT", "O", ".")]

    def _copular(self) -> str:
        return {"SVO": r"(S\NP)/PRED", "SOV": r"(S\NP)\PRED", "VSO": "(S/PRED)/NP"}[
            self.language.order
        ]


def text(words: list[Word]) -> str:
    """The sentence as written: words apart, punctuation attached."""
    out = ""
    for word in words:
        out += word.form if word.upos == "PUNCT" or not out else " " + word.form
    return out
