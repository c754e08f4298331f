"""A site as a reader uses it: tables, search, colours, references, keyboard, print, phone."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import SIZES, chromium, listen

pytestmark = [pytest.mark.timeout(900), pytest.mark.usefixtures("needs_chromium")]
RESULTS = "study/results.html"  # with a figure, tables to sort and a table to search
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
# The rows in sight of the first table to search, those on top left out, as texts.
ROWS = """() => [...document.querySelector(".table-box.searchable tbody:last-of-type").rows]
  .filter((row) => !row.hidden).map((row) => [...row.cells].map((c) => c.textContent.trim()))"""
LOOKS = """() => {
  const parts = ["outline", "boxShadow", "borderColor", "backgroundColor", "textDecoration"];
  window.looks = (e) => parts.map((part) => getComputedStyle(e)[part]).join();
  window.before = new Map([...document.querySelectorAll("*")].map((e) => [e, looks(e)]));
}"""
# What has the keyboard's focus, what it is for, and whether it looks any different for it.
FOCUS = """() => {
  const e = document.activeElement;
  const kinds = {
    search: ".search-button__button", theme: ".theme-switch-button", table: ".table-box",
    sort: ".table-box th button", rows: ".table-search input", details: "summary", link: "a",
  };
  const kind = Object.keys(kinds).find((name) => e.matches(kinds[name])) ?? e.tagName;
  return [kind, window.looks(e) !== window.before.get(e), e.outerHTML.slice(0, 90)];
}"""


@pytest.fixture(scope="module")
def html(smoke: Path) -> Path:
    return smoke / "book" / "_build" / "html"


@pytest.fixture(scope="module")
def browser(html: Path) -> Iterator[Browser]:
    with chromium() as made:
        yield made


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty tab that must stay without a console error or an outside request."""
    width, height = SIZES["desktop"]
    tab = browser.new_page(viewport={"width": width, "height": height}, color_scheme="light")
    tab.set_default_timeout(60_000)  # milliseconds: a busy machine is not a fault
    problems = listen(tab)
    yield tab
    tab.close()
    assert problems == []


def unfolded(page: Page, html: Path) -> None:
    """Open the page of results, and the folds that its tables lie in."""
    page.goto((html / RESULTS).as_uri())
    page.evaluate("() => document.querySelectorAll('details').forEach((e) => { e.open = true; })")


def test_a_table_is_sorted_by_its_numbers(page: Page, html: Path) -> None:
    unfolded(page, html)
    rows = page.evaluate(ROWS)
    number = next(i for i, text in enumerate(rows[0]) if NUMBER.match(text))
    head = page.locator(".table-box.searchable").first.locator("thead th").nth(number)
    for order, falling in (("descending", True), ("ascending", False)):
        head.locator("button").click()
        assert head.get_attribute("aria-sort") == order
        told = [NUMBER.match(row[number]) for row in page.evaluate(ROWS)]
        values = [float(found[0]) for found in told if found]
        assert len(values) > 3 and values == sorted(values, reverse=falling)
    assert sorted(page.evaluate(ROWS)) == sorted(rows)


def test_rows_of_a_table_are_found(page: Page, html: Path) -> None:
    unfolded(page, html)
    rows = page.evaluate(ROWS)
    word = rows[-1][0]
    expected = [
        row for row in rows if all(w in " ".join(row).lower() for w in word.lower().split())
    ]
    field = page.locator(".table-search input").first
    field.fill(word)
    assert page.evaluate(ROWS) == expected and 0 < len(expected) < len(rows)
    expect(page.locator(".table-search output").first).to_contain_text(f"{len(expected)} of")
    field.fill("no such row")
    assert page.evaluate(ROWS) == []
    field.fill("")
    assert page.evaluate(ROWS) == rows


def test_the_book_is_searched_from_disk(page: Page, html: Path) -> None:
    page.goto((html / "index.html").as_uri())
    page.keyboard.press("Control+k")
    page.keyboard.type("zero-shot")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=zero-shot*")
    expect(page.locator("#search-results .search-summary")).to_contain_text(
        "found", timeout=120_000
    )
    found = page.locator("#search-results li a")
    assert found.count() > 3
    found.filter(has_text="Results").first.click()
    page.wait_for_url("**/study/results.html*")
    expect(page.locator(".bd-article h1")).to_contain_text("Results")
    expect(page.locator(".bd-article")).to_contain_text("zero-shot")


