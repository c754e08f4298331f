"""What is known about the languages, and the order in which tables and figures show them.

    table(study.hub, study.source)      # a row a language, distances from the source beside it

Reads `typology/` of a hub directory: `languages.csv` and, where there is one, a table of distances
from the source language, real (`distances_from_english.csv`, URIEL) or of the lab
(`distances_from_source.csv`). The Hub itself has none: then it is the shipped table of XTREME-R's
50 languages (`uriel/`, made by xit/report/uriel.py). Same columns, so the rest of the project need
not know which.
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pandas as pd

from xit.data import hub
from xit.errors import XitError, checked_name, unknown
from xit.settings import DISTANCES

ENGLISH = "distances_from_english.csv"
FILES = ("distances_from_source.csv", ENGLISH)
SHIPPED = Path(__file__).parent / "uriel"
REQUIRED = ("iso639_1", "iso639_3", "name", "family", "script")
SCRIPT, OVERLAP = "other-script", "sub-words"  # of DISTANCES, those that are made here
UNKNOWN = "unknown"  # the family of a language that the table lacks


def table(where: str, source: str) -> pd.DataFrame:
    """The languages of hub `where`, as `languages`, with distances from `source`.

    From its own `typology/` where it has one, else the shipped table; that gives the distances,
    too, where the hub's own are from English and `source` is not. Beside them SCRIPT: 1
    where the script is another than that of `source`, else 0.
    """
    place = hub.root(where)
    if not place or not (Path(place) / "typology").is_dir():
        told = shipped(source)
    else:
        told = languages(Path(place), source)
        if not measures(told):
            told = told.join(shipped(source)[measures(shipped(source))])
    if source in told.index:
        told[SCRIPT] = (told["script"] != told.loc[source, "script"]).astype(float)
    return told


def shipped(source: str) -> pd.DataFrame:
    """As `languages`: the 50 languages of XTREME-R; distances from en, zh and ar, else none."""
    return _shipped(source).copy()


@cache
def _shipped(source: str) -> pd.DataFrame:
    table = _read(SHIPPED / "languages.csv", REQUIRED)
    far = _read(SHIPPED / "distances.csv", ("source", "iso639_3"))
    far = far[far["source"] == source].drop(columns="source")
    return _joined(table, far) if len(far) else _joined(table, None)


def languages(hub_root: Path, source: str | None = None) -> pd.DataFrame:
    """One row per language, indexed by `language` (two-letter code; three-letter if it has none).

    All columns of `languages.csv`, then the distances (0 = as the source language, mostly up to 1;
    kilometres where the column says so), but none from English where `source` is another. Of
    a property and a distance of one name the property. XitError if the table is not there or lacks
    a column.
    """
    folder = Path(hub_root) / "typology"
    table = _read(folder / "languages.csv", REQUIRED)
    for file in FILES:
        if (folder / file).exists() and (file != ENGLISH or source in (None, "en")):
            return _joined(table, _read(folder / file, ("iso639_3",)))
    return _joined(table, None)


def _joined(table: pd.DataFrame, far: pd.DataFrame | None) -> pd.DataFrame:
    if far is not None:
        far = far.drop(columns=[c for c in far if c in table and c != "iso639_3"])
        table = table.merge(far, on="iso639_3", how="left", validate="one_to_one")
    code = table["iso639_1"].where(table["iso639_1"] != "", table["iso639_3"])
    return table.set_index(code.rename("language"))


def measures(table: pd.DataFrame) -> list[str]:
    """The distances that `table` has, of settings.DISTANCES, in their order."""
    return [name for name in DISTANCES if name in table]


def _read(file: Path, required: Iterable[str]) -> pd.DataFrame:
    if not file.exists():
        raise XitError(f"{file}: not there; a hub directory holds typology/{file.name}")
    table = pd.read_csv(file, keep_default_na=False, na_values={"latitude": "", "longitude": ""})
    for column in required:
        if column not in table:
            raise XitError(
                f"{file}: column {column!r} is missing; it has {', '.join(map(str, table))}"
            )
        for value in table[column].unique():
            checked_name(str(value), f"{file}: {column}")
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


def family_of(table: pd.DataFrame) -> dict[str, str]:
    """Language → family, of all in `table`."""
    return {str(code): str(name) for code, name in table["family"].items()}


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
