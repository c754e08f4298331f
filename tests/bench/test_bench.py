"""The benchmark on a toy model and hub: every way does the same work, and rows are kept."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import torch

from tests.bench import __main__ as bench
from tests.bench import data
from tests.bench.clock import Measured
from tests.toys import model_directory, toy_study
from xit.learn.model import load_lm
from xit.paths import project
from xit.report.performance import GROUPED, OURS, PADDED, WAYS

DATA = ("SQuAD", "MNLI", "UD", "text", "XQuAD", "UD, 8 languages")
TINY = {"width": 16, "layers": 2, "heads": 2, "inner": 32}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The directory with the rows of a tiny shape on the toy hub."""
    place = tmp_path_factory.mktemp("project")
    with toy_study(place), pytest.MonkeyPatch.context() as patch:
        patch.setitem(bench.SHAPES, "xlm-roberta-base", TINY)
        patch.setattr(bench, "VOCABULARY", 400)
        patch.setitem(data.LANGUAGES, "hub", ["en", "de"])
        patch.setitem(data.CORPUS, "hub", "xit/corpus")
        words = ["--hub", str(project() / "hub"), "--models", "xlm-roberta-base", "--examples", "8"]
        words += ["--repeats", "1", "--results", str(place / "rows")]
        assert bench.main([*words, "--data", *DATA]) == 0
        yield place / "rows"


def test_every_way_reads_the_same(made: Path) -> None:
    rows = pd.read_csv(made / "cpu.csv")
    assert set(rows["data"]) == set(DATA)
    for of, part in rows.groupby("data"):
        assert tuple(part["way"]) == WAYS, of
        assert (part["examples"] == 8).all() and (part["repeats"] == 1).all()
        tokens = part["tokens_per_s"] / part["examples_per_s"]  # of an example, without padding
        assert tokens.to_numpy() == pytest.approx(tokens.iloc[0], rel=1e-4), of
        padding = part.set_index("way")["padding"]
        assert padding[PADDED] > 50 > padding[[GROUPED, OURS]].max()
    assert rows["utilisation"].isna().all() and rows["ceiling_tflops"].isna().all()
    assert set(rows["command"].str.startswith("make bench HUB=mirror ARGS=")) == {True}
    assert not rows.astype(str).apply(lambda c: c.str.contains(str(made.parent))).any(axis=None)


def test_rows_take_the_place_of_those_of_the_same_model_and_data(tmp_path: Path) -> None:
    one = pd.DataFrame({"model": ["lab"] * 2, "data": ["UD", "text"], "source": "lab", "way": OURS,
                        "examples_per_s": [1.0, 2.0]})  # fmt: skip
    bench.save(one, tmp_path, "cpu")
    file = bench.save(one[:1].assign(examples_per_s=3.0), tmp_path, "cpu")
    told = pd.read_csv(file).set_index("data")["examples_per_s"]
    assert told.to_dict() == {"text": 2.0, "UD": 3.0}
    assert bench.save(one, tmp_path, "NVIDIA H200").name == "nvidia-h200.csv"


def test_operations_by_hand(tmp_path: Path) -> None:
    """Two layers of width 16 and 32: 2 x 2 x (4 x 256 + 2 x 512) a token, and attention."""
    lm = load_lm(model_directory(tmp_path))
    measured = Measured(1.0, 1.0, 2, 20, torch.tensor([3, 5]), None)
    weights, attention = 2 * 2 * (4 * 256 + 2 * 512) * 8, 2 * 4 * 16 * (9 + 25)
    read = data.Data("XQuAD", "span", [], 8, 2, [])
    assert bench.flops(lm, read, measured) == weights + attention
    learnt = read._replace(name="SQuAD")
    assert bench.flops(lm, learnt, measured) == 3 * (weights + attention)
    text = bench.flops(lm, read._replace(name="text", kind="text"), measured) / 3
    assert text - weights - attention == pytest.approx(
        0.15 * 8 * 2 * 16 * (16 + lm.config.vocab_size)
    )


@pytest.mark.parametrize(("option", "wrong", "right"), [("--models", "labs", "lab"),
                                                        ("--data", "Squad", "SQuAD")])  # fmt: skip
def test_a_wrong_name_ends_in_one_line(
    option: str, wrong: str, right: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench.main([option, wrong]) == 2
    told = capsys.readouterr().err
    assert repr(wrong) in told and right in told and told.count("\n") == 1
