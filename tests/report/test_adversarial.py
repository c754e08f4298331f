"""The page on adversaries: hand-made scores and probes; effects, tables and words by hand."""

import math
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pandas as pd
import pytest

from xit.report import adversarial, adversarial_plots, stats
from xit.report import adversarial_tables as tables
from xit.report import adversarial_words as words
from xit.report.adversarial import Told
from xit.report.section import Section

VALUES = {
    # intermediate → seed → accuracy in (qab, qac)
    "none": {1: (50, 40), 2: (52, 44), 3: (51, 42)},
    "mnli": {1: (55, 45), 2: (54, 44), 3: (55, 44)},  # +5 +5, +2 0, +4 +2
    "mnli+adv": {1: (58, 47), 2: (57, 46), 3: (58, 46)},  # +3 +2, +3 +2, +3 +2 over the task
    "mnli+adv1*0.5": {1: (50, 40), 2: (54, 45), 3: (55, 44)},
}
LAYERS = {"mnli+adv": 2, "mnli+adv1*0.5": 1}


def scores(target: str = "xnli", metric: str = "acc", plus: float = 0.0) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"study": "toy", "intermediate": name, "target": target, "language": code,
             "seed": seed, "split": "test", "metric": metric,
             "value": float(value) + plus * ("+" in name)}
            for name, seeds in VALUES.items()
            for seed, values in seeds.items()
            for code, value in zip(("qab", "qac"), values, strict=True)
        ]
    )  # fmt: skip


def probes() -> pd.DataFrame:
    """Of three layers, 60% before, 62% after the task; seed 1 loses 10, seed 2 twice that, seed 3
    thrice on the discriminator's own layer."""
    rows = []
    for name, how in (
        ("none", "before"),
        ("mnli", "standard"),
        *((n, "adversarial") for n in LAYERS),
    ):
        for seed in (1,) if name == "none" else (1, 2, 3):
            for layer in (0, 1, 2):
                lost = 10 * seed * (LAYERS.get(name) == layer)
                told = {"intermediate": name, "how": how, "seed": seed, "layer": layer}
                for code, value in (("qab", 60.0), ("qac", 60.0)):
                    value = value + 2 * (name != "none") - lost
                    rows.append(told | {"language": code, "metric": "acc", "value": value})
                rows.append(told | {"language": "", "metric": "between", "value": 20.0 - layer})
    return pd.DataFrame(rows)


def main() -> list[Told]:
    frame = adversarial.contrast(scores())
    return adversarial.effects(frame[frame["intermediate"] == "mnli+adv"], {})


# -- frames --


def test_the_effect_is_against_the_task_alone() -> None:
    [one] = main()
    assert (one.intermediate, one.target) == ("mnli+adv", "xnli")
    assert (one.standard, one.adversarial) == (3.0, 5.5)
    assert one.effect.mean == 2.5 and one.seeds == [2.5, 2.5, 2.5]
    assert one.effect.improved == 1.0
    assert one.detectable == 0.0 and one.for_one == 2  # seeds that all agree


def test_all_cells_are_one_family_of_tests() -> None:
    frame = adversarial.contrast(pd.concat([scores(), scores("udpos", "f1")]))
    frame = frame[frame["intermediate"] == "mnli+adv1*0.5"]
    both = adversarial.effects(frame, {})
    assert [one.target for one in both] == ["xnli", "udpos"]
    [alone] = adversarial.effects(frame[frame["target"] == "xnli"], {})
    assert alone.holm == pytest.approx(alone.effect.p)
    assert both[0].holm == pytest.approx(2 * alone.effect.p)
    assert both[0].detectable == alone.detectable == alone.strict < both[0].strict


def test_a_metric_that_only_some_targets_have() -> None:
    both = pd.concat([scores(), scores("tatoeba"), scores("tatoeba", "acc_centred", plus=1.0)])
    told = adversarial.contrast(both, "acc_centred")
    assert set(told["target"]) == {"tatoeba"}
    assert told.loc[told["intermediate"] == "mnli+adv", "difference"].mean() == 3.5
    assert not len(adversarial.contrast(scores(), "acc_centred"))


def test_probes_are_compared_on_the_discriminators_layer() -> None:
    frame = adversarial.probe_contrast(probes(), LAYERS)
    first, second = adversarial.effects(frame, {})
    assert (first.intermediate, second.intermediate) == tuple(LAYERS)
    assert (first.standard, first.adversarial, first.seeds) == (62.0, 42.0, [-10, -20, -30])
    assert second.effect.mean == -20
    only = adversarial.probe_contrast(probes(), {"mnli+adv": 0})
    assert (only["difference"] == 0).all() and len(only) == 6
    assert adversarial.chance(probes()) == 50


