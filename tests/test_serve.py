"""The built site on a port."""

import socket
import threading
import urllib.request
from pathlib import Path

import pytest

from xit.errors import XitError
from xit.serve import server


def test_the_site_is_served_to_this_machine(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("the book")
    with server(tmp_path, 0) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{made.server_port}/"
        with urllib.request.urlopen(address, timeout=60) as answer:
            assert answer.read() == b"the book"
        made.shutdown()


def test_no_site_and_a_taken_port_are_named(tmp_path: Path) -> None:
    with pytest.raises(XitError, match="run `make book` first"):
        server(tmp_path, 0)
    (tmp_path / "index.html").touch()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(XitError, match=f"PORT = {port}: cannot listen"):
            server(tmp_path, port)
    with pytest.raises(XitError, match="PORT = 99999"):
        server(tmp_path, 99999)
