"""The paper beside a study: printed tables whole and in order, differences by hand."""

import dataclasses

import pandas as pd
import pytest

from xit import study as studies
from xit.errors import XitError
from xit.report import comparison, published
from xit.report.results import COLUMNS
from xit.study import Study


@pytest.fixture(scope="module")
def lab() -> Study:
    return studies.load("lab", "lab")


def scores(*rows: tuple[str, str, str, int, float]) -> pd.DataFrame:
    """Rows (intermediate, target, language, seed, value)."""
    return pd.DataFrame(
        [("lab", i, t, code, s, "test", "acc", v) for i, t, code, s, v in rows], columns=COLUMNS
    )


MAIN = scores(
    ("none", "xnli", "qaa", 1, 80), ("none", "xnli", "qab", 1, 60),
    ("none", "xnli", "qaa", 2, 70), ("none", "xnli", "qab", 2, 50),
    ("none", "xnli", "qaa", 3, 90), ("none", "xnli", "qab", 3, 88),
    ("mnli", "xnli", "qaa", 1, 70), ("mnli", "xnli", "qab", 1, 60),
    ("mnli", "xnli", "qaa", 2, 70), ("mnli", "xnli", "qab", 2, 40),
    ("mnli", "xnli", "qaa", 3, 80), ("mnli", "xnli", "qab", 3, 80),
    ("none", "uner", "de", 1, 10), ("mnli", "uner", "de", 1, 20),
)  # fmt: skip


def test_collapsed_runs_are_counted_on_both_sides(lab: Study) -> None:
    """Of a change either run may have collapsed: with the intermediate task or without it."""
    fallen = (MAIN["target"] == "xnli") & (MAIN["seed"] == 3)
    table = comparison.beside(MAIN.assign(collapsed=fallen | (MAIN["intermediate"] == "mnli")))
    assert table.set_index("intermediate")["collapsed"].to_dict() == {"none": 1, "mnli": 3 + 1}
    shown = comparison.beside_table(table, lab)
    assert shown.iloc[:, -1].tolist() == [1, 4] and "collapsed" in str(shown.columns[-1])
    assert comparison.own_heat(table)["collapsed"].tolist() == [4]
    assert "collapsed" not in comparison.beside(MAIN)


# -- the paper alone --


def test_table2_stands_as_printed() -> None:
    table = comparison.as_printed()
    assert table.shape == (20, 1 + 6 + 2 * 3 + 1)
    assert list(table.columns[:6]) == ["intermediate", "XNLI", "PAWS-X", "POS", "NER", "XQuAD F1"]
    assert table.iloc[0].tolist()[:3] == ["none (XLM-R baseline)", "80.1", "86.5"]
    rows = table.set_index("intermediate")
    assert rows.loc["ANLI+", "PAWS-X"] == "-0.0"  # with its sign
    assert rows.loc["SQuAD v1.1", "TyDiQA-GoldP F1"] == "+9.7"
    assert rows.loc["SQuAD v1.1", "TyDiQA-GoldP EM"] == "+10.8"
    assert rows["Avg"].tolist()[:3] == ["67.2", "+6.6", "+7.5"]
    assert rows.loc["ANLI+ + multilingual MLM", "Avg"] == "+7.1"


def test_every_row_of_table2_has_its_own_cells() -> None:
    """Each printed number, looked up in the file."""
    table = comparison.as_printed().set_index("intermediate")
    rows = published.load()
    rows = rows[rows["table"].str.startswith("Table 2 (median")]
    assert len(rows) == table.size
    for row in rows.to_dict("records"):
        metric = row["metric"].removeprefix("delta ")
        qa = published.TARGET.get(row["target"]) in published.QA
        shown = table.loc[row["intermediate"], f"{row['target']} {metric}" if qa else row["target"]]
        assert float(str(shown)) == row["value"]


def test_absolute_scores() -> None:
    rows = comparison.absolute().set_index("intermediate")
    assert rows.loc["HellaSwag", "Tatoeba"] == pytest.approx(31.0 + 47.6)
    assert rows.loc["none (XLM-R baseline)", "mean of cells"] == pytest.approx(65.93, abs=0.005)
    assert rows.loc["CCG + multilingual MLM", "mean of cells"] == pytest.approx(
        65.93 + 3.25, abs=0.01
    )


