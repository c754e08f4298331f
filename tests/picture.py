"""The picture of the site in the README, taken anew from the rendered book.

.venv/bin/python -m tests.picture      # after `make book`, with Debian's chromium
.venv/bin/python -m tests.picture html # of a site that lies elsewhere
"""

import sys
from pathlib import Path

from tests.browser import SIZES, chromium
from tests.checkout import ROOT

PICTURE = ROOT / "book" / "_static" / "site.png"
FIGURE = "figure[id^=fig-change], #fig-change"  # on the page of the results


def main(html: Path = ROOT / "book" / "_build" / "html") -> None:
    """Write book/_static/site.png: the results page of `html`, scrolled to the heat map."""
    width, height = SIZES["desktop"]
    with chromium() as browser:
        page = browser.new_page(viewport={"width": width, "height": height}, color_scheme="light")
        page.goto((html.resolve() / "study" / "results.html").as_uri())
        page.locator(FIGURE).first.evaluate("e => e.scrollIntoView({block: 'center'})")
        page.screenshot(path=PICTURE)
    print(f"written: {PICTURE.relative_to(ROOT)}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
