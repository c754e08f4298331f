"""What of a notebook's code a page shows at once: its parameters, and what it computes.

    fold(page)    # changes an executed notebook, which the site is then rendered from

The book is read for what it shows, and on a phone a cell of code fills the screen. So code whose
output is on the page is folded, one click away; code that computes stays, and so do the parameters:
in one cell, each with its meaning and the value that the page was made with.
"""

import ast
from typing import Any

# Notebooks are read as plain JSON: only a few keys matter here.
Cell = dict[str, Any]
SHOWN = {"parameters", "remove-cell", "remove-output", "hide-output"}  # tags of what is not folded


def fold(page: Cell) -> None:
    """Change the cells of `page` in place. As many cells stay: links count them."""
    cells = [c for c in page["cells"] if c["cell_type"] == "code"]
    for cell, after in zip(cells, [*cells[1:], None], strict=True):
        if after and "parameters" in _tags(cell) and "injected-parameters" in _tags(after):
            cell["source"] = with_values(_source(cell), _source(after))
            _tag(after, "remove-cell")
        elif not SHOWN & set(_tags(cell)) and any("data" in o for o in cell.get("outputs", [])):
            _tag(cell, "hide-input")


def with_values(told: str, given: str) -> str:
    """The parameters `told`, `name: type = default  # meaning`, with the `given` values."""
    lines = told.splitlines()
    values = {
        node.targets[0].id: ast.unparse(node.value)
        for node in ast.parse(given).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    for node in ast.parse(told).body:
        if not (isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)):
            continue
        if node.value is None or node.target.id not in values:
            continue
        # offsets of the syntax tree are bytes
        line = lines[node.lineno - 1].encode()
        before, after = line[: node.value.col_offset], line[node.value.end_col_offset :]
        lines[node.lineno - 1] = (before + values[node.target.id].encode() + after).decode()
    return "\n".join(lines)


def _source(cell: Cell) -> str:
    return "".join(cell["source"])


def _tags(cell: Cell) -> list[str]:
    return list(cell["metadata"].get("tags", []))


def _tag(cell: Cell, name: str) -> None:
    cell["metadata"]["tags"] = [*dict.fromkeys([*_tags(cell), name])]
