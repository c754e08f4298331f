"""Scores against hand-computed cases, properties, and the reference files where at hand."""

import gzip
import json
import os
import random
from collections.abc import Callable
from functools import cache
from itertools import pairwise, permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xit.score.metrics import (
    accuracy,
    accuracy_items,
    as_ratio,
    average_precision,
    bucc_f1,
    chunks,
    map_at_20,
    mlqa_tokens,
    over_languages,
    prf,
    qa_score,
    qa_scores,
    random_precision,
    squad_items,
    squad_scores,
    squad_tokens,
    tagging_columns,
    tagging_f1,
    tagging_items,
    tagging_scores,
    xtreme_average,
)

SHARED = Path(os.environ.get("XIT_SHARED", Path(__file__).resolve().parents[3] / "shared"))
REFERENCE, SQUAD = SHARED / "reference", SHARED / "hub" / "rajpurkar"
MOCK = REFERENCE / "xtreme" / "mock_test_data"
needs_reference = pytest.mark.skipif(
    not REFERENCE.is_dir(), reason="needs the reference scores (XIT_SHARED)"
)


def test_accuracy() -> None:
    assert accuracy(["a", "b", "c", "d"], ["a", "x", "c", "x"]) == 50.0
    assert accuracy([1, 2], [2, 1]) == 0.0
    with pytest.raises(ValueError, match="2 gold items but 1 predictions"):
        accuracy([1, 2], [1])
    with pytest.raises(ValueError, match="nothing to score"):
        accuracy([], [])


def test_prf() -> None:
    assert prf(2, 4, 8) == (50.0, 25.0, pytest.approx(100 / 3))
    assert prf(0, 0, 0) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("O O", []),
        ("B-PER I-PER O", [("PER", 0, 1)]),
        ("B-PER B-PER", [("PER", 0, 0), ("PER", 1, 1)]),
        ("O I-LOC I-LOC", [("LOC", 1, 2)]),  # a chunk may begin with I
        ("B-PER I-LOC", [("PER", 0, 0), ("LOC", 1, 1)]),  # another type: another chunk
        ("B-A-B I-A-B", [("B", 0, 1)]),  # the type follows the last hyphen
        ("S-X E-X", [("X", 0, 0), ("X", 1, 1)]),
        ("NOUN NOUN VERB", [("NOUN", 0, 1), ("VERB", 2, 2)]),  # equal neighbours are one chunk
        ("SYM SYM", [("SYM", 0, 0), ("SYM", 1, 1)]),  # but not those that begin with S
        ("INTJ INTJ", [("INTJ", 0, 1)]),
        ("", []),
    ],
)
def test_chunks(tags: str, expected: list) -> None:
    assert chunks(tags.split()) == expected


def test_tagging_f1_is_over_all_sentences() -> None:
    gold = [["B-PER", "I-PER", "O"], ["B-LOC", "O"]]
    pred = [["B-PER", "I-PER", "O"], ["O", "B-LOC"]]
    assert tagging_f1(gold, pred) == (50.0, 50.0, 50.0)
    scores = tagging_scores(gold, pred)
    assert scores["token_acc"] == 60.0
    assert scores["f1"] == 50.0
    assert tagging_items(gold, pred).tolist() == [[1, 1, 1, 3, 3], [0, 1, 1, 0, 2]]


def test_tagging_refuses_what_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="sentence 0: 2 gold tags but 1"):
        tagging_f1([["O", "O"]], [["O"]])
    with pytest.raises(ValueError, match="sentence 1: an empty tag"):
        tagging_f1([["O"], [""]], [["O"], ["O"]])
    with pytest.raises(ValueError, match="no tokens"):
        tagging_scores([[]], [[]])


TAGS = st.lists(
    st.sampled_from(["O", "B-X", "I-X", "B-Y", "I-Y", "E-X", "S-Y", "NOUN", "SYM", "INTJ"])
)


@settings(deadline=None)  # the machine may be busy
@given(st.lists(TAGS, min_size=1))
def test_right_tags_score_full(tags: list[list[str]]) -> None:
    expected = 100.0 if any(chunks(t) for t in tags) else 0.0
    assert tagging_f1(tags, tags).f1 == pytest.approx(expected)


@settings(deadline=None)  # the machine may be busy
@given(TAGS)
def test_chunks_do_not_overlap(tags: list[str]) -> None:
    found = chunks(tags)
    assert all(first <= last for _, first, last in found)
    assert all(a[2] < b[1] for a, b in pairwise(found))
    inside = {i for _, first, last in found for i in range(first, last + 1)}
    assert inside == {i for i, tag in enumerate(tags) if tag != "O"}


