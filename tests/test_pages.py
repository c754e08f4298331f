"""Every page of a built site, from disk, in both colour modes and two widths."""

import statistics
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.browser import Visit, accessibility, chromium, pages, soonest, visits

pytestmark = [pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def html(smoke: Path) -> Path:
    return smoke / "book" / "_build" / "html"


@pytest.fixture(scope="module")
def visited(html: Path) -> list[Visit]:
    return visits(html)


def test_every_page_is_complete_and_stays_on_the_disk(
    needs_chromium: None, visited: list[Visit]
) -> None:
    assert len(visited) > 20
    assert {v.name: v.problems for v in visited if v.problems} == {}


def test_axe_finds_no_serious_fault(needs_chromium: None, visited: list[Visit]) -> None:
    assert {v.name: v.faults for v in visited if v.faults} == {}


def test_axe_would_find_one(needs_chromium: None) -> None:
    with chromium() as browser:
        page = browser.new_page()
        page.set_content(
            "<html lang=en><title>t</title><main><h1>h</h1>"
            "<p style='color: #aaa; background: #fff'>pale</p><button></button></main>"
        )
        assert {f.partition(":")[0] for f in accessibility(page)} == {
            "color-contrast",
            "button-name",
        }
        assert {f.partition(":")[0] for f in accessibility(page, True)} == {"color-contrast"}


def test_every_page_is_interactive_at_once(
    needs_chromium: None, html: Path, visited: list[Visit]
) -> None:
    """The goal is a second on a quiet machine. A page that was slow, as one is now and then in CI,
    whose halves share the cores, is opened again by itself: a slow page stays slow."""
    assert statistics.median(v.ready for v in visited) < 1
    slow = soonest(html, [v.name for v in visited if v.ready > 2])
    assert {name: seconds for name, seconds in slow.items() if seconds > 2} == {}


# -- links ----------------------------------------------------------------------------------------


class Links(HTMLParser):
    """What a page refers to, and the anchors it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors = {"", "top"}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.anchors |= {told.get("id") or "", (tag == "a" and told.get("name")) or ""}
        address = told.get("src") if tag != "a" and "src" in told else told.get("href")
        if address and not address.startswith(("data:", "mailto:", "javascript:")):
            self.links.append(address)


def dead(html: Path) -> list[str]:
    """References from the pages under `html` to a page, a file or an anchor that is not there."""
    read = {page: Links(page.read_text(encoding="utf-8")) for page in pages(html)}
    found = []
    for page, links in read.items():
        for link in links.links:
            address = urlsplit(link)
            if address.scheme or address.netloc:
                continue
            target = (page.parent / unquote(address.path)).resolve() if address.path else page
            there = target.is_file() and target.is_relative_to(html)
            anchor = unquote(address.fragment)
            if not there or (target in read and anchor not in read[target].anchors):
                found.append(f"{page.relative_to(html)} → {link}")
    return found


def test_no_link_is_dead(html: Path) -> None:
    assert dead(html.resolve()) == []
    outside = [x for p in pages(html) for x in Links(p.read_text()).links if "://" in x]
    assert all(x.startswith("https://") for x in outside)


def test_dead_links_are_found(tmp_path: Path) -> None:
    (tmp_path / "b.csv").touch()
    (tmp_path / "a.html").write_text(
        "<h1 id=one>1</h1><a href=#one>1</a><a href=b.csv>2</a><a href=https://x.org>3</a>"
        "<a href=#two>4</a><a href=c.html#one>5</a><img src=d.png><a href=../e.csv>6</a>"
    )
    wrong = ["#two", "c.html#one", "d.png", "../e.csv"]
    assert dead(tmp_path) == [f"a.html → {x}" for x in wrong]
