"""JupyterLab as a reader has it: open a notebook, change a parameter, run all, see it."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Page, expect

from tests.browser import chromium
from tests.server import served

pytestmark = [pytest.mark.timeout(900), pytest.mark.usefixtures("needs_chromium")]
PATIENCE = 600_000  # milliseconds that one step may take on a busy machine
# What the reader writes over the notebook's parameters: the small study, one target, one seed,
# and another learning rate.
CHANGES = {
    'study: str = "lab"': 'study: str = "smoke"',
    "targets: list[str] | None = None": 'targets: list[str] | None = ["xnli"]',
    "num_seeds: int = 3": "num_seeds: int = 1",
    "learning_rate: float | None = None": "learning_rate: float | None = 2e-4",
}


@pytest.fixture
def notebook(workshop: Path) -> Iterator[Path]:
    """The notebook of the target tasks, put back afterwards."""
    path = workshop / "notebooks" / "03_target.ipynb"
    before, times = path.read_bytes(), path.stat()
    yield path
    path.write_bytes(before)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def edit(page: Page, path: Path) -> None:
    """Write the changed parameters over the cell that holds them."""
    cells = nbformat.read(path, as_version=4).cells
    number = next(i for i, c in enumerate(cells) if "parameters" in c.metadata.get("tags", []))
    text = cells[number].source
    for old, new in CHANGES.items():
        assert old in text
        text = text.replace(old, new)
    page.locator(".jp-Notebook .jp-Cell").nth(number).locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def test_a_changed_parameter_is_seen_on_the_page(workshop: Path, notebook: Path) -> None:
    with served(workshop, ["make", "notebook"]) as address, chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(PATIENCE)
        page.goto(re.sub(r"/(?:lab|tree)?\?", f"/lab/tree/{notebook.name}?", address))
        expect(page.locator(".jp-Notebook h1")).to_contain_text("Phase 3", timeout=PATIENCE)
        edit(page, notebook)
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        foot = page.locator(".jp-Notebook table.provenance")
        expect(foot).to_be_attached(timeout=PATIENCE)
        notice = page.locator(".jp-Notebook .admonition", has_text="Changed from the study")
        notice.scroll_into_view_if_needed()
        expect(notice).to_contain_text("learning_rate=0.0002")
        page.keyboard.press("Control+s")
        page.wait_for_function("() => !document.querySelector('.jp-mod-dirty')")
    cells = [c for c in nbformat.read(notebook, as_version=4).cells if c.cell_type == "code"]
    assert all(c.execution_count for c in cells)
    outputs = [o for c in cells for o in c.outputs]
    assert not any(o.output_type == "error" for o in outputs)
    told = "".join(str(o.get("data", {})) for o in outputs)
    assert "0.0002" in told and "XNLI" in told and "target-xnli-after-none-seed1" in told
