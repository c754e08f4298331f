"""Languages in order of family and distance, never of the alphabet."""

from pathlib import Path

import pandas as pd
import pytest

from tests.shared import SHARED
from xit.errors import XitError
from xit.lab import languages as lab
from xit.report.typology import SCRIPT, families, family, languages, measures, order, shipped, table

TABLE = """iso639_1,iso639_3,name,family,script
aa,aaa,Far cousin,Home,Latn
bb,bbb,Distant,North,Cyrl
cc,ccc,Source,Home,Latn
dd,ddd,Near stranger,South,Latn
ee,eee,Stranger,South,Grek
,fff,No short code,North,Cyrl
"""
DISTANCES = """iso639_1,iso639_3,syntactic,genetic
aa,aaa,0.9,0.5
bb,bbb,0.6,1
cc,ccc,0,0
dd,ddd,0.1,1
ee,eee,0.7,1
,fff,0.5,1
"""


def hub(root: Path, distances: str | None = "distances_from_source.csv") -> Path:
    (root / "typology").mkdir()
    (root / "typology" / "languages.csv").write_text(TABLE)
    if distances:
        (root / "typology" / distances).write_text(DISTANCES)
    return root


@pytest.mark.parametrize("name", ["distances_from_source.csv", "distances_from_english.csv"])
def test_languages(tmp_path: Path, name: str) -> None:
    table = languages(hub(tmp_path, name))
    assert table.index.tolist() == ["aa", "bb", "cc", "dd", "ee", "fff"]
    assert table.loc["bb", "syntactic"] == 0.6
    assert table.loc["fff", "family"] == "North"


def test_order_by_family_then_distance(tmp_path: Path) -> None:
    """South (mean 0.4) before North (0.55); the source's family first, however far its members."""
    table = languages(hub(tmp_path))
    assert order(table, "cc") == ["cc", "aa", "dd", "ee", "fff", "bb"]
    # without dd, South is the farther one
    assert order(table, "cc", ["bb", "ee", "fff", "cc"]) == ["cc", "fff", "bb", "ee"]


def test_languages_that_the_table_lacks_come_last(tmp_path: Path) -> None:
    table = languages(hub(tmp_path))
    assert order(table, "cc", ["zz", "bb", "yy", "cc"]) == ["cc", "bb", "zz", "yy"]
    assert family(table, "zz") == "unknown"
    assert order(table, "zz", ["bb", "zz", "dd"]) == ["zz", "dd", "bb"]


def test_without_distances_the_table_decides(tmp_path: Path) -> None:
    table = languages(hub(tmp_path, None))
    assert order(table, "cc") == ["cc", "aa", "bb", "fff", "dd", "ee"]


def test_a_missing_distance_is_a_far_one(tmp_path: Path) -> None:
    table = languages(hub(tmp_path))
    table.loc["dd", "syntactic"] = float("nan")
    assert order(table, "cc") == ["cc", "aa", "fff", "bb", "ee", "dd"]


def test_families(tmp_path: Path) -> None:
    table = languages(hub(tmp_path))
    runs = families(table, [*order(table, "cc"), "zz"])
    assert [name for name, _ in runs] == ["Home", "South", "North", "unknown"]
    assert runs[1] == ("South", ["dd", "ee"])


def test_errors(tmp_path: Path) -> None:
    with pytest.raises(XitError, match=r"languages\.csv: not there"):
        languages(tmp_path)
    table = languages(hub(tmp_path))
    with pytest.raises(XitError, match="unknown distance 'sintactic': did you mean 'syntactic'"):
        order(table, "cc", distance="sintactic")
    (tmp_path / "typology" / "languages.csv").write_text("iso639_1,iso639_3,name\naa,aaa,A\n")
    with pytest.raises(XitError, match="column 'family' is missing"):
        languages(tmp_path)


# -- where the table comes from --


