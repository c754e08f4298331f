"""CCGbank as the LDC distributes it: `data/AUTO/02/wsj_0201.auto` and so on.

Sections 02 to 21 are the training set and 00 the development set, as is usual. Phang et al. 2020
print other counts (38,015 and 5,484 sentences) and do not say which sections they took.
"""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from xit.errors import XitError, unknown

if TYPE_CHECKING:  # takes a second to load
    import datasets

SECTIONS = {"train": range(2, 22), "validation": range(1), "test": range(23, 24)}
LEAF = re.compile(r"<L (\S+) \S+ \S+ (\S+) \S+>")  # category, two tags, word, dependency


def sentences(directory: Path, split: str) -> list[tuple[list[str], list[str]]]:
    """(words, categories) of each sentence of `split`; XitError if files are missing."""
    if split not in SECTIONS:
        raise unknown("split of CCGbank", split, SECTIONS)
    found = []
    for section in SECTIONS[split]:
        place = directory / "data" / "AUTO" / f"{section:02}"
        files = sorted(place.glob("*.auto"))
        if not files:
            raise XitError(f"CCGbank lacks data/AUTO/{section:02}/*.auto in {directory.name}")
        for file in files:
            for line in file.read_text(encoding="utf-8").splitlines():
                if leaves := LEAF.findall(line):  # a line between is the sentence's id
                    found.append(([w for _, w in leaves], [c for c, _ in leaves]))
    return found


def load(directory: Path, split: str) -> "datasets.Dataset":
    """The rows of `split`: tokens, ccg_tags (all categories of training and development set)."""
    import datasets

    known = sorted(
        {c for s in ("train", "validation") for _, cs in sentences(directory, s) for c in cs}
    )
    if split == "test":
        known = sorted({*known, *(c for _, cs in sentences(directory, split) for c in cs)})
    features = datasets.Features(
        tokens=datasets.List(datasets.Value("string")),
        ccg_tags=datasets.List(datasets.ClassLabel(names=known)),
    )
    rows = [{"tokens": words, "ccg_tags": cs} for words, cs in sentences(directory, split)]
    return datasets.Dataset.from_list(rows, features=features)
