"""Data in other languages: hand-made scores, means and words by hand; the paper's Table 3."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pandas as pd
import pytest

from xit.report import ablations, collapse, translation, translation_words
from xit.report.section import Section
from xit.workers import Result

VALUES = {
    # intermediate → seed → accuracy in (source, qab, qac)
    "none": {1: (80, 50, 40), 2: (80, 52, 44)},
    "mnli": {1: (82, 55, 45), 2: (82, 54, 44)},  # +5 +5, +2 0
    "mnli@qab": {1: (70, 58, 41), 2: (70, 62, 47)},  # +8 +1, +10 +3
    "mnli@qab~0.5": {1: (70, 54, 42), 2: (70, 55, 46)},  # +4 +2, +3 +2
    "mnli@qab~1": {1: (70, 50, 40), 2: (70, 50, 44)},  # 0 0, -2 0
    "mnli@qac": {1: (70, 50, 44), 2: (70, 52, 46)},  # 0 +4, 0 +2
    "mnli@qab+mlm": {1: (70, 99, 99), 2: (70, 99, 99)},  # another ablation
}
MAIN = pd.DataFrame(
    [
        {"study": "toy", "intermediate": name, "target": "xnli", "language": code, "seed": seed,
         "split": "test", "metric": "acc", "value": float(value)}
        for name, seeds in VALUES.items()
        for seed, values in seeds.items()
        for code, value in zip(("qaa", "qab", "qac"), values, strict=True)
    ]
)  # fmt: skip
CONTRAST = ablations.contrast(MAIN)


def test_own_language_is_that_of_the_data_without_errors() -> None:
    own = translation.own_language(CONTRAST)
    told = own[["language", "seed", "without", "with", "difference"]].to_numpy().tolist()
    assert told == [
        ["qab", 1, 5, 8, 3],
        ["qab", 2, 2, 10, 8],
        ["qac", 1, 5, 4, -1],
        ["qac", 2, 0, 2, 2],
    ]


def test_means_and_ranges_over_seeds() -> None:
    first, second = translation.cells(translation.own_language(CONTRAST)).to_dict("records")
    assert (first["without"], first["with"], first["difference"]) == (3.5, 9, 5.5)
    assert (first["low"], first["high"], first["seeds"]) == (3, 8, 2)
    assert (second["difference"], second["low"], second["high"]) == (0.5, -1, 2)


def test_the_table_is_laid_out_as_the_papers() -> None:
    table = translation.table3(translation.own_language(CONTRAST), "qaa")
    assert table.to_numpy().tolist() == [
        ["qab", "MNLI", "qaa", "+3.5"],
        ["qab", "MNLI", "qab", "+9.0"],
        ["qab", "MNLI", "difference", "+5.5 (+3.0 … +8.0)"],
        ["qac", "MNLI", "qaa", "+2.5"],
        ["qac", "MNLI", "qac", "+3.0"],
        ["qac", "MNLI", "difference", "+0.5 (-1.0 … +2.0)"],
    ]
    assert list(table) == ["language", "intermediate", "data", "XNLI"]


def test_the_published_table() -> None:
    """HellaSwag in Russian failed on BUCC; TyDiQA's score is the mean of F1 and EM."""
    printed = translation.printed().set_index(["language", "task", "target"])
    assert len(printed) == 57 and printed.index.is_unique
    bucc = printed.xs(("ru", "hellaswag", "bucc"))
    assert (bucc["without"], bucc["with"]) == (14.7, -71.6)
    assert bucc["difference"] == pytest.approx(-86.3)
    tydiqa = printed.xs(("sw", "mnli", "tydiqa"))
    assert tydiqa["without"] == pytest.approx((-0.3 - 0.2) / 2)
    assert tydiqa["with"] == pytest.approx((13.8 + 23.4) / 2)
    table = translation.table3(translation.printed(), "en")
    assert len(table) == 3 * 9 and "…" not in str(table.to_numpy())
    assert list(table)[3:] == ["XNLI", "PAWS-X", "POS", "NER", "XQuAD", "MLQA", "TyDiQA-GoldP",
                               "BUCC", "Tatoeba"]  # fmt: skip


def test_words_follow_the_numbers() -> None:
    own = translation.own_language(CONTRAST)
    text = translation.in_words(own, "Study toy")
    assert text.startswith("Study toy: intermediate data in the language itself is better than")
    assert "in 2 of 2 cells (mean difference +3.0 points)" in text
    assert "Highest +5.5 (MNLI → XNLI in qab), lowest +0.5 (MNLI → XNLI in qac)" in text
    assert "In 1 of 2 cells all seeds agree on the sign" in text
    assert "agree" not in translation.in_words(own[own["seed"] == 1], "Study toy")
    none = translation.in_words(own[own["language"] == "qaf"], "Study toy")
    assert "no target is scored in a language of the intermediate data" in none


