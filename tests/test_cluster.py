"""Building on a cluster, without one: what is refused before anything starts, what is told."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.toys import project
from xit import build, cluster, paths, study
from xit.__main__ import main
from xit.errors import XitError

ROOT = Path(__file__).parents[1]
PROFILE = Path("notebooks/profiles/slurm/config.yaml")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project with the profile for Slurm, and no Slurm on the PATH."""
    made = project(tmp_path / "project", monkeypatch, with_data=False)
    (made / PROFILE).parent.mkdir(parents=True)
    shutil.copy(ROOT / PROFILE, made / PROFILE)
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    yield made
    paths.project.cache_clear()


def command(place: Path, name: str, status: int) -> None:
    """A command of that name that only ends."""
    file = place.parent / "bin" / name
    file.write_text(f"#!/bin/sh\necho 'accounting is disabled' >&2\nexit {status}\n")
    file.chmod(0o755)


@pytest.mark.parametrize("words", [["build"], ["section", "tasks"]])
@pytest.mark.parametrize(
    ("executor", "told"),
    [
        ("slrum", "unknown executor 'slrum': did you mean 'slurm'?"),
        ("../slurm", "unknown executor '../slurm': did you mean 'slurm'?"),
        ("slurm", "EXECUTOR=slurm needs Slurm's command sbatch, which is not on the PATH"),
    ],
)
def test_it_is_refused_before_anything_starts(
    place: Path, words: list[str], executor: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--study", "toy", "--executor", executor]) == 2
    error = capsys.readouterr().err
    assert told in error and len(error.splitlines()) == 1
    assert not (place / "book").exists() and not (place / "runs").exists()


def test_slurm_without_accounts_is_refused_unless_the_profile_knows(place: Path) -> None:
    command(place, "sbatch", 0)
    command(place, "sacct", 1)
    told = r"\(sacct: accounting is disabled\): write `slurm-status-command: squeue` and"
    with pytest.raises(XitError, match=told):
        cluster.check("slurm")
    with (place / PROFILE).open("a") as profile:
        profile.write("slurm-status-command: squeue\n")
    cluster.check("slurm")


def test_slurm_with_accounts_is_taken(place: Path) -> None:
    command(place, "sbatch", 0)
    command(place, "sacct", 0)
    cluster.check("slurm")


@pytest.mark.parametrize(
    ("text", "told"),
    [("a: [", "config.yaml is not YAML"), ("retries: 2", "names no executor"), ("", "names no")],
)
def test_a_profile_that_cannot_be_read_is_named(place: Path, text: str, told: str) -> None:
    (place / PROFILE).write_text(text)
    with pytest.raises(XitError, match=told):
        cluster.check("slurm")


def test_another_profile_is_another_executor(place: Path) -> None:
    other = place / "notebooks" / "profiles" / "queue" / "config.yaml"
    other.parent.mkdir()
    other.write_text("executor: cluster-generic\n")
    assert cluster.profiles() == ["queue", "slurm"]
    cluster.check("queue")


def test_progress_is_told_in_jobs() -> None:
    lines = ["3 of 12 steps (25%) done\n", "12 of 12 steps (100%) done\n",
             "Trying to restart job 4.\n", "Select jobs to execute...\n"]  # fmt: skip
    assert [cluster.progress(line) for line in lines] == [
        "3 of 11 jobs done", "", "job 4 failed and is submitted again", ""
    ]  # fmt: skip


def test_what_is_out_of_date_is_what_snakemake_would_execute(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy = study.load("toy")
    table = "Job stats:\njob    count\n-----  -----\ntarget_none      1\nsite      1\ntotal   2\n"

    def answer(words: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        assert "--dry-run" in words and "study=toy" in words
        return subprocess.CompletedProcess(words, int("hub=" in words), table, "no such rule")

    monkeypatch.setattr(subprocess, "run", answer)
    assert cluster.out_of_date(toy) == {"target/none", "site"}
    monkeypatch.setattr(build, "config", lambda _: ["study=toy", "hub="])
    with pytest.raises(XitError, match="no such rule"):
        cluster.out_of_date(toy)
