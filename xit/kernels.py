"""Kernels for notebooks, forked from a server that has loaded what notebooks import.

A section's own work is often less than the start of its kernel: Python, pandas, Matplotlib. A build
keeps one such server (xit/pool.py); `Forked` is how Jupyter gets a kernel from there. Where none is
lent, or it has gone, a kernel is started as usual.
"""

import asyncio
import os
import signal
import threading
from multiprocessing.connection import Client, Connection
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import LocalProvisioner

from xit import forked
from xit.pool import NOTEBOOKS


class Forked(LocalProvisioner):
    """Jupyter's own way to a local kernel, but for the process: that is forked."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:  # noqa: ANN401 (as in Jupyter)
        cwd = str(kwargs.get("cwd") or Path.cwd())
        wanted = start, cmd[cmd.index("-f") :], cwd, dict(kwargs["env"])
        try:
            line = Client(os.environ.get(NOTEBOOKS, ""), "AF_UNIX")
            line.send(wanted)
            pid = await asyncio.to_thread(line.recv)
        except (OSError, EOFError):  # no build, or its server has been killed
            return await super().launch_kernel(cmd, **kwargs)
        self.process = Process(line, pid)  # type: ignore[assignment]
        self.pid = self.pgid = pid
        self.cwd = cwd
        return self.connection_info


class Process:
    """What `LocalProvisioner` wants to know of a Popen; not our child, but at our line's end."""

    stdin = stdout = stderr = None

    def __init__(self, line: Connection, pid: int) -> None:
        self.line, self.pid = line, pid

    def poll(self) -> int | None:
        """None while it lives; then 1, since nobody tells how it ended."""
        return 1 if self.line.poll() else None  # it says nothing more: the line is closed

    def wait(self) -> int:
        """Until it has ended."""
        self.line.poll(None)
        self.line.close()
        return 1

    def send_signal(self, number: int) -> None:
        """As `os.kill`."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """As `os.kill`."""
        os.kill(self.pid, signal.SIGKILL)

    def terminate(self) -> None:
        """As `os.kill`."""
        os.kill(self.pid, signal.SIGTERM)


def start(end: Connection, arguments: list[str], cwd: str, environment: dict[str, str]) -> None:
    """In the fork: be a kernel until it is shut down or whoever asked for it has gone."""
    from ipykernel.kernelapp import IPKernelApp

    forked.enter(end, cwd, environment)
    threading.Thread(target=forked.leave_with, args=[end], daemon=True).start()
    quiet = ["--log-level=ERROR", "--HistoryManager.enabled=False"]
    quiet += ["--IPKernelApp.parent_handle=1"]  # not to watch: the server
    IPKernelApp.launch_instance(argv=[*arguments, *quiet])
