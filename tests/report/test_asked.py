"""Every run of a study is named before any is made: no more and no less than are made."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import toys
from xit import chains, execute, paths, runs, specs, study
from xit.report import asked


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    yield toys.project(tmp_path, monkeypatch)
    paths.project.cache_clear()


@pytest.mark.timeout(900)
def test_what_is_asked_for_is_what_is_made(smoke: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XIT_ROOT", str(smoke))
    paths.project.cache_clear()
    try:
        one = study.load("smoke")
        wanted = asked.chains(one, one.sections())
    finally:
        monkeypatch.undo()
        paths.project.cache_clear()
    records = map(json.loads, map(Path.read_text, (smoke / "book/study/smoke").rglob("*.json")))
    made = {line["run"] for record in records for line in record["runs"]}
    assert {runs.name(spec) for chain in wanted for spec in chain} == made


def test_a_changed_section_reaches_what_goes_on_from_it(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy = study.load("toy")
    before = asked.chains(toy, ["target/mnli"])
    execute.change(toy, "intermediate/mnli", "learning_rate=2e-5")
    after = asked.chains(toy, ["target/mnli"])
    seeds = range(toy.seed, toy.seed + toy.num_seeds)
    trained = chains.intermediate(toy, "mnli", seeds, learning_rate=2e-5)
    assert [c for c in after if c[0]["kind"] == "intermediate"] == trained
    parents = {specs.parent_of(chain[0]).identity for chain in trained}
    assert {c[0]["parent"] for c in after if c[0]["kind"] != "intermediate"} == parents
    assert len(after) == len(before) and not any(c in before for c in after)


def test_what_only_reads_asks_for_nothing(place: Path) -> None:
    toy = study.load("toy")
    assert asked.chains(toy, ["tasks", "results", "published", "data"]) == []
