"""`xit score`: hand-made files, what is wrong in one line, the reference files where at hand."""

import gzip
import json
from pathlib import Path

import pandas as pd
import pytest

from tests.shared import REFERENCE, SHARED
from tests.toys import write
from xit.__main__ import main
from xit.score import files

SQUAD = SHARED / "hub" / "rajpurkar"
MOCK = REFERENCE / "xtreme" / "mock_test_data"
needs_reference = pytest.mark.skipif(
    not REFERENCE.is_dir(), reason="needs the reference scores (XIT_SHARED)"
)
Capture = pytest.CaptureFixture[str]


def squad(**answers: list[str]) -> dict:
    """SQuAD's JSON of questions and their gold answers."""
    asked = [{"id": i, "answers": [{"text": t} for t in texts]} for i, texts in answers.items()]
    return {"data": [{"paragraphs": [{"qas": asked}]}]}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory to be in: errors name files as they were typed."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(place: Path, **texts: object) -> None:
    """Files by name ("test_de_tsv" is test-de.tsv; "gold__" is a directory of it)."""
    for name, text in texts.items():
        stem, _, suffix = name.replace("__", "/").rpartition("_")
        file = place / f"{stem.replace('_', '-')}.{suffix}"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text if isinstance(text, str) else json.dumps(text), encoding="utf-8")


def run(capsys: Capture, task: str, gold: str | Path, said: str | Path, *more: str) -> dict:
    """What `xit score --json` tells."""
    words = ["score", task, "--gold", str(gold), "--predictions", str(said), "--json", *more]
    assert main(words) == 0
    return json.loads(capsys.readouterr().out)


