"""Sentences on distance: each number from its table, each claim only where it is borne out."""

import math

import pandas as pd

from xit import paths, study, tasks
from xit.report import correlation, gap
from xit.report import distance_prose as words
from xit.report.distance import MEAN, SCORE
from xit.report.typology import OVERLAP, SCRIPT


def found(
    rho: float, low: float, high: float, holm: float, firm: bool, count: int = 14
) -> pd.DataFrame:
    columns = ["target", "outcome", "distance", "rho", "low", "high", "p", "languages", "families",
               "holm", "firm"]  # fmt: skip
    rows = [
        ("xnli", outcome, "syntactic", rho, low, high, holm / 2, count, 7, holm, firm)
        for outcome in (SCORE, MEAN)
    ]
    return pd.DataFrame(rows, columns=columns)


def test_a_firm_correlation_has_a_direction() -> None:
    text = words.hypotheses(found(-0.87, -1.0, -0.4, 0.002, True), "Published")
    assert "H1, XNLI: ρ = -0.87 over 14 languages of 7 families (95% interval -1.00 … -0.40" in text
    assert text.count("it falls with distance") == 2
    assert "the numbers bear out H1 on 1 of 1 and H2 on 1 of 1 targets" in text
    assert "it rises" in words.hypotheses(found(0.7, 0.2, 0.9, 0.01, True), "x")


def test_what_is_not_firm_is_not_told_apart_and_the_power_is_said() -> None:
    text = words.hypotheses(found(-0.1, -0.8, 0.5, 0.9, False), "Published")
    assert "falls" not in text and "rises" not in text
    assert "H1 on 0 of 1 and H2 on 0 of 1 targets" in text
    assert "not told apart from none" in text and f"{correlation.smallest(14):.2f}" in text
    nothing = words.hypotheses(found(math.nan, math.nan, math.nan, math.nan, False, 2), "x")
    assert "no correlation can be told from 2 languages" in nothing
    other = found(-0.9, -1, -0.5, 0.01, True).assign(target="panx")
    assert "neither XNLI nor PAWS-X" in words.hypotheses(other, "Study x")


def test_how_many_are_firm() -> None:
    text = words.beyond(found(-0.87, -1.0, -0.4, 0.002, True))
    assert (
        "1 of 1 correlations of the score without a task are firm: XNLI with syntactic -0.87"
        in text
    )
    none = words.beyond(found(-0.1, -0.8, 0.5, 0.9, False))
    assert "0 of 1 correlations of the mean change are firm." in none


def test_slopes() -> None:
    rows = [("xnli", SCORE, -2.5, -4.4, -0.6), ("xnli", MEAN, 0.1, -0.4, 0.5)]
    told = pd.DataFrame(rows, columns=["target", "outcome", "value", "low", "high"])
    text = words.slopes(told)
    assert "on 1 of 1 targets: XNLI -2.5 (95% interval -4.4 … -0.6)" in text
    assert "on 0 of 1 targets. On XNLI it is +0.1 points (95% interval -0.4 … +0.5)." in text


def test_all_distances_together() -> None:
    assert "too few languages" in words.together(None, "x")
    rows = [("syntactic", -0.3, -0.5, -0.1, 2.3), ("genetic", 0.0, -0.2, 0.2, 1.6)]
    told = pd.DataFrame(rows, columns=["distance", "value", "low", "high", "inflation"])
    told = told.assign(outcome=SCORE, languages=39, families=14)
    text = words.together(told, "Published")
    assert "told apart from 0 are syntactic -0.30" in text and "genetic" not in text
    assert text.endswith("inflates the variance of syntactic by 2.3.")
    assert "none is told apart from 0" in words.together(told[1:], "x")


