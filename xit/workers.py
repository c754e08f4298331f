"""Many runs, several at a time: worker processes that share a list and the run store's locks.

    results = workers.run([[spec, …], …], processes=2)     # chains; a chain's specs in order

A worker takes the next chain that nobody works on; so any number of workers, also of another
notebook or another machine on the same file system, share the work without a queue.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from xit import runs, specs
from xit.errors import XitError
from xit.runs import Spec

DONE, SAYS, FAILED = "done ", "says ", "error: "


class Result(NamedTuple):
    """One run: its spec, its directory, and whether it was there before."""

    spec: Spec
    path: Path
    hit: bool


def run(
    chains: Sequence[Sequence[Spec]], processes: int = 1, quiet: bool = False
) -> list[list[Result]]:
    """The runs of all chains, made where they are missing; tells how far it is while it works."""
    store = specs.store()
    found = [[store.find(s) for s in chain] for chain in chains]
    names = {
        runs.name(s): p
        for c, f in zip(chains, found, strict=True)
        for s, p in zip(c, f, strict=True)
    }
    wanted = {runs.name(c[-1]): list(c) for c, f in zip(chains, found, strict=True) if None in f}
    todo = list(wanted.values())  # several seeds may share a run: only once
    total, hits = len(names), sum(p is not None for p in names.values())
    if not quiet:
        print(f"{total} runs: {hits} there already, {total - hits} to do", flush=True)
    if todo:
        _work(todo, min(processes, len(todo)), total - hits, quiet)
    results = []
    for chain, before in zip(chains, found, strict=True):
        after = [store.find(s) for s in chain]
        if None in after:
            lost = runs.name(chain[after.index(None)])
            raise XitError(f"run {lost} was not made; see the messages above")
        results.append(
            [Result(s, p, b is not None) for s, p, b in zip(chain, after, before, strict=True) if p]
        )
    return results


def _work(todo: list[list[Spec]], processes: int, count: int, quiet: bool) -> None:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "chains.json"
        file.write_text(json.dumps(todo))
        log = Path(directory) / "log"
        environment = os.environ | {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
        command = [sys.executable, "-u", "-m", "xit", "run", str(file)]
        with log.open("w") as out:
            children = [
                subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=environment)
                for _ in range(processes)
            ]
            try:
                _follow(children, log, count, quiet)
            finally:  # Ctrl-C: the workers have it too, or are told
                for child in children:
                    if child.poll() is None:
                        child.terminate()
                for child in children:
                    child.wait()
        if any(child.returncode for child in children):
            lines = log.read_text().splitlines()
            told = [x[len(FAILED) :] for x in lines if x.startswith(FAILED)]
            raise XitError(
                told[0]
                if told
                else f"a worker failed: {lines[-1] if lines else child}\n" + "\n".join(lines[-30:])
            )


def _follow(children: list[subprocess.Popen], log: Path, count: int, quiet: bool) -> None:
    """Pass on what the workers say until they end: which run, how many, how long still."""
    began, done = time.monotonic(), 0
    with log.open() as lines:
        while True:
            alive = any(child.poll() is None for child in children)
            for line in iter(lines.readline, ""):
                if line.startswith(DONE):
                    done += 1
                    left = (time.monotonic() - began) / done * (count - done)
                    if not quiet:
                        print(
                            f"[{done:3}/{count}] {line[len(DONE) :].rstrip()}; "
                            f"about {left:.0f} s left",
                            flush=True,
                        )
                elif line.startswith(SAYS) and not quiet:
                    print(f"          {line[len(SAYS) :].rstrip()}", flush=True)
            if not alive:
                return
            if any(child.poll() for child in children):  # one failed: stop the others
                return
            time.sleep(0.2)


def work(chains: Sequence[Sequence[Spec]]) -> None:
    """What a worker process does: all chains, those first that nobody else is working on."""
    from xit import phases

    store = specs.store()
    waiting = [list(c) for c in chains]
    wait = False
    while waiting:
        skipped = []
        for chain in waiting:
            if not _chain(store, chain, phases.build, wait):
                skipped.append(chain)
        wait = len(skipped) == len(waiting)  # all are taken: wait for the first
        waiting = skipped


def _chain(store: runs.Store, chain: list[Spec], build: object, wait: bool) -> bool:
    """Whether the chain is finished; False if another process is at it."""
    for spec in chain:
        began, label = time.monotonic(), runs.name(spec)
        said = [0.0]

        def say(line: str, label: str = label, said: list[float] = said) -> None:
            if time.monotonic() - said[0] > 10:  # often enough for a person
                said[0] = time.monotonic()
                print(f"{SAYS}{label}: {line}", flush=True)

        made = store.make(spec, lambda out, s=spec, say=say: build(s, out, say), wait)  # type: ignore[misc,operator]
        if made is None:
            return False
        if not made[1]:
            print(f"{DONE}{label}: {time.monotonic() - began:.1f} s", flush=True)
        wait = True  # having begun the chain, finish it
    return True
