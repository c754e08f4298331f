"""A checkout of the project elsewhere: like a fresh clone, or with a study built in it."""

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GENERATED = (".git", ".venv", "runs", "_build", "study", ".snakemake", "*cache*", "*.egg-info")


def bare(place: Path) -> Path:
    """A checkout at `place` without anything generated, like a fresh clone."""
    return Path(shutil.copytree(ROOT, place, ignore=shutil.ignore_patterns(*GENERATED)))


def copied(built: Path, place: Path) -> Path:
    """A copy of a checkout with all that was made in it, times included; weights are shared."""

    def take(source: str, target: str) -> str:
        if source.endswith(".safetensors"):  # large, and never written again
            with suppress(OSError):  # another file system
                os.link(source, target)
                return target
        return str(shutil.copy2(source, target))

    ignore = shutil.ignore_patterns(".git", ".venv", "local", "*_cache")
    return Path(shutil.copytree(built, place, ignore=ignore, symlinks=True, copy_function=take))


def command(place: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """`xit <words>` in the checkout at `place`."""
    return subprocess.run(
        [sys.executable, "-m", "xit", *words],
        cwd=place,
        env=os.environ | {"XIT_ROOT": str(place)} | more,
        capture_output=True,
        text=True,
        check=False,
    )


def runs(place: Path) -> set[str]:
    """Names of the finished runs."""
    return {p.parent.name for p in (place / "runs").glob("*/manifest.json")}
