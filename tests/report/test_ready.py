"""What the server of notebooks loads: all that a page imports and draws with, and no thread."""

import json
import subprocess
import sys

LOOK = """
import json, sys, threading
import xit.report.ready
names = ("ipykernel.ipkernel", "papermill", "matplotlib.backends.backend_pdf", "xit.report.page")
there = [name in sys.modules for name in (*names, "torch", "sphinx", "xit.lab.write")]
print(json.dumps([threading.active_count(), *there]))
"""


def test_it_loads_what_pages_need_and_starts_no_thread() -> None:
    """Neither what trains nor what renders, and of the lab only the loader knows."""
    told = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True)
    assert json.loads(told.stdout.splitlines()[-1]) == [1, *[True] * 4, *[False] * 3]
