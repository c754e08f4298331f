"""Typing errors in a text: which words get one, and what becomes of them.

    change("some text", key="1/de/0/premise", noise=Noise("mixed", 0.1), known=letters([...])).text

A *word* is a run of letters of one script; scripts that put no blanks between words are cut every
UNSPACED letters, about the length of a word (Chinese: two). Digits, punctuation and what else is
no letter stay as they are. A letter is a character with its combining marks: these stay with what
stands in its place. Of the words a share `rate` is drawn and changed in one letter:

- swap: two neighbouring letters change places
- drop: one letter goes, never the only one
- insert: one letter comes in, of those of the script that the rows have, drawn as often as there
- substitute: another letter, drawn likewise, stands in the place of one
- keyboard: one of its neighbours on the keyboard does (xit/data/keyboards.py), as far as the rows
  have that letter; without a layout for its script, as `substitute`
- mixed: one of these five, for each word by itself

A drawn word always changes, unless the kind cannot change it ("a" has no letters to swap).
"""

import random
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from xit.data.keyboards import has_layout, neighbours, script
from xit.errors import XitError, unknown

MIXED = "mixed"
UNSPACED = {"CJK": 2, "HIRAGANA": 2, "THAI": 4, "LAO": 4, "KHMER": 3, "MYANMAR": 3}
JOINED = "\u200c\u200d\u0e33\u0eb3"  # joiners, and two vowels that are a mark and a letter


class Noise(NamedTuple):
    """How the words of a text are changed."""

    kind: str  # of KINDS, or "mixed"
    rate: float  # share of the words, 0-1
    seed: int = 1


def checked(kind: str, rate: float, seed: int = 1) -> Noise:
    """The noise of this kind and rate; XitError for an unknown kind or another rate than 0-1."""
    if kind not in (*KINDS, MIXED):
        raise unknown("kind of noise", kind, (*KINDS, MIXED))
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate <= 1:
        raise XitError(f"noise rate {rate!r}: expected a share of words between 0 and 1")
    return Noise(kind, float(rate), seed)


class Letters:
    """The letters of one script, small, and how often each stands in the rows."""

    def __init__(self, often: Mapping[str, int]) -> None:
        self.known = sorted(often)
        self.there = frozenset(self.known)
        self.so_far = list(accumulate(often[x] for x in self.known))

    def __contains__(self, letter: object) -> bool:
        return letter in self.there

    def draw(self, rng: random.Random) -> str:
        """A letter, as often as it stands there."""
        return rng.choices(self.known, cum_weights=self.so_far)[0]


# -- one text --


class Changed(NamedTuple):
    """A text with noise, and where it was changed."""

    text: str
    where: list[tuple[int, int, int]]  # of each changed word: begin and end before, length now
    words: int  # in all

    def place(self, before: int) -> int:
        """Where the character at `before` is now, if no word that was changed reaches over it."""
        return before + sum(now - (b - a) for a, b, now in self.where if b <= before)


def change(
    text: str,
    key: str,
    noise: Noise,
    known: dict[str, Letters],
    code: str = "",
    ends: Collection[int] = (),
) -> Changed:
    """`text` with `noise`, drawn by `key`; no word reaches over one of `ends` (character offsets).

    `known`: the `letters` to draw from; `code`: the language, for its keyboard.
    """
    drawn, found = random.Random(key), words(text, ends)
    parts, where, at = [], [], 0
    for number, (begin, end) in enumerate(found):
        if drawn.random() >= noise.rate:
            continue
        rng = random.Random(f"{key}/{number}/{noise.kind}")
        kinds = rng.sample(list(KINDS), len(KINDS)) if noise.kind == MIXED else [noise.kind]
        cut = clusters(text[begin:end])
        new = next((w for k in kinds if (w := KINDS[k](cut, known, rng, code))), None)
        if new is not None:
            parts += [text[at:begin], *new]
            where.append((begin, end, sum(map(len, new))))
            at = end
    return Changed("".join([*parts, text[at:]]), where, len(found))


