"""The cost of keeping a study in order grows about as its runs do."""

import os
from pathlib import Path

import pytest

from tests.checkout import bare
from tests.growth import draw
from tests.growth.measure import SIZES, STEPS, measure
from xit import paths

LONG = pytest.mark.skipif(not os.environ.get("LONG"), reason="takes minutes: LONG=1 make test")
NEAR = 1.2  # exponent up to which growth is near-linear


def test_recorded_costs_grow_near_linearly_from_ten_runs_to_a_thousand() -> None:
    rows, _ = draw.read()
    assert len(rows) == len(SIZES)
    assert rows[0].runs < 20 and rows[-1].runs > 1000
    assert {step: k for step in STEPS if (k := draw.exponent(rows, step)) > NEAR} == {}


def test_the_page_tells_what_was_recorded() -> None:
    assert (draw.BOOK / "growth.md").read_text(encoding="utf-8") == draw.text(*draw.read())
    drawn = (draw.BOOK / "_static" / "growth.svg").read_text(encoding="utf-8")
    assert all(f">{step}</text>" in drawn for step in STEPS)


@LONG
def test_costs_grow_near_linearly_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = bare(tmp_path / "xit")
    monkeypatch.setenv("XIT_ROOT", str(place))
    paths.project.cache_clear()
    try:
        measure(place, SIZES[0])  # libraries load
        rows = [measure(place, size) for size in SIZES[-draw.LAST :]]
    finally:
        monkeypatch.undo()
        paths.project.cache_clear()
    assert {step: k for step in STEPS if (k := draw.exponent(rows, step)) > NEAR} == {}
