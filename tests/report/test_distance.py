"""Distance and transfer: the published correlations re-derived, outcomes and tables by hand."""

import math

import pandas as pd
import pytest

from xit.errors import XitError
from xit.report import correlation, distance, distance_tables, published, typology
from xit.report.distance import MEAN, SCORE, correlations, outcomes, published_rows


@pytest.fixture(scope="module")
def english() -> pd.DataFrame:
    return typology.table("", "en")


def rho(told: pd.DataFrame, table: pd.DataFrame, outcome: str, target: str) -> tuple[float, int]:
    part = told[(told["outcome"] == outcome) & (told["target"] == target)]
    y = part.set_index("language")[["value"]]
    row = correlation.correlations(table[["syntactic"]], y, {}).iloc[0]
    return row["rho"], row["languages"]


# question answering by F1: Spearman with the syntactic distance, over so many languages
SCORES = {"xnli": (-0.87, 14), "paws_x": (-0.75, 6), "udpos": (-0.62, 28), "panx": (-0.54, 39),
          "xquad": (-0.70, 10), "mlqa": (-0.49, 6), "tydiqa": (-0.10, 8),
          "tatoeba": (-0.63, 36)}  # fmt: skip
MNLI = {"xnli": -0.16, "udpos": -0.04, "panx": 0.12, "tatoeba": 0.38}


@pytest.mark.parametrize("target", SCORES)
def test_the_published_baseline_falls_with_distance_as_was_found_before(
    target: str, english: pd.DataFrame
) -> None:
    """Derived from Appendix B and the same vectors by other code, before this was written."""
    told = outcomes(published_rows(dict.fromkeys(published.QA, "f1")), "en")
    assert rho(told, english, SCORE, target) == (
        pytest.approx(SCORES[target][0], abs=0.0051), SCORES[target][1]
    )  # fmt: skip


@pytest.mark.parametrize("target", MNLI)
def test_the_published_gain_from_mnli_does_not(target: str, english: pd.DataFrame) -> None:
    told = outcomes(published_rows(), "en")
    assert rho(told, english, "mnli", target)[0] == pytest.approx(MNLI[target], abs=0.0051)


def test_published_rows_are_the_appendix() -> None:
    rows = published_rows()
    assert set(rows["intermediate"]) == set(published.INTERMEDIATE.values())
    assert not rows.duplicated(["intermediate", "target", "language"]).any()
    xnli = rows[(rows["target"] == "xnli") & (rows["intermediate"] == "none")]
    table = published.per_language("xnli")
    mine = table[(table["intermediate"] == "none") & (table["language"] == "avg")]["value"].iloc[0]
    assert xnli["value"].mean() == pytest.approx(mine, abs=0.06)
    both = published.per_language("mlqa").query("intermediate == 'none' and language == 'de'")
    qa = rows.query("target == 'mlqa' and intermediate == 'none' and language == 'de'")["value"]
    assert qa.iloc[0] == pytest.approx(both["value"].mean())


# -- outcomes --


def rows(*told: tuple[str, str, int, float]) -> pd.DataFrame:
    """(intermediate, language, seed, value) of XNLI."""
    return pd.DataFrame([(i, "xnli", c, s, float(v)) for i, c, s, v in told], columns=distance.ROWS)


SMALL = rows(
    ("none", "en", 1, 90), ("none", "de", 1, 80), ("none", "ja", 1, 60),
    ("mnli", "en", 1, 95), ("mnli", "de", 1, 82), ("mnli", "ja", 1, 60),
    ("qqp", "en", 1, 80), ("qqp", "de", 1, 76), ("qqp", "ja", 1, 66),
)  # fmt: skip


def test_outcomes_by_hand() -> None:
    told = outcomes(SMALL, "en").set_index(["outcome", "language"])["value"].to_dict()
    assert told == {
        (SCORE, "de"): 80, (SCORE, "ja"): 60, ("mnli", "de"): 2, ("mnli", "ja"): 0,
        ("qqp", "de"): -4, ("qqp", "ja"): 6, (MEAN, "de"): -1, (MEAN, "ja"): 3,
    }  # fmt: skip


