"""Length and noise: areas, slopes and differences by hand, and what the page says of them."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pandas as pd
import pytest

from tests.toys import toy_study
from xit import study as studies
from xit.errors import XitError
from xit.report import noisy_runs, robustness, stats
from xit.report import robustness_plots as plots
from xit.report import robustness_tables as show
from xit.report import robustness_words as words
from xit.report.robustness import Found, Question
from xit.report.section import Section
from xit.report.stats import Effect, Interval
from xit.workers import Result

RATES = (0.0, 0.1, 0.3)
VALUES = {
    # intermediate → seed → scores at RATES in (qab, qac)
    "none": {1: ((50, 40, 20), (30, 20, 0)), 2: ((50, 40, 20), (30, 20, 0))},
    "squad_v1#24": {1: ((60, 50, 30), (40, 30, 10)), 2: ((64, 54, 34), (40, 30, 10))},
    "squad_v1#64": {1: ((60, 55, 45), (40, 35, 25)), 2: ((64, 58, 46), (40, 34, 22))},
}
SCORES = pd.DataFrame(
    [
        {"intermediate": name, "target": "xnli", "language": code, "seed": seed,
         "kind": "mixed" if rate else "clean", "rate": rate, "value": float(value)}
        for name, seeds in VALUES.items()
        for seed, languages in seeds.items()
        for code, values in zip(("qab", "qac"), languages, strict=True)
        for rate, value in zip(RATES, values, strict=True)
    ]
)  # fmt: skip
FAMILIES = {"qab": "A", "qac": "B"}
TOLD = robustness.measures(SCORES)
LENGTH = Question("length", "squad_v1#24", "squad_v1#64")


def test_area_slope_and_their_share_of_the_clean_score() -> None:
    row = TOLD.query("intermediate == 'none' and language == 'qab' and seed == 1").iloc[0]
    # trapezoids: 0.1 × 45 + 0.2 × 30 = 10.5, over 0.3
    assert row["area"] == pytest.approx(35)
    assert row["slope"] == pytest.approx(-10)  # 10 points for every 10% of words
    assert row["clean"] == 50
    assert row["kept"] == pytest.approx(100 * 35 / 40)  # 40: the mean over both languages
    assert row["steepness"] == pytest.approx(100 * -10 / 40)
    bent = SCORES[SCORES.intermediate == "none"].assign(value=[10, 0, 0] * 4)
    # rates 0, 0.1, 0.3 about their mean 2/15: Σ(x·y) / Σx² = (-4/3) / (7/150), times 0.1
    assert robustness.measures(bent)["slope"].to_list() == pytest.approx([-20 / 7] * 4)
    assert robustness.measures(bent)["area"].to_list() == pytest.approx([100 * 0.005 / 0.3] * 4)


def test_a_curve_that_is_not_whole_is_refused() -> None:
    with pytest.raises(XitError, match="squad_v1#64 xnli qac 2: not scored at every rate"):
        robustness.measures(SCORES.iloc[:-1])
    with pytest.raises(XitError, match=r"rates of noise \[0.0\]: expected 0 and at least one more"):
        robustness.measures(SCORES[SCORES.rate == 0])


def test_what_can_be_asked() -> None:
    names = ["squad_v1#64", "squad_v1", "squad_v1#24", "squad_v1#32", "squad_v2#24",
             "squad_v1+smooth", "squad_v1#32+smooth", "mnli+smooth"]  # fmt: skip
    told = [(q.name, q.one, q.other) for q in robustness.questions(names)]
    assert told == [
        ("length", "squad_v1#24", "squad_v1#64"),
        ("smoothing", "squad_v1", "squad_v1+smooth"),
        ("smoothing", "squad_v1#32", "squad_v1#32+smooth"),
    ]


def test_the_interaction_is_a_difference_of_slopes() -> None:
    """#24 loses 10 points for every 10% everywhere; #64 5 with seed 1 and 6 with seed 2."""
    found = {f.measure: f for f in robustness.effects(TOLD, [LENGTH], FAMILIES)}
    slope = found["slope"].effect
    assert slope.mean == pytest.approx(4.5)
    # seeds 5 and 4: t(0.975, 1) = 12.706, standard error 0.5
    assert slope.these.low == pytest.approx(4.5 - 12.706 * 0.5, abs=1e-3)
    assert slope.p == pytest.approx(found["slope"].p)  # one target: nothing to adjust
    assert found["clean"].effect.mean == 0
    # in qab 45 and 52.5 with seed 1, 49 and 55 with seed 2
    assert found["area"].effect.mean == pytest.approx((7.5 + 6) / 2)
    noise = robustness.of_noise(TOLD, "none", FAMILIES)
    # both seeds have the same scores: one model, so no interval
    assert noise["xnli"].mean == pytest.approx(-10) and not noise["xnli"].these.there
    other = robustness.of_noise(TOLD, "squad_v1#64", FAMILIES)["xnli"]
    assert other.mean == pytest.approx(-5.5) and other.these.there
    assert show.signed(-0.001) == "+0.00"


