"""Translations of training data: the same rows, and as many wrong words as was asked for."""

import math
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from tests.lab.shortcuts import GRAMMARS, WORLD
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
