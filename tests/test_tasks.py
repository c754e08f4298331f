"""The task table: every row has what its kind needs."""

import pytest

from xit import tasks
from xit.data import encode
from xit.errors import XitError
from xit.tasks import INTERMEDIATE, TARGET


def test_every_task_has_what_its_kind_needs() -> None:
    for name, task in {**INTERMEDIATE, **TARGET}.items():
        assert name == task.name
        assert task.kind in (*encode.ENCODE, "retrieval", "mining", "several")
        assert task.cite
        if name == tasks.MULTITASK:  # no dataset of its own
            continue
        assert len(task.inputs) == {"pair": 3, "choice": 3, "tagging": 2, "span": 4,
                                     "retrieval": 2, "mining": 2}[task.kind]  # fmt: skip
        assert (task.batch_size > 0 and task.epochs > 0) == (task.train is not None)
    assert all(TARGET[t].languages for t in TARGET)
    with pytest.raises(
        XitError, match="unknown intermediate task 'squad1': did you mean 'squad_v1'"
    ):
        tasks.intermediate("squad1")
    with pytest.raises(XitError, match="unknown target task 'xqad': did you mean 'xquad'"):
        tasks.target("xqad")


def test_the_paper_s_tasks_are_all_there() -> None:
    assert set(INTERMEDIATE) == set(
        "anli_plus mnli qqp squad_v2 squad_v1 hellaswag ccg cosmos_qa commonsense_qa "
        "multitask".split()
    )
    assert set(TARGET) - {"uner"} == set(
        "xnli paws_x udpos panx xquad mlqa tydiqa bucc tatoeba".split()
    )
    counts = {name: len(task.languages) for name, task in TARGET.items()}
    assert counts == {"xnli": 15, "paws_x": 7, "udpos": 33, "panx": 40, "uner": 5, "xquad": 11,
                      "mlqa": 7, "tydiqa": 9, "bucc": 5, "tatoeba": 36}  # fmt: skip
    for task in TARGET.values():
        if task.model_of:
            assert tasks.target(task.model_of).train == task.train


def test_a_translation_is_the_task_on_other_data() -> None:
    """MNLI's is XNLI's training set; what is not on the Hub has a repository of its own."""
    mnli = tasks.translated(INTERMEDIATE["mnli"], "de")
    assert (mnli.train, mnli.dev) == (
        tasks.Split("facebook/xnli", "{code}", "train"),
        tasks.Split("facebook/xnli", "{code}", "validation"),
    )
    assert (mnli.name, mnli.kind, mnli.columns, mnli.language) == (
        "mnli", "pair", tasks.PAIR, "de",
    )  # fmt: skip
    assert mnli.supplied == "" and mnli.epochs == INTERMEDIATE["mnli"].epochs
    qqp = tasks.translated(INTERMEDIATE["qqp"], "ru")
    assert qqp.train == tasks.Split("xit/translated", "qqp.{code}", "train")
    assert qqp.supplied == "xit/translated" and qqp.labels == ("not_duplicate", "duplicate")
    wrong = tasks.translated(INTERMEDIATE["mnli"], "qab", 0.25)
    assert wrong.dev == tasks.Split("xit/translated", "mnli.{code}.0.25", "validation")
    assert wrong.errors == 0.25
    assert tasks.translated(INTERMEDIATE["mnli"], "qab", 1.0).train == tasks.Split(
        "xit/translated", "mnli.{code}.1", "train"
    )
    with pytest.raises(XitError, match="'ccg' in 'de': expected one of mnli, qqp, hellaswag"):
        tasks.translated(INTERMEDIATE["ccg"], "de")
