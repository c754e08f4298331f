"""Tables for the terminal."""

from collections.abc import Sequence

from xit.inventory import Line

HEAD = ["", "for", "from", "state", "found", "rows", "of", "columns", "licence", "size"]


def aligned(rows: Sequence[Sequence[str]], right: Sequence[int]) -> str:
    """`rows` of cells as lines of aligned columns; the columns numbered `right` end together."""
    wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, wide, strict=True))
        )
        for row in rows
    ]
    return "\n".join(line.rstrip() for line in lines)


def inventory(lines: Sequence[Line], models: int, free: int) -> str:
    """What `xit check` shows: the table, what to do about each bad line, and the disk.

    `models` of the size of the first line will be kept; `free` bytes are free.
    """
    told = [aligned([HEAD, *map(_cells, lines)], right=(5, 6, 9))]
    remedies: dict[str, list[str]] = {}
    for line in lines:
        if line.remedy:
            remedies.setdefault(line.remedy, []).append(line.what.partition(" (")[0])
    for remedy, whats in remedies.items():  # the same one is said once
        which = ", ".join(whats) if len(whats) < 4 else f"these {len(whats)} datasets"
        told.append(f"- {which}: {remedy}")
    size = lines[0].size
    each = f" of {size_in_words(size)}, {size_in_words(models * size)} in all," if size else ""
    short = ": not enough for all of them" if size and models * size > free else ""
    told.append(f"disk: {models} models{each} are kept in runs/; {size_in_words(free)} free{short}")
    return "\n".join(told)


def _cells(line: Line) -> list[str]:
    counts = [f"{n:,}" if n is not None else "-" for n in (line.rows, line.expected)]
    size = size_in_words(line.size) if line.size is not None else "?"
    told = [line.what, line.use, line.source, line.state, line.found or "-", *counts]
    return [*told, line.columns or "-", line.licence or "?", size]


def size_in_words(number: int) -> str:
    """`number` of bytes in decimal units, as disks are sold: 1.5 MB."""
    size, units = float(number), ["B", "kB", "MB", "GB", "TB"]
    while size >= 1000 and len(units) > 1:
        size, units = size / 1000, units[1:]
    return f"{size:.0f} {units[0]}" if size >= 10 or units[0] == "B" else f"{size:.1f} {units[0]}"
