"""Translations of training data: the same rows, and as many wrong words as was asked for."""

import math
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from tests.lab.shortcuts import GRAMMARS, WORLD
from xit import paths
from xit import tasks as table
from xit.data import hub, kept, labelled, look
from xit.errors import XitError
from xit.lab import tasks, translated, write
from xit.lab.grammar import text
from xit.lab.languages import SOURCE, distances
from xit.lab.tasks import Maker
from xit.lab.translated import ERRORS, LANGUAGES, MIDDLE, Translator
from xit.lab.world import FUNCTION

UPSTREAM = {"qqp": ("nyu-mll/glue", "qqp"), "hellaswag": ("Rowan/hellaswag", "default")}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("hub") / "lab"
    write.write(place, "smoke")
    return place


@pytest.fixture
def lab(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The hub "lab:smoke" of a project whose lab data are those in `root`."""
    place = tmp_path / "runs" / "hub"
    place.mkdir(parents=True)
    shutil.copytree(root, place / f"smoke-{write.RECIPE}")
    (place / f"smoke-{write.RECIPE}" / "README.md").write_text("made\n")
    monkeypatch.setenv("XIT_ROOT", str(tmp_path))
    paths.project.cache_clear()
    yield "lab:smoke"
    paths.project.cache_clear()


def read(root: Path, repo: str, config: str, split: str) -> pd.DataFrame:
    return pd.read_parquet(root / repo / config / f"{split}-00000-of-00001.parquet")


def words(frame: pd.DataFrame) -> list[str]:
    """Every word of every row, in order, without punctuation."""
    texts = (line for row in frame.to_dict("records") for line in (row["ctx"], *row["endings"]))
    return [word.strip(".") for line in texts for word in line.split()]


def with_errors(root: Path, errors: float) -> dict[str, pd.DataFrame]:
    """Training and development rows of HellaSwag in the language that has errors."""
    config = f"hellaswag.{MIDDLE}" + (f".{errors:g}" if errors else "")
    return {s: read(root, translated.REPO, config, s) for s in ("train", "validation")}


def test_rows_and_labels_are_those_of_the_source(root: Path) -> None:
    source = read(root, "nyu-mll/glue", "mnli", "train")
    for code in LANGUAGES:
        told = read(root, "facebook/xnli", code, "train")
        assert list(told["label"]) == list(source["label"])
        assert not set(told["premise"]) & set(source["premise"])
    for task, (repo, config) in UPSTREAM.items():
        for split in ("train", "validation"):
            source = read(root, repo, config, split)
            for code in LANGUAGES:
                told = read(root, translated.REPO, f"{task}.{code}", split)
                assert list(told.columns) == list(source.columns)
                assert list(told["label"]) == list(source["label"])


def test_without_errors_a_translation_is_what_the_grammar_says() -> None:
    """A translator that makes no error is the grammar, over all kinds of rows."""
    makers = [Maker(WORLD, "the same") for _ in range(2)]
    for code in LANGUAGES:
        sayers = GRAMMARS[code], Translator(GRAMMARS[code].lexicon, 0.0, "key")
        for i in range(50):
            one, two = (
                tasks.nli_row(s, m.inference(), i) for s, m in zip(sayers, makers, strict=True)
            )
            assert one == two


def test_the_share_of_wrong_words_is_the_one_asked_for(root: Path) -> None:
    """At a share of 1 every content word is wrong; so the rest of the words are function words."""
    right = {split: words(rows) for split, rows in with_errors(root, 0.0).items()}
    wrong = {split: words(rows) for split, rows in with_errors(root, 1.0).items()}
    untouched = {w for s in right for w, x in zip(right[s], wrong[s], strict=True) if w == x}
    lexicon = GRAMMARS[MIDDLE].lexicon
    assert untouched <= {lexicon.word(f"fun.{f}") for f in FUNCTION} | set(WORLD.dates)
    for errors in ERRORS[:-1]:
        for split, rows in with_errors(root, errors).items():
            content = sum(w != x for w, x in zip(right[split], wrong[split], strict=True))
            changed = sum(w != x for w, x in zip(right[split], words(rows), strict=True))
            deviation = math.sqrt(errors * (1 - errors) / content)
            assert abs(changed / content - errors) < 4 * deviation
            assert deviation < 0.03  # there are enough words for the test to say something


def test_errors_of_a_low_share_are_among_those_of_a_higher(root: Path) -> None:
    right = words(with_errors(root, 0.0)["train"])
    told = [words(with_errors(root, errors)["train"]) for errors in ERRORS]
    for low, high in pairwise(told):
        kept = [(a, b) for w, a, b in zip(right, low, high, strict=True) if w != a]
        assert kept and all(a == b for a, b in kept)


def test_labels_stay_as_they_were_whatever_the_errors(root: Path) -> None:
    right = with_errors(root, 0.0)
    for errors in ERRORS:
        for split, rows in with_errors(root, errors).items():
            assert list(rows["label"]) == list(right[split]["label"])


def test_a_wrong_word_is_one_of_the_same_class() -> None:
    lexicon = GRAMMARS["qaj"].lexicon
    translator = Translator(lexicon, 1.0, "key")
    for concept in ("animal.3", "verb.0", "loc.1", "sur.2", "size.0", "adv.5"):
        same = {lexicon.word(c) for c in lexicon.forms if c.split(".")[0] == concept.split(".")[0]}
        said = {translator._w(concept, "X", "X").form for _ in range(200)}
        assert said <= same - {lexicon.word(concept)} and len(said) > 1
    assert translator._w("fun.in", "X", "X").form == lexicon.word("fun.in")
    assert translator._w("17", "X", "X").form == "17"


def test_where_the_verb_comes_first_the_endings_have_the_subject() -> None:
    item = Maker(WORLD, "completion").completion()
    subject = {c: text(GRAMMARS[c].agent(item[0][0].agent)) for c in (SOURCE, "qaj")}
    source, far = (tasks.hellaswag_row(GRAMMARS[c], item, 0, "train") for c in subject)
    assert str(source["ctx"]).endswith(f". {subject[SOURCE]}")
    assert str(far["ctx"]).endswith(".") and far["ctx_b"] == ""
    assert all(subject["qaj"] in e for e in far["endings"])  # type: ignore[attr-defined]
    assert not any(subject[SOURCE] in e for e in source["endings"])  # type: ignore[attr-defined]


def test_the_languages_are_near_far_and_between() -> None:
    table = distances().set_index("iso639_1").loc[list(LANGUAGES)]
    for kind in ("syntactic", "lexical"):
        assert table[kind].is_monotonic_increasing and table[kind].nunique() == len(LANGUAGES)
    others = distances().set_index("iso639_1").drop(SOURCE)
    total = others["syntactic"] + others["lexical"]
    assert (total.idxmin(), total.idxmax()) == (LANGUAGES[0], LANGUAGES[-1])


# -- written when asked for --


@pytest.mark.parametrize("name", ["mnli", "qqp", "hellaswag"])
def test_every_language_can_be_asked_for(lab: str, name: str) -> None:
    """Rows, labels and columns as in the source; perfect, and with errors."""
    plain = table.INTERMEDIATE[name]
    assert plain.train
    source = labelled.rows(plain, plain.train, lab, SOURCE)[0]
    for errors in (0.0, 0.25):
        task = table.translated(plain, "qac", errors)
        assert task.train and task.dev
        rows = labelled.rows(task, task.train, lab, "qac")[0]
        gold = plain.inputs[-1]
        assert [r[gold] for r in rows] == [r[gold] for r in source]
        assert not {str(r) for r in rows} & {str(r) for r in source}
        assert len(labelled.rows(task, task.dev, lab, "qac")[0]) == 40
        assert labelled.outputs(task, task.train, lab, "qac") == labelled.outputs(
            plain, plain.train, lab, SOURCE
        )
        config = hub.config(task, task.train, lab, "qac")
        found = look.split(lab, task.train.repo, config, "train")
        assert (found.rows, found.columns and set(task.columns) <= set(found.columns)) == (
            300,
            True,
        )
        one, two = (labelled.identity(task, task.train, lab, "qac") for _ in range(2))
        assert one == two == labelled.fingerprint(rows)


def test_what_is_asked_for_is_what_would_have_been_written(root: Path, tmp_path: Path) -> None:
    """A config that there is, written again as if it were not."""
    wanted = [("hellaswag", MIDDLE, 0.25), ("qqp", "qaj", 0.0), ("mnli", "qae", 0.0)]
    for task, code, errors in wanted:
        config = f"{task}.{code}" + (f".{errors:g}" if errors else "")
        repo, config = ("facebook/xnli", code) if task == "mnli" else (translated.REPO, config)
        translated._write(root, tmp_path / config, task, code, errors, ("train",), 0)
        again = pd.read_parquet(tmp_path / config / "train-00000-of-00001.parquet")
        pd.testing.assert_frame_equal(again, read(root, repo, config, "train"))


def test_errors_of_mnli_are_tuned_on_what_xnli_tells(lab: str, root: Path) -> None:
    task = table.translated(table.INTERMEDIATE["mnli"], "qah", 0.5)
    assert task.dev
    rows = labelled.rows(task, task.dev, lab, "qah")[0]
    xnli = read(root, "facebook/xnli", "qah", "validation")
    assert [r["label"] for r in rows] == xnli["label"].tolist()
    pairs = list(zip([r["premise"] for r in rows], xnli["premise"], strict=True))
    assert all(len(a.split()) == len(b.split()) for a, b in pairs)
    assert any(a != b for a, b in pairs)


def test_the_source_itself_with_errors(lab: str) -> None:
    task = table.translated(table.INTERMEDIATE["hellaswag"], SOURCE, 0.25)
    plain = table.INTERMEDIATE["hellaswag"]
    assert task.train and plain.train
    wrong, right = (labelled.rows(t, t.train, lab, SOURCE)[0] for t in (task, plain) if t.train)
    share = [a == b for x, y in zip(wrong, right, strict=True)
             for a, b in zip(x["ctx"].split(), y["ctx"].split(), strict=True)]  # fmt: skip
    assert 0.6 < sum(share) / len(share) < 0.9


def test_what_is_no_translation_is_left_to_others(root: Path, lab: str) -> None:
    asked = translated.asked
    for repo, config, split in (
        ("xit/translated", "hellaswag.qab", "train"),  # written with everything else
        ("facebook/xnli", "qab", "train"),
        ("facebook/xnli", "qac", "test"),
        ("xit/translated", "squad.qac", "train"),
        ("xit/translated", "hellaswag.de", "train"),
        ("xit/translated", "hellaswag.qac.2", "train"),
        ("xit/translated", "hellaswag.qac.0.250", "train"),
        ("google/xtreme", "hellaswag.qac", "train"),
    ):
        assert asked(root, repo, config, split) is None
    assert not (root / "asked").exists()
    with pytest.raises(XitError, match=r"unknown config of xit/translated: 'hellaswag\.de'"):
        hub.load(lab, "xit/translated", "hellaswag.de", "train")


def test_asking_changes_the_state_of_no_other_repository(lab: str) -> None:
    place = hub.location(lab, "facebook/xnli")
    assert place
    before = kept.state(place)
    mine = hub.location(lab, "facebook/xnli", "qad", "train")
    assert mine and mine.name == "xnli.qad" and mine != place
    assert kept.state(place) == before
    assert hub.location(lab, "facebook/xnli", "qad", "validation") == place
