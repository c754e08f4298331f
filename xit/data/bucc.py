"""The corpora of BUCC 2018: two collections of sentences, and which of them translate each other.

The Hub's `google/xtreme` holds only the gold pairs, not the sentences to find them among. The
release's files are read as they are, from `xit/bucc2018` of the hub or from `local/bucc2018`:

    de-en/de-en.sample.de   de-en.sample.en   de-en.sample.gold      development, as in XTREME
    de-en/de-en.training.de …                                        test, as in XTREME

Each line is an id, a tab and a sentence; a gold line is an id of each side.
"""

import hashlib
from pathlib import Path
from typing import NamedTuple

from xit.data import hub as hubs
from xit.data import supplied
from xit.errors import XitError, unknown

PARTS = {"validation": "sample", "test": "training"}  # XTREME's names for the release's files


class Corpora(NamedTuple):
    """Ids and sentences of both sides, and the gold pairs of ids."""

    source_ids: list[str]
    source: list[str]
    target_ids: list[str]
    target: list[str]
    gold: set[tuple[str, str]]


def directory(hub: str) -> Path | None:
    """Where the release lies, or None."""
    root = hubs.root(hub)
    own = Path(root, "xit", "bucc2018") if root else None
    return own if own and own.is_dir() else supplied.find(hub, "xit/bucc2018")


def files(hub: str, code: str, pivot: str, split: str) -> list[Path]:
    """The three files of a language pair; XitError says where they are looked for."""
    if split not in PARTS:
        raise unknown("split of BUCC", split, PARTS)
    place, pair = directory(hub), f"{code}-{pivot}"
    if place is None:
        raise XitError(f"no xit/bucc2018: {supplied.SUPPLIED['xit/bucc2018']}")
    found = [place / pair / f"{pair}.{PARTS[split]}.{end}" for end in (code, pivot, "gold")]
    for file in found:
        if not file.is_file():
            raise XitError(f"BUCC 2018 lacks {file.parent.name}/{file.name}")
    return found


def read(hub: str, code: str, pivot: str, split: str) -> Corpora:
    """The corpora of `code` and `pivot` (English in BUCC); XitError for a line not as described."""
    sides = [_pairs(f) for f in files(hub, code, pivot, split)]
    gold = set(sides[2])
    ids = [{i for i, _ in side} for side in sides[:2]]
    for a, b in sorted(gold):
        if a not in ids[0] or b not in ids[1]:
            raise XitError(f"BUCC 2018 {code}-{pivot}: gold pair {a} {b} is not in the corpora")
    source, target = (([i for i, _ in s], [t for _, t in s]) for s in sides[:2])
    return Corpora(*source, *target, gold)


def _pairs(file: Path) -> list[tuple[str, str]]:
    lines = file.read_text(encoding="utf-8").split("\n")
    split = [line.partition("\t") for line in lines if line.strip()]
    wrong = next((i for i, (_, tab, text) in enumerate(split, 1) if not tab or not text), None)
    if wrong:
        raise XitError(f"{file.name} line {wrong}: expected an id, a tab and a text")
    return [(i.strip(), text.strip()) for i, _, text in split]


def identity(hub: str, code: str, pivot: str, split: str) -> str:
    """16 hex digits over the files."""
    digest = hashlib.blake2b(digest_size=8)
    for file in files(hub, code, pivot, split):
        digest.update(file.read_bytes())
    return digest.hexdigest()