# -- what each example contributes --


def ratio(metric: str, items: dict, rows: np.ndarray | None = None) -> float:
    """The metric of some of the examples, from their parts."""
    points, of = as_ratio(metric, items)
    points, of = (points, of) if rows is None else (points[rows], of[rows])
    return float(100 * points.sum() / of.sum()) if of.sum() else 0.0


@st.composite
def tagged(draw: st.DrawFn) -> tuple[list[list[str]], list[list[str]]]:
    gold = draw(st.lists(TAGS.filter(bool), min_size=1, max_size=8))
    tag = st.sampled_from(["O", "B-X", "I-X", "B-Y", "NOUN"])
    said = [draw(st.lists(tag, min_size=len(g), max_size=len(g))) for g in gold]
    return gold, said


@settings(deadline=None)  # the machine may be busy
@given(tagged(), st.data())
def test_tags_from_their_parts(both: tuple, data: st.DataObject) -> None:
    """On all sentences and on any resample of them, with repetitions."""
    gold, said = both
    items = tagging_columns(gold, said)
    rows = np.array(data.draw(st.lists(st.integers(0, len(gold) - 1), min_size=1)))
    for metric in ("f1", "token_acc"):
        assert ratio(metric, items) == pytest.approx(tagging_scores(gold, said)[metric])
        again = tagging_scores([gold[i] for i in rows], [said[i] for i in rows])[metric]
        assert ratio(metric, items, rows) == pytest.approx(again)


WORDS = st.lists(st.sampled_from("the a Oslo is far".split()), max_size=3).map(" ".join)


@settings(deadline=None)
@given(st.lists(st.tuples(st.lists(WORDS, max_size=2), WORDS), min_size=1), st.data())
def test_answers_from_their_parts(rows: list, data: st.DataObject) -> None:
    golds, said = [g for g, _ in rows], [s for _, s in rows]
    items = squad_items(golds, said, unanswerable=True)._asdict()
    assert ratio("qa", items) == pytest.approx(qa_scores(golds, said, unanswerable=True)["qa"])
    some = np.array(data.draw(st.lists(st.integers(0, len(rows) - 1), min_size=1)))
    again = qa_scores([golds[i] for i in some], [said[i] for i in some], unanswerable=True)["qa"]
    assert ratio("qa", items, some) == pytest.approx(again)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1))
def test_accuracy_from_its_parts(rows: list) -> None:
    gold, said = [g for g, _ in rows], [s for _, s in rows]
    items = {"right": accuracy_items(gold, said)}
    assert set(items["right"]) <= {0.0, 1.0}
    assert ratio("acc", items) == pytest.approx(accuracy(gold, said))


def test_parts_by_hand() -> None:
    """F1 = 2 · 1 / ((1 + 1) + (1 + 1)), of two sentences of which one is right."""
    items = tagging_columns([["B-X"], ["B-X", "O"]], [["B-X"], ["O", "B-X"]])
    points, of = as_ratio("f1", items)
    assert (points.tolist(), of.tolist()) == ([2, 0], [2, 2])
    with pytest.raises(ValueError, match="metric 'recall' does not come from single examples"):
        as_ratio("recall", items)


def test_squad_tokens() -> None:
    assert squad_tokens("The  Cat's a-hat, an theory!") == ["cats", "ahat", "theory"]
    assert squad_tokens("«Привет», the") == ["«привет»"]  # other punctuation stays


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "The “cat” – a hat.", ["cat", "hat"]),
        ("es", "¿Las casas de la Reina?", ["casas", "de", "reina"]),
        ("de", "Die Katze eines Herrn", ["katze", "herrn"]),
        ("vi", "những con mèo của tôi", ["con", "mèo", "tôi"]),
        ("ar", "البيت الكبير", ["بيت", "كبير"]),
        ("hi", "एक बिल्ली।", ["एक", "बिल्ली"]),
        ("zh", "北京 2008年,ABC def", ["北", "京", "2008", "年", "abc", "def"]),
        ("qaa", "The hat!", ["the", "hat"]),  # a language that MLQA does not have
    ],
)
def test_mlqa_tokens(language: str, text: str, expected: list[str]) -> None:
    assert mlqa_tokens(language)(text) == expected


