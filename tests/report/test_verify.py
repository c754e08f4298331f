"""A rebuild held against shipped scores: each verdict told from hand-made cases, and by hand how
far apart two means may be."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats as distributions

from xit.report import every_score, verify
from xit.report.verify import ALL, DIFFERENT, IDENTICAL, MISSING, NOISE, OTHERWISE, UNTOLD

LANGUAGES = ("de", "ru")
AFTER = ("none", "mnli", "qqp")
MORE: dict[str, object] = dict.fromkeys(("layer", "pooling", "checkpoint", "noise", "noise_rate"))


def scores(
    seeds: int = 3, section: str = "target/{}", spread: float = 1.0, digest: str = "abc"
) -> pd.DataFrame:
    """XNLI after each of AFTER: 50, 51, 52 by task, ± `spread` by seed, German 10 above Russian."""
    rows = []
    for i, after in enumerate(AFTER):
        for seed in range(1, seeds + 1):
            for code in LANGUAGES:
                value = 50 + i + spread * (seed - (seeds + 1) / 2) + 5 * (code == "de")
                about = {"study": "toy", "section": section.format(after), "target": "xnli",
                         "run": f"scores-xnli-after-{after}-seed{seed}-{digest}", "seed": seed,
                         "intermediate": after, "language": code, "split": "test"}  # fmt: skip
                rows.append(about | {"metric": "acc", "value": value} | MORE)
    return pd.DataFrame(rows).astype(every_score.COLUMNS)


def moved(frame: pd.DataFrame, by: float, **where: object) -> pd.DataFrame:
    """`frame` with `by` added to the scores of `where`."""
    chosen = pd.Series(True, index=frame.index)
    for column, value in where.items():
        chosen &= frame[column] == value
    assert chosen.any()
    return frame.assign(value=frame["value"] + by * chosen.to_numpy(float))


def verdict(theirs: pd.DataFrame, ours: pd.DataFrame) -> str:
    tables, _, _ = verify.compared(theirs, ours)
    assert len(tables) == 1
    return str(tables["verdict"].iloc[0])


def test_the_same_bits_are_identical() -> None:
    [row] = verify.compared(scores(), scores())[0].to_dict("records")
    assert (row["verdict"], row["scores"], row["equal"], row["largest"]) == (IDENTICAL, 18, 18, 0)
    assert row["tests"] == 6  # over all, three tasks, two languages
    assert (row["missing"], row["otherwise"], row["extra"]) == (0, 0, 0)


def test_one_bit_is_not_identical_and_no_difference() -> None:
    values = scores()["value"].to_numpy(float, copy=True)
    values[3] = np.nextafter(values[3], 100)
    ours = scores().assign(value=values)
    [row] = verify.compared(scores(), ours)[0].to_dict("records")
    assert (row["verdict"], row["equal"], row["p"]) == (NOISE, 17, 1.0)
    flat = scores(spread=0.0)
    assert verdict(flat, moved(flat, 1e-9)) == NOISE  # though no seed differs from another
    assert verdict(flat, moved(flat, 0.1)) == DIFFERENT


def test_how_far_two_means_may_be_apart_by_hand() -> None:
    """Seeds at −1, 0, +1 on both sides: s = 1, of 12 degrees of freedom over the three tasks."""
    theirs = scores()
    _, tests, _ = verify.compared(theirs, moved(theirs, 2.0))
    row = tests[(tests["intermediate"] == "mnli") & (tests["language"] == ALL)].iloc[0]
    assert (row["was"], row["now"], row["difference"]) == (53.5, 55.5, 2.0)
    error, t = math.sqrt(2 / 3), distributions.t
    assert row["p"] == pytest.approx(2 * t.sf(2 / error, 12))
    half = t.ppf(0.975, 12) * error
    assert (row["low"], row["high"]) == pytest.approx((2 - half, 2 + half))
    every = tests[tests["intermediate"] == ALL].set_index("language")
    for code in (ALL, *LANGUAGES):  # nine runs on each side
        assert every.loc[code, "p"] == pytest.approx(2 * t.sf(2 / math.sqrt(2 / 9), 12))
    smallest = tests.sort_values("p")["p"].iloc[0]
    assert tests["adjusted"].min() == pytest.approx(6 * smallest)  # Holm: times the family


def test_what_the_seeds_explain_is_noise_and_what_they_do_not_is_different() -> None:
    theirs = scores()
    assert verdict(theirs, moved(theirs, 0.5)) == NOISE
    assert verdict(theirs, moved(theirs, 3.0)) == DIFFERENT
    assert verdict(theirs, moved(theirs, 1.0, intermediate="qqp")) == NOISE
    assert verdict(theirs, moved(theirs, 9.0, intermediate="qqp")) == DIFFERENT
    assert verdict(theirs, moved(theirs, 4.0, language="ru")) == DIFFERENT  # in one language only
    assert verdict(theirs, moved(theirs, -40.0, seed=1, intermediate="qqp")) == NOISE  # one run


def test_a_task_whose_seeds_differ_more_is_held_against_its_own_spread() -> None:
    """QQP's seeds lie 20 apart, as where some runs collapse: a mean 9 lower is nothing there."""
    theirs = scores(spread=0.5)
    qqp = (theirs["intermediate"] == "qqp").to_numpy(float)
    theirs["value"] += 20.0 * (theirs["seed"] - 2) * qqp
    _, tests, _ = verify.compared(theirs, moved(theirs, -9.0, intermediate="qqp"))
    row = tests[tests["intermediate"] == "qqp"].iloc[0]
    s = 20.5
    assert row["p"] == pytest.approx(2 * distributions.t.sf(9 / (s * math.sqrt(2 / 3)), 12))
    assert tests["adjusted"].min() > 0.05


