"""Rows with gold labels: what is mended and dropped, errors that name what is there, identity."""

from pathlib import Path

import datasets
import pytest

from tests.toys import TAGS, asked, nearest_named, paired, write
from tests.toys import hub as make_hub
from xit import paths, tasks
from xit.data import labelled, look
from xit.errors import XitError
from xit.tasks import INTERMEDIATE, QA, TARGET, UPOS, Split, Task


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
    rows, counts = labelled.rows(task, task.train, str(tmp_path), "en")
    assert [r["answers"] for r in rows] == [
        {"text": ["cat"], "answer_start": [4]},
        {"text": ["cat", "sat"], "answer_start": [4, 8]},
        {"text": ["cat"], "answer_start": [4]},
        {"text": [], "answer_start": []},  # no answer is an answer: this row stays
    ]  # fmt: skip
    assert counts == {
        "answers realigned": 1, "answers not found": 2, "no answer found": 1, "read": 5,
    }  # fmt: skip


def test_rows_without_gold_are_dropped_and_counted(tmp_path: Path) -> None:
    names = ["entailment", "neutral", "contradiction"]
    pair = {"premise": "p", "hypothesis": "h"}
    write(tmp_path, "nyu-mll/glue", "mnli", "train",
          [pair | {"label": x} for x in (2, -1, 0)], label=names)  # fmt: skip
    write(tmp_path, "nyu-mll/glue", "mnli", "test",
          [pair | {"label": -1}] * 3, label=names)  # fmt: skip
    task = INTERMEDIATE["mnli"]
    assert task.train
    rows, counts = labelled.rows(task, task.train, str(tmp_path), "en")
    assert [r["label"] for r in rows] == [2, 0]
    assert counts == {"no gold label": 1, "read": 3}
    with pytest.raises(XitError, match="mnli: every label is a placeholder"):
        labelled.rows(task, Split("nyu-mll/glue", "mnli", "test"), str(tmp_path), "en")


def test_empty_sentences_are_dropped_and_counted(tmp_path: Path) -> None:
    rows: list[dict] = [{"tokens": ["a"], "pos_tags": [0]}, {"tokens": [], "pos_tags": []}]
    write(tmp_path, "google/xtreme", "udpos.German", "test", rows, pos_tags=TAGS)
    test = TARGET["udpos"].test
    assert test
    kept, counts = labelled.rows(TARGET["udpos"], test, str(tmp_path), "de")
    assert kept == rows[:1]
    assert counts == {"empty": 1, "read": 2}


def test_tatoeba_loses_its_newline(toy: str) -> None:
    task = TARGET["tatoeba"]
    assert task.dev
    rows, counts = labelled.rows(task, task.dev, toy, "de")
    assert rows[0] == {
        "source_sentence": "the cat sat on the mat .",
        "target_sentence": ". tam eht no tas tac eht",
    }
    assert counts == {"read": 18}


def test_a_limit_is_the_start_of_one_shuffle(toy: str) -> None:
    task = INTERMEDIATE["mnli"]
    assert task.train
    few, counts = labelled.rows(task, task.train, toy, "en", 5)
    more, _ = labelled.rows(task, task.train, toy, "en", 9)
    every, _ = labelled.rows(task, task.train, toy, "en", 99)
    plain, _ = labelled.rows(task, task.train, toy, "en")
    assert more[:5] == few
    assert counts["read"] == 5
    assert every == plain
    assert few != plain[:5]


def test_label_names(toy: str) -> None:
    task = TARGET["udpos"]
    assert task.train
    assert labelled.label_names(task, task.train, toy, "en") == TAGS
    tatoeba = TARGET["tatoeba"]
    assert tatoeba.dev
    with pytest.raises(XitError, match="column 'target_sentence' has no label names"):
        labelled.label_names(tatoeba, tatoeba.dev, toy, "de")


def test_fingerprint_is_of_the_content() -> None:
    one = [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]
    assert labelled.fingerprint(one) == labelled.fingerprint(
        [{"b": "x", "a": 1}, {"b": "y", "a": 2}]
    )
    assert labelled.fingerprint(one) != labelled.fingerprint(one[::-1])
    assert labelled.fingerprint(one) != labelled.fingerprint(
        [{"a": 1, "b": "x"}, {"a": 2, "b": "z"}]
    )
    assert len(labelled.fingerprint(one)) == 16