def test_squad_items_takes_the_best_gold_answer() -> None:
    golds = [["Denver Broncos", "the Broncos of Denver"], ["blue"], ["red"], ["one two"]]
    em, f1 = squad_items(golds, ["The Broncos", "Blue.", None, "one one"])
    assert em.tolist() == [0, 100, 0, 0]
    assert f1 == pytest.approx([200 / 3, 100, 0, 50])
    assert squad_scores(golds, ["The Broncos", "Blue.", None, "one one"]) == (25.0, f1.mean())
    scores = qa_scores([["a b c d"]], ["b c"])  # "a" is an article: two tokens of three
    assert scores == {"em": 0.0, "f1": pytest.approx(80), "qa": pytest.approx(40)}


def test_questions_without_answer() -> None:
    em, f1 = squad_items([[], [""], [], ["x"]], ["", "", "y", ""])
    assert em.tolist() == f1.tolist() == [100, 100, 0, 0]
    with pytest.raises(ValueError, match="question 1 has no gold answer"):
        squad_items([["x"], []], ["x", ""], unanswerable=False)


def test_answers_that_normalise_to_nothing() -> None:
    assert squad_scores([["the"]], ["."]) == (100.0, 0.0)  # v1.1: no token in common
    assert squad_scores([["the"]], ["."], unanswerable=True) == (100.0, 100.0)  # v2.0


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.text(), min_size=1), st.text())
def test_squad_scores_are_bounded(golds: list[str], said: str) -> None:
    for rules in (True, None):
        em, f1 = squad_scores([golds], [said], unanswerable=rules)
        assert em in (0.0, 100.0)
        assert 0 <= f1 <= 100
        assert f1 == pytest.approx(100) or em == 0 or not squad_tokens(said)
    for gold in golds:
        assert squad_scores([golds], [gold], unanswerable=True)[0] == 100


def test_aggregation() -> None:
    assert qa_score(f1=80, em=60) == 70
    assert over_languages({"en": 90, "de": 70}) == 80
    assert xtreme_average({"xnli": {"en": 90, "de": 70}, "xquad": {"en": 50}}) == 65
    with pytest.raises(ValueError, match="no languages"):
        xtreme_average({"xnli": {}})
    with pytest.raises(ValueError, match="no tasks"):
        xtreme_average({})


def test_retrieval_scores() -> None:
    assert bucc_f1([(1, 1), (2, 2)], [(1, 1), (2, 3), (1, 1)]) == (50.0, 50.0, 50.0)
    assert bucc_f1([(1, 1)], []) == (0.0, 0.0, 0.0)
    assert average_precision(["a", "b"], ["x", "a", "b"]) == pytest.approx(
        100 * (1 / 2 + 2 / 3) / 2
    )
    assert average_precision(["a"], ["a", "a"]) == 100.0  # a repeated hit counts once
    assert average_precision(["a"], ["x"] * 20 + ["a"]) == 0.0
    assert map_at_20([["a"], ["b"]], [["a"], ["x", "b"]]) == 75.0
    with pytest.raises(ValueError, match="no gold pairs"):
        bucc_f1([], [(1, 1)])


@given(st.integers(1, 30), st.integers(1, 6), st.integers(0, 9))
def test_rankings(candidates: int, relevant: int, seed: int) -> None:
    """All that is relevant on top is 100; names and the order of the gold do not matter; what is
    lower in the list is worth no more.
    """
    rng = random.Random(seed)
    ranked = list(range(candidates))
    gold = rng.sample(ranked, min(relevant, candidates))
    best = [*gold, *(x for x in ranked if x not in gold)]
    assert average_precision(gold, best) == pytest.approx(100)
    rng.shuffle(ranked)
    value = average_precision(gold, ranked)
    assert 0 <= value <= 100
    assert average_precision(gold[::-1], ranked) == value
    assert average_precision([f"q{x}" for x in gold], [f"q{x}" for x in ranked]) == value
    place = ranked.index(gold[0])
    if place and ranked[place - 1] not in gold:
        ranked[place - 1 : place + 1] = ranked[place - 1 : place + 1][::-1]
        assert average_precision(gold, ranked) >= value


@pytest.mark.parametrize(("relevant", "candidates", "k"), [(1, 4, 20), (2, 5, 20), (3, 6, 2)])
def test_random_precision_is_the_mean_over_all_orders(
    relevant: int, candidates: int, k: int
) -> None:
    gold = list(range(relevant))
    every = [average_precision(gold, order, k) for order in permutations(range(candidates))]
    expected = sum(every) / len(every)
    assert random_precision(relevant, candidates, k) == pytest.approx(expected)
    assert random_precision(0, candidates) == 0.0


