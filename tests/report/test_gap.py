"""Transfer gaps: by hand, and as XTREME's tables have them."""

import math
from collections.abc import Mapping

import pandas as pd
import pytest

from xit.report import gap, published
from xit.report.gap import ONE_RUN, SHRINKS, UNCLEAR, WIDENS

FAMILIES = {"de": "Germanic", "ja": "Japonic", "ru": "Slavic"}


def rows(values: Mapping[tuple[str, int], tuple[float, ...]], target: str = "xnli") -> pd.DataFrame:
    """(task, seed) → scores in en, de, ja, ru."""
    made = [
        ("toy", task, target, code, seed, "test", "acc", value)
        for (task, seed), line in values.items()
        for code, value in zip(("en", *FAMILIES), line, strict=True)
    ]
    columns = ["study", "intermediate", "target", "language", "seed", "split", "metric", "value"]
    return pd.DataFrame(made, columns=columns)


BEFORE = {
    ("none", 1): (90, 80, 70, 60),
    ("none", 2): (92, 80, 72, 64),
    ("none", 3): (91, 82, 70, 61),
}


def after(task: str, source: tuple[float, ...], others: float) -> dict:
    """The baseline, and a task that adds so much to the source by seed, and to all others."""
    told: dict = dict(BEFORE)
    for seed, more in enumerate(source, start=1):
        line = BEFORE["none", seed]
        told[task, seed] = (line[0] + more, *(v + others for v in line[1:]))
    return told


def told(values: dict) -> pd.Series:
    table = gap.gaps(rows(values), "en", FAMILIES)
    return table[table["intermediate"] == "mnli"].iloc[0]


def test_a_gap_by_hand() -> None:
    """Seeds 20, 20, 20; source 91, others 71."""
    table = gap.gaps(rows(BEFORE), "en", FAMILIES)
    row = table.iloc[0]
    assert (row["source"], row["others"], row["gap"]) == pytest.approx((91, 71, 20))
    assert (row["gap_low"], row["gap_high"]) == pytest.approx((20, 20))
    assert row["direction"] == "" and math.isnan(row["d_gap"])
    assert (row["seeds"], row["languages"], row["over"]) == (3, 3, "seeds")


def test_lifting_everything_leaves_the_gap() -> None:
    row = told(after("mnli", (5, 6, 4), 5.0))
    assert (row["d_source"], row["d_others"]) == pytest.approx((5, 5))
    assert row["d_gap"] == pytest.approx(0) and row["direction"] == UNCLEAR
    assert row["others_low"] > 0  # all the same it lifts


def test_a_gap_that_shrinks_and_one_that_widens() -> None:
    row = told(after("mnli", (1.0, 1.2, 0.8), 5.0))
    assert row["d_gap"] == pytest.approx(-4)
    half = 4.302653 * 0.2 / math.sqrt(3)  # t of 2 degrees, sd 0.2
    assert (row["low"], row["high"]) == pytest.approx((-4 - half, -4 + half))
    assert row["direction"] == SHRINKS
    assert told(after("mnli", (9.0, 9.2, 8.8), 5.0))["direction"] == WIDENS


def test_holm_is_over_the_tasks_of_a_target() -> None:
    """p = 0.03 alone is told apart from no change, beside nine tasks it is not."""
    values = after("mnli", (-2.0, -1.2, -1.6), 0.0)
    alone = told(values)
    assert alone["p"] < 0.05 and alone["direction"] == SHRINKS
    for k, name in enumerate(("qqp", "ccg", "squad_v1")):
        values |= {
            key: v for key, v in after(name, (1.0 + k, -1.0, 0.0), 0.0).items() if key[0] == name
        }
    among = told(values)
    assert among["p"] == alone["p"]
    assert among["holm"] == pytest.approx(4 * among["p"])
    assert among["direction"] == UNCLEAR


def test_one_run_gives_no_verdict() -> None:
    one = {key: v for key, v in after("mnli", (1.0, 0, 0), 5.0).items() if key[1] == 1}
    row = told(one)
    assert row["d_gap"] == pytest.approx(-4) and row["direction"] == ONE_RUN
    assert row["over"] == "families" and math.isnan(row["p"])
    assert row["gap_low"] < 20 < row["gap_high"]
    assert math.isnan(gap.smallest(row))


def test_what_could_have_been_seen() -> None:
    """Error 0.2/√3, t(2): 4.303 for the level and 1.061 for the power."""
    row = told(after("mnli", (1.0, 1.2, 0.8), 5.0))
    assert gap.smallest(row) == pytest.approx(0.2 / math.sqrt(3) * (4.302653 + 1.060660), abs=1e-4)


def test_over_all_targets() -> None:
    values = after("mnli", (1.0, 1.2, 0.8), 5.0)
    both = pd.concat([rows(values), rows(after("mnli", (9.0, 9.2, 8.8), 5.0), "panx")])
    table = gap.gaps(both, "en", FAMILIES)
    means = gap.overall(both, "en", table)
    row = means.iloc[0]
    assert (row["d_source"], row["d_others"], row["d_gap"]) == pytest.approx((5, 5, 0))
    assert row["low"] < 0 < row["high"]
    assert (row[SHRINKS], row[WIDENS], row["targets"]) == (1, 1, 2)
    text = gap.overall_table(means).iloc[0]
    assert text["shrinks on"] == "1 of 2"
    shown = gap.changes_table(table)
    assert shown["the gap"].tolist() == [SHRINKS, WIDENS]
    assert gap.table(table)["gap"].tolist() == pytest.approx([20, 20])


def test_only_targets_in_the_source_language_and_exact_match() -> None:
    xquad = rows(BEFORE, "xquad")
    tatoeba = rows(BEFORE, "tatoeba").query("language != 'en'")
    scores = pd.concat([tatoeba, *(xquad.assign(metric=m) for m in ("em", "f1", "qa"))])
    kept = gap.rows_of(scores, "en")
    assert set(kept["target"]) == {"xquad"} and set(kept["metric"]) == {"em"}


# -- published --


def test_the_published_gap_of_xnli_follows_from_the_appendix() -> None:
    table = gap.gaps(gap.published_rows(), "en", {}).query("intermediate == 'none'")
    xnli = table.set_index("target").loc["xnli"]
    rows = published.per_language("xnli").query("intermediate == 'none' and language != 'avg'")
    others = rows.query("language != 'en'")["value"].mean()
    english = rows.query("language == 'en'")["value"].iloc[0]
    assert xnli["gap"] == pytest.approx(english - others)
    assert set(table["target"]) == set(published.TARGET.values()) - {"bucc", "tatoeba"}


def test_xtreme_s_own_gaps() -> None:
    """XLM-R: 88.7 in English, 78.5 on average elsewhere (Hu et al. 2020, reprinted)."""
    told = gap.published_gaps()
    assert told.loc["xnli", "XLM-R"] == 10.2
    assert told.loc["panx"].to_dict() == {"XLM-R": 19.8, "mBERT": 23.6}
    shown = gap.table(gap.gaps(gap.published_rows(), "en", {}), with_published=True)
    assert shown.set_index("target").loc["XNLI", "published: mBERT"] == 16.5
