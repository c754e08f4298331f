"""All scores of a study as one tidy table, for readers who compute further: results.parquet.

    frame = pandas.read_parquet("book/_build/html/downloads/results.parquet")

A row is one score of one run, as the run has it: every metric, language and seed, of retrieval
every layer and pooling, of the ablations and extension studies every variant.
"""

import io
import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from xit.paths import project
from xit.report import stacked

COLUMNS = {  # and their types: of text one whose comparisons are plain booleans, also where it is
    # missing
    "study": "str",
    "section": "str",  # the first one that has the run
    "run": "str",  # its directory in runs/
    "intermediate": "str",  # or a variant of one: "mnli+mlm", "squad_v1@64"; "none"
    "target": "str",
    "language": "str",
    "seed": "int64",
    "split": "str",
    "metric": "str",
    "value": "float64",  # 0-100
    "layer": "Int64",  # of retrieval, as hidden_states counts
    "pooling": "str",  # of retrieval: "mean" or "cls"
    "checkpoint": "Int64",  # of a state on the way
    "noise": "str",  # kind of the typing errors in what is scored
    "noise_rate": "float64",  # share of the words with one
}


def table(study: str, sections: Sequence[str], executed: Path) -> pd.DataFrame:
    """The scores of all runs that the records of `sections` in `executed` name, in COLUMNS.

    A run that several sections show is there once; one that is not in the store any more is left
    out, as is one without scores.
    """
    about: dict[str, tuple[Path, dict[str, object]]] = {}
    for section in sections:
        record = executed / f"{section}.json"
        made = json.loads(record.read_text())["runs"] if record.is_file() else []
        for line in [x for x in made if x["kind"] == "scores" and x["run"] not in about]:
            path = project() / "runs" / line["run"]
            if (path / "scores.parquet").is_file():
                about[line["run"]] = path, {"study": study, "section": section} | _of(line, path)
    frame = stacked.read("scores.parquet", list(about.values())) if about else pd.DataFrame()
    return frame.reindex(columns=list(COLUMNS)).astype(COLUMNS)


def _of(line: dict, path: Path) -> dict[str, object]:
    """What a line of a record and the spec of its run say of every score of it."""
    spec = json.loads((path / "spec.json").read_text())
    noise = spec.get("noise") or {}
    return {
        "run": line["run"],
        "intermediate": line["after"],
        "target": line["task"],
        "seed": line["seed"],
        "checkpoint": spec.get("checkpoint"),
        "noise": noise.get("kind"),
        "noise_rate": noise.get("rate"),
    }


def as_parquet(study: str, sections: Sequence[str], executed: Path) -> bytes:
    """`table` as a parquet file."""
    file = io.BytesIO()
    table(study, sections, executed).to_parquet(file, index=False, compression="zstd")
    return file.getvalue()
