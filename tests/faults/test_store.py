"""The run store under faults: kills at random moments, full and read-only disks, locks, clocks.

Nothing finished is lost, nothing half-finished is ever read, and messages say what to do.
"""

import errno
import fcntl
import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import filelock
import pytest

from xit import runs
from xit.errors import XitError
from xit.runs import Spec, Store, damage

ROOT = Path(__file__).resolve().parents[2]
RUNS, PARTS, BYTES = 12, 3, 4_000  # of the store that is built, and of each run in it
KILLS = 12
FORK = multiprocessing.get_context("fork")


def spec(number: int) -> Spec:
    return {"kind": "scores", "slug": f"n{number}", "n": number}


def text(number: int, part: int) -> str:
    return f"{number}.{part} " * BYTES


def fill(number: int, out: Path, pause: float = 0.0) -> None:
    """A run's files, one after the other, a moment between them."""
    for part in range(PARTS):
        (out / f"{part}.txt").write_text(text(number, part))
        time.sleep(pause)


def build(root: Path, pause: float = 0.0) -> None:
    """All runs of the store at `root`."""
    store = Store(root)
    for n in range(RUNS):
        store.make(spec(n), lambda out, n=n: fill(n, out, pause))  # type: ignore[misc]


def finished(root: Path) -> dict[str, dict[str, tuple[bytes, int]]]:
    """Run → file → (content, date) of all that has a run's name; each is whole, or this fails."""
    told = {}
    for n in range(RUNS):
        path = Store(root).path(spec(n))
        if path.exists():
            assert damage(path) is None
            assert [(path / f"{p}.txt").read_text() for p in range(PARTS)] == [
                text(n, p) for p in range(PARTS)
            ]
            files = [f for f in path.iterdir() if f.is_file()]
            told[path.name] = {f.name: (f.read_bytes(), f.stat().st_mtime_ns) for f in files}
    return told


@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGTERM])
def test_killed_at_random_moments(tmp_path: Path, kind: signal.Signals) -> None:
    """Two builders of one store, either of them killed again and again, at a moment of chance."""
    rng, before = random.Random(6), dict[str, dict[str, tuple[bytes, int]]]()
    for _ in range(KILLS):
        builders = [FORK.Process(target=build, args=(tmp_path, 0.002)) for _ in range(2)]
        for one in builders:
            one.start()
        time.sleep(rng.uniform(0, 0.06))
        for one in rng.sample(builders, rng.choice([1, 2])):
            assert one.pid
            os.kill(one.pid, kind)
        time.sleep(rng.uniform(0, 0.01))
        for one in builders:
            one.kill()
            one.join()
        now = finished(tmp_path)
        assert before.items() <= now.items()  # what was finished is as it was, dates included
        before = now
    build(tmp_path)
    after = finished(tmp_path)
    assert len(after) == RUNS and before.items() <= after.items()
    left = {p.name for p in tmp_path.iterdir()} - {".locks", ".sound"}
    assert left == set(after)  # no half, nothing set aside


def test_who_reads_while_another_writes_slowly_never_sees_half(tmp_path: Path) -> None:
    """As on a slow file system: a run is not there, and then it is whole."""
    writer = FORK.Process(target=build, args=(tmp_path, 0.01))
    writer.start()
    seen = set()
    while writer.is_alive():
        seen |= set(finished(tmp_path))
        for n in range(RUNS):
            path = Store(tmp_path).find(spec(n))
            assert path is None or len(list(path.glob("*.txt"))) == PARTS
    assert len(finished(tmp_path)) == RUNS and seen


# -- disks --

ON_A_DISK = """
import os, subprocess, sys
from pathlib import Path
place, kind = Path(sys.argv[1]), sys.argv[2]
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(place)], check=True)
from xit.errors import XitError
from xit.runs import Store, damage
store, made = Store(place / "runs"), []
spec = lambda n: {"kind": "scores", "slug": f"n{n}", "n": n}
try:
    for n in range(100):
        if kind == "read-only" and n == 3:
            subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        store.make(spec(n), lambda out: (out / "x").write_bytes(bytes(100_000)))
        made.append(n)
except XitError as error:
    print(error)
again = Store(place / "runs")
assert all(damage(again.path(spec(n))) is None and again.find(spec(n)) for n in made)
print(len(made), sorted(p.name for p in (place / "runs").glob(".new-*")))
if kind == "full":
    import shutil
    shutil.rmtree(again.path(spec(0)))  # the user frees some space
    again.make(spec(99), lambda out: (out / "x").write_bytes(bytes(50_000)))
    print(again.find(spec(99)) is not None)
"""


def on_a_disk(place: Path, kind: str) -> list[str]:
    """What a builder says whose store is on a disk of a megabyte, which is full, or read-only."""
    command = ["unshare", "--mount", sys.executable, "-c", ON_A_DISK, str(place), kind]
    if (
        not shutil.which("unshare")
        or subprocess.run(
            [*command[:2], "mount", "-t", "tmpfs", "none", str(place)],
            check=False,
            capture_output=True,
        ).returncode
    ):
        pytest.skip("needs the right to mount a disk of its own: root on Linux")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_full_disk(tmp_path: Path) -> None:
    message, made, again = on_a_disk(tmp_path, "full")
    assert message == (
        f"no space left for {tmp_path}/runs: free some and start again, nothing finished is lost"
    )
    assert 5 <= int(made.split()[0]) <= 10 and made.endswith("[]")
    assert again == "True"


def test_a_read_only_disk(tmp_path: Path) -> None:
    message, made = on_a_disk(tmp_path, "read-only")
    assert message == f"cannot write in {tmp_path}/runs: Read-only file system"
    assert made == "3 []"


