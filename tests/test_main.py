"""The command line: what it takes, one line for what it does not."""

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import datasets
import pytest
import yaml

from tests.toys import STUDY, hub, project
from xit import build, execute, paths, study
from xit.__main__ import main
from xit.errors import XitError


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        yield project(tmp_path_factory.mktemp("project"), patch)
    paths.project.cache_clear()


@pytest.fixture(autouse=True)
def built(place: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple]:
    """Builds are only noted; every test begins with the study's own parameters and study file."""
    calls: list[tuple] = []
    monkeypatch.setattr(build, "build", lambda *args: calls.append(args))
    execute.changes_file("toy").unlink(missing_ok=True)
    told = STUDY | {"hub": "hub", "model": "model"}
    (place / "notebooks/studies/toy.yaml").write_text(yaml.safe_dump(told))
    return calls


def fails(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The one line that `xit …` says on its way out with status 2."""
    assert main(list(words)) == 2
    told = capsys.readouterr().err
    assert told.startswith("error: ") and told.count("\n") == 1, told
    return told


def test_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--study", "toy"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].split() == "for from state found rows of columns licence size".split()
    assert told[-1] == "study 'toy' can run: 17 sections"
    assert any(x.startswith("google/xtreme udpos.* (train, validation, test)") for x in told)


def test_check_of_a_study_that_cannot_run(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(place, languages={"all": ["en", "ru"]})
    assert main(["check", "--study", "toy"]) == 1
    told = capsys.readouterr().out.splitlines()
    assert told[-3] == (
        "- google/xtreme udpos.*, google/xtreme XQuAD.*, google/xtreme tatoeba.*: no ru; "
        "hf download --repo-type dataset google/xtreme --local-dir hub/google/xtreme"
    )
    assert told[-1] == "study 'toy' cannot run: 3 of 7 lines are not there or not complete"


def test_build_and_section(built: list, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", "--study", "toy", "--jobs", "3"]) == 0
    assert main(["section", "target/none", "--study", "toy", "--params", "epochs=2 seed=3"]) == 0
    assert built == [("toy", None, 3), ("toy", None, os.cpu_count(), "target/none")]
    told = capsys.readouterr().out
    assert told == "section target/none of study toy: epochs=2.0, seed=3\n"
    assert execute.changes("toy") == {"target/none": {"epochs": 2.0, "seed": 3}}
    assert main(["section", "target/none", "--study", "toy"]) == 0
    assert "the study's own parameters" in capsys.readouterr().out
    assert execute.changes("toy") == {}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["check", "--study", "tyo"], "unknown study 'tyo': did you mean 'toy'?"),
        (["build", "--study", "toy", "--jobs", "0"], "JOBS = '0': expected a whole number"),
        (["build", "--study", "toy", "--jobs", "many"], "JOBS = 'many': expected"),
        (["build", "--study", "toy", "--jobs", "-1"], "JOBS = '-1': expected"),
        (["section", "", "--study", "toy"], "no section named: give S="),
        (["section", "target/non", "--study", "toy"], "did you mean 'target/none'?"),
        (["section", "target/none", "--study", "toy", "--params", "epoch=2"], "mean 'epochs'"),
        (["section", "target/none", "--study", "toy", "--params", "seed=x"], "expected int"),
        (["check", "--study", "toy", "--hub", "no/where"], "'no/where' does not exist"),
        (["check", "--study", "../toy"], "unknown study '../toy'"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line(
    words: list[str], message: str, built: list, capsys: pytest.CaptureFixture[str]
) -> None:
    assert message in fails(capsys, *words)
    assert execute.changes("toy") == {}
    if words[0] != "build" or "--jobs" in words:
        assert built == []


def edit(place: Path, **values: object) -> None:
    path = place / "notebooks/studies/toy.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | values))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"languages": {"all": ["en", "dee"]}}, "unknown language 'dee': did you mean 'de'?"),
        ({"languages": {"all": ["en", "ru"]}}, "udpos.Russian"),
        ({"hub": None}, "give HUB=<directory>"),
        ({"model": "xit/lab/chekpoint"}, "model directory 'xit/lab/chekpoint' has no config.json"),
        ({"model": "pretrain", "pretrain": {}}, "pretrain: has no corpora"),
        ({"model": "pretrain", "pretrain": {"corpora": {"xit/corpus": ["en"]}, "stesp": 3}},
         "'stesp': did you mean 'steps'?"),
        ({"pretrain": {"corpora": {"xit/corpsu": ["en"]}}}, "'xit/corpsu': did you mean"),
        ({"targets": ["udpos", "uner"]}, "unknown repository"),
    ],
    ids=str,
)  # fmt: skip
def test_a_study_that_cannot_run_says_so_before_any_work(
    values: dict, message: str, place: Path
) -> None:
    edit(place, **values)
    with pytest.raises(XitError) as error:
        build.check(study.load("toy"))
    assert message in str(error.value) and "\n" not in str(error.value)
    assert main(["check", "--study", "toy"]) in (1, 2)


def test_a_column_that_is_missing(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = hub(place / "lacking")
    file = copy / "google/xtreme/udpos.German/test-00000-of-00001.parquet"
    datasets.Dataset.from_list([{"tokens": ["a"], "tags": [0]}]).to_parquet(str(file))
    with pytest.raises(XitError, match=r"udpos.German has no column 'pos_tags'; its columns: to"):
        build.check(study.load("toy", str(copy)))
    assert main(["check", "--study", "toy", "--hub", str(copy)]) == 1
    told = capsys.readouterr().out
    assert "no pos_tags" in told and "read by the columns tokens, pos_tags" in told


def test_a_change_that_fits_no_more_can_be_dropped(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The study lost a target that a section was restricted to: `PARAMS=` is the way out."""
    assert main(["section", "target/none", "--study", "toy", "--params", "targets=xquad"]) == 0
    edit(place, targets=["udpos"])
    assert "'xquad'" in fails(capsys, "check", "--study", "toy")
    assert main(["section", "target/none", "--study", "toy", "--params", ""]) == 0
    assert execute.changes("toy") == {}


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_changes_that_cannot_be_written_are_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], code: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(execute, "write", refuse)
    told = fails(capsys, "section", "target/none", "--study", "toy", "--params", "seed=3")
    assert os.strerror(code) in told or "no space" in told


