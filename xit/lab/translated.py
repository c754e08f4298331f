"""Training data of the intermediate tasks in other languages, told well or with wrong words.

What is translated is what a row tells, said by the other language's grammar, so that a translation
is perfect unless it is given errors. Rows, labels and order are those of the source language.

Three languages are written with everything else (`translations`), any other one and any other share
of errors when they are first asked for (`asked`): from what every row tells, which is kept.
"""

import json
import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from xit.lab import inference, pairs, schema, tasks
from xit.lab.grammar import Grammar, Word
from xit.lab.languages import LANGUAGES as EVERY
from xit.lab.languages import Lexicon, lexicon
from xit.lab.tasks import Maker, Row
from xit.lab.world import Event, World
from xit.lab.writer import Writer, parquet

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

REPO, XNLI = "xit/translated", "facebook/xnli"  # what is not on the Hub, and what is: xit/tasks.py
SOURCES = {  # where the rows in the source language are
    "mnli": ("nyu-mll/glue", "mnli"),
    "qqp": ("nyu-mll/glue", "qqp"),
    "hellaswag": ("Rowan/hellaswag", "default"),
}
COLUMNS = {"mnli": schema.NLI, "qqp": schema.QQP, "hellaswag": schema.HELLASWAG}
SPLITS = ("train", "validation")
ITEMS = "told/{}-{}.json"  # below the lab's directory: what each row of a task and split tells
NAME = re.compile(rf"({'|'.join(SOURCES)})\.({'|'.join(EVERY)})(?:\.(\d(?:\.\d+)?))?")
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
    told = {(t, s): write.items[*SOURCES[t], s] for t in ("qqp", "hellaswag") for s in SPLITS}
    told["mnli", "train"] = write.items[*SOURCES["mnli"], "train"]
    told["mnli", "validation"] = _xnli(world, seed, size["dev"])
    for code in LANGUAGES:
        rows = rendered("mnli", told["mnli", "train"], "train", grammars[code])
        write(XNLI, code, "train", rows, schema.NLI)
    for split in SPLITS:
        for code in LANGUAGES:
            for task in ("qqp", "hellaswag"):
                rows = rendered(task, told[task, split], split, grammars[code])
                write(REPO, f"{task}.{code}", split, rows, COLUMNS[task])
        for errors in ERRORS:
            translator = Translator(grammars[MIDDLE].lexicon, errors, f"{seed}/{split}/errors")
            rows = rendered("hellaswag", told["hellaswag", split], split, translator)
            write(REPO, f"hellaswag.{MIDDLE}.{errors:g}", split, rows, schema.HELLASWAG)
    for (task, split), items in told.items():
        file = write.root / ITEMS.format(task, split)
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(_plain(items)), encoding="utf-8")


def _plain(item: object) -> object:
    """`item` as JSON has it: an event by its name, any other tuple as a list."""
    if isinstance(item, Event):
        return {"event": list(item)}
    return [_plain(x) for x in item] if isinstance(item, list | tuple) else item


def _items(file: Path) -> list:
    """What `_plain` made, its events as they were."""
    return list(
        json.loads(file.read_text(encoding="utf-8"), object_hook=lambda x: Event(*x["event"]))
    )


def rendered(task: str, items: list, split: str, grammar: Grammar) -> list[Row]:
    """The rows of a split of `task` that tell `items`, as `grammar` says them."""
    return [RENDER[task](grammar, item, i, split) for i, item in enumerate(items)]


def _xnli(world: World, seed: int, rows: int) -> list[inference.Inference]:
    """What XNLI's validation set tells, in every language (multilingual.translated_tasks)."""
    maker = Maker(world, f"{seed}/validation/translated")
    return [inference.mnli(maker) for _ in range(rows)]


# -- when asked for --


def asked(root: Path, repo: str, config: str, split: str, seed: int = 0) -> Path | None:
    """The repository, below the lab's directory `root`, of a translation that was not written with
    everything else; it is written now if it was not yet. None of what is no such translation.

    It holds that one config only, so that the state of no other repository changes.
    """
    name = f"mnli.{config}" if repo == XNLI and split == "train" else config
    found = NAME.fullmatch(name) if name != config or repo == REPO else None
    if not found or (root / repo / config / f"{split}-00000-of-00001.parquet").exists():
        return None
    task, code, share = found.groups()
    if share is not None and not (0 < float(share) <= 1 and share == f"{float(share):g}"):
        return None
    place = root / "asked" / f"{repo.partition('/')[2]}.{config}"
    if not place.exists():
        place.parent.mkdir(exist_ok=True)
        with FileLock(f"{place}.lock"):
            if not place.exists():
                new = place.with_name(f"{place.name}.new")
                shutil.rmtree(new, ignore_errors=True)
                splits = ("train",) if repo == XNLI else SPLITS
                _write(root, new / config, task, code, float(share or 0), splits, seed)
                new.rename(place)
    return place


def _write(
    root: Path, place: Path, task: str, code: str, errors: float, splits: tuple[str, ...], seed: int
) -> None:
    """Write `task` in language `code` into the directory `place`."""
    words = lexicon(code, World(seed).concepts(), seed)
    for split in splits:
        items = _items(root / ITEMS.format(task, split))
        grammar = Translator(words, errors, f"{seed}/{split}/errors") if errors else Grammar(words)
        parquet(place, split, rendered(task, items, split, grammar), COLUMNS[task])
