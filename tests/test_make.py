"""The Makefile: what it offers, that it hands on what was typed, that it installs once."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TARGETS = set("book section plan compare verify pdf serve notebook test lint check lock".split())
TARGETS |= {"audit", "bench", "clean", "help"}
HOSTILE = "x; touch pwned $(touch pwned) `touch pwned` 'a \"b $(shell touch pwned)"
# Writes its arguments to ./calls; an installation fails while there is a file ./broken.
FAKE_PYTHON = f"""#!{sys.executable}
import json, os, sys
with open("calls", "a") as calls:
    print(json.dumps(sys.argv[1:]), file=calls)
sys.exit("install" in sys.argv and os.path.exists("broken"))
"""

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="needs make")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A project with nothing but the Makefile and an environment whose Python tells on itself."""
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(FAKE_PYTHON)
    python.chmod(0o755)
    return tmp_path


def make(checkout: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`make` with these arguments, free of what the calling make or conda set."""
    inherited = {
        k: v
        for k, v in os.environ.items()
        if not k.startswith(("MAKE", "MFLAGS", "CONDA", "NB_", "PORT"))
    }
    for name in ("STUDY", "HUB", "JOBS", "EXECUTOR", "S", "PARAMS", "ARGS", "A", "B"):
        inherited.pop(name, None)
    command = ["make", *arguments]
    return subprocess.run(
        command,
        cwd=checkout,
        env=inherited | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def calls(checkout: Path) -> list[list[str]]:
    """The arguments of each call of the environment's Python so far."""
    return [json.loads(line) for line in (checkout / "calls").read_text().splitlines()]


def test_help_is_the_default_and_names_every_target(checkout: Path) -> None:
    told = make(checkout).stdout
    assert set(re.findall(r"^  make (\w+) +\S", told, re.MULTILINE)) == TARGETS
    assert told == make(checkout, "help").stdout
    assert len((ROOT / "Makefile").read_text().splitlines()) < 80


def test_the_defaults(checkout: Path) -> None:
    assert make(checkout, "book", "JOBS=3").returncode == 0
    assert calls(checkout)[-1] == ["-m", "xit", "build", "--study", "lab", "--jobs", "3"]


def test_a_study_is_verified_as_it_was_built(checkout: Path) -> None:
    assert make(checkout, "verify", f"STUDY={HOSTILE}").returncode == 0
    made = [call for call in calls(checkout) if call[:2] == ["-m", "xit"]]
    assert made == [["-m", "xit", "verify", "--study", HOSTILE]]  # and nothing is built for it


@pytest.mark.parametrize("target", ["book", "section"])
def test_the_executor_is_handed_on(checkout: Path, target: str) -> None:
    assert make(checkout, target, "JOBS=32", f"EXECUTOR={HOSTILE}").returncode == 0
    words = calls(checkout)[-1]
    at = words.index("--executor")
    assert words[at - 2 : at + 2] == ["--jobs", "32", "--executor", HOSTILE]
    assert not (checkout / "pwned").exists()


def test_two_studies_are_handed_on(checkout: Path) -> None:
    assert make(checkout, "compare", "A=lab", f"B={HOSTILE}").returncode == 0
    assert calls(checkout)[-1] == ["-m", "xit", "compare", "lab", HOSTILE]
    assert make(checkout, "compare").returncode == 0  # and xit says what is missing
    assert calls(checkout)[-1] == ["-m", "xit", "compare", "", ""]
    assert not (checkout / "pwned").exists()


@pytest.mark.parametrize("given", ["command line", "environment"])
def test_what_was_typed_arrives_unread(checkout: Path, given: str) -> None:
    values = {"STUDY": HOSTILE, "HUB": "a b", "S": HOSTILE, "PARAMS": 'rate=2e-5 name="$x"'}
    if given == "environment":
        done = make(checkout, "section", "JOBS=1", **values)
    else:
        done = make(checkout, "section", "JOBS=1", *(f"{k}={v}" for k, v in values.items()))
    assert done.returncode == 0, done.stderr
    study = ["--study", HOSTILE, "--hub", "a b"]
    rest = ["--jobs", "1", "--params", 'rate=2e-5 name="$x"']
    assert calls(checkout)[-1] == ["-m", "xit", "section", HOSTILE, *study, *rest]
    assert not (checkout / "pwned").exists()


def test_installs_once_and_again_when_the_lock_changes(checkout: Path) -> None:
    def installations() -> int:
        return calls(checkout).count(["xit/packages.py", "install"])

    make(checkout, "check")
    make(checkout, "check")
    assert installations() == 1
    later = (checkout / ".venv" / ".xit-installed").stat().st_mtime + 10
    os.utime(checkout / "requirements.lock", (later, later))
    make(checkout, "check")
    assert installations() == 2


def test_an_installation_cut_short_is_done_again(checkout: Path) -> None:
    (checkout / "broken").touch()
    assert make(checkout, "check").returncode != 0
    assert not any("-m" in call and "xit" in call for call in calls(checkout))
    (checkout / "broken").unlink()
    assert make(checkout, "check").returncode == 0
    assert calls(checkout)[-1][:3] == ["-m", "xit", "check"]


def test_an_active_conda_environment_is_used(checkout: Path) -> None:
    shutil.move(checkout / ".venv", checkout / "conda")
    conda = {"CONDA_DEFAULT_ENV": "xit", "CONDA_PREFIX": str(checkout / "conda")}
    assert make(checkout, "check", **conda).returncode == 0
    assert not (checkout / ".venv").exists()
    assert make(checkout, "-n", "check", CONDA_DEFAULT_ENV="other").stdout.count("-m venv")


def test_binders_environment_is_used(checkout: Path) -> None:
    shutil.move(checkout / ".venv", checkout / "notebook")
    assert make(checkout, "check", NB_PYTHON_PREFIX=str(checkout / "notebook")).returncode == 0
    assert not (checkout / ".venv").exists()


def test_pdf_and_serve_come_after_the_book(checkout: Path) -> None:
    assert make(checkout, "pdf", "STUDY=smoke").returncode == 0
    assert make(checkout, "serve", "PORT=8080").returncode == 0
    made = [call[2:] for call in calls(checkout) if call[:2] == ["-m", "xit"]]
    assert [call[0] for call in made] == ["build", "pdf", "build", "serve"]
    assert made[0][1:3] == ["--study", "smoke"] and made[3] == ["serve", "--port", "8080"]


def test_without_python_3_11_it_says_what_to_install(checkout: Path) -> None:
    shutil.rmtree(checkout / ".venv")
    tools = checkout / "bin"
    tools.mkdir()
    for name in ("make", "sh", "awk", "nproc"):
        (tools / name).symlink_to(str(shutil.which(name)))
    done = make(checkout, "check", "SHELL=/bin/sh", PATH=str(tools))
    assert done.returncode != 0
    assert "needs Python 3.11" in done.stderr


def test_clean_keeps_finished_runs(checkout: Path) -> None:
    for name in ("runs/a", "book/_build/html", "book/study/lab"):
        (checkout / name).mkdir(parents=True)
    make(checkout, "clean")
    assert (checkout / "runs" / "a").is_dir()
    assert list((checkout / "book").iterdir()) == []