# -- what is not there --


def one(repo: str, config: str, split: str, columns: tuple[str, ...] = QA) -> tuple[Task, Split]:
    """A task that reads exactly this."""
    where = Split(repo, config, split)
    return Task("toy", "Toy", "span", where, where, None, columns, "qa"), where


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
        labelled.rows(task, where, toy, "en")
    nearest_named(error.value, wrong, right)


# -- what makes one task's rows --


def test_the_identity_of_rows_is_remembered_until_they_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = tasks.target("tatoeba")
    assert task.dev
    monkeypatch.setenv("XIT_ROOT", str(tmp_path))
    paths.project.cache_clear()
    pairs = [{"source_sentence": f"s{i}", "target_sentence": f"t{i}"} for i in range(4)]
    write(tmp_path / "hub", "google/xtreme", "tatoeba.deu", "validation", pairs)
    first = labelled.identity(task, task.dev, "hub", "de")
    assert first == labelled.fingerprint(labelled.rows(task, task.dev, "hub", "de")[0])
    assert labelled.identity(task, task.dev, "hub", "de", 2) != first
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(labelled, "rows", None)  # not read again
        assert labelled.identity(task, task.dev, "hub", "de") == first
    write(tmp_path / "hub", "google/xtreme", "tatoeba.deu", "validation", pairs[1:])
    assert labelled.identity(task, task.dev, "hub", "de") != first
    paths.project.cache_clear()


def test_several_datasets_are_read_as_one(tmp_path: Path) -> None:
    """ANLI+ is three rounds of ANLI, MNLI and SNLI; SNLI's rows without gold are counted."""
    names = ["entailment", "neutral", "contradiction"]
    sizes = {"train_r1": 2, "train_r2": 3, "train_r3": 4}
    for split, count in sizes.items():
        rows = [r | {"uid": "x", "reason": ""} for r in paired(count)]
        write(tmp_path, "facebook/anli", "plain_text", split, rows, label=names)
    write(tmp_path, "nyu-mll/glue", "mnli", "train", paired(5), label=names)
    last = [*paired(6), {"premise": "p", "hypothesis": "h", "label": -1}]
    write(tmp_path, "stanfordnlp/snli", "plain_text", "train", last, label=names)
    task = INTERMEDIATE["anli_plus"]
    assert task.train
    rows, counts = labelled.rows(task, task.train, str(tmp_path), "en")
    assert (len(rows), counts) == (20, {"no gold label": 1, "read": 21})
    some, counts = labelled.rows(task, task.train, str(tmp_path), "en", 10)
    assert counts["read"] == 10 and all(r in rows for r in some)
    before = labelled.identity(task, task.train, str(tmp_path), "en")
    write(tmp_path, "stanfordnlp/snli", "plain_text", "train", last[1:], label=names)
    assert labelled.identity(task, task.train, str(tmp_path), "en") != before


def test_choices_of_every_shape(tmp_path: Path) -> None:
    cosmos = {"id": "a", "context": "c", "question": "q?", "label": 2}
    cosmos |= {f"answer{i}": f"a{i}" for i in range(4)}
    write(tmp_path, "allenai/cosmos_qa", "default", "train", [cosmos, cosmos | {"label": -1}])
    choices = {"label": ["A", "B", "C"], "text": ["x", "y", "z"]}
    csqa = {"id": "a", "question": "q?", "question_concept": "q", "choices": choices}
    write(tmp_path, "tau/commonsense_qa", "default", "train",
          [csqa | {"answerKey": "C"}, csqa | {"answerKey": ""}])  # fmt: skip
    told = {
        "cosmos_qa": {"context": "c", "endings": [f"q? a{i}" for i in range(4)], "label": 2},
        "commonsense_qa": {"context": "q?", "endings": ["x", "y", "z"], "label": 2},
    }
    for name, row in told.items():
        task = INTERMEDIATE[name]
        assert task.train
        rows, counts = labelled.rows(task, task.train, str(tmp_path), "en")
        assert rows == [row]
        assert counts == {"no gold label": 1, "read": 2}
        assert tuple(rows[0]) == task.inputs


