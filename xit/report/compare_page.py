"""A comparison of two studies, written down: for the terminal, as a page, as CSV.

    print(compare_page.in_terminal(told))
    compare_page.write(told, project() / "book" / "_build")

The page is one file without scripts or references to others: it opens from disk, and can be sent.
"""

import html
import io
import re
import textwrap
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from xit import execute
from xit.report import change_page, effects
from xit.report.compare import EVERY, Comparison
from xit.report.names import TITLES, label
from xit.report.stats import Interval
from xit.terminal import aligned

WIDE = 100  # characters of a line of the terminal
MOST = 20  # cells that the terminal shows
COUNTS = ("languages", "seeds")
STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
.box { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.9rem; }
caption { font-weight: 600; padding: 0.5rem 0; text-align: left; }
th, td { border-bottom: 1px solid #8888; padding: 0.25rem 0.7rem; text-align: left; }
td.number { text-align: right; white-space: nowrap; }
td { overflow-wrap: anywhere; }
summary { cursor: pointer; font-weight: 600; }
figure { margin: 1rem 0; }
figure svg { height: auto; max-width: 100%; }
"""


def in_terminal(told: Comparison) -> str:
    """The comparison as lines of text: settings, notes, targets, and the cells moved furthest."""
    lines = [f"A: {told.a.called} ({told.a.study.about})", f"B: {told.b.called}", ""]
    lines[1] += f" ({told.b.study.about})"
    if len(told.settings):
        lines += ["what differs", _text(_called(told.settings)), ""]
    else:
        lines += ["No setting differs.", ""]
    lines += [textwrap.fill(note, WIDE) for note in told.notes]
    for name, frame in _tables(told).items():
        shown = frame if name != CELLS or len(frame) <= MOST else frame.head(MOST)
        cut = f", the {MOST} of {len(frame)} that moved furthest" * (len(shown) < len(frame))
        lines += ["", f"{name}{cut}", _text(shown)]
    return "\n".join(lines)


def write(told: Comparison, place: Path) -> list[Path]:
    """`compare-<A>-<B>.html` and, where there are differences, `….csv` in `place`."""
    place.mkdir(parents=True, exist_ok=True)
    names = "-".join(re.sub(r"\W+", "_", one.called) for one in (told.a, told.b))
    page, rows = place / f"compare-{names}.html", place / f"compare-{names}.csv"
    execute.write(page, in_html(told, rows.name))
    if not len(told.cells):
        rows.unlink(missing_ok=True)
        return [page]
    execute.write(rows, tidy(told).to_csv(index=False))
    return [page, rows]


TARGETS = "by target (mean over the intermediate tasks whose runs differ)"
CELLS = "by intermediate task and target"
CHANGES = "the change against no intermediate task"
LANGUAGES = "by target and language (mean over the intermediate tasks)"


def _tables(told: Comparison) -> dict[str, pd.DataFrame]:
    """Name → table for readers; of those with rows."""
    parts = {TARGETS: told.targets, CELLS: told.cells, CHANGES: told.changes}
    shown = {}
    for name, found in parts.items():
        if len(found):
            kept = found.sort_values("mean", key=lambda m: -m.abs(), kind="stable")
            shown[name] = _readable(kept, sign="+" if name == CHANGES else "")
    return shown


def _readable(found: pd.DataFrame, sign: str = "") -> pd.DataFrame:
    frame = pd.DataFrame({"target": found["target"].map(lambda t: TITLES[t])})
    if (found["intermediate"] != EVERY).any():
        frame.insert(0, "intermediate", found["intermediate"].map(label))
    if "language" in found:
        frame["language"] = found["language"]
    for name, column in (("A", "was"), ("B", "now")):
        frame[name] = found[column].map(lambda v: f"{v:{sign}.1f}")
    frame["B − A"] = found["mean"].map("{:+.1f}".format)
    frame["95% interval"] = found["these"].map(effects.ends)
    counts = [c for c in ("languages", "seeds") if c in found]
    return pd.concat([frame, found[counts].astype(str)], axis=1)


def _called(settings: pd.DataFrame) -> pd.DataFrame:
    return settings.rename(columns={"a": "A", "b": "B"})


def _text(frame: pd.DataFrame) -> str:
    rows = [list(map(str, frame.columns)), *frame.astype(str).to_numpy().tolist()]
    right = [i for i, c in enumerate(frame.columns) if c in ("A", "B", "B − A", *COUNTS)]
    numbers = "setting" not in frame
    return aligned(rows, right=right if numbers else [])


def tidy(told: Comparison) -> pd.DataFrame:
    """Every difference, one row each: of (score, change against none), intermediate, target,
    language ("" for the mean but the source), a, b, difference, low, high, seeds."""
    parts = []
    whole = {"score": [told.targets, told.cells, told.languages], "change": [told.changes]}
    for of, frames in whole.items():
        for found in (f for f in frames if len(f)):
            frame = found[["intermediate", "target"]].assign(of=of)
            frame["language"] = found.get("language", "")
            frame["a"], frame["b"] = found["was"], found["now"]
            frame["difference"] = found["mean"]
            ends: Iterable[Interval] = found["these"]
            frame[["low", "high"]] = [tuple(one) for one in ends]
            parts.append(frame.assign(seeds=found["seeds"]))
    order = ["of", "intermediate", "target", "language", "a", "b", "difference", "low", "high"]
    return pd.concat(parts, ignore_index=True)[[*order, "seeds"]]


def in_html(told: Comparison, rows: str) -> str:
    """The comparison as a page of its own; `rows` is the name of the CSV beside it."""
    title = f"{told.a.called} and {told.b.called}, compared"
    sides = [
        f"<li><b>{name}</b>: {html.escape(one.called)} — {html.escape(one.study.title)}, "
        f"{html.escape(one.study.about)}</li>"
        for name, one in (("A", told.a), ("B", told.b))
    ]
    body = [f"<h1>{html.escape(title)}</h1><ul>{''.join(sides)}</ul>"]
    body += [f"<p>{html.escape(note)}</p>" for note in told.notes]
    if len(told.settings):
        body.append(_html(_called(told.settings), "What differs"))
    else:
        body.append("<p>No setting differs.</p>")
    if len(told.targets):
        body.append(_figure(told.targets))
    body += [_html(frame, name.capitalize()) for name, frame in _tables(told).items()]
    if len(told.languages):
        shown = _html(_readable(told.languages), LANGUAGES.capitalize())
        body.append(f"<details><summary>Language by language</summary>{shown}</details>")
    if len(told.cells):
        body.append(f'<p>All numbers: <a href="{html.escape(rows)}">{html.escape(rows)}</a></p>')
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title><style>{STYLE}</style>'
    view = '<meta name="viewport" content="width=device-width, initial-scale=1">'
    text = f"<head>{head}{view}</head>\n<body>\n" + "\n".join(body)
    return f'<!doctype html>\n<html lang="en">{text}\n</body></html>\n'


def _figure(found: pd.DataFrame) -> str:
    drawn = io.StringIO()
    figure = change_page.dots(found, "B − A (points)")
    figure.savefig(drawn, format="svg")
    _, begin, rest = drawn.getvalue().partition("<svg")
    svg = re.sub("<metadata>.*?</metadata>", "", begin + rest, flags=re.DOTALL)  # names a site
    alt = html.escape(change_page.alt_dots(found))
    caption = (
        "B − A by target, mean over intermediate tasks, languages and seeds; thick lines 95% "
        "intervals for these languages, thin ones for new languages."
    )
    drawing = f'<div role="img" aria-label="{alt}">{svg}</div>'
    return f"<figure>{drawing}<figcaption>{caption}</figcaption></figure>"


def _html(frame: pd.DataFrame, caption: str) -> str:
    """A table; its numbers are right-aligned."""
    numbers = [c in ("A", "B", "B − A", *COUNTS) and "setting" not in frame for c in frame]
    head = "".join(f'<th scope="col">{html.escape(str(c))}</th>' for c in frame.columns)
    lines = []
    for row in frame.itertuples(index=False):
        cells = (
            f"<td{' class=number' * number}>{html.escape(str(value))}</td>"
            for value, number in zip(row, numbers, strict=True)
        )
        lines.append(f"<tr>{''.join(cells)}</tr>")
    table = f"<caption>{html.escape(caption)}</caption><thead><tr>{head}</tr></thead>"
    table += f"<tbody>{''.join(lines)}</tbody>"
    return f'<div class="box" tabindex="0"><table>{table}</table></div>'
