"""The loader: what is mended and dropped, errors that name what is there, the real mirror."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import datasets
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.toys import TAGS, asked, write
from tests.toys import hub as make_hub
from xit import paths, tasks
from xit.data import encode, hub
from xit.errors import XitError
from xit.learn.pretrain import train_tokenizer
from xit.tasks import INTERMEDIATE, QA, TARGET, Split, Task

SHARED = Path(os.environ.get("XIT_SHARED", Path(__file__).resolve().parents[3] / "shared"))
MIRROR = SHARED / "hub"
needs_mirror = pytest.mark.skipif(
    not MIRROR.is_dir(), reason="needs the mirror of the Hub (XIT_SHARED)"
)
REAL = str(MIRROR)


@pytest.fixture(autouse=True, scope="module")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What `datasets` keeps of these tests goes away with them."""
    with pytest.MonkeyPatch.context() as patch:
        place = tmp_path_factory.mktemp("project")
        patch.setattr(datasets.config, "HF_DATASETS_CACHE", str(place / "cache"))
        patch.setenv("XIT_ROOT", str(place))
        paths.project.cache_clear()
        yield
    paths.project.cache_clear()


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(make_hub(tmp_path_factory.mktemp("hub")))


def spans(*rows: tuple[str, list[str], list[int]]) -> list[dict]:
    """Rows of (context, answers, where they are said to begin)."""
    return [
        {"id": "x", "question": "?", "context": c, "answers": {"text": t, "answer_start": s}}
        for c, t, s in rows
    ]


# -- mending and dropping --


@pytest.mark.parametrize(
    ("context", "answer", "start", "expected"),
    [
        ("the cat", "cat", 4, 4),
        ("the cat", "cat", 6, 4),  # shifted to the right
        ("  the cat", "cat", 4, 6),  # shifted to the left
        ("a cat, a cat", "cat", 3, 2),  # the nearer one
        ("a cat, a cat", "cat", 8, 9),
        ("cat cat", "cat", 2, 0),  # two from either: ties go left
        ("cat", "cat", 99, 0),  # far beyond the end
        ("cat", "cat", -5, 0),
        ("aaa", "aa", 1, 1),
        ("the cat", "dog", 4, None),
        ("the cat", "", 4, None),
    ],
)
def test_nearest(context: str, answer: str, start: int, expected: int | None) -> None:
    assert hub.nearest(context, answer, start) == expected


@settings(deadline=None)
@given(st.text("ab ", max_size=20), st.text("ab ", min_size=1, max_size=3), st.integers(-3, 25))
def test_nearest_is_the_nearest(context: str, answer: str, start: int) -> None:
    every = [i for i in range(len(context)) if context.startswith(answer, i)]
    expected = min(every, key=lambda i: (abs(i - start), i), default=None)
    assert hub.nearest(context, answer, start) == expected


def test_shifted_answers_are_realigned_and_counted(tmp_path: Path) -> None:
    given = spans(
        ("the cat sat", ["cat"], [4]),
        ("the cat sat", ["cat", "sat"], [5, 8]),
        ("the cat sat", ["dog", "cat"], [0, 4]),
        ("the cat sat", ["dog"], [0]),
        ("the cat sat", [], []),
    )
    write(tmp_path, "rajpurkar/squad_v2", "squad_v2", "train", given)
    task = INTERMEDIATE["squad_v2"]
    assert task.train
    rows, counts = hub.rows(task, task.train, str(tmp_path), "en")
    assert [r["answers"] for r in rows] == [
        {"text": ["cat"], "answer_start": [4]},
        {"text": ["cat", "sat"], "answer_start": [4, 8]},
        {"text": ["cat"], "answer_start": [4]},
        {"text": [], "answer_start": []},  # no answer is an answer: this row stays
    ]  # fmt: skip
    assert counts == {"answers realigned": 1, "answers not found": 2, "read": 5}


def test_rows_without_gold_are_dropped_and_counted(tmp_path: Path) -> None:
    names = ["entailment", "neutral", "contradiction"]
    pair = {"premise": "p", "hypothesis": "h"}
    write(tmp_path, "nyu-mll/glue", "mnli", "train",
          [pair | {"label": x} for x in (2, -1, 0)], label=names)  # fmt: skip
    write(tmp_path, "nyu-mll/glue", "mnli", "test",
          [pair | {"label": -1}] * 3, label=names)  # fmt: skip
    task = INTERMEDIATE["mnli"]
    assert task.train
    rows, counts = hub.rows(task, task.train, str(tmp_path), "en")
    assert [r["label"] for r in rows] == [2, 0]
    assert counts == {"no gold label": 1, "read": 3}
    with pytest.raises(XitError, match="mnli: every label is a placeholder"):
        hub.rows(task, Split("nyu-mll/glue", "mnli", "test"), str(tmp_path), "en")


