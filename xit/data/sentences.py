"""Where the sentences of a passage begin and end, for passages that come without these marks.

    breaks("He came. She left?")      # [(0, 8), (9, 18)]

A rule, no model: a sentence ends after one of the marks ENDS, with the quotes and brackets that
close after it, where white space follows (after the marks of East Asia also without), not after
an initial ("J. Smith") or a title or month in SHORT. Where a passage begins with a capital
letter, its sentences do not begin with a small one. Thai has no such mark: its passages stay whole
unless they use those of others.
"""

import re

ENDS = ".!?…؟۔।॥"  # white space must follow
WIDE = "。！？｡"  # of East Asia
CLOSING = "\"'”’»)]」』）》"
SHORT = (
    "dr mr mrs ms st jr sr vs gen col capt lt prof rev gov sen rep hon jan feb aug sept oct nov dec"
).split()
END = re.compile(
    rf"[{re.escape(ENDS)}]+[{re.escape(CLOSING)}]*(?=\s|$)|[{WIDE}]+[{re.escape(CLOSING)}]*"
)
WORD = re.compile(r"[^\W\d_]+$")


def breaks(text: str) -> list[tuple[int, int]]:
    """(first character, end) of each sentence of `text`, in order, without the space between."""
    cased = text[:1].isupper()
    found, start = [], 0
    for mark in END.finditer(text):
        if mark[0][0] in ENDS and not _is_end(text, mark, cased):
            continue
        found.append((start, mark.end()))
        start = mark.end()
    found.append((start, len(text)))
    return [span for span in (_stripped(text, *span) for span in found) if span[0] < span[1]]


def _is_end(text: str, mark: re.Match[str], cased: bool) -> bool:
    following = text[mark.end() :].lstrip()[:1]
    if cased and following.islower():
        return False
    if mark[0] != ".":
        return True
    word = WORD.search(text[max(0, mark.start() - 30) : mark.start()])
    before = word[0] if word else ""
    initial = len(before) == 1 and before.isupper()
    return not initial and before.lower() not in SHORT


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    part = text[start:end]
    return start + len(part) - len(part.lstrip()), end - len(part) + len(part.rstrip())
