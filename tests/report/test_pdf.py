"""The book as one page, and that page as a PDF."""

import re
from pathlib import Path

import pytest

from tests.browser import CHROMIUM
from xit.errors import XitError
from xit.report import pdf

HEAD = (
    "<html><head><title>The book</title>"
    '<link rel="stylesheet" href="_static/a.css"></head><body>'
    '<nav><a class="reference internal" href="study/b.html">B</a>'
    '<a class="reference internal" href="study/deep/c.html">C</a></nav>'
)


def article(text: str) -> str:
    return f'<article class="bd-article">{text}</article></body></html>'


@pytest.fixture
def html(tmp_path: Path) -> Path:
    """A site of three pages that refer to each other, to a file, and elsewhere."""
    site = tmp_path / "html"
    (site / "study" / "deep").mkdir(parents=True)
    first = (
        '<h1 id="top">First</h1><a href="study/b.html#t">B</a> <a href="study/deep/c.html">C</a>'
    )
    (site / "index.html").write_text(HEAD + article(first))
    second = (
        '<h1 id="t">Second</h1><a href="#t">here</a><img src="../_images/x.png" loading="lazy">'
        '<a href="../downloads/a.csv">CSV</a><a href="https://example.org/">out</a>'
    )
    script = '<script defer src="../mathjax/tex-svg.js"></script>'
    (site / "study" / "b.html").write_text(HEAD + script + article(second))
    third = '<details class="fold"><p>Folded</p></details><a href="../../index.html#top">back</a>'
    (site / "study" / "deep" / "c.html").write_text(HEAD + article(third))
    return site


def test_one_page_of_all(html: Path) -> None:
    text = pdf.one_page(html)
    assert re.findall(r"<article[^>]* id=\"([^\"]+)\"", text) == [
        "index",
        "study-b",
        "study-deep-c",
    ]
    links = re.findall(r'href="(#[^"]+)"', text)
    assert links == ["#study-b--t", "#study-deep-c", "#study-b--t", "#index--top"]
    for link in links:
        assert f'id="{link[1:]}"' in text
    assert 'src="_images/x.png"' in text and 'src="mathjax/tex-svg.js"' in text
    assert "lazy" not in text and "downloads" not in text  # no paths of this machine
    assert 'href="https://example.org/"' in text and '<details class="fold" open>' in text
    assert '<link rel="stylesheet" href="_static/a.css">' in text and "The book</title>" in text


def test_what_is_missing_is_named(
    html: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(XitError, match="run `make book` first"):
        pdf.write(tmp_path, tmp_path / "book.pdf")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(XitError, match=r"no Chromium found \(looked for chromium, .*Debian"):
        pdf.write(html, tmp_path / "book.pdf")


def test_a_failure_keeps_the_last_pdf(
    html: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = tmp_path / "chromium"
    browser.write_text("#!/bin/sh\necho it is broken >&2\nexit 1\n")
    browser.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    last = tmp_path / "book.pdf"
    last.write_text("last")
    with pytest.raises(XitError, match=r"printed no PDF:\nit is broken"):
        pdf.write(html, last)
    assert last.read_text() == "last"
    assert not list(html.glob(".print*"))


def test_chromium_prints_it(html: Path, tmp_path: Path, needs_chromium: None) -> None:
    assert CHROMIUM
    made = pdf.write(html, tmp_path / "book.pdf").read_bytes()
    assert made.startswith(b"%PDF")
    assert len(re.findall(rb"/Type /Page\b", made)) == 3  # each begins on a page of its own
    assert str(tmp_path).encode() not in made
    assert not list(html.glob(".print*"))
