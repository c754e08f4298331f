"""The site built from made-up executed notebooks: strict, readable from disk, never half made."""

import base64
import io
import re
import shutil
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from tests.browser import check_site, chromium
from xit.report import performance, site
from xit.report.downloads import slug
from xit.report.page import _table
from xit.report.site import SiteError, build, collect, table_of_contents

BOOK = Path(__file__).parents[2] / "book"
SECTIONS = ["tasks", "multilingual_model", "intermediate/squad_v1", "target/none", "results",
            "by_target/xnli", "by_target/udpos", "by_language/qab", "distance", "published",
             "data", "verify"]  # fmt: skip
FRAME = pd.DataFrame({"n": [1.25]})
VERIFIED = {"front_verify": "all tables are identical"}  # glued by a page of its own
GLUED = {
    "study_title": "trial",
    "study_kind": "made-up numbers for a test",
    "num_runs": "7",
    "num_languages": "3",
    "num_seeds": "1",
}
DRAWN = {
    "front_answer": '<div class="answer"><p class="number">+12.3</p></div>',
    "front_heat": '<div class="heat"><table><tr><td>1</td></tr></table></div>',
    "front_rebuild": "<p>The 7 runs took 3 minutes.</p>",
    "front_studies": "<table><tr><td>yes: this site</td></tr></table>",
}
WIDE_TABLE = (
    "<table><thead><tr>"
    + "".join(f"<th>column{i}</th>" for i in range(30))
    + "</tr></thead><tbody><tr>"
    + "<td>1.0</td>" * 30
    + "</tr></tbody></table>"
)


def png() -> str:
    """A small heat map, base64 as notebooks hold it."""
    figure, axes = plt.subplots(figsize=(7, 3))
    axes.imshow([[1, 2, 3], [3, 2, 1]])
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    plt.close(figure)
    return base64.b64encode(buffer.getvalue()).decode()


def glue(key: str, data: dict[str, str]) -> nbformat.NotebookNode:
    """The output that `myst_nb.glue(key, …, display=False)` leaves in a notebook."""
    prefix = "application/papermill.record/"
    label = {"scrapbook": {"name": key, "mime_prefix": prefix}}
    return new_output("display_data", data={prefix + k: v for k, v in data.items()}, metadata=label)