def test_items_are_those_of_the_task_alone_and_of_the_variant(tmp_path: Path) -> None:
    """Four sentences a language; in seed 1 two more are right, in seed 2 one more, another less."""
    right = {"mnli": {1: [1, 0, 0, 0], 2: [1, 1, 0, 0]}, "mnli+adv": {1: [1, 1, 1, 0],
                                                                     2: [0, 1, 1, 0]}}  # fmt: skip
    for name, seeds in right.items():
        for seed, told_ in seeds.items():
            place = tmp_path / f"{name}-{seed}"
            place.mkdir()
            rows = {"language": "qab", "row": range(4), "right": map(float, told_)}
            pd.DataFrame(
                {k: list(v) if k != "language" else v for k, v in rows.items()}
            ).to_parquet(place / "items.parquet")
    finished = [
        [SimpleNamespace(path=tmp_path / f"mnli+adv-{s}", spec={"task": "xnli", "where": {
            "after": "mnli+adv", "seed": s}})] for s in (1, 2)
    ]  # fmt: skip
    lines = [{"run": f"mnli-{s}", "kind": "scores", "task": "xnli", "seed": s} for s in (1, 2)]
    told_section = SimpleNamespace(study=SimpleNamespace(retrieval_layer=2),
                                   records=lambda *_: {"mnli": {"runs": lines}})  # fmt: skip
    cells = [("mnli+adv", "mnli", "xnli", "qab", s, d) for s, d in ((1, 50.0), (2, 0.0))]
    columns = ["intermediate", "task", "target", "language", "seed", "difference"]
    frame = pd.DataFrame(cells, columns=columns).assign(without=0.0, **{"with": 0.0})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(adversarial.specs, "store", lambda: SimpleNamespace(root=tmp_path))
        found = adversarial.items(told_section, finished, frame)  # type: ignore[arg-type]
    [(cell, by_language)] = found.items()
    assert cell == ("mnli+adv", "xnli")
    assert by_language["qab"].tolist() == [[0, 100, 100, 0], [-100, 0, 100, 0]]
    [one] = adversarial.effects(frame, {}, found)
    [alone] = adversarial.effects(frame, {})
    assert one.effect.mean == alone.effect.mean == 25
    assert one.effect.these != alone.effect.these and one.detectable != alone.detectable


def test_how_much_of_the_language_is_gone() -> None:
    """Of 12 points above chance, 6; none where there was none to lose."""
    assert adversarial.removed(62, 56, 50) == 50
    assert adversarial.removed(62, 50, 50) == 100
    assert math.isnan(adversarial.removed(50, 40, 50))


def test_distance_needs_languages() -> None:
    frame = adversarial.contrast(scores())
    study = SimpleNamespace(hub="nowhere")
    with pytest.MonkeyPatch.context() as patch:
        known = pd.DataFrame({"syntactic": [0.1, 0.2, 0.3, 0.4]}, index=list("abcd"))
        patch.setattr(adversarial, "_typology", lambda _: known)
        assert not len(adversarial.by_distance(frame, study))  # type: ignore[arg-type]
        rows = [
            ("mnli+adv", "xnli", code, 1, gain)
            for code, gain in zip("abcd", (4, 3, 2, 1), strict=True)
        ]
        told = pd.DataFrame(rows, columns=["intermediate", "target", "language", "seed",
                                           "difference"])  # fmt: skip
        [row] = adversarial.by_distance(told, study).to_dict("records")  # type: ignore[arg-type]
        assert (row["rho"], row["languages"]) == (-1.0, 4)
        text = words.distances(pd.DataFrame([row]))
        assert "(4 languages): MNLI + adversary → XNLI -1.00" in text


def section(**parameters: object) -> Section:
    told = {"variants": list(LAYERS), "targets": ["xnli"], "ablated_targets": ["tatoeba"]}
    study = SimpleNamespace(opposition=lambda layer: {"layer": 2 if layer is None else layer})
    return cast(Section, SimpleNamespace(parameters=told | parameters, study=study,
                                         seeds=lambda: [1, 2]))  # fmt: skip


