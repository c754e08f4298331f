"""What became of the rows: tables and sentences, from hand-made counts."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pandas as pd
import pytest

from tests.toys import project
from xit import paths, specs
from xit.errors import XitError
from xit.report import rows
from xit.report.rows import SCORED, TRAIN, TUNE, Reading
from xit.report.section import Section
from xit.runs import Spec
from xit.workers import Result

SPAN = {"answers realigned": 2, "answers not found": 1, "no answer found": 1, "read": 10,
        "questions truncated": 0, "split": 3, "answers in no window": 1, "windows": 14,
        "longest": 90, "room": 40}  # fmt: skip
PAIR = {"no gold label": 4, "read": 30, "truncated": 0, "longest": 12, "room": 40}


def run(root: Path, name: str, data: dict | None, **spec: object) -> Result:
    """A finished run with this spec and data.json."""
    place = root / name
    place.mkdir(parents=True)
    told: Spec = {"kind": "intermediate", "task": "mnli", "language": "en"} | spec
    (place / "spec.json").write_text(json.dumps(told))
    if data is not None:
        (place / "data.json").write_text(json.dumps(data))
    return Result(told, place, False)


def about(task: str, counts: dict[str, int]) -> dict:
    return {"task": task, "names": [], "dropped": {"read": counts["read"]}, "encoding": counts}


# -- from runs --


def test_runs_that_read_alike_are_one_reading(tmp_path: Path) -> None:
    data = about("mnli", PAIR) | {"tuning": {"read": 5}}
    runs = [run(tmp_path, str(i), data, seed=i) for i in range(3)]
    runs.append(run(tmp_path, "less", about("mnli", PAIR | {"read": 7})))
    told = rows.of_runs(runs)
    assert told[0] == Reading("mnli", TRAIN, "intermediate", "en", PAIR, 3)
    assert told[1] == Reading("mnli", TUNE, "intermediate", "en", {"read": 5}, 3)
    assert (told[2].counts["read"], told[2].runs) == (7, 1)
    assert told[3].counts == {}  # that run is older than the counting of development data


def test_noise_is_no_reading_of_its_own_and_a_set_length_is(tmp_path: Path) -> None:
    score = {"kind": "scores", "task": "xquad", "split": "test", "languages": {"en": ""}}
    noisy = run(tmp_path, "noisy", {"en": SPAN}, **score, noise={"kind": "swap", "rate": 0.1})
    clean = run(tmp_path, "clean", {"en": SPAN}, **score, noise=None)
    long = run(tmp_path, "long", about("squad_v1", SPAN), task="squad_v1", length=64)
    told = rows.of_runs([noisy, clean, long])
    assert [(r.use, r.phase, r.runs) for r in told] == [
        (SCORED, "test", 1), (TRAIN, "intermediate, 64 tokens", 1),
        (TUNE, "intermediate, 64 tokens", 1)]  # fmt: skip


def test_each_part_and_each_language_is_a_reading(tmp_path: Path) -> None:
    parts = {"parts": [about("mnli", PAIR), about("squad_v1", SPAN)]}
    several = run(tmp_path, "several", parts, task="multitask")
    score = {"kind": "scores", "task": "xquad", "split": "test", "languages": {"en": "", "de": ""}}
    scored = run(tmp_path, "scored", {"en": SPAN}, **score)
    older = run(tmp_path, "older", None, **score)
    text = run(tmp_path, "text", {"de": {"read": 3}}, kind="mlm_loss", task=None)
    told = rows.of_runs([several, scored, older, text])
    assert [(r.task, r.phase) for r in rows.learnt(told)][::2] == [
        ("mnli", "multi-task"), ("squad_v1", "multi-task"),
    ]  # fmt: skip
    en, de, old, held = rows.scored(told)
    assert (en.language, en.phase, en.counts) == ("en", "test", SPAN)
    assert (de.language, de.counts, de.runs) == ("de", {}, 2)  # neither run has counted it
    assert (old.language, old.counts, old.runs) == ("en", {}, 1)
    assert (held.task, held.language, held.counts) == ("text", "de", {"read": 3})
    assert list(rows.by_target(rows.scored(told))) == ["XQuAD", "Held-out text of phase 1"]


def test_a_study_is_read_from_its_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project(tmp_path, monkeypatch, with_data=False)
    for name in ("a", "b"):
        run(specs.store().root, name, about("mnli", PAIR))
    told = {"multilingual_model": ["a"], "target/none": ["a", "b"]}
    study = SimpleNamespace(name="toy", sections=lambda: ["tasks", *told, "data"])

    def record(section: str) -> dict | None:
        return {"runs": [{"run": x} for x in told[section]]} if told[section] else None

    section = cast(Section, SimpleNamespace(study=study, record=record))
    assert [r.runs for r in rows.learnt(rows.of_study(section))] == [2, 2]  # "a" counts once
    told["target/none"].append("gone")
    with pytest.raises(XitError, match="run gone is not in the store any more"):
        rows.of_study(section)
    told["target/none"].clear()
    with pytest.raises(XitError, match="section target/none has not been executed yet"):
        rows.of_study(section)
    paths.project.cache_clear()


# -- tables --


def test_table() -> None:
    readings = [
        Reading("squad_v1", TRAIN, "intermediate", "en", SPAN, 2),
        Reading("mnli", TRAIN, "intermediate", "en", PAIR, 3),
        Reading("tatoeba", SCORED, "validation", "de", {}, 4),
    ]
    table = rows.table(readings)
    assert table.iloc[0].to_dict() == {
        "task": "SQuAD v1.1", "for": "train, intermediate", "language": "en", "runs": 2,
        "rows read": 10, "dropped": 1, "why": "no answer found: 1", "answers realigned": 2,
        "answers not found": 1, "longest": 90, "room": 40, "truncated": 0, "rows split": 3,
        "windows": 14, "answers in no window": 1,
    }  # fmt: skip
    assert (table["dropped"][1], table["why"][1]) == (4, "no gold label: 4")
    assert pd.isna(table["windows"][1])
    assert table["runs"][2] == 4 and pd.isna(table["rows read"][2])
    assert all(type(n) is int for n in table["windows"].dropna())  # "14", never "14.0"


def test_a_column_that_says_nothing_is_left_out() -> None:
    table = rows.table([Reading("mnli", TRAIN, "intermediate", "en", PAIR | {"no gold label": 0})])
    assert "windows" not in table and "why" not in table
    assert table["dropped"].tolist() == [0]


# -- words --


def test_words_say_what_happened_and_where() -> None:
    readings = [
        Reading("squad_v1", TRAIN, "intermediate", "en", SPAN, 2),
        Reading("xquad", SCORED, "validation", "zh", SPAN | {"answers realigned": 100}, 2),
        Reading("mnli", TRAIN, "intermediate", "en", PAIR | {"truncated": 1}, 3),
    ]
    told = rows.in_words(readings).splitlines()
    assert told[0].startswith("- **Read**: 50 rows in 3 readings")
    assert told[1] == (
        "- **Dropped**: 6 rows (no gold label: 4; no answer found: 2), in MNLI en, train (4), "
        "SQuAD v1.1 en, train (1), XQuAD zh, scored (1)."
    )
    assert "102 answers did not stand at the given offset" in told[2]
    assert "in XQuAD zh, scored (100), SQuAD v1.1 en, train (2)." in told[2]
    assert "2 answers found nowhere in the passage" in told[2]
    assert told[3] == "- **Truncated**: 1 input, in MNLI en, train (1)."
    assert "6 rows, in SQuAD v1.1 en, train (3), XQuAD zh, scored (3)." in told[4]
    assert "Training takes 1 question for unanswerable" in told[4]  # of scoring it is not said
    assert "90 tokens" in told[5] and "room for 40" in told[5]
    assert len(told) == 6


def test_words_say_when_nothing_happened() -> None:
    clean = dict.fromkeys(SPAN, 0) | {"read": 10, "longest": 9, "room": 40}
    told = rows.in_words([Reading("xquad", SCORED, "test", "de", clean)])
    for said in ("no row.", "every answer stood at its offset", "nothing.", "fits into one window"):
        assert said in told
    assert "Not counted" not in told
    told = rows.in_words([Reading("mnli", TRAIN, "target", "en", PAIR)])
    assert "Mended" not in told and "Split" not in told  # nothing that could be


def test_words_say_what_was_not_counted() -> None:
    old = {"read": 8, "truncated": 0}
    told = rows.in_words([
        Reading("tatoeba", SCORED, "validation", "de", {}),
        Reading("xnli", SCORED, "test", "de", old),
    ])  # fmt: skip
    assert "nothing in 1 reading, no lengths in 1 more" in told
    assert "Longest" not in told


def test_many_places_are_summed_up() -> None:
    readings = [
        Reading("xnli", SCORED, "test", code, PAIR | {"truncated": n})
        for n, code in enumerate(("en", "de", "el", "ru", "th", "zh"))
    ]
    told = rows.in_words(readings)
    assert (
        "15 inputs, most in XNLI zh, scored (5), XNLI th, scored (4), XNLI ru, scored (3) " in told
    )
    assert "and 2 more." in told


def test_what_could_have_moved_a_score() -> None:
    """4 of 30 rows dropped: 13.3%; one of 10 with an answer nowhere to be found: 10%."""
    read = [
        Reading("mnli", SCORED, "test", "en", PAIR),
        Reading("xquad", SCORED, "test", "de", SPAN),
        Reading("xnli", SCORED, "test", "de", {}),
    ]
    text = rows.refuting(read)
    assert "In 2 of 2 readings scored rows were dropped or cut, most of all in MNLI en: " in text
    assert text.count("13.3") == 2
    clean = dict.fromkeys(PAIR, 0) | {"read": 30}
    assert "No scored row" in rows.refuting([Reading("mnli", SCORED, "test", "en", clean)])
    assert "Nothing was counted" in rows.refuting(read[2:])
