"""A plan's runs are those that the notebooks make."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import toys
from xit import chains, execute, paths, runs, specs
from xit import study as studies
from xit.plan import wanted


@pytest.fixture
def built(smoke: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The built study `smoke` as this process's project."""
    monkeypatch.setenv("XIT_ROOT", str(smoke))
    paths.project.cache_clear()
    yield smoke
    monkeypatch.undo()
    paths.project.cache_clear()


def made(built: Path) -> set[str]:
    """The runs that the study's pages are made of."""
    place = built / "book" / "study" / "smoke"
    records = [(place / f"{name}.json").read_text() for name in studies.load("smoke").sections()]
    return {line["run"] for record in records for line in json.loads(record)["runs"]}


def test_every_run_of_a_built_study_was_planned_and_is_found(built: Path) -> None:
    sections, blind = wanted.of(studies.load("smoke"))
    assert blind == ""
    planned = [run for section in sections for run in section.runs()]
    assert {run.name for run in planned} == made(built)
    assert len(planned) == len({run.name for run in planned})
    assert all(run.there for run in planned)


def test_a_section_makes_what_was_planned_for_it(built: Path) -> None:
    """All that its record names, but for what a section before it has made already."""
    sections, _ = wanted.of(studies.load("smoke"))
    before: set[str] = set()
    for section in sections:
        own = {run.name for run in section.runs()}
        record = built / "book" / "study" / "smoke" / f"{section.name}.json"
        made = {line["run"] for line in json.loads(record.read_text())["runs"]}
        if section.stages:
            assert own <= made <= own | before, section.name
        before |= own


def test_unread_specs_are_the_same_but_for_what_is_read(built: Path) -> None:
    """So a plan without data has as many runs, under the same names."""
    study = studies.load("smoke")
    read, unread = (wanted.sections(study, read) for read in (True, False))
    told = [[[r.name[:-13] for r in section.runs()] for section in x] for x in (read, unread)]
    assert told[0] == told[1]
    assert not any(run.there for section in unread for run in section.runs())
    first = read[1].runs()[0].spec, unread[1].runs()[0].spec
    assert {k for k in first[0] if first[0][k] != first[1][k]} == {"parent", "data"}
    assert specs.base(study).identity == first[0]["parent"]  # afterwards as before


def test_the_hub_is_not_asked() -> None:
    sections, blind = wanted.of(studies.load("paper"))
    assert "Hub" in blind
    assert sum(len(section.runs()) for section in sections) > 1000


def test_chains_are_those_that_a_built_study_has_made(built: Path) -> None:
    study = studies.load("smoke")
    told = wanted.chains(study, study.sections())
    assert {runs.name(spec) for chain in told for spec in chain} == made(built)


def test_a_changed_section_reaches_what_goes_on_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toys.project(tmp_path, monkeypatch)
    toy = studies.load("toy")
    before = wanted.chains(toy, ["target/mnli"])
    execute.change(toy, "intermediate/mnli", "learning_rate=2e-5")
    after = wanted.chains(toy, ["target/mnli"])
    seeds = range(toy.seed, toy.seed + toy.num_seeds)
    trained = chains.intermediate(toy, "mnli", seeds, learning_rate=2e-5)
    assert [c for c in after if c[0]["kind"] == "intermediate"] == trained
    parents = {specs.parent_of(chain[0]).identity for chain in trained}
    assert {c[0]["parent"] for c in after if c[0]["kind"] != "intermediate"} == parents
    assert len(after) == len(before) and not any(c in before for c in after)
    assert wanted.chains(toy, ["tasks", "results", "published", "data"]) == []  # they only read
    paths.project.cache_clear()
