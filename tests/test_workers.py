"""Many runs at a time: each once, hits told from misses, failures in one line."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from tests import toys
from tests.test_pool import ends
from tests.toys import project, toy_study
from xit import paths, phases, runs, specs, tasks, workers
from xit.errors import XitError
from xit.runs import Spec, Store
from xit.study import Study


@pytest.fixture
def toy(tmp_path: Path) -> Iterator[Study]:
    with toy_study(tmp_path) as made:
        yield made


def chain(toy: Study, seed: int, parent: str | None = None) -> list[Spec]:
    """Fine-tune on POS, then score."""
    task = tasks.target("udpos")
    base = specs.base(toy)
    first = specs.fine_tune(toy, "target", task, base, seed, toy.settings("target", task))
    if parent:
        first["where"]["parent"] = parent
    return [first, specs.scores(toy, task, specs.parent_of(first), "none", seed)]


def test_chains_are_made_by_worker_processes(
    toy: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two seeds and, for both, one retrieval score that they share: five runs in four chains."""
    tatoeba = [
        [specs.scores(toy, tasks.target("tatoeba"), specs.base(toy), "none", s)] for s in (1, 2)
    ]
    chains = [chain(toy, 1), *tatoeba, chain(toy, 2)]
    results = workers.run(chains, processes=2)
    told = capsys.readouterr().out
    assert "5 runs: 0 there already, 5 to do" in told
    assert [[r.hit for r in c] for c in results] == [
        [False, False],
        [False],
        [False],
        [False, False],
    ]
    assert [[r.spec for r in c] for c in results] == chains
    assert results[1][0].path == results[2][0].path
    for made in results:
        assert runs.damage(made[-1].path) is None
        assert len(pd.read_parquet(made[-1].path / "scores.parquet"))
    counts = [line for line in told.splitlines() if line.startswith("[")]
    assert len(counts) == 5 and counts[-1].startswith("[  5/5]")
    again = workers.run(chains, processes=2)
    assert capsys.readouterr().out == "5 runs: 5 there already, 0 to do\n"
    assert all(r.hit for c in again for r in c)
    assert [[r.path for r in c] for c in again] == [[r.path for r in c] for c in results]
    workers.run(chains, quiet=True)
    assert capsys.readouterr().out == ""


def lines(*numbers: int) -> list[Spec]:
    return [{"kind": "scores", "slug": str(n), "n": n} for n in numbers]


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    yield project(tmp_path / "project", monkeypatch, with_data=False)
    paths.project.cache_clear()


@pytest.mark.parametrize(
    ("life", "reason"),
    [
        (toys.unlucky, "no luck"),
        (toys.mistaken, r"a worker failed: ZeroDivisionError: division by zero"),
        (toys.killed, "a worker was killed, perhaps for its memory"),
        (toys.idle, r"run scores-1-\w+ was not made"),
    ],
)
def test_a_worker_that_fails(
    empty: Path, monkeypatch: pytest.MonkeyPatch, life: Callable, reason: str
) -> None:
    """A failure is one line: the reason that a worker gave, else how it ended."""
    monkeypatch.setattr(workers, "work", life)
    with pytest.raises(XitError, match=f"^{reason}"):
        workers.run([lines(1), lines(2)], processes=1, quiet=True)


def test_what_workers_say_is_passed_on(
    empty: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(workers, "work", toys.talkative)
    with pytest.raises(XitError, match="was not made"):
        workers.run([lines(1, 2), lines(3, 4)], processes=2)
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "4 runs: 0 there already, 4 to do"
    assert told.count("          a: step 1") == 2
    counted = [x for x in told if x.startswith("[")]
    assert [x.split("; about ")[0] for x in counted] == [f"[  {n}/4] a: 1.0 s" for n in range(1, 5)]


# -- one worker, with builds that only write a line --


class Builds:
    """Writes a file for each spec and keeps their order."""

    def __init__(self, store: Store) -> None:
        self.store, self.order = store, []  # type: ignore[var-annotated]

    def __call__(self, spec: Spec, out: Path, say: Callable[[str], None]) -> None:
        say("halfway")
        self.order.append(spec["n"])
        (out / "x").write_text("x")


@pytest.fixture
def builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Builds:
    made = Builds(Store(tmp_path / "runs"))
    monkeypatch.setattr(phases, "build", made)
    monkeypatch.setattr(specs, "store", lambda: made.store)
    return made


def test_a_worker_does_chains_in_order(builds: Builds) -> None:
    told: list[tuple[str, str, str]] = []
    workers.work([lines(1, 2), lines(3), lines(1, 4)], lambda *x: told.append(x))
    assert builds.order == [1, 2, 3, 4]
    assert [(what, label[:9]) for what, label, _ in told[:3]] == [
        (workers.SAYS, "scores-1-"), (workers.DONE, "scores-1-"), (workers.SAYS, "scores-2-")
    ]  # fmt: skip
    assert sum(what == workers.DONE for what, *_ in told) == 4
    assert told[0][2] == "halfway"


HOLD = """
import sys, time
from pathlib import Path
from xit.runs import Store

def build(out):
    (out / "x").write_text("x")
    print("began", flush=True)
    time.sleep(0.6)

Store(Path(sys.argv[1])).make({"kind": "scores", "slug": "1", "n": 1}, build)
"""


def test_what_another_worker_is_at_comes_last(builds: Builds, tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path / "runs")]
    root = Path(__file__).resolve().parents[1]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as other:
        assert other.stdout and other.stdout.readline() == "began\n"
        workers.work([lines(1, 2), lines(3)])
    assert builds.order == [3, 2]  # 1 is the other's; 2 follows it


def test_interrupting_stops_the_workers(
    empty: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    log = tmp_path / "pids"
    monkeypatch.setenv("XIT_TEST_LOG", str(log))
    monkeypatch.setattr(workers, "work", toys.sleepy)

    def interrupt(*_: object) -> None:
        while not log.exists() or len(log.read_text().split()) < 2:
            time.sleep(0.05)
        raise KeyboardInterrupt

    monkeypatch.setattr(workers, "_follow", interrupt)
    with pytest.raises(KeyboardInterrupt):
        workers.run([lines(1), lines(2)], processes=2, quiet=True)
    assert all(ends(pid) for pid in map(int, log.read_text().split()))


def test_specs_survive_the_way_to_a_worker(toy: Study) -> None:
    for spec in chain(toy, 1):
        assert runs.name(json.loads(json.dumps(spec))) == runs.name(spec)


@pytest.mark.parametrize(
    ("told", "processes", "begin"),
    [
        ("aaabbbcccddd", 2, [0, 6]),
        ("aaabbbbbbccc", 2, [0, 3]),  # not amid the chains of one model
        ("aabbcc", 3, [0, 2, 4]),
        ("aaa", 3, [0, 0, 0]),  # one task: who finds a chain taken goes on to the next
        ("abc", 1, [0]),
    ],
)
def test_each_worker_begins_with_another_task(told: str, processes: int, begin: list[int]) -> None:
    assert workers.starts([[{"task": task}] for task in told], processes) == begin
