"""The shipped table of languages, and how it is made from lang2vec's files."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.shared import SHARED
from xit import tasks
from xit.errors import XitError
from xit.report import typology, uriel
from xit.report.uriel import Array, cosine

GRID = [(a, b) for a in (-75, -45, -15, 15, 45, 75) for b in range(-180, 180, 45)]


def array(values: dict[str, list[float]], features: list[str]) -> Array:
    data = np.array(list(values.values()), np.float32)[:, :, None]
    return Array(data, list(values), features)


# -- making it --


def test_cosine_by_hand() -> None:
    a, b = np.array([1.0, 1, 0]), np.array([1.0, 0, 0])
    assert cosine(a, b) == pytest.approx(1 - 1 / math.sqrt(2))
    assert cosine(a, a) == pytest.approx(0)
    assert cosine(a, 0 * a) == 1 and cosine(0 * a, 0 * a) == 0


def test_the_family_is_the_largest_group() -> None:
    groups = array(
        {"deu": [1, 1, 0], "eng": [1, 1, 0], "rus": [1, 0, 0], "jpn": [0, 0, 1], "eus": [0, 0, 0]},
        ["F_Indo-European", "F_Germanic", "F_Japonic"],
    )
    assert [uriel.family(groups, c) for c in ("deu", "rus", "jpn", "eus")] == [
        "Indo-European", "Indo-European", "Japonic", "",
    ]  # fmt: skip
    with pytest.raises(XitError, match="no language 'xyz'"):
        uriel.family(groups, "xyz")


@given(st.floats(-80, 80), st.floats(-179, 179))
def test_a_place_is_found_from_its_distances(latitude: float, longitude: float) -> None:
    own = uriel.unit(np.array(latitude), np.array(longitude))
    points = uriel.unit(*np.array(GRID, float).T)
    far = np.arccos(np.clip(points @ own, -1, 1)) / np.pi
    told = array({"xyz": list(far)}, [f"GC_{a}_{b}" for a, b in GRID])
    assert uriel.place(told, "xyz") == pytest.approx(own, abs=1e-4)


def test_great_circles() -> None:
    """From the pole to the equator a quarter of the way round: half of the half."""
    a, b = uriel.unit(np.array(90.0), np.array(0.0)), uriel.unit(np.array(0.0), np.array(77.0))
    assert uriel._apart(a, b) == pytest.approx(0.5)
    assert uriel._apart(a, -a) == pytest.approx(1)
    assert uriel._apart(a, a) == 0


def test_a_whole_table_from_small_files(tmp_path: Path) -> None:
    codes = [line.split()[1] for line in uriel.LANGUAGES.split("\n") if line]
    rng = np.random.default_rng(0)

    def save(name: str, feats: list[str], data: np.ndarray) -> None:
        np.savez(tmp_path / f"{name}.npz", feats=feats, langs=[*codes, "est"], data=data)

    names = ["S_SVO", "S_SOV", "P_TONE", "INV_A"]
    many = len(codes) + 1
    save("feature_predictions", names, rng.integers(0, 2, (many, 4, 1)).astype(np.float32))
    known = np.full((many, 4, 2), -1, np.float32)
    known[:, 0, 1] = 1
    save("features", names, known)
    save("family_features", ["F_One"], np.ones((many, 1, 1), np.float32))
    grid = [f"GC_{a}_{b}" for a, b in GRID]
    save("geocoord_features", grid, rng.random((many, len(grid), 1)).astype(np.float32))
    languages, distances = uriel.tables(tmp_path)
    assert len(languages) == 50 and set(languages["family"]) == {"One"}
    assert languages["known_syntax"].unique().tolist() == [1]
    assert languages["known_inventory"].unique().tolist() == [0]
    assert len(distances) == 150
    assert (distances["genetic"] == 0).all()
    own = distances[distances["source"] == distances["iso639_1"]]
    assert (own[list(uriel.PARTS)] == 0).all(axis=None)
    with pytest.raises(XitError, match="not there"):
        uriel.tables(tmp_path / "nowhere")


def test_without_lang2vec_one_line_says_so() -> None:
    if uriel.importlib.util.find_spec("lang2vec") is None:
        with pytest.raises(XitError, match=r"lang2vec 1\.1\.2 is not to be found"):
            uriel.main()


# -- the shipped table --


@pytest.fixture(scope="module")
def shipped() -> pd.DataFrame:
    return typology.shipped("en")


def test_fifty_languages_with_everything(shipped: pd.DataFrame) -> None:
    assert len(shipped) == 50
    assert set(tasks.LANGUAGES) <= set(shipped.index)
    assert shipped["family"].nunique() == 15
    assert shipped["family"]["eu"] == "Basque (isolate)"
    measures = ["syntactic", "phonological", "inventory", "featural", "geographic", "genetic"]
    assert not shipped[measures].isna().any(axis=None)
    assert shipped[measures].to_numpy().min() >= 0 and shipped[measures].to_numpy().max() <= 1
    assert (shipped.loc["en", measures] == 0).all()
    germanic = shipped[shipped["genus"] == "Germanic"].index
    assert set(germanic) == {"af", "de", "en", "nl"}
    assert (shipped.loc[germanic, "genetic"] < 0.6).all()
    assert (shipped.loc[shipped["family"] != "Indo-European", "genetic"] == 1).all()


@pytest.mark.parametrize("source", ["zh", "ar"])
def test_distances_are_the_same_both_ways(shipped: pd.DataFrame, source: str) -> None:
    other = typology.shipped(source)
    for name in typology.measures(shipped):
        assert other[name]["en"] == shipped[name][source]
        assert other[name][source] == 0


@pytest.mark.skipif(
    not (SHARED / "facts" / "uriel_distances.csv").is_file(), reason="needs XIT_SHARED"
)
def test_the_same_as_derived_before() -> None:
    """The same distances, derived from the same package by other code; and Glottolog's families."""
    mine = pd.read_csv(uriel.FOLDER / "distances.csv")
    theirs = pd.read_csv(SHARED / "facts" / "uriel_distances.csv")
    both = mine.merge(
        theirs, left_on=["source", "iso639_1"], right_on=["source_lang", "target_lang"]
    )
    assert len(both) == 150
    of = {"syntactic": "syntax_knn", "inventory": "inventory_knn", "phonological": "phonology_knn"}
    for name, short in (of | {"genetic": "fam"}).items():
        column = f"l2v_{short}_cos"
        known = both.dropna(subset=[column])
        assert (known[name] - known[column]).abs().max() <= 1e-4
    assert both["geographic"].corr(both["urielplus_geographic"], method="spearman") > 0.999
    table = typology.shipped("en")
    hub = pd.read_csv(SHARED / "hub/typology/languages.csv", keep_default_na=False)
    hub = hub.set_index("iso639_1")
    for column in ("family", "genus", "script"):
        assert (table[column] == hub[column].reindex(table.index)).all(), column
