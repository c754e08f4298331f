"""The scores that the project ships of a study, for readers to hold their own rebuild against.

    shipped.record("smoke")            # `xit verify --study smoke --record`: write them down
    told = shipped.read(study)         # None where the project ships none

A file is `notebooks/studies/scores/<study>.parquet`: all scores of the study as every_score.py has
them, and as metadata of the file what the study was then and what its runs were made on.
"""

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from xit import changes, execute, machine, runs, specs
from xit import study as studies
from xit.errors import XitError
from xit.report import every_score
from xit.study import Study

ABOUT = b"xit"  # the key of the file's metadata
PROSE = ("name", "title", "about", "gaps")  # of a study: what no run depends on
Told = dict[str, str]


class Shipped(NamedTuple):
    """What the project ships of one study."""

    scores: pd.DataFrame  # every_score.COLUMNS
    definition: Told  # as `definition` gave it when they were recorded
    made_on: Told  # as `made_on` gave it


def definition(study: Study) -> Told:
    """What the scores of `study` follow from, by name: its file, the recipes, a local model.

    Not in it: where a mirror of the Hub lies, titles, and what is as by default. Names and values
    are for readers.
    """
    own = {
        f.name: getattr(study, f.name) for f in dataclasses.fields(study) if not _usual(study, f)
    }
    told = {k: v for k, v in own.items() if k not in PROSE}
    if not (study.hub or "").startswith("lab"):
        told.pop("hub")
    found = dict(_flat("", json.loads(json.dumps(told))))
    found |= {f"recipe of {kind}": str(number) for kind, number in specs.RECIPES.items()}
    if isinstance(specs.model_path(study.model), Path):
        found["weights of the model"] = specs.model_identity(study.model)
    return found


def _usual(study: Study, field: dataclasses.Field) -> bool:
    """Whether an entry of `study` is as in every study that does not name it."""
    usual = field.default
    if field.default_factory is not dataclasses.MISSING:
        usual = field.default_factory()
    return bool(getattr(study, field.name) == usual)


def _flat(name: str, value: object) -> Iterable[tuple[str, str]]:
    """(name, value) of every entry below `value`; lists are one value."""
    if isinstance(value, dict) and value:
        for key, below in value.items():
            yield from _flat(f"{name}: {key}" if name else str(key), below)
    else:
        yield name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def made_on(names: Iterable[str]) -> Told:
    """Versions and hardware that the runs `names` were made on, several side by side.

    Where no run has it written down, as those made before it was, this process's.
    """
    found: dict[str, dict[str, None]] = {}
    for name in names:
        file = specs.store().root / name / runs.MADE
        on = json.loads(file.read_text()).get("on", {}) if file.is_file() else {}
        for key, value in on.items():
            found.setdefault(key, {})[value] = None
    return {key: " and ".join(sorted(values)) for key, values in found.items()} or machine.here()


def executed(study: Study) -> pd.DataFrame:
    """All scores of the sections of `study` executed here, in every_score.COLUMNS.

    XitError where none has been executed.
    """
    sections = study.sections()
    if not any(changes.record(study, section) for section in sections):
        told = f"make book STUDY={study.name}"
        raise XitError(f"study {study.name!r} has not been built here: run `{told}` first")
    place = execute.executed(study.name, "results").parent
    return every_score.table(study.name, sections, place)


def unexecuted(study: Study) -> list[str]:
    """The sections with runs of their own that have not been executed here."""
    own = (s for s in study.sections() if s.partition("/")[0] not in studies.READING)
    return [s for s in own if changes.record(study, s) is None]


def as_executed(name: str) -> Study:
    """The study `name` with the data that it was last executed with; XitError if unknown."""
    found = changes.record(studies.load(name), "target/none") or {}
    return studies.load(name, found.get("parameters", {}).get("hub"))


def record(name: str) -> Path:
    """Write down the scores of study `name`, which is built here, as those that are shipped.

    XitError where it is not, not all of it, or where a parameter of it is changed: what is shipped
    is the study as its file says.
    """
    study = as_executed(name)
    scores = executed(study)
    if left := unexecuted(study):
        raise XitError(f"section {left[0]} of study {name!r} has not been executed yet")
    if changed := changes.upstream(study, "verify"):
        raise XitError(
            f"section {next(iter(changed))} has changed parameters: take them back before scores "
            f"are recorded, `make section STUDY={name} S={next(iter(changed))} PARAMS=`"
        )
    about = {"definition": definition(study), "made_on": made_on(scores["run"].unique())}
    table = pa.Table.from_pandas(scores, preserve_index=False)
    table = table.replace_schema_metadata({ABOUT: json.dumps(about).encode()})
    path = studies.shipped(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}")
    pq.write_table(table, new, compression="zstd")
    new.replace(path)
    return path


def read(study: Study) -> Shipped | None:
    """What is shipped of `study`, or None; XitError where the file cannot be read."""
    path = studies.shipped(study.name)
    if not path.exists():
        return None
    try:
        table = pq.read_table(path)
        about = json.loads(table.schema.metadata[ABOUT])
        scores = table.to_pandas().astype(every_score.COLUMNS)[list(every_score.COLUMNS)]
        return Shipped(scores, dict(about["definition"]), dict(about["made_on"]))
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        told = " ".join(str(error).split())
        raise XitError(f"shipped scores {path.name} cannot be read: {told}") from error
