"""A heat map of changes as a table: read on a phone, by keyboard and in the dark, with what stands
behind each number on demand.

    HTML(heat_table.draw({"study lab": cells, "published": theirs}, rows, columns, "XNLI by …"))

`cells` has one row a cell: row, column, change (points), and where there are any `told` (what is
shown on demand), `firm` (bold) and `mark` (after the number). book/_static/results.js shows `told`
for the cell that is pointed at, tapped or moved to; without the script it is the cell's title.
"""

import html
from collections.abc import Hashable, Mapping, Sequence
from functools import cache

import pandas as pd

LIMIT = 10.0  # points from which on a colour is full, as in the published heat map
HINT = "Point at a cell, tap it, or move through the cells with the arrow keys: its intervals and scores are told here."  # noqa: E501


def draw(
    panels: Mapping[str, pd.DataFrame],
    rows: Sequence[str],
    columns: Sequence[str],
    names: Mapping[str, str],
    what: str,
    bands: Mapping[str, str] | None = None,
    links: Mapping[str, str] | None = None,
    limit: float = LIMIT,
) -> str:
    """The panels as HTML, side by side in one scale and with one order of `rows` and `columns`.

    `panels`: heading → cells; `names`: how a row or column is written, `links`: the page that its
    name leads to; `what`: what the cells are, for a screen reader; `bands`: row → the band it
    belongs to (a family), set off from the one before. A cell that a panel lacks stays empty.
    ValueError where no panel has a cell of these.
    """
    heads = {n: _head(names.get(n, n), (links or {}).get(n)) for n in (*rows, *columns)}
    shown = {head: frame[frame["row"].isin(rows) & frame["column"].isin(columns)]
             for head, frame in panels.items()}  # fmt: skip
    if not any(len(frame) for frame in shown.values()):
        raise ValueError("nothing to draw: no panel has these rows and columns")
    tables = "".join(
        f'<div class="heat-panel"><p class="heat-name">{html.escape(head)}</p>'
        + _table(frame, rows, columns, heads, f"{what}: {head}", bands or {}, limit)
        + "</div>"
        for head, frame in shown.items()
    )
    return f'<div class="heat"><div class="heat-panels">{tables}</div>{_foot(limit)}</div>'


def _head(name: str, link: str | None) -> str:
    text = html.escape(name)
    return f'<a href="{html.escape(link)}">{text}</a>' if link else text


def _table(
    frame: pd.DataFrame,
    rows: Sequence[str],
    columns: Sequence[str],
    heads: Mapping[str, str],
    what: str,
    bands: Mapping[str, str],
    limit: float,
) -> str:
    cells = {(r["row"], r["column"]): r for r in frame.to_dict("records")}
    head = "".join(f'<th scope="col"><span>{heads[c]}</span></th>' for c in columns)
    text = f'<table class="heat-table" role="grid" aria-label="{html.escape(what)}">'
    text += f"<thead><tr><td></td>{head}</tr></thead><tbody>"
    before = None
    for row in rows:
        band = bands.get(row)
        begins = ' class="begins"' if before is not None and band != before else ""
        title = f' title="{html.escape(band)}"' if band else ""
        text += f'<tr{begins}><th scope="row"{title}>{heads[row]}</th>'
        text += "".join(_cell(cells.get((row, c)), limit) for c in columns) + "</tr>"
        before = band
    return text + "</tbody></table>"


def _cell(cell: Mapping[Hashable, object] | None, limit: float) -> str:
    if cell is None:
        return "<td></td>"
    value = float(str(cell["change"]))
    ground, ink = colours(value, limit)
    told = html.escape(str(cell.get("told") or ""))
    kind = ' class="firm"' if cell.get("firm") else ""
    number = written(value) + html.escape(str(cell.get("mark") or ""))
    return f'<td{kind} style="background:{ground};color:{ink}" title="{told}">{number}</td>'


def written(change: float) -> str:
    """A change in as few characters as tell it: one decimal below ten points, none above."""
    return f"{change:+.1f}" if abs(change) < 9.95 else f"{change:+.0f}"


def colours(change: float, limit: float = LIMIT) -> tuple[str, str]:
    """(ground, ink) of a change: blue a gain, red a loss, white none; the ink is what is read best
    on it."""
    share = min(1.0, max(-1.0, change / limit))
    return _shade(min(255, int(256 * (0.5 + share / 2))))


@cache
def _shade(level: int) -> tuple[str, str]:
    """`colours` of one of the 256 levels of the scale."""
    import matplotlib as mpl
    from matplotlib.colors import to_hex

    colour = mpl.colormaps["RdBu"](level)
    light = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3]]
    luminance = 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2]  # WCAG 2, 0 to 1
    return to_hex(colour), "#fff" if luminance < 0.179 else "#000"


def _foot(limit: float) -> str:
    stops = ",".join(colours(limit * k / 4, limit)[0] for k in range(-4, 5))
    bar = f'<span class="heat-bar" style="background:linear-gradient(90deg,{stops})"></span>'
    scale = f"−{limit:g} or less {bar} +{limit:g} points or more"
    return (
        f'<p class="heat-scale">{scale}</p>'
        f'<p class="heat-told" aria-live="polite">{html.escape(HINT)}</p>'
    )