def test_empty_sentences_are_dropped_and_counted(tmp_path: Path) -> None:
    rows: list[dict] = [{"tokens": ["a"], "pos_tags": [0]}, {"tokens": [], "pos_tags": []}]
    write(tmp_path, "google/xtreme", "udpos.German", "test", rows, pos_tags=TAGS)
    test = TARGET["udpos"].test
    assert test
    kept, counts = hub.rows(TARGET["udpos"], test, str(tmp_path), "de")
    assert kept == rows[:1]
    assert counts == {"empty": 1, "read": 2}


def test_tatoeba_loses_its_newline(toy: str) -> None:
    task = TARGET["tatoeba"]
    assert task.dev
    rows, counts = hub.rows(task, task.dev, toy, "de")
    assert rows[0] == {
        "source_sentence": "the cat sat on the mat .",
        "target_sentence": ". tam eht no tas tac eht",
    }
    assert counts == {"read": 18}


def test_a_limit_is_the_start_of_one_shuffle(toy: str) -> None:
    task = INTERMEDIATE["mnli"]
    assert task.train
    few, counts = hub.rows(task, task.train, toy, "en", 5)
    more, _ = hub.rows(task, task.train, toy, "en", 9)
    every, _ = hub.rows(task, task.train, toy, "en", 99)
    plain, _ = hub.rows(task, task.train, toy, "en")
    assert more[:5] == few
    assert counts["read"] == 5
    assert every == plain
    assert few != plain[:5]


def test_label_names(toy: str) -> None:
    task = TARGET["udpos"]
    assert task.train
    assert hub.label_names(task, task.train, toy, "en") == TAGS
    tatoeba = TARGET["tatoeba"]
    assert tatoeba.dev
    with pytest.raises(XitError, match="column 'target_sentence' has no label names"):
        hub.label_names(tatoeba, tatoeba.dev, toy, "de")


def test_fingerprint_is_of_the_content() -> None:
    one = [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]
    assert hub.fingerprint(one) == hub.fingerprint([{"b": "x", "a": 1}, {"b": "y", "a": 2}])
    assert hub.fingerprint(one) != hub.fingerprint(one[::-1])
    assert hub.fingerprint(one) != hub.fingerprint([{"a": 1, "b": "x"}, {"a": 2, "b": "z"}])
    assert len(hub.fingerprint(one)) == 16


def test_config() -> None:
    def name(target: str, code: str) -> str:
        task = TARGET[target]
        assert task.dev
        return hub.config(task, task.dev, "", code)

    assert name("xnli", "de") == "de"
    assert name("udpos", "de") == "udpos.German"
    assert name("panx", "de") == "PAN-X.de"
    assert name("tatoeba", "de") == "tatoeba.deu"
    assert name("uner", "de") == "de_pud"


def test_languages_of_the_hub_itself(tmp_path: Path) -> None:
    (tmp_path / "typology").mkdir()
    table = "iso639_1,iso639_3,name\nqab,qab,Ab\n"
    (tmp_path / "typology" / "languages.csv").write_text(table)
    assert hub.language(str(tmp_path), "qab") == ("qab", "Ab")
    assert hub.language(str(tmp_path), "de") == ("deu", "German")
    with pytest.raises(XitError, match="unknown language 'qac': did you mean 'qab'"):
        hub.language(str(tmp_path), "qac")


# -- what is not there --


def one(repo: str, config: str, split: str, columns: tuple[str, ...] = QA) -> tuple[Task, Split]:
    """A task that reads exactly this."""
    where = Split(repo, config, split)
    return Task("toy", "Toy", "span", where, where, None, columns, "qa"), where


