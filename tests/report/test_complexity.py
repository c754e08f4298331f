"""Measures of complexity by hand, and what is printed derived again."""

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xit import paths, tasks
from xit.report import (
    collapse,
    complexity,
    complexity_plots,
    complexity_prose,
    complexity_tables,
    published,
)
from xit.report import rank_tests as exact
from xit.report.complexity import AVERAGE, MEASURES
from xit.report.knobs import Pooled
from xit.report.section import Section
from xit.study import Study
from xit.workers import Result

NINE = ["anli_plus", "mnli", "qqp", "squad_v2", "squad_v1", "hellaswag", "ccg", "cosmos_qa",
        "commonsense_qa"]  # fmt: skip


# -- measures --


def test_usable_information_is_a_difference_of_bits() -> None:
    """Two even labels cost a bit; who gives the right one probability 1/2^0.25 pays 0.25."""
    assert complexity.usable_information(1.0, 0.25) == 0.75
    assert complexity.usable_information(1.0, 1.5) == -0.5


def test_an_online_code_by_hand() -> None:
    """Eight labels of two kinds: 4 bits uniform, then 2 and 2 bits where the uniform code has 4."""
    blocks = pd.DataFrame({"end": [4, 6, 8], "bits": [4.0, 1.0, 1.0], "uniform": [4.0, 2.0, 2.0]})
    assert complexity.online_code(blocks) == (6 / 8, 8 / 6)
    assert math.isnan(complexity.online_code(blocks[:0]).bits)


def test_the_intrinsic_dimension_by_hand() -> None:
    scores = {64: 50.0, 512: 72.0, 4096: 80.0}
    assert complexity.intrinsic_dimension(scores, 80.0) == 512  # 90% of 80 is 72
    assert complexity.intrinsic_dimension(scores, 80.0, floor=50.0) == 4096  # 50 + 90% of 30: 77
    assert complexity.intrinsic_dimension(scores, 100.0) == math.inf
    assert math.isnan(complexity.intrinsic_dimension(scores, 50.0, floor=50.0))


@given(st.dictionaries(st.integers(1, 99), st.floats(0, 100), min_size=1), st.floats(1, 100))
def test_a_lower_share_needs_no_more_dimensions(scores: dict[int, float], full: float) -> None:
    few, many = (complexity.intrinsic_dimension(scores, full, share=s) for s in (0.5, 0.9))
    assert few <= many


def test_headroom_is_not_known_without_people() -> None:
    assert complexity.headroom(80.0, 92.8) == pytest.approx(12.8)
    assert math.isnan(complexity.headroom(80.0, None))


def test_people_are_published_scores_and_in_the_lab_the_rule() -> None:
    told = complexity.people("")
    assert told["squad_v1"] == pytest.approx((91.2 + 82.3) / 2) and told["mnli"] == 92.0
    assert {"anli_plus", "ccg"}.isdisjoint(told)  # nobody has printed any
    assert set(complexity.people("lab:smoke").values()) == {100.0}
    table = complexity_tables.people_table()
    assert table["people"].tolist()[:3] == [
        "92.0 (accuracy)", "80.4 (accuracy)", "91.2 (F1), 82.3 (exact match)",
    ]  # fmt: skip
    bibliography = (paths.project() / "book/references.bib").read_text()
    assert all(f"{{{key}," in bibliography for key in published.people()["source"])


# -- published --