def test_holm_is_over_the_targets() -> None:
    two = pd.concat([TOLD, TOLD.assign(target="udpos")])
    found = [f for f in robustness.effects(two, [LENGTH], FAMILIES) if f.measure == "slope"]
    assert [f.target for f in found] == ["xnli", "udpos"]
    assert all(f.p == pytest.approx(2 * f.effect.p) for f in found)


def test_losses_by_kind() -> None:
    more = SCORES[SCORES.rate == 0.3].assign(kind="swap")
    more["value"] -= 1.0
    both = pd.concat([SCORES, more])
    lost = robustness.losses(both[both.intermediate == "none"], 0.3)
    assert set(zip(lost["kind"], lost["change"], strict=True)) == {
        ("mixed", -30.0),
        ("swap", -31.0),
    }
    told = robustness.of_kinds(lost, FAMILIES, "mixed").set_index("kind")
    assert told["mean"].to_dict() == {"mixed": -30.0, "swap": -31.0}
    assert np.isnan(told["p"]["mixed"]) and told["p"]["swap"] == 0  # the same everywhere
    assert (told["more"]["swap"], told["more low"]["swap"]) == (-1, -1)
    assert robustness.curve(both, "mixed").equals(SCORES)
    table = show.kinds(robustness.of_kinds(lost, FAMILIES, "mixed"), "mixed")
    assert table.to_numpy().tolist()[0] == ["swap", "-31.0", "-31.0 … -31.0", "-1.0",
                                            "-1.0 … -1.0", "0.000"]  # fmt: skip
    text = words.kinds(robustness.of_kinds(lost, FAMILIES, "mixed"), "mixed", "xnli")
    assert "XNLI swap costs most (-31.0) and mixed least" in text
    assert text.endswith("Different from mixed, paired and after Holm: swap (-1.0).")


def _found(measure: str, mean: float, these: tuple, p: float) -> Found:
    ends = Interval(*these)
    effect = Effect(mean, ends, Interval(), ends, p, 0.5, 3, 2, 2)
    return Found(LENGTH, "xnli", measure, effect, p, 1.0)


SEEN, NOT, NONE = (0.5, 1.5), (-0.5, 1.5), (float("nan"),) * 2


@pytest.mark.parametrize(
    ("slope", "steepness", "expected"),
    [
        ((1.0, SEEN, 0.01), (1.0, SEEN, 0.01), "more robust"),
        ((-1.0, (-1.5, -0.5), 0.01), (-1.0, (-1.5, -0.5), 0.01), "less robust"),
        ((1.0, SEEN, 0.01), (1.0, NOT, 0.2), "seen in points only"),
        ((1.0, SEEN, 0.06), (1.0, SEEN, 0.04), "seen in per cent of the clean score only"),
        ((1.0, SEEN, 0.01), (-1.0, (-1.5, -0.5), 0.01), "with different signs"),
        ((0.5, NOT, 0.2), (0.5, NOT, 0.2), "no difference seen"),
        ((0.5, NONE, float("nan")), (0.5, NONE, float("nan")), "no interval"),
    ],
)
def test_verdicts(slope: tuple, steepness: tuple, expected: str) -> None:
    told = words.verdict(_found("slope", *slope), _found("steepness", *steepness))
    assert expected in told