def test_a_directory_has_a_line_per_language_and_the_average(place: Path, capsys: Capture) -> None:
    put(place, gold__test_de_tsv="a\nb\n", gold__test_en_tsv="x\t1\ny\t0\n",  # last column
        said__test_de_tsv="a\na\n", said__test_en_tsv="1\n0")  # fmt: skip
    assert main(["score", "xnli", "--gold", "gold", "--predictions", "said"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "language  items       acc",
        "de            2   50.0000",
        "en            2  100.0000",
        "average           75.0000",
    ]
    told = run(capsys, "xnli", "gold", "said", "--language", "de")
    assert told["average"] == {"acc": 50.0}
    assert list(told["languages"]) == ["de"]


def test_tags_with_or_without_their_words(place: Path, capsys: Capture) -> None:
    put(place, gold_tsv="en:Paris\tB-LOC\n,\tO\n\n\nhe O\n", said_txt="B-LOC\nO\n\nB-PER")
    told = run(capsys, "panx", "gold.tsv", "said.txt")["average"]
    assert told == {"precision": 50.0, "recall": 100.0, "f1": pytest.approx(200 / 3),
                    "token_acc": pytest.approx(200 / 3)}  # fmt: skip


def test_questions_left_out_and_questions_too_many(place: Path, capsys: Capture) -> None:
    put(place, gold_json=squad(a=["the cat"], b=["dog"]), few_json={"a": "Cat"},
        many_json={"a": "Cat", "b": "a dog", "c": "cow"})  # fmt: skip
    (place / "few.json.gz").write_bytes(gzip.compress((place / "few.json").read_bytes()))
    for name in ("few.json", "few.json.gz"):
        told = run(capsys, "xquad", "gold.json", name)
        assert told["average"] == {"em": 50.0, "f1": 50.0, "qa": 50.0}
        assert told["languages"][""]["unanswered"] == 1
    told = run(capsys, "squad_v1", "gold.json", "many.json")
    assert (told["average"]["qa"], told["languages"][""]["ignored"]) == (100.0, 1)
    assert main(["score", "tydiqa", "--gold", "gold.json", "--predictions", "few.json"]) == 0
    assert "1 without a prediction: each scores 0" in capsys.readouterr().out


def test_questions_without_answer(place: Path, capsys: Capture) -> None:
    put(place, gold_json=squad(a=[], b=["dog"]), said_json={"a": "", "b": "the dog"})
    assert run(capsys, "squad_v2", "gold.json", "said.json")["average"]["em"] == 100.0


def test_gold_in_hub_layout(place: Path, capsys: Capture) -> None:
    for split, i in (("train", "a"), ("validation", "b")):
        answers = {"text": ["cat"], "answer_start": [0]}
        write(place, "my/squad", "plain_text", split, [{"id": i, "answers": answers}])
    put(place, said_json={"b": "cat"})
    told = run(capsys, "squad_v1", "my/squad", "said.json")
    assert (told["languages"][""]["items"], told["average"]["em"]) == (2, 50.0)
    file = next((place / "my/squad/plain_text").glob("validation*"))
    assert run(capsys, "squad_v1", file, "said.json")["average"]["em"] == 100.0


def test_the_language_decides_how_mlqa_is_normalised(place: Path, capsys: Capture) -> None:
    put(place, gold__test_de_json=squad(a=["die Katze"]), said__test_de_json={"a": "Katze"},
        gold_json=squad(a=["die Katze"]))  # fmt: skip
    assert run(capsys, "mlqa", "gold", "said")["languages"]["de"]["em"] == 100.0
    assert run(capsys, "mlqa", "gold.json", "said/test-de.json")["average"]["em"] == 100.0
    told = run(capsys, "mlqa", "gold.json", "said/test-de.json", "--language", "en")
    assert told["average"]["em"] == 0.0


def test_pairs_and_rankings(place: Path, capsys: Capture) -> None:
    put(place, gold_tsv="d1\te1\nd2\te2\n", said_tsv="d1\te1\nd2\te1\n",
        gold_json={"q": ["x"], "r": ["y"]}, said_json={"q": ["z", "x"]})  # fmt: skip
    told = run(capsys, "bucc2018", "gold.tsv", "said.tsv")
    assert (told["task"], told["average"]["f1"]) == ("bucc", 50.0)
    assert run(capsys, "mewslix", "gold.json", "said.json")["average"] == {"map@20": 25.0}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("xnil two.tsv two.tsv", "unknown task 'xnil': did you mean 'xnli'?"),
        ("xnli no.tsv two.tsv", "no.tsv does not exist"),
        ("xnli two.tsv no.tsv", "no.tsv does not exist"),
        ("xnli two.tsv one.tsv", "one.tsv: 2 gold items but 1 predictions"),
        ("xnli two.tsv gap.tsv", "gap.tsv: line 2 is empty"),
        ("xnli two.tsv none.tsv", "none.tsv: line 1 is empty"),
        ("xnli two.tsv gold", "gold is a directory, but the gold two.tsv is one file"),
        ("xnli gold said", "said has no file test-en.* (1 languages there)"),
        ("xnli gold gold --language sw", "gold has no file test-sw.* (2 languages there)"),
        ("xnli empty empty", "hold no files named test-<language>.tsv"),
        ("udpos two.tsv one.tsv", "sentence 0: 2 gold tags but 1 predicted ones"),
        ("udpos gap.tsv one.tsv", "2 gold items but 1 predictions"),
        ("udpos two.tsv untagged.tsv", "sentence 0: an empty tag"),
        ("bucc two.tsv two.tsv", "two.tsv: 'a' is not a pair of sentence ids"),
        ("xquad gold.json other.json", "unknown id 'z': not among the 2 of gold.json"),
        ("xquad two.tsv other.json", "two.tsv is not JSON"),
        ("xquad other.json other.json", "other.json: expected SQuAD's JSON"),
        ("xquad gold.json list.json", "expected {question id: answer}"),
        ("xquad gold.json broken.gz", "cannot read broken.gz"),
        ("xquad empty other.json", "empty holds no parquet file"),
        ("squad_v1 gold.json few.json", "question 1 has no gold answer: is this SQuAD v2.0?"),
        ("mlqa gold.json other.json", "other.json names none: give --language"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line(words: str, message: str, place: Path, capsys: Capture) -> None:
    put(place, two_tsv="a\nb", one_tsv="a\n", gap_tsv="a\n\nb\n", none_tsv="\n", list_json=["x"],
        untagged_tsv="a\tX\nb\t\n", gold__test_de_tsv="a", gold__test_en_tsv="a",
        said__test_de_tsv="a", gold_json=squad(a=["x"], b=[]), other_json={"z": "y"},
        few_json={"a": "x"}, broken_gz="no gzip")  # fmt: skip
    (place / "empty").mkdir()
    task, gold, said, *more = words.split()
    assert main(["score", task, "--gold", gold, "--predictions", said, *more]) == 2
    told = capsys.readouterr().err
    assert told.startswith("error: ") and told.count("\n") == 1, told
    assert message in told


# -- reference files


def expected_squad() -> list:
    file = REFERENCE / "squad" / "expected_scores.csv"
    rows = pd.read_csv(file).to_dict("records") if file.exists() else [{"file": "absent"}]
    return [pytest.param(row, id=Path(row["file"]).name.split(".json")[0][:24]) for row in rows]


@needs_reference
@pytest.mark.parametrize("row", expected_squad())
def test_published_squad_predictions(row: dict, capsys: Capture) -> None:
    task, gold = ("squad_v1", "squad") if row["squad_version"] == "v1.1" else ("squad_v2",) * 2
    if not (SQUAD / gold).is_dir():
        pytest.skip(f"needs {gold} in the hub directory")
    told = run(capsys, task, SQUAD / gold, REFERENCE / "squad" / row["file"])
    assert told["languages"][""]["items"] == row["questions"]
    em, f1 = told["average"]["em"], told["average"]["f1"]
    assert (round(em, 3), round(f1, 3)) == (row["exact_match"], row["f1"])


NAMES = {"accuracy": "acc", "exact_match": "em"}  # XTREME's name of a metric → ours


@needs_reference
@pytest.mark.parametrize(
    "task",
    "pawsx xnli tatoeba panx udpos bucc2018 mewslix xquad mlqa tydiqa".split(),
)
def test_xtreme_mock_predictions(task: str, capsys: Capture) -> None:
    """To 1e-12: the last digits of a mean depend on the order of its sum."""
    expected = json.loads((REFERENCE / "xtreme" / "expected_scores.json").read_text())
    tables = [tasks[task] for tasks in expected.values() if task in tasks]
    told = run(capsys, task, MOCK / "labels" / task, MOCK / "predictions" / task)
    assert tables and told["task"] == files.ALIASES.get(task, task)
    assert len(told["languages"]) == len(list((MOCK / "labels" / task).iterdir()))
    for table in tables:
        for name, value in table.items():
            ours = name.removeprefix("avg_")
            ours = told["average"][NAMES.get(ours, ours)]
            assert ours == pytest.approx(value, rel=0, abs=1e-12), name
