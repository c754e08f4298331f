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
