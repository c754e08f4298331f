"""What is read once in a process is not read again, and nothing else is taken for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.toys import project
from xit import paths, study, tasks
from xit.data import encoded, labelled
from xit.data.typos import Noise
from xit.learn.model import load_tokenizer
from xit.study import Study


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Study]:
    project(tmp_path, monkeypatch)
    monkeypatch.setattr(encoded, "_kept", {})
    yield study.load("toy")
    paths.project.cache_clear()


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list:
    """Every call of `labelled.rows`."""
    made: list = []
    own = labelled.rows

    def noted(*given: object) -> tuple[list[dict], dict[str, int]]:
        made.append(given)
        return own(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(labelled, "rows", noted)
    return made


def read(limit: int | None = None, code: str = "en", length: int = 64) -> encoded.Encoded:
    task = tasks.target("udpos")
    assert task.test is not None
    tokenizer = load_tokenizer(paths.project() / "model")
    return encoded.read(task, task.test, "hub", code, limit, tokenizer, length)


def test_the_same_is_read_once(toy: Study, reads: list) -> None:
    first = read()
    assert read() is first and len(reads) == 1
    assert first.dropped["read"] == len(first.rows) == len({f["row"] for f in first.features})


def test_the_two_sides_of_retrieval_are_read_once(toy: Study, reads: list) -> None:
    task, tokenizer = tasks.target("tatoeba"), load_tokenizer(paths.project() / "model")
    assert task.dev is not None
    place = (task, task.dev, "hub", "de", tokenizer)
    first = encoded.sides(*place, 64)
    assert encoded.sides(*place, 64) is first and len(reads) == 1
    rows, _ = labelled.rows(task, task.dev, "hub", "de")
    assert [len(side) for side in first.features] == [len(rows)] * 2
    for column, side in zip(task.inputs, first.features, strict=True):
        assert [f["ids"] for f in side] == tokenizer([r[column] for r in rows])["input_ids"]
    assert first.counts["read"] == len(rows)
    noisy = encoded.sides(*place, 64, Noise("swap", 1.0, 1))
    assert noisy is not first and noisy.counts["pieces without noise"] > 0


def test_another_limit_language_or_length_is_another(toy: Study, reads: list) -> None:
    first = read()
    assert len(read(limit=1).rows) == 1
    assert read(code="de") is not first
    assert max(len(f["ids"]) for f in read(length=5).features) <= 5
    assert len(reads) == 4


def test_noise_is_another_and_counts_its_words(toy: Study, reads: list) -> None:
    tokenizer = load_tokenizer(paths.project() / "model")
    task = tasks.target("udpos")
    assert task.test is not None

    def with_noise(rate: float) -> encoded.Encoded:
        told = (task, task.test, "hub", "en", None, tokenizer, 64)
        return encoded.read(*told, Noise("drop", rate))  # type: ignore[arg-type]

    clean, noisy = read(), with_noise(1.0)
    assert with_noise(1.0) is noisy and with_noise(0.5) is not noisy
    words = [w for r in clean.rows for w in r["tokens"]]
    assert (noisy.counts["words"], noisy.counts["words changed"]) == (
        len(words), sum(len(w) > 1 for w in words))  # fmt: skip
    assert noisy.counts["pieces without noise"] == sum(len(f["ids"]) - 2 for f in clean.features)
    assert noisy.counts["pieces"] == sum(len(f["ids"]) - 2 for f in noisy.features)
    assert [r["pos_tags"] for r in noisy.rows] == [r["pos_tags"] for r in clean.rows]
    assert "words" not in clean.counts and clean is read()
    assert len(reads) == 1  # noise is made in what has been read


def test_large_data_are_not_kept(toy: Study, reads: list, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoded, "ROWS", 0)
    assert read() == read() and len(reads) == 2


def test_the_oldest_goes_first(toy: Study, reads: list, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoded, "MOST", 1)
    first = read()
    read(limit=1)
    assert read() is not first and len(reads) == 3


def test_one_tokenizer_for_one_content(toy: Study, tmp_path: Path) -> None:
    """Each run has its own copy; another content is another tokenizer."""
    own, copy = paths.project() / "model", tmp_path / "copy"
    copy.mkdir()
    for file in own.glob("*.json"):
        (copy / file.name).write_bytes(file.read_bytes())
    assert load_tokenizer(copy) is load_tokenizer(own)
    told = copy / "tokenizer_config.json"
    told.write_text(told.read_text() + "\n")
    assert load_tokenizer(copy) is not load_tokenizer(own)
