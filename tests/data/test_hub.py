"""The loader: which config, what is missing or damaged, what a second process opens."""

from pathlib import Path

import datasets
import pytest

from tests.toys import asked, nearest_named, write
from tests.toys import hub as make_hub
from xit import paths
from xit.data import hub
from xit.errors import XitError
from xit.tasks import QA, TARGET

SQUAD = "rajpurkar/squad", "plain_text", "train"


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(make_hub(tmp_path_factory.mktemp("hub")))


def test_config() -> None:
    def name(target: str, code: str) -> str:
        task = TARGET[target]
        assert task.dev
        return hub.config(task, task.dev, "", code)

    assert name("xnli", "de") == "de"
    assert name("udpos", "de") == "udpos.German"
    assert name("panx", "de") == "PAN-X.de"
    assert name("tatoeba", "de") == "tatoeba.deu"
    assert name("uner", "de") == "de_pud"


def test_languages_of_the_hub_itself(tmp_path: Path) -> None:
    (tmp_path / "typology").mkdir()
    table = "iso639_1,iso639_3,name\nqab,qab,Ab\n"
    (tmp_path / "typology" / "languages.csv").write_text(table)
    assert hub.language(str(tmp_path), "qab") == ("qab", "Ab")
    assert hub.language(str(tmp_path), "de") == ("deu", "German")
    with pytest.raises(XitError, match="unknown language 'qac': did you mean 'qab'"):
        hub.language(str(tmp_path), "qac")


def test_unknown_language_and_hub(toy: str) -> None:
    dev = TARGET["udpos"].dev
    assert dev
    with pytest.raises(XitError, match="unknown language 'dee': did you mean 'de'"):
        hub.config(TARGET["udpos"], dev, toy, "dee")
    with pytest.raises(XitError, match="unknown language of uner 'dee': did you mean 'de'"):
        hub.config(TARGET["uner"], dev, toy, "dee")
    with pytest.raises(XitError, match="hub directory 'no/where' does not exist"):
        hub.load("no/where", dev.repo, "udpos.German", "test")
    with pytest.raises(XitError, match="unknown lab size 'smok': did you mean 'smoke'"):
        hub.root("lab:smok")


def test_hub_directories_are_of_the_project() -> None:
    (paths.project() / "mirror").mkdir()
    assert hub.root("mirror") == str(paths.project() / "mirror")
    assert hub.root("") == ""


def test_two_mirrors_of_one_repository_are_two(tmp_path: Path) -> None:
    """And a file that changes is read again."""
    for count, place in ((2, "a"), (3, "b"), (4, "b")):
        write(tmp_path / place, *SQUAD, asked(count))
        assert len(hub.load(str(tmp_path / place), *SQUAD)) == count


def test_columns_are_told_without_reading_rows(toy: str, tmp_path: Path) -> None:
    assert set(hub.columns(toy, "rajpurkar/squad", "plain_text", "train")) == set(QA)
    with pytest.raises(XitError) as error:
        hub.columns(toy, "rajpurkar/squad", "plain_txt", "train")
    nearest_named(error.value, "plain_txt", "plain_text")
    write(tmp_path, "rajpurkar/squad", "plain_text", "train", asked(2))
    file = tmp_path / "rajpurkar/squad/plain_text/train-00000-of-00001.parquet"
    file.write_bytes(b"x" * 99)
    with pytest.raises(XitError, match="cannot read rajpurkar/squad plain_text train"):
        hub.columns(str(tmp_path), "rajpurkar/squad", "plain_text", "train")


@pytest.mark.parametrize("damage", ["not parquet", "cut short", "empty"])
def test_a_damaged_file_is_one_line(tmp_path: Path, damage: str) -> None:
    write(tmp_path, *SQUAD, asked(6))
    file = tmp_path / "rajpurkar/squad/plain_text/train-00000-of-00001.parquet"
    whole = file.read_bytes()
    file.write_bytes({"not parquet": b"x" * 99, "cut short": whole[:-40], "empty": b""}[damage])
    with pytest.raises(XitError, match="cannot read rajpurkar/squad plain_text train") as error:
        hub.load(str(tmp_path), *SQUAD)
    assert "\n" not in str(error.value)


def test_a_revision_is_asked_of_the_hub_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict] = []

    def load_dataset(*_: str, **own: object) -> datasets.Dataset:
        asked.append(own)
        return datasets.Dataset.from_dict({"text": ["x"]})

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    hub._load.cache_clear()
    hub.load("", "some/data", "default", "test", "2.7")
    hub.load("", "some/data", "default", "test")
    assert [x["revision"] for x in asked] == ["2.7", None]
    write(tmp_path, "some/data", "default", "test", [{"text": "x"}])
    hub.load(str(tmp_path), "some/data", "default", "test", "2.7")
    assert asked[2]["revision"] is None  # a directory has no other
    hub._load.cache_clear()


def test_another_process_opens_what_the_library_has_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows, order and label names are the same; rows out of a split are the library's business."""
    monkeypatch.setenv("XIT_ROOT", str(tmp_path / "project"))
    toys = str(make_hub(tmp_path / "hub"))
    asked: list[str] = []
    library = datasets.load_dataset

    def load_dataset(path: str, name: str, **own: object) -> object:
        asked.append(str(own["split"]))
        return library(path, name, **own)

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)

    def again(split: str = "train") -> datasets.Dataset:
        hub._load.cache_clear()
        return hub.load(toys, "nyu-mll/glue", "mnli", split)

    first = again()
    asked.clear()
    second = again()
    assert not asked
    assert second.to_list() == first.to_list() and second.features == first.features
    assert second.features["label"].names == ["entailment", "neutral", "contradiction"]
    assert second.shuffle(seed=0).to_list() == first.shuffle(seed=0).to_list()
    assert again("train[:2]").to_list() == first.to_list()[:2] and asked == ["train[:2]"]


@pytest.mark.parametrize("harm", ["gone", "cut short", "empty", "something else"])
def test_a_damaged_copy_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: str
) -> None:
    """What the library makes of a repository is ours to lose: the rows are in the repository."""
    monkeypatch.setenv("XIT_ROOT", str(tmp_path / "project"))
    write(tmp_path / "hub", *SQUAD, asked(60))

    def again() -> datasets.Dataset:
        hub._load.cache_clear()
        return hub.load(str(tmp_path / "hub"), *SQUAD)

    first = again().to_list()
    file = Path(again().cache_files[0]["filename"])
    whole = file.read_bytes()
    if harm == "gone":
        file.unlink()
    else:
        file.write_bytes({"cut short": whole[:-900], "empty": b""}.get(harm, b"x" * 999))
    assert again().to_list() == first
    assert file.read_bytes() == whole and again().to_list() == first
