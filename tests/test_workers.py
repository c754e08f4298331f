"""Many runs at a time: each once, hits told from misses, failures in one line."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

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


def fake(place: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Workers that only do what `script` says."""
    program = place / "python"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))


def lines(*numbers: int) -> list[Spec]:
    return [{"kind": "scores", "slug": str(n), "n": n} for n in numbers]


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    yield project(tmp_path / "project", monkeypatch, with_data=False)
    paths.project.cache_clear()


def test_what_workers_say_is_passed_on(
    empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A failure is one line: the first that a worker gave as its reason."""
    script = "echo noise; echo 'says a: step 1'; echo 'done a: 1.0 s'; echo 'error: no luck' >&2"
    fake(tmp_path, monkeypatch, f"{script}; exit 2")
    with pytest.raises(XitError) as error:
        workers.run([lines(1), lines(2)], processes=1)
    assert str(error.value) == "no luck"
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "2 runs: 0 there already, 2 to do"
    assert told[1:] == ["          a: step 1", told[2]]
    assert told[2].startswith("[  1/2] a: 1.0 s; about ")


def test_lines_of_two_workers_never_mix(
    empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each writes its lines in pieces, as an unbuffered print does, so that halves are read."""
    word = "printf 'done '; sleep 0.05; printf $$; sleep 0.3; printf ': 1.0 s'; sleep 0.05; echo"
    fake(tmp_path, monkeypatch, f"for i in 1 2 3; do {word}; done")
    with pytest.raises(XitError, match="was not made"):
        workers.run([lines(*range(n, n + 3)) for n in (0, 3)], processes=2)
    told = [x for x in capsys.readouterr().out.splitlines() if x.startswith("[")]
    assert [x.split("]")[0] for x in told] == [f"[{n:3}/6" for n in range(1, 7)]
    assert all(re.fullmatch(r"\[.*\] \d+: 1\.0 s; about \d+ s left", x) for x in told)


def test_workers_that_make_nothing(
    empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(tmp_path, monkeypatch, "exit 0")
    with pytest.raises(XitError, match=r"run scores-1-\w+ was not made"):
        workers.run([lines(1)], quiet=True)


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


def test_a_worker_does_chains_in_order(builds: Builds, capsys: pytest.CaptureFixture[str]) -> None:
    workers.work([lines(1, 2), lines(3), lines(1, 4)])
    assert builds.order == [1, 2, 3, 4]
    told = capsys.readouterr().out.splitlines()
    assert sum(t.startswith("done scores-") for t in told) == 4
    assert any(t.startswith("says scores-1-") and t.endswith(": halfway") for t in told)


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


def test_a_worker_that_dies_without_a_word(
    empty: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Killed for its memory, for example: the error says so."""
    fake(tmp_path, monkeypatch, "kill -9 $$")
    with pytest.raises(XitError, match=r"a worker failed: .*(-9|SIGKILL|killed)"):
        workers.run([lines(1)], processes=1, quiet=True)


def test_interrupting_stops_the_workers(
    empty: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    log = tmp_path / "pids"
    fake(tmp_path, monkeypatch, f"echo $$ >> {log}\nexec sleep 60")

    def interrupt(_: float) -> None:
        if log.exists() and len(log.read_text().split()) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", interrupt)
    with pytest.raises(KeyboardInterrupt):
        workers.run([lines(1), lines(2)], processes=2, quiet=True)
    for pid in map(int, log.read_text().split()):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_specs_survive_the_way_to_a_worker(toy: Study) -> None:
    for spec in chain(toy, 1):
        assert runs.name(json.loads(json.dumps(spec))) == runs.name(spec)
