"""Build a study: check it, let Snakemake execute what is out of date, render the site."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import TextIO

from filelock import FileLock, Timeout

from xit import changes, execute, inventory, pool
from xit import study as studies
from xit.data import hub
from xit.errors import XitError
from xit.paths import project
from xit.runs import MANIFEST
from xit.study import TRAINING, Study
from xit.study_file import ABLATIONS

SPACE = 2 * 2**30  # bytes that must be free before a build starts
SNAKEMAKE = (
    *(sys.executable, "-m", "snakemake", "--rerun-triggers", "mtime", "params", "input"),
    *("--rerun-incomplete", "--nolock", "--keep-going"),
)
SECTIONS = ("-s", "notebooks/Snakefile", "--quiet", "host", "reason", "rules")


def build(name: str, hub_given: str | None, jobs: int, section: str | None = None) -> None:
    """Bring the book of study `name` up to date, or what depends on `section` of it."""
    study = studies.load(name, hub_given)
    check(study)
    with lock() as descriptor, told(study):
        forget_missing(study)
        with pool.Pool(keep=True, log=log("workers")) as shared:
            if section:  # it will be executed first: the server loads while it is found
                shared.connect(pool.NOTEBOOKS).close()
            if section and section.partition("/")[0] in TRAINING:
                shared.connect().close()
            words = [*SECTIONS, "--cores", str(cores(section, jobs))]
            words += config(study, **workers(section, jobs))
            snakemake(words, "build", [descriptor, *shared.alive], shared.addresses)


@contextmanager
def told(study: Study) -> Iterator[None]:
    """Says at the end which sections have been executed, and how long that has taken."""
    began = time.monotonic()
    before = {s: _mtime(execute.executed(study.name, s)) for s in study.sections()}
    yield
    done = [s for s in study.sections() if _mtime(execute.executed(study.name, s)) != before[s]]
    which = f"executed: {', '.join(done)}" if done else "nothing was out of date"
    print(f"{which} ({time.monotonic() - began:.0f} s)\nopen book/_build/html/index.html")


def cores(changed: str | None, jobs: int) -> int:
    """What Snakemake may use at once. After a changed section mostly pages follow that only read,
    each of which waits for its kernel for a sixth of its time: of several one more is let in.

    Not in a whole build: its runs would then share cores, and their times not tell any more what
    they cost (xit/plan/measured.py).
    """
    return jobs + 1 if changed and jobs > 1 else jobs


def workers(changed: str | None, jobs: int) -> dict[str, int]:
    """How many of `jobs` processes a section and an ablation may use at once.

    A whole study (`changed` None) runs its sections side by side, but for the ablations: each
    trains as much as several other sections. Where one section has changed, what depends on it
    follows one by one, and ablations mostly only read.
    """
    trains = changed in (None, "multilingual_model", *ABLATIONS)
    return {"section": jobs if changed else 1, "ablation": jobs if trains else 1}


def _mtime(path: Path) -> float:
    return path.stat().st_mtime if path.exists() else 0.0


@contextmanager
def lock(what: str = "build") -> Iterator[int]:
    """Only one build at a time works on the book (or, "submit", hands it to a cluster); a second
    waits. Yields the lock's descriptor."""
    place = project() / "book" / "study"
    try:
        place.mkdir(parents=True, exist_ok=True)
        guard = FileLock(str(place / f".{what}.lock"))
        try:
            guard.acquire(timeout=0)
        except Timeout:
            print(
                "another build is running in this directory; waiting for it to finish", flush=True
            )
            guard.acquire()
    except OSError as error:
        raise XitError(f"cannot write to {place}: {error.strerror}") from error
    try:
        yield int(guard._context.lock_file_fd or -1)
    finally:
        guard.release()


def check(study: Study, but: str = "") -> None:
    """XitError unless the study can run here: data, columns, languages, model, disk, notebooks."""
    check_sections(study, but)
    if (left := free()) < SPACE:
        raise XitError(f"only {left / 2**30:.1f} GiB free in {project()}: expected at least 2 GiB")
    if study.model != "pretrain":
        place = inventory.model_directory(study.model)
        if place and not (place / "config.json").exists():
            raise XitError(f"model directory {study.model!r} has no config.json")
    if study.hub:  # a directory: cheap to look at everything that will be read
        for part in inventory.parts(study):
            inventory.looked(study.hub, part)


def free() -> int:
    """Bytes that are free where the project is."""
    return shutil.disk_usage(project()).free


def check_sections(study: Study, but: str = "") -> None:
    """XitError where the study, a notebook or a section's parameters are not as they should be."""
    if study.hub is None:
        raise XitError(
            f"study {study.name!r} reads data from a directory in Hub layout: give HUB=<directory>"
        )
    if study.hub:
        hub.root(study.hub)
    for section in study.sections():
        path = execute.notebook(section)
        if not path.exists():
            raise XitError(f"notebook {path.name} is missing")
        if section == but:  # its changed parameters are about to be replaced
            continue
        changed = execute.changes(study.name).get(section, {})
        execute.check_values(changed, study, section)
        execute.values(study, section)
    if study.model == "pretrain" and not study.pretrain.get("corpora"):
        raise XitError(f"study {study.name!r}: model is 'pretrain' but pretrain: has no corpora")


