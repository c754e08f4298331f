"""The book's page on how the cost of a study grows, from the rows of tests/growth/growth.csv.

pages(Path("tests/growth/growth.csv"))    # growth.md and its figure, by their paths in the site
"""

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from matplotlib import rc_context
from matplotlib.figure import Figure

from xit.report import canvas
from xit.report.page import SVG

STEPS = {  # column → what is measured
    "plan": "planning the study, as `make plan` does",
    "dag": "Snakemake's graph of jobs (a dry run)",
    "store": "looking all runs up, checksums included",
    "results": "loading all scores, and the changes between them",
    "page": "writing the heat map and the table of every change",
}
FIGURE = "_static/growth.svg"
MARKS = "osD^v"
LAST = 3  # sizes that an exponent is fitted to: on the smaller ones fixed costs are most of it


class Row(NamedTuple):
    """One size of study: CPU seconds of each of STEPS."""

    runs: int
    sections: int
    plan: float
    dag: float
    store: float
    results: float
    page: float


def read(file: Path) -> tuple[list[Row], str]:
    """The rows of `file`, and the device that they were measured on; none if it is not there."""
    if not file.is_file():
        return [], ""
    told = [x for x in file.read_text(encoding="utf-8").splitlines() if not x.startswith("#")]
    lines = list(csv.DictReader(told))
    rows = [Row(int(x["runs"]), int(x["sections"]), *(float(x[k]) for k in STEPS)) for x in lines]
    return rows, lines[0]["device"]


def exponent(rows: Sequence[Row], step: str) -> float:
    """k where the seconds of `step` grow as runs**k, by least squares on the LAST logarithms."""
    x = [math.log(row.runs) for row in rows[-LAST:]]
    y = [math.log(max(getattr(row, step), 1e-3)) for row in rows[-LAST:]]
    mean = sum(x) / len(x), sum(y) / len(y)
    over = sum((a - mean[0]) * (b - mean[1]) for a, b in zip(x, y, strict=True))
    return over / sum((a - mean[0]) ** 2 for a in x)


def figure(rows: Sequence[Row]) -> Figure:
    """A line a step over the number of runs, both logarithmic; dashed: in proportion."""
    made, [axes] = canvas.empty(3.6)
    runs = [row.runs for row in rows]
    for colour, step, marker in zip(canvas.COLOURS, STEPS, MARKS, strict=False):
        seconds = [getattr(row, step) for row in rows]
        axes.plot(runs, seconds, color=colour, marker=marker, markersize=4, label=step)
    first = min(getattr(rows[-1], step) for step in STEPS) / 3
    line = [first * n / runs[-1] for n in runs]
    axes.plot(runs, line, color=canvas.GREY, linestyle="--", label="in proportion")
    axes.set(xscale="log", yscale="log", xlabel="runs of the study", ylabel="CPU seconds")
    for axis in (axes.xaxis, axes.yaxis):  # 0.01, not a power: that takes fonts of its own
        axis.set_major_formatter("{x:,.10g}")
        axis.set_minor_formatter("")
    canvas.legend(made, axes)
    return made


def text(rows: Sequence[Row], device: str) -> str:
    """The page."""
    first, last = rows[0], rows[-1]
    steepest = max(STEPS, key=lambda step: exponent(rows, step))
    alt = (
        f"CPU seconds of {len(STEPS)} steps over {first.runs} to {last.runs:,} runs, logarithmic; "
        f"none grows faster than runs to the power of {exponent(rows, steepest):.2f}."
    )
    whole = sum(getattr(last, step) for step in STEPS)
    lines = "\n".join(
        f"- `{step}`, {what}: {getattr(first, step):.2f} s → {getattr(last, step):.2f} s, "
        f"exponent {exponent(rows, step):.2f}"
        for step, what in STEPS.items()
    )
    return f"""# How the cost grows

What does it take to keep a study in order, beside its trainings? Studies of {first.runs} to
{last.runs:,} runs were made up, whose runs are nothing but a table of scores. Each step was then
timed on its own, in CPU seconds on {device}; `tests/growth/measure.py` is how. (What the trainings
of a study take is told by `make plan STUDY=paper`.) {{numref}}`fig-growth` has what came out.

```{{figure}} {FIGURE}
:name: fig-growth
:alt: {alt}

CPU seconds of each step over the number of runs, both on logarithmic axes. Dashed: growth in
proportion to the runs.
```

From {first.runs} runs in {first.sections} sections to {last.runs:,} in {last.sections}:

{lines}

The exponent is that of the growth over the largest {LAST} studies: 1 is in proportion to the runs,
less is where fixed costs still count. The steepest is `{steepest}`. All of it takes {whole:.0f} s
of CPU time for {last.runs:,} runs.
"""


def pages(file: Path) -> dict[str, bytes]:
    """Path in the site's source → content: the page, and its figure where there are rows."""
    rows, device = read(file)
    if not rows:
        return {"growth.md": b"# How the cost grows\n\nNothing has been measured yet.\n"}
    drawn = io.BytesIO()
    with rc_context(rc=dict(SVG)):  # type: ignore[arg-type]
        figure(rows).savefig(drawn, format="svg", metadata={"Date": None})
    return {"growth.md": text(rows, device).encode(), FIGURE: drawn.getvalue()}