def test_appendix_has_every_cell() -> None:
    every = comparison.appendices()
    assert len(every) == 9 and "NER (40 languages)" in every
    cells = sum(x.shape[0] * (x.shape[1] - 2) for x in every.values())
    assert cells == published.load()["table"].str.startswith("Appendix B").sum()
    assert all(x.notna().all().all() for x in every.values())


def test_appendix_keeps_both_metrics_of_a_row_together() -> None:
    table = comparison.appendix("xquad")
    assert table["metric"].tolist()[:4] == ["F1", "EM", "F1", "EM"]
    assert table["intermediate"].tolist()[1:3] == ["none (XLM-R baseline)", "ANLI+"]
    assert (table.loc[1, "en"], table.loc[1, "avg"]) == (74.2, 60.0)
    printed = published.per_language("xquad").query(
        "intermediate == 'ccg' and mlm and metric == 'em' and language == 'zh'"
    )
    row = table[(table["intermediate"] == "CCG + multilingual MLM") & (table["metric"] == "EM")]
    assert row["zh"].tolist() == printed["value"].tolist()


def test_the_other_tables_are_whole() -> None:
    rows = published.load()
    for name, told in comparison.OTHER.items():
        table = comparison.other_tables()[told]
        numbers = table.drop(columns=["language", "intermediate"], errors="ignore")
        assert (numbers != "–").sum().sum() == rows["table"].str.startswith(name).sum(), name


def test_heat_is_in_the_papers_order() -> None:
    table = comparison.heat()
    assert list(table["target"].unique()) == list(published.TARGET)
    assert len(table) == 19 * 9
    assert table["intermediate"].iloc[0] == "ANLI+"
    assert "CCG + MLM" in set(table["intermediate"])


# -- the paper and a study --


def test_seeds_are_combined_as_in_the_paper() -> None:
    """Mean over languages (70, 60, 89 and 65, 55, 80), then the median over seeds."""
    table = comparison.combined(MAIN, "median").set_index(["intermediate", "target"])
    assert table.loc[("none", "xnli"), "score"] == 70
    assert table.loc[("mnli", "xnli"), "score"] == 65
    assert table.loc[("mnli", "xnli"), "seeds"] == 3
    mean = comparison.combined(MAIN, "mean").set_index(["intermediate", "target"])
    assert mean.loc[("none", "xnli"), "score"] == pytest.approx(73)
    with pytest.raises(XitError, match="did you mean 'median'"):
        comparison.combined(MAIN, "medan")


def test_beside_by_hand() -> None:
    table = comparison.beside(MAIN)
    assert table[["intermediate", "target"]].to_numpy().tolist() == [
        ["none", "xnli"], ["mnli", "xnli"],  # the paper has no Universal NER
    ]  # fmt: skip
    none, mnli = table.to_dict("records")
    assert none["difference"] == pytest.approx(70 - 80.1) and pd.isna(none["study_change"])
    assert mnli["paper"] == pytest.approx(80.1 - 1.2) and mnli["study"] == 65
    assert (mnli["paper_change"], mnli["study_change"]) == (-1.2, -5)
    assert mnli["difference_change"] == pytest.approx(-3.8)


def test_beside_for_readers(lab: Study) -> None:
    table = comparison.beside_table(comparison.beside(MAIN), lab)
    assert list(table.columns)[2:5] == [
        "paper: change", "study lab: change", "difference of changes",
    ]  # fmt: skip
    assert table.iloc[1].tolist()[:5] == ["MNLI", "XNLI", "-1.2", "-5.0", "-3.8"]
    assert table.iloc[0].tolist()[:5] == ["none (XLM-R baseline)", "XNLI", "–", "–", "–"]
    own = comparison.own_heat(comparison.beside(MAIN))
    assert own[["intermediate", "target", "change"]].to_numpy().tolist() == [["MNLI", "XNLI", -5]]


# -- in words --


def test_a_lab_is_no_replication(lab: Study) -> None:
    text = comparison.whose(lab)
    assert "**Lab**" in text and "no evidence about natural languages" in text
    assert "languages and data are invented" in text and "not XLM-R large" in text
    assert "no test of whether the paper replicates" in text