def test_one_config_of_all_languages(tmp_path: Path) -> None:
    """TyDiQA's ids begin with the language's name."""
    rows = [r | {"id": f"{lang}-{i}"} for i, r in enumerate(asked(3)) for lang in ("english", "ru")]
    write(tmp_path, "google/xtreme", "tydiqa", "train", rows)
    task = TARGET["tydiqa"]
    assert task.train
    english, _ = labelled.rows(task, task.train, str(tmp_path), "en")
    assert [r["id"] for r in english] == [f"english-{i}" for i in range(3)]
    russian, _ = labelled.rows(task, task.train, str(tmp_path), "ru", 2)
    assert all(r["id"].startswith("ru-") for r in russian) and len(russian) == 2
    with pytest.raises(XitError, match=r"has no rows in 'fi': \['english', 'ru'\]"):
        labelled.rows(task, task.train, str(tmp_path), "fi")


def test_labels_without_names(tmp_path: Path) -> None:
    """PAWS-X writes its labels as text; the task table names them."""
    rows = [{"sentence1": "a", "sentence2": "b", "label": x} for x in "0110"]
    write(tmp_path, "google/xtreme", "PAWS-X.en", "train", rows)
    task = TARGET["paws_x"]
    assert task.train
    assert len(labelled.rows(task, task.train, str(tmp_path), "en")[0]) == 4
    assert labelled.outputs(task, task.train, str(tmp_path), "en") == [
        "not_paraphrase",
        "paraphrase",
    ]
    write(tmp_path, "google/xtreme", "PAWS-X.en", "train", [rows[0] | {"label": "2"}])
    with pytest.raises(XitError, match="unknown label of paws_x '2'"):
        labelled.rows(task, task.train, str(tmp_path), "en")


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_files_without_a_card_are_read_where_a_user_puts_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """A translation that the user has made: columns and label numbers of the original."""
    monkeypatch.setenv("XIT_ROOT", str(tmp_path))
    paths.project.cache_clear()
    place = tmp_path / "local" / "translated" / "qqp.de"
    place.mkdir(parents=True)
    for split, count in (("train", 5), ("validation", 2)):
        rows = [{"question1": f"{i}", "question2": "b", "label": i % 2} for i in range(count)]
        data = datasets.Dataset.from_list(rows)
        data.to_json(place / f"{split}.jsonl") if kind == "jsonl" else data.to_parquet(
            place / f"{split}.parquet"
        )
    task = tasks.translated(INTERMEDIATE["qqp"], "de")
    assert task.train and task.dev
    rows, _ = labelled.rows(task, task.train, "", "de")
    assert [r["label"] for r in rows] == [0, 1, 0, 1, 0]
    assert len(labelled.rows(task, task.dev, "", "de")[0]) == 2
    assert labelled.label_names(task, task.train, "", "de") == ["not_duplicate", "duplicate"]
    assert look.split("", "xit/translated", "qqp.de", "train").rows == 5
    paths.project.cache_clear()


def test_a_language_may_lie_elsewhere_under_other_names(tmp_path: Path) -> None:
    """XTREME-R's Polish: two treebanks and one with a test set alone, their tags in another order;
    Ukrainian Tatoeba: columns by another name."""
    names = ["NOUN", "_", "DET", "VERB"]
    rows = [{"tokens": ["the", "cat", "cat's", "ran"], "upos": [2, 0, 1, 3]}]
    for config in ("pl_lfg", "pl_pdb", "pl_pud"):
        repo = "universal-dependencies/universal_dependencies"
        write(tmp_path, repo, config, "test", rows, upos=names)
    task = TARGET["udpos"]
    assert task.test
    found, counts = labelled.rows(task, task.test, str(tmp_path), "pl")
    assert labelled.label_names(task, task.test, str(tmp_path), "pl") == list(UPOS)
    tags = [UPOS.index(tag) for tag in ("DET", "NOUN", "VERB")]
    assert found == [{"tokens": ["the", "cat", "ran"], "pos_tags": tags}] * 3
    assert counts == {"empty": 0, "words left out": 3, "read": 3}
    before = labelled.identity(task, task.test, str(tmp_path), "pl")
    assert before == labelled.fingerprint(found)
    pair = [{"sentence1": "kit\n", "sentence2": "cat", "lang": "ukr-eng"}]
    write(tmp_path, "mteb/tatoeba-bitext-mining", "ukr-eng", "test", pair)
    task = TARGET["tatoeba"]
    assert task.dev
    found, _ = labelled.rows(task, task.dev, str(tmp_path), "uk")
    assert found == [{"source_sentence": "kit", "target_sentence": "cat"}]
