"""The lab's hub: what the one loader reads, in splits that do not overlap."""

from collections import Counter
from pathlib import Path

import pytest
from datasets import ClassLabel, Dataset

from xit import tasks
from xit.data import hub, labelled
from xit.lab import multilingual, write
from xit.lab.languages import LANGUAGES

NLI = {"premise": "string", "hypothesis": "string", "label": "entailment neutral contradiction"}
QA = {"id": "string", "title": "string", "context": "string", "question": "string"}
ANSWERS = "text: list of string, answer_start: list of int32"
BITEXT = ("source_sentence", "target_sentence", "source_lang", "target_lang")
# (repository, config) → columns of the Hub's dataset: its type, or the names of its labels
UPSTREAM = {
    ("stanfordnlp/snli", "plain_text"): NLI,
    ("facebook/anli", "plain_text"): {"uid": "string", **NLI, "reason": "string"},
    ("nyu-mll/glue", "qqp"): {
        "question1": "string",
        "question2": "string",
        "label": "not_duplicate duplicate",
        "idx": "int32",
    },
    ("rajpurkar/squad_v2", "squad_v2"): {**QA, "answers": ANSWERS},
    ("allenai/cosmos_qa", "default"): {
        "id": "string",
        "context": "string",
        "question": "string",
        **{f"answer{i}": "string" for i in range(4)},
        "label": "int32",
    },
    ("tau/commonsense_qa", "default"): {
        "id": "string",
        "question": "string",
        "question_concept": "string",
        "choices": "label: list of string, text: list of string",
        "answerKey": "string",
    },
    ("lighteval/siqa", "default"): dict.fromkeys(
        ("context", "question", "answerA", "answerB", "answerC", "label"), "string"
    ),
    ("aps/super_glue", "copa"): {
        **dict.fromkeys(("premise", "choice1", "choice2", "question"), "string"),
        "idx": "int32",
        "label": "choice1 choice2",
    },
    ("cambridgeltl/xcopa", "qab"): {
        **dict.fromkeys(("premise", "choice1", "choice2", "question"), "string"),
        "label": "int32",
        "idx": "int32",
        "changed": "bool",
    },
    ("google/xtreme", "PAWS-X.qaa"): dict.fromkeys(("sentence1", "sentence2", "label"), "string"),
    ("google/xtreme", "MLQA.qac.qac"): {**QA, "answers": ANSWERS},
    ("google/xtreme", "tydiqa"): {**QA, "answers": ANSWERS},
    ("google/xtreme", "bucc18.qac"): dict.fromkeys(BITEXT, "string"),
}
SPLITS = {
    ("facebook/anli", "plain_text"): [
        f"{s}_r{r}" for r in (1, 2, 3) for s in ("train", "dev", "test")
    ],
    ("rajpurkar/squad_v2", "squad_v2"): ["train", "validation"],
    ("lighteval/siqa", "default"): ["train", "validation"],
    ("aps/super_glue", "copa"): ["train", "validation"],
    ("cambridgeltl/xcopa", "qab"): ["validation", "test"],
    ("google/xtreme", "MLQA.qac.qac"): ["validation", "test"],
    ("google/xtreme", "tydiqa"): ["train", "validation"],
    ("google/xtreme", "bucc18.qac"): ["validation", "test"],
}


def described(feature: object) -> str:
    """A column's type in a line: the names of labels, the parts of a structure."""
    if isinstance(feature, ClassLabel):
        return " ".join(feature.names)
    if isinstance(feature, dict):
        return ", ".join(f"{k}: {described(v)}" for k, v in feature.items())
    inner = getattr(feature, "feature", None)
    return f"list of {described(inner)}" if inner is not None else str(feature.dtype)  # type: ignore[attr-defined]


def content(rows: Dataset, without: tuple[str, ...] = ("id", "uid", "idx")) -> set[str]:
    """The rows as texts, without what only numbers or grades them."""
    gold = ("label", "answerKey", "answers", "source_lang", "target_lang", "reason")
    return {str({k: v for k, v in r.items() if k not in (*without, *gold)}) for r in rows}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> str:
    place = tmp_path_factory.mktemp("hub") / "lab"
    write.write(place, "smoke")
    return str(place)


@pytest.mark.parametrize(
    "task",
    [*tasks.INTERMEDIATE.values(), *tasks.FIRST.values(), *tasks.TARGET.values()],
    ids=lambda t: t.name,
)
def test_every_task_of_the_lab_loads_and_its_splits_are_disjoint(
    root: str, task: tasks.Task
) -> None:
    if task.name in ("uner", "mewsli_x", tasks.MULTITASK) or task.like:
        pytest.skip("not a dataset of the lab")
    code = {"retrieval": "qab", "mining": "qac"}.get(task.kind, "qaa")
    seen: set[str] = set()
    for split in (task.train, task.dev, task.test):
        if split is None:
            continue
        rows, counts = labelled.rows(task, split, root, code)
        assert rows and counts["read"] == len(rows) + counts.get("no gold label", 0)
        told = {str({k: v for k, v in r.items() if k != "id"}) for r in rows}
        assert not told & seen
        seen |= told


