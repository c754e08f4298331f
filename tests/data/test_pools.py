"""Pools of candidates: LAReQA from XQuAD and from its own files, Mewsli-X from files by hand."""

import json
from pathlib import Path

import pytest

from tests.shared import MIRROR
from tests.toys import write
from xit import paths, tasks
from xit.data import pools
from xit.errors import XitError
from xit.tasks import Task

LAREQA, MEWSLI = tasks.target("lareqa"), tasks.target("mewsli_x")
PASSAGE = "A cat sat. The dog ran."


def question(name: str, asked: str, answer: str, context: str = PASSAGE) -> dict:
    start = context.index(answer)
    return {"id": name, "question": asked, "context": context,
            "answers": {"text": [answer], "answer_start": [start]}}  # fmt: skip


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    """XQuAD in two languages: two questions about one passage, one about another."""
    there = {"en": [question("1", "Who sat?", "cat"), question("2", "What ran?", "The dog"),
                    question("3", "Where?", "mat", "On a mat.")],
             "de": [question("1", "Wer saß?", "Katze", "Katze saß. Hund lief."),
                    question("2", "Was lief?", "Hund", "Katze saß. Hund lief.")]}  # fmt: skip
    for code, rows in there.items():
        write(tmp_path, "google/xtreme", f"XQuAD.{code}", "validation", rows)
    return tmp_path


def read(where: Path, task: Task, *codes: str) -> pools.Pool:
    split = task.test or task.dev
    assert split
    return pools.read(str(where), task, split, codes)


def test_every_sentence_is_a_candidate_for_the_questions_it_answers(hub: Path) -> None:
    pool = read(hub, LAREQA, "en", "de")
    assert pool.queries["en"] == (["Who sat?", "What ran?", "Where?"], [("1",), ("2",), ("3",)])
    assert pool.candidates["en"] == (
        ["A cat sat.", "The dog ran.", "On a mat."], [("1",), ("2",), ("3",)]
    )  # fmt: skip
    assert pool.candidates["de"] == (["Katze saß.", "Hund lief."], [("1",), ("2",)])
    assert pool.counts["en"]["read"] == 3 and pool.counts["en"]["candidates"] == 3
    assert pool.counts["de"]["no sentence"] == 0


def test_lareqas_own_breaks_are_taken_where_they_are(hub: Path, tmp_path: Path) -> None:
    split = LAREQA.dev
    assert split
    before = pools.identity(str(hub), LAREQA, split, "en")
    own = hub / "xit" / "lareqa" / "xquad-r"
    own.mkdir(parents=True)
    asked = [{k: v for k, v in question("1", "Who sat?", "cat").items() if k != "context"}]
    asked[0]["answers"] = [{"text": "cat", "answer_start": 2}]
    paragraph = {"context": PASSAGE, "qas": asked, "sentence_breaks": [[0, 5], [6, 23]]}
    told = {"data": [{"paragraphs": [paragraph]}]}
    (own / "en.json").write_text(json.dumps(told))
    pool = read(hub, LAREQA, "en", "de")
    assert pool.candidates["en"] == (["A cat", "sat. The dog ran."], [("1",), ()])
    assert pool.candidates["de"].texts == ["Katze saß.", "Hund lief."]  # no file of its own
    assert pools.identity(str(hub), LAREQA, split, "en") != before
    del paragraph["sentence_breaks"]
    (own / "en.json").write_text(json.dumps(told))
    with pytest.raises(XitError, match="expected LAReQA's JSON, with sentence_breaks"):
        read(hub, LAREQA, "en")


def test_identity_is_that_of_what_is_read(hub: Path) -> None:
    assert LAREQA.dev
    one, other = (pools.identity(str(hub), LAREQA, LAREQA.dev, code) for code in ("en", "de"))
    assert one != other == pools.identity(str(hub), LAREQA, LAREQA.dev, "de")