@pytest.mark.parametrize("code", [errno.EFBIG, errno.EIO])
def test_other_faults_of_a_disk_leave_nothing_half(tmp_path: Path, code: int) -> None:
    def refuse(out: Path) -> None:
        (out / "0.txt").write_text("half")
        raise OSError(code, os.strerror(code))

    expected = XitError if code == errno.EFBIG else OSError
    with pytest.raises(expected):
        Store(tmp_path).make(spec(1), refuse)
    assert [p.name for p in tmp_path.iterdir()] == [".locks"]


def as_nobody(work: str, *arguments: str) -> str:
    """What `work`, Python code, prints when a user without rights runs it."""
    if os.geteuid():
        pytest.skip("needs root, to be somebody else")
    code = "import os, sys; from xit.runs import Store; from xit.errors import XitError\n"
    code += "from pathlib import Path\nos.setgid(65534); os.setuid(65534)\n"
    code += f"try:\n    {work}\nexcept XitError as error:\n    print(error)"
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A directory that everybody can reach: pytest's own is closed to others."""
    place = Path("/tmp") / f"xit-faults-{os.getpid()}"
    place.mkdir(mode=0o755)
    yield place
    shutil.rmtree(place)


def test_permission_denied(open_place: Path) -> None:
    build(open_place)
    before = finished(open_place)
    told = as_nobody(
        "print(Store(Path(sys.argv[1])).make({'kind': 'scores', 'slug': '', 'n': 99}, print))",
        str(open_place),
    )
    assert told == f"cannot write in {open_place}: Permission denied"
    found = as_nobody(
        "print(Store(Path(sys.argv[1])).find({'kind': 'scores', 'slug': 'n1', 'n': 1}))",
        str(open_place),
    )
    assert found == str(Store(open_place).path(spec(1)))  # reading needs no right to write
    assert finished(open_place) == before


def test_a_run_that_we_may_not_read_is_not_done_again(open_place: Path) -> None:
    """Also where we could move it aside: it is another user's, and whole."""
    build(open_place)
    path = Store(open_place).path(spec(1))
    path.chmod(0o700)
    open_place.chmod(0o777)
    (open_place / ".locks").chmod(0o777)
    told = as_nobody(
        "print(Store(Path(sys.argv[1])).make({'kind': 'scores', 'slug': 'n1', 'n': 1}, print))",
        str(open_place),
    )
    assert told.startswith(f"cannot read run {path.name} in {open_place}: Permission denied; its")
    assert len(finished(open_place)) == RUNS and not (open_place / "damaged").exists()


# -- locks and clocks --


def test_a_lock_file_of_a_dead_process_is_nobodys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The system drops a lock with its process; the file that is left says nothing."""
    place = tmp_path / ".locks"
    place.mkdir()
    for n in range(RUNS):
        (place / f"{runs.name(spec(n))}.lock").write_text("4194303\nanother.host\n")
    monkeypatch.setattr(runs, "SLOW", 0.2)
    build(tmp_path)
    assert len(finished(tmp_path)) == RUNS and capsys.readouterr().out == ""  # nobody waited


def no_locks(*_: object) -> None:
    raise OSError(errno.ENOSYS, "Function not implemented")


@pytest.mark.filterwarnings("ignore:flock not supported")
def test_where_the_file_system_knows_no_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """There the file is the lock. One of a dead process here is taken; for one of another host,
    which cannot be asked, we wait, and say what to do."""
    monkeypatch.setattr(fcntl, "flock", no_locks)
    build(tmp_path)
    assert len(finished(tmp_path)) == RUNS
    file = tmp_path / ".locks" / f"{runs.name(spec(99))}.lock"
    held = filelock.SoftFileLock(str(file))
    held.acquire()
    told = file.read_text().splitlines()
    file.write_text("\n".join([told[0], "another.host", *told[2:]]))
    assert Store(tmp_path).make(spec(99), lambda out: fill(99, out), wait=False) is None
    monkeypatch.setattr(runs, "SLOW", 0.2)
    waiting = FORK.Process(target=Store(tmp_path).make, args=(spec(99), lambda out: fill(99, out)))
    waiting.start()
    waiting.join(1.5)
    assert waiting.is_alive() and not Store(tmp_path).path(spec(99)).exists()
    file.unlink()  # as the message says
    waiting.join(20)
    assert waiting.exitcode == 0 and damage(Store(tmp_path).path(spec(99))) is None


def test_who_waits_long_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(runs, "SLOW", 0.2)
    holder = FORK.Process(target=Store(tmp_path).make, args=(spec(1), lambda out: time.sleep(1.5)))
    holder.start()
    while not list(tmp_path.glob(".new-*")):
        time.sleep(0.01)
    made = Store(tmp_path).make(spec(1), lambda out: fill(1, out))
    assert made and made[1]
    told = capsys.readouterr().out
    assert told.startswith(f"run {runs.name(spec(1))} is being made by another process: waiting")
    assert told.count("\n") == 1 and f"delete {tmp_path}/.locks/" in told


@pytest.mark.parametrize("jump", [-(10**9), 10**9])
def test_a_clock_that_jumps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump: int) -> None:
    """Dates decide nothing: what is finished stays so, and durations are measured without them."""
    with monkeypatch.context() as patch:
        real = time.time
        jumps = iter([0, *[jump] * 10**4])
        patch.setattr(time, "time", lambda: real() + next(jumps))
        build(tmp_path, 0.001)
    before = finished(tmp_path)
    assert all(0 <= json.loads(told["made.json"][0])["seconds"] < 60 for told in before.values())
    for file in tmp_path.rglob("*"):
        os.utime(file, (real() + jump, real() + jump))
    dated = finished(tmp_path)
    build(tmp_path)
    assert finished(tmp_path) == dated and len(dated) == RUNS