# -- reference files


@cache
def squad_gold(version: str) -> tuple[list[str], list[list[str]]]:
    """(ids, gold answers) of SQuAD's development set."""
    folder = SQUAD / ("squad" if version == "v1.1" else "squad_v2")
    files = sorted(folder.glob("*/*.parquet"))
    if not files:
        pytest.skip(f"needs {folder.name} in the hub directory")
    rows = pd.concat([pd.read_parquet(file) for file in files])
    return rows["id"].tolist(), [list(a["text"]) for a in rows["answers"]]


def expected_squad() -> list:
    file = REFERENCE / "squad" / "expected_scores.csv"
    rows = pd.read_csv(file).to_dict("records") if file.exists() else [{"file": "absent"}]
    return [pytest.param(row, id=Path(row["file"]).name.split(".json")[0][:24]) for row in rows]


@needs_reference
@pytest.mark.parametrize("row", expected_squad())
def test_published_squad_predictions(row: dict) -> None:
    ids, golds = squad_gold(row["squad_version"])
    assert len(ids) == row["questions"]
    with gzip.open(REFERENCE / "squad" / row["file"], "rt", encoding="utf-8") as lines:
        said = json.load(lines)
    em, f1 = squad_scores(golds, [said.get(i) for i in ids])
    assert (round(em, 3), round(f1, 3)) == (row["exact_match"], row["f1"])


def _sentences(file: Path) -> list[list[str]]:
    blocks = file.read_text(encoding="utf-8").split("\n\n")
    return [block.split() for block in blocks if block.strip()]


def _labels(gold: Path, pred: Path, language: str) -> dict[str, float]:
    lines = [file.read_text(encoding="utf-8").split() for file in (gold, pred)]
    return {"accuracy": accuracy(*lines)}


def _tags(gold: Path, pred: Path, language: str) -> dict[str, float]:
    return tagging_f1(_sentences(gold), _sentences(pred))._asdict()


def _pairs(gold: Path, pred: Path, language: str) -> dict[str, float]:
    lines = [file.read_text(encoding="utf-8").splitlines() for file in (gold, pred)]
    return bucc_f1(*lines)._asdict()


def _ranked(gold: Path, pred: Path, language: str) -> dict[str, float]:
    wanted, found = (json.loads(file.read_text(encoding="utf-8")) for file in (gold, pred))
    return {"map@20": map_at_20(list(wanted.values()), [found.get(q, []) for q in wanted])}


def _answers(gold: Path, pred: Path, language: str) -> dict[str, float]:
    articles = json.loads(gold.read_text(encoding="utf-8"))["data"]
    questions = [q for a in articles for p in a["paragraphs"] for q in p["qas"]]
    golds = [[answer["text"] for answer in q["answers"]] for q in questions]
    said = json.loads(pred.read_text(encoding="utf-8"))
    normalise = mlqa_tokens(language) if gold.parent.name == "mlqa" else squad_tokens
    em, f1 = squad_scores(golds, [said.get(q["id"]) for q in questions], normalise)
    return {"exact_match": em, "f1": f1}


SCORE: dict[str, Callable[[Path, Path, str], dict[str, float]]] = {
    "pawsx": _labels,
    "xnli": _labels,
    "tatoeba": _labels,
    "panx": _tags,
    "udpos": _tags,
    "bucc2018": _pairs,
    "mewslix": _ranked,
    "xquad": _answers,
    "mlqa": _answers,
    "tydiqa": _answers,
}


@needs_reference
@pytest.mark.parametrize("task", SCORE)
def test_xtreme_mock_predictions(task: str) -> None:
    """To 1e-12: the last digits of a mean depend on the order of its sum."""
    expected = json.loads((REFERENCE / "xtreme" / "expected_scores.json").read_text())
    tables = [tasks[task] for tasks in expected.values() if task in tasks]
    assert tables
    files = sorted((MOCK / "labels" / task).iterdir())
    rows = [SCORE[task](f, MOCK / "predictions" / task / f.name, f.stem[5:]) for f in files]
    for table in tables:
        for name, value in table.items():
            mean = float(np.mean([row[name.removeprefix("avg_")] for row in rows]))
            assert mean == pytest.approx(value, rel=0, abs=1e-12), name