def test_words_are_what_the_numbers_are() -> None:
    found = robustness.effects(TOLD, [LENGTH], FAMILIES)
    text = words.effects(found)
    assert "SQuAD v1.1: 64 tokens against 24 → XNLI: no difference seen." in text
    assert "the loss is 4.50 points smaller" in text
    told = words.noise(SCORES, robustness.of_noise(TOLD, "none", FAMILIES))
    assert "XNLI goes from 40.0 to 10.0 at 30% of words: -10.00 points for every 10%" in told
    assert "no two lengths" in words.effects([])
    needed = robustness.seeds_for(TOLD, LENGTH, FAMILIES, 4.5)
    assert "XNLI 3" in words.seeds(4.5, needed)  # standard error √(0.5/3) of 4.5


def test_tables_and_figures() -> None:
    found = robustness.effects(TOLD, [LENGTH], FAMILIES)
    table = show.effects(found)
    assert list(table["measure"]) == list(robustness.MEASURES.values())
    assert table["difference"][2] == "+4.50"
    curves = show.curves(SCORES, TOLD).set_index("after")
    assert curves["clean"]["squad_v1#24" and "SQuAD v1.1, 24 tokens"] == "51.0 (50.0 … 52.0)"
    assert curves["30% of words"]["no intermediate task"] == "10.0 (10.0 … 10.0)"
    assert len(plots.noise_curves(SCORES).axes) == 1
    assert "after no intermediate task 40.0 to 10.0" in plots.alt_noise_curves(SCORES)
    assert len(plots.differences(found).axes) == 2
    assert "+4.50 (-1.85 to +10.85)" in plots.alt_differences(found)
    with pytest.raises(ValueError, match="no effects"):
        plots.differences([])


# -- from runs --


def _scored(place: Path, kind: str, rate: float, value: float, counts: dict) -> Result:
    place.mkdir()
    frame = pd.DataFrame([{"language": "qab", "split": "test", "metric": m, "value": value}
                          for m in ("acc", "other")])  # fmt: skip
    frame.to_parquet(place / "scores.parquet")
    (place / "data.json").write_text(json.dumps({"qab": counts}))
    noise = {"kind": kind, "rate": rate, "seed": 1} if rate else None
    where = {"after": "none", "seed": 1}
    return Result({"kind": "scores", "task": "xnli", "noise": noise, "where": where}, place, True)


def test_scores_and_sub_words_are_those_of_the_runs(tmp_path: Path) -> None:
    counts = {"words": 10, "words changed": 3, "pieces": 24, "pieces without noise": 15,
              "truncated": 2}  # fmt: skip
    chain = [_scored(tmp_path / "a", "", 0, 70.0, {"read": 1}),
             _scored(tmp_path / "b", "swap", 0.3, 60.0, counts)]  # fmt: skip
    study = cast(studies.Study, SimpleNamespace(name="toy", retrieval_layer=1))
    frame = noisy_runs.scores([chain, chain], study)  # twice in the chains, once in the frame
    told = frame[["kind", "rate", "metric", "value", "intermediate"]].to_numpy().tolist()
    assert told == [["clean", 0.0, "acc", 70.0, "none"], ["swap", 0.3, "acc", 60.0, "none"]]
    languages = pd.DataFrame({"script": {"qaa": "Latn", "qab": "Geor"}})
    tables = show.pieces(noisy_runs.pieces([chain]), ["xnli"], languages)
    assert list(tables) == ["XNLI"]
    table = tables["XNLI"]
    assert table.to_dict("records") == [
        {"language": "qab", "script": "Geor", "clean": 1.5, "swap, 30%": 2.4,
         "words changed (%)": 30.0, "inputs cut": 2}
    ]  # fmt: skip
    assert "+60% (qab) to +60% (qab)" in words.pieces(table, "swap, 30%")
    assert words.pieces(table, "drop, 30%") == ""


