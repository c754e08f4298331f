"""What comes of what: Social IQa, COPA and XCOPA as the lab has them.

Everybody goes on with the same thing by the next verb (`world.next_verb`), so each deed has one
effect and one cause. Which of several deeds an item tells is drawn after what they lead to, or come
from, has been laid out as the choices: the choices alone do not tell which is right. Another choice
is at times what the question asked the other way round would lead to.
"""

from typing import NamedTuple

from xit.lab import schema
from xit.lab.choices import what_next
from xit.lab.grammar import Grammar, Word, text
from xit.lab.languages import SOURCE
from xit.lab.tasks import Maker, Row
from xit.lab.world import Event, World
from xit.lab.writer import Writer, fresh

ASKED = ("cause", "effect")  # upstream's words, which the loader puts into an English question
BOTH_WAYS = 0.5  # share of items in which some choice is right for the other question
KIND = "animal"  # of things that something is done to: few verbs, so that they can be learnt
CODES = "qaa qab qae qaf qai qaj qal".split()  # of XCOPA: four scripts, three word orders


class Consequence(NamedTuple):
    """Somebody does `verb` to something; which of `choices` (verbs) comes before, or after it?"""

    event: Event
    asked: str  # of ASKED
    choices: list[str]
    right: int


def consequence(maker: Maker, count: int) -> Consequence:
    """A deed and `count` verbs, one of which is its cause or its effect, as the question asks."""
    rng, world = maker.rng, maker.world
    verbs = world.verbs[KIND]  # a cycle: what follows a verb is the next
    asked, step = rng.choice((("cause", -1), ("effect", 1)))
    deeds = rng.sample(range(len(verbs)), count)
    if rng.random() < BOTH_WAYS:  # two deeds, between which stands what one leads to
        deeds = [deeds[0], (deeds[0] - 2 * step) % len(verbs)]
        others = [i for i in range(len(verbs)) if i not in deeds]
        deeds = rng.sample([*deeds, *rng.sample(others, count - 2)], count)
    right = rng.randrange(count)
    # not what the verb is usually done to: that would tell which verb the choices come from
    event = Event(maker.teller.agent(), verbs[deeds[right]], rng.choice(world.nouns[KIND]))
    return Consequence(event, asked, [verbs[(i + step) % len(verbs)] for i in deeds], right)


def copa_row(grammar: Grammar, item: Consequence, index: int) -> Row:
    """A row of COPA and of XCOPA."""
    said = [text(grammar.statement(item.event._replace(verb=verb))) for verb in item.choices]
    return {
        "premise": text(grammar.statement(item.event)),
        "choice1": said[0],
        "choice2": said[1],
        "question": item.asked,
        "label": item.right,
        "idx": index,
        "changed": False,
    }


def social_row(grammar: Grammar, item: Consequence) -> Row:
    """A row of Social IQa; what came before is asked for by *when*, as there is no such word."""
    end = Word(".", "PUNCT", "O", ".")
    row: Row = {"context": text(grammar.statement(item.event))}
    agent = item.event.agent
    row["question"] = (
        what_next(grammar, agent) if item.asked == "effect" else before(grammar, agent)
    )
    for letter, verb in zip("ABC", item.choices, strict=True):
        clause = grammar.clause(item.event._replace(verb=verb), without="agent")
        row[f"answer{letter}"] = text([*clause, end])
    return row | {"label": str(item.right + 1)}


def before(grammar: Grammar, agent: str) -> str:
    """After what does `agent` do this?"""
    return text([grammar.asking("time"), *grammar.agent(agent), Word("?", "PUNCT", "O", ".")])


def plausible_alternatives(
    write: Writer, world: World, grammars: dict[str, Grammar], size: dict[str, int], seed: int
) -> None:
    """Social IQa and COPA in the source; XCOPA, COPA's development and test set in every language
    of CODES: the source too, which upstream's has not, as the gold of COPA's test set is withheld.
    """
    seen: set[str] = set()
    for split, n in (("train", size["train"] // 3), ("validation", size["dev"])):
        rows = fresh(
            lambda m, _: social_row(grammars[SOURCE], consequence(m, 3)),
            Maker(world, f"{seed}/{split}/social_iqa"),
            split,
            lambda r: f"{r['context']}{r['question']}",
            seen,
            n,
        )
        write("lighteval/siqa", "default", split, rows, schema.SOCIAL)

    def premise(row: Row) -> str:
        item = row["item"]
        assert isinstance(item, Consequence)
        return f"{item.event} {item.asked}"

    seen = set()
    told: dict[str, list[Row]] = {}
    sizes = {"train": size["train"] // 15, "validation": size["dev"] // 5, "test": size["test"]}
    for split, n in sizes.items():
        told[split] = fresh(
            lambda m, _: {"item": consequence(m, 2)},
            Maker(world, f"{seed}/{split}/xcopa"),
            split,
            premise,
            seen,
            n,
        )
        rows = [copa_row(grammars[SOURCE], r["item"], i) for i, r in enumerate(told[split])]  # type: ignore[arg-type]
        if split != "test":
            write("aps/super_glue", "copa", split, rows, schema.COPA)
    for code in CODES:
        for split in ("validation", "test"):
            rows = [copa_row(grammars[code], r["item"], i) for i, r in enumerate(told[split])]  # type: ignore[arg-type]
            write("cambridgeltl/xcopa", code, split, rows, schema.XCOPA)
