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


def sentences(where: str, repo: str, code: str, heldout: bool = False) -> Iterator[str]:
    """The sentences of a corpus, in order, without what `texts` holds out; or only those."""
    for i, text in enumerate(hub.column(where, repo, code, "train", "text")):
        if (i % HELD_OUT == 0) == heldout:
            yield from (x.strip() for x in BETWEEN.split(text) if x.strip())


def language(config: str) -> str:
    """The language of a corpus by its config's name: "sw" of "sw" and of "20231101.sw"."""
    return config.rpartition(".")[2]


def without(corpora: Corpora, code: str) -> dict[str, list[str]]:
    """`corpora` but for those in the language `code`; XitError if there are no others."""
    kept = {repo: [c for c in codes if language(c) != code] for repo, codes in corpora.items()}
    if not any(kept.values()):
        raise XitError(
            f"corpora {', '.join(corpora)}: expected text in other languages than {code!r}"
        )
    return {repo: codes for repo, codes in kept.items() if codes}


def held_out(where: str, corpora: Corpora, count: int) -> dict[str, list[str]]:
    """Language → the first `count` sentences that `texts` holds out, of all its corpora together.

    Fewer where there are not so many. They come from texts that no training has read.
    """
    found: dict[str, list[str]] = {}
    for repo, codes in corpora.items():
        for code in codes:
            lines = found.setdefault(language(code), [])
            room = max(0, count - len(lines))
            lines.extend(itertools.islice(sentences(where, repo, code, heldout=True), room))
    return found


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


def held_out_fingerprint(where: str, corpora: Corpora, count: int) -> str:
    """16 hex digits over the sentences of `held_out`."""
    return _held_out_fingerprint(where, json.dumps(corpora), count)


@lru_cache
def _held_out_fingerprint(where: str, corpora: str, count: int) -> str:
    return _digest(held_out(where, json.loads(corpora), count))


@lru_cache
def _fingerprint(where: str, corpora: str, count: int, alpha: float) -> str:
    return _digest(sample(where, json.loads(corpora), count, alpha))


def _digest(told: dict[str, list[str]]) -> str:
    return hashlib.blake2b(json.dumps(told).encode(), digest_size=8).hexdigest()
