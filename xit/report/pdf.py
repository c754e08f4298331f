"""The whole book as one PDF: headless Chromium prints the built site.

    write(Path("book/_build/html"), Path("book/_build/book.pdf"))

The articles of all pages, in the order of the contents, are put into one page and printed at once,
so that a link from page to page is a link within the PDF. Tables wider than the paper are shrunk.
"""

import os
import posixpath
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from xit.errors import XitError

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--no-pdf-header-footer",
    "--generate-pdf-document-outline",
    "--virtual-time-budget=120000",  # ms, for the formulas
)
STYLE = """
@page { size: A4; margin: 15mm 15mm 18mm; @bottom-center { content: counter(page); } }
html { font-size: 11px; scroll-padding: 0; }
body { margin: 0; width: 180mm; }
article + article { break-before: page; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; }
figure, tr, .admonition { break-inside: avoid; }
.table-box, .output, .pst-scrollable-table-container { overflow: visible !important; }
.table-box table { font-size: 0.75rem; }
.headerlink, .made, details.hide { display: none !important; }
"""
FIT = """addEventListener("load", () => document.querySelectorAll("table").forEach((table) => {
  const room = document.body.clientWidth / table.getBoundingClientRect().width;
  if (room < 1) table.style.zoom = room;
}));"""
ARTICLE = re.compile(r'<article class="bd-article">(.*?)</article>', re.DOTALL)
CONTENTS = re.compile(r'<a class="reference internal" href="([^"#]+\.html)"')
STYLES = re.compile(r'<link[^>]*rel="stylesheet"[^>]*>')
FORMULAS = re.compile(
    r"<script[^>]*>window\.MathJax.*?</script>|<script[^>]*tex-svg\.js[^>]*></script>"
)


def write(html: Path, pdf: Path) -> Path:
    """Print the site in `html` to `pdf`; a failure raises XitError and leaves the last `pdf`."""
    if not (html / "index.html").is_file():
        raise XitError(f"no site in {html}: run `make book` first")
    browser = find_browser()
    with tempfile.TemporaryDirectory() as profile:
        page, new = html / f".print-{os.getpid()}.html", Path(profile) / "new.pdf"
        root = ["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
        command = [browser, *FLAGS, *root, f"--user-data-dir={profile}", f"--print-to-pdf={new}"]
        try:
            page.write_text(one_page(html), encoding="utf-8")
            done = subprocess.run(
                [*command, page.resolve().as_uri()], capture_output=True, text=True, check=False
            )
        finally:
            page.unlink(missing_ok=True)
        if done.returncode or not new.is_file():
            told = "\n".join((done.stdout + done.stderr).splitlines()[-5:])
            raise XitError(f"{browser} printed no PDF:\n{told}")
        shutil.move(new, pdf)
    return pdf


def find_browser() -> str:
    """The program to print with; XitError says what was looked for."""
    for name in BROWSERS:
        if found := shutil.which(name):
            return found
    raise XitError(
        f"no Chromium found (looked for {', '.join(BROWSERS)}): a PDF is printed by it; "
        "install it (Debian: apt-get install chromium)"
    )


def one_page(html: Path) -> str:
    """All pages of the site as one, to lie in `html`: anchors told apart by page, light colours."""
    index = (html / "index.html").read_text(encoding="utf-8")
    pages = list(dict.fromkeys(["index.html", *CONTENTS.findall(index.partition("<article")[0])]))
    texts = {page: (html / page).read_text(encoding="utf-8") for page in pages}
    formulas = next((x for x in map(FORMULAS.findall, texts.values()) if x), [])
    title = re.search(r"<title>.*?</title>", index, re.DOTALL)
    head = [title[0] if title else "", *STYLES.findall(index), f"<style>{STYLE}</style>"]
    head += [re.sub(r'src="(\.\./)+', 'src="', x) for x in formulas]
    head.append(f"<script>{FIT}</script>")
    body = "\n".join(_article(page, text, set(pages)) for page, text in texts.items())
    return (
        '<!doctype html><html lang="en" data-theme="light"><head><meta charset="utf-8">'
        f"{''.join(head)}</head><body>{body}</body></html>"
    )


def _article(page: str, text: str, pages: set[str]) -> str:
    """What `page` says, as part of the one page at the root of the site."""
    found = ARTICLE.search(text)
    inside = found[1] if found else ""
    at, prefix = posixpath.dirname(page), _anchor(page)

    def place(match: re.Match[str]) -> str:
        name, value = match[1], match[2]
        target, hash_, fragment = value.partition("#")
        where = posixpath.normpath(posixpath.join(at, target)) if target else page
        if re.match(r"[a-z]+:", value):  # elsewhere, or data
            return match[0]
        if name == "src":
            return f' src="{where}"'
        if where not in pages:  # a file beside the book: a path of this machine in the PDF
            return ""
        return f' href="#{_anchor(where)}{"--" + fragment if hash_ and fragment else ""}"'

    inside = re.sub(r' (src|href)="([^"]*)"', place, inside)
    inside = re.sub(r' id="([^"]+)"', rf' id="{prefix}--\1"', inside)
    inside = re.sub(r"url\(#([^)]+)\)", rf"url(#{prefix}--\1)", inside)
    inside = inside.replace(' loading="lazy"', "").replace(
        '<details class="fold">', '<details class="fold" open>'
    )
    return f'<article class="bd-article" id="{prefix}">{inside}</article>'


def _anchor(page: str) -> str:
    """The anchor of a whole page."""
    return page.removesuffix(".html").replace("/", "-")
