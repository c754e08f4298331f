"""A study built by a real Slurm of two nodes: as on one machine, whatever happens on the way.

Each node has a GPU, in name. Needs Debian's packages slurm-wlm and munge.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from tests.checkout import bare, runs
from tests.slurm import Slurm, missing

LONG = pytest.mark.skipif(not os.environ.get("LONG"), reason="takes minutes: LONG=1 make test")
pytestmark = [
    pytest.mark.skipif(bool(missing()), reason="needs Slurm (Debian: slurm-wlm and munge)"),
    pytest.mark.timeout(1800),
]
CUT = {  # of the study `smoke`, whose runs these are, too
    "intermediate": ["squad_v1"],
    "targets": ["xnli", "tatoeba"],
    "ablations": {
        "selection": {"intermediate": ["none", "squad_v1"], "targets": ["xnli"], "checkpoints": 2}
    },
}


class Built(NamedTuple):
    """What has become of a build whose job, process and node were taken from it."""

    place: Path
    told: list[str]  # by the first build, which was killed, and by the second
    cancelled: str  # a job of the first
    lost: str  # another, whose node went down
    dark: str  # one of the second, whose node lost its power
    kept: dict[str, int]  # what was finished when the first was killed: run → when
    jobs: dict[str, str]  # how Slurm describes them


def checkout(place: Path) -> Path:
    """A fresh clone with the study `cut`, its profile told what this Slurm is like."""
    bare(place)
    studies = place / "notebooks" / "studies"
    told = yaml.safe_load((studies / "smoke.yaml").read_text()) | CUT
    (studies / "cut.yaml").write_text(yaml.safe_dump(told))
    profile = place / "notebooks" / "profiles" / "slurm" / "config.yaml"
    text = profile.read_text().replace("# slurm-no-account", "slurm-no-account")
    text = text.replace("# slurm-status-command", "slurm-status-command")
    text += "slurm-init-seconds-before-status-checks: 2\nseconds-between-status-checks: 2\n"
    profile.write_text(text)
    return place


def started(slurm: Slurm, place: Path, study: str, log: Path) -> subprocess.Popen:
    """`make book STUDY=… EXECUTOR=slurm JOBS=8`, a group of processes of its own."""
    command = [sys.executable, "-m", "xit", "build", "--study", study]
    with log.open("w") as out:
        return subprocess.Popen(
            [*command, "--executor", "slurm", "--jobs", "8"],
            cwd=place,
            env=os.environ | slurm.environment | {"XIT_ROOT": str(place)},
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def until(what: Callable[[], object], child: subprocess.Popen, log: Path) -> None:
    """Wait for something to be so while `child` builds."""
    while not what():
        assert child.poll() is None, log.read_text()
        time.sleep(0.2)


def running(slurm: Slurm) -> list[dict[str, str]]:
    """The shards that run now."""
    shards = [job for job in slurm.jobs() if "rule_shard" in job["comment"]]
    return [job for job in shards if job["state"] == "RUNNING"]


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    with Slurm(tmp_path_factory.mktemp("slurm")) as one:
        yield one


@pytest.fixture(scope="module")
def built(slurm: Slurm, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The study `cut`: a job cancelled, then a node down, then the submitting process killed; then,
    for who has submitted again, a node without power."""
    place = checkout(tmp_path_factory.mktemp("cluster") / "xit")
    logs = [place.parent / "first", place.parent / "second"]
    first = started(slurm, place, "cut", logs[0])
    until(lambda: len(running(slurm)) == 2, first, logs[0])
    cancelled, lost = running(slurm)
    slurm.tell("scancel", cancelled["job"])
    slurm.down(lost["node"])
    slurm.tell("scontrol", "update", f"nodename={lost['node']}", "state=resume")
    until(lambda: "submitted again" in logs[0].read_text() and runs(place), first, logs[0])
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    kept = {name: (place / "runs" / name).stat().st_mtime_ns for name in runs(place)}
    second = started(slurm, place, "cut", logs[1])
    until(lambda: running(slurm), second, logs[1])
    dark = running(slurm)[0]
    slurm.die(dark["node"])
    until(lambda: slurm.states()[dark["node"]].startswith("down"), second, logs[1])
    slurm.start_node(dark["node"])
    assert second.wait() == 0, logs[1].read_text() + (place / "runs/cluster.log").read_text()
    while slurm.jobs():  # those of the first, which go on without it
        time.sleep(0.2)
    lines = slurm.tell("scontrol", "--oneliner", "show", "job").splitlines()
    jobs = {found[1]: line for line in lines if (found := re.match(r"JobId=(\d+) ", line))}
    told = [log.read_text() for log in logs]
    return Built(place, told, cancelled["job"], lost["job"], dark["job"], kept, jobs)


