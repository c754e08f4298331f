"""Training data of the intermediate tasks in other languages, told well or with wrong words.

What is translated is what a row tells, said by the other language's grammar, so that a translation
is perfect unless it is given errors. Rows, labels and order are those of the source language.
"""

import random
from collections.abc import Callable

from xit.lab import pairs, schema, tasks
from xit.lab.grammar import Grammar, Word
from xit.lab.languages import Lexicon
from xit.lab.tasks import Row
from xit.lab.world import World
from xit.lab.writer import Writer

# Chosen by typology alone, one at each distance, before anything was trained on them. The source
# has no relative in its family, so the near one is the nearest in grammar and words together.
NEAR = "qae"  # subject, verb, object; prepositions, adjectives before nouns; 2 of 3 words shared
MIDDLE = "qab"  # the same word order, but postpositions, another script, 1 of 3 words shared
FAR = "qaj"  # verb first, everything else different too, another script, next to no word shared
LANGUAGES = (NEAR, MIDDLE, FAR)

# Shares of wrong words, in the language between and of the task whose label only the content words
# tell: HellaSwag's endings have one form, while MNLI's neutral pairs show in their modifiers. It is
# also what the paper's models did not learn in Russian and Swahili (Phang et al. 2020, App. C).
ERRORS = (0.1, 0.25, 0.5, 1.0)

REPO = "xit/translated"  # what is not on the Hub, see xit/tasks.py
RENDER: dict[str, Callable[[Grammar, tuple, int, str], Row]] = {
    "mnli": lambda grammar, item, i, _: tasks.nli_row(grammar, item, i),
    "qqp": lambda grammar, item, i, _: pairs.qqp_row(grammar, item, i),
    "hellaswag": tasks.hellaswag_row,
}


class Translator(Grammar):
    """A grammar that says `errors` of the content words wrongly: the word for another concept.

    The other concept is of the same class (an animal for an animal, a verb for a verb). Each
    occurrence of a word is wrong or right by itself; order, function words and digits are as they
    should be. With the same key a word that is wrong at a low share is just as wrong at a higher.
    """

    def __init__(self, lexicon: Lexicon, errors: float, key: str) -> None:
        super().__init__(lexicon)
        self.errors, self.rng = errors, random.Random(key)
        classes: dict[str, list[str]] = {}
        for concept in lexicon.forms:
            classes.setdefault(concept.partition(".")[0], []).append(concept)
        classes.pop("fun")
        self.others = {
            c: [o for o in members if lexicon.word(o) != lexicon.word(c)]
            for members in classes.values()
            for c in members
        }

    def _w(
        self, concept: str, upos: str, ccg: str, ner: str = "O", accusative: bool = False
    ) -> Word:
        if others := self.others.get(concept):
            # both are drawn whatever the share, so that it changes nothing that comes after
            draw, other = self.rng.random(), self.rng.choice(others)
            concept = other if draw < self.errors else concept
        return super()._w(concept, upos, ccg, ner, accusative)

    def agent(self, agent: str) -> list[Word]:
        """A name, which may be wrong in one place and right in the next."""
        return self._name(agent)


def translations(
    write: Writer, world: World, grammars: dict[str, Grammar], size: dict[str, int], seed: int
) -> None:
    """MNLI, QQP and HellaSwag in LANGUAGES, where a user of the real ones has them.

    MNLI is XNLI's training set, as on the Hub; what it is tuned on is there already.
    """

    def rendered(task: str, repo: str, config: str, split: str, grammar: Grammar) -> list[Row]:
        items = write.items[repo, config, split]
        return [RENDER[task](grammar, item, i, split) for i, item in enumerate(items)]

    for code in LANGUAGES:
        rows = rendered("mnli", "nyu-mll/glue", "mnli", "train", grammars[code])
        write("facebook/xnli", code, "train", rows, schema.NLI)
    for split in ("train", "validation"):
        for code in LANGUAGES:
            rows = rendered("qqp", "nyu-mll/glue", "qqp", split, grammars[code])
            write(REPO, f"qqp.{code}", split, rows, schema.QQP)
            rows = rendered("hellaswag", "Rowan/hellaswag", "default", split, grammars[code])
            write(REPO, f"hellaswag.{code}", split, rows, schema.HELLASWAG)
        for errors in ERRORS:
            translator = Translator(grammars[MIDDLE].lexicon, errors, f"{seed}/{split}/errors")
            rows = rendered("hellaswag", "Rowan/hellaswag", "default", split, translator)
            write(REPO, f"hellaswag.{MIDDLE}.{errors:g}", split, rows, schema.HELLASWAG)
