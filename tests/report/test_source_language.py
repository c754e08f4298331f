"""Intermediate data unlike the source: hand-made scores, simulated studies, the study files."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from xit import study as studies
from xit import variants
from xit.errors import XitError
from xit.lab import languages
from xit.report import ablations, source_language, source_plots, stats
from xit.report import source_words as words
from xit.report.source_distance import OVERALL
from xit.report.source_language import OWN, TRANSLATED

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = ("qaa", "qab", "qac", "qad")
VALUES = {
    # intermediate → seed → accuracy in LANGUAGES; the source is qaa
    "none": {1: (80, 50, 40, 30), 2: (80, 50, 40, 30)},
    "mnli": {1: (82, 52, 44, 32), 2: (82, 54, 42, 34)},  # +2 +4 +2, +4 +2 +4
    "mnli@qab": {1: (70, 58, 43, 31), 2: (70, 58, 43, 33)},  # +8 +3 +1, +8 +3 +3
    "mnli@qab~0.5": {1: (70, 50, 41, 30), 2: (70, 50, 42, 30)},  # 0 +1 0, 0 +2 0
    "mnli@qaa~0.5": {1: (75, 51, 43, 31), 2: (75, 52, 41, 32)},  # +1 +3 +1, +2 +1 +2
    "ocnli": {1: (70, 55, 45, 35), 2: (70, 55, 45, 35)},  # +5 +5 +5, +5 +5 +5
}
MAIN = pd.DataFrame(
    [
        {"study": "toy", "intermediate": name, "target": "xnli", "language": code, "seed": seed,
         "split": "test", "metric": "acc", "value": float(value)}
        for name, seeds in VALUES.items()
        for seed, values in seeds.items()
        for code, value in zip(LANGUAGES, values, strict=True)
    ]
)  # fmt: skip
TOLD = source_language.zero_shot(ablations.contrast(MAIN), "qaa")
ALL = {c: c for c in LANGUAGES}


def row(frame: pd.DataFrame, **wanted: object) -> dict:
    """The one row of `frame` with these values."""
    for column, value in wanted.items():
        frame = frame[frame[column] == value]
    [one] = frame.to_dict("records")
    return one


def test_neither_the_source_nor_the_datas_language_is_zero_shot() -> None:
    by = TOLD.groupby("intermediate")["language"].unique().map(list).to_dict()
    assert by == {
        "mnli@qab": ["qac", "qad"], "mnli@qab~0.5": ["qac", "qad"],
        "mnli@qaa~0.5": ["qab", "qac", "qad"], "ocnli": ["qab", "qac", "qad"],
    }  # fmt: skip
    kinds = TOLD.groupby("intermediate")[["data", "set"]].first().to_dict("index")
    assert kinds["ocnli"] == {"data": "zh", "set": OWN}
    assert kinds["mnli@qaa~0.5"] == {"data": "qaa", "set": TRANSLATED}
    own = source_language.in_own_language(ablations.contrast(MAIN), "qaa")
    assert own[["intermediate", "seed", "difference"]].to_numpy().tolist() == [
        ["mnli@qab", 1, 6.0], ["mnli@qab", 2, 4.0], ["mnli@qab~0.5", 1, -2.0],
        ["mnli@qab~0.5", 2, -4.0],
    ]  # fmt: skip


def test_effects_by_hand() -> None:
    """In qac and qad: 3-4, 1-2 and 3-2, 3-4: means -1 and 0 a seed; ocnli's like is MNLI."""
    found = source_language.effects(TOLD, ALL)
    one = row(found, intermediate="mnli@qab")
    assert (one["mean"], one["change"], one["seeds"], one["languages"]) == (-0.5, 2.5, 2, 2)
    half = 12.706205 * 0.5  # t of one degree of freedom; the seeds' means are 1 apart
    assert (one["low"], one["high"]) == pytest.approx((-0.5 - half, -0.5 + half))
    assert one["improved"] == 0.25  # -1 -1, +1 -1
    native = row(found, intermediate="ocnli")
    assert native["mean"] == pytest.approx(((3 + 1 + 3) + (1 + 3 + 1)) / 6)
    assert found["set"].tolist() == [TRANSLATED] * 3 + [OWN]