def same(place: Path, other: Path) -> set[str]:
    """The runs that two checkouts have both; their scores and models are the same to the byte.

    What a history holds of time is not.
    """
    both = runs(place) & runs(other)
    for name in both:
        for file in (place / "runs" / name).rglob("*"):
            if file.suffix in (".safetensors", ".parquet") and file.name != "history.parquet":
                twin = other / file.relative_to(place)
                assert file.read_bytes() == twin.read_bytes(), f"{name}: {file.name} differs"
    return both


def test_it_ends_with_what_one_machine_makes(built: Built, smoke: Path) -> None:
    made = {name for name in runs(built.place) if not name.startswith("mlm_loss")}  # named by study
    assert same(built.place, smoke) == made
    assert sum(name.startswith("target-") for name in made) == 4
    assert (built.place / "book/_build/html/index.html").exists()


def test_the_job_of_the_book_trains_nothing(built: Built) -> None:
    records = list((built.place / "book/study/cut").rglob("*.json"))
    told = [json.loads(p.read_text()) for p in records if p.name != "shards.json"]
    assert sum(len(record["runs"]) for record in told) > len(runs(built.place))
    assert all(record["made"] == 0 for record in told)


def test_a_cancelled_job_is_submitted_again(built: Built) -> None:
    assert "JobState=CANCELLED" in built.jobs[built.cancelled]
    assert "failed and is submitted again" in built.told[0]


def test_a_job_whose_node_went_down_ran_again(built: Built) -> None:
    assert "Restarts=1" in built.jobs[built.lost]
    assert "JobState=COMPLETED" in built.jobs[built.lost]


def test_a_job_whose_node_lost_its_power_ran_again(built: Built) -> None:
    assert "Restarts=1" in built.jobs[built.dark]
    assert "JobState=COMPLETED" in built.jobs[built.dark]


def test_what_was_finished_when_the_build_was_killed_is_kept(built: Built) -> None:
    assert built.kept
    now = {name: (built.place / "runs" / name).stat().st_mtime_ns for name in built.kept}
    assert now == built.kept
    counts = [int(re.findall(r"slurm: (\d+) jobs", told)[0]) for told in built.told]
    assert counts[1] < counts[0]
    assert not (built.place / "runs" / "damaged").exists()
    assert not list((built.place / "runs").glob(".new-*"))


def test_a_shard_has_one_gpu_and_the_book_none(built: Built) -> None:
    shards = [line for line in built.jobs.values() if "rule_shard" in line]
    assert len(shards) >= 6 and all("TresPerJob=gres:gpu:1 " in line for line in shards)
    pages = [line for line in built.jobs.values() if "rule_pages" in line]
    assert pages and not any("gres:gpu" in line for line in pages)


def test_a_second_build_submits_nothing(built: Built, slurm: Slurm) -> None:
    log = built.place.parent / "third"
    assert started(slurm, built.place, "cut", log).wait() == 0, log.read_text()
    assert "nothing was out of date" in log.read_text()
    assert "jobs" not in log.read_text()


@LONG
def test_the_whole_study(slurm: Slurm, smoke: Path, tmp_path: Path) -> None:
    """`smoke`: about 170 jobs for its runs."""
    place = checkout(tmp_path / "xit")
    assert started(slurm, place, "smoke", tmp_path / "log").wait() == 0, (
        tmp_path / "log"
    ).read_text()
    assert same(place, smoke) == runs(smoke)
