"""What the site offers beside each table and figure: files to keep, and how it was made.

    files = offer(page, "results", Path("notebooks/04_results.ipynb"))    # changes `page`

A notebook keeps a table's frame as CSV and a figure as SVG and PDF beside what it shows
(xit/report/page.py). Here these become files of the site, with links under the table or figure,
which work from disk and without a script. "How was this made?" leads to the code, to the
parameters, runs and data at the foot of the page, and to the notebook.
"""

import base64
import html
import re
from pathlib import Path
from typing import Any

from xit.report import launch

FOLDER = "downloads"  # of the site
SCORES = f"{FOLDER}/results.parquet"  # all scores of the study (xit/report/every_score.py)
BOX = re.compile(r'(<div class="table-box[^"]*")(?: id="([^"]*)")?')
BOX_END = "</table></div>"
HIDDEN = {"remove-output", "remove-cell"}

# Notebooks are read as plain JSON: only a few keys matter here.
Notebook = dict[str, Any]
Files = dict[str, bytes]


def slug(section: str) -> str:
    """The end of the names of what `section` shows: "target-none" of "target/none"."""
    return section.replace("/", "-").replace("_", "-")


def offer(page: Notebook, section: str, notebook: Path) -> Files:
    """Path in the site → content of each file that the page of `section` offers.

    `page`, an executed copy of `notebook`, gets the links. Cells are counted from 0, as in the
    anchors that xit/report/captions.py gives them.
    """
    root = "../" * (section.count("/") + 1)
    source = f"{FOLDER}/notebooks/{notebook.name}"
    files: Files = {source: notebook.read_bytes()}
    tables = 0
    for number, cell in enumerate(page["cells"]):
        hidden = HIDDEN & set(cell["metadata"].get("tags", []))
        how = _how(f"cell-{number}", root + source, notebook.name, section)
        for data in [] if hidden else [o["data"] for o in cell.get("outputs", []) if "data" in o]:
            if "text/csv" in data:
                tables += 1
                files |= _table(data, f"-{slug(section)}", tables, root, how)
            elif "image/svg+xml" in data:
                files |= _figure(data, cell, f"fig-{slug(section)}-{number}", root, how)
            elif '<table class="provenance"' in (text := _text(data.get("text/html", ""))):
                data["text/html"] = _foot(text, root, root + source, notebook.name)
    return files


def _table(data: dict, of: str, number: int, root: str, how: str) -> Files:
    """The CSV of one table; its HTML gets an anchor and the links."""
    shown = _text(data["text/html"])
    found = BOX.search(shown)
    called = f"tab-{(found and found[2]) or number}{of}"
    shown = BOX.sub(rf'\1 id="{called}"', shown, count=1)
    before, end, after = shown.rpartition(BOX_END)
    name = f"{FOLDER}/{called}.csv"
    data["text/html"] = before + end + _links({"CSV": root + name}, how) + after
    return {name: _text(data.pop("text/csv")).encode()}


def _figure(data: dict, cell: dict, called: str, root: str, how: str) -> Files:
    """SVG and PDF of one figure; the links become the legend under its caption."""
    figure = cell["metadata"].setdefault("mystnb", {}).get("figure", {})
    stem = f"{FOLDER}/{figure.get('name', called)}"
    files = {
        f"{stem}.svg": _text(data.pop("image/svg+xml")).encode(),
        f"{stem}.pdf": base64.b64decode(_text(data.pop("application/pdf"))),
    }
    links = _links({"SVG": f"{root}{stem}.svg", "PDF": f"{root}{stem}.pdf"}, how)
    if figure:
        figure["caption"] += f"\n\n{links}"
    return files


def _links(files: dict[str, str], how: str) -> str:
    """One line of HTML without blank lines, so that Markdown takes it as it is."""
    offered = " ".join(f'<a href="{html.escape(at)}" download>{k}</a>' for k, at in files.items())
    return f'<div class="made"><span>Download {offered}</span>{how}</div>'


def _how(anchor: str, source: str, name: str, section: str) -> str:
    return (
        "<details><summary>How was this made?</summary><p>By "
        f'<a class="to-code" href="#{anchor}">the code above</a>, from the '
        '<a href="#provenance">parameters, runs and data</a> at the foot of this page. All of it '
        f'is in <a href="{source}">notebooks/{name}</a>; with another parameter: '
        f"<code>make section S={html.escape(section)} PARAMS=&quot;…&quot;</code>.</p></details>"
    )


def _foot(text: str, root: str, source: str, name: str) -> str:
    """The table of provenance with what can be taken along."""
    elsewhere = launch.address(name)
    binder = f', or <a href="{html.escape(elsewhere)}">on Binder</a>' if elsewhere else ""
    rows = {
        "Notebook": f'<a href="{source}">notebooks/{name}</a>; to change and run it: '
        f"<code>make notebook</code>{binder}",
        "Scores": f'<a href="{root}{SCORES}">{Path(SCORES).name}</a>, all scores of this study',
    }
    added = "".join(f"<tr><th>{k}</th><td>{v}</td></tr>" for k, v in rows.items())
    before, end, after = text.rpartition("</table>")
    return before + added + end + after


def _text(value: str | list[str]) -> str:
    """A value of an output, which notebooks may keep line by line."""
    return "".join(value)
