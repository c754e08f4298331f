"""Intermediate tasks of another language: the Hub's layouts and columns, in hand-made rows.

Columns and types as the dataset cards have them: clue/clue (OCNLI, DRCD), hfl/cmrc2018,
hsseinmz/arcd in parquet, HiTZ/xnli-eu in TSV.
"""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from datasets import ClassLabel, Dataset, Features, List, Value

from tests.toys import made, toy_study
from xit import chains, inventory, paths, tasks, variants
from xit.data import labelled
from xit.errors import XitError
from xit.report import source_language
from xit.score import run
from xit.study import Study

TEXT = Value("string")
OCNLI = Features({"sentence1": TEXT, "sentence2": TEXT,
                  "label": ClassLabel(names=["neutral", "entailment", "contradiction"]),
                  "idx": Value("int32")})  # fmt: skip
SPAN = Features({"id": TEXT, "context": TEXT, "question": TEXT,
                 "answers": {"text": List(TEXT),
                             "answer_start": List(Value("int32"))}})  # fmt: skip
ARCD = Features({"id": TEXT, "title": TEXT} | dict(SPAN))
PAIRS = [
    ("身上裹一件工厂发的棉大衣,手插在袖筒里", "身上至少一件衣服", 1),
    ("咖啡馆里面对面坐的年轻男女", "男人和女人是背对背坐着的", 2),
    ("今天,这一会议终于在波恩举行", "这一会议原定于昨天举行", 0),
    ("没有多数意见的一对", "没有标签", -1),
]
CHINESE = ("新教在行政上没有單一組織架構，強調因信稱義。", "新教強調什麼？", "因信稱義")
ARABIC = ("وُلد الكاتب في مدينة القاهرة عام 1911.", "أين وُلد الكاتب؟", "القاهرة")
VARIANTS = ("mnli@eu", "ocnli", "cmrc2018", "drcd", "arcd")


def card(place: Path, files: dict[str, str], config: str, more: str = "") -> None:
    """A README whose head says where the splits of one config are."""
    listed = "".join(f"  - split: {s}\n    path: {p}\n" for s, p in files.items())
    head = f"license: mit\n{more}configs:\n- config_name: {config}\n  data_files:\n{listed}"
    (place / "README.md").write_text(f"---\n{head}---\n", encoding="utf-8")


def asked(words: tuple[str, str, str], count: int, **more: str) -> list[dict]:
    context, question, answer = words
    found = {"text": [answer], "answer_start": [context.index(answer)]}
    return [{"id": f"Q{i}", "context": context, "question": question, "answers": found, **more}
            for i in range(count)]  # fmt: skip