def test_only_data_without_errors_are_a_family_of_tests() -> None:
    frame = pd.DataFrame({"target": "xnli", "p": [0.01, 0.03, 0.02], "errors": [0.0, 0.0, 0.5]})
    told = source_language.adjusted(frame, ["target"], frame["errors"] == 0)
    assert told["p"].tolist() == pytest.approx([0.02, 0.03, 0.02])


def test_the_cost_of_errors_by_language() -> None:
    """In qab's data: (1-3, 0-1), (2-3, 0-3): mean -1.75; in the source's, in all its languages:
    (1-2, 3-4, 1-2), (2-4, 1-2, 2-4): -4/3; in qac and qad alone -1, -1, -1, -2."""
    found = source_language.interaction(TOLD, ALL, "qaa")
    source, other = row(found, data="qaa"), row(found, data="qab")
    assert source["cost"] == pytest.approx(-8 / 6) and math.isnan(source["mean"])
    assert other["cost"] == pytest.approx(-1.75) and other["reference"] == "qaa"
    assert other["mean"] == pytest.approx(((-2 + 1) + (-1 + 1) + (-1 + 1) + (-3 + 2)) / 4)
    alone = source_language.interaction(TOLD[TOLD["data"] != "qaa"], ALL, "qaa")
    assert alone["reference"].tolist() == ["qab"] and alone["mean"].isna().all()
    assert "nothing to compare" in words.interaction_in_words(alone)
    none = source_language.interaction(TOLD[TOLD["errors"] == 0], ALL, "qaa")
    assert not len(none) and "nothing to cross" in words.interaction_in_words(none)


# -- roles --


def test_roles_are_dealt_by_the_table() -> None:
    table = languages.typology().set_index("iso639_1")
    told = source_language.roles(table, "qaa").set_index("role")
    assert told["language"].to_dict() == {
        "Mandarin-like": "qab", "Arabic-like": "qaj", "isolate": "qah",
    }  # fmt: skip
    assert told["also"].to_dict() == {
        "Mandarin-like": "qad", "Arabic-like": "qal", "isolate": "qal",
    }  # fmt: skip
    assert not len(source_language.roles(pd.DataFrame(), "en"))
    names = source_language.named(told.reset_index())
    assert names["qah"] == "qah (isolate)" and names["eu"] == "eu (Basque, an isolate)"


def test_the_lab_crosses_those_languages_with_errors_and_finds_what_is_there() -> None:
    """What the section on translation trains is found: same variants, targets and seeds."""
    lab = studies.parse(ROOT / "notebooks" / "studies" / "lab.yaml")
    told = [variants.parse(v) for v in lab.ablations["source_language"]["variants"]]
    table = languages.typology().set_index("iso639_1")
    dealt = set(source_language.roles(table, lab.source)["language"])
    assert {v.language for v in told if not v.errors} == dealt
    assert {v.language for v in told if v.errors} == dealt
    shares = {(v.task, v.errors) for v in told}
    assert len({task for task, _ in shares}) == 1 and len(shares) == 2
    again = set(map(str, told)) & set(lab.ablations["translation"]["variants"])
    assert again == {"mnli@qab", "mnli@qaj", "mnli@qab~0.25"}
    assert lab.ablations["source_language"]["targets"] == lab.ablations["translation"]["targets"]


@pytest.mark.parametrize("name", ["smoke", "base", "paper"])
def test_other_studies_have_the_section(name: str) -> None:
    one = studies.parse(ROOT / "notebooks" / "studies" / f"{name}.yaml")
    assert "source_language" in one.sections()
    plain = {variants.parse(v).plain for v in one.ablations["source_language"]["variants"]}
    assert {f"target/{t}" for t in plain} | {"target/none"} == set(one.needs("source_language"))


