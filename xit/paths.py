"""Where the project is: the directory that holds notebooks/studies."""

import os
from functools import lru_cache
from pathlib import Path


@lru_cache
def project() -> Path:
    """The checkout: from XIT_ROOT, else the first parent of here that holds notebooks/studies,
    else the checkout this package was installed from."""
    if root := os.environ.get("XIT_ROOT"):
        return Path(root).resolve()
    for place in (Path.cwd(), *Path.cwd().parents):
        if (place / "notebooks" / "studies").is_dir():
            return place
    return Path(__file__).resolve().parents[1]


def is_directory(path: Path) -> bool:
    """Whether there is such a directory; False also of what can be no path at all."""
    try:
        return path.is_dir()
    except (OSError, ValueError):  # too long, or with a zero byte in it
        return False


def home(path: str) -> Path:
    """`path` with ~ for the home directory; as it is where nobody has that name."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)
