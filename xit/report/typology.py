"""What is known about the languages, and the order in which tables and figures show them.

Reads `typology/` of a hub directory: `languages.csv` and, where there is one, a table of distances
from the source language, real (`distances_from_english.csv`, URIEL) or of the lab
(`distances_from_source.csv`). Same columns, so the rest of the project need not know which.
"""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from xit.errors import XitError, unknown

DISTANCES = ("distances_from_source.csv", "distances_from_english.csv")
REQUIRED = ("iso639_1", "iso639_3", "name", "family", "script")
UNKNOWN = "unknown"  # the family of a language that the table lacks


def languages(hub_root: Path) -> pd.DataFrame:
    """One row per language, indexed by `language` (two-letter code; three-letter if it has none).

    All columns of `languages.csv`, then the distances (0 = as the source language, mostly up to 1;
    kilometres where the column says so). XitError if the table is not there or lacks a column.
    """
    folder = Path(hub_root) / "typology"
    table = _read(folder / "languages.csv", REQUIRED)
    for file in DISTANCES:
        if (folder / file).exists():
            far = _read(folder / file, ("iso639_3",)).drop(columns="iso639_1", errors="ignore")
            table = table.merge(far, on="iso639_3", how="left", validate="one_to_one")
            break
    code = table["iso639_1"].where(table["iso639_1"] != "", table["iso639_3"])
    return table.set_index(code.rename("language"))


def _read(file: Path, required: Iterable[str]) -> pd.DataFrame:
    if not file.exists():
        raise XitError(f"{file}: not there; a hub directory holds typology/{file.name}")
    table = pd.read_csv(file, keep_default_na=False, na_values={"latitude": "", "longitude": ""})
    for column in required:
        if column not in table:
            raise XitError(
                f"{file}: column {column!r} is missing; it has {', '.join(map(str, table))}"
            )
    return table


def order(
    table: pd.DataFrame,
    source: str,
    codes: Iterable[str] | None = None,
    distance: str = "syntactic",
) -> list[str]:
    """`codes` (default: all of `table`) in the order to show them, never the alphabet's.

    The source language; the rest of its family; then the other families by their mean distance
    from the source; within a family by distance. Languages not in `table` come last, as given.
    Without distances the table's own order decides. XitError for an unknown distance.
    """
    codes = list(dict.fromkeys(table.index if codes is None else codes))
    known = [c for c in codes if c in table.index]
    far = _distance(table, distance)
    family = table["family"]
    mean = {f: far[[c for c in known if family[c] == f]].mean() for f in {family[c] for c in known}}
    place = {c: i for i, c in enumerate(table.index)}
    first = {f: min(place[c] for c in known if family[c] == f) for f in mean}
    home = family.get(source)

    def rank(code: str) -> tuple[bool, bool, float, int, float, int]:
        f = family[code]
        return (code != source, f != home, mean[f], first[f], far[code], place[code])

    missing = [c for c in codes if c not in table.index]
    ordered = sorted(known, key=rank) + missing
    return sorted(ordered, key=lambda c: c != source)  # first even where the table lacks it


def _distance(table: pd.DataFrame, column: str) -> pd.Series:
    names = [c for c in table.select_dtypes("number") if c not in ("latitude", "longitude")]
    if column in table:
        return table[column].astype(float).fillna(float("inf"))
    if {"syntactic", "genetic"} & set(names):
        raise unknown("distance", column, names)
    return pd.Series(0.0, index=table.index)


def family(table: pd.DataFrame, code: str) -> str:
    """The family of language `code`; "unknown" if the table lacks it."""
    return str(table["family"].get(code, UNKNOWN))


def families(table: pd.DataFrame, codes: Iterable[str]) -> list[tuple[str, list[str]]]:
    """Runs of neighbouring `codes` of one family: [(family, codes), …], for bands and headings."""
    runs: list[tuple[str, list[str]]] = []
    for code in codes:
        name = family(table, code)
        if runs and runs[-1][0] == name:
            runs[-1][1].append(code)
        else:
            runs.append((name, [code]))
    return runs