# -- power --


def test_what_can_be_detected_is_detected_in_four_cases_of_five() -> None:
    rng = np.random.default_rng(5)
    base = rng.standard_normal((4, 6))
    told = stats.Grid(base, list("abcdef"), list("abcdef"))
    least = source_language.detectable(told)
    spread = base.mean(1).std(ddof=1)
    draws = least + spread * rng.standard_normal((20_000, 4))
    t = draws.mean(1) / (draws.std(axis=1, ddof=1) / 2)
    assert (np.abs(t) > 3.1824).mean() == pytest.approx(0.8, abs=0.01)
    assert math.isnan(source_language.detectable(told._replace(values=base[:1])))
    assert source_language.detectable(told._replace(values=np.ones((3, 6)))) == 0


def test_seeds_needed() -> None:
    """Means 1 apart with two seeds: spread √½; at n seeds the t test's power by simulation."""
    values = np.array([[0.0, 0.0], [1.0, 1.0]])
    told = stats.Grid(values, ["a", "b"], ["a", "b"])
    n = source_language.seeds_for(told, 1.0)
    assert n is not None
    rng = np.random.default_rng(6)

    def power(count: int) -> float:
        draws = 1 + math.sqrt(0.5) * rng.standard_normal((20_000, count))
        t = draws.mean(1) / (draws.std(axis=1, ddof=1) / math.sqrt(count))
        return float((np.abs(t) > source_language.distributions.t.ppf(0.975, count - 1)).mean())

    assert power(n) > 0.79 and power(n - 1) < 0.81
    assert source_language.seeds_for(told._replace(values=values[:1]), 1.0) is None
    assert source_language.seeds_for(told, 0.01, most=50) is None
    table = source_language.seeds_needed(TOLD, ALL)
    assert table["seeds needed"].iloc[-1] != "–" and len(table) == 4


# -- words, figures --


def test_words_follow_the_numbers() -> None:
    found = source_language.effects(TOLD, ALL)
    text = words.effects_in_words(found, "Study toy")
    assert "- **Study toy → XNLI**, translated data: -0.5 in qab points against the source." in text
    assert "Every interval for these languages has 0 in it." in text
    assert "data sets of another language's own: +2.0 in zh points" in text
    firm = found.assign(low=[0.5] * 4, high=[1.5] * 4, p=0.01)
    text = words.effects_in_words(firm, "Study toy")
    assert "lies above 0 in qab (+0.5 … +1.5)" in text and "1 of 1 differ at 5%" in text
    one = TOLD[TOLD["seed"] == 1]
    single = source_language.effects(one, ALL)
    assert "One seed: no interval." in words.effects_in_words(single, "Study toy")
    assert "nothing is known" in words.power_in_words(single)
    assert "no interval" in str(words.effects_table(single, {}).to_numpy())
    power = words.power_in_words(found)
    assert power.startswith("With 2 seeds,") and "4 of the 4 differences" in power


def test_the_table_shows_every_number() -> None:
    table = words.effects_table(source_language.effects(TOLD, ALL), {"qab": "qab (near)"})
    first = table.to_dict("records")[0]
    assert (first["data"], first["role"], first["change"], first["difference"]) == (
        "MNLI in qab", "qab (near)", "+2.5", "-0.5",
    )  # fmt: skip
    assert first["these languages"] == "-6.9 … +5.9" and first["better"] == "25%"
    crossed = words.interaction_table(source_language.interaction(TOLD, ALL, "qaa"), {})
    assert crossed["cost"].tolist() == ["-1.8", "-1.3"] and "–" in crossed["more than"].tolist()


def test_the_language_of_the_data_itself() -> None:
    own = source_language.in_own_language(ablations.contrast(MAIN), "qaa")
    text = words.own_in_words(source_language.effects(own, ALL))
    assert "MNLI in qab → XNLI +5.0 (" in text and "errors" not in text
    assert "No target" in words.own_in_words(source_language.effects(own[:0], ALL))