def test_the_change_by_errors() -> None:
    """In qab: +8, +4, 0 and +10, +3, -2; elsewhere, without the source: +1, +2, 0 and +3, +2, 0."""
    curve = translation.by_errors(CONTRAST, "qaa")
    assert set(curve["data"]) == {"qab"}  # the other language has one share of errors only
    assert curve["where"].tolist() == ["own"] * 6 + ["others"] * 6
    own, others = (curve[curve["where"] == w] for w in ("own", "others"))
    key = ["errors", "seed", "change", "original"]
    assert own[key].to_numpy().tolist() == [
        [0, 1, 8, 5], [0, 2, 10, 2], [0.5, 1, 4, 5], [0.5, 2, 3, 2], [1, 1, 0, 5], [1, 2, -2, 2],
    ]  # fmt: skip
    assert others["change"].tolist() == [1, 3, 2, 2, 0, 0]
    assert others["original"].tolist() == [5, 0] * 3


def test_the_curve_as_a_table() -> None:
    table = translation.by_errors_table(translation.by_errors(CONTRAST, "qaa"), "qaa")
    assert table.to_numpy().tolist() == [
        ["MNLI", "qaa", "–", "+3.5 (+2.0 … +5.0)", "+2.5 (+0.0 … +5.0)"],
        ["MNLI", "qab", "0%", "+9.0 (+8.0 … +10.0)", "+2.0 (+1.0 … +3.0)"],
        ["MNLI", "qab", "50%", "+3.5 (+3.0 … +4.0)", "+2.0 (+2.0 … +2.0)"],
        ["MNLI", "qab", "100%", "-1.0 (-2.0 … +0.0)", "+0.0 (+0.0 … +0.0)"],
    ]
    assert list(table)[3:] == ["XNLI, language of the data", "XNLI, other languages"]


def test_the_curve_in_words() -> None:
    """In qab it falls at each step, in all seeds; ahead of +3.5 at no errors, the same at 50%."""
    own, others = translation.curve_in_words(translation.by_errors(CONTRAST, "qaa")).splitlines()
    assert own.startswith("- **MNLI in qab → XNLI, in qab**: the mean change falls with every step")
    assert "from 0% to 100% errors it goes from +9.0 to -1.0 points (all seeds" in own
    assert "Data in the source language gives +3.5; translated data is ahead at 0% errors." in own
    assert "does not move in one direction" in others  # +2, +2, 0
    assert "ahead at no share of errors" in others
    assert "no curve" in translation.curve_in_words(translation.by_errors(CONTRAST[:0], "qaa"))


def test_development_scores_stand_beside_the_papers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(name: str, seed: int, best: float, **told: object) -> Result:
        (tmp_path / name).mkdir()
        spec = {"task": "mnli", "kind": "intermediate", "seed": seed} | told
        (tmp_path / name / "spec.json").write_text(json.dumps(spec))
        (tmp_path / name / "summary.json").write_text(json.dumps({"best": best}))
        (tmp_path / name / "data.json").write_text("{}")
        return Result(spec, tmp_path / name, True)

    trained = [
        [run("a", 1, 60.0, language="de", errors=0.0)],
        [run("b", 2, 64.0, language="de", errors=0.0)],
        [run("c", 1, 40.0, language="de", errors=0.25)],
    ]
    run("plain", 1, 81.0, language="en")
    monkeypatch.setattr(translation.specs, "store", lambda: SimpleNamespace(root=tmp_path))
    record = {"runs": [{"run": "plain"}]}
    monkeypatch.setattr(collapse, "trivial_on_dev", lambda spec: {"mnli": 38.0})
    study = SimpleNamespace(hub="hub")
    section = cast(Section, SimpleNamespace(record=lambda name: record, study=study))
    scores = translation.development(section, trained)
    assert scores["score"].tolist() == [81, 60, 64, 40]
    assert translation.development_table(scores).to_numpy().tolist() == [
        ["MNLI", "en", "0%", "81.0", "38.0", "0 of 1", "87.1"],
        ["MNLI", "de", "0%", "62.0 (60.0 … 64.0)", "38.0", "0 of 2", "82.2"],
        ["MNLI", "de", "25%", "40.0", "38.0", "1 of 1", "–"],
    ]
    assert translation.learnt_in_words(scores) == (
        "Development score of MNLI in de by the share of errors: 62.0 at 0%, 40.0 at 25%."
    )
    lab = scores.assign(data=scores["data"].map({"en": "qaa", "de": "qab"}))
    assert "paper" not in translation.development_table(lab)


def test_the_published_development_scores() -> None:
    told = translation.validation().set_index(["task", "data"])["score"]
    assert len(told) == 12 and told["hellaswag", "sw"] == 25.1


def test_what_is_printed_and_what_would_refute() -> None:
    """Seeds 3 and -1, then 8 and 2: means 1 and 5. One line falls in both seeds, one in both."""
    text = translation_words.in_print()
    assert "in 19 of 57 cells (mean difference -3.5 points)" in text
    assert "HellaSwag 71.6 in en, 55.1 in de, 27.4 in ru, 25.1 in sw" in text
    own, curve = translation.own_language(CONTRAST), translation.by_errors(CONTRAST, "qaa")
    text = translation_words.refuting(own, curve)
    assert "over all cells, is +3.0 points (95% interval over 2 seeds" in text
    assert "0 of 2 lines do, 2 fall in every seed, 0 do neither" in text
    rising = curve.assign(change=-curve["change"])
    assert "2 of 2 lines do, 0 fall" in translation_words.refuting(own[:0], rising)
    assert "nothing to compare" in translation_words.refuting(own[:0], curve[:0])
