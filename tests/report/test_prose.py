"""Sentences follow the numbers: every claim is made where they bear it, and only there."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pandas as pd
import pytest

from tests.toys import project
from xit import execute, paths, study, tasks
from xit.report import collapse, prose, tables
from xit.report.results import COLUMNS
from xit.report.section import Section
from xit.study import Study

MNLI = tasks.intermediate("mnli")


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Study]:
    project(tmp_path, monkeypatch, with_data=False)
    monkeypatch.setattr(
        tables, "chance", lambda study, target: {"udpos": 20.0, "xquad": 2.0}[target]
    )
    monkeypatch.setattr(
        collapse, "trivial", lambda study, target: {"udpos": 20.0, "xquad": 2.0}[target]
    )
    yield study.load("toy")
    paths.project.cache_clear()


def best(*rows: tuple[float, int, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["best", "at update", "of"])


def scores(*rows: tuple[str, str, str, int, float]) -> pd.DataFrame:
    """Rows (intermediate, target, language, seed, value)."""
    metric = {"udpos": "f1", "xquad": "qa", "tatoeba": "acc"}
    return pd.DataFrame(
        [("toy", i, t, code, s, "test", metric[t], v) for i, t, code, s, v in rows], columns=COLUMNS
    )


# -- an intermediate task --


def test_intermediate_tells_mean_and_range() -> None:
    text = prose.intermediate(MNLI, best((80.0, 50, 100), (84.0, 60, 100)))
    assert text.startswith("MNLI reaches 82.0 on development data (seeds 80.0 to 84.0).")
    assert "ten points" not in text and "last tenth" not in text


def test_intermediate_from_one_seed_gives_no_range() -> None:
    text = prose.intermediate(MNLI, best((80.0, 50, 100)))
    assert "(one seed)" in text and "seeds" not in text


@pytest.mark.parametrize(("high", "said"), [(90.0, False), (90.2, True)])
def test_intermediate_warns_of_seeds_that_differ(high: float, said: bool) -> None:
    text = prose.intermediate(MNLI, best((80.0, 50, 100), (high, 50, 100)))
    assert ("more than ten points" in text) == said


@pytest.mark.parametrize(("at", "said"), [(90, False), (91, True), (100, True)])
def test_intermediate_says_who_was_best_at_the_end(at: int, said: bool) -> None:
    text = prose.intermediate(MNLI, best((80.0, at, 100), (80.0, 10, 100)))
    assert ("1 of 2 runs" in text) == said
    assert ("might gain from more updates" in text) == said


def test_intermediate_counts_its_collapsed_runs() -> None:
    frame = best((34.0, 50, 100), (80.0, 60, 100)).assign(trivial=33.3, collapsed=["yes †", "no"])
    text = prose.intermediate(MNLI, frame)
    assert "**1 of 2 runs collapsed**" in text and "here 33.3" in text
    assert "collapsed" not in prose.intermediate(MNLI, frame.assign(collapsed="no"))


# -- targets --

MAIN = scores(
    ("none", "udpos", "en", 1, 90), ("none", "udpos", "de", 1, 60),
    ("none", "udpos", "en", 2, 80), ("none", "udpos", "de", 2, 50),
    ("none", "xquad", "en", 1, 40), ("none", "xquad", "de", 1, 30),
    ("none", "xquad", "en", 2, 4), ("none", "xquad", "de", 2, 1),
)  # fmt: skip


def test_target_in_words(toy: Study) -> None:
    lines = prose.target(MAIN, toy, "none").splitlines()
    told = "85.0 in the source language, 55.0 zero-shot, a gap of 30.0 points (chance 20.0)."
    assert lines[0] == f"- **POS**: {told}"
    assert lines[1].startswith(
        "- **XQuAD**: 22.0 in the source language, 15.5 zero-shot, a gap of 6.5"
    )


def test_target_without_a_source_language(toy: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "chance", lambda *_: 10.0)
    text = prose.target(scores(("none", "tatoeba", "de", 1, 33)), toy, "none")
    assert text.splitlines()[0] == "- **Tatoeba**: 33.0 (chance 10.0)."


def test_collapsed_runs_are_counted_and_named(toy: Study) -> None:
    text = prose.target(MAIN, toy, "none")  # xquad, seed 2: 4 against a trivial baseline of 2
    assert "Collapsed target runs: 1 of 4 (no intermediate task → XQuAD: seed 2)." in text
    assert "less than 3 points above what guessing or one answer to everything gets" in text
    assert "Collapsed target runs: 0 of 2." in prose.target(MAIN[MAIN["seed"] == 1], toy, "none")


def test_nothing_trained_nothing_collapsed() -> None:
    frame = scores(("none", "tatoeba", "de", 1, 0)).assign(collapsed=False)
    assert prose.collapsed(frame).startswith("Nothing was trained")


def test_collapsed_intermediate_runs_are_told_with_their_tasks() -> None:
    frame = scores(("mnli", "udpos", "en", 1, 90)).assign(collapsed=False)
    rows = [("mnli", 1, ["mnli"], True), ("mnli", 2, [], False),
            ("multitask", 1, ["ccg", "mnli"], False)]  # fmt: skip
    runs = pd.DataFrame(rows, columns=["intermediate", "seed", "fallen", "collapsed"])
    text = prose.collapsed(frame, runs)
    assert text.startswith("Collapsed target runs: 0 of 1. Collapsed intermediate runs: 1 of 3 (")
    assert "(MNLI: seed 1; Multi-task in CCG, MNLI alone: seed 1)." in text


def test_of_many_collapsed_runs_the_first_are_named() -> None:
    names = [*(name for name, task in tasks.INTERMEDIATE.items() if not task.like), "none"]
    rows = [(i, t, "en", s, 0.0) for i in names for t in ("udpos", "xquad") for s in (1, 3)]
    text = prose.collapsed(scores(*rows).assign(collapsed=True))
    assert text.startswith("Collapsed target runs: 44 of 44 (ANLI+ → POS: seeds 1, 3; ANLI+ → X")
    assert text.count("seeds 1, 3") == 12 and " and 10 more)" in text


def test_published_collapses() -> None:
    """Phang et al. 2020, footnote to Table 2: two of the three runs QQP → NER."""
    text = prose.published_collapses()
    assert "-45.4 for QQP → NER is the median of 3 runs of which 2 collapsed" in text
    assert prose.published_collapses({("qqp", "panx")}) == text
    assert prose.published_collapses({("qqp", "xnli")}) == ""


# -- the choice of an intermediate task --

CHOICE = pd.DataFrame(
    [("udpos", "mnli", 2.0, 1.0), ("xquad", "none", 0.0, 0.04), ("tatoeba", "mnli", 9.0, 0.0)],
    columns=["target", "intermediate", "change", "regret"],
)
FIRM = pd.DataFrame(
    [("udpos", "none", 0, 2, 60.0), ("udpos", "mnli", 2, 2, 40.0),
     ("xquad", "none", 1, 2, 90.0), ("xquad", "mnli", 1, 2, 10.0),
     ("tatoeba", "none", 0, 2, 0.0), ("tatoeba", "mnli", 2, 2, 100.0)],
    columns=["target", "intermediate", "alone", "seeds", "share"],
)  # fmt: skip


def test_the_choice_in_words(toy: Study) -> None:
    text = prose.xstilts(CHOICE, FIRM, toy)
    first = "For 1 of 2 targets an intermediate task is best on development data, not for XQuAD."
    assert text.startswith(first)
    assert "score by +1.0 points on average (+0.0 for XQuAD to +2.0 for POS)" in text
    assert "In hindsight it was the best choice for 1 of 2" in text
    assert "the regret is 0.5 points on average (0.0 for XQuAD to 1.0 for POS)" in text
    assert "For 1 of 2 targets every seed alone makes the same choice." in text
    assert "examples and seeds drawn anew it stays the same in 65% of the resamples" in text
    assert "(40 for POS to 90 for XQuAD). For POS that is less than half" in text
    assert "Tatoeba is not counted" in text and "optimistic" in text


def test_the_choice_from_one_seed(toy: Study) -> None:
    one = FIRM[FIRM["target"] == "xquad"].assign(seeds=1)
    text = prose.xstilts(CHOICE[1:2], one, toy)
    assert "For 0 of 1 targets" in text and "not for XQuAD" in text
    assert "One seed: only the development examples are drawn anew." in text
    assert "every seed" not in text and "less than half" not in text and " to " not in text[40:]


# -- results --


def change(*rows: tuple[str, str, int, float]) -> pd.DataFrame:
    """Rows (intermediate, target, seed, change), each from 50, in one language."""
    frame = scores(*((i, t, "de", s, 50 + c) for i, t, s, c in rows))
    return frame.assign(baseline=50.0, change=frame["value"] - 50)


FOUR = change(
    ("mnli", "udpos", 1, 3), ("mnli", "udpos", 2, 5),
    ("mnli", "xquad", 1, -6), ("mnli", "xquad", 2, -4),
    ("squad_v1", "udpos", 1, -1), ("squad_v1", "udpos", 2, 2),
    ("squad_v1", "xquad", 1, 9), ("squad_v1", "xquad", 2, 11),
)  # fmt: skip


def test_results_in_words() -> None:
    text = prose.results(FOUR)
    assert "highest mean change is +10.0 points (SQuAD v1.1 → XQuAD)" in text
    assert "the lowest -5.0 (MNLI → XQuAD)" in text
    assert "3 of 4 combinations are above zero" in text
    assert "n 3 of 4 all seeds agree on the sign" in text


def test_no_change_is_neither_above_zero_nor_agreement() -> None:
    text = prose.results(change(("mnli", "udpos", 1, 0), ("mnli", "udpos", 2, 0)))
    assert "0 of 1 combinations are above zero" in text
    assert "n 0 of 1 all seeds agree" in text


def test_losses_everywhere_are_called_losses() -> None:
    text = prose.results(change(("mnli", "udpos", 1, -3), ("squad_v1", "udpos", 1, -7)))
    assert "highest mean change is -3.0" in text and "lowest -7.0" in text
    assert "0 of 2 combinations are above zero" in text


def test_one_seed_agrees_with_nobody() -> None:
    text = prose.results(change(("mnli", "udpos", 1, 3)))
    assert "all seeds agree" not in text
    assert "no interval" in text


# -- changed parameters and the front page --


def test_changes_are_told(toy: Study) -> None:
    section = cast(Section, SimpleNamespace(study=toy))
    assert prose.changes(section).startswith("None: every section")
    execute.change(toy, "intermediate/mnli", "epochs=2 seed=3")
    assert prose.changes(section) == "- `intermediate/mnli`: `epochs=2.0`, `seed=3`"


def test_targets_say_what_they_go_on_from(toy: Study) -> None:
    records: dict = {}
    section = cast(Section, SimpleNamespace(record=records.get))
    assert prose.goes_on(section, "none") == "Here the models go on from **no intermediate task**."
    records["intermediate/mnli"] = {"changed": {}}
    assert prose.goes_on(section, "mnli") == "Here the models go on from **MNLI**."
    records["intermediate/mnli"] = {"changed": {"learning_rate": 2e-5, "seed": 3}}
    assert prose.goes_on(section, "mnli") == (
        "Here the models go on from **MNLI**, whose section was executed with "
        "`learning_rate=2e-05`, `seed=3` instead of the study's."
    )


def test_headline(toy: Study) -> None:
    path = execute.executed("toy", "target/none").with_suffix(".json")
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"runs": [{"run": "a"}, {"run": "b"}, {"run": "a"}]}))
    told = prose.headline(MAIN, toy)
    assert told["num_runs"] == "2"
    assert told["num_languages"] == "2" and told["num_seeds"] == "2"
    assert told["study_title"] == "Toy"


def test_what_the_paper_says_of_retrieval_is_in_its_table() -> None:
    """Phang et al. 2020, Table 2: 31.0 without, 80.9 at best among the single tasks."""
    text = prose.published_retrieval()
    assert "31.0" in text and "80.9" in text
