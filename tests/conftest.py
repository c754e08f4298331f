"""Fixtures for the tests that look at a built site, or work in a checkout as a reader would."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.browser import CHROMIUM
from tests.checkout import bare, command, copied, runs
from tests.offline import sitecustomize  # from here on this process reaches no network

# nor does any Python that it starts
OFFLINE = str(Path(sitecustomize.__file__).parent)
os.environ["PYTHONPATH"] = os.pathsep.join([OFFLINE, *os.environ.get("PYTHONPATH", "").split()])


@pytest.fixture
def needs_chromium() -> None:
    """Skips a test where there is no Chromium; in continuous integration that is a failure."""
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("chromium is not installed")
        pytest.skip("needs chromium (Debian: apt-get install chromium)")


@pytest.fixture(scope="session")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with the study `smoke` built in it, killed once on the way; none may change it.

    XIT_BUILT names a checkout where `make book` has been run, to take that one instead.
    """
    if given := os.environ.get("XIT_BUILT"):
        return Path(given).resolve()
    place = bare(tmp_path_factory.mktemp("smoke") / "xit")
    child = subprocess.Popen(
        [sys.executable, "-m", "xit", "build", "--study", "smoke", "--jobs", "2"],
        cwd=place,
        env=os.environ | {"XIT_ROOT": str(place)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 240
    while len(runs(place)) < 5 and child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)
    assert child.poll() is None, (place / "runs" / "build.log").read_text()
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    assert len(runs(place)) >= 5, "nothing was made before the kill"
    done = command(place, "build", "--study", "smoke", "--jobs", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    return place


@pytest.fixture(scope="session")
def workshop(smoke: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of `smoke` to work in with `make`, as a reader would; its .venv is this Python's."""
    place = copied(smoke, tmp_path_factory.mktemp("workshop") / "xit")
    shutil.rmtree(place / ".venv", ignore_errors=True)
    tools = place / ".venv" / "bin"
    tools.mkdir(parents=True)
    commands = {"python": "", "xit": "-m xit", "hf": "-m huggingface_hub.cli.hf"}
    commands["accelerate"] = "-m accelerate.commands.accelerate_cli"
    for name, words in commands.items():
        (tools / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n')
        (tools / name).chmod(0o755)
    (place / ".venv" / ".xit-installed").touch()
    return place
