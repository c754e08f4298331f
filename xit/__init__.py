"""xit: English intermediate-task training for zero-shot transfer, as a book that runs."""

import warnings

__version__ = "0.1.0"

# progress bars are text here; without this every notebook opens with a warning about widgets
warnings.filterwarnings("ignore", message="IProgress not found")