def test_what_the_published_numbers_give() -> None:
    """Spearman's ρ of log size: 0.28 with the printed average; facts by target to two digits.

    TyDiQA's −0.32 is that of F1 alone; with F1 and EM, as everywhere in this book, −0.33.
    """
    sizes, changes = complexity.published_measures(), complexity.published_transfer()
    assert list(sizes.index) == NINE and set(changes.index) == set(NINE)
    found = complexity.correlations(sizes, changes, ["size"]).set_index("outcome")["rho"]
    expected = {AVERAGE: 0.28, "xnli": 0.58, "paws_x": 0.27, "udpos": 0.23, "panx": -0.08,
                "bucc": 0.40, "tatoeba": 0.33, "tydiqa": -0.33}  # fmt: skip
    assert {k: round(float(found[k]), 2) for k in expected} == expected
    cells = published.table2()
    f1 = cells[(cells["target"] == "tydiqa") & (cells["metric"] == "f1") & ~cells["mlm"]]
    of_f1 = dict(zip(f1["intermediate"], f1["change"], strict=True))
    told = exact.correlation(list(sizes["size"]), [of_f1[name] for name in sizes.index])
    assert round(told.rho, 2) == -0.32
    logs = [math.log(n) for n in sizes["size"]]
    average = list(changes.loc[sizes.index, AVERAGE])
    assert exact.correlation(logs, average) == exact.correlation(list(sizes["size"]), average)
    assert not complexity.correlations(sizes, changes, ["size"])["p"].lt(0.05).any()


def test_size_within_kinds_has_72_orders() -> None:
    """3 pairs, 2 spans, 3 choices and CCG alone: 3!·2!·3!·1."""
    told = complexity.partials(complexity.published_measures(), complexity.published_transfer())
    one = told["tasks of one kind"]
    assert one.p * 72 == pytest.approx(round(one.p * 72)) and one.n == 9
    assert list(told) == ["tasks of one kind"]  # lengths are not printed


# -- a study --


CHANGE = pd.DataFrame(
    [
        {"intermediate": i, "target": t, "language": code, "seed": seed, "change": value + seed}
        for i, t, value in (
            ("mnli", "xnli", 1.0), ("qqp", "xnli", 3.0), ("ccg", "xnli", 5.0),
            ("multitask", "xnli", 50.0),
            ("mnli", "udpos", 2.0), ("qqp", "udpos", 0.0), ("ccg", "udpos", 6.0),
            ("mnli", "tatoeba", 9.0),
        )
        for code in ("qaa", "qab")
        for seed in (0, 1)
    ]
)  # fmt: skip


def test_transfer_is_the_mean_over_zero_shot_languages_and_targets_that_all_have() -> None:
    told = complexity.transfer(CHANGE.assign(change=CHANGE["change"].where(
        CHANGE["language"] != "qaa", 99.0)), "qaa")  # fmt: skip
    assert set(told.index) == {"mnli", "qqp", "ccg"}
    rows = told.to_dict("index")
    assert rows["mnli"] == {"xnli": 1.5, "udpos": 2.5, "tatoeba": 9.5, AVERAGE: 2.0}
    assert rows["ccg"][AVERAGE] == 6.0


MEASURED = pd.DataFrame(
    {
        "size": [100, 200, 300, 400],
        "length": [8.0, 7.0, 6.0, 5.0],
        "dimension": [64.0, math.inf, math.nan, 64.0],
        "kind": ["pair", "pair", "span", "span"],
        "headroom": math.nan,
    },
    index=["mnli", "qqp", "squad_v1", "squad_v2"],
)
CHANGES = pd.DataFrame(
    {"xnli": [1.0, 2.0, 3.0, 5.0], AVERAGE: [1.0, 3.0, 2.0, 4.0]}, index=MEASURED.index
)


def test_correlations_of_a_study() -> None:
    """Sizes and averages: d² = 0 1 1 0, ρ = 0.8; of 24 orders 8 reach it."""
    names = ["size", "length", "dimension"]
    found = complexity.correlations(MEASURED, CHANGES, names)
    assert found["outcome"].tolist() == [AVERAGE] * 3 + ["xnli"] * 3  # the average first
    size, length, dimension = found.to_dict("records")[:3]
    assert (size["rho"], size["p"]) == (pytest.approx(0.8), pytest.approx(8 / 24))
    assert length["rho"] == pytest.approx(-0.8)
    assert (dimension["n"], dimension["rho"]) == (3, pytest.approx(0.0))  # 64, ∞ and 64
    assert size["adjusted"] == pytest.approx(1.0) and size["adjusted"] >= size["p"]
    table = complexity_tables.correlation_table(found)
    assert table["measure"].tolist() == [MEASURES[n] for n in names]
    assert table["average"][0].startswith("+0.80 (") and table["average"][0].endswith("p .333")
    assert table["tasks"].tolist() == [4, 4, 3] and "XNLI" in table


