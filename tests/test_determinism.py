"""The same again: with one job or two to the last bit, with one thread or two within rounding.

RUNNING.md, "What is identical, and what is not", says the same in words.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from tests.toys import toy_study
from xit import specs, tasks, workers
from xit.data.encode import Feature
from xit.learn.hyper import Hyper
from xit.learn.model import Model, load_lm
from xit.learn.train import train
from xit.learn.updates import Stream
from xit.score import predict
from xit.study import Study

CHECKPOINT = Path(__file__).resolve().parents[1] / "xit" / "lab" / "checkpoint"
EXACT = ("model.safetensors", "head.safetensors", "scores.parquet", "dev.parquet", "data.json")


def chains(toy: Study) -> list[list[specs.Spec]]:
    """POS, learnt and scored, with three seeds."""
    task, base = tasks.target("udpos"), specs.base(toy)
    found = []
    for seed in (1, 2, 3):
        first = specs.fine_tune(toy, "target", task, base, seed, toy.settings("target", task))
        found.append([first, specs.scores(toy, task, specs.parent_of(first), "none", seed)])
    return found


def test_one_job_and_two_make_the_same_files(tmp_path: Path) -> None:
    """Weights, scores and results of each example, byte by byte; the history but for its times."""
    made: list[dict[str, bytes]] = []
    for jobs in (1, 2):
        with toy_study(tmp_path / str(jobs)) as toy:
            every = [r.path for chain in workers.run(chains(toy), jobs, quiet=True) for r in chain]
            assert len(every) == 6
            files = {f"{p.name}/{name}": p / name for p in every for name in EXACT}
            made.append({k: v.read_bytes() for k, v in files.items() if v.exists()})
            for path in every:
                if (history := path / "history.parquet").exists():
                    told = pd.read_parquet(history).drop(columns="seconds")
                    made[-1][f"{path.name}/history"] = told.to_csv().encode()
    assert len(made[0]) == 3 * (4 + 2 + 1)
    assert made[0] == made[1]


def learnt(threads: int) -> tuple[list[float], np.ndarray, list[int]]:
    """Losses of a few updates of the lab's model, then sentence vectors and labels."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        features: list[Feature] = [
            {"ids": [0, *[10 + (i * 31 + k * 7) % 4000 for k in range(20 + i % 9)], 2],
             "row": i, "label": i % 3}
            for i in range(64)
        ]  # fmt: skip
        model = Model(load_lm(CHECKPOINT), {"pair": ("pair", 3)}, 1)
        hyper = Hyper(learning_rate=5e-4, batch_size=8, max_steps=8, eval_every=1)
        history = train(model, [Stream("pair", features)], hyper, 1)
        vectors = predict.vectors(model, features, 1)
        losses = [p["loss"] or 0.0 for p in history.points]
        return losses, vectors, predict.labels(model, "pair", features, 1)
    finally:
        torch.set_num_threads(before)


def test_one_thread_and_two_differ_by_rounding_alone() -> None:
    one, two = learnt(1), learnt(2)
    assert two[0] == pytest.approx(one[0], rel=1e-5)
    assert np.abs(two[1] - one[1]).max() < 1e-4 * np.abs(one[1]).max()
    assert sum(a != b for a, b in zip(one[2], two[2], strict=True)) <= 1  # of 64: nearly a draw


def test_the_same_number_of_threads_gives_the_same_numbers() -> None:
    one, again = learnt(1), learnt(1)
    assert one[0] == again[0] and np.array_equal(one[1], again[1])
