"""Heat maps as tables: one order and one scale for all panels, read by keyboard and in the dark."""

import re

import pandas as pd
import pytest

from tests.browser import chromium
from xit.paths import project
from xit.report import heat_table

OURS = pd.DataFrame(
    [("mnli", "xnli", 1.26, "MNLI & XNLI: 0 … 2", True, ""),
     ("ccg", "panx", -12.3, "CCG", False, "†")],
    columns=["row", "column", "change", "told", "firm", "mark"],
)  # fmt: skip
THEIRS = pd.DataFrame([("ccg", "xnli", 0.4), ("qqp", "xnli", 9.0)],
                      columns=["row", "column", "change"])  # fmt: skip
NAMES = {"mnli": "MNLI", "ccg": "CCG", "xnli": "XNLI"}


def drawn() -> str:
    links = {"xnli": "by_target/xnli.html"}
    bands = {"mnli": "inference", "ccg": "tags"}
    panels = {"study toy": OURS, "published": THEIRS}
    return heat_table.draw(panels, ["mnli", "ccg"], ["xnli", "panx"], NAMES, "change", bands, links)


def rows(table: str) -> list[list[str]]:
    """The text of every cell, row by row."""
    lines = re.findall(r"<tr.*?</tr>", table)
    cells = (re.findall(r"<t[dh].*?>(.*?)</t[dh]>", line) for line in lines)
    return [[re.sub(r"<.*?>", "", text) for text in line] for line in cells]


def test_panels_have_one_order_and_leave_what_they_lack_empty() -> None:
    ours, theirs = re.findall(r"<table.*?</table>", drawn())
    assert rows(ours) == [["", "XNLI", "panx"], ["MNLI", "+1.3", ""], ["CCG", "", "-12†"]]
    assert rows(theirs) == [["", "XNLI", "panx"], ["MNLI", "", ""], ["CCG", "+0.4", ""]]
    assert re.findall(r'heat-name">(.*?)<', drawn()) == ["study toy", "published"]


def test_a_cell_tells_what_is_behind_it_and_names_lead_on() -> None:
    text = drawn()
    assert 'title="MNLI &amp; XNLI: 0 … 2"' in text
    assert text.count('class="firm"') == 1
    assert text.count('<a href="by_target/xnli.html">XNLI</a>') == 2
    assert text.count('class="begins"') == 2  # where the band changes, in both panels
    assert 'aria-label="change: study toy"' in text


def test_colours_are_centred_at_no_change_and_full_at_the_limit() -> None:
    none, _ = heat_table.colours(0)
    assert none == "#f6f7f7"
    assert heat_table.colours(10) == heat_table.colours(35)
    assert heat_table.colours(5, limit=5) == heat_table.colours(10)
    up, down = (int(heat_table.colours(v)[0][1:3], 16) for v in (8, -8))
    assert up < 0x60 < down  # blue has little red in it


@pytest.mark.parametrize("change", [x / 4 for x in range(-48, 49)])
def test_numbers_are_read_on_their_colour(change: float) -> None:
    """Contrast of at least 4.5 (WCAG 2.2, 1.4.3)."""

    def luminance(colour: str) -> float:
        whole = colour if len(colour) == 7 else "#" + "".join(2 * c for c in colour[1:])
        parts = [int(whole[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        light = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2]

    high, low = sorted(map(luminance, heat_table.colours(change)), reverse=True)
    assert (high + 0.05) / (low + 0.05) >= 4.5


@pytest.mark.parametrize(
    ("change", "text"), [(0.04, "+0.0"), (-9.94, "-9.9"), (9.96, "+10"), (-45.4, "-45")]
)
def test_a_number_takes_four_characters(change: float, text: str) -> None:
    assert heat_table.written(change) == text


def test_nothing_to_draw() -> None:
    with pytest.raises(ValueError, match="nothing to draw"):
        heat_table.draw({"study": OURS}, ["qqp"], ["xnli"], NAMES, "change")


def test_keys_and_taps_tell_a_cell(needs_chromium: None) -> None:
    static = project() / "book" / "_static"
    style, script = ((static / name).read_text() for name in ("results.css", "results.js"))
    page_of = f"<!doctype html><style>{style}</style><script>{script}</script>{drawn()}"
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 390, "height": 844}, has_touch=True)
        page.set_content(page_of)
        told = page.locator(".heat-told")
        assert told.text_content() == heat_table.HINT
        page.locator(".heat-table td", has_text="+1.3").tap()
        assert told.text_content() == "MNLI & XNLI: 0 … 2"
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowRight")
        assert told.text_content() == "CCG"
        assert page.evaluate("document.activeElement.textContent") == "-12†"
        stops = page.evaluate(
            "[...document.querySelectorAll('td')].filter(x => !x.tabIndex).length"
        )
        assert stops == 1  # of this map: the tab key goes on behind it
        assert page.evaluate("document.scrollingElement.scrollWidth") <= 390