def test_the_table_of_measures_says_what_is_not_known() -> None:
    table = complexity_tables.measures_table(MEASURED.assign(**{"d = 64": 1.0, "d = 4,096": 2.0}))
    assert table["headroom"].tolist() == ["not known"] * 4
    assert table["intrinsic dimension"].tolist() == ["64", "> 4,096", "not known", "64"]
    assert table["training rows"][0] == "100" and next(iter(table)) == "task"


def test_what_runs_have_found_becomes_a_row_a_task(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(name: str, **spec: object) -> Result:
        (tmp_path / name).mkdir()
        return Result({"seed": 1, "task": "mnli", "language": "qaa"} | spec, tmp_path / name, True)

    told = [run("a", kind="information"), run("b", kind="information", seed=2)]
    for result, cost in zip(told, (0.5, 0.7), strict=True):
        found = {"null": 1.5, "conditional": cost, "items": 9, "length": 20.0, "entropy": 1.58}
        (result.path / "information.json").write_text(json.dumps(found))
    one = complexity.informed([[r] for r in told])
    assert one.loc["mnli", "information"] == pytest.approx(0.9)
    other = run("c", kind="information", task="hellaswag", knob="facts-4")
    (other.path / "information.json").write_text(json.dumps(found))
    assert list(complexity.informed([[other]]).index) == ["hellaswag:facts-4"]

    code = run("d", kind="code_length")
    blocks = pd.DataFrame({"end": [2, 4], "items": 2, "bits": [2.0, 1.0], "uniform": [2.0, 2.0]})
    blocks.to_parquet(code.path / "code.parquet")
    expected = {"bits": 3 / 4, "compression": 4 / 3}
    assert complexity.coded([[code]]).to_dict("index")["mnli"] == expected

    monkeypatch.setattr(collapse, "trivial_on_dev", lambda spec: {spec["task"]: 30.0})
    spaces = []
    for name, d, best in (("e", None, 70.0), ("f", 8, 60.0), ("g", 64, 66.5)):
        spaces.append([run(name, kind="subspace", dimension=d)])
        (tmp_path / name / "summary.json").write_text(json.dumps({"best": best}))
    for name, d, best in (("h", None, 32.0), ("i", 8, 35.0)):  # not learnt: within the margin
        spaces.append([run(name, kind="subspace", dimension=d, task="qqp")])
        (tmp_path / name / "summary.json").write_text(json.dumps({"best": best}))
    frame = complexity.reduced(spaces, "hub")
    rows = frame.to_dict("index")
    # 30 + 90% of 40: 66; 90% of 70: 63
    assert (rows["mnli"]["dimension"], rows["mnli"]["dimension of score"]) == (64, 64)
    assert math.isnan(rows["qqp"]["dimension"]) and rows["qqp"]["dimension of score"] == 8
    assert list(frame)[-2:] == ["d = 8", "d = 64"]


def test_without_measuring_runs_the_other_measures_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(complexity, "finished", lambda section: {})
    section = cast(Section, SimpleNamespace(study=SimpleNamespace(hub="hub")))
    assert set(MEASURES) <= set(complexity.measured(section, [], [], []))


# -- in words --


def test_words_follow_the_numbers() -> None:
    found = complexity.correlations(MEASURED, CHANGES, ["size", "length"])
    text = complexity_prose.observed(found, "Study toy")
    assert "strongest rank correlation with the average change is that of training rows" in text
    assert "+0.80 (95% interval" in text and "over 4 tasks; p .333, .667 by Holm over 2" in text
    assert "Of 4 tasks none can have p < .05. After Holm none is told apart from chance." in text
    sure = found.assign(adjusted=0.01, n=9)
    assert "Told apart from chance after Holm: training rows, sub-words an input" in (
        complexity_prose.observed(sure, "x")
    )
    one = complexity_prose.observed(found[found["measure"] == "size"], "Published")
    assert "It is not told apart from chance" in one and "Holm" not in one
    assert "so no correlation can be had" in complexity_prose.observed(found[:0], "x")
    assert "from +1.00 (XNLI) to +1.00 (XNLI)" in complexity_prose.by_target(found, "x")


def test_the_size_of_a_study_that_would_see_the_published_correlation() -> None:
    """ρ 0.5: (1.96 + 0.84)² · 1.125 / 0.5493² = 29.3, and three more."""
    assert complexity_prose.tasks_needed(0.5) == 33
    assert complexity_prose.tasks_needed(-0.5) == 33
    assert complexity_prose.tasks_needed(0.28) > 90


def test_power_in_words() -> None:
    text = complexity_prose.power(9, {"xnli": Pooled(2.0, 10, 3)})
    assert "p < .05 takes |ρ| of 0.70 or more" in text and "four times of five from 0.8" in text
    assert "standard error of 2.0 points (10 degrees of freedom); with 3 seeds" in text
    assert "no correlation, however strong" in complexity_prose.power(4, {})
    one = complexity_prose.power(9, {"xnli": Pooled(math.nan, 0, 1)})
    assert "nothing can be said of a knob" in one


def test_the_plan_counts_runs_and_updates() -> None:
    """CCG alone: 48 rows in batches of 24 for 15 epochs are 30 updates; and so on over nine."""
    told = {"code_examples": 48, "dimensions": [8, 64], "subspace_examples": 480}
    study = cast(Study, SimpleNamespace(ablations={"complexity": told}))
    rows = complexity_prose.plan(study).set_index("what")
    every = tasks.INTERMEDIATE.values()
    nine = [t for t in every if t.name != tasks.MULTITASK and not t.like]
    assert rows.loc["usable information", "runs"] == 9
    updates = sum(48 / t.batch_size * t.epochs for t in nine)
    assert rows.loc["online code", "updates"] == pytest.approx(updates)
    assert rows.loc["random subspaces", "runs"] == 27
    assert rows.loc["random subspaces", "updates"] == pytest.approx(30 * updates)
    text = complexity_prose.needs(0.28, rows.reset_index())
    assert "45 runs on XLM-R large" in text and "takes 10" in text


# -- figures --


def test_a_panel_a_measure_the_published_first() -> None:
    printed = pd.DataFrame(
        {"size": [9, 8, 7], "kind": "pair", AVERAGE: [1.0, 2.0, 3.0]}, index=["a", "b", "c"]
    )
    shown = complexity_plots.panels(MEASURED, CHANGES, printed)
    told = [(study, name) for study, name, _ in shown]
    expected = [("published", "size"), ("this study", "size"), ("this study", "length"),
                ("this study", "dimension")]  # fmt: skip
    assert told == expected
    figure = complexity_plots.scatters(shown)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["published: ρ -1.00", "this study: ρ +0.80", "this study: ρ -0.80",
                      "this study: ρ +0.00"]  # fmt: skip
    assert "published, training rows: ρ -1.00 (3 tasks)" in complexity_plots.alt_scatters(shown)
    points = np.asarray(figure.axes[3].collections[0].get_offsets())
    assert sorted(points[:, 0].tolist()) == [64.0, 256.0]  # mnli, and qqp beyond the line


def test_the_intrinsic_dimension_is_told_from_the_rows_used_now() -> None:
    row = {"outcome": complexity.AVERAGE, "measure": "dimension", "rho": 0.4, "n": 8, "p": 0.31}
    text = complexity_prose.of_dimension(pd.DataFrame([row]))
    assert "is +0.40 over 8 tasks" in text
    none = pd.DataFrame([row | {"rho": math.nan}])
    assert "No correlation" in complexity_prose.of_dimension(none)