def test_layers_are_the_variants_or_the_pages_or_the_studys() -> None:
    assert adversarial.layers(section()) == LAYERS
    assert adversarial.layers(section(adversary_layer=0)) == {"mnli+adv": 0, "mnli+adv1*0.5": 1}
    assert adversarial.is_main("mnli+adv") and not adversarial.is_main("mnli+adv*1")


def test_ablated_variants_have_their_own_targets(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple] = []

    def targets(study: object, name: str, wanted: list, seeds: list, parents: list) -> list:
        told.append((name, wanted, seeds, parents))
        return [[]]

    monkeypatch.setattr(adversarial.chains, "targets", targets)
    monkeypatch.setattr(adversarial.specs, "parent_of", lambda spec: spec["name"])
    trained = [[SimpleNamespace(spec={"name": n})] for n in "abcd"]
    made = adversarial.chains_after(section(), trained)  # type: ignore[arg-type]
    assert len(made) == 2
    assert told == [
        ("mnli+adv", ["xnli"], [1, 2], ["a", "b"]),
        ("mnli+adv1*0.5", ["tatoeba"], [1, 2], ["c", "d"]),
    ]


# -- words and tables --


def told(
    mean: float, low: float, high: float, p: float = 0.01, target: str = "xnli", one: float = 9.0
) -> Told:
    these = stats.Interval(low, high)
    effect = stats.Effect(mean, these, these, these, p, 0.5, 3, 2, 2)
    return Told("mnli+adv", target, 62.0, 62.0 + mean, effect, p, one, 20.0, [mean] * 3, 12)


NONE = told(1.0, math.nan, math.nan, math.nan)


def test_verdicts_follow_the_test() -> None:
    lines = words.verdicts([told(5, 1, 9), told(-5, -9, -1), told(3, -1, 7, 0.2), NONE]).split("\n")
    assert "**MNLI + adversary → XNLI**: +5.0 points (+1.0 … +9.0" in lines[0]
    assert lines[0].endswith("p = 0.010: the adversary **helps**.")
    assert lines[1].endswith("the adversary **hurts**.")
    assert lines[2].endswith("no effect shown; 9.0 points could have been (80% power, one test).")
    assert "no interval" in lines[3] and lines[3].endswith("one seed, no test.")
    assert "nan" not in lines[3]
    unseen = tables.power_table([NONE._replace(detectable=math.nan, strict=math.nan, for_one=None)])
    assert unseen.iloc[0].tolist()[3:] == ["–", "–", "–"]


def test_the_manipulation_in_words() -> None:
    def line(one: Told) -> str:
        return words.manipulated([one], probes(), LAYERS, {"mnli+adv": 55.5})

    text = line(told(-6, -9, -3))
    assert "60.0% of the sentences before any task, 62.0% after the task alone, 56.0% after" in text
    assert "(chance 50.0%): -6.0 points (-9.0 … -3.0). The manipulation worked" in text
    assert "Of what the probe finds above chance, 50% is gone." in text
    assert "18.0% lies between languages after the task alone, 18.0% against the advers" in text
    assert "The discriminator itself named 55.5%" in text
    unsure = line(told(-6, -13, 1))
    assert "cannot be told: the interval holds zero" in unsure and "is gone" not in unsure
    assert "finds *more* of the language" in line(told(6, 3, 9))
    assert "One seed: no interval." in line(NONE)


@pytest.mark.parametrize(
    ("raw", "centred", "expected"),
    [
        (told(5, 1, 9), told(0, -2, 2), "as if only what keeps languages apart had shrunk"),
        (told(5, 1, 9), told(5, 1, 9), "Of both, the interval is above zero."),
        (told(5, -1, 9), told(-5, -9, -1), "raw retrieval the interval holds zero, of centred it "
         "is below zero"),
        (NONE, NONE, "One seed: no interval."),
    ],
)  # fmt: skip
def test_retrieval_in_words(raw: Told, centred: Told, expected: str) -> None:
    assert expected in words.retrieval([raw], [centred])


