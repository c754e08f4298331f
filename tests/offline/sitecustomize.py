"""No network: Python's sockets reach this machine and nothing else.

tests/conftest.py imports it, and puts its directory on PYTHONPATH, so that every Python process
that a test starts, and any that such a process starts, does the same while it starts up. It is as
on a machine without a network: a name is not found, an address cannot be reached.
"""

import errno
import ipaddress
import socket
from typing import Any

_connect, _connect_ex = socket.socket.connect, socket.socket.connect_ex
_sendto, _getaddrinfo = socket.socket.sendto, socket.getaddrinfo


def _local(host: object, numbers: bool = False) -> bool:
    """Whether `host`, a name or an address, is this machine; with `numbers`, or any address."""
    name = host.decode() if isinstance(host, bytes) else str(host or "localhost")
    if name in ("localhost", socket.gethostname()):
        return True
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return numbers or address.is_loopback or address.is_unspecified


def _allowed(made: socket.socket, address: object) -> bool:
    inet = made.family in (socket.AF_INET, socket.AF_INET6)
    return not inet or not isinstance(address, tuple) or _local(address[0])


def _refused(address: object) -> OSError:
    return OSError(errno.ENETUNREACH, f"tests use no network, and this asked for {address!r}")


def connect(self: socket.socket, address: Any) -> None:  # noqa: ANN401
    """As socket.connect; OSError for any other machine."""
    if not _allowed(self, address):
        raise _refused(address)
    _connect(self, address)


def connect_ex(self: socket.socket, address: Any) -> int:  # noqa: ANN401
    """As socket.connect_ex; ENETUNREACH for any other machine."""
    return _connect_ex(self, address) if _allowed(self, address) else errno.ENETUNREACH


def sendto(self: socket.socket, data: bytes, *told: Any) -> int:  # noqa: ANN401
    """As socket.sendto; OSError for any other machine."""
    if not _allowed(self, told[-1]):
        raise _refused(told[-1])
    return int(_sendto(self, data, *told))


def getaddrinfo(host: object, *more: Any, **named: Any) -> list:  # noqa: ANN401
    """As socket.getaddrinfo; gaierror for any other machine's name."""
    if not _local(host, numbers=True):
        raise socket.gaierror(socket.EAI_NONAME, str(_refused(host)))
    return list(_getaddrinfo(host, *more, **named))  # type: ignore[arg-type]


socket.socket.connect = connect  # type: ignore[assignment,method-assign]
socket.socket.connect_ex = connect_ex  # type: ignore[assignment,method-assign]
socket.socket.sendto = sendto  # type: ignore[assignment,method-assign]
socket.getaddrinfo = getaddrinfo