def test_coefficients() -> None:
    columns = ["outcome", "target", "property", "value", "low", "high", "holm", "df", "together",
               "smallest"]  # fmt: skip
    rows = [(SCORE, "xnli", "case", -14.0, -19.7, -8.3, 0.009, 5, True, 7.7),
            (MEAN, "xnli", "case", 5.2, -1.0, 11.4, 0.6, 5, True, 8.4)]  # fmt: skip
    text = words.coefficients(pd.DataFrame(rows, columns=columns), "Study x")
    assert "within a target, 1 of 1: case -14.0 points on XNLI (95% interval -19.7 … -8.3)." in text
    assert "coefficients of the mean change: told apart" in text and "0 of 1." in text
    assert "7.7 points (score) or 8.4 (change)" in text
    assert "too few languages" in words.coefficients(pd.DataFrame(columns=columns), "x")


def gaps(direction: str, seeds: int = 3) -> pd.DataFrame:
    row = {"intermediate": "mnli", "target": "xnli", "d_source": 1.0, "d_others": 5.0,
           "d_gap": -4.0, "low": -4.5, "high": -3.5, "seeds": seeds,
           "direction": direction}  # fmt: skip
    return pd.DataFrame([row | {"intermediate": "none"}, row])


def test_gaps() -> None:
    means = pd.DataFrame(
        [{"intermediate": "mnli", "d_gap": -4.0, "low": -4.5, "high": -3.5, "holm": 0.01}]
    )
    text = words.gaps(gaps(gap.SHRINKS), means, "Study x")
    assert "smaller after the task in 1 of 1 cells (-4.0 points on average)" in text
    assert "1 shrink and 0 widen; of 0 it cannot be told" in text
    assert "told apart from 0 for 1 of 1 tasks (Holm over the tasks): MNLI -4.0" in text
    loose = words.gaps(gaps(gap.UNCLEAR), means.assign(holm=0.2), "Study x")
    assert "0 shrink and 0 widen; of 1 it cannot be told" in loose and "for 0 of 1 tasks" in loose
    one = words.gaps(gaps(gap.ONE_RUN, 1), means[:0], "Published")
    assert one.endswith("no test. ") and "shrink" not in one
    assert "no target is scored" in words.gaps(gaps("")[:1], means[:0], "x")


def test_what_the_paper_scale_study_needs() -> None:
    """Every task, and every trained target after each of them and after none, three seeds each."""
    paper = study.parse(paths.project() / "notebooks" / "studies" / "paper.yaml")
    text = words.needs()
    before = 3 * len(paper.intermediate)
    own = [t for t in paper.targets if tasks.target(t).train and not tasks.target(t).model_of]
    after = 3 * (1 + len(paper.intermediate)) * len(own)
    assert f"{before + after} trainings ({before} intermediate, {after} on targets)" in text
    assert "not counted: Multi-task" in text
    assert f"|ρ| = 0.3: {correlation.needed(0.3):,.0f}" in text
    assert "XNLI has 14, XTREME-R altogether 49." in text


def test_overlap() -> None:
    shares = pd.DataFrame(
        {"types": 0.5, "tokens": [1.0, 0.4, 0.6, 0.2], OVERLAP: 0.5}, index=["en", "de", "nl", "ru"]
    )
    table = pd.DataFrame({SCRIPT: [0.0, 0.0, 0.0, 1.0]}, index=shares.index)
    text = words.overlap(shares, table, "en")
    assert "In the source's script (2 languages) 40 to 60%" in text
    assert "In another script (1 language) 20%" in text
    assert "not known" in words.overlap(shares[:1], table, "en")


def test_what_refutes_falling_with_distance() -> None:
    against = words.refuting(found(0.9, 0.5, 1.0, 0.01, True), "x")
    assert "2 of 2 correlations are firm and rise" in against and "|ρ|" not in against
    loose = words.refuting(found(-0.1, -0.8, 0.5, 0.9, False), "x")
    assert "0 of 2 correlations are firm and rise" in loose and "2 are not firm" in loose
    assert f"|ρ| = {correlation.smallest(14):.2f} and beyond" in loose
    nothing = found(math.nan, math.nan, math.nan, math.nan, False, 2)
    assert "no correlation" in words.refuting(nothing, "x")
