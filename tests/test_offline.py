"""No test reaches a network, whatever process it starts."""

import errno
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from xit.data import look

ELSEWHERE = "192.0.2.1"  # reserved for documentation: no machine has it (RFC 5737)
TRY = f"""
import socket
try:
    socket.create_connection(("{ELSEWHERE}", 80), timeout=5)
except OSError as error:
    print(error.errno)
"""


def test_another_machine_cannot_be_reached() -> None:
    with pytest.raises(OSError, match="tests use no network") as error:
        socket.create_connection((ELSEWHERE, 80), timeout=5)
    assert error.value.errno == errno.ENETUNREACH
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("example.org", 443)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        assert made.connect_ex((ELSEWHERE, 53)) == errno.ENETUNREACH
        with pytest.raises(OSError, match="no network"):
            made.sendto(b"?", (ELSEWHERE, 53))


def test_this_machine_can_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(server.getsockname(), timeout=5) as made:
            assert made.getpeername() == server.getsockname()
        assert socket.getaddrinfo("localhost", 80)


@pytest.mark.parametrize("deep", [1, 2])
def test_nor_can_it_from_a_process_that_a_test_starts(deep: int, tmp_path: Path) -> None:
    """In another directory, and from a child of the child."""
    code = TRY
    for _ in range(deep - 1):
        code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {code!r}])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{errno.ENETUNREACH}\n"


def test_so_the_hub_does_not_answer() -> None:
    look.silence.cache_clear()
    assert look.silence()
    look.silence.cache_clear()
