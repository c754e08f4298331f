"""Every printed average recomputed from its cells; where the paper contradicts itself."""

import pandas as pd
import pytest

from xit.report import consistency, published
from xit.report.published import INCONSISTENT, ROUNDING, TARGET


def test_rounding_allows_what_rounding_can_do_and_no_more() -> None:
    """Cells and average are each off by at most 0.05."""
    assert pytest.approx(0.05 + 0.05) == ROUNDING


def test_every_printed_average_is_recomputed() -> None:
    """As many as the file has: Table 2's Avg, the benchmark rows', Appendix B's avg by metric."""
    rows = published.load()
    averaged = rows["target"].eq("Avg") | (
        rows["table"].str.startswith("Appendix B") & rows["language_or_avg"].eq("avg")
    )
    table = consistency.every_average()
    assert len(table) == averaged.sum() == 20 + 3 + 240
    assert sorted(table["printed"]) == sorted(rows[averaged]["value"])
    assert table.notna().all().all()


def test_all_but_the_named_exception_follow() -> None:
    table = consistency.every_average()
    wrong = table[~table["follows"]]
    assert wrong[["table", "row"]].to_numpy().tolist() == [["Table 2", "none (XLM-R baseline)"]]
    printed, recomputed = INCONSISTENT["none"]
    assert wrong["printed"].tolist() == [printed]
    assert wrong["recomputed"].tolist() == [pytest.approx(recomputed, abs=0.005)]


def test_averages_are_of_the_right_cells() -> None:
    table = consistency.appendix_averages().set_index(["row", "target", "metric"])
    paws = published.per_language("paws_x").query("intermediate == 'qqp' and not mlm")
    cells = paws[paws["language"] != "avg"]["value"]
    row = table.loc["QQP"].loc["paws_x"].loc["acc"]
    assert row["recomputed"] == pytest.approx(sum(cells) / 7) and row["cells"] == 7
    assert table.loc["QQP"].loc["panx"].loc["f1", "table2"] == pytest.approx(62.8 - 45.4)


@pytest.mark.parametrize("target", TARGET.values())
def test_a_wrong_cell_would_be_noticed(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Moving one cell by a misprint's length shows, in every target's tables."""
    rows = published.load()
    printed = {name: told for told, name in TARGET.items()}[target]
    cell = rows.index[
        rows["table"].str.startswith("Appendix B")
        & (rows["target"] == printed)
        & (rows["language_or_avg"] != "avg")
    ][0]
    rows.loc[cell, "value"] += 10
    monkeypatch.setattr(published, "_rows", lambda: rows)
    monkeypatch.setattr(published, "_appendix", published._appendix.__wrapped__)  # not as cached
    assert (~consistency.every_average()["follows"]).sum() == 2


def test_appendix_against_table2() -> None:
    table = consistency.against_table2()
    assert table[["averages", "higher", "same", "lower"]].sum().tolist() == [240, 199, 35, 6]
    ner = table.set_index("target").loc["panx"]
    assert (ner["largest difference"], ner["after"]) == (38.5, "QQP")


def test_table3_is_made_of_the_appendix() -> None:
    """Its English rows are changes between best runs, not medians; two cells are not."""
    table = consistency.table3_against_appendix()
    assert len(table) == 102 and table.notna().all().all()
    wrong = table[table["difference"].abs() > ROUNDING]
    found = wrong[["intermediate", "target", "metric", "language"]].to_numpy().tolist()
    assert found == [["qqp", "tydiqa", "f1", "en"], ["qqp", "tydiqa", "em", "en"]]
    assert wrong["difference"].tolist() == [pytest.approx(-0.2), pytest.approx(-1.1)]


def test_slips_are_named() -> None:
    table = consistency.slips()
    assert len(table) == 6
    text = "\n".join(" | ".join(row) for row in table.to_numpy().tolist())
    assert "67.2 | 65.93 from its 9 cells" in text
    assert "199 of 240 higher in the appendix" in text
    assert "+0.3, over MNLI | +0.5, over SQuAD v2.0" in text
    assert "37 | 36 in Appendix B" in text
    assert "QQP → TyDiQA-GoldP, EM, en | -5.0 | -3.9 from Appendix B" in text


def test_translated() -> None:
    table = published.translated()
    assert len(table) == 208
    assert set(table["data"]) == {"", "en", "de", "ru", "sw"}
    one = table.query("intermediate == 'hellaswag' and data == 'ru' and target == 'bucc'")
    assert one[["language", "value"]].to_numpy().tolist() == [["ru", -71.6]]
    assert pd.notna(table["intermediate"]).all()