def test_mini_is_no_replication() -> None:
    text = comparison.whose(studies.load("mini", "anywhere"))
    assert "languages are not the paper's in XQuAD" in text
    assert "trained from nothing" in text and "2 seeds, not three" in text
    assert "no test of whether the paper replicates" in text


def test_the_published_study_itself_is_one(lab: Study) -> None:
    same = dataclasses.replace(
        lab, hub="", model="FacebookAI/xlm-roberta-large", source="en", split="validation",
        targets=("xnli", "xquad", "tatoeba"), languages={},
    )  # fmt: skip
    assert comparison.not_comparable(same) == []
    assert "no test" not in comparison.whose(same)
    assert "takes the median" in comparison.whose(same, "mean")


def test_reading(lab: Study) -> None:
    text = comparison.reading(comparison.beside(MAIN), lab)
    assert "1 combinations are in both; in 1 the two changes have the same sign" in text
    assert "would agree in 1." in text  # both lose in their one combination
    assert "MNLI → XNLI: -1.2 in the paper, -5.0" in text
    with_uner = dataclasses.replace(lab, targets=("xnli", "uner"))
    assert "Not in the paper: NER (Universal NER)." in comparison.reading(
        comparison.beside(MAIN), with_uner
    )
    alone = comparison.beside(MAIN[MAIN["intermediate"] == "none"])
    assert "nothing" not in comparison.reading(alone, lab)
    assert "no intermediate task and target in common" in comparison.reading(alone, lab)


def test_what_does_not_follow_is_said() -> None:
    text = comparison.averages_in_words()
    assert "Of 263 printed averages 262 follow" in text
    assert "prints 67.2" in text and "65.93" in text and "+1.27" in text
    told = comparison.appendix_in_words()
    assert "**199 are higher in Appendix B**" in told and "35 are the same and 6 lower" in told
    assert "NER after QQP" in told and "12 of 12" in told


# -- is the paper reproduced? --


def test_verdicts_by_the_rule(lab: Study) -> None:
    """A study with the paper's model and languages, whose seeds lie around the paper's −1.2."""
    paper = dataclasses.replace(
        studies.load("paper", ""), split="validation", targets=("xnli",), num_seeds=3
    )
    codes = sorted(set(published.per_language("xnli")["language"]) - {"avg"})
    rows = [
        (after, "xnli", code, seed, 80.0 + change[seed - 1])
        for after, change in (("none", (0, 0, 0)), ("mnli", (-1.1, -1.2, -1.0)),
                              ("qqp", (-9.0, -9.1, -9.2)), ("hellaswag", (3.0, 3.1, 3.2)))
        for code in codes
        for seed in (1, 2, 3)
    ]  # fmt: skip
    assert comparison.not_comparable(paper) == []
    told = comparison.verdicts(scores(*rows), paper).set_index("intermediate")["verdict"]
    # the paper: MNLI −1.2, QQP −4.4, HellaSwag −7.1
    assert told.to_dict() == {
        "MNLI": "reproduced", "QQP": "same direction", "HellaSwag": "not reproduced",
    }  # fmt: skip
    other = comparison.verdicts(scores(*rows), lab)
    assert set(other["verdict"]) == {"not comparable"}
    assert "3 *not comparable*, as its languages and data are invented" in (
        comparison.verdicts_in_words(other, lab)
    )


def test_the_published_changes_by_language_have_no_interval() -> None:
    from xit.report import effects

    cells = comparison.printed_cells()
    mnli = cells["mnli", "xnli"]
    assert mnli.values.shape == (1, 14) and "en" not in mnli.languages
    table = published.per_language("xnli").query("not mlm and language == 'sw'")
    by = table.set_index("intermediate")["value"]
    assert mnli.values[0, mnli.languages.index("sw")] == pytest.approx(by["mnli"] - by["none"])
    found = effects.of(cells)
    assert not found["these"].map(lambda x: x.there).any()
    tau = effects.agreement(found)
    assert tau.to_dict()["mlqa"]["tydiqa"] == pytest.approx(0.78, abs=0.005)
