"""One target, one language: cells, rows and words from what the page of results keeps."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from tests.toys import project, toy
from xit import paths
from xit.report import close_up, close_up_words, effects, published, results
from xit.study import Study

FAMILIES = {"de": "g", "ru": "s"}


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Study]:
    project(tmp_path, monkeypatch)
    yield toy()
    paths.project.cache_clear()


def the(frame: pd.DataFrame, **key: str) -> dict:
    """The one row of `frame` with these values."""
    [found] = [r for r in frame.to_dict("records") if key.items() <= r.items()]
    return dict(found)


def scores() -> pd.DataFrame:
    """Two seeds of one target in the source and two other languages."""
    values = {"none": {"en": 80.0, "de": 60.0, "ru": 40.0},
              "mnli": {"en": 81.0, "de": 64.0, "ru": 38.0},
              "squad_v1": {"en": 79.0, "de": 50.0, "ru": 30.0}}  # fmt: skip
    rows = [
        ("toy", after, "udpos", code, seed, "test", "f1", value + seed * (after == "mnli"), False)
        for after, by_code in values.items()
        for code, value in by_code.items()
        for seed in (0, 1)
    ]
    return pd.DataFrame(rows, columns=[*results.COLUMNS, "collapsed"])


@pytest.fixture
def change() -> pd.DataFrame:
    return results.change(scores())


@pytest.fixture
def found(change: pd.DataFrame) -> pd.DataFrame:
    others = change[change["language"] != "en"]
    return effects.flat(effects.of(effects.grids(others, FAMILIES), others))


def test_kept_effects_are_plain_numbers(found: pd.DataFrame, tmp_path: Path) -> None:
    found.to_parquet(tmp_path / "x.parquet")
    row = pd.read_parquet(tmp_path / "x.parquet").iloc[0]
    assert row["mean"] == pytest.approx(1.5)  # de +4 and +5, ru -2 and -1
    assert row["low"] < 1.5 < row["high"] and row["far_low"] < row["low"]
    assert "these" not in found and "seeds_only" not in found


def test_changes_by_language_by_hand(change: pd.DataFrame) -> None:
    told = effects.by_language(change)
    one = the(told, intermediate="mnli", language="de")
    assert (one["baseline"], one["value"], one["change"]) == (60.0, 64.5, 4.5)
    assert one["low"] == pytest.approx(4.5 - 12.706 * 0.5, abs=0.01)  # t with one degree of freedom
    assert one["seeds"] == 2 and not one["collapsed"]
    assert (
        the(told, intermediate="mnli", language="en")["change"] == 1.5
    )  # the source language, too
    alone = effects.by_language(change[change["seed"] == 0])
    assert alone["low"].isna().all()


def test_a_collapsed_run_is_carried_on(change: pd.DataFrame) -> None:
    told = effects.by_language(change.assign(collapsed=change["intermediate"] == "mnli"))
    assert told.groupby("intermediate")["collapsed"].all().to_dict() == {
        "mnli": True, "squad_v1": False
    }  # fmt: skip
    cells = close_up.language_cells(told, {"de": "German (de)"}, "language", "intermediate")
    assert set(cells.loc[cells["column"] == "mnli", "mark"]) == {"†"}
    assert "in German (de): 60.0 → 64.5, +4.5 points" in cells.loc[cells["row"] == "de", "told"][0]


def test_cells_tell_both_intervals(found: pd.DataFrame) -> None:
    cells = close_up.overall_cells(found, "study toy")
    told = cells.loc[cells["row"] == "mnli", "told"].iloc[0]
    assert told.startswith("MNLI → POS, study toy: +1.5 points; these languages -")
    assert "new languages" in told and "(2 seeds, 2 languages)" in told


def test_published_cells_are_the_papers() -> None:
    cells = close_up.published_cells()
    assert len(cells) == 10 * 9
    assert the(cells, row="squad_v1", column="tydiqa")["change"] == pytest.approx(10.25)
    qqp = the(cells, row="qqp", column="panx")
    assert qqp["mark"] == "†" and "no interval printed" in qqp["told"]


def test_published_languages_come_with_their_families() -> None:
    dots = close_up.printed_dots("xnli")
    assert next(iter(dots["key"])) == "en" and len(dots) == 15
    assert dots["band"].iloc[:2].tolist() == ["Indo-European"] * 2
    assert dots["name"].iloc[0] == "English (en)"
    assert close_up.printed_dots("xcopa").empty
    cells = close_up.printed_cells("language", "intermediate", target="xnli")
    assert set(cells["row"]) == set(dots["key"])
    assert close_up.printed_cells("intermediate", "target", language="qaa").empty


def test_changes_of_the_appendix_are_within_it() -> None:
    table = published.changes_by_language()
    both = published.per_language("xnli").query("language == 'de' and not mlm")
    by_task = both.set_index("intermediate")["value"]
    row = table.query("intermediate == 'mnli' and target == 'xnli' and language == 'de'").iloc[0]
    assert row["change"] == pytest.approx(by_task["mnli"] - by_task["none"])


def test_dots_follow_the_order_of_the_study(found: pd.DataFrame) -> None:
    dots = close_up.change_dots(found, ["squad_v1", "mnli"])
    assert list(dots["name"]) == ["SQuAD v1.1", "MNLI"]
    assert list(dots["value"]) == [-10.0, 1.5]
    own = close_up.score_dots(scores().query("intermediate == 'mnli'"), "language",
                              ["en", "ru", "de"], {})  # fmt: skip
    assert own[["name", "value", "low", "high"]].to_numpy().tolist() == [
        ["en", 81.5, 81.0, 82.0], ["ru", 38.5, 38.0, 39.0], ["de", 64.5, 64.0, 65.0]
    ]  # fmt: skip


def test_languages_are_named_and_ordered_near_to_far(study: Study) -> None:
    names = close_up.language_names(study)
    assert list(names) == list(close_up.families(study, list(names)))
    assert next(iter(names)) == "en"
    assert close_up.families(study, ["en"])["en"].endswith("(source)")


def test_a_study_says_what_world_it_is_of(study: Study) -> None:
    assert close_up.called(toy()) == "study toy: model"
    assert close_up.called(toy(hub="lab:smoke")) == "study toy: invented languages"
    assert close_up.called(toy(model="pretrain")).endswith(": natural languages, a small model")


def test_what_is_known_of_a_language(study: Study) -> None:
    told = close_up.facts(study, "de").set_index("what")["value"]
    assert told["code"] == "de" and "POS" in told["scored on"]
    assert "XQuAD" not in close_up.facts(study, "xx").set_index("what")["value"]["scored on"]


def test_a_table_of_changes(change: pd.DataFrame) -> None:
    table = close_up.table(effects.by_language(change), {"en": "English", "de": "German"})
    first = table.iloc[0]
    assert (first["language"], first["target"], first["intermediate"]) == ("English", "POS", "MNLI")
    assert first["change"] == "+1.5" and first["95% interval"].startswith("-")


# -- words --


def test_what_a_target_page_says(found: pd.DataFrame, change: pd.DataFrame) -> None:
    languages = effects.by_language(change)
    loose = found.assign(adjusted=0.5)
    text = close_up_words.target_changes(loose, languages, "en", {"de": "German"})
    assert "1 of 2 intermediate tasks raise the mean zero-shot score" in text
    assert "none of the changes is firm" in text
    assert "The most is +1.5 points after MNLI, the least -10.0 after SQuAD v1.1." in text
    assert "-2.8 in German and -5.8 in ru, the two ends; in the source language it is +0.2" in text
    firm = found.assign(adjusted=0.01)
    told = close_up_words.target_changes(firm, languages, "en", {})
    assert "firm after Holm's correction: 1 gains, 1 losses" in told


def test_what_a_baseline_says() -> None:
    baseline = scores().query("intermediate == 'none'")
    text = close_up_words.target_baseline(baseline, "en", {"en": "English"})
    assert text == (
        "English, the source, has 80.0. The 2 others have 50.0 on average, from 40.0 (ru) to "
        "60.0 (de)."
    )


def test_what_a_language_page_says(change: pd.DataFrame, study: Study) -> None:
    baseline = scores().query("intermediate == 'none'")
    languages = effects.by_language(change)
    text = close_up_words.of_language(baseline, languages, study, "de", "German")
    assert "German is scored on 1 of 3 targets." in text
    assert "above the mean of the languages other than the source on 1 of them" in text
    assert "MNLI changes it most upwards (+4.5 points on average), SQuAD v1.1 least (-10.0)" in text
    source = close_up_words.of_language(baseline, languages, study, "en", "English")
    assert "nothing here is zero-shot" in source
    one = effects.by_language(change[change["seed"] == 0])
    told = close_up_words.of_language(baseline, one, study, "de", "German")
    assert told.endswith("One seed: no interval, and no way to tell a change from chance.")
