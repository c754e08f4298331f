"""What knobs do: a layout by hand, its error and its trend, and what stands beside it."""

import json
import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from xit import specs
from xit.report import ablations, complexity_plots, complexity_prose, complexity_tables, knobs
from xit.report.knobs import Pooled
from xit.report.stats import Interval
from xit.workers import Result

SEEDS = (1, 2, 3)
# changes of each seed in (source, qab, qac), against a baseline of 50 everywhere
VALUES = {
    "hellaswag": [(0, 1, 3), (0, 2, 4), (0, 3, 5)],  # means 2 3 4
    "hellaswag:facts-3": [(9, 0, 2), (9, 2, 2), (9, 2, 4)],  # 1 2 3
    "hellaswag:facts-4": [(9, 0, 0), (9, 1, 1), (9, 0, 4)],  # 0 1 2
    "hellaswag:noise-0.2": [(9, 2, 2), (9, 2, 6), (9, 1, 5)],  # 2 4 3
}
MAIN = pd.DataFrame(
    [
        {"study": "toy", "intermediate": name, "target": "xnli", "language": code, "seed": seed,
         "split": "test", "metric": "acc", "value": 50.0 + value}
        for name, seeds in (VALUES | {"none": [(0, 0, 0)] * 3}).items()
        for seed, values in zip(SEEDS, seeds, strict=True)
        for code, value in zip(("qaa", "qab", "qac"), values, strict=True)
    ]
)  # fmt: skip
CONTRAST = ablations.contrast(MAIN)
LAYOUT = knobs.layout(CONTRAST, "qaa")
FAMILY = {"qab": "one", "qac": "two"}


def test_the_layout_has_the_task_as_it_is_at_every_knob() -> None:
    facts = LAYOUT[LAYOUT["knob"] == "facts"].pivot(index="seed", columns="level", values="change")
    assert facts.columns.tolist() == [2, 3, 4]
    assert facts.to_numpy().tolist() == [[2, 1, 0], [3, 2, 1], [4, 3, 2]]
    noise = LAYOUT[LAYOUT["knob"] == "noise"]
    assert sorted(noise["level"].unique()) == [0, 0.2] and len(noise) == 6
    assert noise.loc[noise["level"] == 0.2, "place"].tolist() == [2] * 3  # of 0, 0.1, 0.2


def test_the_pooled_error_by_hand() -> None:
    """Levels 2 3 4, 1 2 3, 0 1 2 add up but for noise, 2 4 3, which is off by 0, +1, -1.

    Means of levels 3 2 1 3, of seeds 1.25 2.5 3, of all 2.25: the residuals of the first three
    levels are 0.0, -0.25, 0.25, of noise 0.0, 0.75, -0.75; 3·0.125 + 1.125 = 1.5 over 6.
    """
    error = knobs.pooled(LAYOUT)
    assert (error.df, error.seeds) == (6, 3)
    assert error.error == pytest.approx(math.sqrt(1.5 / 6))
    assert error.of_difference == pytest.approx(0.5 * math.sqrt(2 / 3))
    interval = error.around(1.0, error.of_difference)
    assert interval.high - 1.0 == pytest.approx(2.446912 * 0.5 * math.sqrt(2 / 3), abs=1e-5)
    assert error.detectable == pytest.approx((2.446912 + 0.905703) * 0.408248, abs=1e-4)


def test_effects_are_paired_by_seed_and_leave_out_the_source() -> None:
    three, four, noise = knobs.effects(CONTRAST, LAYOUT, FAMILY, "qaa").to_dict("records")
    assert [row["mean"] for row in (three, four, noise)] == pytest.approx([-1, -2, 0])
    assert four["these"] == pytest.approx(Interval(-2, -2))  # each seed loses two points
    assert four["pooled"].low < -2 < four["pooled"].high < 0
    assert four["pooled_p"] < four["adjusted"] < 0.05 < noise["adjusted"]
    assert (four["knob"], four["level"], four["seeds"]) == ("facts", 4, 3)


def test_the_trend_by_hand() -> None:
    """Every seed falls by one point a level: of 6³ ways one is as low and one as high."""
    error = knobs.pooled(LAYOUT)
    told = knobs.trend(LAYOUT[LAYOUT["knob"] == "facts"], error)
    assert (told.slope, told.p, told.levels) == (pytest.approx(-1), pytest.approx(2 / 216), 3)
    half = 2.446912 * 0.5 / math.sqrt(2 * 3)
    assert told.interval == pytest.approx((-1 - half, -1 + half), abs=1e-5)
    noise = knobs.trend(LAYOUT[LAYOUT["knob"] == "noise"], error)  # 0, +1, -1 over two places
    assert (noise.slope, noise.p, noise.levels) == (pytest.approx(0), 1.0, 2)


def test_a_trend_that_is_not_there_is_found_in_one_study_of_twenty() -> None:
    rng = np.random.default_rng(4)
    line = LAYOUT[LAYOUT["knob"] == "facts"].sort_values(["seed", "place"])
    found = 0
    for _ in range(600):
        values = rng.normal(size=9) + 5 * line["seed"].to_numpy()  # seeds differ, levels do not
        found += knobs.trend(line.assign(change=values), Pooled(1.0, 4, 3)).p < 0.05
    assert 0.025 < found / 600 < 0.075


