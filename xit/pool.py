"""Worker processes, forked from a server that has loaded torch once: it takes as long as training.

    with pool.Pool(keep=True) as shared: …    # a build; tells its sections `shared.address`
    worker = pool.connect()                   # a notebook: a worker of the build, else of its own

To a client a connection is a worker: (function, arguments) is what goes in, and what that function
sends through the connection's other end comes out. The workers of a build outlive a section, so
that the next finds the data in memory that the last has read; others serve once.
"""

import contextlib
import importlib
import os
import select
import socket
import subprocess
import sys
import tempfile
import traceback
from functools import cache
from multiprocessing.connection import Client, Connection
from pathlib import Path

ADDRESS = "XIT_POOL"  # environment: where the build's pool listens
# one core a worker: more threads than cores would wait for each other
THREADS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
LOADED = "XIT_POOL_LOADS"  # environment: the module that a server loads before it forks


class Pool:
    """A server and its workers. They live as long as `alive` is open in some process."""

    def __init__(self, keep: bool = False, log: Path | None = None) -> None:
        long = len(tempfile.gettempdir()) > 70  # a socket's whole path has 100 characters
        self.address = str(
            Path(tempfile.mkdtemp(prefix="xit-", dir="/tmp" if long else None)) / "p"
        )
        with socket.socket(socket.AF_UNIX) as door, (log or Path(os.devnull)).open("w") as noise:
            door.bind(self.address)  # here: so that nobody comes too early
            door.listen(64)
            self.server = subprocess.Popen(
                [sys.executable, "-m", "xit.pool", str(door.fileno()), str(int(keep))],
                stdin=subprocess.PIPE,
                stdout=noise if log else None,
                stderr=noise if log else None,
                pass_fds=[door.fileno()],
                env=os.environ | THREADS,  # read when the libraries are loaded
            )
        assert self.server.stdin
        self.alive = self.server.stdin.fileno()

    def connect(self) -> Connection:
        """A worker."""
        return Client(self.address, "AF_UNIX")

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
    if address := os.environ.get(ADDRESS):
        with contextlib.suppress(OSError):  # of a build on another machine, or one that has ended
            return Client(address, "AF_UNIX")
    return _own().connect()


def warm() -> None:
    """Let the server begin to load torch, in the background, for the work to come."""
    connect().close()


# -- the server --


def serve(door: socket.socket, keep: bool) -> None:
    """Give each connection at `door` to a worker, forked if none is idle; until stdin closes."""
    workers: dict[socket.socket, int] = {}  # the line to each, its process
    idle: list[socket.socket] = []  # the last to be idle first: what it has read is used again
    while True:
        ready = select.select([*workers, sys.stdin, door], [], [])[0]
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
        if door in ready:
            guest, _ = door.accept()
            with guest:
                served = False
                while not served:
                    line = idle.pop() if idle else _fork(workers, keep, [door, guest])
                    with contextlib.suppress(BrokenPipeError):  # it has just been killed
                        socket.send_fds(line, [b"x"], [guest.fileno()])
                        served = True


def _fork(
    workers: dict[socket.socket, int], keep: bool, open_here: list[socket.socket]
) -> socket.socket:
    """The line to a new worker; what is `open_here` it closes, so that others see when it ends."""
    with contextlib.suppress(Exception):  # the worker meets the same failure, and tells it
        importlib.import_module(os.environ.get(LOADED, "xit.phases"))
    ours, theirs = socket.socketpair()
    if pid := os.fork():
        theirs.close()
        workers[ours] = pid
        return ours
    for line in (*open_here, *workers, ours):
        line.close()
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        _life(theirs, keep)
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
    where = socket.socket(fileno=int(sys.argv[1]))
    try:
        serve(where, keep=bool(int(sys.argv[2])))
    except KeyboardInterrupt:
        pass
    except BaseException:
        traceback.print_exc()
    finally:
        address = Path(where.getsockname())
        address.unlink(missing_ok=True)
        address.parent.rmdir()
        os._exit(0)  # torch takes its time to end, and somebody waits
