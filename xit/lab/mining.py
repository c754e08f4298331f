"""Corpora to mine translations from, as in BUCC 2018: a few pairs among many sentences.

XTREME on the Hub has only the gold pairs. The corpora lie where the user of the real ones unpacks
BUCC's release: `xit/bucc2018/<pair>/<pair>.<part>.<language>`, lines of id, tab and sentence, and
`….gold`, lines of two ids, for the parts sample (validation in XTREME) and training (test there).
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from xit.lab.grammar import Grammar, text
from xit.lab.languages import SOURCE
from xit.lab.pairs import changed_in
from xit.lab.tasks import Maker, Row
from xit.lab.world import Event

NEAR = 0.1  # share of the other sentences that differ from a gold sentence in one word


class Corpora(NamedTuple):
    """Events told in one language, those told in the source, and which are translations."""

    other: list[Event]
    source: list[Event]
    gold: list[tuple[int, int]]  # (index in `other`, index in `source`), in the order of `other`


def corpora(maker: Maker, told: Callable[[Event], str], side: int, pairs: int) -> Corpora:
    """Two corpora of `side` sentences, of which `pairs` are translations; no sentence occurs twice.

    What has no translation is on either side, to a share NEAR, a gold sentence with another agent,
    verb, object, place or time.
    """
    rng, seen = maker.rng, set[str]()

    def new(draw: Callable[[], Event]) -> Event:
        while told(event := draw()) in seen:
            pass
        seen.add(told(event))
        return event

    def near() -> Event:
        event = rng.choice(gold)
        slots = ("agent", "verb", "patient", "place", "time")
        return changed_in(maker, event, rng.choice([s for s in slots if getattr(event, s)]))

    gold = [new(maker.sentence) for _ in range(pairs)]
    sides = []
    for _ in range(2):
        alone = [new(near if rng.random() < NEAR else maker.sentence) for _ in range(side - pairs)]
        sides.append(rng.sample([*gold, *alone], side))
    other, source = sides
    where = {told(e): i for i, e in enumerate(source)}
    found = {told(e) for e in gold}
    matches = [(i, where[told(e)]) for i, e in enumerate(other) if told(e) in found]
    return Corpora(other, source, matches)


def write_corpora(
    folder: Path, part: str, grammar: Grammar, source: Grammar, item: Corpora
) -> list[Row]:
    """Write the three files of one part of a language pair; the gold pairs in XTREME's columns.

    Ids are BUCC's: language and nine digits. On the Hub XTREME's `source_lang` and `target_lang`
    hold these ids; so do they here.
    """
    code = grammar.language.code
    start = f"{code}-{SOURCE}.{part}"
    folder.mkdir(parents=True, exist_ok=True)
    said = {}
    for name, speaker, events in ((code, grammar, item.other), (SOURCE, source, item.source)):
        said[name] = [
            (f"{name}-{i:09d}", text(speaker.statement(e))) for i, e in enumerate(events, 1)
        ]
        lines = "".join(f"{key}\t{sentence}\n" for key, sentence in said[name])
        (folder / f"{start}.{name}").write_text(lines, encoding="utf-8")
    pairs = [(said[code][i], said[SOURCE][j]) for i, j in item.gold]
    (folder / f"{start}.gold").write_text("".join(f"{a[0]}\t{b[0]}\n" for a, b in pairs))
    return [
        {
            "source_sentence": a[1],
            "target_sentence": b[1],
            "source_lang": a[0],
            "target_lang": b[0],
        }
        for a, b in pairs
    ]