def parquet(rows: list[dict], features: Features, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Dataset.from_list(rows, features=features).to_parquet(file)


def native(root: Path) -> Path:
    """The five repositories below `root`."""
    nli = [dict(zip(OCNLI, (*pair, i), strict=True)) for i, pair in enumerate(PAIRS * 2)]
    clue = root / "clue" / "clue"
    for split in ("train", "validation"):
        name = f"{split}-00000-of-00001.parquet"
        parquet(nli, OCNLI, clue / "ocnli" / name)
        parquet(asked(CHINESE, 6), SPAN, clue / "drcd" / name)
        parquet(asked(CHINESE, 6), SPAN, root / "hfl" / "cmrc2018" / "data" / name)
        arabic = asked(ARABIC, 6, title="كاتب")
        parquet(arabic, ARCD, root / "hsseinmz" / "arcd" / "plain_text" / name)
    both = "".join(
        f"- config_name: {c}\n  data_files:\n" + "".join(
            f"  - split: {s}\n    path: {c}/{s}-*\n" for s in ("train", "validation"))
        for c in ("ocnli", "drcd"))  # fmt: skip
    (clue / "README.md").write_text(f"---\nconfigs:\n{both}---\n", encoding="utf-8")
    splits = {s: f"data/{s}-*" for s in ("train", "validation")}
    card(root / "hfl" / "cmrc2018", splits, "default")
    splits = {s: f"plain_text/{s}-*" for s in ("train", "validation")}
    card(root / "hsseinmz" / "arcd", splits, "plain_text")
    basque = root / "HiTZ" / "xnli-eu"
    basque.mkdir(parents=True)
    label = "".join(f"          '{i}': {n}\n" for i, n in enumerate(
        ("entailment", "neutral", "contradiction")))  # fmt: skip
    about = "dataset_info:\n- config_name: eu\n  features:\n"
    about += "".join(f"  - name: {c}\n    dtype: string\n" for c in ("premise", "hypothesis"))
    about += f"  - name: label\n    dtype:\n      class_label:\n        names:\n{label}"
    files = {"train": "xnli.train.eu.mt.tsv", "validation": "xnli.dev.eu.tsv"}
    card(basque, files, "eu", about)
    lines = ["premise\thypothesis\tlabel"]
    lines += ["Kontzeptualki bi dimentsio ditu.\tBi dimentsio ditu.\tentailment",
              "Gizona \"etxean\" dago.\tGizona kanpoan dago.\tcontradiction",
              "Euria ari du.\tBihar ere bai.\tneutral"] * 2  # fmt: skip
    for file in files.values():
        (basque / file).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    """The toy study with the section; its hub has the five repositories as well."""
    with toy_study(tmp_path_factory.mktemp("project")) as made_:
        native(paths.project() / "hub")
        told = {"source_language": {"variants": VARIANTS, "targets": ("udpos",)}}
        yield dataclasses.replace(made_, ablations=told)


def test_rows_are_read_in_their_own_language(toy: Study) -> None:
    for name in VARIANTS:
        task = variants.parse(name).row
        assert task.train and task.dev
        for split in (task.train, task.dev):
            rows, counts = labelled.rows(task, split, "hub", task.language)
            assert len(rows) == 6 and tuple(rows[0]) == task.inputs
            assert counts["read"] == (8 if name == "ocnli" else 6)
        if task.kind == "span":
            context, answers = rows[0]["context"], rows[0]["answers"]
            start, text = answers["answer_start"][0], answers["text"][0]
            assert context[start : start + len(text)] == text


def test_labels_have_their_names(toy: Study) -> None:
    """OCNLI numbers them otherwise than MNLI; a pair without a majority is dropped."""
    ocnli = tasks.intermediate("ocnli")
    assert ocnli.train
    assert labelled.outputs(ocnli, ocnli.train, "hub", "zh") == ["neutral", "entailment",
                                                            "contradiction"]  # fmt: skip
    assert labelled.rows(ocnli, ocnli.train, "hub", "zh")[1]["no gold label"] == 2
    basque = variants.parse("mnli@eu").row
    assert basque.train
    rows, _ = labelled.rows(basque, basque.train, "hub", "eu")
    assert [r["label"] for r in rows] == [0, 2, 1] * 2
    assert rows[1]["premise"] == 'Gizona "etxean" dago.'
    names = ["entailment", "neutral", "contradiction"]
    assert labelled.outputs(basque, basque.train, "hub", "eu") == names


def test_chinese_answers_are_compared_character_by_character() -> None:
    """Without blanks one wrong character would leave nothing in common."""
    rows = [{"question": "", "context": "", "answers": {"text": ["因信稱義"]}, "id": "a"}]
    told = run.metrics_of(tasks.intermediate("drcd"), rows, ["因信稱"], [], "zh")
    assert told["em"] == 0 and told["f1"] == pytest.approx(100 * 2 * 3 / 7)
    english = run.metrics_of(tasks.intermediate("squad_v1"), rows, ["因信稱"], [], "zh")
    assert english["f1"] == 0


def test_xit_check_lists_them(toy: Study) -> None:
    lines = {line.what.partition(" (")[0]: line for line in inventory.lines(toy)}
    for what, use, rows in (
        ("clue/clue ocnli", "ocnli", 50_437 + 2_950),
        ("clue/clue drcd", "drcd", 26_936 + 3_524),
        ("hfl/cmrc2018 default", "cmrc2018", 10_142 + 3_219),
        ("hsseinmz/arcd plain_text", "arcd", 693 + 702),
        ("HiTZ/xnli-eu *", "mnli", 392_702 + 2_490),
    ):
        assert (lines[what].use, lines[what].state, lines[what].expected) == (use, "excerpt", rows)
        assert lines[what].columns == "ok" and not lines[what].bad
    assert lines["clue/clue drcd"].licence == "cc-by-sa-3.0"


def test_what_is_not_there_is_named_and_left_out(toy: Study) -> None:
    there, lost = source_language.reachable(toy, [*VARIANTS, "mnli@sw"])
    assert there == list(VARIANTS) and list(lost) == ["mnli@sw"]
    assert "sw" in lost["mnli@sw"]
    with pytest.raises(XitError, match=r"unknown language 'swa': did you mean 'sw'"):
        source_language.reachable(toy, [*VARIANTS, "mnli@swa"])


@pytest.mark.parametrize("name", ["ocnli", "drcd", "mnli@eu"])
def test_they_are_trained_and_tuned_on(toy: Study, name: str) -> None:
    [[spec]] = chains.intermediate(toy, name, [1])
    place = made(spec)
    about = json.loads((place / "data.json").read_text())
    assert about["task"] == variants.parse(name).task
    assert spec["language"] == variants.parse(name).row.language
    assert 0 <= json.loads((place / "summary.json").read_text())["best"] <= 100
