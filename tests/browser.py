"""A built site opened from disk in headless Chromium, page by page."""

import math
import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium")
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}  # CSS pixels
MODES = ("light", "dark")
FAULTS = ("serious", "critical")  # what axe-core calls a fault that keeps readers out
QUIET = (  # the browser itself must not call home either
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
# In the page: what is wrong with it as it stands, as a list of sentences.
INSPECT = """(mode) => {
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
  const theme = document.documentElement.dataset.theme;
  if (theme && theme !== mode) problems.push(`is ${theme}`);
  if (theme === "dark")  // figures are drawn on white: light and dark must change places
    for (const image of document.querySelectorAll(".bd-article img:not(.only-dark, .dark-light)"))
      if (image.offsetParent && !getComputedStyle(image).filter.includes("invert(1)"))
        problems.push(`glaring in the dark: ${image.src}`);
  return problems;
}"""


class Visit(NamedTuple):
    """What was seen on one page, in both colour modes and both widths."""

    name: str  # its path in the site
    problems: list[str]  # what INSPECT says, console errors, failed and outside requests
    faults: list[str]  # axe-core's serious and critical ones
    ready: float  # seconds until its scripts had run


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        try:
            yield browser
        finally:
            browser.close()


def pages(html: Path) -> list[Path]:
    """The pages of the site under `html`."""
    return sorted(p for p in html.rglob("*.html") if "_static" not in p.parts)


def check_site(html: Path) -> list[str]:
    """What is wrong with the pages under `html`, opened from file://.

    Looks for console errors, failed requests, requests that leave the disk, images without
    alt text, formulas left unrendered, pages wider than the window and figures lost in the dark.
    """
    told = [f"{v.name}: {problem}" for v in visits(html, axe=False) for problem in v.problems]
    return told if pages(html) else [f"no page under {html}"]


def visits(html: Path, axe: bool = True) -> list[Visit]:
    """Every page under `html`, opened once and looked at in both modes and both widths."""
    found = pages(html)
    with ThreadPoolExecutor(2) as both:  # a browser each: one waits while its page is inspected
        parts = both.map(lambda some: _visits(html, some, axe), (found[::2], found[1::2]))
        return sorted(visit for part in parts for visit in part)


def _visits(html: Path, some: list[Path], axe: bool) -> list[Visit]:
    with chromium() as browser:
        return [_visit(browser, html, path, axe) for path in some]


def soonest(html: Path, names: Iterable[str], times: int = 3) -> dict[str, float]:
    """Page → seconds until its scripts had run, the least of several visits."""
    found: dict[str, float] = {}
    with chromium() as browser:
        for name in names:
            for _ in range(times):
                page = browser.new_page()
                page.goto((html / name).as_uri(), wait_until="load")
                found[name] = min(found.get(name, math.inf), _ready(page))
                page.close()
    return found


def _visit(browser: Browser, html: Path, path: Path, axe: bool) -> Visit:
    page = browser.new_page()
    _set(page, "desktop", "light")
    problems = listen(page)
    page.goto(path.as_uri(), wait_until="load")
    ready = _ready(page)
    page.evaluate("() => window.MathJax?.startup?.promise")
    # Images below the fold load late, and only once they come into view; folds hide their faults.
    page.evaluate("() => { for (const image of document.images) image.loading = 'eager'; }")
    page.evaluate(
        "() => { for (const fold of document.querySelectorAll('details')) fold.open = 1; }"
    )
    page.wait_for_function("() => [...document.images].every((image) => image.complete)")
    faults: list[str] = []
    for size in SIZES:
        for mode in MODES:
            _set(page, size, mode)
            problems += [f"{size}, {mode}: {x}" for x in page.evaluate(INSPECT, mode)]
            if axe and size == "desktop":
                faults += [f"{mode}: {x}" for x in accessibility(page, colours=mode == "dark")]
    page.close()
    return Visit(path.relative_to(html).as_posix(), problems, faults, ready)


def _set(page: Page, size: str, mode: str) -> None:
    """Give the window this size and the reader's system this colour mode."""
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme="dark" if mode == "dark" else "light")
    page.wait_for_function(  # the theme is told of it a moment later
        "(mode) => [undefined, mode].includes(document.documentElement.dataset.theme)", arg=mode
    )


def _ready(page: Page) -> float:
    """Seconds from the start of loading until the page's own scripts have run."""
    millisecond = page.evaluate(
        "() => performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
    )
    return float(millisecond) / 1000


def listen(page: Page) -> list[str]:
    """A list that fills with the page's console errors, failed requests and outside requests."""
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
    return problems


def accessibility(page: Page, colours: bool = False) -> list[str]:
    """axe-core's serious and critical faults, one line each; with `colours`, those of colour alone.

    Colours are moved to their final values first: one that fades, as in a fold that has just been
    opened, would be read half way. axe-core
    would fetch style sheets anew (preload), which cannot be from disk.
    """
    still = "transition: none !important; animation: none !important;"
    page.add_style_tag(content=f"*, ::before, ::after {{ {still} }}")
    options: dict[str, object] = {"resultTypes": ["violations"], "preload": False}
    if colours:
        options["runOnly"] = ["color-contrast", "link-in-text-block"]
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{fault['id']}: {' '.join(map(str, node['target']))}: {node['html'][:120]}"
        for fault in found
        if fault["impact"] in FAULTS
        for node in fault["nodes"]
    ]
