"""Workers: kept by a build, used once by a notebook, replaced when killed, gone with the owner."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from xit import pool

LIGHT = {pool.WORKERS: "json", pool.NOTEBOOKS: "json"}  # instead of torch: quick to load


def name_yourself(end: Connection, text: str) -> None:
    """What a worker is asked to do here."""
    end.send((os.getpid(), text))


def stumble(end: Connection, *_: object) -> None:
    raise SystemExit("stumbled")


def ends(process: int) -> bool:
    """Whether it is gone within seconds, or only waits for somebody to notice that it has ended."""
    stat = Path(f"/proc/{process}/stat")
    for _ in range(100):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        if stat.exists() and ") Z " in stat.read_text():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture(params=[True, False], ids=["kept", "once"])
def keep(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def made(keep: bool) -> Iterator[pool.Pool]:
    with pool.Pool(keep, loads=LIGHT) as one:
        yield one


def asked(one: pool.Pool, text: str = "x") -> int:
    """The process of a worker, after it has answered and closed the line."""
    with one.connect() as end:
        end.send((name_yourself, text))
        process, told = end.recv()
        assert told == text
        with pytest.raises(EOFError):
            end.recv()
    time.sleep(0.1)  # it tells the server, too
    return int(process)


def test_a_kept_worker_serves_the_next(made: pool.Pool, keep: bool) -> None:
    one, *others = [asked(made, text) for text in ("a", "b", "c")]
    assert (others == [one, one]) is keep
    assert os.getpid() != one


def test_who_only_wakes_the_server_gets_no_answer(made: pool.Pool) -> None:
    made.connect().close()
    assert asked(made)


def test_workers_serve_side_by_side(made: pool.Pool) -> None:
    with made.connect() as a, made.connect() as b:
        b.send((name_yourself, "b"))
        a.send((name_yourself, "a"))
        (first, _), (second, _) = a.recv(), b.recv()
    assert first != second


def test_a_killed_worker_is_replaced(made: pool.Pool) -> None:
    with made.connect() as end:
        end.send((name_yourself, "x"))
        process, _ = end.recv()
        os.kill(process, signal.SIGKILL)
    time.sleep(0.1)
    assert asked(made) != process


@pytest.mark.parametrize("work", [stumble, "no function"])
def test_a_worker_that_fails_harms_nobody(made: pool.Pool, work: object) -> None:
    with made.connect() as end:
        end.send((work, "x"))
        with pytest.raises((EOFError, ConnectionResetError)):
            end.recv()
    time.sleep(0.1)
    assert asked(made) and Path(made.addresses[pool.WORKERS]).exists()


def test_the_pool_leaves_nothing(keep: bool) -> None:
    with pool.Pool(keep, loads=LIGHT) as one:
        process = asked(one)
    assert all(server.returncode == 0 for server in one.servers.values())
    assert not Path(one.addresses[pool.WORKERS]).parent.exists()
    assert ends(process)


OWNER = """
import os, signal
from tests.test_pool import LIGHT, name_yourself
from xit import pool

shared = pool.Pool(keep=True, loads=LIGHT)
with shared.connect() as end:
    end.send((name_yourself, "x"))
    print(shared.addresses[pool.WORKERS], end.recv()[0], flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_pool_ends_with_an_owner_that_is_killed() -> None:
    told = subprocess.run(
        [sys.executable, "-c", OWNER], cwd=Path(__file__).resolve().parents[1], text=True,
        stdout=subprocess.PIPE, check=False,
    )  # fmt: skip
    assert told.returncode == -signal.SIGKILL
    address, process = told.stdout.split()
    for _ in range(50):
        if not Path(address).exists():
            break
        time.sleep(0.1)
    assert not Path(address).parent.exists()
    assert ends(int(process))


def test_without_a_build_a_process_has_its_own(
    made: pool.Pool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(pool.WORKERS, made.addresses[pool.WORKERS])
    lent: list[pool.Pool] = []

    def own() -> pool.Pool:
        lent.append(made)
        return made

    monkeypatch.setattr(pool, "_own", own)
    pool.warm()
    assert not lent
    monkeypatch.setenv(pool.WORKERS, str(tmp_path / "gone"))
    pool.warm()
    assert lent == [made]
