"""The built site on a port of this machine, for those who do not want to open it from disk."""

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from xit.errors import XitError


def server(html: Path, port: int) -> ThreadingHTTPServer:
    """A server of `html` to this machine alone; port 0 takes any free one.

    Raises XitError where there is no site, and where the port is taken.
    """
    if not (html / "index.html").is_file():
        raise XitError(f"no site in {html}: run `make book` first")
    try:
        return ThreadingHTTPServer(
            ("127.0.0.1", port), partial(SimpleHTTPRequestHandler, directory=str(html))
        )
    except (OSError, OverflowError) as error:
        raise XitError(f"PORT = {port}: cannot listen there ({error})") from error


def serve(html: Path, port: int) -> None:
    """Serve `html` until interrupted."""
    with server(html, port) as made:
        print(f"http://127.0.0.1:{made.server_port}/ (Ctrl-C ends it)", flush=True)
        made.serve_forever()
