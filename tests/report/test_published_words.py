"""The paper's main table in words, and what the book says of it without a number beside it."""

import pytest

from xit.report import published
from xit.report import published_words as words


def test_table_2_in_words() -> None:
    """Ten rows: 20 changes in retrieval, 70 elsewhere; multi-task +8.7, SQuAD v2.0 +8.2."""
    text = words.table2()
    assert "of 20 changes in retrieval (BUCC, Tatoeba) 20 are gains, by +11.7 to +49.9" in text
    assert "Of the other 70 changes 21 are gains" in text
    assert "Multi-task (+8.7 points on average) and SQuAD v2.0 (+8.2 points" in text


def test_what_the_caption_of_the_published_figure_says() -> None:
    """Retrieval gains after every task; most other changes are small; the largest loss."""
    every = published.table2().query("not mlm and intermediate != 'none'")
    main = every[(every["metric"] == "qa") | ~every["target"].isin(published.QA)]
    rest = main[~main["target"].isin(words.RETRIEVAL)]
    assert (main.loc[main["target"].isin(words.RETRIEVAL), "change"] > 10).all()
    assert rest["change"].abs().median() < 2
    worst = main.sort_values("change").iloc[0]
    assert (worst["intermediate"], worst["target"]) == ("qqp", "panx")


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (["not comparable", "no interval"], "None of the 2 verdicts of study `lab` is a test"),
        (["reproduced", "not comparable"], "1 of the 2 verdicts are tests. 0 of them are"),
        (["not reproduced", "same direction"], "2 of the 2 verdicts are tests. 1 of them are"),
    ],
)
def test_which_verdicts_could_refute(told: list[str], said: str) -> None:
    assert words.refuting(told, "lab").startswith(said)
