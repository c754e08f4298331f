"""A function of a test module, called by each of two processes that train together on the CPU."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

SCRIPT = """
import importlib.util, json, os, sys
result, root, tests, name = sys.argv[1:]
sys.path.insert(0, root)
spec = importlib.util.spec_from_file_location("here", tests)
here = importlib.util.module_from_spec(spec)
spec.loader.exec_module(here)
out = getattr(here, name)()
open(f"{result}-{os.environ['RANK']}.json", "w").write(json.dumps(out))
"""


def on_two(tests: str, name: str, place: Path) -> list[Any]:
    """What `name()` of the module in the file `tests` returns in each of them, as JSON has it.

    `place` is an empty directory. AssertionError with the end of what they say if one fails.
    """
    script = place / "script.py"
    script.write_text(SCRIPT)
    root = Path(__file__).resolve().parents[1]
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc_per_node", "2", str(script), str(place / "two"), str(root), tests, name]
    environment = os.environ | {
        "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true", "CUDA_VISIBLE_DEVICES": "",
    }  # fmt: skip
    made = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert made.returncode == 0, made.stderr[-4000:]
    return [json.loads((place / f"two-{rank}.json").read_text()) for rank in (0, 1)]
