"""Make the shipped table of languages, `uriel/`, from URIEL as lang2vec carries it, offline.

    pip install --no-deps --target local/lang2vec lang2vec==1.1.2
    PYTHONPATH=local/lang2vec python -m xit.report.uriel

URIEL (Littell et al. 2017) is CC BY-SA 4.0, so what is written here is, too: see uriel/README.md.
lang2vec is no dependency of xit: it is only read here, as files, and not imported.
"""

import importlib.metadata
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xit.errors import XitError

VERSION = "1.1.2"  # of lang2vec, whose files the shipped table was made from
FOLDER = Path(__file__).parent / "uriel"
SOURCES = ("en", "zh", "ar")  # languages of intermediate data that distances are told from
PARTS = {"syntactic": "S_", "phonological": "P_", "inventory": "INV_", "featural": ""}
# The 50 languages of XTREME-R (Ruder et al. 2021): code, ISO 639-3 code of the individual language
# and of its vectors in URIEL, name, genus (WALS), script of the benchmark's data (ISO 15924).
LANGUAGES = """
af afr Afrikaans Germanic Latn
ar arb Arabic Semitic Arab
az azj Azerbaijani Turkic Latn
bg bul Bulgarian Slavic Cyrl
bn ben Bengali Indic Beng
de deu German Germanic Latn
el ell Greek Greek Grek
en eng English Germanic Latn
es spa Spanish Romance Latn
et ekk Estonian Finnic Latn
eu eus Basque Basque Latn
fa pes Persian Iranian Arab
fi fin Finnish Finnic Latn
fr fra French Romance Latn
gu guj Gujarati Indic Gujr
he heb Hebrew Semitic Hebr
hi hin Hindi Indic Deva
ht hat Haitian_Creole Creoles_and_Pidgins Latn
hu hun Hungarian Ugric Latn
id ind Indonesian Malayo-Sumbawan Latn
it ita Italian Romance Latn
ja jpn Japanese Japanese Jpan
jv jav Javanese Javanese Latn
ka kat Georgian Kartvelian Geor
kk kaz Kazakh Turkic Cyrl
ko kor Korean Korean Kore
lt lit Lithuanian Baltic Latn
ml mal Malayalam Southern_Dravidian Mlym
mr mar Marathi Indic Deva
ms zsm Malay Malayo-Sumbawan Latn
my mya Burmese Burmese-Lolo Mymr
nl nld Dutch Germanic Latn
pa pan Punjabi Indic Guru
pl pol Polish Slavic Latn
pt por Portuguese Romance Latn
qu quy Quechua Quechuan Latn
ro ron Romanian Romance Latn
ru rus Russian Slavic Cyrl
sw swh Swahili Bantoid Latn
ta tam Tamil Southern_Dravidian Taml
te tel Telugu South-Central_Dravidian Telu
th tha Thai Kam-Tai Thai
tl tgl Tagalog Greater_Central_Philippine Latn
tr tur Turkish Turkic Latn
uk ukr Ukrainian Slavic Cyrl
ur urd Urdu Indic Arab
vi vie Vietnamese Viet-Muong Latn
wo wol Wolof Wolof Latn
yo yor Yoruba Defoid Latn
zh cmn Chinese Chinese Hans
"""
GROUPS_OF = {"ekk": "est"}  # whose families URIEL has under the macrolanguage only


class Array(NamedTuple):
    """One of lang2vec's tables."""

    data: NDArray[np.float32]  # (languages, features, sources); -1: not known
    languages: list[str]
    features: list[str]

    def of(self, code: str, prefix: str = "") -> NDArray[np.float64]:
        """The features of a language that begin with `prefix`, of the first source."""
        if code not in self.languages:
            raise XitError(f"lang2vec has no language {code!r}")
        chosen = [i for i, name in enumerate(self.features) if name.startswith(prefix)]
        return self.data[self.languages.index(code), chosen, 0].astype(float)


def read(file: Path) -> Array:
    """A table of lang2vec; XitError where it is not there."""
    if not file.exists():
        raise XitError(f"{file}: not there; see the head of {Path(__file__).name}")
    with np.load(file) as told:
        return Array(told["data"], told["langs"].tolist(), told["feats"].tolist())


