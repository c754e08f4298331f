"""The world that the lab's texts are about: who does what to what, where and when.

Everyone has habits (selectional preferences, drawn once per seed, sparse, over Zipfian
frequencies), so that words that mean the same have the same neighbours in every language; that is
what a masked language model can align languages by. What happens in one passage is drawn partly at
random, so that a passage must be read to answer questions about it.
"""

import random
from bisect import bisect
from itertools import accumulate
from typing import NamedTuple

NOUNS = {"animal": 12, "food": 12, "tool": 12, "cloth": 10}
PEOPLE, SURNAMES, PLACES, ORGS, DAYS, ADVERBS = 40, 14, 24, 4, 7, 6
ADJECTIVES = {"colour": 5, "size": 4, "age": 4, "mood": 4}
VERBS = {"animal": 8, "food": 8, "tool": 8, "cloth": 6}  # by what is done to
FUNCTION = "in on who what where when and not is so but some every this".split()


class Event(NamedTuple):
    """Something that happened; slots that are not told are None."""

    agent: str
    verb: str
    patient: str
    adjective: str | None = None
    place: str | None = None
    time: str | None = None
    adverb: str | None = None
    det: str | None = None


def _names(kind: str, count: int) -> list[str]:
    return [f"{kind}.{i}" for i in range(count)]


class World:
    """Concepts, their frequencies and everyone's habits."""

    def __init__(self, seed: int = 0) -> None:
        self.rng = random.Random(f"{seed}/world")
        self.nouns = {k: _names(k, n) for k, n in NOUNS.items()}
        self.adjectives = {k: _names(k, n) for k, n in ADJECTIVES.items()}
        self.people, self.surnames = _names("per", PEOPLE), _names("sur", SURNAMES)
        self.places, self.orgs = _names("loc", PLACES), _names("org", ORGS)
        self.days, self.adverbs = _names("day", DAYS), _names("adv", ADVERBS)
        self.dates = [str(day) for day in range(1, 32)]
        count = iter(range(sum(VERBS.values())))
        self.verbs = {k: [f"verb.{next(count)}" for _ in range(n)] for k, n in VERBS.items()}
        self.kind_of_verb = {v: k for k, verbs in self.verbs.items() for v in verbs}
        self.kind_of_noun = {n: k for k, nouns in self.nouns.items() for n in nouns}
        self.group_of = {a: g for g, adjectives in self.adjectives.items() for a in adjectives}
        self._habits()

    def concepts(self) -> list[str]:
        """Every concept that has a word, in a fixed order."""
        lists = [*self.nouns.values(), *self.adjectives.values(), *self.verbs.values()]
        lists += [self.people, self.surnames, self.places, self.orgs, self.days, self.adverbs]
        lists += [[f"kind.{k}" for k in self.nouns], [f"fun.{f}" for f in FUNCTION]]
        return [c for one in lists for c in one]

    def _habits(self) -> None:
        every_verb = [v for verbs in self.verbs.values() for v in verbs]
        every_adjective = list(self.group_of)
        self.agents = Choice(self.people, [1 / (i + 3) for i in range(PEOPLE)])
        self.verb_of = {p: self._sparse(every_verb, 0.12) for p in self.people}
        self.place_of = {p: self._sparse(self.places, 0.1) for p in self.people}
        self.patient_of = {
            v: self._sparse(self.nouns[k], 0.25) for v, k in self.kind_of_verb.items()
        }
        self.day_of = {v: self._sparse(self.days, 0.3) for v in every_verb}
        self.adverb_of = {v: self._sparse(self.adverbs, 0.3) for v in every_verb}
        self.adjective_of = {n: self._sparse(every_adjective, 0.12) for n in self.kind_of_noun}
        # what one does next with the same thing: a fixed cycle within the verbs of a kind
        self.next_verb = {
            v: verbs[(i + 1) % len(verbs)]
            for verbs in self.verbs.values()
            for i, v in enumerate(verbs)
        }

    def alternatives(self, slot: str, value: str) -> list[str]:
        """The values of `slot` of which only one can hold, `value` among them.

        A day of the week and a day of the month can hold together, as can a colour and a size.
        """
        if slot == "place":
            return self.places
        if slot == "time":
            return self.days if value in self.days else self.dates
        return self.adjectives[self.group_of[value]]

    def _sparse(self, values: list[str], concentration: float) -> "Choice":
        """A draw from a Dirichlet around Zipfian weights: few likely values, many rare ones."""
        zipf = [1 / (i + 2) for i in range(len(values))]
        scale = concentration * len(values) / sum(zipf)
        weights = [self.rng.gammavariate(z * scale, 1) + 1e-4 for z in zipf]
        return Choice(values, weights)


