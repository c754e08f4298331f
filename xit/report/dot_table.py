"""Dots with intervals as a table: a row a dot, the drawing in one of its columns, the numbers
beside it.

    HTML(dot_table.draw(rows, "XNLI", "Change (points)"))

`rows` has `name`, `value` and, where there are any: `low`, `high` (a thick line), `far_low`,
`far_high` (a thin one), `firm` (a filled dot), `mark` (after the name), `band` (a heading before
the row where it changes), `other` (a small square), `tick` (a dotted line), `told` (the row's
title).
"""

import html
from collections.abc import Callable, Hashable, Mapping

import numpy as np
import pandas as pd

ENDS = ["value", "low", "high", "far_low", "far_high", "other", "tick"]
FAR = 40.0  # points from the reference: an interval that goes further is cut there


def scale(
    rows: pd.DataFrame, reference: float | None = 0.0, far: float = FAR
) -> tuple[float, float]:
    """From where to where an axis for `rows` goes; `reference` is on it, nothing beyond `far`."""
    values = rows[[c for c in ENDS if c in rows]].to_numpy(float).ravel()
    values = values[~np.isnan(values)]
    if reference is not None:
        values = np.clip(np.append(values, reference), reference - far, reference + far)
    low, high = float(values.min()), float(values.max())
    room = 0.04 * (high - low) or 1.0
    return low - room, high + room


def draw(
    rows: pd.DataFrame,
    caption: str,
    unit: str,
    reference: float | None = 0.0,
    ends: tuple[float, float] | None = None,
    sign: bool = True,
) -> str:
    """The table as HTML. `reference`: where a line stands (None: nowhere); `ends` of the axis, by
    default `scale(rows, reference)`; `sign`: write numbers with one. ValueError without rows."""
    if not len(rows):
        raise ValueError("nothing to draw: the table has no rows")
    low, high = ends or scale(rows, reference)

    def at(value: float) -> float:
        return round(100 * min(1.0, max(0.0, (value - low) / (high - low))), 1)

    lines, band = "", None
    zero = "" if reference is None else f'<i class="zero" style="left:{at(reference)}%"></i>'
    for row in rows.to_dict("records"):
        if (now := row.get("band")) != band and isinstance(now, str):
            lines += (
                f'<tr class="band"><th colspan="3" scope="rowgroup">{html.escape(now)}</th></tr>'
            )
        band = now
        lines += _row(row, zero, at, sign)
    ticks = "".join(f'<span style="left:{at(v)}%">{v:g}</span>' for v in _ticks(low, high))
    return (
        f'<table class="dots"><caption>{html.escape(caption)}</caption><tbody>{lines}</tbody>'
        f'<tfoot><tr><td></td><td class="axis" aria-hidden="true">{ticks}</td>'
        f'<td class="unit">{html.escape(unit)}</td></tr></tfoot></table>'
    )


def _row(
    row: Mapping[Hashable, object], zero: str, at: Callable[[float], float], sign: bool
) -> str:
    number = {k: float(str(row.get(k, "nan"))) for k in ENDS}
    drawn = zero
    for kind, low, high in (("far", "far_low", "far_high"), ("near", "low", "high")):
        if number[low] == number[low]:
            left, right = at(number[low]), at(number[high])
            drawn += f'<i class="{kind}" style="left:{left}%;width:{round(right - left, 1)}%"></i>'
    for kind in ("tick", "other"):
        if number[kind] == number[kind]:
            drawn += f'<i class="{kind}" style="left:{at(number[kind])}%"></i>'
    kind = "dot firm" if row.get("firm") else "dot"
    drawn += f'<i class="{kind}" style="left:{at(number["value"])}%"></i>'
    told = html.escape(str(row.get("told") or ""))
    name = html.escape(f"{row['name']}{row.get('mark') or ''}")
    written = f"{number['value']:+.1f}" if sign else f"{number['value']:.1f}"
    return (
        f'<tr><th scope="row">{name}</th><td class="plot" title="{told}"><div>{drawn}</div></td>'
        f'<td class="number">{written}</td></tr>'
    )


def _ticks(low: float, high: float) -> list[float]:
    """A few round numbers between `low` and `high`."""
    rough = (high - low) / 5
    size = 10.0 ** np.floor(np.log10(rough))
    step = next(k * size for k in (1, 2, 5, 10) if k * size >= rough)
    first = np.ceil(low / step)
    return [float(round(k * step, 6)) + 0.0 for k in np.arange(first, np.floor(high / step) + 1)]
