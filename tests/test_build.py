"""Builds: what is out of date, one at a time, how many processes for what."""

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.toys import project
from xit import build, execute, paths, study
from xit.errors import XitError
from xit.execute import change
from xit.report import tables

SECTION = "intermediate/mnli"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    yield project(tmp_path, monkeypatch, with_data=False)
    paths.project.cache_clear()


def test_only_the_changed_section_is_out_of_date_by_itself(place: Path) -> None:
    toy = study.load("toy")
    before = {s: build.fingerprint(toy, s) for s in toy.sections()}
    change(toy, SECTION, "learning_rate=2e-5")
    after = {s: build.fingerprint(toy, s) for s in toy.sections()}
    assert {s for s in before if before[s] != after[s]} == {SECTION}
    change(toy, SECTION, "")
    assert {s: build.fingerprint(toy, s) for s in toy.sections()} == before


def test_pages_that_are_gone_are_made_again(place: Path) -> None:
    toy = study.load("toy")
    page = execute.executed("toy", "target/none")
    marks = [build.stamp("toy", s) for s in ("target/none", "site")]

    def done() -> list[bool]:
        for mark in marks:
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.touch()
        build.forget_missing(toy)
        return [m.exists() for m in marks]

    page.parent.mkdir(parents=True, exist_ok=True)
    page.touch()
    assert done() == [False, False]  # no record
    page.with_suffix(".json").write_text('{"runs": [')
    assert done() == [False, False]  # a damaged one
    page.with_suffix(".json").write_text('{"runs": [{"run": "scores-a-1"}]}')
    assert done() == [False, False]  # of a run that is gone
    (place / "runs" / "scores-a-1").mkdir(parents=True)
    (place / "runs" / "scores-a-1" / "manifest.json").touch()
    assert done() == [True, False]
    html = place / "book/_build/html"
    html.mkdir(parents=True)
    (html / "index.html").touch()
    assert done() == [True, False]
    (place / "book/_build/study").write_text("toy")
    assert done() == [True, True]
    (place / "book/_build/study").write_text("lab")  # the site shows another study
    assert done() == [True, False]


def test_a_second_build_waits_for_the_first(place: Path) -> None:
    code = "from xit import build\nwith build.lock(): print('in', flush=True)"
    with build.lock() as descriptor:
        assert descriptor > 0
        other = subprocess.Popen(
            [sys.executable, "-c", code], env=os.environ | {"XIT_ROOT": str(place)},
            cwd=Path(__file__).resolve().parents[1], stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert other.stdout
        assert other.stdout.readline().startswith("another build is running in this directory")
        assert other.poll() is None
    assert other.communicate(timeout=60)[0] == "in\n"


def test_a_book_that_cannot_be_written_is_one_line(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(XitError, match=r"cannot write to .*: Read-only"), build.lock():
        pass


@pytest.mark.parametrize(
    ("changed", "section", "ablation"),
    [
        (None, 1, 4),  # sections side by side, each ablation alone
        ("intermediate/mnli", 4, 1),  # the ablations only read it
        ("target/none", 4, 1),
        ("multilingual_model", 4, 4),  # everything is trained anew
        ("mlm", 4, 4),
    ],
)
def test_who_may_use_how_many_processes(changed: str | None, section: int, ablation: int) -> None:
    assert build.workers(changed, 4) == {"section": section, "ablation": ablation}


def test_lines_of_a_file_as_they_are_written(tmp_path: Path) -> None:
    """Whole lines, the last also without an end, and before the writer has ended."""
    code = "import time; print('a', flush=True); print('b', end='', flush=True); time.sleep(0.5); "
    code += "print('c', flush=True); time.sleep(0.5); print('d', end='')"
    with (
        (tmp_path / "log").open("w") as written,
        (tmp_path / "log").open() as file,
        subprocess.Popen([sys.executable, "-c", code], stdout=written) as child,
    ):
        lines = build._lines(child, file)
        assert next(lines) == "a\n"
        assert child.poll() is None
        assert list(lines) == ["bc\n", "d"]


def test_an_error_is_told_with_all_its_lines() -> None:
    said = ["| tasks: 2 s\n", "error: the book did not build:\n", "methods.md:1: WARNING: no\n",
            "RuleException:\n", "error: another\n"]  # fmt: skip
    assert build._error(said) == "the book did not build:\nmethods.md:1: WARNING: no"
    assert build._error(["error: first\n", "error: second\n"]) == "first"
    assert build._error(["| tasks: 2 s\n"]) == ""


def test_languages_are_shown_by_family_and_distance(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy = study.load("toy")
    monkeypatch.setattr(tables, "language_order", lambda _: ["de", "en"])
    shown = build._as_shown(toy)
    assert sorted(shown) == sorted(toy.sections())
    assert [s for s in shown if s.startswith("by_language")] == ["by_language/de", "by_language/en"]
    assert shown.index("by_language/de") == toy.sections().index("by_language/en")


def test_pages_that_follow_a_change_have_room_for_one_more() -> None:
    assert [build.cores("target/none", jobs) for jobs in (1, 2, 8)] == [1, 3, 9]
    assert [build.cores(None, jobs) for jobs in (1, 2, 8)] == [1, 2, 8]
