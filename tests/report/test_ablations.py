"""With and without language modelling: hand-made scores, differences by hand."""

import pandas as pd
import pytest

from xit.errors import XitError
from xit.report import ablations
from xit.report.ablations import contrast


def scores(values: dict[str, dict[int, tuple[float, float]]]) -> pd.DataFrame:
    """Intermediate task → seed → accuracy in German and Swahili, XNLI."""
    return pd.DataFrame(
        [
            {"study": "toy", "intermediate": name, "target": "xnli", "language": code,
             "seed": seed, "split": "test", "metric": "acc", "value": value}
            for name, seeds in values.items()
            for seed, both in seeds.items()
            for code, value in zip(("de", "sw"), both, strict=True)
        ]
    )  # fmt: skip


MAIN = scores(
    {
        "none": {1: (50.0, 40.0), 2: (52.0, 44.0)},
        "mnli": {1: (55.0, 45.0), 2: (54.0, 44.0)},
        "mnli+mlm": {1: (54.0, 48.0), 2: (60.0, 52.0)},
    }
)


def test_contrast_is_paired_by_language_and_seed() -> None:
    """Seed 1: alone +5 and +5, with text +4 and +8; seed 2: +2 and 0, +8 and +8."""
    table = contrast(MAIN)
    assert table["intermediate"].unique().tolist() == ["mnli+mlm"]
    told = table.sort_values(["seed", "language"])
    assert told["without"].tolist() == [5, 5, 2, 0]
    assert told["with"].tolist() == [4, 8, 8, 8]
    assert told["difference"].tolist() == [-1, 3, 6, 8]


def test_means_over_languages_then_seeds() -> None:
    seeds = ablations.by_seed(contrast(MAIN))
    assert seeds["difference"].tolist() == [1, 7]
    [cell] = ablations.by_cell(contrast(MAIN)).to_dict("records")
    assert (cell["without"], cell["with"], cell["difference"]) == (3, 7, 4)
    assert (cell["low"], cell["high"], cell["seeds"]) == (1, 7, 2)


def test_the_table_has_the_published_numbers_beside_it() -> None:
    """Table 2: MNLI → XNLI -1.2 alone, -0.7 with multilingual MLM."""
    [row] = ablations.table(contrast(MAIN)).to_dict("records")
    assert row == {
        "task": "MNLI", "target": "XNLI", "without": "+3.0", "with": "+7.0",
        "difference": "+4.0 (+1.0 … +7.0)", "paper: without": "-1.2", "paper: with": "-0.7",
        "paper: difference": "+0.5",
    }  # fmt: skip


def test_panels_to_draw() -> None:
    panels = ablations.panels(contrast(MAIN))
    assert [t["change"].tolist() for t in panels.values()] == [[3.0], [7.0], [4.0]]
    assert {t["intermediate"][0] for t in panels.values()} == {"mnli"}


def test_words_follow_the_numbers() -> None:
    text = ablations.in_words(contrast(MAIN))
    assert "higher in 1 of 1 cells (mean difference +4.0 points)" in text
    assert "In 1 of 1 cells all seeds agree" in text
    one = ablations.in_words(contrast(MAIN[MAIN["seed"] == 1]))
    assert "One seed: no interval" in one and "agree" not in one


def test_what_has_no_pair_is_refused() -> None:
    lacking = MAIN[(MAIN["intermediate"] != "mnli") | (MAIN["seed"] != 2)]
    with pytest.raises(XitError, match=r"mnli\+mlm → xnli has seed 2 in de, mnli alone has not"):
        contrast(lacking)


def test_the_paper_and_the_doubt() -> None:
    """MNLI → XNLI +0.5 with MLM in Table 2; here seeds +1 and +7."""
    text = ablations.in_print(contrast(MAIN))
    assert "of the 1 cells above that it has, 1 have a higher change" in text
    assert "(mean difference +0.5 points)" in text
    own = contrast(MAIN.assign(target="xcopa"))
    assert ablations.in_print(own) == "The paper's Table 2 has none of these cells."
    assert "over all cells is +4.0 points (95% interval over 2 seeds" in (
        ablations.refuting(contrast(MAIN))
    )
