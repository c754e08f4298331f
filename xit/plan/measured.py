"""Runs that have been made, as rows of work and seconds: what prices are fitted to.

    make book | tee book.log
    python -m xit.plan.measured lab book.log runs "2 cores" > xit/plan/measured.csv

writes those that a build has made: it tells how long each took, and each section. The runs are
found in the study by kind and name.
"""

import csv
import json
import re
import sys
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from xit import runs, specs
from xit import study as studies
from xit.data import look
from xit.errors import XitError
from xit.plan import wanted, work
from xit.plan.rows import Counting
from xit.plan.wanted import Planned, Run
from xit.plan.work import Model, Work
from xit.study import Study

FILE = Path(__file__).parent / "measured.csv"
MADE = re.compile(r"\[ *\d+/\d+\] ([\w-]+-[0-9a-f]{12}): ([0-9.]+) s;")
EXECUTED = re.compile(r"(\S+): executed in (\d+) s")
HERE = "this machine"
PAGE = "page"  # a section that trains and scores nothing


class Measured(NamedTuple):
    """One run, or PAGE."""

    device: str
    parameters: int  # of the model
    section: str
    kind: str
    kept: int  # states of the model that it leaves
    work: Work
    seconds: float  # of one core
    bytes: int  # that it takes on the disk


def world(study: Study) -> str:
    """Of which world the study's rows have their lengths."""
    return "lab" if (study.hub or "").partition(":")[0] == "lab" else "natural"


def sized(study: Study, sections: Iterable[Planned], rows: Counting) -> dict[str, Work]:
    """Name of each run → what it computes; XitError for a model whose shape is not known."""
    model = shape(study)
    return {
        run.name: work.of(run.spec, model, rows, world(study))
        for section in sections
        for run in section.runs()
    }


def shape(study: Study) -> Model:
    """The shape of the study's model; XitError where it is not known without the Hub."""
    if (found := work.shape(study)) is None:
        known = ", ".join(work.SHAPES)
        raise XitError(
            f"model {study.model!r}: expected a directory with a config.json, or {known}"
        )
    return found


def kept(run: Run) -> int:
    """How many states of the model a run leaves: the best, and those on the way."""
    if run.spec["kind"] not in ("pretrain", "intermediate", "target"):
        return 0
    return 1 + (run.spec.get("checkpoints") or 0)


def of_build(study: Study, told: Iterable[str], store: Path, device: str) -> list[Measured]:
    """The runs and pages that a build has `told` of, line by line; the runs are in `store`."""
    sections = wanted.sections(study, read=False)
    works = sized(study, sections, Counting(study))
    called = {run.name[:-13]: run for section in sections for run in section.runs()}
    busy = {section.name for section in sections if section.stages}
    size = shape(study).parameters
    found = []
    for line in told:
        if (match := MADE.search(line)) and (run := called.get(match[1][:-13])):
            about = (run.section, run.spec["kind"], kept(run), works[run.name], float(match[2]))
            found.append(Measured(device, size, *about, look.size_of(store / match[1])))
        elif (match := EXECUTED.search(line)) and match[1] not in busy:
            found.append(Measured(device, size, match[1], PAGE, 0, Work(), float(match[2]), 0))
    return found


def here(study: Study, sections: Iterable[Planned], told: dict[str, Work]) -> list[Measured]:
    """The finished runs of the study on this machine that say how long they took."""
    root, size, found = specs.store().root, shape(study).parameters, []
    for run in (run for section in sections for run in section.runs() if run.there):
        file = root / run.name / runs.MADE
        if file.exists():
            took = json.loads(file.read_text())["seconds"]
            about = (run.section, run.spec["kind"], kept(run), told[run.name], float(took))
            found.append(Measured(HERE, size, *about, look.size_of(root / run.name)))
    return found


@lru_cache
def shipped() -> list[Measured]:
    """The rows that come with the package."""
    with FILE.open(encoding="utf-8") as file:
        lines = csv.DictReader(line for line in file if not line.startswith("#"))
        return [
            Measured(x["device"], int(x["parameters"]), x["section"], x["kind"], int(x["kept"]),
                     Work(*(float(x[k]) for k in Work._fields)), float(x["seconds"]),
                     int(x["bytes"]))
            for x in lines
        ]  # fmt: skip


def write(rows: Iterable[Measured]) -> None:
    """Print `rows` as CSV."""
    head = ["device", "parameters", "section", "kind", "kept", *Work._fields, "seconds", "bytes"]
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(head)
    for x in rows:
        amounts = [f"{v:.6g}" for v in x.work]
        about = [x.device, x.parameters, x.section, x.kind, x.kept]
        writer.writerow([*about, *amounts, f"{x.seconds:g}", x.bytes])


if __name__ == "__main__":
    name, log, store, device = sys.argv[1:]
    told = Path(log).read_text().splitlines()
    write(of_build(studies.load(name), told, Path(store), device))
