"""Bits: by hand, and from runs on a toy hub."""

import json
import math
from collections.abc import Iterator
from itertools import pairwise

import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.toys import made, toy_study, tuned
from xit import chains, measures, runs, tasks
from xit.data.batch import Batch
from xit.data.encode import IGNORE, Feature
from xit.learn.model import Model
from xit.learn.pretrain import new_model
from xit.score import complexity
from xit.study import Study


class Odds(Model):
    """A model whose scores are logarithms of what is written here, whatever it reads."""

    def __init__(self, kind: str, odds: list[float]) -> None:
        super().__init__(new_model(60, 16, 2, 2, 32, 64, 0.0, 1), {"it": (kind, len(odds))}, 1)
        self.odds = torch.tensor(odds).log()

    def _scores(self, name: str, batch: Batch, hidden: torch.Tensor) -> torch.Tensor:
        rows, length = batch["ids"].shape
        if self.kinds[name] == "pair":
            return self.odds.expand(rows, -1)
        if self.kinds[name] == "choice":
            return self.odds.expand(rows // len(self.odds), -1)
        if self.kinds[name] == "tagging":
            return self.odds.expand(rows, length, -1)
        return self.odds[:length, None].expand(rows, -1, 2)


PAIRS: list[Feature] = [{"ids": [0, 5, 2], "row": i, "label": x} for i, x in enumerate([0, 1, 1])]
CHOICES: list[Feature] = [{"ids": [0, 5, 2], "row": r, "label": x}
                          for r, x in enumerate([0, 1]) for _ in range(4)]  # fmt: skip
TAGS: list[Feature] = [{"ids": [0, 5, 6, 2], "row": 0, "labels": [IGNORE, 1, 0, IGNORE]}]
SPANS: list[Feature] = [{"ids": [0, 5, 6, 2], "row": 0, "start": 1, "end": 2}]


@pytest.mark.parametrize(
    ("kind", "odds", "features", "expected"),
    [
        ("pair", [0.5, 0.25, 0.25], PAIRS, (1 + 2 + 2, 3)),
        ("choice", [0.5, 0.125, 0.125, 0.25], CHOICES, (1 + 3, 2)),
        ("tagging", [0.25, 0.75], TAGS, (math.log2(4 / 3) + 2, 2)),
        ("span", [0.125, 0.25, 0.5, 0.125], SPANS, (2 + 1, 1)),  # start, then end
    ],
)
def test_bits_by_hand(kind: str, odds: list[float], features: list, expected: tuple) -> None:
    total, count = complexity.bits(Odds(kind, odds).eval(), "it", features, 1)
    assert (total, count) == (pytest.approx(expected[0], abs=1e-5), expected[1])


def test_gold_and_the_uniform_code() -> None:
    assert complexity.gold(PAIRS, "pair") == [0, 1, 1]
    assert complexity.gold(CHOICES, "choice") == [0, 1]
    assert complexity.gold(TAGS, "tagging") == [1, 0]
    assert complexity.gold(SPANS, "span") == [1]
    assert complexity.uniform_bits(PAIRS, "pair", 4) == 3 * 2
    assert complexity.uniform_bits(CHOICES, "choice", 2) == 2 * 2  # of four endings, twice
    assert complexity.uniform_bits(TAGS, "tagging", 8) == 2 * 3
    assert complexity.uniform_bits(SPANS, "span", 2) == 2 * 2  # of four tokens, twice


def test_entropy_by_hand() -> None:
    assert complexity.entropy([0, 1, 2, 3]) == 2
    assert complexity.entropy([0, 0, 0, 1]) == pytest.approx(0.8112781)
    assert complexity.entropy([7]) == 0
    assert math.isnan(complexity.entropy([]))


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40))
def test_entropy_is_that_of_the_kinds_whatever_their_names(values: list[int]) -> None:
    found = complexity.entropy(values)
    assert 0 <= found <= math.log2(len(set(values))) + 1e-9
    assert found == pytest.approx(complexity.entropy([v + 10 for v in reversed(values)]))


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    with toy_study(tmp_path_factory.mktemp("project")) as study:
        yield study


@pytest.mark.parametrize("name", ["mnli", "squad_v1"])
def test_what_a_finished_run_has_use_for(toy: Study, name: str) -> None:
    trained = tuned(toy, "intermediate", tasks.intermediate(name), epochs=6.0)
    path = made(trained)
    spec = measures.information(toy, trained)
    found = json.loads((made(spec) / "information.json").read_text())
    assert found["items"] == {"mnli": 8, "squad_v1": 6}[name]
    assert found["conditional"] > 0 and found["null"] > 0
    if name == "mnli":  # half of the rows entail, the others are neutral; nothing else occurs
        assert found["entropy"] == pytest.approx(1)
        assert found["length"] > 4
    other = tuned(toy, "intermediate", tasks.intermediate(name), seed=2)
    assert runs.identity(measures.information(toy, other)) != runs.identity(spec)
    assert runs.identity(measures.information(toy, trained)) == runs.identity(spec)
    assert spec["trained"] in path.name


def test_an_online_code(toy: Study) -> None:
    """24 rows in blocks of 6, 6 and 12; the first costs log₂ 3 a row."""
    row = tasks.intermediate("mnli")
    spec = measures.code_length(toy, row, 1, [6, 12, 24, 48])
    code = pd.read_parquet(made(spec) / "code.parquet")
    assert code["end"].tolist() == [6, 12, 24] and code["items"].tolist() == [6, 6, 12]
    assert code["bits"][0] == code["uniform"][0] == pytest.approx(6 * math.log2(3))
    assert code["uniform"][2] == pytest.approx(12 * math.log2(3))
    assert (code["bits"] > 0).all() and code["bits"][2] != code["uniform"][2]


@given(st.integers(1, 5000), st.integers(1, 8))
def test_blocks_double(examples: int, parts: int) -> None:
    ends = measures.blocks(examples, parts)
    assert ends[-1] == examples and ends == sorted(set(ends)) and ends[0] >= 1
    assert all(b <= 2 * a + 1 for a, b in pairwise(ends))
    assert measures.blocks(1024) == [32, 64, 128, 256, 512, 1024]


def test_a_subspace_is_trained_by_the_one_loop(toy: Study) -> None:
    """With the settings of the task; only what was measured is kept."""
    row = tasks.intermediate("mnli")
    specs = [measures.subspace(toy, row, 1, d, 12) for d in (None, 4, 64)]
    assert len({runs.identity(s) for s in specs}) == 3
    told = []
    for spec in specs:
        path = made(spec)
        assert {p.name for p in path.iterdir()} == {
            "history.parquet", "summary.json", "spec.json", "manifest.json", "made.json",
        }  # fmt: skip
        told.append(json.loads((path / "summary.json").read_text()))
    assert {t["steps"] for t in told} == {3} and all(0 <= t["best"] <= 100 for t in told)
    usual = chains.intermediate(toy, "mnli", [1], examples=12, eval_every=10**9)
    full = made(usual[0][0])
    assert json.loads((full / "summary.json").read_text()) == told[0]
    assert (full / "model.safetensors").exists()  # which the measurement has not
