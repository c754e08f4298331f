"""Kernels forked from a build's server: as any other, gone with who asked, and never a must."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager
from jupyter_client.provisioning import KernelProvisionerFactory

from tests.test_pool import ends
from xit import kernels, pool


@pytest.fixture(scope="module")
def made() -> Iterator[pool.Pool]:
    with pool.Pool() as one:
        yield one


@pytest.fixture
def forked(made: pool.Pool, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(pool.NOTEBOOKS, made.addresses[pool.NOTEBOOKS])
    factory = KernelProvisionerFactory.instance()
    monkeypatch.setattr(factory, "default_provisioner_name", "xit")
    yield


def started() -> tuple[KernelManager, BlockingKernelClient]:
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    return manager, client


def said(client: BlockingKernelClient, code: str) -> str:
    """What `code` prints."""
    heard: list[str] = []

    def hear(message: dict) -> None:
        if message["msg_type"] == "stream":
            heard.append(message["content"]["text"])

    reply = client.execute_interactive(code, output_hook=hear, timeout=60)
    assert reply["content"]["status"] == "ok", reply["content"]
    return "".join(heard).strip()


def test_a_forked_kernel_works_as_any_other(
    forked: None, made: pool.Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it is, its environment, no thread too many, plots inside the page; all loaded."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XIT_TEST_WORD", "hello")
    manager, client = started()
    try:
        assert isinstance(manager.provisioner, kernels.Forked)
        assert isinstance(manager.provisioner.process, kernels.Process)
        assert said(
            client, "import sys; print('pandas' in sys.modules, 'torch' in sys.modules)"
        ) == ("True False")
        parent = said(client, "import os; print(os.getppid())")
        assert int(parent) == made.servers[pool.NOTEBOOKS].pid
        assert (
            said(client, "print(os.environ['XIT_TEST_WORD'], os.getcwd())") == f"hello {tmp_path}"
        )
        assert said(client, "import matplotlib; print(matplotlib.get_backend())").endswith("inline")
        assert said(client, "print(os.getpid() == os.getsid(0))") == "True"
    finally:
        client.stop_channels()
        manager.shutdown_kernel()
    assert ends(int(manager.provisioner.pid or 0)) if manager.provisioner else True


def test_two_share_nothing(forked: None) -> None:
    both = [started() for _ in range(2)]
    try:
        assert said(both[0][1], "x = 1; print(x)") == "1"
        assert said(both[1][1], "print('x' in globals())") == "False"
    finally:
        for manager, client in both:
            client.stop_channels()
            manager.shutdown_kernel(now=True)


def test_a_kernel_is_interrupted_and_killed(forked: None) -> None:
    manager, client = started()
    # stop_on_error: else what is asked right after the interrupt may be put aside with it
    client.execute("import time; time.sleep(60)", stop_on_error=False)
    time.sleep(0.5)
    manager.interrupt_kernel()
    assert client.get_shell_msg(timeout=30)["content"]["ename"] == "KeyboardInterrupt"
    assert said(client, "print('here')") == "here"
    assert manager.is_alive()
    manager.shutdown_kernel(now=True)
    client.stop_channels()
    assert not manager.is_alive()


OWNER = """
import os, signal
from tests.test_kernels import said, started
manager, client = started()
print(type(manager.provisioner).__name__, said(client, "import os; print(os.getpid())"), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_kernel_ends_with_an_owner_that_is_killed(made: pool.Pool) -> None:
    lent = {pool.NOTEBOOKS: made.addresses[pool.NOTEBOOKS]}
    told = subprocess.run(
        [sys.executable, "-c", OWNER],
        cwd=Path(__file__).resolve().parents[1],
        env=os.environ | lent | {"JUPYTER_DEFAULT_PROVISIONER_NAME": "xit"},
        text=True, stdout=subprocess.PIPE, check=False,
    )  # fmt: skip
    assert told.returncode == -signal.SIGKILL
    kind, process = told.stdout.split()
    assert kind == "Forked"
    assert ends(int(process))


@pytest.mark.parametrize("gone", [True, False])
def test_without_a_server_a_kernel_starts_as_usual(
    gone: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(pool.NOTEBOOKS, raising=False)
    if gone:
        monkeypatch.setenv(pool.NOTEBOOKS, str(tmp_path / "none"))
    factory = KernelProvisionerFactory.instance()
    monkeypatch.setattr(factory, "default_provisioner_name", "xit")
    manager, client = started()
    try:
        assert isinstance(manager.provisioner, kernels.Forked)
        assert isinstance(manager.provisioner.process, subprocess.Popen)
        assert said(client, "print(6 * 7)") == "42"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_what_is_loaded_before_a_fork_starts_no_python_thread() -> None:
    code = "import threading, xit.report.ready; print(threading.active_count())"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["1"]
