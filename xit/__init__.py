"""xit: English intermediate-task training for zero-shot transfer, as a book that runs."""

import sys
import warnings

__version__ = "0.1.0"

# progress bars are text here; without this every notebook opens with a warning about widgets
warnings.filterwarnings("ignore", message="IProgress not found")

# what papermill and glue check notebooks with loads this for web addresses, which takes 1.5 s
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
