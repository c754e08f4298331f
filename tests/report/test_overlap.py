"""Shared sub-words: by hand, and of the toy study's texts."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.toys import toy_study
from xit import specs
from xit.errors import XitError
from xit.report import overlap
from xit.report.typology import OVERLAP
from xit.study import Study


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    with toy_study(tmp_path_factory.mktemp("project")) as made:
        yield made


def test_by_hand() -> None:
    """Four sub-words of each: of de's 1 2 2 9 the source has 1 and 2: two types of three, three
    tokens of four; what comes after the fourth is not read."""
    told = overlap.shares({"en": [[1, 2], [3, 4, 9]], "de": [[1, 2, 2], [9]], "fr": [[]]}, "en")
    assert told.loc["de"].to_dict() == {
        "types": pytest.approx(2 / 3), "tokens": 0.75, OVERLAP: 0.25
    }  # fmt: skip
    assert told.loc["en", OVERLAP] == 0
    assert "fr" not in told.index  # no text


@given(
    st.dictionaries(
        st.sampled_from(["de", "fr", "ja"]),
        st.lists(st.lists(st.integers(0, 20), min_size=1), min_size=1),
    ),
    st.lists(st.integers(0, 20), min_size=1),
)
def test_shares_are_shares(texts: dict, source: list[int]) -> None:
    told = overlap.shares({**texts, "en": [source]}, "en")
    assert told.to_numpy().min() >= 0 and told.to_numpy().max() <= 1
    assert told.loc["en"].to_dict() == {"types": 1, "tokens": 1, OVERLAP: 0}
    alike = overlap.shares({"en": [source], "de": [source]}, "en")
    assert alike.loc["de", OVERLAP] == 0


def test_unknown_sub_words_are_shared_with_none(toy: Study) -> None:
    lost = overlap.UNKNOWN
    told = overlap.shares({"en": [[1, lost]], "de": [[1, lost]]}, "en")
    assert told.loc["de"].to_dict() == {"types": 0.5, "tokens": 0.5, OVERLAP: 0.5}
    encode = overlap._tokenizer(str(specs.base(toy).path))
    assert encode(["the cat", "猫"])[1][-1] == lost
    assert lost not in encode(["the cat"])[0]


def test_the_source_must_have_text() -> None:
    with pytest.raises(XitError, match="no text in the source language 'en'"):
        overlap.shares({"de": [[1]], "en": [[]]}, "en")


def test_of_a_study(toy: Study) -> None:
    """POS is the first of the two with both languages; its sentences are the same in both."""
    assert overlap.text_of(toy) == "udpos"
    told = overlap.of_study(toy)
    assert told.index.tolist() == ["en", "de"]
    assert told.loc["de", "tokens"] == 1


def test_a_study_of_retrieval_alone_has_no_overlap(toy: Study) -> None:
    only = dataclasses.replace(toy, targets=("tatoeba",))
    assert overlap.text_of(only) is None
    assert len(overlap.of_study(only)) == 0


def test_a_tokenizer_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(XitError, match="cannot read the tokenizer"):
        overlap._tokenizer(str(tmp_path))
