"""Null inputs: the gold stays, the content goes."""

from xit.data.blank import blank
from xit.data.encode import Feature

SPECIAL, MASK = (0, 1, 2, 3), 9


def test_of_a_pair_only_the_special_tokens_stay() -> None:
    made: list[Feature] = [{"ids": [0, 5, 6, 2, 2, 7, 2], "row": 3, "label": 1}]
    assert blank(made, "pair", SPECIAL, MASK) == [{"ids": [0, 2, 2, 2], "row": 3, "label": 1}]
    assert made[0]["ids"] == [0, 5, 6, 2, 2, 7, 2]  # what others read is as it was


def test_the_endings_of_a_choice_become_alike() -> None:
    made: list[Feature] = [
        {"ids": [0, 5, 2, 2, *e, 2], "row": 0, "label": 1} for e in ([6], [7, 8])
    ]
    one, two = blank(made, "choice", SPECIAL, MASK)
    assert one == two


def test_what_is_labelled_or_pointed_at_still_stands_somewhere() -> None:
    tags: list[Feature] = [{"ids": [0, 5, 6, 2], "row": 0, "labels": [-100, 1, 2, -100]}]
    assert blank(tags, "tagging", SPECIAL, MASK) == [tags[0] | {"ids": [0, 9, 9, 2]}]
    span: list[Feature] = [{"ids": [0, 5, 2, 2, 7, 8, 2], "row": 0, "start": 4, "end": 5}]
    assert blank(span, "span", SPECIAL, MASK) == [span[0] | {"ids": [0, 9, 2, 2, 9, 9, 2]}]
