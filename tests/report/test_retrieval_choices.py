"""What retrieval gains by which choice: accuracies and variances by hand."""

from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from statsmodels.stats.anova import anova_lm

from tests.toys import project
from xit import paths, specs, study
from xit.errors import XitError
from xit.report import retrieval_choices
from xit.report.retrieval_choices import FACTORS, Choice, gains, shares, sums_of_squares
from xit.report.section import Section

EACH = list(product((0, 1), ("mean", "cls"), ("raw", "centred")))


def told(**values: dict[Choice, float]) -> pd.DataFrame:
    """Accuracy of each choice, 10 where nothing else is given; two seeds, the second 2 higher,
    but for "none", which is one model."""
    return pd.DataFrame(
        [
            (task, seed, *way, own.get(Choice(*way), 10.0) + 2 * (seed == 2 and task != "none"))
            for task, own in values.items()
            for seed in (1, 2)
            for way in EACH
        ],
        columns=["intermediate", "seed", *FACTORS, "value"],
    )


HERE = Choice(1)
TOLD = told(
    none={HERE: 30.0, Choice(1, "mean", "centred"): 60.0, Choice(0): 35.0,
          Choice(0, "mean", "centred"): 70.0},
    mnli={HERE: 69.0, Choice(1, "mean", "centred"): 79.0},
    ccg={HERE: 49.0, Choice(0, "mean", "centred"): 89.0},
)  # fmt: skip


def test_what_each_choice_gives() -> None:
    """After a task: means of the two seeds, 1 above the first."""
    frame = gains(TOLD, HERE).set_index("what")
    assert frame["choice"].to_dict() == {
        "the study's choice": "layer 1, mean, raw",
        "centring alone": "layer 1, mean, centred",
        "layer alone": "layer 0, mean, raw",
        "pooling alone": "layer 1, first token, raw",
        "best without training": "layer 0, mean, centred",
        "best of each model": "each its own",
    }
    assert frame["none"].tolist() == [30, 60, 35, 10, 70, 70]
    assert frame["more"].tolist() == [0, 30, 5, -20, 40, 40]
    assert frame["after"].tolist() == [60, (80 + 11) / 2, 11, 11, (11 + 90) / 2, 85]
    assert (frame["low"].iloc[0], frame["high"].iloc[0]) == (50, 70)
    assert frame["added"].tolist() == [30, -14.5, -24, 1, -19.5, 15]
    table = retrieval_choices.gains_table(gains(TOLD, HERE))
    assert table.iloc[0].tolist() == [
        "the study's choice", "layer 1, mean, raw", "30.0", "+0.0", "60.0 (50.0 … 70.0)", "+30.0",
    ]  # fmt: skip


# -- shares of the variance --


def test_two_by_two_by_hand() -> None:
    """Mean 4; rows 1 and 7 (±3), columns 2 and 6 (±2), what is left ±1; four cells."""
    found = sums_of_squares(np.array([[0.0, 2.0], [4.0, 10.0]])[..., None], ["a", "b"])
    assert found == {"a": 36, "b": 16, "a × b": 4, "seeds": 0}
    twice = np.stack([[[0.0, 2.0], [4.0, 10.0]], [[2.0, 4.0], [6.0, 12.0]]], axis=-1)
    assert sums_of_squares(twice, ["a", "b"]) == {"a": 72, "b": 32, "a × b": 8, "seeds": 8}


@given(arrays.arrays(float, (2, 3, 2, 2), elements=st.floats(-100, 100, allow_subnormal=False)))
def test_the_parts_make_the_whole(values: np.ndarray) -> None:
    found = sums_of_squares(values, ["a", "b", "c"])
    assert sum(found.values()) == pytest.approx(((values - values.mean()) ** 2).sum(), abs=1e-6)
    assert min(found.values()) >= 0
    assert len(found) == 2**3


def test_as_statsmodels_has_it() -> None:
    values = np.random.default_rng(3).normal(size=(3, 2, 2, 4))
    frame = pd.DataFrame(
        [(f"a{a}", f"b{b}", f"c{c}", values[a, b, c, n])
         for a in range(3) for b in range(2) for c in range(2) for n in range(4)],
        columns=["a", "b", "c", "value"],
    )  # fmt: skip
    expected = anova_lm(smf.ols("value ~ C(a) * C(b) * C(c)", frame).fit())["sum_sq"]
    found = sums_of_squares(values, ["a", "b", "c"])
    names = {"a": "C(a)", "b × c": "C(b):C(c)", "a × b × c": "C(a):C(b):C(c)", "seeds": "Residual"}
    for ours, theirs in names.items():
        assert found[ours] == pytest.approx(expected[theirs])


def one_factor(pooled: float, task: float) -> pd.DataFrame:
    """Mean pooling is `pooled` better before a task, `task` better still after it."""
    frame = told(none={}, mnli={}, ccg={})
    frame["value"] = 20 + pooled * (frame["pooling"] == "mean") + frame["layer"]
    after = (frame["intermediate"] != "none") & (frame["pooling"] == "mean")
    return frame.assign(value=frame["value"] + task * after)