def log(name: str) -> Path:
    """Where a build writes down what does not go to the terminal."""
    (project() / "runs").mkdir(exist_ok=True)
    return project() / "runs" / f"{name}.log"


def config(study: Study, **more: object) -> list[str]:
    """The words that tell the Snakefiles which study it is."""
    told = {"study": study.name, "hub": study.hub or ""} | more
    return ["--config", *(f"{key}={value}" for key, value in told.items())]


def environment() -> dict[str, str]:
    """What Snakemake finds in its environment."""
    return os.environ | {"XIT_ROOT": str(project()), "PYTHONUNBUFFERED": "1"}


def snakemake(
    words: list[str],
    name: str,
    held: list[int],
    more: Mapping[str, str],
    progress: Callable[[str], str] = lambda _: "",
) -> None:
    """Run Snakemake, with `more` in its environment; progress goes to the terminal, all else to
    the log `name`, errors end in one line. `progress` of a line in the log is told, too.

    The child inherits what is `held`, such as the build's lock: should this process be killed, the
    child finishes, and the next build waits for it instead of working beside it. Shared workers
    live as long as the child, too. It writes to a file: a pipe would fail with whoever reads it.
    """
    tail: list[str] = []
    finished = jobs_in_all = 0
    with (
        log(name).open("w") as written,
        log(name).open() as file,
        subprocess.Popen(
            [*SNAKEMAKE, *words],
            cwd=project(),
            env={**environment(), **more},
            stdout=written,
            stderr=subprocess.STDOUT,
            pass_fds=held,
        ) as child,
    ):
        try:
            for line in _lines(child, file):
                tail = [*tail[-60:], line]
                if total := re.match(r"total\s+(\d+)$", line):  # of Snakemake's table of jobs
                    jobs_in_all = int(total[1]) - 1  # "all" is no work
                if line.startswith("| "):
                    ended = line.rstrip().endswith(" s") and "executed in" in line
                    finished += ended
                    told = f" ({finished} of {jobs_in_all} jobs done)" if ended else ""
                    print(line[2:].rstrip() + told, flush=True)
                elif further := progress(line):
                    print(further, flush=True)
        except (KeyboardInterrupt, BrokenPipeError):  # nobody wants it, or nobody listens
            child.terminate()
            raise
    if child.returncode:
        if message := _error(tail):
            raise XitError(message)
        raise XitError(
            "the build failed:\n" + "".join(tail[-25:]) + f"all of it is in runs/{name}.log"
        )


def _error(lines: list[str]) -> str:
    """The first error among `lines`, with what it goes on to say; "" without one."""
    at = next((i for i, x in enumerate(lines) if x.startswith("error: ")), len(lines))
    told = takewhile(lambda x: not re.match(r"RuleException|\[|\s*$|error: ", x), lines[at + 1 :])
    return "".join([x.removeprefix("error: ") for x in lines[at : at + 1]] + list(told)).strip()


def _lines(child: subprocess.Popen, file: TextIO) -> Iterator[str]:
    """What `child` writes to `file`, line by line, until it has ended."""
    begun = ""
    while True:
        ended = child.poll() is not None
        while part := file.readline():
            begun += part
            if begun.endswith("\n"):
                yield begun
                begun = ""
        if ended:
            break
        time.sleep(0.05)
    if begun:
        yield begun


def fingerprint(study: Study, section: str) -> str:
    """Changes when the parameters or the part of the study that `section` depends on change."""
    told = [execute.values(study, section), study.digest(section)]
    return hashlib.blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=8).hexdigest()


def stamp(study: str, section: str) -> Path:
    """The empty file whose date says when `section` (or "site") was last brought up to date."""
    return project() / "book" / "study" / study / ".done" / section


def forget_missing(study: Study) -> None:
    """Drop the stamps of pages that are gone, or whose runs are, and the site's if it shows another
    study."""
    there = {p.parent.name for p in (project() / "runs").glob(f"*/{MANIFEST}")}
    for section in study.sections():
        page, record = execute.executed(study.name, section), changes.record(study, section)
        made = {line["run"] for line in (record or {}).get("runs", ())}
        if not page.exists() or record is None or not made <= there:
            stamp(study.name, section).unlink(missing_ok=True)
    built = project() / "book" / "_build"
    shown = built / "study"
    if (
        not (built / "html" / "index.html").exists()
        or not shown.exists()
        or shown.read_text() != study.name
    ):
        stamp(study.name, "site").unlink(missing_ok=True)


def _as_shown(study: Study) -> list[str]:
    """The study's sections, its languages by family and distance as everywhere in the book."""
    from xit.report import tables

    order, sections = tables.language_order(study), study.sections()
    languages = [s for c in order if (s := f"by_language/{c}") in sections]
    first = min(sections.index(s) for s in languages)
    rest = [s for s in sections if s not in languages]
    return [*rest[:first], *languages, *rest[first:]]


def site(study: Study) -> None:
    """Render the site of `study` from its executed sections; the last good one stays on failure."""
    from xit.report import site as pages

    began = time.monotonic()
    try:
        pages.build(study.name, _as_shown(study), project() / "book")
    except pages.SiteError as error:
        raise XitError(f"the site could not be rendered: {error}") from error
    execute.write(project() / "book" / "_build" / "study", study.name)
    print(f"| site: {time.monotonic() - began:.0f} s", flush=True)
