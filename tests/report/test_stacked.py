"""Tables of runs under each other: hand-made runs in a store of their own."""

from pathlib import Path

import pandas as pd
import pytest

from xit.errors import XitError
from xit.report import stacked


@pytest.fixture
def store(tmp_path: Path) -> Path:
    for run, frame in {
        "a": pd.DataFrame({"language": ["de", "ru"], "value": [1.0, 2.0]}),
        "b": pd.DataFrame({"language": ["sw"], "value": [3.0], "layer": [8]}),
        "empty": pd.DataFrame({"language": pd.Series(dtype=str), "value": pd.Series(dtype=float)}),
    }.items():
        place = tmp_path / run
        place.mkdir(parents=True)
        frame.to_parquet(place / "scores.parquet", index=False)
    return tmp_path


def test_runs_in_order_with_what_is_said_of_them(store: Path) -> None:
    """A run that stands for two seeds comes twice; what a run lacks is missing."""
    about: list[tuple[Path, dict]] = [
        (store / "b", {"seed": 1, "after": "none"}),
        (store / "empty", {"seed": 5, "after": "qqp"}),
        (store / "a", {"seed": 2, "after": "mnli"}),
        (store / "b", {"seed": 3, "after": "none"}),
    ]
    frame = stacked.read("scores.parquet", about)
    assert frame["language"].tolist() == ["sw", "de", "ru", "sw"]
    assert frame["value"].tolist() == [3, 1, 2, 3]
    assert frame["seed"].tolist() == [1, 2, 2, 3]
    assert frame["after"].tolist() == ["none", "mnli", "mnli", "none"]
    assert frame["layer"].isna().tolist() == [False, True, True, False]


@pytest.mark.parametrize(
    ("run", "file", "told"),
    [("gone", "scores.parquet", "not in the store any more"), ("a", "dev.parquet", "no dev.parq")],
)
def test_what_is_gone(store: Path, run: str, file: str, told: str) -> None:
    with pytest.raises(XitError, match=f"{run} .*{told}.*`make book` makes it again"):
        stacked.read(file, [(store / run, {})])


def test_nothing_to_read() -> None:
    with pytest.raises(ValueError, match="no runs"):
        stacked.read("scores.parquet", [])
