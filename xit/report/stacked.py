"""Many small tables of the run store as one: a study has hundreds, and most pages read them all."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from xit import runs
from xit.errors import XitError


def read(file: str, about: Sequence[tuple[Path, Mapping[str, object]]]) -> pd.DataFrame:
    """The table `file` of every run in `about`, under each other, with what is said about the run.

    `about`: directories of runs (one may come twice), each with further columns, the same for all.
    What a run's table has no column for is missing. XitError where a run or its table is gone;
    ValueError without runs.
    """
    parts = []
    for run, _ in about:
        path = run / file
        if not path.exists():
            raise XitError(_gone(path))
        try:
            parts.append(pq.ParquetFile(path).read())
        except (OSError, pa.ArrowException) as error:
            raise XitError(_damaged(run)) from error
    if not parts:
        raise ValueError("no runs to read")
    frame = pa.concat_tables(parts, promote_options="default").to_pandas()
    sizes = [len(part) for part in parts]
    for name in about[0][1]:
        told = pd.Series([columns[name] for _, columns in about])
        frame[name] = told.repeat(sizes).array
    return frame


def _gone(path: Path) -> str:
    run = path.parent
    if run.exists():
        return f"run {run.name} has no {path.name}: delete it, and `make book` makes it again"
    return f"run {run.name} is not in the store any more: `make book` makes it again"


def _damaged(run: Path) -> str:
    told = runs.damage(run) or "it cannot be read"
    return f"run {run.name} is damaged ({told}): delete it, and `make book` makes it again"