def names(error: BaseException, wrong: str, right: str) -> None:
    """The message is one line and has the wrong name and, as a word of its own, the right one."""
    assert repr(wrong) in str(error)
    assert re.search(rf"(?<![\w.]){re.escape(right)}(?![\w.])", str(error)), error
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("repo", "config", "split", "columns", "wrong", "right"),
    [
        ("rajpurkar/squat", "plain_text", "train", QA, "rajpurkar/squat", "rajpurkar/squad"),
        ("rajpurkar/squad", "plain_txt", "train", QA, "plain_txt", "plain_text"),
        ("google/xtreme", "XQuAD.dee", "validation", QA, "XQuAD.dee", "XQuAD.de"),
        ("rajpurkar/squad", "plain_text", "validaton", QA, "validaton", "validation"),
        ("rajpurkar/squad", "plain_text", "train", ("question", "kontext", "answers", "id"),
         "kontext", "context"),
    ],
)  # fmt: skip
def test_what_is_missing_is_named_with_the_nearest(
    toy: str, repo: str, config: str, split: str, columns: tuple[str, ...], wrong: str, right: str
) -> None:
    task, where = one(repo, config, split, columns)
    with pytest.raises(XitError) as error:
        hub.rows(task, where, toy, "en")
    names(error.value, wrong, right)


def test_unknown_language_and_hub(toy: str) -> None:
    dev = TARGET["udpos"].dev
    assert dev
    with pytest.raises(XitError, match="unknown language 'dee': did you mean 'de'"):
        hub.rows(TARGET["udpos"], dev, toy, "dee")
    with pytest.raises(XitError, match="unknown language of uner 'dee': did you mean 'de'"):
        hub.config(TARGET["uner"], dev, toy, "dee")
    with pytest.raises(XitError, match="hub directory 'no/where' does not exist"):
        hub.rows(TARGET["udpos"], dev, "no/where", "de")
    with pytest.raises(XitError, match="unknown lab size 'smok': did you mean 'smoke'"):
        hub.root("lab:smok")


def test_hub_directories_are_of_the_project() -> None:
    (paths.project() / "mirror").mkdir()
    assert hub.root("mirror") == str(paths.project() / "mirror")
    assert hub.root("") == ""


def test_two_mirrors_of_one_repository_are_two(tmp_path: Path) -> None:
    """And a file that changes is read again."""
    task, where = one("rajpurkar/squad", "plain_text", "train")
    for count, place in ((2, "a"), (3, "b"), (4, "b")):
        write(tmp_path / place, "rajpurkar/squad", "plain_text", "train", asked(count))
        assert len(hub.rows(task, where, str(tmp_path / place), "en")[0]) == count


def test_columns_are_told_without_reading_rows(toy: str, tmp_path: Path) -> None:
    assert set(hub.columns(toy, "rajpurkar/squad", "plain_text", "train")) == set(QA)
    with pytest.raises(XitError) as error:
        hub.columns(toy, "rajpurkar/squad", "plain_txt", "train")
    names(error.value, "plain_txt", "plain_text")
    write(tmp_path, "rajpurkar/squad", "plain_text", "train", asked(2))
    file = tmp_path / "rajpurkar/squad/plain_text/train-00000-of-00001.parquet"
    file.write_bytes(b"x" * 99)
    with pytest.raises(XitError, match="cannot read rajpurkar/squad plain_text train"):
        hub.columns(str(tmp_path), "rajpurkar/squad", "plain_text", "train")


@pytest.mark.parametrize("damage", ["not parquet", "cut short", "empty"])
def test_a_damaged_file_is_one_line(tmp_path: Path, damage: str) -> None:
    write(tmp_path, "rajpurkar/squad", "plain_text", "train", asked(6))
    file = tmp_path / "rajpurkar/squad/plain_text/train-00000-of-00001.parquet"
    whole = file.read_bytes()
    file.write_bytes({"not parquet": b"x" * 99, "cut short": whole[:-40], "empty": b""}[damage])
    task, where = one("rajpurkar/squad", "plain_text", "train")
    with pytest.raises(XitError, match="cannot read rajpurkar/squad plain_text train") as error:
        hub.rows(task, where, str(tmp_path), "en")
    assert "\n" not in str(error.value)


# -- the real mirror --

HERE = {"xnli": "sw", "udpos": "th", "panx": "yo", "uner": "pt", "xquad": "th", "tatoeba": "fr"}


@needs_mirror
@pytest.mark.parametrize("name", [*(t for t in INTERMEDIATE if t != "ccg"), *HERE])
def test_every_row_of_the_task_table_loads(name: str) -> None:
    task = {**INTERMEDIATE, **TARGET}[name]
    for split, code in ((task.train, "en"), (task.test or task.dev, HERE.get(name, "en"))):
        if split is None:
            continue
        rows, counts = hub.rows(task, split, REAL, code, 40)
        assert 1 <= len(rows) <= 40
        assert set(rows[0]) == set(task.columns)
        assert all(
            n == 0 for what, n in counts.items() if "realigned" not in what and what != "read"
        )
        if task.kind == "pair":
            names = hub.label_names(task, split, REAL, code)
            assert names == ["entailment", "neutral", "contradiction"]
        if task.kind == "tagging":
            assert len(rows[0][task.columns[1]]) == len(rows[0]["tokens"])
            names = hub.label_names(task, split, REAL, code)
            assert len(names) == {"udpos": 17, "panx": 7, "uner": 7}[name]


