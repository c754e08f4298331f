"""How the cost of keeping a study in order grows with its runs, which here cost nothing to make.

    python -m tests.growth.measure "2 cores of an AMD EPYC" > tests/growth/growth.csv

A study of each of SIZES is written into a checkout of its own. Its runs, as xit/plan finds them,
are made of nothing but a small table of scores. CPU seconds, children included: wall time would
tell of whatever else the machine does.
"""

import csv
import os
import resource
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import yaml

from tests.checkout import bare
from xit import paths, runs, specs, tasks
from xit import study as studies
from xit.plan import tell, wanted
from xit.report import heat_table, page, results, tables
from xit.report.growth import Row
from xit.report.names import TITLES
from xit.runs import Spec
from xit.study import Study

SIZES = (  # intermediate tasks, target tasks, seeds
    (1, 1, 2),
    (2, 2, 2),
    (4, 3, 3),
    (6, 5, 4),
    (9, 6, 8),
)
TARGETS = ("xnli", "udpos", "panx", "xquad", "tydiqa", "paws_x")


def study_of(place: Path, size: tuple[int, int, int]) -> Study:
    """A study in the checkout `place` with so many intermediate tasks, targets and seeds."""
    folder = place / "notebooks" / "studies"
    told = yaml.safe_load((folder / "lab.yaml").read_text())
    many, targets, seeds = size
    told |= {"intermediate": told["intermediate"][:many], "targets": list(TARGETS[:targets])}
    told |= {"num_seeds": seeds, "ablations": {}, "hub": "lab:smoke"}  # data that are soon made
    told["languages"] = {
        k: v for k, v in told["languages"].items() if k in ("all", *told["targets"])
    }
    name = f"growth-{'-'.join(map(str, size))}"
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(told))
    return studies.load(name)


def make(spec: Spec, out: Path) -> None:
    """A run that says that each language has some score."""
    (out / "summary.json").write_text("{}\n")
    if spec["kind"] != "scores":
        return
    metric, told = tasks.target(spec["task"]).metric, f"{spec['task']} {spec['where']['after']}"
    rows = [
        {"language": code, "split": spec["split"], "metric": metric,
         "value": zlib.crc32(f"{told} {code} {spec['where']['seed']}".encode()) % 1000 / 10}
        for code in spec["languages"]
    ]  # fmt: skip
    pd.DataFrame(rows).to_parquet(out / "scores.parquet", index=False)


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of `work`, those of the processes that it starts included."""

    def spent() -> float:
        both = (resource.getrusage(x) for x in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return sum(x.ru_utime + x.ru_stime for x in both)

    before = spent()
    work()
    return spent() - before


def measure(place: Path, size: tuple[int, int, int]) -> Row:
    """A study of that size, from its plan to its page."""
    study = study_of(place, size)
    planned = wanted.sections(study, read=False)
    made = [run.spec for section in planned for run in section.runs()]
    for spec in made:
        specs.store().make(spec, lambda out, spec=spec: make(spec, out))  # type: ignore[misc]
    about = [
        (specs.store().path(s), {"study": study.name, "intermediate": s["where"]["after"],
                                 "target": s["task"], "seed": s["where"]["seed"]})
        for s in made
        if s["kind"] == "scores" and s["task"] in study.targets
    ]  # fmt: skip
    found: list[pd.DataFrame] = []

    def load() -> None:
        found.append(results.change(tables.main(tables.run_scores(about, study))))

    def draw() -> None:
        means = results.by_target(found[0])
        cells = means.rename(columns={"intermediate": "row", "target": "column"})
        heat_table.draw({study.name: cells}, study.intermediate, study.targets, TITLES, "change")
        page.plain(found[0])

    def graph() -> None:
        command = [sys.executable, "-m", "snakemake", "-s", "notebooks/Snakefile", "--cores", "2"]
        command += ["-n", "--quiet", "--nolock", "--config", f"study={study.name}", "hub="]
        subprocess.run(command, cwd=place, check=True, capture_output=True)

    def look_up() -> None:
        store = runs.Store(specs.store().root)
        assert all(store.find(spec) for spec in made)

    steps = [lambda: tell.make(study, "cpu"), graph, look_up, load, draw]
    return Row(len(made), len(planned), *(round(seconds(step), 3) for step in steps))


def every() -> Iterator[Row]:
    """A row for each of SIZES."""
    with tempfile.TemporaryDirectory() as scratch:
        place = bare(Path(scratch) / "xit")
        os.environ["XIT_ROOT"] = str(place)
        paths.project.cache_clear()
        measure(place, SIZES[0])  # libraries are loaded and caches filled
        for size in SIZES:
            yield measure(place, size)


if __name__ == "__main__":
    print(f'# Made by: python -m tests.growth.measure "{sys.argv[1]}"')
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([*Row._fields, "device"])
    for row in every():
        writer.writerow([*row, sys.argv[1]])
        sys.stdout.flush()
