"""Where the files lie that are not the project's: real data, and predictions with known scores.

`../shared` beside the project, or XIT_SHARED; tests over them are skipped where they are not there.
"""

import os
from pathlib import Path

SHARED = Path(os.environ.get("XIT_SHARED", Path(__file__).resolve().parents[2] / "shared"))
MIRROR = SHARED / "hub"  # real datasets in Hub layout
REFERENCE = SHARED / "reference"
