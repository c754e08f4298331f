"""Regressions of outcomes: by hand, with planted effects, and against a mixed model."""

import math

import numpy as np
import pandas as pd
import pytest

from xit.lab import languages as lab
from xit.report import correlation, distance, distance_models, distance_tables
from xit.report.distance import MEAN, SCORE
from xit.report.distance_models import EVERY, coefficients, designed, properties


def table() -> pd.DataFrame:
    return lab.typology().set_index("iso639_1").rename_axis("language")


def differ() -> pd.DataFrame:
    told = properties(table(), lab.SOURCE)
    assert told is not None
    return told


def by(found: pd.DataFrame, column: str) -> dict[str, dict]:
    """The rows of `found` by their `column`."""
    return {str(row[column]): dict(row) for row in found.to_dict("records")}


def outcomes(
    effects: dict[str, float],
    noise: float = 0.0,
    targets: tuple[str, ...] = ("xnli",),
    seeds: int = 3,
) -> pd.DataFrame:
    """A score without a task of 90, less what each property of the lab's languages costs."""
    unlike, rng = differ(), np.random.default_rng(0)
    rows = [
        (SCORE, target, code, seed,
         90 + float(unlike.loc[code] @ pd.Series(effects).reindex(unlike.columns).fillna(0))
         + noise * rng.normal())
        for target in targets for code in unlike.index for seed in range(1, seeds + 1)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["outcome", "target", "language", "seed", "value"])


# -- properties --


def test_properties_of_the_lab() -> None:
    told = properties(table(), "qaa")
    assert told is not None and "qaa" not in told.index
    assert told.loc["qac"].to_dict() == {
        "word order": 0, "adposition": 0, "adjective": 1, "case": 1, "script": 0,
        "words": pytest.approx(0.98),
    }  # fmt: skip
    assert list(told.loc["qaj"])[:5] == [1, 1, 1, 1, 1]
    assert properties(table().drop(columns="order"), "qaa") is None
    assert properties(table(), "en") is None


# -- least squares --


def test_least_squares_by_hand() -> None:
    """y = 0 1 1 2 on x = 0 0 1 1: slope 1, residuals ±0.5, variance 1/2, error √(1/2 · 1)."""
    fit = distance_models.least_squares(np.array([0.0, 1, 1, 2]), np.array([[0.0], [0], [1], [1]]))
    assert fit is not None
    assert (fit.value[0], fit.df) == (pytest.approx(1.0), 2)
    assert fit.error[0] == pytest.approx(math.sqrt(0.5))


def test_what_cannot_be_fitted() -> None:
    assert distance_models.least_squares(np.zeros(4), np.ones((4, 1))) is None  # beside a constant
    assert (
        distance_models.least_squares(np.zeros(2), np.array([[0.0], [1]])) is None
    )  # nothing left


# -- coefficients --


def test_planted_coefficients_are_recovered_exactly_without_noise() -> None:
    effects = {"word order": -10.0, "case": -4.0, "script": 2.5, "words": -8.0}
    found = coefficients(outcomes(effects), differ())
    for name, row in by(found, "property").items():
        assert row["value"] == pytest.approx(effects.get(name, 0), abs=1e-9)
    assert found["together"].all() and set(found["df"]) == {5}


def test_planted_coefficients_are_covered_with_noise_and_seeds_are_no_languages() -> None:
    effects = {"word order": -10.0}
    few = coefficients(outcomes(effects, 3.0, seeds=2), differ())
    many = coefficients(outcomes(effects, 3.0, seeds=200), differ())
    for found in (few, many):
        row = by(found, "property")["word order"]
        assert row["low"] <= -10 <= row["high"]
        assert row["holm"] < 0.05
        assert row["df"] == 5
        assert row["lowest"] < row["value"] < row["highest"]
    assert (few["smallest"] > many["smallest"]).all()


def test_intervals_are_those_of_a_mixed_model_with_seeds_and_languages() -> None:
    """Balanced data: least squares on the means over seeds is the same estimate and error."""
    told = outcomes({"word order": -10.0, "case": -5.0}, 4.0)
    rng = np.random.default_rng(1)
    shift = dict(zip(table().index, rng.normal(0, 4, 13), strict=True))
    told["value"] += told["language"].map(shift)
    unlike = differ()
    found = by(coefficients(told, unlike), "property")
    short = {str(name): f"x{i}" for i, name in enumerate(unlike)}
    frame = told.merge(unlike.rename(columns=short), left_on="language", right_index=True)
    formula = "value ~ " + " + ".join(short.values())
    fit = distance_models.fit_mixed(formula, frame, {"language": "0 + C(language)"})
    for name, s in short.items():
        assert found[name]["value"] == pytest.approx(fit.params[s], abs=1e-4)
        half = (found[name]["high"] - found[name]["low"]) / 2
        assert half / 2.570582 == pytest.approx(fit.bse_fe[s], rel=0.03)  # t of 5 degrees


