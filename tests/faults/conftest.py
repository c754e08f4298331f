"""How many hostile inputs of each kind were tried, in a table at the end of the tests' output."""

from collections import Counter

import pytest

TRIED: Counter[str] = Counter()


@pytest.fixture(scope="session")
def tried() -> Counter[str]:
    """Kind of input → how many; a test adds its own."""
    return TRIED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A line a kind, and all together."""
    if TRIED:
        told = ", ".join(f"{count} {kind}" for kind, count in sorted(TRIED.items()))
        terminalreporter.write_line(f"hostile inputs: {sum(TRIED.values())} ({told})")