def test_the_same_seed_writes_the_same_rows(root: str, tmp_path: Path) -> None:
    write.write(tmp_path / "again", "smoke")
    task = tasks.target("xquad")
    assert task.dev is not None
    one, two = (labelled.rows(task, task.dev, r, "qac")[0] for r in (root, str(tmp_path / "again")))
    assert labelled.fingerprint(one) == labelled.fingerprint(two)


def test_translations_tell_the_same_content(root: str) -> None:
    task = tasks.target("xnli")
    assert task.test is not None
    labels = {
        code: [r["label"] for r in labelled.rows(task, task.test, root, code)[0]]
        for code in ("qaa", "qad", "qaj")
    }
    assert labels["qaa"] == labels["qad"] == labels["qaj"]


def test_unknown_size_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected one of lab, smoke"):
        write.write(tmp_path / "x", "large")


@pytest.mark.parametrize("where", UPSTREAM, ids="/".join)
def test_columns_and_splits_are_those_of_the_real_dataset(
    root: str, where: tuple[str, str]
) -> None:
    repo, config = where
    splits = SPLITS.get(where, ["train", "validation", "test"])
    found = {s: hub.load(root, repo, config, s) for s in splits}
    assert len(list(Path(root, repo, config).iterdir())) == len(splits)
    for rows in found.values():
        columns = {k: described(v) for k, v in rows.features.items()}
        wanted = dict(UPSTREAM[where])
        if repo == "google/xtreme" and "answers" in wanted:  # XTREME has them the other way round
            wanted["answers"] = ", ".join(reversed(ANSWERS.split(", ")))
        assert columns == wanted and list(columns) == list(wanted)


@pytest.mark.parametrize("where", UPSTREAM, ids="/".join)
def test_no_text_is_in_two_splits_or_twice_in_one(root: str, where: tuple[str, str]) -> None:
    seen: set[str] = set()
    repo, config = where
    for split in SPLITS.get(where, ["train", "validation", "test"]):
        rows = hub.load(root, repo, config, split)
        told = content(rows)
        assert len(told) == len(rows) and not told & seen
        seen |= told


@pytest.mark.parametrize(
    ("repo", "config", "column", "none"),
    [
        ("nyu-mll/glue", "qqp", "label", -1),
        ("allenai/cosmos_qa", "default", "label", -1),
        ("tau/commonsense_qa", "default", "answerKey", ""),
    ],
)
def test_gold_of_test_sets_is_withheld_as_upstream(
    root: str, repo: str, config: str, column: str, none: object
) -> None:
    assert set(hub.load(root, repo, config, "test")[column]) == {none}
    assert none not in hub.load(root, repo, config, "validation")[column]


def test_paraphrases_are_parallel_and_trained_on_in_the_source_only(root: str) -> None:
    labels = {
        c: hub.load(root, "google/xtreme", f"PAWS-X.{c}", "test")["label"][:] for c in LANGUAGES
    }
    assert all(v == labels["qaa"] for v in labels.values()) and set(labels["qaa"]) == {"0", "1"}
    folder = Path(root, "google/xtreme")
    assert {p.parent.name for p in folder.glob("PAWS-X.*/train-*")} == {"PAWS-X.qaa"}


def test_mlqa_and_bucc_have_the_languages_they_say(root: str) -> None:
    folder = Path(root, "google/xtreme")
    assert {p.name for p in folder.glob("MLQA.*")} == {f"MLQA.{c}.{c}" for c in multilingual.MLQA}
    assert {p.name for p in folder.glob("bucc18.*")} == {f"bucc18.{c}" for c in multilingual.BUCC}
    for codes, least in ((multilingual.MLQA, 6), (multilingual.TYDIQA, 9), (multilingual.BUCC, 4)):
        known = [LANGUAGES[c] for c in codes]
        assert len(codes) >= least
        assert {x.order for x in known} == {"SVO", "SOV", "VSO"}
        assert len({x.script for x in known}) >= 3


def test_tydiqas_ids_tell_the_language(root: str) -> None:
    for split in ("train", "validation"):
        rows = hub.load(root, "google/xtreme", "tydiqa", split)
        counts = Counter(str(i).split("-")[0] for i in rows["id"])
        assert set(counts) == set(multilingual.TYDIQA)
        for row in rows:  # answers are where they say, in every language
            start, answer = row["answers"]["answer_start"][0], row["answers"]["text"][0]
            assert row["context"][start : start + len(answer)] == answer
    assert counts["qac"] == 0 and len(set(counts.values())) == 1


@pytest.mark.parametrize("code", multilingual.BUCC)
def test_corpora_to_mine_agree_with_xtremes_gold_pairs(root: str, code: str) -> None:
    for part, split in (("sample", "validation"), ("training", "test")):
        start = Path(root, "xit", "bucc2018", f"{code}-qaa", f"{code}-qaa.{part}")
        sides = [
            dict(x.split("\t") for x in Path(f"{start}.{c}").read_text("utf-8").splitlines())
            for c in (code, "qaa")
        ]
        assert len(sides[0]) == len(sides[1])
        gold = [x.split("\t") for x in Path(f"{start}.gold").read_text().splitlines()]
        assert 0 < len(gold) < len(sides[0]) / 4
        rows = hub.load(root, "google/xtreme", f"bucc18.{code}", split)
        pairs = [(r["source_sentence"], r["target_sentence"]) for r in rows]
        assert pairs == [(sides[0][a], sides[1][b]) for a, b in gold]
