"""A Sphinx extension: the tables that notebooks show are numbered and referred to like figures.

It stands in book/_config.yml. A table is HTML (xit/report/page.py); its box carries an `id`, which
{numref}`tab-change-results` refers to, on any page, and its caption begins with its number. Each
code cell gets an anchor, `cell-0` and so on, which "How was this made?" leads to. It also has the
pages written in several processes.
"""

import os
import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.writers.html5 import HTML5Translator

BOX = re.compile(r'<div class="table-box[^"]*"( id="([^"]+)")')
CAPTION = re.compile(r"<caption><span>(.*?)</span></caption>", re.DOTALL)


class TableOutput(nodes.raw):
    """HTML with one table that has a caption."""


class FindTables(SphinxTransform):
    """Makes a TableOutput of each output that is a table with an `id`, and anchors of cells."""

    default_priority = 400  # before references are resolved

    def apply(self, **options: object) -> None:
        """Change the document in place."""
        for cell in self.document.findall(nodes.container):
            if cell.get("nb_element") == "cell_code":
                cell["ids"].append(f"cell-{cell['cell_index']}")
        for raw in list(self.document.findall(nodes.raw)):
            if raw.get("format") == "html" and (found := BOX.search(raw.astext())):
                self._replace(raw, found)

    def _replace(self, raw: nodes.raw, found: re.Match[str]) -> None:
        text, name = raw.astext(), found[2]
        without = text[: found.start(1)] + text[found.end(1) :]  # the node itself has it now
        table = TableOutput(without, without, **raw.attributes)
        table["ids"], table["names"] = [name], [nodes.fully_normalize_name(name)]
        raw.replace_self(table)
        self.document.note_explicit_target(table, table)


def title(table: nodes.Node) -> str:
    """The caption without its number: what makes a node one that is counted."""
    found = CAPTION.search(table.astext())
    return found[1] if found else ""


def visit(self: HTML5Translator, table: TableOutput) -> None:
    """Write the table, its number before its caption."""
    before, begin, after = table.astext().partition("<caption><span>")
    self.body.append(self.starttag(table, "div") + before + begin)
    self.add_fignumber(table)
    self.body.append(f"{after}</div>\n")
    raise nodes.SkipNode


def depart(self: HTML5Translator, table: TableOutput) -> None:
    """Never called: `visit` has written all of it."""


def _side_by_side(app: Sphinx, _: object) -> None:
    """Write pages in as many processes as the build has. They must be read one by one: some of
    Jupyter Book's extensions know no other way, and strictly built that is an error.
    """
    app.parallel = int(os.environ.get("XIT_PROCESSES", "1"))


def _sources_are_items(
    app: Sphinx, page: str, template: str, context: dict[str, str], tree: nodes.document | None
) -> None:
    """docutils gives a list of sources children that screen readers do not take for its items."""
    context["body"] = context.get("body", "").replace('role="doc-biblioentry"', 'role="listitem"')


def setup(app: Sphinx) -> dict[str, object]:
    """Register the extension."""
    app.connect("html-page-context", _sources_are_items)
    app.connect("env-check-consistency", _side_by_side)  # when all is read
    app.add_enumerable_node(TableOutput, "table", title, html=(visit, depart))
    app.add_transform(FindTables)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