def test_inputs_are_those_of_the_runs(tmp_path: Path) -> None:
    chains = []
    for name, rows, extra in (
        ("24", 6, {"length": 24}),
        ("plain", 4, {}),
        ("64", 2, {"length": 64}),
    ):
        place = tmp_path / name
        place.mkdir()
        counts = {"windows": rows} | ({"rows made": rows, "tokens": 130, "tokens wanted": 128}
                                      if extra else {})  # fmt: skip
        (place / "data.json").write_text(json.dumps({"encoding": counts}))
        (place / "summary.json").write_text(json.dumps({"steps": 5, "best": 90.0 - rows}))
        chains.append([Result({"task": "squad_v1", "seed": 1} | extra, place, True)])
    frame = noisy_runs.inputs(chains)
    assert frame["tokens"].to_list() == [130, 128, 130]  # the plain task has what the others want
    assert frame["length"].to_list() == pytest.approx([130 / 6, 32, 65])
    table = show.inputs(frame)
    assert table.iloc[1].to_list() == ["SQuAD v1.1", "4", 32.0, "128", "5", "86.0 (86.0 … 86.0)"]
    text = words.inputs(frame)
    assert "inputs of 24 tokens ask 6 questions" in text and "64 tokens 2 with 88.0" in text


def test_every_model_is_scored_at_every_rate_and_kinds_once(tmp_path: Path) -> None:
    with toy_study(tmp_path) as toy:
        told: dict = {"study": "toy", "hub": None, "variants": ["squad_v1#24"]}
        told |= {"targets": ["udpos", "xquad"], "rates": [0.3, 0.1], "kind": "mixed"}
        told |= {"kinds": ["swap"], "noise_seed": 1, "seed": 1, "num_seeds": 2}
        section = Section("length_noise", **told)
        own = section.variant_chains()
        assert len(own) == 2 and own[0][0]["length"] == 24
        trained = [[Result(chain[0], Path("x"), True)] for chain in own]
        chains = noisy_runs.wanted(section, trained)
        assert [c[-1]["task"] for c in chains] == ["udpos"] * 4 + ["xquad"] * 4 + ["udpos"] * 2
        levels: dict[tuple, list] = {}
        for chain in chains:
            noises = [s["noise"] for s in chain[1:]]
            rates = [(n["kind"], n["rate"]) if n else None for n in noises]
            levels.setdefault((chain[-1]["task"], chain[-1]["where"]["after"]), []).append(rates)
        curve = [None, ("mixed", 0.1), ("mixed", 0.3)]
        assert levels["udpos", "none"] == [curve] * 2 + [[None, ("swap", 0.3)]] * 2
        assert levels["xquad", "none"] == levels["udpos", "squad_v1#24"] == [curve] * 2
        assert toy.num_seeds == 2


def test_what_the_paper_would_need_is_counted() -> None:
    table = show.paper_scale().set_index("")["study paper"]
    # 3 variants that the study has not, 3 seeds; 3 targets that are trained; 5 models × 4 rates ×
    # 4 targets and 5 kinds
    assert table["intermediate trainings"].startswith("9 ")
    assert table["target trainings"] == "27"
    assert table["scoring runs"] == str(3 * (5 * 4 * 4 + 5))
    assert "87,599 × 3" in table.to_list()
    assert len(show.printed()) == 3
    assert stats.holm([0.01]) == [0.01]


def test_what_would_refute_that_length_helps() -> None:
    """Slope 4.5 ± 6.35 points with two seeds: an interval 12.71 wide, nothing shown."""
    text = words.refuting(robustness.effects(TOLD, [LENGTH], FAMILIES))
    assert "*less robust* would refute it, 0 of 1 targets; *more robust* bears it out, 0." in text
    assert "12.71 to 12.71 points wide" in text
    assert "Nothing is compared" in words.refuting([])