def test_tables() -> None:
    [row] = tables.effect_table([told(-5, -9, -1)]).to_dict("records")
    assert (row["standard"], row["adversarial"], row["difference"]) == ("+62.0", "+57.0", "-5.0")
    assert (row["95%, these languages"], row["p (Holm)"]) == ("-9.0 … -1.0", "0.010")
    [none] = tables.effect_table([NONE]).to_dict("records")
    assert (none["95%, new languages"], none["p (Holm)"]) == ("no interval", "–")
    [seen] = tables.power_table([told(-5, -9, -1)]).to_dict("records")
    assert (seen["seen at 5%"], seen["seeds for 1 point"]) == ("9.0", "12")
    both = tables.retrieval_table([told(5, 1, 9)], [told(1, 0, 2)])
    assert both["vectors"].tolist() == ["raw", "centred"] and "p (Holm)" not in both
    table = tables.probe_table(probes(), LAYERS)
    assert list(table["model after"])[:2] == ["no intermediate task", "MNLI"]
    assert table["recognised, layer 2 (%)"].tolist()[2] == "42.0 (32.0 … 52.0)"
    source = tables.source_table(adversarial.contrast(scores()))
    assert source["difference"].tolist()[0] == "+2.5 (+2.5 … +2.5)"


def test_an_ablation_in_words() -> None:
    text = words.ablated(adversarial.contrast(scores()), probes(), LAYERS)
    assert text.startswith("- **MNLI + adversary (layer 1, weight 0.5)**: on layer 1 a fresh probe")
    assert "42.0% of the sentences, 62.0% after the task alone" in text
    assert "XNLI -1.5 (+2.5 with the study's layer and weight)" in text  # -5 -5, 0 1, 0 0
    assert words.ablated(adversarial.contrast(scores()), probes(), {"mnli+adv": 2}) == ""


def test_what_the_paper_scale_study_needs() -> None:
    """MNLI: 392,702 examples twice in batches of 24; CCG and BUCC whether supplied or not."""
    table = tables.needs("paper").set_index("variant")
    assert table.loc["MNLI + adversary", "updates"] == "32,725"
    assert table.loc["MNLI + adversary", "sequences an update"] == "48"
    assert "CCG + adversary" in table.index
    text = words.needs_in_words("paper")
    assert "weights, gradients and the optimiser's state take 8.8 GB each" in text


def test_settings_stand_beside_the_published_ones() -> None:
    study = SimpleNamespace(
        opposition=lambda **told: {"layer": 2, "weight": 0.5, "rate": 1.0, "sentences": 3000,
                                   "max_length": 9, "corpora": {"a/b": ["en", "de"]}} | told
    )  # fmt: skip
    table = tables.settings(study, {"adversary_layer": 1}).set_index("")  # type: ignore[arg-type]
    assert table.loc["layer", "here"] == "1" and table.loc["sentences", "here"] == "3,000"
    assert list(table.loc["weight"]) == ["1", "0.5"]


# -- figures --


def test_the_figures_and_what_they_show() -> None:
    figure = adversarial_plots.probe_by_layer(probes(), LAYERS)
    left, right = figure.axes
    named = {line.get_label(): np.asarray(line.get_ydata()).tolist() for line in left.lines}
    assert named["against the adversary"] == [62, 62, 42]
    assert named["before any task"] == [60, 60, 60]
    assert named["the same, layer 1, weight 0.5"] == [62, 42, 62]
    assert np.asarray(right.lines[0].get_ydata()).tolist() == [20, 19, 18]
    text = adversarial_plots.alt_probe_by_layer(probes(), LAYERS)
    assert "MNLI + adversary, layer 2: 60.0 to 62.0 to 42.0; between 18.0 to 18.0" in text
    cells = [told(5, 1, 9), told(-5, -9, -1, target="udpos"), NONE]
    axes = adversarial_plots.forest(cells).axes[0]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["MNLI → XNLI", "MNLI → POS",
                                                              "MNLI → XNLI"]  # fmt: skip
    assert "MNLI → POS -5.0 (-9.0 to -1.0)" in adversarial_plots.alt_forest(cells)
    with pytest.raises(ValueError, match="no effects"):
        adversarial_plots.forest([])


def test_what_goes_against_the_expectation() -> None:
    """XNLI gains firmly, as expected; the same of POS goes against it."""
    [one] = main()
    text = words.refuting([one], [one, one._replace(target="udpos")])
    assert "finds more of the language would refute it: 1 of 1; it finds less of it in 0" in text
    assert "raw retrieval were expected to go up: 0 of 1 cells go the other way" in text
    assert "1 as expected, 0 cannot be told" in text
    assert "Tagging was expected to go down: 1 of 1 cells go the other way" in text
    loose = one._replace(holm=0.5)
    assert "0 as expected, 1 cannot be told" in words.refuting([], [loose])
    assert "no test" in words.refuting([], [one._replace(holm=math.nan)])
