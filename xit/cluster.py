"""Build a study by the jobs of a cluster: EXECUTOR=slurm, or another profile of Snakemake's.

First all runs are made that the sections will ask for, each shard (xit/shards.py) by a job of its
own; then one job executes the notebooks as on any one machine. A profile is a directory
`notebooks/profiles/<name>`: its `config.yaml` says by which of Snakemake's executors jobs are
submitted, and what they ask for. Which jobs there are says notebooks/cluster.smk.
"""

import re
import shutil
import subprocess
from pathlib import Path

import yaml

from xit import build as builds
from xit import shards
from xit import study as studies
from xit.errors import XitError, unknown
from xit.paths import project
from xit.study import Study

LOCAL = "local"  # this machine: no profile
STATES = re.compile(r"(\d+) of (\d+) steps \(\d+%\) done")  # as Snakemake counts its jobs
AGAIN = re.compile(r"Trying to restart job (\d+)")


def build(name: str, hub_given: str | None, jobs: int, executor: str) -> None:
    """Bring the book of study `name` up to date, with so many `jobs` at the same time."""
    study = studies.load(name, hub_given)
    builds.check(study)
    with builds.lock("submit") as descriptor, builds.told(study):
        with builds.lock():  # the job that makes the book will take it
            builds.forget_missing(study)
            if not (late := out_of_date(study)):
                return
            from xit.plan import wanted  # takes its time to load

            plan = shards.split(wanted.chains(study, late))
            shards.write(study.name, plan)
        print(f"{executor}: {len(plan)} jobs for the runs, one for the book", flush=True)
        words = ["-s", "notebooks/cluster.smk", *options(executor, jobs), *builds.config(study)]
        builds.snakemake(words, "cluster", [descriptor], {}, progress)


def out_of_date(study: Study) -> set[str]:
    """The sections that a build would execute; "site", if it would be rendered."""
    words = [*builds.SNAKEMAKE, *builds.SECTIONS, "--dry-run", "--cores", "1"]
    done = subprocess.run(
        [*words, *builds.config(study)],
        cwd=project(),
        env=builds.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise XitError(f"what is out of date could not be found:\n{done.stdout}{done.stderr}")
    rules = set(re.findall(r"^(\w+) +\d+$", done.stdout + done.stderr, re.MULTILINE))
    return {s for s in (*study.sections(), "site") if s.replace("/", "_") in rules}


def profiles() -> list[str]:
    """The names that EXECUTOR may have beside LOCAL."""
    return sorted(p.parent.name for p in _place().glob("*/config.yaml"))


def _place() -> Path:
    return project() / "notebooks" / "profiles"


def check(executor: str) -> None:
    """XitError unless jobs can be submitted from here by `executor`."""
    if executor == LOCAL:
        return
    if executor not in profiles():
        raise unknown("executor", executor, [LOCAL, *profiles()])
    profile = _place() / executor / "config.yaml"
    try:
        told = yaml.safe_load(profile.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise XitError(f"{_shown(profile)} is not YAML: {error}") from error
    if not isinstance(told, dict) or not isinstance(told.get("executor"), str):
        raise XitError(f"{_shown(profile)} names no executor: expected a line `executor: slurm`")
    if told["executor"] == "slurm":
        _check_slurm(executor, profile, told)


def _check_slurm(executor: str, profile: Path, told: dict) -> None:
    """XitError without Slurm's commands, or where Snakemake would wait for an answer for ever."""
    if not shutil.which("sbatch"):
        raise XitError(
            f"EXECUTOR={executor} needs Slurm's command sbatch, which is not on the PATH: "
            "go to a machine that submits jobs, or leave EXECUTOR out"
        )
    if told.get("slurm-status-command") == "squeue":
        return
    asked = subprocess.run(["sacct", "--noheader"], capture_output=True, text=True, check=False)
    if asked.returncode:
        why = asked.stderr.strip().splitlines()[-1:] or ["no answer"]
        raise XitError(
            f"Slurm keeps no accounts of jobs here (sacct: {why[0]}): write "
            f"`slurm-status-command: squeue` and `slurm-no-account: true` in {_shown(profile)}"
        )


def _shown(path: Path) -> str:
    return str(path.relative_to(project()))


def options(executor: str, jobs: int) -> list[str]:
    """What Snakemake is told beside what is the same everywhere."""
    words = ["--profile", _shown(_place() / executor), "--jobs", str(jobs), "--local-cores", "1"]
    return [*words, "--show-failed-logs", "--quiet", "host", "reason"]


def progress(line: str) -> str:
    """What a line of Snakemake's says to the person who waits, or ""."""
    if at := STATES.match(line):
        done, total = int(at[1]), int(at[2]) - 1  # "all" is no work
        return f"{done} of {total} jobs done" if done <= total else ""
    if again := AGAIN.match(line):
        return f"job {again[1]} failed and is submitted again"
    return ""
