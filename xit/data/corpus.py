"""The text corpora of language modelling, and what of them is held out."""

from xit.data import hub
from xit.runs import Spec

HELD_OUT = 50  # every 50th text of a corpus measures the language model


def texts(spec: Spec, heldout: bool) -> dict[str, list[str]]:
    """Language → texts of all corpora; every HELD_OUT-th text is held out of training."""
    found: dict[str, list[str]] = {}
    for repo, codes in spec["corpora"].items():
        for code in codes:
            lines = hub.load(spec["where"]["hub"], repo, code, "train")["text"]
            kept = [t for i, t in enumerate(lines) if (i % HELD_OUT == 0) == heldout and t.strip()]
            found.setdefault(code, []).extend(kept)
    return found