def test_the_figure_tells_data_with_errors_from_data_without() -> None:
    found = source_language.effects(TOLD, ALL)
    figure = source_plots.forest(found, TOLD, {"qab": "qab (near)"})
    labels = [t.get_text() for t in figure.axes[0].get_yticklabels()]
    assert labels == ["qab (near)", "qab (near), 50% errors", "qaa, 50% errors",
                      "OCNLI, zh (Mandarin)"] or labels[:3] == [
        "qab (near)", "qab (near), 50% errors", "qaa, 50% errors"]  # fmt: skip
    assert "MNLI in qab, 50% errors → XNLI" in source_plots.alt_forest(found)


# -- what is printed, and the full study --


def test_the_published_table_on_average() -> None:
    """The five cells that collapsed decide the mean: HellaSwag in Russian, QQP on NER."""
    found = source_language.printed().set_index("language")
    every = row(source_language.printed(), language="all")
    assert found["cells"].to_dict() == {"de": 24, "ru": 21, "sw": 12, "all": 57}
    assert every["difference"] == pytest.approx(-3.49, abs=0.005)
    assert every["without the collapses"] > 0
    fallen = source_language.catastrophic()
    named = set(zip(fallen["task"], fallen["target"], fallen["language"], strict=True))
    assert ("hellaswag", "bucc", "ru") in named and ("hellaswag", "tatoeba", "ru") in named
    assert len(named) == 5 and {("qqp", "panx", c) for c in ("de", "ru", "sw")} < named
    text = words.printed_in_words(source_language.printed(), fallen)
    assert "HellaSwag → BUCC in ru (-71.6)" in text and "in 19 of 57 cells" in text
    assert words.printed_table(source_language.printed())["difference"].iloc[-1] == "-3.5"


def test_the_full_study_is_counted_from_its_file() -> None:
    full = source_language.full_study()
    table = source_language.paper_scale(full).set_index("training")
    mnli = table.loc["MNLI in zh"]
    assert (mnli["examples"], mnli["epochs"], mnli["batch"], mnli["times"]) == (392_702, 2, 24, 3)
    assert mnli["updates"] == pytest.approx(392_702 * 2 / 24)
    assert mnli["million tokens"] == pytest.approx(392_702 * 2 * 256 / 1e6)
    assert table.loc["OCNLI", "examples"] == 50_437 and table.loc["ARCD", "examples"] == 693
    assert table.loc["target XNLI", "times"] == 3 * 7
    assert table["updates"].notna().all() and "target Tatoeba" not in table.index
    text = source_language.scale_in_words(full, 100)
    assert f"adds {int(table['times'].sum())} trainings" in text and "GPU hours" in text


def test_nothing_can_be_reached() -> None:
    paper = dataclasses.replace(source_language.full_study(), hub=str(ROOT / "tests"))
    with pytest.raises(XitError, match=r"none of the data can be reached: .*clue/clue"):
        source_language.reachable(paper, ["ocnli", "drcd"])


def test_what_bears_out_and_what_refutes() -> None:
    found = source_language.effects(TOLD, ALL)
    crossed = source_language.interaction(TOLD, ALL, "qaa")
    line = pd.DataFrame(
        {"distance": [OVERALL, OVERALL, "syntactic"], "low": [1.0, -1.0, 1.0],
         "high": [2.0, 1.0, 2.0]}
    )  # fmt: skip
    text = words.refuting(found, line, crossed)
    clean = found[(found["errors"] == 0) & found["low"].notna()]
    assert f"after Holm: {(clean['p'] < 0.05).sum()} of {len(clean)}." in text
    assert "an interval above 0 refutes it. Above: 1; below: 0; with 0 inside: 1." in text
    assert text.endswith(words.power_in_words(found))
    assert "Hypothesis" not in words.refuting(found[:0], line[:0], crossed[:0])
