"""A run on two processes: `accelerate launch` on CPUs, told while it runs, and the same result."""

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from tests.toys import toy_study, tuned
from xit import phases, specs, tasks
from xit.runs import Spec
from xit.study import Study


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    with toy_study(tmp_path_factory.mktemp("project")) as made:
        yield made


def on(processes: int, spec: Spec, out: Path) -> tuple[pd.DataFrame, list[tuple[str, bool]]]:
    """(history, progress) of the run `spec` on so many processes: each line told, and whether the
    run's files were there by then."""
    out.mkdir()
    told: list[tuple[str, bool]] = []
    spec = spec | {"settings": spec["settings"] | {"processes": processes}}
    phases.build(spec, out, lambda line: told.append((line, (out / "summary.json").exists())))
    return pd.read_parquet(out / "history.parquet"), told


@pytest.mark.parametrize("kind", ["pretrain", "mnli"])
def test_two_processes_make_the_run_that_one_makes(toy: Study, tmp_path: Path, kind: str) -> None:
    """Losses of every point within 1e-4, and its development scores; the notebook sees each."""
    task = tasks.intermediate("mnli")
    spec = specs.pretrain(toy) if kind == "pretrain" else tuned(toy, "intermediate", task)
    one, told = on(1, spec, tmp_path / "one")
    two, relayed = on(2, spec, tmp_path / "two")
    assert list(two["step"]) == list(one["step"])
    assert list(two["loss"]) == pytest.approx(list(one["loss"]), abs=1e-4)
    assert list(two["dev"].dropna()) == list(one["dev"].dropna())
    assert [line for line, _ in relayed] == [line for line, _ in told]
    assert not relayed[0][1]  # told while it ran, not at its end
    files = [sorted(p.name for p in (tmp_path / name).iterdir()) for name in ("one", "two")]
    assert files[0] == files[1]
    best = [json.loads((tmp_path / n / "summary.json").read_text())["best"] for n in ("one", "two")]
    assert best[0] == best[1]


def test_what_went_wrong_in_a_process_is_told() -> None:
    """Not the launcher's report, which follows it."""
    lines = ["step 1/2 loss 1", "error: cannot load the model 'x'", "error: the same", *["-"] * 40]
    assert phases.cause(lines) == "cannot load the model 'x'"
    assert phases.cause(["Traceback", *["-"] * 28, "exitcode : -9"]).endswith("exitcode : -9")
