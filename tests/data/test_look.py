"""What is known without reading rows: of a mirror, of a Hub that answers, of one that does not."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import datasets
import huggingface_hub
import pytest

from tests.toys import asked, write
from xit.data import look
from xit.errors import XitError

FEATURES = [{"name": "id", "dtype": "string"}, {"name": "context", "dtype": "string"}]


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Nothing is remembered of the Hub from one test to the next."""
    for kept in (look.silence, look._info):
        kept.cache_clear()
    yield
    for kept in (look.silence, look._info):
        kept.cache_clear()


def info(**card: object) -> SimpleNamespace:
    """A repository of the Hub with two files, and `card`."""
    files = [("plain_text/train-00000-of-00001.parquet", 70), ("model.safetensors", 5)]
    return SimpleNamespace(
        card_data=huggingface_hub.DatasetCardData(**card) if card else None,  # type: ignore[arg-type]
        siblings=[SimpleNamespace(rfilename=name, size=size) for name, size in files],
    )


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Hub with one dataset, one model, and one repository whose card says nothing."""
    about = {"config_name": "plain_text", "features": FEATURES,
             "splits": [{"name": "train", "num_examples": 3}]}  # fmt: skip
    there = {"my/data": info(license="mit", dataset_info=about), "my/bare": info()}
    monkeypatch.setattr(look, "silence", lambda: "")
    monkeypatch.setattr(look, "_info", lambda repo, is_model, *_: there[repo])


def test_a_mirror(tmp_path: Path) -> None:
    write(tmp_path, "my/data", "plain_text", "train", asked(7))
    card = tmp_path / "my/data/README.md"
    found = look.split(str(tmp_path), "my/data", "plain_text", "train")
    assert (found.rows, found.columns) == (7, ["id", "question", "context", "answers"])
    assert found.size == look.size_of(tmp_path / "my/data/plain_text")
    assert look.licence(str(tmp_path), "my/data") == ""
    for told, expected in (("mit", "mit"), ("other", ""), ("\n- mit\n- other", "")):
        card.write_text(f"---\nlicense: {told}\nconfigs:\n- config_name: plain_text\n---\n")
        assert look.licence(str(tmp_path), "my/data") == expected
    with pytest.raises(XitError, match="'plain_txt': did you mean 'plain_text'"):
        look.split(str(tmp_path), "my/data", "plain_txt", "train")
    with pytest.raises(XitError, match="unknown repository"):
        look.split(str(tmp_path), "my/dada", "plain_text", "train")
    second = tmp_path / "my/data/plain_text/train-00001-of-00002.parquet"
    second.write_text("cut short")
    with pytest.raises(XitError, match="cannot read my/data plain_text train"):
        look.split(str(tmp_path), "my/data", "plain_text", "train")


def test_a_mirror_without_directories_of_configs(tmp_path: Path) -> None:
    (tmp_path / "my/data/data").mkdir(parents=True)
    file = tmp_path / "my/data/data/train-00000-of-00001.parquet"
    datasets.Dataset.from_list([{"text": "x"}]).to_parquet(str(file))
    found = look.split(str(tmp_path), "my/data", "default", "train")
    assert found == look.Found(1, ["text"], file.stat().st_size)


def test_the_hub(online: None) -> None:
    assert look.split("", "my/data", "plain_text", "train") == (3, ["id", "context"], 70, False, "")
    assert look.licence("", "my/data") == "mit"
    assert look.split("", "my/bare", "plain_text", "train") == look.Found(size=70)
    assert look.licence("", "my/bare") == ""
    assert look.model("my/bare").size == 5
    with pytest.raises(XitError, match="'plain': did you mean 'plain_text'"):
        look.split("", "my/data", "plain", "train")
    with pytest.raises(XitError, match="split of my/data plain_text: 'test'"):
        look.split("", "my/data", "plain_text", "test")


def test_a_model_without_safetensors(online: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look, "_info", lambda *_: SimpleNamespace(siblings=[], card_data=None))
    with pytest.raises(XitError, match="no safetensors"):
        look.model("my/model")


def test_a_hub_that_does_not_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What an earlier load left in the cache counts; nothing else does."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path))
    assert "offline" in look.silence()
    place = tmp_path / "my___some_data/plain_text/0.0.0/abc"
    place.mkdir(parents=True)
    told = {"features": {"id": {}}, "splits": {"train": {"num_examples": 3, "num_bytes": 9}}}
    (place / "dataset_info.json").write_text(json.dumps(told))
    found = look.split("", "my/someData", "plain_text", "train")
    assert found == look.Found(3, ["id"], 9, cached=True)
    for repo, split in (("my/someData", "test"), ("my/other", "train")):
        with pytest.raises(look.Silent, match="not in the cache"):
            look.split("", repo, "plain_text", split)
    with pytest.raises(look.Silent, match="does not answer"):
        look.model("xit-tests/there-is-no-such-model")
    assert look.licence("", "my/someData") == ""


def test_what_the_cache_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`datasets` itself looks for a cached dataset where we do."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path))
    (tmp_path / "my___some_data/plain_text/0.0.0/abc").mkdir(parents=True)
    datasets.load.CachedDatasetModuleFactory("my/someData").get_module()


def test_upstream() -> None:
    full = look.upstream()
    assert full["google/xtreme", "XQuAD.el", "validation"] == (1190, "cc-by-sa-4.0")
    assert full["nyu-mll/glue", "mnli", "train"][0] == 392_702
    assert all(rows > 0 and terms for rows, terms in full.values())
