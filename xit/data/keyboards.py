"""Keyboards: which letters a finger may hit beside the one that is meant.

    neighbours("a", "LATIN", "de")       # what lies around A on a German keyboard

A layout is a row of keys per line, "q" row first, a blank for a key without a letter; a second
block holds what the keys give with shift, where that is another letter and not the capital. One
layout a script, and one of its own for languages whose common layout differs. The layouts: US
QWERTY and the German, French, Spanish and Turkish (Q) ones; Russian; Greek; Georgian (QWERTY);
Arabic (101) and Persian (ISIRI 9147); Hebrew (SI-1452); InScript, one layout for all Indic scripts
of it; Thai (Kedmanee, with the number row). Other scripts have none here: Chinese, Japanese and
Korean are not typed letter by letter, and of the rest we know none well enough.
"""

import unicodedata
from functools import lru_cache

Layout = tuple[tuple[str, ...], ...]  # rows, then the same rows with shift where that differs
OFFSETS = (0.0, 0.25, 0.75)  # of the q, a and z rows to the right, in widths of a key
NUMBERS = -0.5  # of the row above them

QWERTY = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
INSCRIPT: Layout = (
    ("     बहगदजड", "     परकतचट", "  मनवलस  य"),
    ("औऐआईऊभङघधझढञ", "ओएअइउफऱखथछठ", "  णऩऴळशष"),
)
LAYOUTS: dict[str, Layout] = {
    "LATIN": (QWERTY,),
    "CYRILLIC": (("йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю"),),
    "GREEK": ((" ςερτυθιοπ", "ασδφγηξκλ", "ζχψωβνμ"),),
    "GEORGIAN": (
        ("ქწერტყუიოპ", "ასდფგჰჯკლ", "ზხცვბნმ"),
        (" ჭ ღთ", " შ    ჟ", "ძ ჩ"),
    ),
    "ARABIC": (("ضصثقفغعهخحجد", "شسيبلاتنمكط", "ئءؤر ىةوزظ"),),
    "HEBREW": (("  קראטוןםפ", "שדגכעיחלךף", "זסבהנמצתץ"),),
    "DEVANAGARI": INSCRIPT,
    "THAI": (
        ("ๅ  ภถ  คตจขช", " ไ พะ  รนยบล", "ฟหกดเ  าสวง", "ผปแอ  ทมใฝ"),
        ("", "  ฎฑธ  ณ ญฐ", "ฤฆฏโฌ  ษศซ", "  ฉฮ   ฒฬฦ"),
    ),
}
OF_LANGUAGE: dict[str, Layout] = {
    "de": (("qwertzuiopü", "asdfghjklöä", "yxcvbnm"),),
    "fr": (("azertyuiop", "qsdfghjklm", "wxcvbn"),),
    "es": (("qwertyuiop", "asdfghjklñ", "zxcvbnm"),),
    "tr": (("qwertyuıopğü", "asdfghjklşi", "zxcvbnmöç"),),
    "fa": (("ضصثقفغعهخحجچ", "شسیبلاتنمکگ", "ظطزرذدپو"),),
}
# InScript gives related letters one key, and their Unicode blocks run parallel to Devanagari's
BLOCKS = {"BENGALI": 0x80, "TAMIL": 0x280, "TELUGU": 0x300, "MALAYALAM": 0x400}


@lru_cache
def script(letter: str) -> str:
    """The script of `letter`, as its Unicode name begins: "LATIN", "CJK", …; "" if it has none."""
    return unicodedata.name(letter, "").partition(" ")[0]


@lru_cache
def has_layout(of: str) -> bool:
    """Whether a layout of the script `of` is known here."""
    return of in LAYOUTS or of in BLOCKS


@lru_cache(maxsize=10_000)
def neighbours(letter: str, of: str, code: str = "") -> tuple[str, ...]:
    """The letters on the keys around that of `letter` (small), and the other one on its own key.

    `of`: its script; `code`: the language, for a layout of its own. A letter with an accent that
    has no key lies where the bare one does. Nothing where there is no layout or no such key.
    """
    around = _around(of, code if script_of_layout(code) == of else "")
    bare = unicodedata.normalize("NFD", letter)[0]
    return around.get(letter) or around.get(bare, ())


def script_of_layout(code: str) -> str:
    """The script of the layout that the language `code` has for itself, or ""."""
    return script(OF_LANGUAGE[code][0][0][0]) if code in OF_LANGUAGE else ""


@lru_cache
def _around(of: str, code: str) -> dict[str, tuple[str, ...]]:
    layout = OF_LANGUAGE.get(code) or LAYOUTS.get(of) or _inscript(of)
    keys: dict[tuple[int, float], list[str]] = {}  # (row, place) → its letters
    for block in layout:
        offsets = (NUMBERS, *OFFSETS)[-len(block) :]
        for row, (line, offset) in enumerate(zip(block, offsets, strict=True)):
            for column, letter in enumerate(line):
                if letter != " ":
                    keys.setdefault((row, column + offset), []).append(letter)
    found: dict[str, tuple[str, ...]] = {}
    for place, letters in keys.items():
        beside = [x for other, them in keys.items() if _touch(place, other) for x in them]
        for letter in letters:
            found[letter] = tuple(x for x in (*letters, *beside) if x != letter)
    return found


def _touch(one: tuple[int, float], other: tuple[int, float]) -> bool:
    """Whether two keys are neighbours: beside each other, or overlapping in rows that touch."""
    rows, apart = abs(one[0] - other[0]), abs(one[1] - other[1])
    return apart == 1 if rows == 0 else rows == 1 and apart < 1


def _inscript(of: str) -> Layout:
    """InScript in another Indic script; a blank where that has no such letter."""
    if of not in BLOCKS:
        return ()

    def moved(letter: str) -> str:
        there = chr(ord(letter) + BLOCKS[of]) if letter != " " else " "
        return there if unicodedata.category(there) == "Lo" else " "

    return tuple(tuple("".join(map(moved, line)) for line in block) for block in INSCRIPT)
