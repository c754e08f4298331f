"""One training on several processes: one plan of batches, shared out, and one result."""

from pathlib import Path

import pytest
import torch

from tests.processes import on_two
from xit.data.encode import Feature
from xit.learn import updates
from xit.learn.hyper import Hyper
from xit.learn.model import Model
from xit.learn.pretrain import new_model
from xit.learn.train import train
from xit.learn.updates import Stream, share

TASKS = ("pair", "mlm", "choice")


def features(task: str) -> list[Feature]:
    """Nine rows of several lengths, of multiple choice with three endings each."""
    each = 3 if task == "choice" else 1
    return [
        {"ids": [0, 10 + i % 2, *[20 + (i * 7 + k) % 13] * (1 + i % 4), 2], "row": i,
         "label": i % 2}
        for i in range(9) for k in range(each)
    ]  # fmt: skip


def few_steps(task: str) -> dict[str, list]:
    """A short training in batches of 4, 4 and 1 rows: the batches, the losses, sizes of weights."""
    torch.set_num_threads(1)
    kinds = {"pair": ("pair", 2), "choice": ("choice", 2)}
    model = Model(new_model(40, 16, 2, 2, 32, 16, 0.0, 7), kinds, 1)
    stream = Stream(task, features(task), together=task == "choice", mask=(39, 40, 4))
    hyper = Hyper(learning_rate=0.01, batch_size=4, max_steps=7, eval_every=1, mask_rate=0.4)
    batches: list[list[int]] = []
    make = updates.make_batch

    def spy(stream: Stream, indices: list[int], hyper: Hyper, seed: str) -> updates.Batch:
        batches.append(indices)
        return make(stream, indices, hyper, seed)

    updates.make_batch = spy
    try:
        history = train(model, [stream], hyper, seed=3)
    finally:
        updates.make_batch = make
    weights = [float(v.double().abs().sum()) for v in model.state_dict().values()]
    return {"batches": batches, "losses": [p["loss"] for p in history.points], "weights": weights}


def of_every_task() -> dict[str, dict[str, list]]:
    """`few_steps` of each of TASKS."""
    return {task: few_steps(task) for task in TASKS}


def test_two_processes_compute_what_one_does(tmp_path: Path) -> None:
    """Of the last batch of an epoch, with one row, one process has none."""
    told = on_two(__file__, "of_every_task", tmp_path)
    for task in TASKS:
        one = few_steps(task)
        assert len({len(batch) for batch in one["batches"]}) > 1
        for process in told:
            assert process[task]["batches"] == one["batches"]
            assert process[task]["losses"] == pytest.approx(one["losses"], abs=1e-5)
            # of what has hardly a gradient (the bias of a score that is one of a softmax over rows'
            # endings) Adam makes steps as large as of the rest, in the direction of rounding
            assert process[task]["weights"] == pytest.approx(one["weights"], rel=1e-4, abs=1e-3)


def test_each_sequence_is_of_one_process() -> None:
    batch = {"ids": torch.zeros(5, 2), "row": torch.arange(5)}
    assert share(batch, 0, 2, False).tolist() == [True, False, True, False, True]
    assert share(batch, 1, 2, False).tolist() == [False, True, False, True, False]
    assert share(batch, 0, 1, False).all()
    assert not share(batch, 5, 6, False).any()


def test_the_endings_of_a_row_stay_together() -> None:
    """Rows 8, 2 and 5, in this order, of two endings each."""
    batch = {"ids": torch.zeros(6, 2), "row": torch.tensor([8, 8, 2, 2, 5, 5])}
    assert share(batch, 0, 2, True).nonzero().flatten().tolist() == [0, 1, 4, 5]
    assert share(batch, 1, 2, True).nonzero().flatten().tolist() == [2, 3]
