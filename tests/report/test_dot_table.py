"""Dots with intervals as a table: where things stand on the axis, and what is beside them."""

import math
import re

import pandas as pd
import pytest
from IPython.display import HTML

from xit.report import dot_table, drawn

ROWS = pd.DataFrame(
    {
        "name": ["MNLI", "QQP <"],
        "value": [1.0, -2.0],
        "low": [0.0, math.nan],
        "high": [2.0, math.nan],
        "far_low": [-60.0, math.nan],
        "far_high": [3.0, math.nan],
        "firm": [True, False],
        "mark": ["", " †"],
        "band": ["tags", "tags"],
        "told": ["three seeds", ""],
    }
)


def places(text: str, kind: str) -> list[tuple[float, float]]:
    """(left, width) in percent of what is drawn as `kind`."""
    found = re.findall(rf'<i class="{kind}" style="left:([-\d.]+)%(?:;width:([\d.]+)%)?', text)
    return [(float(left), float(width or 0)) for left, width in found]


def test_everything_stands_where_the_axis_says() -> None:
    text = dot_table.draw(ROWS, "POS", "points", ends=(-4.0, 4.0))
    assert places(text, "dot firm") == [(62.5, 0)]
    assert places(text, "dot") == [(25.0, 0)]
    assert places(text, "near") == [(50.0, 25.0)]  # none for the row without an interval
    assert places(text, "far") == [(0.0, 87.5)]  # cut at the end of the axis
    assert places(text, "zero") == [(50.0, 0), (50.0, 0)]
    assert ">+1.0<" in text and ">-2.0<" in text and "QQP &lt; †" in text
    assert re.findall(r'<span style="left:([\d.]+)%">(.*?)<', text) == [
        ("0.0", "-4"), ("25.0", "-2"), ("50.0", "0"), ("75.0", "2"), ("100.0", "4")
    ]  # fmt: skip


def test_a_band_is_told_once() -> None:
    assert dot_table.draw(ROWS, "POS", "points").count(">tags<") == 1


def test_an_axis_has_its_reference_and_ends_where_it_is_far() -> None:
    low, high = dot_table.scale(ROWS)
    assert low == pytest.approx(-40 - 0.04 * 43) and high == pytest.approx(3 + 0.04 * 43)
    assert dot_table.scale(ROWS[1:], reference=None) == (-3.0, -1.0)
    high_up = pd.DataFrame({"name": ["a"], "value": [9.0]})
    assert dot_table.scale(high_up)[0] < 0 < 9 < dot_table.scale(high_up)[1]


def test_scores_have_no_sign_and_other_marks() -> None:
    rows = pd.DataFrame({"name": ["XNLI"], "value": [50.0], "tick": [25.0], "other": [75.0]})
    text = dot_table.draw(rows, "Score", "0–100", None, (0.0, 100.0), sign=False)
    assert ">50.0<" in text and places(text, "zero") == []
    assert (places(text, "tick"), places(text, "other")) == ([(25.0, 0)], [(75.0, 0)])


def test_nothing_to_draw() -> None:
    with pytest.raises(ValueError, match="nothing to draw"):
        dot_table.draw(ROWS[:0], "POS", "points")


def test_drawings_are_shown_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[HTML] = []
    monkeypatch.setattr(drawn, "display", shown.append)
    drawn.show("<p>x</p>")
    assert [told.data for told in shown] == ["<p>x</p>"]
    assert drawn.beside(["a", "b"]).count("<div>") == 2