def words(text: str, ends: Collection[int] = ()) -> list[tuple[int, int]]:
    """(begin, end) of each word of `text`; none reaches over one of `ends`."""
    found: list[tuple[int, int]] = []
    last, count, at = "", 0, 0  # script and letters of the word that is going on; where we are
    for cluster in clusters(text):
        stop = at + len(cluster)
        split = any(at < e < stop for e in ends)  # a letter that such an end parts from its marks
        now = "" if split or not is_letter(cluster[0]) else script(cluster[0])
        if now and now == last and at not in ends and count != UNSPACED.get(now):
            found[-1], count = (found[-1][0], stop), count + 1
        elif now:
            found.append((at, stop))
            count = 1
        last, at = now, stop
    return found


def clusters(text: str) -> list[str]:
    """The characters of `text`, each with its combining marks."""
    if text.isascii():
        return list(text)
    found: list[str] = []
    for character in text:
        if found and _joins(character):
            found[-1] += character
        else:
            found.append(character)
    return found


@lru_cache(maxsize=20_000)
def _joins(character: str) -> bool:
    return unicodedata.category(character).startswith("M") or character in JOINED


@lru_cache(maxsize=20_000)
def is_letter(character: str) -> bool:
    """Whether it is one of a script's letters, and no mark, digit, sign or modifier of letters."""
    return unicodedata.category(character) in ("Lu", "Ll", "Lt", "Lo") and character not in JOINED


def letters(given: Sequence[str]) -> dict[str, Letters]:
    """Script → its letters in the texts `given`."""
    often: dict[str, Counter] = {}
    for letter, count in Counter(x for text in given for x in text).items():
        if is_letter(letter):
            often.setdefault(script(letter), Counter())[_small(letter)] += count
    return {s: Letters(counts) for s, counts in often.items()}


# -- one word: the letters after the change, or None where this kind cannot change it --


def _swap(
    word: list[str], known: dict[str, Letters], rng: random.Random, code: str
) -> list[str] | None:
    places = [i for i in range(len(word) - 1) if word[i] != word[i + 1]]
    if not places:
        return None
    i = rng.choice(places)
    return [*word[:i], word[i + 1], word[i], *word[i + 2 :]]


def _drop(
    word: list[str], known: dict[str, Letters], rng: random.Random, code: str
) -> list[str] | None:
    i = rng.randrange(len(word))
    return [*word[:i], *word[i + 1 :]] if len(word) > 1 else None


def _insert(
    word: list[str], known: dict[str, Letters], rng: random.Random, code: str
) -> list[str] | None:
    i = rng.randrange(len(word) + 1)
    near = word[min(i, len(word) - 1)][0]
    return [*word[:i], _as_large(known[script(near)].draw(rng), near), *word[i:]]


def _substitute(
    word: list[str], known: dict[str, Letters], rng: random.Random, code: str
) -> list[str] | None:
    """Another letter, drawn as often as it stands in the rows, in the place of one."""

    def other(letter: str) -> str | None:
        told = known[script(letter)]
        if not any(_as_large(x, letter) != letter for x in told.known):
            return None
        while (new := _as_large(told.draw(rng), letter)) == letter:
            pass
        return new

    return _replaced(word, other, rng)


def _keyboard(
    word: list[str], known: dict[str, Letters], rng: random.Random, code: str
) -> list[str] | None:
    """A letter on a neighbouring key in the place of one that has any; else as `_substitute`."""

    def beside(letter: str) -> str | None:
        told = script(letter)
        around = neighbours(_small(letter), told, code) if has_layout(told) else ()
        large = [_as_large(x, letter) for x in around if x in known[told]]
        there = [x for x in large if x != letter]
        return rng.choice(there) if there else None

    return _replaced(word, beside, rng) or _substitute(word, known, rng, code)


def _replaced(
    word: list[str], draw: Callable[[str], str | None], rng: random.Random
) -> list[str] | None:
    """One of the letters, the first in random order that another is drawn for, replaced."""
    for i in rng.sample(range(len(word)), len(word)):
        new = draw(word[i][0])
        if new is not None:
            return [*word[:i], new + word[i][1:], *word[i + 1 :]]
    return None


def _small(letter: str) -> str:
    """The small letter where that is one character ("İ" is not), else the letter itself."""
    small = letter.lower()
    return small if len(small) == 1 else letter


def _as_large(new: str, old: str) -> str:
    """The small letter `new` as a capital if `old` is one and there is such a capital."""
    large = new.upper() if old.isupper() else new
    return large if len(large) == 1 else new


KINDS = {
    "swap": _swap,
    "drop": _drop,
    "insert": _insert,
    "substitute": _substitute,
    "keyboard": _keyboard,
}
