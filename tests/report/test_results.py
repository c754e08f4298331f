"""The table of scores: what is refused, and means and changes computed by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from xit.errors import XitError
from xit.report.results import (
    COLUMNS,
    by_seed,
    by_target,
    change,
    checked,
    collect,
    main,
    one_per_cell,
    seeds_used,
    summary_table,
    zero_shot,
)


def scores(*rows: tuple) -> pd.DataFrame:
    """Rows (intermediate, target, language, seed, metric, value) of study lab, split test."""
    return pd.DataFrame(
        [("lab", i, t, code, seed, "test", m, float(v)) for i, t, code, seed, m, v in rows],
        columns=COLUMNS,
    )


SCORES = scores(
    ("none", "xnli", "qaa", 0, "acc", 80),
    ("none", "xnli", "qab", 0, "acc", 60),
    ("none", "xnli", "qaa", 1, "acc", 82),
    ("none", "xnli", "qab", 1, "acc", 50),
    ("mnli", "xnli", "qaa", 0, "acc", 84),
    ("mnli", "xnli", "qab", 0, "acc", 62),
    ("mnli", "xnli", "qaa", 1, "acc", 80),
    ("mnli", "xnli", "qab", 1, "acc", 60),
    ("none", "tatoeba", "qab", 0, "acc", 30),
    ("mnli", "tatoeba", "qab", 0, "acc", 25.5),
)


def write(table: pd.DataFrame, file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    table.to_parquet(file, index=False)
    return file


def test_collect_reads_files_and_directories(tmp_path: Path) -> None:
    first = write(SCORES[:4].assign(extra=1), tmp_path / "a" / "scores.parquet")
    second = write(SCORES[4:], tmp_path / "b.parquet")
    found = collect([first.parent, second])
    pd.testing.assert_frame_equal(found, SCORES)


def test_collect_names_the_file(tmp_path: Path) -> None:
    good = write(SCORES, tmp_path / "good.parquet")
    with pytest.raises(XitError, match=r"gone\.parquet: no such score file"):
        collect([good, tmp_path / "gone.parquet"])
    damaged = tmp_path / "damaged.parquet"
    damaged.write_bytes(good.read_bytes()[:-20])
    with pytest.raises(XitError, match=r"damaged\.parquet: not a readable parquet file"):
        collect([damaged])
    again = write(SCORES[3:4], tmp_path / "again.parquet")
    with pytest.raises(XitError, match=r"good\.parquet and .*again\.parquet: the same score twice"):
        collect([good, again])
    with pytest.raises(XitError, match=r"given twice: .*good\.parquet"):
        collect([good, good])
    with pytest.raises(XitError, match="no score files"):
        collect([])


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (SCORES.drop(columns="seed"), "column 'seed' is missing"),
        (SCORES.assign(value=[*SCORES["value"][:-1], 100.5]), "value 100.5 is not within 0-100"),
        (SCORES.assign(value=-1.0), "value -1.0 is not within 0-100"),
        (SCORES.assign(value=np.inf), "value inf is not within 0-100"),
        (SCORES.assign(value=np.nan), "a missing value"),
        (SCORES.assign(seed=0), "the same score twice: study lab, .* target xnli, language qaa"),
        (SCORES[:0], "no scores in it"),
        (SCORES.assign(value="high"), "column 'value' holds 'high'"),
    ],
)
def test_checked_refuses(table: pd.DataFrame, message: str) -> None:
    with pytest.raises(XitError, match=f"^somewhere: {message}"):
        checked(table, "somewhere")


def test_main_keeps_each_targets_main_metric() -> None:
    table = scores(
        ("none", "xnli", "qaa", 0, "acc", 80),
        ("none", "xquad", "qaa", 0, "em", 50),
        ("none", "xquad", "qaa", 0, "f1", 60),
        ("none", "xquad", "qaa", 0, "qa", 55),
    )
    assert main(table, {"xnli": "acc", "xquad": "qa"})["value"].tolist() == [80, 55]
    with pytest.raises(XitError, match="unknown target task 'xquad': did you mean 'xquad1'"):
        main(table, {"xnli": "acc", "xquad1": "qa"})
    with pytest.raises(XitError, match="no scores of xnli in its main metric 'f1': only acc"):
        main(table, {"xnli": "f1", "xquad": "qa"})


def test_change_pairs_language_and_seed() -> None:
    found = change(SCORES)
    assert found["change"].tolist() == [4, 2, -2, 10, -4.5]
    assert found["baseline"].tolist() == [80, 60, 82, 50, 30]
    assert set(found["intermediate"]) == {"mnli"}
    shuffled = change(SCORES.sample(frac=1, random_state=0))
    assert sorted(shuffled["change"]) == sorted(found["change"])
    assert change(SCORES, baseline="mnli")["change"].tolist() == [-4, -2, 2, -10, 4.5]


def test_change_names_the_missing_baseline() -> None:
    without = SCORES.drop(index=3)
    with pytest.raises(
        XitError, match=r"mnli → xnli has seed 1 in qab \(test, acc\), 'none' has no"
    ):
        change(without)
    more = pd.concat([SCORES, scores(("mnli", "xnli", "qaa", 7, "acc", 1))])
    with pytest.raises(XitError, match=r"seed 7 .*its seeds: \[0, 1\]"):
        change(more)
    with pytest.raises(XitError, match="no scores of intermediate task 'nothing'"):
        change(SCORES, baseline="nothing")


def test_only_the_baseline_gives_no_changes() -> None:
    assert len(change(SCORES[SCORES["intermediate"] == "none"])) == 0


def test_by_target_is_a_mean_over_languages_then_seeds() -> None:
    xnli, tatoeba = by_target(change(SCORES)).to_dict("records")
    assert xnli["change"] == 3.5  # seeds: (4 + 2) / 2 = 3 and (-2 + 10) / 2 = 4
    assert (xnli["low"], xnli["high"], xnli["seeds"]) == (3, 4, 2)
    assert xnli["values"] == (3, 4)
    assert xnli["languages"] == 2
    assert (tatoeba["change"], tatoeba["seeds"], tatoeba["languages"]) == (-4.5, 1, 1)
    assert by_seed(SCORES, "value")["value"].tolist() == [70, 66, 73, 70, 30, 25.5]


def test_values_follow_the_seeds_not_the_rows() -> None:
    reverse = change(SCORES)[::-1]
    assert by_target(reverse).set_index("target").loc["xnli", "values"] == (3, 4)


def test_seeds_scored_in_other_languages_do_not_compare() -> None:
    with pytest.raises(XitError, match="none → xnli: not every seed was scored in qab"):
        by_target(SCORES.drop(index=3), "value")


def test_summary_table() -> None:
    table = summary_table(by_target(change(SCORES)))
    assert table.loc["mnli", "xnli"] == "+3.5 (+3.0 … +4.0)"
    assert table.loc["mnli", "tatoeba"] == "-4.5 (no interval)"
    ordered = summary_table(by_target(change(SCORES)), rows=["qqp", "mnli"], columns=["tatoeba"])
    assert ordered.loc["qqp", "tatoeba"] == "–"
    assert list(ordered.index) == ["qqp", "mnli"]
    assert list(ordered.columns) == ["tatoeba"]
    values = summary_table(by_target(SCORES, "value"), "value")
    assert values.loc["none", "xnli"] == "68.0 (66.0 … 70.0)"


def test_collapsed_runs_are_carried_on_and_marked() -> None:
    """Seed 1 without intermediate training has collapsed: the change of that seed is suspect."""
    alone = (SCORES["intermediate"] == "none") & (SCORES["seed"] == 1)
    found = change(SCORES.assign(collapsed=alone))
    assert found["collapsed"].tolist() == [False, False, True, True, False]
    other = (SCORES["intermediate"] == "mnli") & (SCORES["seed"] == 0)
    both = change(SCORES.assign(collapsed=alone | other))
    assert both["collapsed"].tolist() == [True] * 5
    assert by_seed(found)["collapsed"].tolist() == [False, True, False]
    assert by_target(found)["collapsed"].tolist() == [1, 0]
    table = summary_table(by_target(found))
    assert list(table.loc["mnli"]) == ["+3.5 (+3.0 … +4.0) †", "-4.5 (no interval)"]
    assert by_target(found).drop(columns="collapsed").equals(by_target(change(SCORES)))
    assert list(checked(SCORES.assign(collapsed=alone)).columns) == COLUMNS


def test_a_cell_holds_one_kind_of_score() -> None:
    both = pd.concat([SCORES, SCORES.assign(metric="f1")])
    with pytest.raises(XitError, match="mnli → xnli: several splits, metrics or studies"):
        one_per_cell(by_target(change(both)))


def test_zero_shot_gap() -> None:
    table = scores(
        ("none", "xnli", "qaa", 0, "acc", 80),
        ("none", "xnli", "qab", 0, "acc", 60),
        ("none", "xnli", "qac", 0, "acc", 50),
        ("none", "tatoeba", "qab", 0, "acc", 30),
        ("none", "squad", "qaa", 0, "acc", 70),
    )
    xnli, tatoeba, squad = zero_shot(table, "qaa").to_dict("records")
    assert (xnli["source"], xnli["others"], xnli["gap"], xnli["languages"]) == (80, 55, 25, 2)
    assert tatoeba["others"] == 30
    assert np.isnan(tatoeba["source"])
    assert np.isnan(tatoeba["gap"])
    assert squad["languages"] == 0
    assert np.isnan(squad["gap"])


def test_seeds_used() -> None:
    assert seeds_used(SCORES) == [0, 1]