class Choice:
    """A finite distribution that can be drawn from quickly, or uniformly."""

    def __init__(self, values: list[str], weights: list[float]) -> None:
        self.values, self.cumulative = values, list(accumulate(weights))
        self.last, total = len(values) - 1, sum(weights)
        self.shares = {v: w / total for v, w in zip(values, weights, strict=True)}

    def draw(self, rng: random.Random, uniform: float = 0.0) -> str:
        """One value; with probability `uniform` all values are equally likely."""
        if uniform and rng.random() < uniform:
            return rng.choice(self.values)
        # what random.choices does, at half its price: this is drawn millions of times
        return self.values[
            bisect(self.cumulative, rng.random() * self.cumulative[-1], 0, self.last)
        ]

    def share(self, value: str) -> float:
        """The probability of `value` when drawn by habit, 0 if it is none of the values."""
        return self.shares.get(value, 0.0)


class Teller:
    """Draws events; `uniform` is the share of each choice made against habit."""

    def __init__(self, world: World, rng: random.Random, uniform: float = 0.15) -> None:
        self.world, self.rng, self.uniform = world, rng, uniform

    def agent(self) -> str:
        """A person ("per.1", "per.1+sur.2", "sur.2") or an organisation ("org.1+loc.2", "loc.20").

        An organisation is at times called by its place alone, if no one has that surname.
        """
        draw, world = self.rng.random(), self.world
        if draw < 0.09:
            return f"{self.rng.choice(world.orgs)}+{self.rng.choice(world.places)}"
        if draw < 0.14:
            return self.rng.choice(world.places[SURNAMES:])
        if draw < 0.2:
            return self.rng.choice(world.surnames)
        person = world.agents.draw(self.rng, self.uniform)
        return f"{person}+{self.rng.choice(world.surnames)}" if draw < 0.35 else person

    def verb(self, agent: str) -> str:
        """What `agent` does."""
        habits = self.world.verb_of.get(agent.split("+")[0])
        return (habits or self.world.verb_of["per.0"]).draw(self.rng, self.uniform)

    def patient(self, verb: str) -> str:
        """What `verb` is done to."""
        return self.world.patient_of[verb].draw(self.rng, self.uniform)

    def place(self, agent: str) -> str:
        """Where `agent` is."""
        habits = self.world.place_of.get(agent.split("+")[0])
        return habits.draw(self.rng, self.uniform) if habits else self.rng.choice(self.world.places)

    def time(self, verb: str) -> str:
        """A day of the week or a day of the month."""
        if self.rng.random() < 0.4:
            return str(self.rng.randint(1, 31))
        return self.world.day_of[verb].draw(self.rng, self.uniform)

    def adjective(self, noun: str) -> str:
        """What `noun` is like."""
        return self.world.adjective_of[noun].draw(self.rng, self.uniform)

    def event(self, agent: str | None = None, told: float = 0.5) -> Event:
        """An event of `agent`; each optional slot is told with probability `told`."""
        agent = agent or self.agent()
        verb = self.verb(agent)
        patient = self.patient(verb)
        some = [self.rng.random() < told for _ in range(3)]
        return Event(
            agent,
            verb,
            patient,
            self.adjective(patient) if some[0] else None,
            self.place(agent) if some[1] else None,
            self.time(verb) if some[2] else None,
            self.world.adverb_of[verb].draw(self.rng) if self.rng.random() < 0.15 else None,
            self.rng.choice(("some", "every", "this", None, None)),
        )

    def another(self, values: list[str], *not_these: str | None) -> str:
        """One of `values` that is none of `not_these`."""
        return self.rng.choice([v for v in values if v not in not_these])