def page(title: str, alt: str = "A heat map.") -> nbformat.NotebookNode:
    """An executed notebook with a formula, a wide table and a figure with a text alternative, and
    one of our own tables, which the text refers to."""
    name = slug(title.replace(" ", "_"))
    formats = {
        "image/png": png(),
        "image/svg+xml": "<svg></svg>",
        "application/pdf": base64.b64encode(b"%PDF").decode(),
    }
    figure = new_output("display_data", data=formats, metadata={"alt": alt})
    table = new_output("execute_result", data={"text/html": WIDE_TABLE}, execution_count=1)
    own = {"text/html": _table(FRAME, "Own.", 1, 0, False, "own"), "text/csv": FRAME.to_csv()}
    caption = {"figure": {"caption": "A heat map, drawn.", "name": f"fig-map-{name}"}}
    cells = [
        new_markdown_cell(f"# {title}\n\nAs $x^2$ grows, so does $x$."),
        new_code_cell("table", execution_count=1, outputs=[table]),
        new_code_cell("figure", metadata={"mystnb": caption}, execution_count=2, outputs=[figure]),
        new_code_cell("own", execution_count=3, outputs=[new_output("display_data", data=own)]),
        new_markdown_cell(f"See {{numref}}`tab-own-{name}` and {{numref}}`fig-map-{name}`."),
    ]
    return new_notebook(cells=cells, metadata={"language_info": {"name": "python"}})


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real pages and made-up executed notebooks of a study called trial, built once."""
    book = tmp_path_factory.mktemp("site") / "book"
    book.mkdir()
    for path in BOOK.iterdir():
        if path.suffix in {".md", ".bib", ".yml"} or path.name == "_static":
            (book / path.name).symlink_to(path)
    for rows in (site.BENCH, site.GROWTH):  # beside the book
        (book.parent / rows.parent).mkdir(parents=True)
        (book.parent / rows).symlink_to(BOOK.parent / rows)
    for section in SECTIONS:
        notebook = page(section)
        if section == "verify":
            outputs = [glue(k, {"text/plain": repr(v)}) for k, v in VERIFIED.items()]
            notebook.cells.append(new_code_cell("glue", execution_count=3, outputs=outputs))
        if section == "results":
            outputs = [glue(k, {"text/plain": repr(v)}) for k, v in GLUED.items()]
            outputs += [glue(k, {"text/html": v}) for k, v in DRAWN.items()]
            notebook.cells.append(new_code_cell("glue", execution_count=3, outputs=outputs))
        save(book, section, notebook)
    build("trial", SECTIONS, book)
    return book


@pytest.fixture
def book(built: Path, tmp_path: Path) -> Path:
    """A copy of the built book for a test that changes it."""
    return Path(shutil.copytree(built, tmp_path / "book", symlinks=True))


def save(book: Path, section: str, notebook: nbformat.NotebookNode) -> None:
    """Put an executed notebook where papermill would."""
    path = book / "study" / "trial" / f"{section}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


def test_every_page_opens_from_disk_and_is_complete(built: Path, needs_chromium: None) -> None:
    index = built / "_build" / "html" / "index.html"
    assert check_site(index.parent) == []
    text = index.read_text(encoding="utf-8")
    for value in (*GLUED.values(), *DRAWN.values()):
        assert value in text


def test_tables_and_figures_are_numbered_through_the_book(built: Path) -> None:
    html = built / "_build" / "html" / "study"
    numbers = []
    for section in SECTIONS:
        text = (html / f"{section}.html").read_text(encoding="utf-8")
        found = dict(re.findall(r'caption-number">(Table|Figure) (\d+) ?</span>', text))
        assert set(found) == {"Table", "Figure"}, section
        assert text.count(f'href="#tab-own-{slug(section)}"') == 1
        assert f">Table {found['Table']}</span></a>" in text
        assert f">Figure {found['Figure']}</span></a>" in text
        numbers.append(int(found["Table"]))
    first = min(numbers)  # after the table of the method
    assert first > 1 and sorted(numbers) == list(range(first, first + len(SECTIONS)))


def test_the_page_of_performance_says_what_was_measured_and_what_was_not(built: Path) -> None:
    text = (built / "_build" / "html" / "performance.html").read_text(encoding="utf-8")
    rows = performance.read(BOOK.parent / "tests" / "bench" / "results")
    if rows.empty:
        assert "Nothing has been measured yet" in text
        return
    assert ("No GPU has been measured" in text) != (rows["kind"] == "cuda").any()
    assert all(f"on {device}" in text for device in rows["device"].unique())
    assert text.count('<span class="caption-number">Table ') == len(
        rows.groupby(["device", "work"])
    )


def test_what_is_offered_is_there(built: Path) -> None:
    html = built / "_build" / "html"
    text = (html / "study" / "target" / "none.html").read_text(encoding="utf-8")
    offered = re.findall(r'href="([^"]*downloads/[^"]*)"', text)
    assert {Path(x).suffix for x in offered} == {".csv", ".svg", ".pdf", ".ipynb"}
    for link in offered:
        assert (html / "study" / "target" / link).is_file(), link
    anchor = re.search(r'class="to-code" href="#(cell-\d+)"', text)
    assert anchor and f'id="{anchor[1]}"' in text
    for page in ("index", "methods"):
        assert 'href="downloads/results.parquet"' in (html / f"{page}.html").read_text()
    assert list(pd.read_parquet(html / "downloads" / "results.parquet")["value"]) == []
    for unneeded in ("*.map", "*.ttf"):
        assert not list(html.rglob(unneeded))


def test_words_lead_to_the_glossary(built: Path) -> None:
    html = built / "_build" / "html"
    assert 'id="term-target-task"' in (html / "glossary.html").read_text()
    assert 'href="glossary.html#term-target-task"' in (html / "methods.html").read_text()


def test_in_the_dark_figures_have_the_ground_of_the_page(built: Path, needs_chromium: None) -> None:
    address = (built / "_build" / "html" / "study" / "results.html").as_uri()
    with chromium() as browser:
        page = browser.new_page(color_scheme="dark", viewport={"width": 900, "height": 800})
        page.goto(address)
        image = page.locator("article img").first
        image.scroll_into_view_if_needed()
        box = image.bounding_box()
        assert box
        shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    x, y = int(box["x"]), int(box["y"])
    inside, outside = shot.getpixel((x + 3, y + 3)), shot.getpixel((x - 5, y + 3))
    assert inside == outside and isinstance(inside, tuple) and max(inside) < 64


def test_the_check_sees_what_is_wrong(tmp_path: Path, needs_chromium: None) -> None:
    (tmp_path / "bad.html").write_text(
        "<!doctype html><link rel=icon href=data:,><img src=gone.png>"
        "<p class=math>\\(x\\)</p><div style='width: 900px'>wide</div>"
        "<script>console.error('oh')</script><script src=http://127.0.0.1:9/x.js></script>"
    )
    told = "\n".join(check_site(tmp_path))
    for part in ("no alt text", "failed: file", "not rendered", "wider", "console: oh", "went to"):
        assert part in told


def test_a_changed_notebook_changes_its_page_and_the_index(book: Path) -> None:
    index = book / "_build" / "html" / "index.html"
    results = book / "study" / "trial" / "results.ipynb"
    results.write_text(results.read_text().replace("+12.3", "+45.6"))
    assert build("trial", SECTIONS, book) == index
    assert "+45.6" in index.read_text(encoding="utf-8")


def test_nothing_is_rendered_when_nothing_changed(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site, "_render", lambda *_: pytest.fail("rendered again"))
    assert build("trial", SECTIONS, built) == built / "_build" / "html" / "index.html"


def test_a_failing_build_keeps_the_last_good_site(book: Path) -> None:
    html = book / "_build" / "html"
    before = {p: p.read_bytes() for p in html.rglob("*") if p.is_file()}
    broken = page("target/none")
    broken.cells.append(new_markdown_cell("See [](no/such/page) and {cite}`nobody-1900`."))
    save(book, "target/none", broken)
    for _ in range(2):  # a kept page must not hide its warning the second time
        with pytest.raises(SiteError, match=r"study/target/none\.ipynb.*no/such/page"):
            build("trial", SECTIONS, book)
    assert {p: p.read_bytes() for p in html.rglob("*") if p.is_file()} == before


def test_missing_notebooks_are_named(built: Path) -> None:
    with pytest.raises(SiteError, match=r"'trial' has no executed notebook for: target/mnli, x$"):
        collect("trial", ["results", "target/mnli", "x"], built)


def test_a_damaged_notebook_is_named(book: Path) -> None:
    (book / "study" / "trial" / "results.ipynb").write_text('{"cells": [')
    with pytest.raises(SiteError, match=r"results\.ipynb is not a notebook"):
        collect("trial", SECTIONS, book)


def test_a_figure_without_alt_text_is_refused(book: Path) -> None:
    save(book, "target/none", page("Target", alt=""))
    with pytest.raises(SiteError, match="without alt text: target/none cell 2"):
        collect("trial", SECTIONS, book)


def test_sections_fall_into_parts_in_the_given_order() -> None:
    parts = table_of_contents([*SECTIONS, "target/squad_v1", "ablations/layers"])["parts"]
    assert isinstance(parts, list)
    files = {part["caption"]: [c["file"] for c in part["chapters"]] for part in parts}
    assert files == {
        "Method": ["methods", "study/tasks"],
        "Phase 1: a multilingual model": ["study/multilingual_model"],
        "Phase 2: intermediate tasks": ["study/intermediate/squad_v1"],
        "Phase 3: target tasks": ["study/target/none", "study/target/squad_v1"],
        "Results": ["study/results", "targets", "languages", "study/published", "study/data",
                    "study/verify", "study/ablations/layers"],
        "Extension studies": ["study/distance"],
        "How it runs": ["performance", "growth"],
        "Sources": ["glossary", "references"],
    }  # fmt: skip
    under = {c["file"]: [x["file"] for x in c.get("sections", ())] for p in parts
             for c in p["chapters"]}  # fmt: skip
    assert under["targets"] == ["study/by_target/xnli", "study/by_target/udpos"]
    assert under["languages"] == ["study/by_language/qab"]
    assert under["study/results"] == []
