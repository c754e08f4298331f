"""Processes forked from a server that has loaded torch and pandas once: it takes as long as work.

    with Pool(keep=True) as shared: …    # a build; tells its sections `shared.addresses`
    worker = pool.connect()              # a notebook: a worker of the build, else of its own

To a client a connection is a worker: (function, arguments) is what goes in, and what that function
sends through the connection's other end comes out. The server has two doors. Behind WORKERS, the
workers of a build outlive a section, so that the next finds the data in memory that the last has
read; others serve once. So do all behind NOTEBOOKS (xit/kernels.py, xit/forked.py).
"""

import contextlib
import gc
import importlib
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from functools import cache
from multiprocessing.connection import Client, Connection
from pathlib import Path
from typing import NamedTuple

WORKERS, NOTEBOOKS = "XIT_WORKERS", "XIT_NOTEBOOKS"  # the doors; environment: where a build's are
# one core a worker: more threads than cores would wait for each other
THREADS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
# what a door needs: loaded when somebody first comes
LOADS = {WORKERS: "xit.phases", NOTEBOOKS: "xit.report.ready"}


class Pool:
    """A server and its processes. They live as long as `alive` is open in some process."""

    def __init__(
        self, keep: bool = False, log: Path | None = None, loads: Mapping[str, str] = LOADS
    ) -> None:
        long = len(tempfile.gettempdir()) > 70  # a socket's whole path has 100 characters
        place = Path(tempfile.mkdtemp(prefix="xit-", dir="/tmp" if long else None))
        self.addresses = {door: str(place / door) for door in loads}
        with contextlib.ExitStack() as here, (log or Path(os.devnull)).open("w") as noise:
            doors = {door: here.enter_context(socket.socket(socket.AF_UNIX)) for door in loads}
            for door, one in doors.items():
                one.bind(self.addresses[door])  # here: so that nobody comes too early
                one.listen(64)
            told = {one.fileno(): (loads[door], keep and door == WORKERS)
                    for door, one in doors.items()}  # fmt: skip
            self.server = subprocess.Popen(
                [sys.executable, "-m", "xit.pool", json.dumps(list(told.items()))],
                stdin=subprocess.PIPE,
                stdout=noise if log else None,
                stderr=noise if log else None,
                pass_fds=list(told),
                env=os.environ | THREADS,  # read when the libraries are loaded
            )
        assert self.server.stdin
        self.alive = self.server.stdin.fileno()

    def connect(self, door: str = WORKERS) -> Connection:
        """A worker."""
        return Client(self.addresses[door], "AF_UNIX")

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_: object) -> None:
        assert self.server.stdin
        self.server.stdin.close()
        self.server.wait()


@cache
def _own() -> Pool:
    """This process's pool; it ends with the process."""
    return Pool()


def connect() -> Connection:
    """A worker; of this process's own pool where no build lends one."""
    if address := os.environ.get(WORKERS):
        with contextlib.suppress(OSError):  # of a build on another machine, or one that has ended
            return Client(address, "AF_UNIX")
    return _own().connect()


def warm() -> None:
    """Let the server begin to load torch, in the background, for the work to come."""
    connect().close()


# -- the server --


class Door(NamedTuple):
    """Where a server is asked for workers."""

    at: socket.socket
    loads: str  # a module
    keep: bool  # its workers, for the next who comes


def serve(doors: Sequence[Door]) -> None:
    """Give each connection to a worker, forked if none is idle; until stdin closes."""
    workers: dict[socket.socket, int] = {}  # the line to each, its process
    idle: list[socket.socket] = []  # the last to be idle first: what it has read is used again
    while True:
        ready = select.select([*workers, sys.stdin, *(door.at for door in doors)], [], [])[0]
        if sys.stdin in ready:
            return
        for line in [x for x in workers if x in ready]:
            with contextlib.suppress(ConnectionResetError):
                if line.recv(1):
                    idle.append(line)
                    continue
            if line in idle:
                idle.remove(line)
            os.waitpid(workers.pop(line), 0)
            line.close()
        for door in [x for x in doors if x.at in ready]:
            guest, _ = door.at.accept()
            with guest:
                served = False
                while not served:
                    line = (
                        idle.pop()
                        if door.keep and idle
                        else _fork(workers, door, [guest, *(x.at for x in doors)])
                    )
                    with contextlib.suppress(BrokenPipeError):  # it has just been killed
                        socket.send_fds(line, [b"x"], [guest.fileno()])
                        served = True


def _fork(
    workers: dict[socket.socket, int], door: Door, open_here: list[socket.socket]
) -> socket.socket:
    """The line to a new worker; what is `open_here` it closes, so that others see when it ends."""
    with contextlib.suppress(Exception):  # the worker meets the same failure, and tells it
        importlib.import_module(door.loads)
    gc.freeze()  # else each fork would look through, and so copy, what the server has loaded
    ours, theirs = socket.socketpair()
    if pid := os.fork():
        theirs.close()
        workers[ours] = pid
        return ours
    for line in (*open_here, *workers, ours):
        line.close()
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        _life(theirs, door.keep)
    except KeyboardInterrupt:  # the terminal's Ctrl-C comes here too
        pass
    except BaseException:
        traceback.print_exc()
    finally:  # never back into the server's loop
        os._exit(0)


def _life(line: socket.socket, keep: bool) -> None:
    """Serve one connection after the other, until the server is gone."""
    while True:
        _, found, _, _ = socket.recv_fds(line, 1, 1)
        if not found:
            return
        with Connection(found[0]) as end, contextlib.suppress(EOFError):  # only to wake the server
            work, *arguments = end.recv()
            work(end, *arguments)
            if not keep:
                return
        line.send(b"i")


if __name__ == "__main__":
    doors = [Door(socket.socket(fileno=n), *how) for n, how in json.loads(sys.argv[1])]
    try:
        serve(doors)
    except KeyboardInterrupt:
        pass
    except BaseException:
        traceback.print_exc()
    finally:
        places = [Path(door.at.getsockname()) for door in doors]
        for place in places:
            place.unlink(missing_ok=True)
        places[0].parent.rmdir()
        os._exit(0)  # torch takes its time to end, and somebody waits