def test_a_gain_that_is_all_pooling() -> None:
    frame = shares(one_factor(0.0, 30.0)).set_index("effect")
    assert frame["gain"].to_dict() == pytest.approx(
        dict.fromkeys(frame.index, 0.0) | {"pooling": 100.0}
    )
    assert frame["score"].sum() == pytest.approx(100)
    assert frame.loc["intermediate × pooling", "score"] == pytest.approx(
        frame.loc["intermediate", "score"]
    )
    assert frame.index.tolist()[-3:] == list(retrieval_choices.REST)


def test_no_gain_at_all() -> None:
    assert shares(one_factor(5.0, 0.0))["gain"].tolist() == [0.0] * 10


def test_seeds_are_what_is_left() -> None:
    frame = told(none={}, mnli={})
    found = shares(frame).set_index("effect")
    assert found.loc["seeds", "gain"] == pytest.approx(100)  # 0 and 2 at every choice alike


def test_only_seeds_that_all_tasks_have() -> None:
    less = TOLD[(TOLD["intermediate"] != "ccg") | (TOLD["seed"] == 1)]
    assert shares(less).set_index("effect").loc["seeds", "gain"] == 0
    apart = TOLD.assign(seed=TOLD["seed"] + 5 * (TOLD["intermediate"] == "ccg"))
    with pytest.raises(XitError, match=r"no seed is there for all.*ccg \[6, 7\].*none \[1, 2\]"):
        shares(apart)


# -- words --


def test_words_follow_the_numbers() -> None:
    text = retrieval_choices.in_words(gains(TOLD, HERE), shares(TOLD))
    assert "(layer 1, mean, raw) an intermediate task adds +30.0 points" in text
    assert "centring alone +30.0, layer alone +5.0, pooling alone -20.0" in text
    assert "(layer 0, mean, centred) +40.0, which is 133% of what training adds" in text
    assert "At that choice training adds -19.5" in text
    assert "at least half of the gain can be had" in text
    assert "all combinations: intermediate × choices together " in text


def test_words_of_a_gain_that_is_the_same_everywhere() -> None:
    frame = one_factor(5.0, 0.0)
    text = retrieval_choices.in_words(gains(frame, HERE), shares(frame))
    assert text.endswith("The gain is the same under all choices.")


@pytest.mark.parametrize(("best", "said"), [(45.0, "at least half"), (44.9, "most of the gain is")])
def test_half_of_the_gain(best: float, said: str) -> None:
    frame = told(none={HERE: 30.0, Choice(0): best}, mnli={HERE: 59.0}, ccg={HERE: 59.0})
    text = retrieval_choices.in_words(gains(frame, HERE), shares(frame))
    assert said in text


def test_where_training_adds_nothing_there_is_no_share_of_it() -> None:
    frame = told(none={HERE: 30.0}, mnli={HERE: 19.0}, ccg={HERE: 19.0})
    text = retrieval_choices.in_words(gains(frame, HERE), shares(frame))
    assert "adds -10.0" in text and "% of what" not in text and "of the gain can" not in text


def test_what_is_published() -> None:
    text = retrieval_choices.in_print()
    assert "Tatoeba 31.0 → 80.9 (after Multi-task)" in text
    assert "BUCC 71.5 → 91.8 (after HellaSwag)" in text


# -- from the runs --


def test_collected_from_the_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project(tmp_path, monkeypatch, with_data=False)
    run = specs.store().root / "scores-tatoeba"
    run.mkdir(parents=True)
    rows = [
        {"language": code, "metric": metric, "layer": 2, "pooling": "cls",
         "value": value + 10 * (metric == "acc_centred")}
        for code, value in (("de", 20.0), ("sw", 30.0)) for metric in ("acc", "acc_centred")
    ]  # fmt: skip
    pd.DataFrame(rows).to_parquet(run / "scores.parquet")
    line = {"kind": "scores", "task": "tatoeba", "run": run.name, "seed": 4}
    records = {"none": {"runs": [line, line | {"task": "xnli", "run": "other"}]}}
    section = cast(Section, SimpleNamespace(records=lambda _: records))
    frame = retrieval_choices.collect(section)
    assert frame.to_numpy().tolist() == [
        ["none", 4, 2, "cls", "raw", 25.0], ["none", 4, 2, "cls", "centred", 35.0],
    ]  # fmt: skip
    assert retrieval_choices.of_study(frame, study.load("toy")) == Choice(2)
    records["none"]["runs"] = [line | {"task": "xnli"}]
    assert len(retrieval_choices.collect(section)) == 0
    records["none"]["runs"] = [line | {"run": "gone"}]
    with pytest.raises(XitError, match=r"run gone is not in the store.*`make book` makes it again"):
        retrieval_choices.collect(section)
    paths.project.cache_clear()
