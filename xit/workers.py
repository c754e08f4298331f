"""Many runs, several at a time: worker processes that share a list and the run store's locks.

    results = workers.run([[spec, …], …], processes=2)     # chains; a chain's specs in order

A worker takes the next chain that nobody works on; so any number of workers, also of another
notebook or another machine on the same file system, share the work without a queue.
"""

import contextlib
import itertools
import json
import os
import signal
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
        logs = [Path(directory) / f"log-{i}" for i in range(processes)]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
        command = [sys.executable, "-u", "-m", "xit", "run", str(file)]
        children: list[subprocess.Popen] = []
        try:
            for log in logs:  # a log each: lines of two workers never mix
                with log.open("w") as out:
                    children.append(
                        subprocess.Popen(
                            command, stdout=out, stderr=subprocess.STDOUT, env=environment
                        )
                    )
            _follow(children, logs, count, quiet)
        finally:  # Ctrl-C: the workers have it too, or are told
            for child in children:
                if child.poll() is None:
                    child.terminate()
            for child in children:
                child.wait()
        _refuse(children, logs)


def _refuse(children: list[subprocess.Popen], logs: list[Path]) -> None:
    """XitError if a worker failed: the reason that one gave, else the last lines of the first."""
    failed = [(child, log) for child, log in zip(children, logs, strict=True) if child.returncode]
    if not failed:
        return
    # those that were only told to stop come last
    failed.sort(key=lambda pair: pair[0].returncode == -signal.SIGTERM)
    lines = [log.read_text(errors="replace").splitlines() for _, log in failed]
    for line in itertools.chain(*lines):
        if line.startswith(FAILED):
            raise XitError(line[len(FAILED) :])
    last = lines[0][-1] if lines[0] else repr(failed[0][0])
    raise XitError(f"a worker failed: {last}\n" + "\n".join(lines[0][-30:]))


def _follow(children: list[subprocess.Popen], logs: list[Path], count: int, quiet: bool) -> None:
    """Pass on what the workers say until they end: which run, how many, how long still."""
    began, done = time.monotonic(), 0
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(log.open(errors="replace")) for log in logs]
        parts = [""] * len(files)  # of lines that are not whole yet
        while True:
            codes = [child.poll() for child in children]  # before reading: nothing is missed
            for i, file in enumerate(files):
                *lines, parts[i] = (parts[i] + file.read()).split("\n")
                for line in lines:
                    if line.startswith(DONE):
                        done += 1
                        left = (time.monotonic() - began) / done * (count - done)
                        line = f"[{done:3}/{count}] {line[len(DONE) :]}; about {left:.0f} s left"
                    elif line.startswith(SAYS):
                        line = " " * 10 + line[len(SAYS) :]
                    else:
                        continue
                    if not quiet:
                        print(line, flush=True)
            if None not in codes or any(codes):  # all have ended, or one failed: stop the others
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
