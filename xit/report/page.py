"""What a notebook shows, as HTML: tables, folded lists, figures, and the foot of its page."""

import base64
import html
import io
import os
import re
from collections.abc import Mapping, Sequence

import pandas as pd
from IPython.core.pylabtools import print_figure, retina_figure
from IPython.display import HTML, display
from matplotlib import pyplot, rc_context
from matplotlib.figure import Figure
from PIL import Image

from xit.paths import project

SHORT = 24  # characters that stay on one line of a table, as names of runs do
PRINTED = re.compile(r"[+-]?\d+\.\d+")  # a number already written, as "+1.4"
MARGIN = 0.1  # inches around a figure
# Text stays text, in a face that every system has a like of; the same figure, the same bytes.
SVG = {"svg.fonttype": "none", "svg.hashsalt": "xit"}


def table(
    frame: pd.DataFrame,
    caption: str,
    digits: int = 1,
    first: int = 0,
    search: bool = False,
    name: str = "",
) -> None:
    """Show `frame` as a table that scrolls in its own box, with a caption.

    A click on a column's head sorts (book/_static/tables.js); the `first` rows stay on top, and a
    long table has a field to look for rows. With `search`, a short one has it, too, and the first
    column stays in sight. The whole frame, unrounded, is kept as CSV beside it. `name` is what
    prose refers to: "change" on the page of results is {numref}`tab-change-results`.
    """
    _show(_table(frame, caption, digits, first, search, name), frame)


def _show(text: str, frame: pd.DataFrame) -> None:
    """HTML, and the `frame` behind it as CSV: xit/report/downloads.py makes a file of that."""
    display({"text/html": text, "text/csv": frame.to_csv(index=False)}, raw=True)


def plain(frame: pd.DataFrame, caption: str = "", name: str = "") -> str:
    """`frame` as the HTML of a table, for a page that is no notebook; numbered if it has a name."""
    return _table(frame, caption, digits=1, first=0, search=False, name=name)


def folded(
    tables: Mapping[str, pd.DataFrame], caption: str, digits: int = 1, first: int = 0
) -> None:
    """Show several tables under their names, each folded until it is asked for, with `search`.

    {} in the caption is where the name goes.
    """
    for name, frame in tables.items():
        inside = _table(frame, caption.format(name), digits, first, search=True)
        text = f'<details class="fold"><summary>{html.escape(name)}</summary>{inside}</details>'
        _show(text, frame)


def _table(
    frame: pd.DataFrame, caption: str, digits: int, first: int, search: bool, name: str = ""
) -> str:
    numeric = [_numeric(frame[c]) for c in frame]
    head = "".join(f'<th scope="col">{html.escape(str(c))}</th>' for c in frame.columns)
    lines = [
        "<tr>" + "".join(_cell(v, digits, n) for v, n in zip(row, numeric, strict=True)) + "</tr>"
        for row in frame.itertuples(index=False)
    ]
    told = f"<span>{html.escape(caption)}</span>"  # which stays in sight of a wide table
    text = f"<table><caption>{told}</caption><thead><tr>{head}</tr></thead>"
    if first:
        text += f'<tbody class="first">{"".join(lines[:first])}</tbody>'
    text += f"<tbody>{''.join(lines[first:])}</tbody></table>"
    kind = "table-box searchable" if search else "table-box"
    called = f' id="{html.escape(name)}"' if name else ""
    return f'<div class="{kind}"{called} tabindex="0">{text}</div>'


def _numeric(column: pd.Series) -> bool:
    """Whether a column of text holds numbers already written, as "+1.4", and "–" for none."""
    told = [str(v) for v in column if str(v) != "–"]
    return bool(told) and all(PRINTED.fullmatch(v) for v in told)


def _cell(value: object, digits: int, numeric: bool) -> str:
    if not isinstance(value, int | float):
        text = str(value)
        kind = "number" if numeric else "short" if len(text) <= SHORT or " " not in text else "long"
        return f'<td class="{kind}">{html.escape(text)}</td>'
    told = (
        "–" if value != value else str(value) if isinstance(value, int) else f"{value:.{digits}f}"
    )
    return f'<td class="number">{told}</td>'


def figure(made: Figure, alt: str) -> None:
    """Show a figure with its alternative text; caption and name are in the cell's metadata.

    The notebook keeps it as PNG for the page, and as SVG and PDF for the reader's own slides.
    """
    data, size = pictures(made)
    display(data, raw=True, metadata={"alt": alt, "image/png": size})
    pyplot.close(made)


def pictures(made: Figure) -> tuple[dict[str, str], dict[str, int]]:
    """A figure as PNG, SVG and PDF, by their media types, and the size to show the PNG in."""
    made.draw_without_rendering()
    made.set_layout_engine(None)  # it has found the places, for all three
    told = {"bbox_inches": made.get_tightbbox().padded(MARGIN)}
    png, size = retina_figure(made, **told, pil_kwargs={"compress_level": 0})  # not the last word
    with rc_context(rc=dict(SVG)):  # type: ignore[arg-type]
        svg = print_figure(made, "svg", metadata={"Date": None}, **told)
    pdf = print_figure(made, "pdf", base64=True, metadata={"CreationDate": None}, **told)
    data = {"image/png": _of_few_colours(png), "image/svg+xml": svg, "application/pdf": pdf}
    return data, size


def _of_few_colours(png: bytes) -> str:
    """`png` with 256 colours, in base64: a third of the size, and no eye sees the difference.

    Of the ways to choose them this one is the quickest whose worst error, 12 of 255 in the book's
    figures, is still small.
    """
    small = io.BytesIO()
    image = Image.open(io.BytesIO(png)).convert("RGB")
    few = image.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(small, "PNG")
    return base64.b64encode(small.getvalue()).decode()


def glue(name: str, value: object) -> None:
    """Keep `value` for other pages, which show it by `name`; nothing is shown here."""
    import myst_nb  # after xit, which spares it what it does not need

    myst_nb.glue(name, value, display=False)


def pairs(values: Mapping[str, object]) -> str:
    """Names and values, side by side."""
    return ", ".join(f"<code>{html.escape(f'{k}={_short(v)}')}</code>" for k, v in values.items())


def number(value: object) -> str:
    """A setting as written by hand; None is "all"."""
    return "all" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _short(value: object) -> str:
    """A value as shown; paths are relative to the project."""
    return (
        os.path.relpath(value, project())
        if isinstance(value, str) and value.startswith("/")
        else str(value)
    )


def details(summary: str, lines: Sequence[str]) -> str:
    """Lines folded under `summary`; nothing where there are none."""
    if not lines:
        return ""
    items = "<br>".join(f"<code>{html.escape(x)}</code>" for x in dict.fromkeys(lines))
    return f"<details><summary>{summary}</summary>{items}</details>"


def provenance(lines: Mapping[str, str]) -> HTML:
    """The foot of a page: how it was made, a row for each of `lines` that is not empty."""
    rows = "".join(f"<tr><th>{k}</th><td>{v}</td></tr>" for k, v in lines.items() if v)
    return HTML(
        '<table class="provenance" id="provenance"><caption>How this page was made</caption>'
        f"{rows}</table>"
    )
