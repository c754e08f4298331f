"""The cost of keeping a study in order grows about as its runs do."""

import os
from pathlib import Path

import pytest

from tests.checkout import bare
from tests.growth.measure import SIZES, measure
from xit import paths
from xit.report import growth
from xit.report.growth import STEPS

LONG = pytest.mark.skipif(not os.environ.get("LONG"), reason="takes minutes: LONG=1 make test")
ROWS = Path(__file__).parents[1] / "growth" / "growth.csv"
NEAR = 1.2  # exponent up to which growth is near-linear


def test_recorded_costs_grow_near_linearly_from_ten_runs_to_a_thousand() -> None:
    rows, _ = growth.read(ROWS)
    assert len(rows) == len(SIZES)
    assert rows[0].runs < 20 and rows[-1].runs > 1000
    assert {step: k for step in STEPS if (k := growth.exponent(rows, step)) > NEAR} == {}


def test_the_page_tells_what_was_recorded() -> None:
    rows, device = growth.read(ROWS)
    made = growth.pages(ROWS)
    page, drawn = made["growth.md"].decode(), made[growth.FIGURE].decode()
    assert f"{rows[-1].runs:,}" in page and device in page and f"figure}} {growth.FIGURE}" in page
    for step in STEPS:
        assert f"→ {getattr(rows[-1], step):.2f} s" in page and f">{step}</text>" in drawn
    assert growth.pages(ROWS) == made  # a site that is rendered again stays as it is


def test_without_rows_nothing_is_claimed(tmp_path: Path) -> None:
    made = growth.pages(tmp_path / "growth.csv")
    assert b"Nothing has been measured yet" in made.pop("growth.md") and not made


@LONG
def test_costs_grow_near_linearly_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = bare(tmp_path / "xit")
    monkeypatch.setenv("XIT_ROOT", str(place))
    paths.project.cache_clear()
    try:
        measure(place, SIZES[0])  # libraries load
        rows = [measure(place, size) for size in SIZES[-growth.LAST :]]
    finally:
        monkeypatch.undo()
        paths.project.cache_clear()
    assert {step: k for step in STEPS if (k := growth.exponent(rows, step)) > NEAR} == {}