def test_a_pool_is_read_once_for_all_pages(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    split = LAREQA.dev
    assert split
    before = pools.identity(str(hub), LAREQA, split, "en")
    write(hub, "google/xtreme", "XQuAD.fr", "validation", [question("1", "Qui?", "cat")])
    changed = pools.identity(str(hub), LAREQA, split, "en")  # the repository is another

    def unread(*_: object) -> None:
        raise AssertionError("the pool is read again")

    monkeypatch.setattr(pools, "read", unread)
    assert pools.identity(str(hub), LAREQA, split, "en") == changed == before
    with pytest.raises(AssertionError, match="read again"):
        pools.identity(str(hub), LAREQA, split, "fr")


def entity(name: str, code: str, description: str) -> dict:
    return {"entity_id": name, "title": name, "description": description,
            "description_language": code, "sentence_spans": [], "description_url": ""}  # fmt: skip


def mention(text: str, code: str, said: str, name: str, spans: list[tuple[int, int]]) -> dict:
    start = text.index(said)
    span = {"start": start, "end": start + len(said), "text": said}
    return {
        "context": {"text": text, "language": code, "document_id": "x",
                    "sentence_spans": [{"start": a, "end": b} for a, b in spans]},
        "mentions": [{"example_id": "m", "mention_span": span, "entity_id": name}],
    }  # fmt: skip


@pytest.fixture
def mewsli(tmp_path: Path) -> Path:
    place = tmp_path / "hub" / "xit" / "mewsli_x"
    place.mkdir(parents=True)
    told = {
        "candidate_set_entities": [entity("Q1", "en", "A  city\nin France."),
                                   entity("Q2", "fr", "Un chat.")],
        "wikinews_mentions-test": [mention("He left. Paris is big.", "de", "Paris", "Q1",
                                           [(0, 8), (9, 22)]),
                                   mention("no spans: chat", "ar", "chat", "Q2", [])],
    }  # fmt: skip
    told["wikinews_mentions-dev"] = told["wikinews_mentions-test"][:1]
    for name, rows in told.items():
        lines = "".join(json.dumps(r) + "\n" for r in rows)
        (place / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    return tmp_path / "hub"


def test_mewsli_x_is_read_as_its_script_leaves_it(mewsli: Path) -> None:
    pool = read(mewsli, MEWSLI, "de", "ar")
    assert pool.queries["de"] == (["Paris: { Paris } is big."], [("Q1",)])
    assert pool.queries["ar"] == (["chat: no spans: { chat }"], [("Q2",)])
    assert pool.candidates == {
        "en": (["A city in France."], [("Q1",)]), "fr": (["Un chat."], [("Q2",)]),
    }  # fmt: skip
    assert MEWSLI.dev and MEWSLI.test
    ids = {s: pools.identity(str(mewsli), MEWSLI, s, "de") for s in (MEWSLI.dev, MEWSLI.test)}
    assert len(set(ids.values())) == 2


def test_what_is_wrong_with_mewsli_x_is_said_in_a_line(mewsli: Path, tmp_path: Path) -> None:
    with pytest.raises(XitError, match="unknown language of Mewsli-X: 'fi': did you mean"):
        read(mewsli, MEWSLI, "fi")
    file = mewsli / "xit" / "mewsli_x" / "candidate_set_entities.jsonl"
    file.write_text('{"entity_id": "Q1"}\n')
    with pytest.raises(XitError, match="jsonl line 1: lacks 'description'"):
        read(mewsli, MEWSLI, "de")
    file.unlink()
    with pytest.raises(XitError, match=r"Mewsli-X lacks candidate_set_entities\.jsonl in"):
        read(mewsli, MEWSLI, "de")
    assert paths.project() != tmp_path
    with pytest.raises(XitError, match="no xit/mewsli_x: Mewsli-X is not on the Hub"):
        read(tmp_path, MEWSLI, "de")


@pytest.mark.skipif(not MIRROR.is_dir(), reason="needs the mirror of the Hub (XIT_SHARED)")
def test_every_question_of_real_xquad_has_one_answer_in_each_language() -> None:
    codes = "ar de en es ru th tr vi zh".split()
    pool = read(MIRROR, LAREQA, *codes)
    right = {
        code: [k for keys in side.keys for k in keys] for code, side in pool.candidates.items()
    }
    asked = {code: [k for (k,) in side.keys] for code, side in pool.queries.items()}
    assert all(sorted(right[c]) == sorted(asked[c]) == sorted(asked["en"]) for c in codes)
    assert len(asked["en"]) == 1190
