"""Shards: which chains are one job, what waits for what, what is written down and made."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.toys import project
from xit import paths, runs, shards, specs, workers
from xit.errors import XitError
from xit.runs import Spec


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    yield project(tmp_path, monkeypatch, with_data=False)
    paths.project.cache_clear()


def run(kind: str, number: int, **more: str) -> Spec:
    return {"kind": kind, "slug": str(number), "n": number, **more}


TASK = run("intermediate", 1)
TARGET = run("target", 2, parent=runs.identity(TASK))
SCORES = run("scores", 3, parent=runs.identity(TARGET))
STATE = run("scores", 4, parent=runs.identity(TARGET))
RETRIEVAL = run("scores", 5, parent=runs.identity(TASK))
BITS = run("information", 6, trained=runs.identity(TASK), parent="the base model")
CHAINS = [[TASK], [TARGET, SCORES], [TARGET, SCORES, STATE], [RETRIEVAL], [BITS], [TASK]]
NAMES = [runs.name(s) for s in (TASK, TARGET, RETRIEVAL, BITS)]


def test_chains_that_begin_alike_are_one_shard() -> None:
    plan = shards.split(CHAINS)
    assert list(plan) == NAMES
    assert plan[NAMES[1]].specs == [TARGET, SCORES, STATE]
    assert [len(plan[name].specs) for name in NAMES] == [1, 3, 1, 1]


def test_a_shard_waits_for_the_models_that_it_goes_on_from() -> None:
    plan = shards.split(CHAINS)
    assert {name: plan[name].needs for name in NAMES} == {
        NAMES[0]: [],
        NAMES[1]: [NAMES[0]],  # and not for itself, from which its scores go on
        NAMES[2]: [NAMES[0]],
        NAMES[3]: [NAMES[0]],
    }


def test_what_is_in_the_run_store_is_no_job_and_is_not_waited_for(place: Path) -> None:
    (place / "runs" / NAMES[0]).mkdir(parents=True)
    (place / "runs" / runs.name(SCORES)).mkdir()
    plan = shards.split(CHAINS)
    assert list(plan) == NAMES[1:]
    assert plan[NAMES[1]].specs == [TARGET, SCORES, STATE]  # whole: what is there is found
    assert all(not shard.needs for shard in plan.values())


def test_a_job_makes_the_runs_of_its_shard_in_order(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[list[list[Spec]]] = []
    monkeypatch.setattr(workers, "run", asked.append)
    shards.write("toy", shards.split(CHAINS))
    shards.run("toy", NAMES[1])
    assert asked == [[[TARGET, SCORES, STATE]]]
    with pytest.raises(XitError, match=f"unknown shard of study 'toy' .* mean '{NAMES[1]}'"):
        shards.run("toy", NAMES[1][:-1])


def test_a_job_of_an_earlier_build_finds_its_runs_made(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As when its node lost power, and a second build was begun before Slurm ran it again."""
    monkeypatch.setattr(workers, "run", lambda *_: pytest.fail("makes something"))
    (specs.store().root / NAMES[0]).mkdir(parents=True)
    shards.write("toy", shards.split(CHAINS))
    shards.run("toy", NAMES[0])
    assert f"{NAMES[0]}: there already" in capsys.readouterr().out


def test_a_new_plan_counts_nothing_as_done(place: Path) -> None:
    shards.write("toy", shards.split(CHAINS))
    (shards.done("toy") / "runs").mkdir(parents=True)
    (shards.done("toy") / "runs" / NAMES[0]).touch()
    (specs.store().root / NAMES[0]).mkdir(parents=True)
    file = shards.write("toy", shards.split(CHAINS))
    assert list(json.loads(file.read_text())) == NAMES[1:]
    assert not shards.done("toy").exists()
