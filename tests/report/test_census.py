"""What a hub holds, printed: on a toy hub by hand, and one language of real files."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.shared import MIRROR
from tests.toys import project, tokenizer
from xit import paths, tasks
from xit.data import census as data
from xit.report import census


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    yield project(tmp_path, monkeypatch)
    paths.project.cache_clear()


def test_a_hub(toy: Path) -> None:
    frame, missing = census.of_hub("hub", tokenizer(), corpora={"xit/corpus": ["de"]})
    rows = {(r["dataset"], r["split"], r["language"]): r for r in frame.to_dict("records")}
    assert rows["nyu-mll/glue mnli", "train", "en"]["rows read"] == 24
    assert rows["google/xtreme udpos.German", "test", "de"]["rows read"] == 12
    assert rows["google/xtreme tatoeba.deu", "validation", "de"]["room"] == 512
    assert rows["rajpurkar/squad plain_text", "train", "en"]["windows"] == 18
    text = rows["xit/corpus", "train", "de"]
    assert text["rows read"] == 18 * 6
    assert text["longest"] == 7 + 1 + 2  # seven words, a blank before the full stop, both ends
    assert list(missing["Tatoeba validation"]) == [c for c in tasks.TATOEBA if c != "de"]
    assert "no xit/ccgbank" in missing["CCG train"]["en"]


def test_limit(toy: Path) -> None:
    frame, _ = census.of_hub("hub", tokenizer(), limit=3)
    assert set(frame["rows read"]) == {3}


@pytest.mark.skipif(not MIRROR.is_dir(), reason="needs the mirror of the Hub (XIT_SHARED)")
def test_it_is_printed_for_real_files(
    toy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (toy / "notebooks/studies/mini.yaml").write_text(
        (Path(__file__).parents[2] / "notebooks/studies/mini.yaml").read_text()
    )
    wanted = ("xquad", "zh")
    some = [x for x in data.parts("en") if (x[0].name, x[2]) == wanted]
    monkeypatch.setattr(data, "parts", lambda source: some)
    monkeypatch.setattr(census, "_texts", lambda where, corpora: iter(()))
    census.main(str(MIRROR), str(toy / "model"))
    about, head, line = capsys.readouterr().out.splitlines()
    assert about.startswith("# tokenizer: ")
    told = dict(zip(head.split("\t"), line.split("\t"), strict=True))
    assert (told["dataset"], told["rows read"]) == ("google/xtreme XQuAD.zh", "1190")
    assert (told["answers realigned"], told["dropped"]) == ("100", "0")
