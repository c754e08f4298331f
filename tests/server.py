"""A server started as a reader starts it, until it is asked to stop."""

import os
import re
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

ADDRESS = re.compile(r"http://(?:localhost|127\.0\.0\.1|0\.0\.0\.0)(?::\d+)?[\w./?=&-]*")
JUPYTER = '{"ServerApp": {"allow_root": true, "open_browser": false, "port": 0}}'


@contextmanager
def served(place: Path, words: Sequence[str], seconds: float = 300) -> Iterator[str]:
    """The address at which the command answers, typed in the checkout at `place`.

    Root may start JupyterLab (tests run in containers), and it opens no browser. AssertionError if
    nothing answers within so many `seconds`. What the command started is stopped afterwards.
    """
    settings = place / ".jupyter"
    settings.mkdir(exist_ok=True)
    (settings / "jupyter_server_config.json").write_text(JUPYTER)
    log = place / "server.log"
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    own = {"XIT_ROOT": str(place), "PYTHONPATH": str(place), "BROWSER": "true"}
    own |= {f"JUPYTER_{kind}_DIR": str(settings) for kind in ("CONFIG", "DATA", "RUNTIME")}
    with log.open("w") as to:
        child = subprocess.Popen(
            list(words),
            cwd=place,
            env=inherited | own,
            stdout=to,
            stderr=to,
            start_new_session=True,
        )
    try:
        yield _address(child, log, seconds)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGTERM)
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def _address(child: subprocess.Popen[bytes], log: Path, seconds: float) -> str:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and child.poll() is None:
        if found := ADDRESS.search(log.read_text()):
            with suppress(OSError), urllib.request.urlopen(found[0], timeout=10) as answer:
                assert answer.status == 200
                return found[0]
        time.sleep(0.2)
    raise AssertionError(f"no answer: {log.read_text()}")
