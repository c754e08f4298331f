"""The lab's hub: what the one loader reads, in splits that do not overlap."""

from pathlib import Path

import pytest

from xit import tasks
from xit.data import hub
from xit.lab import write


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> str:
    place = tmp_path_factory.mktemp("hub") / "lab"
    write.write(place, "smoke")
    return str(place)


@pytest.mark.parametrize(
    "task", [*tasks.INTERMEDIATE.values(), *tasks.TARGET.values()], ids=lambda t: t.name
)
def test_every_task_of_the_lab_loads_and_its_splits_are_disjoint(
    root: str, task: tasks.Task
) -> None:
    if task.name in ("squad_v2", "uner"):
        pytest.skip("not a task of the lab")
    code = "qaa" if task.kind != "retrieval" else "qab"
    seen: set[str] = set()
    for split in (task.train, task.dev, task.test):
        if split is None:
            continue
        rows, counts = hub.rows(task, split, root, code)
        assert rows and counts["read"] == len(rows)
        told = {str({k: v for k, v in r.items() if k != "id"}) for r in rows}
        assert not told & seen
        seen |= told


def test_the_same_seed_writes_the_same_rows(root: str, tmp_path: Path) -> None:
    write.write(tmp_path / "again", "smoke")
    task = tasks.target("xquad")
    assert task.dev is not None
    one, two = (hub.rows(task, task.dev, r, "qac")[0] for r in (root, str(tmp_path / "again")))
    assert hub.fingerprint(one) == hub.fingerprint(two)


def test_translations_tell_the_same_content(root: str) -> None:
    task = tasks.target("xnli")
    assert task.test is not None
    labels = {
        code: [r["label"] for r in hub.rows(task, task.test, root, code)[0]]
        for code in ("qaa", "qad", "qaj")
    }
    assert labels["qaa"] == labels["qad"] == labels["qaj"]


def test_unknown_size_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected one of lab, smoke"):
        write.write(tmp_path / "x", "large")
