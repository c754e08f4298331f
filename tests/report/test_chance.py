"""What is had without learning, on rows few enough to count."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.toys import TAGS, asked, forget, toy_study, tuned, write
from xit import specs, study, tasks
from xit.data import labelled
from xit.report import chance as module
from xit.report.chance import chance, trivial, trivial_on_dev
from xit.study import Study

NER = ["O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"]
LABELS = ["entailment", "neutral", "contradiction"]


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    with toy_study(tmp_path_factory.mktemp("project")) as made:
        yield made


# -- guessing --


def test_chance_of_retrieval(toy: Study) -> None:
    assert chance(toy, "tatoeba") == pytest.approx(100 / 18)  # so many sentences


def test_chance_of_labels_counts_the_classes_not_those_that_happen_to_occur(toy: Study) -> None:
    """A fair guess among three labels is right one time in three, however small the test set."""
    assert chance(toy, "xnli") == pytest.approx(100 / 3)


def test_chance_of_answers(toy: Study) -> None:
    """One of the nine words in each passage is the answer; the two full stops are words too."""
    words = len("the mat . a cat sat far away .".split())
    assert chance(toy, "xquad") == pytest.approx(100 / words)


def test_chance_of_tags_is_the_most_frequent_tag(tmp_path: Path, toy: Study) -> None:
    """F1 of chunks: NOUN everywhere finds one of two sentences' chunks, and one that is wrong."""
    rows = [{"tokens": ["a", "b"], "pos_tags": [1, 1]}, {"tokens": ["a", "b"], "pos_tags": [0, 2]}]
    write(tmp_path, "google/xtreme", "udpos.English", "test", rows, pos_tags=TAGS)
    told = study.load("toy", str(tmp_path))
    assert chance(told, "udpos") == pytest.approx(40)  # precision 1 of 2, recall 1 of 3
    assert trivial(told, "udpos") == pytest.approx(40)  # DET or VERB everywhere find nothing


# -- one answer to everything --


def test_uneven_labels(tmp_path: Path, toy: Study) -> None:
    """As in PAWS-X, where more pairs are no paraphrases: one label is right more than half."""
    rows = [{"premise": "a", "hypothesis": "b", "label": x} for x in (1, 1, 1, 0)]
    write(tmp_path, "facebook/xnli", "en", "test", rows, label=LABELS)
    told = study.load("toy", str(tmp_path))
    assert chance(told, "xnli") == pytest.approx(100 / 3)
    assert trivial(told, "xnli") == 75


def test_even_labels_leave_the_fair_guess(tmp_path: Path, toy: Study) -> None:
    rows = [{"premise": "a", "hypothesis": "b", "label": x} for x in (0, 1, 2)]
    write(tmp_path, "facebook/xnli", "en", "test", rows, label=LABELS)
    assert trivial(study.load("toy", str(tmp_path)), "xnli") == pytest.approx(100 / 3)


def test_names(tmp_path: Path, toy: Study) -> None:
    """Nearly all words are O, which finds no name; I-PER everywhere finds two of two and one
    that is none."""
    rows = [{"tokens": ["a", "b"], "ner_tags": [1, 2]}] * 2
    rows += [{"tokens": list("abcde"), "ner_tags": [0] * 5}]
    write(tmp_path, "google/xtreme", "PAN-X.en", "test", rows, ner_tags=NER)
    told = study.load("toy", str(tmp_path))
    assert chance(told, "panx") == 0
    assert trivial(told, "panx") == pytest.approx(200 * 2 / (3 + 2))


def test_answers(toy: Study) -> None:
    """There is always one, so the empty answer is never right."""
    assert trivial(toy, "xquad") == chance(toy, "xquad")


def test_what_is_not_trained_has_no_trivial_baseline(toy: Study) -> None:
    with pytest.raises(ValueError, match="Tatoeba trains nothing"):
        trivial(toy, "tatoeba")


# -- development data of intermediate runs --


def test_development_rows_are_those_of_the_run(toy: Study) -> None:
    """The toy's MNLI has two of three labels, half and half; of one row, that row's is right."""
    mnli = tasks.intermediate("mnli")
    assert trivial_on_dev(tuned(toy, "intermediate", mnli)) == {"mnli": 50}
    assert trivial_on_dev(tuned(toy, "intermediate", mnli, eval_examples=1)) == {"mnli": 100}


def test_xquad_is_developed_on_squad(toy: Study) -> None:
    spec = tuned(toy, "target", tasks.target("xquad"))
    assert trivial_on_dev(spec) == {"xquad": pytest.approx(100 / 9)}


def test_unanswerable_questions(tmp_path: Path, toy: Study) -> None:
    """Three of four have no answer: who always says so scores 75."""
    none: dict[str, list] = {"text": [], "answer_start": []}
    rows = asked(4)
    rows = [rows[0], *(r | {"answers": none} for r in rows[1:])]
    write(tmp_path, "rajpurkar/squad_v2", "squad_v2", "validation", rows)
    assert _on_dev("squad_v2", tmp_path) == 75


def test_endings(tmp_path: Path) -> None:
    rows = [{"ctx": "a", "endings": list("abcd"), "label": str(x)} for x in (0, 1, 2, 3, 3)]
    write(tmp_path, "Rowan/hellaswag", "default", "validation", rows)
    assert _on_dev("hellaswag", tmp_path) == pytest.approx(40)  # the last one, always
    write(tmp_path, "Rowan/hellaswag", "default", "validation", rows[:4])
    forget()
    assert _on_dev("hellaswag", tmp_path) == 25


def test_supertags(tmp_path: Path) -> None:
    rows = [{"tokens": list("abc"), "ccg_tags": [0, 0, 1]}, {"tokens": ["a"], "ccg_tags": [1]}]
    write(tmp_path, "xit/ccgbank", "default", "validation", rows, ccg_tags=["N", "NP"])
    assert _on_dev("ccg", tmp_path) == 50


def test_several_tasks_have_one_each(toy: Study) -> None:
    row = tasks.intermediate("multitask")
    spec = specs.several(toy, specs.base(toy), 1, toy.settings("intermediate", row))
    assert trivial_on_dev(spec) == {"mnli": 50, "squad_v1": pytest.approx(100 / 9)}


def _on_dev(task: str, hub: Path) -> float:
    spec = {"kind": "intermediate", "task": task, "settings": {"eval_examples": None},
            "language": "en", "where": {"hub": str(hub)}}  # fmt: skip
    return trivial_on_dev(spec)[task]


# -- what was found once --


def test_rows_are_read_once_for_all_pages(toy: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each page is a process of its own, which asks for these numbers anew."""

    def found() -> list[float]:
        for one in (module._chance, module._chance_ranking, module._trivial):
            one.cache_clear()
        return [chance(toy, "tatoeba"), chance(toy, "xquad"), trivial(toy, "udpos")]

    def unread(*_: object) -> None:
        raise AssertionError("rows are read again")

    before = found()
    monkeypatch.setattr(labelled, "rows", unread)
    assert found() == before
