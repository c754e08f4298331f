"""Keyboards: who is whose neighbour, and that every layout holds its own script's letters."""

import pytest

from xit.data import keyboards
from xit.data.keyboards import neighbours


@pytest.mark.parametrize(
    ("letter", "script", "code", "expected"),
    [
        ("g", "LATIN", "", "tyfhvb"),
        ("a", "LATIN", "", "qwsz"),
        ("z", "LATIN", "de", "tugh"),  # QWERTZ: where y is elsewhere
        ("a", "LATIN", "fr", "zq"),  # AZERTY
        ("é", "LATIN", "es", "wrsd"),  # no key of its own: where e lies
        ("i", "LATIN", "tr", "şğü"),  # Turkish Q: ı is another key
        ("п", "CYRILLIC", "", "енарми"),
        ("ё", "CYRILLIC", "", "кнап"),
        ("ს", "GEORGIAN", "", "წჭეადზძხშ"),
        ("ا", "ARABIC", "", "عغلتى"),
        ("گ", "ARABIC", "fa", "چجک"),
        ("א", "HEBREW", "", "רטכע"),
        ("क", "DEVANAGARI", "", "खगघदधरऱतथसशष"),
        ("ক", "BENGALI", "", "খগঘদধরতথসশষ"),
        ("ส", "THAI", "", "ศยญนาษวซมฒใฬ"),
    ],
)
def test_neighbours(letter: str, script: str, code: str, expected: str) -> None:
    assert set(neighbours(letter, script, code)) == set(expected)


def test_what_is_on_no_keyboard_has_none() -> None:
    assert not keyboards.has_layout("CJK") and not keyboards.has_layout("HANGUL")
    assert neighbours("大", "CJK") == ()
    assert neighbours("þ", "LATIN") == ()
    assert neighbours("ж", "CYRILLIC", "de") == neighbours("ж", "CYRILLIC")  # not a German key


def test_every_layout_holds_letters_of_its_script_once() -> None:
    layouts = {s: keyboards.LAYOUTS.get(s) or keyboards._inscript(s)
               for s in (*keyboards.LAYOUTS, *keyboards.BLOCKS)}  # fmt: skip
    layouts |= {keyboards.script_of_layout(c): told for c, told in keyboards.OF_LANGUAGE.items()}
    for script, layout in layouts.items():
        letters = [x for block in layout for line in block for x in line if x != " "]
        assert len(letters) == len(set(letters)) > 20, script
        assert {keyboards.script(x) for x in letters} == {script}


def test_neighbours_are_mutual() -> None:
    for script in (*keyboards.LAYOUTS, *keyboards.BLOCKS):
        around = keyboards._around(script, "")
        assert all(a in around[b] for a, them in around.items() for b in them)
