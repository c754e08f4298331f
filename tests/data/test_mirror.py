"""The task table and the loader on real files: a mirror of the Hub, where there is one."""

import pytest

from tests.shared import MIRROR
from tests.toys import nearest_named
from xit.data import encode, hub, labelled
from xit.errors import XitError
from xit.learn.pretrain import train_tokenizer
from xit.tasks import INTERMEDIATE, QA, TARGET, Split

needs_mirror = pytest.mark.skipif(
    not MIRROR.is_dir(), reason="needs the mirror of the Hub (XIT_SHARED)"
)
REAL = str(MIRROR)

# a language that the mirror has of each target's test data
HERE = {"xnli": "sw", "paws_x": "ko", "udpos": "th", "panx": "yo", "uner": "pt", "xquad": "th"}
HERE |= {"mlqa": "hi", "tydiqa": "ar", "bucc": "de", "tatoeba": "fr"}
SOURCE = {"tydiqa": "fi"}  # and of its training data, where that is not English
LABELS = {"qqp": ["not_duplicate", "duplicate"], "paws_x": ["not_paraphrase", "paraphrase"]}


@needs_mirror
@pytest.mark.parametrize(
    "name", [*(n for n, t in INTERMEDIATE.items() if n != "ccg" and not t.like), *HERE]
)
def test_every_row_of_the_task_table_loads(name: str) -> None:
    task = {**INTERMEDIATE, **TARGET}[name]
    sides = ((task.train, SOURCE.get(name, "en")), (task.test or task.dev, HERE.get(name, "en")))
    for split, code in sides:
        if split is None:
            continue
        rows, counts = labelled.rows(task, split, REAL, code, 40)
        assert 1 <= len(rows) <= 40
        assert tuple(rows[0]) == task.inputs
        assert all(
            n == 0 for what, n in counts.items() if "realigned" not in what and what != "read"
        )
        if task.kind == "pair":
            names = labelled.label_names(task, split, REAL, code)
            assert names == LABELS.get(name, ["entailment", "neutral", "contradiction"])
        if task.kind == "choice":
            assert all(0 <= int(r["label"]) < len(r["endings"]) for r in rows)
        if task.kind == "tagging":
            assert len(rows[0][task.columns[1]]) == len(rows[0]["tokens"])
            names = labelled.label_names(task, split, REAL, code)
            assert len(names) == {"udpos": 17, "panx": 7, "uner": 7}[name]


@needs_mirror
def test_ccg_is_not_in_the_mirror() -> None:
    ccg = INTERMEDIATE["ccg"]
    assert ccg.train
    with pytest.raises(XitError, match="no xit/ccgbank: CCGbank is LDC's"):
        labelled.rows(ccg, ccg.train, REAL, "en")


@needs_mirror
@pytest.mark.parametrize(("code", "shifted"), [("zh", 100), ("ar", 26), ("en", 5)])
def test_xquad_is_realigned(code: str, shifted: int) -> None:
    task = TARGET["xquad"]
    assert task.dev
    rows, counts = labelled.rows(task, task.dev, REAL, code)
    assert counts == {
        "answers realigned": shifted, "answers not found": 0, "no answer found": 0, "read": 1190,
    }  # fmt: skip
    for row in rows:
        for text, start in zip(row["answers"]["text"], row["answers"]["answer_start"], strict=True):
            assert row["context"][start : start + len(text)] == text


@needs_mirror
@pytest.mark.parametrize("code", ["th", "zh"])
def test_spans_without_blanks_round_trip(code: str) -> None:
    task = TARGET["xquad"]
    assert task.dev
    rows, _ = labelled.rows(task, task.dev, REAL, code, 150)
    tok = train_tokenizer([r["context"] for r in rows], 3000)
    features, _ = encode.span(rows, QA, tok, 200)
    found, exact = set(), 0
    for f in features:
        if not f["end"]:
            continue
        row, offsets = rows[f["row"]], f["offsets"]
        answer = row["answers"]["text"][0].strip()
        gold = row["context"][offsets[f["start"]][0] : offsets[f["end"]][1]].strip()
        assert answer in gold
        exact += gold == answer
        found.add(f["row"])
    assert len(found) == len(rows)
    assert exact > 0.9 * len(found)  # else the answer begins or ends within a token


@needs_mirror
@pytest.mark.parametrize(
    ("wrong", "right"), [("udpos.Germn", "udpos.German"), ("tatoeba.fr", "tatoeba.fra")]
)
def test_among_very_many_configs_the_nearest_is_named(wrong: str, right: str) -> None:
    with pytest.raises(XitError) as error:
        hub.load(REAL, "google/xtreme", wrong, "test")
    nearest_named(error.value, wrong, right)


@needs_mirror
def test_squad_v2_keeps_what_has_no_answer() -> None:
    task = INTERMEDIATE["squad_v2"]
    assert task.dev
    rows, counts = labelled.rows(task, task.dev, REAL, "en")
    assert (len(rows), counts["read"]) == (1699, 1699)
    assert sum(not r["answers"]["text"] for r in rows) == 882


@needs_mirror
def test_labels_of_test_sets_are_placeholders() -> None:
    with pytest.raises(XitError, match="every label is a placeholder"):
        labelled.rows(
            INTERMEDIATE["mnli"], Split("nyu-mll/glue", "mnli", "test_matched"), REAL, "en"
        )


@needs_mirror
def test_tatoeba_of_the_mirror_has_no_newlines() -> None:
    dev = TARGET["tatoeba"].dev
    assert dev
    raw = hub.load(REAL, dev.repo, "tatoeba.fra", dev.split)
    assert any(s.endswith("\n") for s in raw["source_sentence"])
    rows, _ = labelled.rows(TARGET["tatoeba"], dev, REAL, "fr")
    assert len(rows) == len(raw)
    assert not any(s != s.strip() for r in rows for s in r.values())
