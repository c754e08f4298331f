"""BUCC 2018's files, as released."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from xit import paths
from xit.data import bucc
from xit.errors import XitError


@pytest.fixture
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A pair of collections in local/bucc2018 of a project."""
    monkeypatch.setenv("XIT_ROOT", str(tmp_path))
    paths.project.cache_clear()
    place = tmp_path / "local" / "bucc2018" / "de-en"
    place.mkdir(parents=True)
    (place / "de-en.sample.de").write_text("de-1\tEin Satz.\nde-2\tNoch einer.\n")
    (place / "de-en.sample.en").write_text("en-1\tOther.\r\nen-2\tA sentence.\r\n")
    (place / "de-en.sample.gold").write_text("de-1\ten-2\n")
    yield place
    paths.project.cache_clear()


def test_the_release_is_read_as_it_is(release: Path) -> None:
    read = bucc.read("", "de", "en", "validation")
    assert read.source_ids == ["de-1", "de-2"] and read.source == ["Ein Satz.", "Noch einer."]
    assert read.target_ids == ["en-1", "en-2"] and read.target == ["Other.", "A sentence."]
    assert read.gold == {("de-1", "en-2")}


def test_a_hub_s_own_copy_comes_first(release: Path, tmp_path: Path) -> None:
    (tmp_path / "mirror").mkdir()
    assert bucc.directory("mirror") == release.parent
    own = tmp_path / "mirror" / "xit" / "bucc2018"
    own.mkdir(parents=True)
    assert bucc.directory("mirror") == own


def test_what_is_missing_is_said(release: Path) -> None:
    with pytest.raises(XitError, match=r"lacks de-en/de-en\.training\.de"):
        bucc.read("", "de", "en", "test")
    with pytest.raises(XitError, match="unknown split of BUCC 'tests': did you mean 'test'"):
        bucc.read("", "de", "en", "tests")
    release.parent.rename(release.parent.with_name("away"))
    with pytest.raises(XitError, match=r"only BUCC's gold pairs.*local/bucc2018"):
        bucc.read("", "de", "en", "validation")


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("de-en.sample.de", "de-1 no tab\n", r"de-en\.sample\.de line 1: expected an id, a tab"),
        ("de-en.sample.gold", "de-1\ten-9\n", "gold pair de-1 en-9 is not in the corpora"),
    ],
)
def test_a_line_that_is_wrong(release: Path, file: str, text: str, told: str) -> None:
    (release / file).write_text(text)
    with pytest.raises(XitError, match=told):
        bucc.read("", "de", "en", "validation")


def test_identity_is_of_the_content(release: Path) -> None:
    before = bucc.identity("", "de", "en", "validation")
    (release / "de-en.sample.en").write_text("en-1\tOther.\nen-2\tAnother sentence.\n")
    assert bucc.identity("", "de", "en", "validation") != before
