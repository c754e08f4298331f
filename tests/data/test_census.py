"""What rows become, counted without a model: the same as a run counts, and of real files."""

import json
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.shared import MIRROR
from tests.toys import made, tokenizer, toy_study, tuned, write
from xit import paths, specs, tasks
from xit.data import census, labelled
from xit.errors import XitError
from xit.study import Study

needs_mirror = pytest.mark.skipif(
    not MIRROR.is_dir(), reason="needs the mirror of the Hub (XIT_SHARED)"
)
DROPPED = ("no gold label", "empty", "no answer found")


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    with toy_study(tmp_path_factory.mktemp("project")) as study:
        yield study


def test_a_run_counts_the_same(toy: Study) -> None:
    task = tasks.intermediate("squad_v1")
    assert task.train
    told = json.loads((made(tuned(toy, "intermediate", task)) / "data.json").read_text())
    counts = census.counts(task, task.train, "hub", "en", tokenizer(), 48)
    assert counts == told["dropped"] | told["encoding"]
    tatoeba = tasks.target("tatoeba")
    assert tatoeba.dev
    run = made(specs.scores(toy, tatoeba, specs.base(toy), "none", 1))
    told = json.loads((run / "data.json").read_text())
    assert census.counts(tatoeba, tatoeba.dev, "hub", "de", tokenizer(), 48) == told["de"]


def test_counts_by_hand(toy: Study) -> None:
    """One row without a label; of the others "the cat sat" twice is ten tokens, more than nine."""
    rows = [{"premise": "the cat sat", "hypothesis": h, "label": n}
            for h, n in (("the cat sat", 0), ("a", 1), ("a", -1))]  # fmt: skip
    names = ["entailment", "neutral", "contradiction"]
    write(paths.project() / "own", "nyu-mll/glue", "mnli", "train", rows, label=names)
    task = tasks.intermediate("mnli")
    assert task.train
    counts = census.counts(task, task.train, "own", "en", tokenizer(), 9)
    assert counts == {"no gold label": 1, "read": 3, "truncated": 1, "longest": 10, "room": 9}


def test_of_mining_the_sentences_are_counted(toy: Study) -> None:
    place = paths.project() / "mine" / "xit" / "bucc2018" / "de-en"
    place.mkdir(parents=True)
    (place / "de-en.sample.de").write_text("d1\tthe cat\nd2\ta dog ran far away\n")
    (place / "de-en.sample.en").write_text("e1\tthe cat\ne2\tthe mat\ne3\ta city\n")
    (place / "de-en.sample.gold").write_text("d1\te1\n")
    bucc = tasks.target("bucc")
    assert bucc.dev
    counts = census.counts(bucc, bucc.dev, "mine", "de", tokenizer(), 6)
    expected = {"read": 5, "gold pairs": 1, "truncated": 1, "longest": 7, "room": 6}
    assert counts == expected


def test_parts_are_each_there_once() -> None:
    told = list(census.parts("en"))
    assert len({(t.kind, t.columns, s, c) for t, s, c in told}) == len(told)
    assert {t.name for t, _, _ in told} >= {"anli_plus", "qqp", "ccg", "xnli", "bucc", "tatoeba"}
    count = Counter((t.name, s.split) for t, s, _ in told)
    assert count["panx", "test"] == 40 + 8 and count["tatoeba", "validation"] == 36
    assert count["udpos", "test"] == 33 + 11 and count["tatoeba", "test"] == 5  # XTREME-R's
    assert count["social_iqa", "train"] == 1 and count["lareqa", "validation"] == 11
    assert count["bucc", "test"] == 4  # the source language is the other side of each pair
    assert count["mnli", "train"] == 0  # as part of ANLI+ it is there already
    repos = [s.repo for t, s, _ in told if t.name == "anli_plus" and s.split.startswith("train")]
    assert repos == ["facebook/anli"] * 3 + ["nyu-mll/glue", "stanfordnlp/snli"]


@needs_mirror
def test_every_row_of_real_files_is_kept_dropped_or_said_to_be_missing() -> None:
    """At most 30 rows of each dataset and split of the task table, in English and where no blanks
    part the words."""
    missing, seen = Counter[str](), 0
    for task, split, code in census.parts("en"):
        if code not in ("en", "th", "zh"):
            continue
        try:
            counts = census.counts(task, split, str(MIRROR), code, tokenizer(), 64, limit=30)
        except XitError as error:
            missing[task.name] += 1
            assert any(x in str(error) for x in ("unknown", "no xit/", "has no rows in")), error
            continue
        seen += 1
        rows, _ = labelled.rows(task, split, str(MIRROR), code, 30)
        assert counts["read"] == len(rows) + sum(counts.get(why, 0) for why in DROPPED)
        cut = sum(counts.get(x, 0) for x in ("truncated", "questions truncated", "split"))
        if task.kind != "span":  # a question may be shortened and then fit
            assert (counts["longest"] > 64) == (cut > 0), (task.name, code)
    assert seen > 40
    assert missing["ccg"] == missing["bucc"] == 2
    assert not missing["xnli"] and not missing["panx"] and not missing["squad_v1"]
