"""The text corpora of language modelling: what of them is held out, and samples of them."""

import hashlib
import itertools
import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from xit.data import hub
from xit.errors import XitError
from xit.runs import Spec

HELD_OUT = 50  # every 50th text of a corpus measures the language model
# between two sentences: after ., ! or ? and a blank, or after a full stop that needs no blank
BETWEEN = re.compile(r"(?<=[.!?\u061f\u06d4\u0964])\s+|(?<=[\u3002\uff01\uff1f])|\n+")
Corpora = Mapping[str, list[str]]  # repository → configs, each a language


def texts(spec: Spec, heldout: bool) -> dict[str, list[str]]:
    """Language → texts of all corpora; every HELD_OUT-th text is held out of training."""
    found: dict[str, list[str]] = {}
    for repo, codes in spec["corpora"].items():
        for code in codes:
            lines = hub.load(spec["where"]["hub"], repo, code, "train")["text"]
            kept = [t for i, t in enumerate(lines) if (i % HELD_OUT == 0) == heldout and t.strip()]
            found.setdefault(code, []).extend(kept)
    return found


def smoothed(sizes: Mapping[str, int], alpha: float) -> dict[str, float]:
    """Sampling weights of languages, q ∝ p^alpha (Lample & Conneau 2019); sums to 1."""
    total = sum(sizes.values())
    raised = {k: (n / total) ** alpha for k, n in sizes.items()}
    return {k: v / sum(raised.values()) for k, v in raised.items()}


def sentences(where: str, repo: str, code: str) -> Iterator[str]:
    """The sentences of a corpus, in order, without what `texts` holds out."""
    for i, text in enumerate(hub.column(where, repo, code, "train", "text")):
        if i % HELD_OUT:
            yield from (x.strip() for x in BETWEEN.split(text) if x.strip())


def sample(where: str, corpora: Corpora, count: int, alpha: float) -> dict[str, list[str]]:
    """Config → its share of `count` sentences: the first ones, again from the start if too few.

    Shares are `smoothed` by the corpora's numbers of texts. XitError for an empty corpus.
    """
    every = [(repo, code) for repo, codes in corpora.items() for code in codes]
    sizes = {f"{repo} {code}": hub.size(where, repo, code, "train") for repo, code in every}
    share = smoothed(sizes, alpha)
    found: dict[str, list[str]] = {}
    for repo, code in every:
        wanted = max(1, round(count * share[f"{repo} {code}"]))
        some = list(itertools.islice(sentences(where, repo, code), wanted))
        if not some:
            raise XitError(f"{repo} {code} train has no text in it")
        found.setdefault(code, []).extend(some[i % len(some)] for i in range(wanted))
    return found


def fingerprint(where: str, corpora: Corpora, count: int, alpha: float) -> str:
    """16 hex digits over the sentences of `sample`."""
    return _fingerprint(where, json.dumps(corpora), count, alpha)


@lru_cache
def _fingerprint(where: str, corpora: str, count: int, alpha: float) -> str:
    told = sample(where, json.loads(corpora), count, alpha)
    return hashlib.blake2b(json.dumps(told).encode(), digest_size=8).hexdigest()
