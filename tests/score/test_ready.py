"""What the server of workers loads: all that the first run needs, and no thread."""

import json
import subprocess
import sys

LOOK = """
import json, sys, threading
import xit.score.ready
there = [name in sys.modules for name in ("torch", "datasets", "xit.score.run", "xit.lab.write")]
print(json.dumps([threading.active_count(), *there]))
"""


def test_it_loads_what_runs_need_but_not_the_lab_and_starts_no_thread() -> None:
    """Of the lab only the loader knows (xit/data/hub.py)."""
    told = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True)
    assert json.loads(told.stdout) == [1, True, True, True, False]
