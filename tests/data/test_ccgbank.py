"""CCGbank as distributed: invented sentences in its format."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from xit import paths, tasks
from xit.data import ccgbank, labelled
from xit.errors import XitError

SLEEP = r"(<L NP N N Cats NP_1>) (<L S[dcl]\NP VBP VBP sleep S[dcl]\NP_2>) (<L . . . . .>)"
AUTO = f"""ID=wsj_0001.1 PARSER=GOLD NUMPARSE=1
(<T S[dcl] 0 2> {SLEEP} )
ID=wsj_0001.2 PARSER=GOLD NUMPARSE=1
(<T NP 0 1> (<L NP N N %s NP_1>) )
"""


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """CCGbank at local/ccgbank of a project."""
    monkeypatch.setenv("XIT_ROOT", str(tmp_path))
    paths.project.cache_clear()
    place = tmp_path / "local" / "ccgbank"
    for section in (0, *range(2, 22)):
        file = place / "data" / "AUTO" / f"{section:02}" / f"wsj_{section:02}01.auto"
        file.parent.mkdir(parents=True)
        file.write_text(AUTO % ("Dogs" if section else "Mice"))
    yield place
    paths.project.cache_clear()


def test_sentences(directory: Path) -> None:
    found = ccgbank.sentences(directory, "train")
    assert len(found) == 40
    assert found[0] == (["Cats", "sleep", "."], ["NP", r"S[dcl]\NP", "."])
    assert ccgbank.sentences(directory, "validation")[1] == (["Mice"], ["NP"])


def test_the_loader_reads_it_where_it_lies(directory: Path) -> None:
    task = tasks.intermediate("ccg")
    assert task.train and task.dev
    rows, counts = labelled.rows(task, task.train, "", "en")
    assert counts == {"empty": 0, "read": 40}
    names = labelled.outputs(task, task.train, "", "en")
    assert names == labelled.outputs(task, task.dev, "", "en") == [".", "NP", r"S[dcl]\NP"]
    assert [names[t] for t in rows[0]["ccg_tags"]] == ["NP", r"S[dcl]\NP", "."]
    assert labelled.identity(task, task.dev, "", "en") != labelled.identity(
        task, task.train, "", "en"
    )


def test_what_is_missing_is_said(directory: Path) -> None:
    with pytest.raises(XitError, match=r"CCGbank lacks data/AUTO/23/\*\.auto in ccgbank"):
        ccgbank.sentences(directory, "test")
    with pytest.raises(XitError, match="unknown split of CCGbank 'dev'"):
        ccgbank.sentences(directory, "dev")
    directory.rename(directory.with_name("away"))
    task = tasks.intermediate("ccg")
    assert task.train
    with pytest.raises(XitError, match=r"no xit/ccgbank: CCGbank is LDC's .* at local/ccgbank"):
        labelled.rows(task, task.train, "", "en")