def cosine(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """1 - cos of two vectors, 0 where they are the same; 1 where one is nothing but 0."""
    length = float(np.linalg.norm(a) * np.linalg.norm(b))
    alike = float(a @ b) / length if length else float(np.array_equal(a, b))
    return max(0.0, 1 - alike)


def family(groups: Array, code: str) -> str:
    """The family at the top: of the language's groups the one with the most languages; "" if it
    is in none."""
    sizes = (groups.data[:, :, 0] > 0).sum(0)
    own = np.flatnonzero(groups.of(code) > 0)
    return groups.features[own[sizes[own].argmax()]].removeprefix("F_") if len(own) else ""


def place(distances: Array, code: str) -> NDArray[np.float64]:
    """Where a language is, a unit vector, from its distances to the points of a grid.

    URIEL tells them as shares of half the earth's circumference; "GC_<latitude>_<longitude>".
    """
    degrees = [name.split("_")[1:] for name in distances.features]
    grid = unit(*np.array(degrees, float).T)  # (points, 3)
    found, *_ = np.linalg.lstsq(grid, np.cos(np.pi * distances.of(code)), rcond=None)
    return found / np.linalg.norm(found)


def unit(latitude: NDArray[np.float64], longitude: NDArray[np.float64]) -> NDArray[np.float64]:
    """(points, 3): degrees as unit vectors."""
    a, b = np.radians(latitude), np.radians(longitude)
    return np.stack([np.cos(a) * np.cos(b), np.cos(a) * np.sin(b), np.sin(a)], axis=-1)


def tables(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(languages, their distances from SOURCES) from lang2vec's `data` directory."""
    known = read(folder / "features.npz")
    vectors = read(folder / "feature_predictions.npz")
    groups, grid = read(folder / "family_features.npz"), read(folder / "geocoord_features.npz")
    rows = [[x.replace("_", " ") for x in line.split()] for line in LANGUAGES.split("\n") if line]
    codes = {row[0]: row[1] for row in rows}
    where = {code: place(grid, iso) for code, iso in codes.items()}
    languages = []
    for code, iso, name, genus, script in rows:
        top = family(groups, GROUPS_OF.get(iso, iso)) or f"{name} (isolate)"
        x, y, z = where[code]
        at = {"latitude": np.degrees(np.arcsin(z)), "longitude": np.degrees(np.arctan2(y, x))}
        named = {"iso639_1": code, "iso639_3": iso, "name": name, "family": top, "genus": genus}
        told: dict[str, object] = {**named, "script": script}
        told |= {k: round(float(v), 1) for k, v in at.items()}
        languages.append(told | _known(known, iso))
    distances = [
        {"source": source, "iso639_1": code, "iso639_3": codes[code]}
        | _distances(vectors, groups, codes[source], codes[code])
        | {"geographic": round(_apart(where[source], where[code]), 4)}
        for source in SOURCES
        for code in codes
    ]
    return pd.DataFrame(languages), pd.DataFrame(distances)


def _known(features: Array, iso: str) -> dict[str, int]:
    """How many features of each part some source has of a language; the rest is imputed."""
    observed = (features.data[features.languages.index(iso)] >= 0).any(axis=1)
    names = {"known_syntax": "S_", "known_phonology": "P_", "known_inventory": "INV_"}
    return {
        column: sum(
            bool(o) for o, f in zip(observed, features.features, strict=True) if f.startswith(p)
        )
        for column, p in names.items()
    }


def _distances(vectors: Array, groups: Array, a: str, b: str) -> dict[str, float]:
    far = {name: cosine(vectors.of(a, p), vectors.of(b, p)) for name, p in PARTS.items()}
    of = [groups.of(GROUPS_OF.get(x, x)) for x in (a, b)]
    far["genetic"] = 0.0 if a == b else cosine(*of) if any(map(np.any, of)) else 1.0
    return {name: round(value, 4) for name, value in far.items()}


def _apart(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """The great circle between two places as a share of half the earth's circumference."""
    return float(np.arctan2(np.linalg.norm(np.cross(a, b)), a @ b) / np.pi)


def main(arguments: Sequence[str] = ()) -> None:
    """Write both tables into FOLDER, or into the directory named."""
    found = importlib.util.find_spec("lang2vec")
    if found is None or not found.submodule_search_locations:
        raise XitError(f"lang2vec {VERSION} is not to be found; see the head of this file")
    there = importlib.metadata.version("lang2vec")
    if there != VERSION:
        raise XitError(f"lang2vec {there}: the table is made from {VERSION}")
    folder = Path(arguments[0]) if arguments else FOLDER
    made = tables(Path(found.submodule_search_locations[0]) / "data")
    for name, table in zip(("languages", "distances"), made, strict=True):
        table.to_csv(folder / f"{name}.csv", index=False)
        print(f"{folder / name}.csv: {len(table)} rows")


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
