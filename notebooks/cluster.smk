"""A study on a cluster: each shard of its runs is a job, the book is another. See xit/cluster.py.

The shards are those that were not in the run store when the build began. What finds all its runs
there is the notebooks, executed by the job `pages` as on any one machine: by notebooks/Snakefile.
"""

import json
import sys
from pathlib import Path

from xit import shards

STUDY = config["study"]
SHARDS = json.loads(shards.file(STUDY).read_text())
DONE = str(shards.done(STUDY).relative_to(Path(workflow.basedir).parent))
COMMAND = f"'{sys.executable}' -m xit "
OPTIONS = " --study {params.study:q} --hub {params.hub:q}"


def made(names):
    return [f"{DONE}/runs/{name}" for name in names]


rule all:
    input: f"{DONE}/pages"


rule shard:
    # a job that an earlier build has left in the queue may find its runs made, and no shard
    input: lambda wanted: made(SHARDS.get(wanted.name, {"needs": []})["needs"])
    output: touch(DONE + "/runs/{name}")
    params:
        study=STUDY,
    shell: COMMAND + "shard {wildcards.name:q} --study {params.study:q}"


rule pages:
    input: made(SHARDS)
    output: touch(f"{DONE}/pages")
    params:
        study=STUDY,
        hub=config.get("hub") or "",
    shell: COMMAND + "build --jobs {threads}" + OPTIONS
