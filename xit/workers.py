"""Many runs, several at a time: worker processes that share a list and the run store's locks.

    results = workers.run([[spec, …], …], processes=2)     # chains; a chain's specs in order

A worker takes the next chain that nobody works on; so any number of workers, also of another
notebook or another machine on the same file system, share the work without a queue. Workers are
forked from a server that has loaded torch once, which takes as long as training for a while.
"""

import multiprocessing
import os
import time
import traceback
from collections.abc import Callable, Sequence
from multiprocessing import connection, forkserver
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import NamedTuple

from xit import runs, specs
from xit.errors import XitError
from xit.runs import Spec

DONE, SAYS, FAILED = "done", "says", "failed"
# one core a worker: more threads than cores would wait for each other
THREADS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
Tell = Callable[[str, str, str], None]  # (DONE, SAYS or FAILED, which run, what)
Worker = tuple[ForkServerProcess, Connection]  # and the end at which we hear it


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


def warm() -> None:
    """Begin to load torch and transformers in the background, for the workers to come."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["xit.phases"])
    before = dict(os.environ)
    os.environ |= THREADS  # read when the libraries are loaded, so before the fork
    try:
        forkserver.ensure_running()
    finally:
        os.environ.clear()
        os.environ.update(before)


def _work(todo: list[list[Spec]], processes: int, count: int, quiet: bool) -> None:
    warm()
    context = multiprocessing.get_context("forkserver")
    children: list[Worker] = []
    try:
        for _ in range(processes):
            ours, theirs = context.Pipe(duplex=False)
            child = context.Process(target=_worker, args=(theirs, work, todo, dict(os.environ)))
            child.start()
            theirs.close()  # the child has it: when it dies, our end tells
            children.append((child, ours))
        _follow(children, count, quiet)
    finally:  # Ctrl-C: the workers have it too, or are told
        for child, _ in children:
            if child.is_alive():
                child.terminate()
        for child, ours in children:
            child.join()
            ours.close()


def _follow(children: list[Worker], count: int, quiet: bool) -> None:
    """Pass on what the workers say until they end: which run, how many, how long still."""
    began, done = time.monotonic(), 0
    open_ends = {ours: child for child, ours in children}
    while open_ends:
        for end in connection.wait(list(open_ends)):
            assert isinstance(end, Connection)
            try:
                what, label, told = end.recv()
            except (EOFError, OSError):
                child = open_ends.pop(end)
                child.join()
                if child.exitcode:
                    raise XitError(f"a worker failed: it ended with {child.exitcode}") from None
                continue
            if what == FAILED:
                raise XitError(told)
            done += what == DONE
            if quiet:
                continue
            if what == DONE:
                left = (time.monotonic() - began) / done * (count - done)
                print(f"[{done:3}/{count}] {label}: {told}; about {left:.0f} s left", flush=True)
            else:
                print(f"          {label}: {told}", flush=True)


def _worker(
    end: Connection, work: Callable, chains: list[list[Spec]], environment: dict[str, str]
) -> None:
    """The life of a worker process: all is told through `end`, the last thing a failure."""
    os.environ.update(environment | THREADS)
    try:
        work(chains, lambda *told: end.send(told))
    except (KeyboardInterrupt, BrokenPipeError):  # nobody waits for it any more
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
