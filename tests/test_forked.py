"""`xit …` in a fork: the same words and status, ended with who asked, and never a must."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from multiprocessing import reduction
from multiprocessing.connection import Listener
from pathlib import Path

import pytest

from tests.test_pool import LIGHT, ends
from xit import forked, pool

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def made() -> Iterator[pool.Pool]:
    with pool.Pool(loads=LIGHT) as one:
        yield one


def command(made: pool.Pool | None, *words: str) -> subprocess.Popen[str]:
    environment = {k: v for k, v in os.environ.items() if k != pool.NOTEBOOKS}
    if made:
        environment[pool.NOTEBOOKS] = made.addresses[pool.NOTEBOOKS]
    return subprocess.Popen(
        [sys.executable, "-m", "xit.forked", *words],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("words", "status", "out", "err"),
    [
        (["check", "--study", "lab"], 0, "study 'lab' can run", ""),
        (["check", "--study", "labb"], 2, "", "error: unknown study 'labb'"),
        (["frobnicate"], 2, "", "invalid choice: 'frobnicate'"),
    ],
)
@pytest.mark.parametrize("lent", [True, False], ids=["forked", "alone"])
def test_the_same_as_xit(
    made: pool.Pool, lent: bool, words: list[str], status: int, out: str, err: str
) -> None:
    one = command(made if lent else None, *words)
    told, complained = one.communicate(timeout=120)
    assert one.returncode == status
    assert out in told
    assert err in complained


def test_it_runs_in_a_fork(made: pool.Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it was started, with its environment, as the leader of a session."""
    monkeypatch.setenv("XIT_TEST_WORD", "hello")
    with made.connect(pool.NOTEBOOKS) as line:
        line.send((look_round, str(ROOT / "tests"), dict(os.environ)))
        process = line.recv()
        server = made.servers[pool.NOTEBOOKS].pid
        assert line.recv() == (process, server, process, str(ROOT / "tests"), "hello")


def look_round(end: object, cwd: str, environment: dict[str, str]) -> None:
    """What is asked of the fork here."""
    forked.enter(end, cwd, environment)  # type: ignore[arg-type]
    word = os.environ["XIT_TEST_WORD"]
    end.send((os.getpid(), os.getppid(), os.getsid(0), str(Path.cwd()), word))  # type: ignore[attr-defined]


def wait(end: object, cwd: str, environment: dict[str, str]) -> None:
    """A long command, that has started something itself."""
    forked.enter(end, cwd, environment)  # type: ignore[arg-type]
    with subprocess.Popen(["sleep", "60"]) as child:
        end.send(child.pid)  # type: ignore[attr-defined]
        forked.leave_with(end)  # type: ignore[arg-type]


def test_a_fork_ends_with_who_asked_and_all_that_it_has_started(made: pool.Pool) -> None:
    with made.connect(pool.NOTEBOOKS) as line:
        line.send((wait, str(ROOT), dict(os.environ)))
        process, child = line.recv(), line.recv()
        os.kill(process, 0)
    assert ends(process)
    assert ends(child)


def test_a_fork_that_is_killed_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Once it has begun: it is not done a second time here."""
    monkeypatch.setenv(pool.NOTEBOOKS, str(tmp_path / "door"))
    with Listener(str(tmp_path / "door"), "AF_UNIX") as door:

        def begin_and_die() -> None:
            with door.accept() as line:
                line.recv()
                line.send(os.getpid())
                for _ in range(2):
                    os.close(reduction.recv_handle(line))

        thread = threading.Thread(target=begin_and_die)
        thread.start()
        assert forked.run(["check", "--study", "lab"]) == 2
        thread.join()
    told = "error: xit check --study lab: its process has been killed\n"
    assert capfd.readouterr() == ("", told)