@needs_mirror
def test_ccg_is_not_in_the_mirror() -> None:
    ccg = INTERMEDIATE["ccg"]
    assert ccg.train
    with pytest.raises(XitError, match=r"unknown repository in hub .*'xit/ccgbank'"):
        hub.rows(ccg, ccg.train, REAL, "en")


@needs_mirror
@pytest.mark.parametrize(("code", "shifted"), [("zh", 100), ("ar", 26), ("en", 5)])
def test_xquad_is_realigned(code: str, shifted: int) -> None:
    task = TARGET["xquad"]
    assert task.dev
    rows, counts = hub.rows(task, task.dev, REAL, code)
    assert counts == {"answers realigned": shifted, "answers not found": 0, "read": 1190}
    for row in rows:
        for text, start in zip(row["answers"]["text"], row["answers"]["answer_start"], strict=True):
            assert row["context"][start : start + len(text)] == text


@needs_mirror
@pytest.mark.parametrize("code", ["th", "zh"])
def test_spans_without_blanks_round_trip(code: str) -> None:
    task = TARGET["xquad"]
    assert task.dev
    rows, _ = hub.rows(task, task.dev, REAL, code, 150)
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
    names(error.value, wrong, right)


@needs_mirror
def test_squad_v2_keeps_what_has_no_answer() -> None:
    task = INTERMEDIATE["squad_v2"]
    assert task.dev
    rows, counts = hub.rows(task, task.dev, REAL, "en")
    assert (len(rows), counts["read"]) == (1699, 1699)
    assert sum(not r["answers"]["text"] for r in rows) == 882


@needs_mirror
def test_labels_of_test_sets_are_placeholders() -> None:
    with pytest.raises(XitError, match="every label is a placeholder"):
        hub.rows(INTERMEDIATE["mnli"], Split("nyu-mll/glue", "mnli", "test_matched"), REAL, "en")


@needs_mirror
def test_tatoeba_of_the_mirror_has_no_newlines() -> None:
    dev = TARGET["tatoeba"].dev
    assert dev
    raw = hub.load(REAL, dev.repo, "tatoeba.fra", dev.split)
    assert any(s.endswith("\n") for s in raw["source_sentence"])
    rows, _ = hub.rows(TARGET["tatoeba"], dev, REAL, "fr")
    assert len(rows) == len(raw)
    assert not any(s != s.strip() for r in rows for s in r.values())


def test_every_task_has_what_its_kind_needs() -> None:
    for name, task in {**INTERMEDIATE, **TARGET}.items():
        assert name == task.name
        assert task.kind in encode.__dict__ or task.kind == "retrieval"
        assert task.cite
        assert len(task.columns) == {"pair": 3, "choice": 3, "tagging": 2, "span": 4,
                                     "retrieval": 2}[task.kind]  # fmt: skip
        assert (task.batch_size > 0 and task.epochs > 0) == (task.train is not None)
    assert all(TARGET[t].languages for t in TARGET)
    with pytest.raises(
        XitError, match="unknown intermediate task 'squad1': did you mean 'squad_v1'"
    ):
        tasks.intermediate("squad1")
    with pytest.raises(XitError, match="unknown target task 'xqad': did you mean 'xquad'"):
        tasks.target("xqad")


def test_the_identity_of_rows_is_remembered_until_they_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = tasks.target("tatoeba")
    assert task.dev
    monkeypatch.setenv("XIT_ROOT", str(tmp_path))
    paths.project.cache_clear()
    pairs = [{"source_sentence": f"s{i}", "target_sentence": f"t{i}"} for i in range(4)]
    write(tmp_path / "hub", "google/xtreme", "tatoeba.deu", "validation", pairs)
    first = hub.identity(task, task.dev, "hub", "de")
    assert first == hub.fingerprint(hub.rows(task, task.dev, "hub", "de")[0])
    assert hub.identity(task, task.dev, "hub", "de", 2) != first
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hub, "rows", None)  # not read again
        assert hub.identity(task, task.dev, "hub", "de") == first
    write(tmp_path / "hub", "google/xtreme", "tatoeba.deu", "validation", pairs[1:])
    assert hub.identity(task, task.dev, "hub", "de") != first
    paths.project.cache_clear()