def test_too_little_space(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Usage:
        free = 2**30

    monkeypatch.setattr(build.shutil, "disk_usage", lambda _: Usage)
    with pytest.raises(XitError, match=r"only 1\.0 GiB free"):
        build.check(study.load("toy"))
    assert main(["check", "--study", "toy"]) == 1
    assert "cannot run: too little space" in capsys.readouterr().out


def test_interrupting_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(build, "build", interrupt)
    assert main(["build", "--study", "toy"]) == 130
    assert capsys.readouterr().err == "interrupted; what is finished is kept\n"


def test_nobody_reads_on(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """As in `make book | head`."""

    def refuse(*_: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(build, "build", refuse)
    assert main(["build", "--study", "toy"]) == 141
    assert capfd.readouterr().err == ""


def test_hub_directories_are_kept_relative_to_the_project(
    place: Path, monkeypatch: pytest.MonkeyPatch, built: list
) -> None:
    """As typed from wherever, shown without the machine's paths."""
    for typed in (str(place / "hub"), "hub"):
        monkeypatch.chdir(place)
        assert main(["build", "--study", "toy", "--hub", typed]) == 0
    assert [call[1] for call in built] == ["hub", "hub"]


@pytest.mark.parametrize("words", [[], ["bild"], ["build", "--jbs", "2"]])
def test_unknown_commands(words: list[str]) -> None:
    with pytest.raises(SystemExit) as told:
        main(words)
    assert told.value.code == 2


def test_from_a_shell(tmp_path: Path) -> None:
    """The status and the line reach the shell; nothing heavy is imported to say no."""
    (tmp_path / "notebooks/studies").mkdir(parents=True)
    (tmp_path / "notebooks/studies/toy.yaml").touch()
    root = Path(__file__).resolve().parents[1]
    made = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "xit", "build", "--study", "tyo"],
        env=os.environ | {"XIT_ROOT": str(tmp_path)}, cwd=root, capture_output=True, text=True,
    )  # fmt: skip
    assert made.returncode == 2
    errors = [x for x in made.stderr.splitlines() if not x.startswith("import time:")]
    assert errors == ["error: unknown study 'tyo': did you mean 'toy'?"]
    assert not any(x.endswith(("| torch", "| transformers")) for x in made.stderr.splitlines())
