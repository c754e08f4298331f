"""The runs of a study as the jobs of a cluster: a shard is a chain of runs that one job makes.

plan = shards.split(chains)               # of the runs that are not there: shard → Shard
shards.write(study, plan)                 # for notebooks/cluster.smk and for the jobs
shards.run(study, "target-xnli-after-none-seed1-0123456789ab")      # what such a job does

Chains that begin with the same run are one shard: fine-tune on a target with one seed after one
intermediate task, then all that is scored of it. A shard waits for those whose models it goes on
from. It fills the run store; the sections, executed after all of them, find what they ask for.
"""

import json
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from xit import execute, runs, specs, workers
from xit.errors import unknown
from xit.paths import project
from xit.runs import Spec


class Shard(NamedTuple):
    """What one job makes, in order, and the shards that it waits for."""

    specs: list[Spec]
    needs: list[str]


def split(chains: Iterable[Sequence[Spec]]) -> dict[str, Shard]:
    """Name of its first run → shard, of all that have a run which is not in the run store.

    A finished run is there at once and whole (xit/runs.py), so that it is there is enough: what has
    been damaged since is noticed by the section that reads it.
    """
    found: dict[str, dict[str, Spec]] = {}
    for chain in chains:
        found.setdefault(runs.name(chain[0]), {}).update({runs.name(s): s for s in chain})
    root = specs.store().root
    missing = {n: s for n, s in found.items() if not all((root / run).is_dir() for run in s)}
    home = {runs.identity(s): n for n, told in missing.items() for s in told.values()}
    return {
        name: Shard(list(told.values()), sorted(_needs(told.values(), home) - {name}))
        for name, told in missing.items()
    }


def _needs(told: Iterable[Spec], home: dict[str, str]) -> set[str]:
    """The shards in `home` (identity of a run → its shard) whose runs the specs `told` name."""
    named = (spec.get(key) for spec in told for key in ("parent", "trained"))
    return {home[i] for i in named if i in home}


def file(study: str) -> Path:
    """Where the shards of a build are written down."""
    return execute.changes_file(study).with_name("shards.json")


def done(study: str) -> Path:
    """The directory of the empty files that say which shards of a build have been made."""
    return file(study).with_name(".shards")


def write(study: str, plan: dict[str, Shard]) -> Path:
    """Keep `plan` for Snakemake and its jobs, all of it still to be done; where it is kept."""
    shutil.rmtree(done(study), ignore_errors=True)
    place = file(study)
    place.parent.mkdir(parents=True, exist_ok=True)
    execute.write(place, json.dumps({name: s._asdict() for name, s in plan.items()}))
    return place


def run(study: str, name: str) -> None:
    """Make the runs of one shard, as far as nobody has; XitError for a name that there is not.

    Nothing for one that an earlier build has planned and that a later one found made.
    """
    plan = json.loads(file(study).read_text()) if file(study).exists() else {}
    if name in plan:
        workers.run([plan[name]["specs"]])
        told = f"made in {project().name}"
    elif (specs.store().root / name).is_dir():
        told = "there already"
    else:
        raise unknown(f"shard of study {study!r}", name, plan)
    print(f"| {name}: {told}", flush=True)
