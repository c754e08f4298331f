"""Rows made ready: what is dropped and mended."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xit.data import clean
from xit.errors import XitError


@pytest.mark.parametrize(
    ("context", "answer", "start", "expected"),
    [
        ("the cat", "cat", 4, 4),
        ("the cat", "cat", 6, 4),  # shifted to the right
        ("  the cat", "cat", 4, 6),  # shifted to the left
        ("a cat, a cat", "cat", 3, 2),  # the nearer one
        ("a cat, a cat", "cat", 8, 9),
        ("cat cat", "cat", 2, 0),  # two from either: ties go left
        ("cat", "cat", 99, 0),  # far beyond the end
        ("cat", "cat", -5, 0),
        ("aaa", "aa", 1, 1),
        ("the cat", "dog", 4, None),
        ("the cat", "", 4, None),
    ],
)
def test_nearest(context: str, answer: str, start: int, expected: int | None) -> None:
    assert clean.nearest(context, answer, start) == expected


def test_tags_are_mapped_by_name_and_fused_forms_left_out() -> None:
    """ "du" is written for "de le": Universal Dependencies gives it no tag of its own."""
    raw: list[dict] = [
        {"tokens": ["du", "de", "le", "chat"], "tags": [3, 1, 2, 0]},
        {"tokens": [], "tags": []},
    ]
    names, tags = ["NOUN", "ADP", "DET", "_"], ("ADP", "DET", "NOUN", "VERB")
    kept, counts = clean.retagged(raw, ("tokens", "tags"), names, tags, "ud")
    assert kept[0] == {"tokens": ["de", "le", "chat"], "tags": [0, 1, 2]}
    assert kept[1] == raw[1] and counts == {"words left out": 1}
    named = [{"tokens": ["chat"], "tags": ["NOUN"]}]
    assert clean.retagged(named, ("tokens", "tags"), None, tags, "ud")[0][0]["tags"] == [2]


@pytest.mark.parametrize("tag", [-1, 2])
def test_a_tag_without_a_name_is_one_line(tag: int) -> None:
    """-1, which marks what has no label, is not the last of the names."""
    raw: list[dict] = [{"tokens": ["chat"], "tags": [tag]}]
    with pytest.raises(XitError, match=r"^ud: expected tags from 0 to 1, not .*'chat'"):
        clean.retagged(raw, ("tokens", "tags"), ["NOUN", "_"], ("NOUN",), "ud")


def test_labels_of_social_iqa_may_end_in_a_newline() -> None:
    row = {"context": "c", "question": "q?", "answerA": "a", "answerB": "b", "answerC": "c"}
    for label, expected in (("1", 0), ("3\n", 2), ("", clean.PLACEHOLDER)):
        assert clean.RESHAPE["social_iqa"](row | {"label": label})["label"] == expected


@settings(deadline=None)
@given(st.text("ab ", max_size=20), st.text("ab ", min_size=1, max_size=3), st.integers(-3, 25))
def test_nearest_is_the_nearest(context: str, answer: str, start: int) -> None:
    every = [i for i in range(len(context)) if context.startswith(answer, i)]
    expected = min(every, key=lambda i: (abs(i - start), i), default=None)
    assert clean.nearest(context, answer, start) == expected