def test_seed_noise_alone_is_seldom_called_different() -> None:
    """Fresh draws on both sides: a table in twenty at most, and about that many would be."""
    rng, wrong = np.random.default_rng(6), 0
    theirs = scores(spread=0.0)
    runs = theirs["run"].unique()
    for _ in range(20):
        drawn = (dict(zip(runs, one, strict=True)) for one in rng.normal(0, 3, (2, len(runs))))
        sides = [theirs.assign(value=theirs["value"] + theirs["run"].map(one)) for one in drawn]
        wrong += verdict(*sides) == DIFFERENT
    assert wrong <= 3  # of 20: five in a hundred would be 1


def test_one_seed_cannot_tell() -> None:
    theirs = scores(seeds=1)
    assert verdict(theirs, theirs) == IDENTICAL
    assert verdict(theirs, moved(theirs, 2.0)) == UNTOLD
    assert verdict(theirs, moved(theirs, 1e-9)) == NOISE


def test_what_is_not_here_or_was_never_shipped_is_named() -> None:
    theirs, part = scores(), scores(seeds=2, spread=1.0)
    part["value"] = part.merge(theirs, on=["run", "language"])["value_y"]
    [row], _, (missing, otherwise, extra) = _rows(theirs, part)
    assert row["verdict"] == IDENTICAL  # of what is there
    assert missing == [f"scores-xnli-after-{a}-seed3-abc" for a in sorted(AFTER)]
    assert (row["missing"], otherwise, extra) == (3, [], [])
    [row], _, (missing, otherwise, extra) = _rows(part, theirs)
    assert (row["verdict"], row["extra"], missing, otherwise) == (IDENTICAL, 3, [], [])
    assert extra == [f"scores-xnli-after-{a}-seed3-abc" for a in sorted(AFTER)]
    none = scores(section="mlm").assign(run=lambda f: f["run"] + "0")
    tables, _, _ = verify.compared(pd.concat([theirs, none]), theirs)
    assert dict(zip(tables["table"], tables["verdict"], strict=True)) == {
        "target": IDENTICAL, "mlm": MISSING,
    }  # fmt: skip


def test_another_definition_is_never_called_different() -> None:
    theirs, ours = scores(), moved(scores(digest="def"), 30.0)
    [row], tests, (missing, otherwise, extra) = _rows(theirs, ours)
    assert row["verdict"] == OTHERWISE and (row["otherwise"], row["scores"]) == (9, 0)
    assert not len(tests) and missing == extra == [] and len(otherwise) == 9
    half = pd.concat([theirs[theirs["intermediate"] != "qqp"], ours[ours["intermediate"] == "qqp"]])
    [row], _, (_, otherwise, _) = _rows(theirs, half)
    assert row["verdict"] == IDENTICAL and row["otherwise"] == len(otherwise) == 3


def _rows(
    theirs: pd.DataFrame, ours: pd.DataFrame
) -> tuple[list[dict], pd.DataFrame, tuple[list[str], list[str], list[str]]]:
    tables, tests, sides = verify.compared(theirs, ours)
    return tables.to_dict("records"), tests, sides


def test_a_run_that_has_lost_scores_is_different() -> None:
    theirs = scores()
    assert verdict(theirs, theirs.drop(index=5)) == DIFFERENT
    assert verdict(theirs.drop(index=5), theirs) == IDENTICAL


def test_layers_states_and_noise_are_apart() -> None:
    """Scores of one run that differ in the layer only are never mixed, nor their tests."""
    theirs = pd.concat([scores().assign(layer=i, pooling="mean") for i in (1, 2)])
    theirs = theirs.astype(every_score.COLUMNS)
    ours = moved(theirs, 9.0, layer=2)
    tables, tests, _ = verify.compared(theirs, ours)
    assert set(tests["layer"]) == {2} and tables["equal"].iloc[0] == 18
    assert tables["tests"].iloc[0] == 12 and tables["verdict"].iloc[0] == DIFFERENT


def test_the_tables_are_those_of_the_book() -> None:
    assert verify.table_of("multilingual_model") == verify.table_of("target/mnli") == "target"
    assert verify.table_of("mlm") == "mlm"
