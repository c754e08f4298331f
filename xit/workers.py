"""Many runs, several at a time: worker processes that share a list and the run store's locks.

    results = workers.run([[spec, …], …], processes=2)     # chains; a chain's specs in order

A worker takes the next chain that nobody works on; so any number of workers, also of another
notebook or another machine on the same file system, share the work without a queue. Where they
come from is in xit/pool.py.
"""

import contextlib
import os
import signal
import time
import traceback
from collections.abc import Callable, Sequence
from multiprocessing import connection
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from xit import pool, runs, specs
from xit.errors import XitError
from xit.runs import Spec

# What a worker tells: its process, a run that is done, how far one is, that all is done, a failure.
BEGAN, DONE, SAYS, ENDED, FAILED = "began", "done", "says", "ended", "failed"
Tell = Callable[[str, str, str], None]  # (DONE or SAYS, which run, what)


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
        # three chains on two cores: all at once, or one core would wait for the last
        few = processes < len(todo) < 2 * processes
        _work(todo, len(todo) if few else min(processes, len(todo)), total - hits, quiet)
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
    ends: dict[Connection, int | None] = {}  # at which we hear a worker, its process once it began
    try:
        for at in starts(todo, processes):
            end = pool.connect()
            ends[end] = None
            own = todo[at:] + todo[:at]
            end.send((_worker, work, own, dict(os.environ), Path.cwd()))
        _follow(ends, count, quiet)
    finally:  # Ctrl-C: the workers have it too, or are told
        for end, process in ends.items():
            _stop(end, process)


def starts(todo: Sequence[Sequence[Spec]], processes: int) -> list[int]:
    """The chain that each process begins with: each another, since neighbours read the same data,
    which one of them then keeps, and the first of a task, as models are for several chains of it.
    """
    tasks = [chain[0].get("task") for chain in todo]
    firsts = [i for i, task in enumerate(tasks) if i == 0 or task != tasks[i - 1]]
    places = [len(todo) * i / processes for i in range(processes)]
    return [min(firsts, key=lambda i: abs(i - place)) for place in places]


def _follow(ends: dict[Connection, int | None], count: int, quiet: bool) -> None:
    """Pass on what the workers say until they end: which run, how many, how long still."""
    began, done = time.monotonic(), 0
    while ends:
        for end in connection.wait(list(ends)):
            assert isinstance(end, Connection)
            try:
                what, label, told = end.recv()
            except (EOFError, OSError):
                ends.pop(end)
                raise XitError("a worker was killed, perhaps for its memory") from None
            if what == BEGAN:
                ends[end] = int(told)
            if what in (ENDED, FAILED):  # it may serve another section by now: not to be stopped
                ends.pop(end)
                end.close()
            if what == FAILED:
                raise XitError(told)
            done += what == DONE
            if quiet:
                continue
            if what == DONE:
                left = (time.monotonic() - began) / done * (count - done)
                print(f"[{done:3}/{count}] {label}: {told}; about {left:.0f} s left", flush=True)
            elif what == SAYS:
                print(f"          {label}: {told}", flush=True)


def _stop(end: Connection, process: int | None) -> None:
    """End a worker that is not needed any more; come back when it is gone."""
    with contextlib.suppress(EOFError, OSError):
        if process is None and end.poll():  # else it has not begun, and will find nobody here
            process = int(end.recv()[2])
        if process is not None:
            os.kill(process, signal.SIGTERM)
            while True:
                end.recv()
    end.close()


def _worker(
    end: Connection,
    work: Callable,
    chains: list[list[Spec]],
    environment: dict[str, str],
    cwd: Path,
) -> None:
    """What a worker process does: all is told through `end`, the last thing that it ended or why
    it failed.
    """
    try:
        end.send((BEGAN, "", os.getpid()))
        os.chdir(cwd)
        os.environ.clear()
        os.environ.update(environment | pool.THREADS)
        work(chains, lambda *told: end.send(told))
        end.send((ENDED, "", ""))
    except (KeyboardInterrupt, BrokenPipeError, ConnectionResetError):  # nobody waits any more
        os._exit(0)
    except XitError as error:
        end.send((FAILED, "", str(error)))
    except Exception as error:
        reason = traceback.format_exc()
        end.send((FAILED, "", f"a worker failed: {type(error).__name__}: {error}\n{reason}"))


def work(chains: Sequence[Sequence[Spec]], tell: Tell = lambda *_: None) -> None:
    """What a worker process does: all chains, those first that nobody else is working on."""
    from xit import phases

    store = specs.store()
    waiting = [list(c) for c in chains]
    wait = False
    while waiting:
        skipped = []
        for chain in waiting:
            if not _chain(store, chain, phases.build, wait, tell):
                skipped.append(chain)
        wait = len(skipped) == len(waiting)  # all are taken: wait for the first
        waiting = skipped


def _chain(store: runs.Store, chain: list[Spec], build: Callable, wait: bool, tell: Tell) -> bool:
    """Whether the chain is finished; False if another process is at it."""
    for spec in chain:
        began, label = time.monotonic(), runs.name(spec)
        said = [0.0]

        def say(line: str, label: str = label, said: list[float] = said) -> None:
            if time.monotonic() - said[0] > 10:  # often enough for a person
                said[0] = time.monotonic()
                tell(SAYS, label, line)

        made = store.make(spec, lambda out, s=spec, say=say: build(s, out, say), wait)  # type: ignore[misc]
        if made is None:
            return False
        if not made[1]:
            tell(DONE, label, f"{time.monotonic() - began:.1f} s")
        wait = True  # having begun the chain, finish it
    return True
