"""`python -m xit.forked …` does what `xit …` does, in a fork of the build's server if there is one.

There, what executes notebooks is loaded already: for a page that only reads, half of its time.
"""

import gc
import os
import signal
import sys
import threading
from multiprocessing import reduction
from multiprocessing.connection import Client, Connection

from xit.pool import NOTEBOOKS, THREADS


def run(arguments: list[str]) -> int:
    """The exit status of `xit` with these arguments."""
    try:
        line = Client(os.environ.get(NOTEBOOKS, ""), "AF_UNIX")
        line.send((work, arguments, os.getcwd(), dict(os.environ)))  # noqa: PTH109 (as it is)
        process = line.recv()
        for stream in (sys.stdout, sys.stderr):
            reduction.send_handle(line, stream.fileno(), process)
    except (OSError, EOFError):  # no build, or its server has been killed
        from xit.__main__ import main

        return main(arguments)
    try:
        return int(line.recv())
    except EOFError:
        print(f"error: xit {' '.join(arguments)}: its process has been killed", file=sys.stderr)
        return 2


def work(end: Connection, arguments: list[str], cwd: str, environment: dict[str, str]) -> None:
    """In the fork: run the command, and end with whoever asked for it."""
    enter(end, cwd, environment)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(reduction.recv_handle(end), stream.fileno())
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    threading.Thread(target=leave_with, args=[end], daemon=True).start()
    from xit.__main__ import main

    status = main(arguments)
    sys.stdout.flush()
    end.send(status)


def enter(end: Connection, cwd: str, environment: dict[str, str]) -> None:
    """Be a process of its own, as if started there and so; tells its number."""
    gc.set_threshold(10_000, 20, 20)  # pages make many objects and little garbage: a tenth of time
    os.setsid()  # so that a signal reaches what it starts, too
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment | THREADS)
    end.send(os.getpid())


def leave_with(end: Connection) -> None:
    """Wait until whoever is at the other end has gone; then end, with all that was started."""
    try:
        end.recv()
    except (EOFError, OSError):
        os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    from xit import forked  # by its name, which the server knows

    sys.exit(forked.run(sys.argv[1:]))
