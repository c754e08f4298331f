"""What computes: versions, processor, accelerator. Kept with every run, shown at the foot of pages.

    machine.here()      # {"python": "3.11.2", "torch": "2.13.0", …, "processor": …, "cores": "2"}

On another processor or version sums may be rounded otherwise, so numbers may differ in what follows
from them; whoever holds two sets of numbers side by side (xit/report/verify.py) has to know.
"""

import importlib.metadata
import os
import platform
import re
import sys
from functools import lru_cache
from pathlib import Path

PACKAGES = ("xit", "torch", "transformers", "tokenizers", "datasets", "accelerate", "numpy")
WIDE = ("avx512f", "avx2", "avx", "asimd")  # instructions that sums are done with, widest first


@lru_cache
def versions() -> dict[str, str]:
    """Package → version, of those whose numbers these are, and Python's."""
    return {p: importlib.metadata.version(p) for p in PACKAGES} | {
        "python": platform.python_version()
    }


def hardware() -> dict[str, str]:
    """system, processor, instructions, cores and, where torch has loaded one, accelerator."""
    return _processor() | _accelerator()


def here() -> dict[str, str]:
    """`versions` and `hardware` of this process."""
    return versions() | hardware()


@lru_cache
def _processor() -> dict[str, str]:
    told = {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": platform.processor() or "unknown",
        "cores": str(os.cpu_count()),
    }
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:  # not Linux
        return told
    if model := re.search(r"^model name\s*:\s*(.+)$", text, re.M):
        told["processor"] = model[1].strip()
    # a rented machine may hide the name, and libraries choose by these what they sum with
    if numbers := re.findall(r"^(?:cpu )?(family|model)\s*:\s*(\d+)$", text, re.M)[:2]:
        told["processor"] += f" ({', '.join(f'{name} {number}' for name, number in numbers)})"
    flags = set(" ".join(re.findall(r"^(?:flags|Features)\s*:(.*)$", text, re.M)[:1]).split())
    wide = next((name for name in WIDE if name in flags), "")
    return told | ({"instructions": wide} if wide else {})


def _accelerator() -> dict[str, str]:
    torch = sys.modules.get("torch")  # not loaded for this: pages that only read do without
    if torch is None or not torch.cuda.is_available():
        return {}
    return {"accelerator": str(torch.cuda.get_device_name())}