def test_the_hub_itself_has_the_shipped_table() -> None:
    told = table("", "en")
    assert len(told) == 50
    assert order(told, "en", ["ja", "zh", "de", "en", "nl", "fr"]) == [
        "en", "nl", "de", "fr", "zh", "ja",
    ]  # fmt: skip
    assert told.loc["ru", SCRIPT] == 1 and told.loc["de", SCRIPT] == 0
    assert measures(table("", "sw")) == [SCRIPT]  # no distances from Swahili are shipped
    assert order(table("", "sw"), "sw", ["yo", "en", "sw"])[0] == "sw"


def test_a_hub_s_own_table_comes_first(tmp_path: Path) -> None:
    told = table(str(hub(tmp_path)), "cc")
    assert told.index.tolist() == ["aa", "bb", "cc", "dd", "ee", "fff"]
    assert told[SCRIPT].tolist() == [0, 1, 0, 0, 1, 1]
    assert measures(told) == ["syntactic", "genetic", SCRIPT]


def test_distances_from_english_are_no_distances_from_chinese(tmp_path: Path) -> None:
    place = hub(tmp_path, "distances_from_english.csv")
    text = (place / "typology" / "languages.csv").read_text()
    text = text.replace("aa,aaa,", "zh,aaa,").replace("bb,bbb", "en,bbb")
    (place / "typology" / "languages.csv").write_text(text)
    told = table(str(place), "zh")
    assert told["syntactic"]["en"] == shipped("zh")["syntactic"]["en"]
    assert table(str(place), "en").loc["zh", "syntactic"] == 0.9


def test_a_property_is_not_lost_to_a_distance_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "typology").mkdir()
    lab.typology().to_csv(tmp_path / "typology" / "languages.csv", index=False)
    lab.distances().to_csv(tmp_path / "typology" / "distances_from_source.csv", index=False)
    told = table(str(tmp_path), "qaa")
    assert told.loc["qae", "script"] == "Cyrl" and told.loc["qae", SCRIPT] == 1
    assert measures(told) == ["syntactic", "lexical", "genetic", SCRIPT]


def test_the_lab_s_table_has_the_same_shape() -> None:
    far = lab.distances().drop(columns="iso639_1")
    table = lab.typology().merge(far, on="iso639_3").set_index("iso639_1")
    shown = order(table, lab.SOURCE)
    assert shown[0] == lab.SOURCE
    assert sorted(shown) == sorted(lab.LANGUAGES)
    assert len(families(table, shown)) == table["family"].nunique()


@pytest.mark.skipif(
    not (SHARED / "hub" / "typology").is_dir(), reason="needs the real typology table (XIT_SHARED)"
)
def test_the_real_table() -> None:
    table = languages(SHARED / "hub")
    assert len(table) == 50
    assert isinstance(table["syntactic"], pd.Series)
    shown = order(table, "en", ["ja", "zh", "de", "en", "nl", "fr"])
    assert shown == ["en", "nl", "de", "fr", "zh", "ja"]


@pytest.mark.parametrize(
    "name", ["<b>x</b>", "a\u202eb", "[x](y)", "a$b$", "../x", "a\x07", "*x*", "x" * 101]
)
@pytest.mark.parametrize("column", ["name", "family"])
def test_names_that_would_be_more_than_words_are_refused(
    tmp_path: Path, column: str, name: str
) -> None:
    place = hub(tmp_path) / "typology" / "languages.csv"
    table_ = pd.read_csv(place, keep_default_na=False)
    table_.loc[1, column] = name
    table_.to_csv(place, index=False)
    with pytest.raises(XitError, match=rf"languages\.csv: {column} .*expected a name"):
        languages(tmp_path)
    table_.loc[1, column] = "Norwegian Bokmål (N'Ko, !Xóõ; 中文)"
    table_.to_csv(place, index=False)
    assert languages(tmp_path).loc["bb", column] == "Norwegian Bokmål (N'Ko, !Xóõ; 中文)"
