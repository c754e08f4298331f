"""A real Slurm on this machine: munged, slurmctld and two slurmd, in one directory, as this user.

python -m tests.slurm place      # starts it, prints how to use it, ends it with Ctrl-C

Needs Debian's packages slurm-wlm and munge. Two nodes on one host are told apart by their names and
ports; nothing of it is installed as a service, and nothing listens but on this machine.
"""

import contextlib
import getpass
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil

DAEMONS = ("munged", "slurmctld", "slurmd")
NODES = ("one", "two")
SBIN = "/usr/sbin:/sbin"  # not on everybody's PATH
CONF = """
ClusterName=xit
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={place}/munge.socket,cred_expire=20
StateSaveLocation={place}/state
SlurmdSpoolDir={place}/spool.%n
SlurmctldPidFile={place}/slurmctld.pid
SlurmdPidFile={place}/slurmd.%n.pid
SlurmctldLogFile={place}/slurmctld.log
SlurmdLogFile={place}/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,sched_interval=2,bf_interval=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
GresTypes=gpu
SlurmdParameters=config_overrides
MpiDefault=none
ReturnToService=1
MinJobAge=3600
KillWait=2
SlurmdTimeout=5
{nodes}
PartitionName=all Nodes=one,two Default=YES MaxTime=INFINITE State=UP
"""
NODE = (  # with more of everything than there is, so that a profile for a cluster fits
    "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port}"
    " CPUs=16 RealMemory=256000 Gres=gpu:1 State=UNKNOWN"
)


def missing() -> list[str]:
    """Which of Slurm's programs are not on this machine."""
    return [name for name in (*DAEMONS, "sbatch") if not shutil.which(name, path=_path())]


def _path() -> str:
    return f"{os.environ.get('PATH', '')}:{SBIN}"


class Slurm:
    """Two nodes and what controls them, all below the empty directory `place`."""

    def __init__(self, place: Path) -> None:
        self.place, self.daemons = place, dict[str, subprocess.Popen]()
        self.environment = {
            "PATH": f"{place / 'bin'}:{_path()}",
            "SLURM_CONF": str(place / "slurm.conf"),
        }
        host, ports = socket.gethostname().partition(".")[0], _free_ports(1 + len(NODES))
        nodes = [
            NODE.format(name=name, host=host, port=port)
            for name, port in zip(NODES, ports[1:], strict=True)
        ]
        told = {"host": host, "ports": ports, "user": getpass.getuser(), "place": place}
        for name in ("bin", "state", *(f"spool.{node}" for node in NODES)):
            (place / name).mkdir(parents=True)
        # Snakemake takes SLURM_CONF away from srun, which elsewhere finds its file in /etc
        srun = f'#!/bin/sh\nSLURM_CONF={place}/slurm.conf exec {shutil.which("srun")} "$@"\n'
        (place / "bin" / "srun").write_text(srun)
        (place / "bin" / "srun").chmod(0o755)
        place.chmod(0o755)  # munged's clients reach its socket here
        text = CONF.format(**told, nodes="\n".join(nodes))
        (place / "slurm.conf").write_text(text)
        gres = [f"NodeName={name} Name=gpu File=/dev/null\n" for name in NODES]
        (place / "gres.conf").write_text("".join(gres))
        (place / "munge.key").write_bytes(secrets.token_bytes(128))
        (place / "munge.key").chmod(0o600)

    def __enter__(self) -> "Slurm":
        files = {"socket": "socket", "key-file": "key", "pid-file": "pid", "log-file": "log",
                 "seed-file": "seed"}  # fmt: skip
        words = [f"--{option}={self.place}/munge.{name}" for option, name in files.items()]
        try:
            self._start("munged", "--foreground", "--force", *words)
            self._wait(lambda: (self.place / "munge.socket").exists(), "munged does not answer")
            self._start("slurmctld", "-D", "-c")
            for node in NODES:
                self.start_node(node)
            up = ["idle"] * len(NODES)
            self._wait(lambda: sorted(self.states().values()) == up, "the nodes do not come up")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(RuntimeError):  # else what it has started would outlive it
            self.tell("scancel", "--user", getpass.getuser())
            self._wait(lambda: not self.jobs(), "jobs do not end")
        for daemon in reversed(self.daemons.values()):  # munged last: the others speak by it
            daemon.terminate()
            try:
                daemon.wait(5)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()

    def _start(self, name: str, *words: str, called: str = "") -> None:
        with (self.place / f"{called or name}.out").open("a") as out:
            self.daemons[called or name] = subprocess.Popen(
                [str(shutil.which(name, path=_path())), *words],
                stdout=out,
                stderr=subprocess.STDOUT,
                env=os.environ | self.environment,
                start_new_session=True,
            )

    def start_node(self, node: str) -> None:
        """Let the node called so come up."""
        self._start("slurmd", "-D", "-N", node, called=node)

    def down(self, node: str) -> None:
        """The node called so fails: what runs on it ends, and Slurm puts it in the queue again."""
        self.tell("scontrol", "update", f"nodename={node}", "state=down", "reason=test")

    def die(self, node: str) -> None:
        """The node called so loses its power: its daemon and all that runs on it are gone at once,
        and only after a while does Slurm miss it. `start_node` switches it on again."""
        jobs = tuple(f"slurmstepd: [{x['job']}." for x in self.jobs() if x["node"] == node)
        steps = [p for p in psutil.process_iter(["cmdline"])
                 if jobs and " ".join(p.info["cmdline"] or ()).startswith(jobs)]  # fmt: skip
        self.daemons[node].kill()
        self.daemons[node].wait()
        for process in [*(c for p in steps for c in p.children(recursive=True)), *steps]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()

    def tell(self, *words: str) -> str:
        """What one of Slurm's commands answers."""
        done = subprocess.run(
            words, env=os.environ | self.environment, capture_output=True, text=True, check=False
        )
        return done.stdout

    def states(self) -> Mapping[str, str]:
        """Node → its state in Slurm's words."""
        lines = self.tell("sinfo", "--noheader", "--Node", "--format=%N %T").splitlines()
        return {name: state for name, _, state in (line.partition(" ") for line in lines)}

    def jobs(self) -> list[dict[str, str]]:
        """The jobs that wait or run: job, state, node, comment."""
        told = self.tell("squeue", "--noheader", "--format=%i|%T|%N|%k").splitlines()
        return [dict(zip(("job", "state", "node", "comment"), x.split("|"), strict=True))
                for x in told]  # fmt: skip

    def _wait(self, until: Callable[[], bool], why: str, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not until():
            if time.monotonic() > end or any(x.poll() is not None for x in self.daemons.values()):
                logs = [*self.place.glob("*.log"), *self.place.glob("*.out")]
                told = "\n".join(f"{p.name}: {p.read_text()[-1500:]}" for p in sorted(logs))
                raise RuntimeError(f"{why}\n{told}")
            time.sleep(0.1)


def _free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody listens on."""
    lines = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    found = [line.getsockname()[1] for line in lines]
    for line in lines:
        line.close()
    return found


if __name__ == "__main__":
    with Slurm(Path(sys.argv[1]).resolve()) as slurm:
        print("\n".join(f"export {k}='{v}'" for k, v in slurm.environment.items()), flush=True)
        for one in (signal.SIGINT, signal.SIGTERM):
            signal.signal(one, signal.default_int_handler)
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()
