"""A built site opened from disk in headless Chromium, page by page."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium")
PHONE_WIDTH = 390  # CSS pixels
QUIET = (  # the browser itself must not call home either
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
# In the page: what is wrong with it, as a list of sentences.
INSPECT = """() => {
  const problems = [];
  const DRAWINGS = "svg[role=img]:not([aria-hidden=true]):not(mjx-container svg)";
  for (const image of document.images) {
    const alt = (image.getAttribute("alt") || "").trim();
    if (!alt || /\\.(png|svg|jpe?g)$/.test(alt)) problems.push(`no alt text: ${image.src}`);
    if (image.complete && !image.naturalWidth) problems.push(`no picture in ${image.src}`);
  }
  for (const drawing of document.querySelectorAll(DRAWINGS))
    if (!drawing.querySelector("title") && !drawing.ariaLabel) problems.push("untitled drawing");
  if (document.querySelectorAll(".math").length && !document.querySelector("mjx-container svg"))
    problems.push("formulas are not rendered");
  if (document.querySelector("mjx-merror")) problems.push("a formula has an error");
  const wide = document.scrollingElement.scrollWidth - window.innerWidth;
  if (wide > 0) problems.push(`${wide} pixels wider than the window`);
  return problems;
}"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        try:
            yield browser
        finally:
            browser.close()


def check_site(html: Path) -> list[str]:
    """What is wrong with the pages under `html`, opened from file:// in a phone's width.

    Looks for console errors, failed requests, requests that leave the disk, images without
    alt text, formulas left unrendered and pages wider than the window.
    """
    pages = sorted(p for p in html.rglob("*.html") if "_static" not in p.parts)
    problems = [] if pages else [f"no page under {html}"]
    with chromium() as browser:
        for path in pages:
            page = browser.new_page(viewport={"width": PHONE_WIDTH, "height": 844})
            name = path.relative_to(html).as_posix()
            problems += [f"{name}: {problem}" for problem in _check_page(page, path.as_uri())]
            page.close()
    return problems


def _check_page(page: Page, address: str) -> list[str]:
    """What is wrong with one page."""
    problems: list[str] = []
    note: Callable[[str], None] = problems.append
    page.on("console", lambda m: note(f"console: {m.text}") if m.type == "error" else None)
    page.on("pageerror", lambda error: note(f"script: {error}"))
    page.on("requestfailed", lambda request: note(f"failed: {request.url}"))
    page.on(
        "request",
        lambda r: (
            None if r.url.startswith(("file:", "data:", "blob:")) else note(f"went to {r.url}")
        ),
    )
    page.goto(address, wait_until="load")
    page.evaluate("() => window.MathJax?.startup?.promise")
    # Images below the fold load late, and only once they come into view.
    page.evaluate("() => { for (const image of document.images) image.loading = 'eager'; }")
    page.wait_for_function("() => [...document.images].every((image) => image.complete)")
    return problems + page.evaluate(INSPECT)