def test_each_property_alone_where_languages_are_few() -> None:
    told = outcomes({"case": -4.0})
    some = told[told["language"].isin(["qab", "qac", "qaf", "qah", "qaj", "qal"])]
    found = coefficients(some, differ())
    assert not found["together"].any() and set(found["df"]) == {4}
    assert by(found, "property")["case"]["value"] == pytest.approx(-4)


def test_a_property_that_does_not_vary_is_left_out() -> None:
    told = outcomes({})
    latin = told[told["language"].isin(["qac", "qaf", "qak"])]
    found = coefficients(latin, differ())
    assert "script" not in set(found["property"])


def test_the_mean_over_targets_with_every_language() -> None:
    told = outcomes({"case": -4.0}, targets=("xnli", "panx"))
    few = outcomes({}, targets=("paws_x",)).query("language < 'qaf'")
    found = designed(pd.concat([told, few]), differ())
    every = by(found[found["target"] == EVERY], "property")
    assert every["case"]["value"] == pytest.approx(-4)
    assert distance_models.drawn(found) == ["xnli", "paws_x", EVERY]
    assert EVERY not in set(designed(told[told["target"] == "xnli"], differ())["target"])
    assert not len(designed(told, None))


def test_the_smallest_coefficient_is_seen_in_four_of_five_studies() -> None:
    rng = np.random.default_rng(2)
    x = np.repeat([0.0, 1.0], 6)[:, None]
    size = distance_models.smallest(math.sqrt(1 / 3), 10)  # error of such a difference, noise 1
    hits = 0
    for _ in range(500):
        fit = distance_models.least_squares(size * x[:, 0] + rng.normal(size=12), x)
        assert fit is not None
        hits += abs(fit.value[0]) / fit.error[0] > 2.228139  # t of 10 degrees
    assert 0.75 < hits / 500 < 0.86


# -- natural languages --


def natural(slope: float, noise: float = 0.5) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(4)
    codes = [f"l{i:02}" for i in range(30)]
    families = [f"f{i % 10}" for i in range(30)]
    far = pd.DataFrame(
        {"syntactic": rng.random(30), "genetic": rng.random(30), "family": families}, index=codes
    )
    of = dict(zip(sorted(set(families)), rng.normal(0, 3, 10), strict=True))
    value = 80 + slope * far["syntactic"] + far["family"].map(of) + rng.normal(0, noise, 30)
    told = pd.DataFrame({"outcome": SCORE, "target": "xnli", "language": codes, "seed": 1,
                         "value": value.to_list()})  # fmt: skip
    return told, far


def test_a_slope_beside_families() -> None:
    told, far = natural(-20.0)
    row = distance_models.slopes(told, far, (SCORE,)).to_dict("records")[0]
    assert row["low"] < -2.0 < row["high"] and row["high"] < 0
    assert row["family"] > 0.9
    assert (row["languages"], row["families"]) == (30, 10)
    few = distance_models.slopes(told.iloc[:6], far, (SCORE,)).to_dict("records")[0]
    assert math.isnan(few["family"]) and few["languages"] == 6  # least squares
    assert not len(distance_models.slopes(told.iloc[:4], far, (SCORE,)))


def test_all_distances_together() -> None:
    told, far = natural(-20.0)
    found = distance_models.mixed(told, far, SCORE)
    assert found is not None
    rows = by(found, "distance")
    assert rows["syntactic"]["high"] < 0
    assert rows["genetic"]["low"] < 0 < rows["genetic"]["high"]
    assert (found["inflation"] >= 1).all()
    assert distance_models.mixed(told.iloc[:4], far, SCORE) is None
    text = distance_tables.mixed_table([found, None])
    assert text["distance"].tolist() == ["syntactic", "genetic"]


def test_tables_of_coefficients_and_slopes() -> None:
    told = outcomes({"case": -4.0}, 0.5)
    found = coefficients(told, differ())
    text = distance_tables.one_by_one(found, [], "Study x")
    [(name, shown)] = text.items()
    assert name.startswith("Study x") and len(shown) == 6
    assert shown["others held equal"].unique().tolist() == ["yes"]
    made, far = natural(-20.0)
    slope = distance_tables.slopes_table(distance_models.slopes(made, far, (SCORE,)))
    assert slope["outcome"][0] == "score without" and slope["family's share"][0].endswith("%")
    joint = [distance_models.mixed(made, far, SCORE)]
    assert list(distance_tables.one_by_one(found[:0], joint, "x")) == ["x: all distances together"]
    assert distance_tables.one_by_one(found[:0], [None], "x") == {}
    power = distance_tables.power_table(
        distance.correlations(pd.concat([made, made.assign(outcome=MEAN)]), far),
        distance_models.slopes(pd.concat([made, made.assign(outcome=MEAN)]), far, (SCORE, MEAN)),
    )
    assert power["languages"].tolist() == [30]
    assert power["smallest |ρ|"].tolist() == [f"{correlation.smallest(30):.2f}"]
