"""book/_static/tables.js in a browser: sorting by number and by word, searching rows."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Page

from tests.browser import chromium
from xit.report.page import _table

SCRIPT = Path(__file__).parents[2] / "book" / "_static" / "tables.js"
FRAME = pd.DataFrame(
    {
        "task": ["baseline", "QQP", "MNLI", "CCG + MLM", "none at all"],
        "change": ["80.1", "-45.4", "+0.5", "-1.9", "–"],
    }
)


CODE = '<div id="cell-3"><details class="hide"><summary>Show</summary>print(1)</details></div>'


@pytest.fixture
def opened(tmp_path: Path, needs_chromium: None) -> Iterator[Page]:
    table = _table(FRAME, "Changes.", digits=1, first=1, search=True)
    link = '<a class="to-code" href="#cell-3">the code</a>'
    long, short = (
        f'<div id="rows{n}">{_table(pd.DataFrame({"n": range(n)}), "", 0, 0, False)}</div>'
        for n in (9, 8)
    )
    file = tmp_path / "page.html"
    script = f"<!doctype html><script>{SCRIPT.read_text()}</script>"
    file.write_text(script + f'<div id="changes">{table}</div>' + long + short + CODE + link)
    with chromium() as browser:
        page = browser.new_page()
        page.goto(file.as_uri())
        yield page


def names(page: Page) -> list[str]:
    return page.eval_on_selector_all(
        "#changes tbody tr", "rows => rows.filter(r => !r.hidden).map(r => r.cells[0].textContent)"
    )


def test_sorting(opened: Page) -> None:
    opened.click("th button >> text=change")
    assert names(opened) == ["baseline", "MNLI", "CCG + MLM", "QQP", "none at all"]
    assert opened.locator("th[aria-sort=descending]").inner_text().startswith("change")
    opened.click("th button >> text=change")
    assert names(opened) == ["baseline", "QQP", "CCG + MLM", "MNLI", "none at all"]
    opened.click("th button >> text=task")
    assert names(opened) == ["baseline", "CCG + MLM", "MNLI", "none at all", "QQP"]
    assert opened.locator("th[aria-sort]").count() == 1


def test_searching(opened: Page) -> None:
    opened.fill("#changes input[type=search]", "mlm ccg")
    assert names(opened) == ["baseline", "CCG + MLM"]
    assert opened.locator("#changes output").inner_text() == "1 of 4 rows"
    opened.fill("#changes input[type=search]", "")
    assert len(names(opened)) == 5


def test_long_tables_can_be_searched(opened: Page) -> None:
    assert opened.locator("#rows9 input[type=search]").count() == 1
    assert opened.locator("#rows8 input[type=search]").count() == 0


def test_the_way_to_the_code_unfolds_it(opened: Page) -> None:
    assert opened.locator("#cell-3 details[open]").count() == 0
    opened.click("a.to-code")
    assert opened.locator("#cell-3 details[open]").count() == 1