def test_the_colours_are_the_readers_and_stay(page: Page, html: Path) -> None:
    page.goto((html / "index.html").as_uri())
    ground = "() => getComputedStyle(document.body).backgroundColor"
    light, seen = page.evaluate(ground), set()
    for _ in range(3):  # light, dark, as the system has it: in whatever order
        page.locator(".theme-switch-button:visible").first.click()
        mode, theme = page.evaluate("() => Object.values({...document.documentElement.dataset})")[
            :2
        ]
        seen.add(mode)
        if "dark" in (mode, theme):
            break
    assert page.locator("html[data-theme=dark]").count() == 1
    page.wait_for_function(f"({ground})() !== '{light}'")
    page.goto((html / RESULTS).as_uri())
    assert page.locator("html[data-theme=dark]").count() == 1


def test_references_lead_where_they_say(page: Page, html: Path) -> None:
    page.goto((html / "index.html").as_uri())
    page.locator(".bd-article a[href='study/results.html']").first.click()
    page.wait_for_url("**/study/results.html")
    page.locator(".bd-article a[href*='methods.html#']").first.click()
    page.wait_for_url("**/methods.html#*")
    target = page.locator(f"[id='{page.url.partition('#')[2]}']")
    expect(target).to_be_in_viewport()
    # not under the bar that stays at the top
    top = target.evaluate("e => (e.querySelector('h1, h2, h3') ?? e).getBoundingClientRect().top")
    bar = page.locator(".bd-header-article").evaluate("e => e.getBoundingClientRect().bottom")
    assert top >= bar - 1
    page.go_back()
    page.wait_for_url("**/study/results.html")


def test_the_keyboard_reaches_everything_and_shows_where_it_is(page: Page, html: Path) -> None:
    page.goto((html / RESULTS).as_uri())
    page.add_style_tag(content="* { transition: none !important; }")
    page.evaluate(LOOKS)
    stops = []
    for _ in range(400):
        page.keyboard.press("Tab")
        stops.append(page.evaluate(FOCUS))
        if stops[-1][0] == "BODY":
            break
    assert "Skip to main content" in stops[0][2]
    kinds = [kind for kind, _, _ in stops]
    assert {"search", "theme", "table", "sort", "rows", "details", "link"} <= set(kinds)
    assert kinds.index("search") < kinds.index("table")  # as it stands on the page
    assert [told for kind, visible, told in stops if kind != "BODY" and not visible] == []


def test_the_keyboard_sorts_and_unfolds(page: Page, html: Path) -> None:
    unfolded(page, html)
    head = page.locator(".table-box th button").first
    head.focus()
    page.keyboard.press("Enter")
    assert page.locator(".table-box th[aria-sort]").count() == 1
    fold = page.locator("details:has(> summary)").first
    fold.locator("summary").focus()
    before = fold.get_attribute("open") is None
    page.keyboard.press("Enter")
    assert (fold.get_attribute("open") is None) != before


def test_a_page_is_printed_whole(page: Page, html: Path) -> None:
    page.goto((html / RESULTS).as_uri())
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 718, "height": 1000})  # A4 between margins of 1 cm
    assert (
        page.locator(".bd-sidebar-primary, .bd-header-article").locator("visible=true").count() == 0
    )
    # what would have to be scrolled on a screen is lost on paper
    cut = page.evaluate(
        """() => [...document.querySelectorAll(".bd-article *")]
          .filter((e) => e.offsetParent && e.scrollWidth > e.clientWidth + 1
            && ["auto", "scroll", "hidden"].includes(getComputedStyle(e).overflowX))
          .map((e) => `${e.className || e.tagName}: ${e.scrollWidth} in ${e.clientWidth}`)"""
    )
    assert cut == []
    assert page.evaluate("() => document.scrollingElement.scrollWidth - window.innerWidth") <= 0
    made = page.pdf(format="A4")
    assert made.startswith(b"%PDF") and made.count(b"/Type /Page\n") > 2


def test_the_side_bar_opens_on_a_phone(page: Page, html: Path) -> None:
    width, height = SIZES["phone"]
    page.set_viewport_size({"width": width, "height": height})
    page.goto((html / RESULTS).as_uri())
    entry = page.locator("a.reference.internal", has_text="The method").first
    expect(entry).not_to_be_in_viewport()
    page.locator(".primary-toggle:visible").first.click()
    entry = page.locator("a.reference.internal:visible", has_text="The method").first
    expect(entry).to_be_in_viewport()
    entry.click()
    page.wait_for_url("**/methods.html")
