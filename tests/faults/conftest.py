"""A project to damage; how many hostile inputs of each kind were tried, told when all tests end."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from xit import paths

ROOT = Path(__file__).resolve().parents[2]

TRIED: Counter[str] = Counter()


@pytest.fixture(scope="session")
def tried() -> Counter[str]:
    """Kind of input → how many; a test adds its own."""
    return TRIED


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project with the study `smoke`, without data."""
    (tmp_path / "notebooks" / "studies").mkdir(parents=True)
    for file in (ROOT / "notebooks").glob("*.ipynb"):
        (tmp_path / "notebooks" / file.name).symlink_to(file)
    source = ROOT / "notebooks" / "studies" / "smoke.yaml"
    (tmp_path / "notebooks" / "studies" / "smoke.yaml").write_text(source.read_text())
    monkeypatch.setenv("XIT_ROOT", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    paths.project.cache_clear()
    yield tmp_path
    paths.project.cache_clear()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A line a kind, and all together."""
    if TRIED:
        told = ", ".join(f"{count} {kind}" for kind, count in sorted(TRIED.items()))
        terminalreporter.write_line(f"hostile inputs: {sum(TRIED.values())} ({told})")