def test_outcomes_without_intermediate_tasks_are_scores_alone() -> None:
    told = outcomes(SMALL[SMALL["intermediate"] == "none"], "en")
    assert set(told["outcome"]) == {SCORE}


def test_a_change_needs_its_own_seed() -> None:
    with pytest.raises(XitError, match="has seed 2"):
        outcomes(pd.concat([SMALL, rows(("mnli", "de", 2, 70))]), "en")


# -- correlations --


def planted(languages: int = 12) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores that fall with distance and changes that do not, of two seeds."""
    codes = [f"l{i}" for i in range(languages)]
    far = [i / languages for i in range(languages)]
    told = {"syntactic": far, "lexical": 0.5, "family": [f"f{i % 6}" for i in range(languages)]}
    table = pd.DataFrame(told, index=codes)
    made = [("none", "qaa", s, 95) for s in (1, 2)] + [("mnli", "qaa", s, 95) for s in (1, 2)]
    for i, code in enumerate(codes):
        for seed in (1, 2):
            made.append(("none", code, seed, 90 - 4 * i + (-1) ** seed))
            made.append(("mnli", code, seed, 90 - 4 * i + (-1) ** seed + [3, 1, 2][i * 7 % 3]))
    return outcomes(rows(*made), "qaa"), table


def test_correlations_of_a_planted_effect() -> None:
    told, table = planted()
    found = correlations(told, table).set_index("outcome")
    assert set(found["distance"]) == {"syntactic"}  # the other one never varies
    assert found["rho"][SCORE] == pytest.approx(-1)
    assert found["firm"][SCORE]
    assert abs(found["rho"][MEAN]) < 0.5 and not found["firm"][MEAN]
    assert found["families"].unique().tolist() == [6]


def test_holm_is_within_a_target_and_a_kind_of_outcome(english: pd.DataFrame) -> None:
    told = outcomes(published_rows(), "en")
    found = correlations(told[told["target"].isin(["paws_x"])], english)
    assert found.groupby("outcome").size().unique().tolist() == [len(found["distance"].unique())]
    for outcome in (SCORE, MEAN):
        part = found[found["outcome"] == outcome].sort_values("p")
        assert part["holm"].iloc[0] == pytest.approx(min(1, part["p"].iloc[0] * len(part)))
    rest = found[~found["outcome"].isin([SCORE, MEAN])].sort_values("p")
    assert rest["holm"].iloc[0] == pytest.approx(min(1, rest["p"].iloc[0] * len(rest)))


def test_chosen_and_shown() -> None:
    told, table = planted()
    assert distance.chosen("syntactic", table) == "syntactic"
    with pytest.raises(XitError, match="unknown distance 'syntax': did you mean 'syntactic'"):
        distance.chosen("syntax", table)
    assert distance.shown(told) == ["xnli"]
    assert distance.shown(told.assign(target="uner")) == ["uner"]


# -- tables --


def test_tables() -> None:
    told, table = planted()
    found = correlations(told, table)
    text = distance_tables.correlation_table(found)
    first = text.iloc[0].to_dict()
    assert first["target"] == "XNLI" and first["outcome"] == "score without"
    assert first["rho"] == "-1.00" and first["Holm"].endswith(" *")
    assert first["smallest"] == f"{correlation.smallest(12):.2f}"
    named = table.assign(name="x", script="Latn")
    shown = distance_tables.languages_table(["l3", "l1", "zz"], named)
    assert shown["code"].tolist() == ["l3", "l1"]
    beside = distance_tables.beside({"published": found, "study toy": found[:0]})
    assert beside.loc[0, "published"] == "-1.00 (n = 12)"
    assert beside["target"].unique().tolist() == ["XNLI", "PAWS-X"]
    assert distance_tables.interval(math.nan, 1.0) == "no interval"
    assert distance_tables.interval(-1, 0.25, 1) == "-1.0 … +0.2"
