"""Processes forked from servers that have loaded torch or pandas once: it takes as long as work.

    with Pool(keep=True) as shared: …    # a build; tells its sections `shared.addresses`
    worker = pool.connect()              # a notebook: a worker of the build, else of its own

To a client a connection is a worker: (function, arguments) is what goes in, and what that function
sends through the connection's other end comes out. There are two doors, a server behind each: what
they load takes seconds, and so they load side by side. Behind WORKERS, the workers of a build
outlive a section, so that the next finds the data in memory that the last has read; others serve
once. So do all behind NOTEBOOKS (xit/kernels.py, xit/forked.py).
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
from collections.abc import Mapping
from functools import cache
from multiprocessing.connection import Client, Connection
from pathlib import Path
from typing import IO, NamedTuple

WORKERS, NOTEBOOKS = "XIT_WORKERS", "XIT_NOTEBOOKS"  # the doors; environment: where a build's are
# one core a worker: more threads than cores would wait for each other
THREADS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
# what a door needs: loaded when somebody first comes
LOADS = {WORKERS: "xit.score.ready", NOTEBOOKS: "xit.report.ready"}


class Pool:
    """Servers and their processes. They live as long as all of `alive` are open in some process."""

    def __init__(
        self, keep: bool = False, log: Path | None = None, loads: Mapping[str, str] = LOADS
    ) -> None:
        long = len(tempfile.gettempdir()) > 70  # a socket's whole path has 100 characters
        place = Path(tempfile.mkdtemp(prefix="xit-", dir="/tmp" if long else None))
        self.addresses = {door: str(place / door) for door in loads}
        self.servers: dict[str, subprocess.Popen] = {}
        with (log or Path(os.devnull)).open("w") as noise:
            for door, module in loads.items():
                kept, told = keep and door == WORKERS, noise if log else None
                self.servers[door] = _server(Path(self.addresses[door]), module, kept, told)
        self.alive = [one.stdin.fileno() for one in self.servers.values() if one.stdin]

    def connect(self, door: str = WORKERS) -> Connection:
        """A worker."""
        return Client(self.addresses[door], "AF_UNIX")

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_: object) -> None:
        for server in self.servers.values():
            assert server.stdin
            server.stdin.close()
        for server in self.servers.values():
            server.wait()


def _server(place: Path, module: str, keep: bool, noise: IO[str] | None) -> subprocess.Popen:
    """A server whose door is at `place`."""
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(place))  # here: so that nobody comes too early
        door.listen(64)
        return subprocess.Popen(
            [sys.executable, "-m", "xit.pool", json.dumps([door.fileno(), module, keep])],
            stdin=subprocess.PIPE,
            stdout=noise,
            stderr=noise,
            pass_fds=[door.fileno()],
            env=os.environ | THREADS,  # read when the libraries are loaded
        )


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


def serve(door: Door) -> None:
    """Give each connection to a worker, forked if none is idle; until stdin closes."""
    workers: dict[socket.socket, int] = {}  # the line to each, its process
    idle: list[socket.socket] = []  # the last to be idle first: what it has read is used again
    while True:
        ready = select.select([*workers, sys.stdin, door.at], [], [])[0]
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
        if door.at not in ready:
            continue
        guest, _ = door.at.accept()
        with guest:
            served = False
            while not served:
                line = idle.pop() if door.keep and idle else _fork(workers, door, guest)
                with contextlib.suppress(BrokenPipeError):  # it has just been killed
                    socket.send_fds(line, [b"x"], [guest.fileno()])
                    served = True


def _fork(workers: dict[socket.socket, int], door: Door, guest: socket.socket) -> socket.socket:
    """The line to a new worker; what is open here it closes, so that others see when it ends."""
    gc.disable()  # none of what is loaded is garbage: to look through it takes a fifth of the time
    with contextlib.suppress(Exception):  # the worker meets the same failure, and tells it
        importlib.import_module(door.loads)
    gc.freeze()  # else each fork would look through, and so copy, what the server has loaded
    ours, theirs = socket.socketpair()
    if pid := os.fork():
        theirs.close()
        workers[ours] = pid
        return ours
    gc.enable()
    for line in (guest, door.at, *workers, ours):
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
    number, *how = json.loads(sys.argv[1])
    door = Door(socket.socket(fileno=number), *how)
    try:
        serve(door)
    except KeyboardInterrupt:
        pass
    except BaseException:
        traceback.print_exc()
    finally:
        place = Path(door.at.getsockname())
        place.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # the other door is there still
            place.parent.rmdir()
        os._exit(0)  # torch takes its time to end, and somebody waits