def test_pooled_intervals_cover() -> None:
    """Of a level that changes nothing, in 95 of 100 simulated studies."""
    rng, covered = np.random.default_rng(7), 0
    shape = LAYOUT.drop_duplicates(["level", "seed", "knob"])
    for _ in range(400):
        own = dict(zip(SEEDS, rng.normal(size=3), strict=True))
        seed_effect = dict(zip(SEEDS, rng.normal(0, 3, size=3), strict=True))
        values = [
            seed_effect[s] + (own[s] if place == 0 else rng.normal())
            for s, place in zip(shape["seed"], shape["place"], strict=True)
        ]
        table = shape.assign(change=values)
        error = knobs.pooled(table)
        wide = table[table["knob"] == "facts"].pivot(index="seed", columns="place", values="change")
        covered += 0 in error.around(float((wide[2] - wide[0]).mean()), error.of_difference)
    assert 0.92 < covered / 400 < 0.98


def test_from_one_seed_there_is_no_interval() -> None:
    one = CONTRAST[CONTRAST["seed"] == 1]
    table = knobs.layout(one, "qaa")
    error = knobs.pooled(table)
    assert error.df == 0 and not error.around(1.0, 1.0).there and math.isnan(error.detectable)
    told = knobs.effects(one, table, FAMILY, "qaa")
    assert not any(x.there for x in (*told["pooled"], *told["these"]))
    assert all(math.isnan(p) for p in knobs.trends(table)["p"])
    assert complexity_tables.effects_table(told)["all levels' error"].unique().tolist() == [
        "no interval"
    ]


INFORMED = pd.DataFrame(
    {"length": [20.0, 26.0, 32.0, 20.0], "information": [1.5, 1.0, 0.2, 0.9],
     "entropy": 2.0, "null": 2.0, "conditional": [0.5, 1.0, 1.8, 1.1]},
    index=list(VALUES),
)  # fmt: skip
OBSERVED = pd.DataFrame(
    [("length", "xnli", -0.5), ("information", "xnli", 0.3), ("length", "udpos", 0.9)],
    columns=["measure", "outcome", "rho"],
)


def test_what_is_set_stands_beside_what_is_observed() -> None:
    """Facts make inputs longer by 12; longer goes with less; and four facts transfer worse."""
    told = knobs.effects(CONTRAST, LAYOUT, FAMILY, "qaa")
    facts, noise = knobs.beside(told, INFORMED, OBSERVED, OBSERVED[:0]).to_dict("records")
    assert (facts["level"], facts["measure"], facts["moved"]) == (4, "length", 12)
    assert (facts["rho"], facts["predicted"], facts["agrees"]) == (-0.5, -1, True)
    assert math.isnan(facts["printed_rho"])
    assert (noise["measure"], noise["predicted"], noise["agrees"]) == ("information", -1, None)
    other = knobs.beside(told, INFORMED, OBSERVED.assign(rho=0.5), OBSERVED)
    assert other["agrees"].tolist() == [False, None]
    table = complexity_tables.beside_table(other)
    assert table["as the correlation has it"].tolist() == ["no", "not told apart from 0"]
    assert table["published rho"].tolist() == ["-0.50", "+0.30"]
    assert table["by"].tolist() == ["+12.00", "-0.60"]
    assert table["moves"].tolist() == ["sub-words an input", "usable information (bits)"]


def test_words_about_knobs_follow_the_numbers() -> None:
    told = knobs.effects(CONTRAST, LAYOUT, FAMILY, "qaa")
    beside = knobs.beside(told, INFORMED, OBSERVED, OBSERVED)
    text = complexity_prose.set_beside(beside, told)
    assert text.startswith("Of 3 pairs of a level and a target, 1 can be told from the task as it")
    assert "facts 4 → XNLI: -2.0 points" in text
    assert "1 of 2 effects have an interval without 0; 1 of them have the sign" in text
    assert "what is observed and what is set agree in sign" in text
    against = beside.assign(agrees=pd.Series([False, None], dtype=object))
    assert "misleads about the effect" in complexity_prose.set_beside(against, told)
    nothing = beside.assign(agrees=None)
    assert "neither confirmed nor refuted" in complexity_prose.set_beside(nothing, told)
    trends = knobs.trends(LAYOUT)
    line = complexity_prose.trends(trends)
    assert line == "Trend over three levels, exact: facts → XNLI -1.0 points a level (p .009)."
    assert "no trend to test" in complexity_prose.trends(trends[trends["levels"] == 2])


def test_the_figure_has_a_row_a_level() -> None:
    told = knobs.effects(CONTRAST, LAYOUT, FAMILY, "qaa")
    figure = complexity_plots.knobs(told)
    labels = [t.get_text() for t in figure.axes[0].get_yticklabels()]
    assert labels == ["facts 3", "facts 4", "noise 0.2"]
    assert "facts 4 on XNLI -2.0" in complexity_plots.alt_knobs(told)


def test_what_has_become_of_the_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(name: str, best: float, **spec: object) -> Result:
        (tmp_path / name).mkdir()
        (tmp_path / name / "summary.json").write_text(json.dumps({"best": best}))
        told = {"task": "hellaswag", "language": "qaa", "name": name} | spec
        return Result(told, tmp_path / name, True)

    plain = [run("a", 80.0), run("b", 90.0)]
    graded = [[run("c", 40.0, knob="facts-4")], [run("d", 44.0, knob="facts-4")]]
    store = SimpleNamespace(path=lambda spec: tmp_path / spec["name"])
    monkeypatch.setattr(specs, "store", lambda: store)
    table = complexity_tables.learnt_table(graded, INFORMED, {"hellaswag": [r.spec for r in plain]})
    assert table["task"].tolist() == ["HellaSwag", "HellaSwag, facts 4"]
    assert table["development score"].tolist() == ["85.0", "42.0"]
    assert table["usable information"].tolist() == [1.5, 0.2]
