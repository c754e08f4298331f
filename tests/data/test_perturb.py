"""Character noise: what changes, by how much, and that nothing gold ever does."""

import unicodedata
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.test_mirror import REAL, needs_mirror
from xit.data import hub, labelled, perturb, typos
from xit.data.typos import KINDS, Noise, change, checked, letters, words
from xit.errors import XitError
from xit.tasks import TARGET

ALL = (*KINDS, "mixed")
# letters of many scripts, with marks, digits, punctuation and blanks
ALPHABET = "abcdeABEéßİıñ абвгжЯ αβγάς აბგდ ابتثجأ אבגד कखगघािी्ं กขคำาี 中文字的 ひらカ 한국 12३ "
ALPHABET += ".,?-'\u0301\u200d"
TEXT = st.text(st.sampled_from(ALPHABET), max_size=40)
RATE = st.sampled_from([0.0, 0.1, 0.3, 1.0])
KIND = st.sampled_from(ALL)


def changed(text: str, kind: str, rate: float = 1.0, key: str = "k") -> str:
    return change(text, key, Noise(kind, rate), letters([text])).text


# -- one text --


def test_words() -> None:
    def cut(text: str) -> list[str]:
        return [text[a:b] for a, b in words(text)]

    assert cut("The cat's 12 tails, naïve (x2).") == ["The", "cat", "s", "tails", "naïve", "x"]
    assert cut("北京大學 1998年") == ["北京", "大學", "年"]  # two characters are a word
    assert cut("ภาษาไทย") == ["ภาษา", "ไทย"]
    assert cut("iPhone用") == ["iPhone", "用"]
    assert cut("e\u0301te\u0301 हिन्दी") == ["e\u0301te\u0301", "हिन्दी"]
    assert [(a, b) for a, b in words("abcd", ends={2})] == [(0, 2), (2, 4)]
    assert words("ae\u0301b", ends={2}) == [(0, 1), (3, 4)]  # e parted from its mark: left alone


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("swap", "ab", {"ba"}),
        ("swap", "abc", {"bac", "acb"}),
        ("swap", "aa 12", {"aa 12"}),  # cannot be changed
        ("drop", "ab", {"a", "b"}),
        ("drop", "a", {"a"}),  # a word never goes
        ("insert", "aa", {"aaa"}),
        ("substitute", "ab", {"aa", "bb"}),
        ("substitute", "Ab", {"Aa", "Bb"}),  # a capital for a capital
        ("substitute", "aaa", {"aaa"}),  # no other letter of the script
        ("keyboard", "sd", {"dd", "ss"}),
        ("keyboard", "sp", {"pp", "ss"}),  # no neighbour in the text: another letter of it
        ("drop", "e\u0301a", {"e\u0301", "a"}),  # with its mark
        ("swap", "e\u0301a", {"ae\u0301"}),
        ("substitute", "e\u0301a", {"a\u0301a", "e\u0301e"}),  # the mark stays
        ("insert", "का", {"कका", "काक"}),  # never between a letter and its vowel
        ("drop", "中文字", {"中字", "文字"}),  # 中文 is a word, 字 another
    ],
)
def test_what_a_word_becomes(kind: str, text: str, expected: set[str]) -> None:
    assert {changed(text, kind, key=f"{i}") for i in range(40)} == expected


def test_keyboards_are_those_of_the_language() -> None:
    told = letters(["qwertzuiopasdfghjklyxcvbnm"])
    said = {change("z", f"{i}", Noise("keyboard", 1.0), told, "de").text for i in range(60)}
    assert said == set("tugh")
    assert {change("z", f"{i}", Noise("keyboard", 1.0), told).text for i in range(60)} == set("asx")


@given(TEXT, KIND, RATE)
def test_digits_and_signs_stay_where_they_are(text: str, kind: str, rate: float) -> None:
    def rest(told: str) -> list[str]:
        kept = [c for c in typos.clusters(told) if not typos.is_letter(c[0])]
        return ["".join(kept)]

    assert rest(changed(text, kind, rate)) == rest(text)
    if rate == 0:
        assert changed(text, kind, rate) == text


@given(TEXT, KIND, RATE)
def test_marks_stay_with_a_letter(text: str, kind: str, rate: float) -> None:
    """Each cluster keeps its marks, whatever letter is under them."""
    told = changed(text, kind, rate)
    marks = [c[1:] for c in typos.clusters(text) if len(c) > 1]
    now = [c[1:] for c in typos.clusters(told) if len(c) > 1]
    assert not set(now) - set(marks)
    if kind != "drop" and kind != "mixed":
        assert sorted(now) == sorted(marks)
    if not (text and unicodedata.category(text[0]).startswith("M")):
        assert not (told and unicodedata.category(told[0]).startswith("M"))


@given(TEXT, KIND)
def test_more_noise_is_more_of_the_same(text: str, kind: str) -> None:
    """What is changed at 10% is changed at 30% and 100%, and into the same."""
    known = letters([text])
    found: list[dict] = []
    for rate in (0.1, 0.3, 1.0):
        made = change(text, "k", Noise(kind, rate), known)
        news, shift = {}, 0
        for begin, end, length in made.where:
            news[begin, end] = made.text[begin + shift : begin + shift + length]
            shift += length - (end - begin)
        found.append(news)
    assert found[0].items() <= found[1].items() <= found[2].items()


@given(TEXT, KIND)
def test_a_drawn_word_changes_if_it_can(text: str, kind: str) -> None:
    made = change(text, "k", Noise(kind, 1.0), letters([text]))
    there = {(a, b) for a, b, _ in made.where}
    shift = 0
    for begin, end, length in made.where:
        new = made.text[begin + shift : begin + shift + length]
        assert new != text[begin:end] and new
        shift += length - (end - begin)
    left = [text[a:b] for a, b in words(text) if (a, b) not in there]
    if kind in ("insert", "mixed"):
        assert not left
    for word in left:  # one letter, or all the same
        cut = typos.clusters(word)
        assert kind != "drop" or len(cut) == 1
        assert kind != "swap" or len(set(cut)) == 1


def test_the_same_words_are_drawn_for_every_kind() -> None:
    text = "some rather long words are standing here together once more"
    drawn = [
        [(a, b) for a, b, _ in change(text, "k", Noise(k, 0.5), letters([text])).where] for k in ALL
    ]
    assert len(drawn[0]) > 2 and all(x == drawn[0] for x in drawn)


def test_a_rate_is_the_share_of_words() -> None:
    text = " ".join(["word"] * 4000)
    for rate in (0.1, 0.3):
        made = change(text, "k", Noise("insert", rate), letters([text]))
        assert made.words == 4000
        assert abs(len(made.where) / 4000 - rate) < 0.03  # four standard errors


@pytest.mark.parametrize(
    ("kind", "rate", "message"),
    [
        ("swop", 0.1, "kind of noise 'swop': did you mean 'swap'"),
        ("swap", 1.5, "noise rate 1.5: expected a share of words between 0 and 1"),
        ("swap", True, "noise rate True"),
        ("swap", "much", "noise rate 'much'"),
    ],
)
def test_other_noise_is_refused(kind: str, rate: float, message: str) -> None:
    with pytest.raises(XitError, match=message):
        checked(kind, rate)


# -- rows --

QA = ("question", "context", "answers", "id")


def noisy(rows: list[dict], kind: str, inputs: tuple[str, ...], noise: Noise) -> list[dict]:
    """The rows with noise; those given must not change."""
    before = repr(rows)
    made, counts = perturb.rows(rows, kind, inputs, noise, "xx")
    assert repr(rows) == before and counts["words changed"] <= counts["words"]
    assert perturb.rows(rows, kind, inputs, noise, "xx")[0] == made
    return made


@st.composite
def read(draw: st.DrawFn) -> dict:
    """A row of a reading task: up to three gold spans anywhere in the context."""
    context = draw(st.text(st.sampled_from(ALPHABET), min_size=1, max_size=50))
    ends = st.integers(0, len(context))
    pairs = [sorted((draw(ends), draw(ends))) for _ in range(draw(st.integers(0, 3)))]
    spans = [(a, b) for a, b in pairs if a < b]
    answers = {"text": [context[a:b] for a, b in spans], "answer_start": [a for a, _ in spans]}
    return {"question": draw(TEXT), "context": context, "answers": answers, "id": "x"}


def _check_answers(old: dict, new: dict) -> None:
    for text, start in zip(new["answers"]["text"], new["answers"]["answer_start"], strict=True):
        assert new["context"][start : start + len(text)] == text
    assert len(new["answers"]["text"]) == len(old["answers"]["text"])
    assert new["id"] == old["id"]


@settings(max_examples=300)
@given(st.lists(read(), max_size=3), KIND, RATE, st.integers(0, 3))
def test_answers_move_with_the_context(rows: list[dict], kind: str, rate: float, seed: int) -> None:
    """Each is where it says, and is what its own text becomes: what is around it stays outside."""
    made = noisy(rows, "span", QA, Noise(kind, rate, seed))
    for old, new in zip(rows, made, strict=True):
        _check_answers(old, new)
        golds = [x["answers"] for x in (old, new)]
        ends = [
            sorted({e for t, s in zip(g["text"], g["answer_start"], strict=True)
                    for e in (s, s + len(t))}) for g in golds
        ]  # fmt: skip
        cuts = [[0, *e, len(x["context"])] for e, x in zip(ends, (old, new), strict=True)]
        assert len(cuts[0]) == len(cuts[1])
        pieces = [
            [x["context"][a:b] for a, b in pairwise(c)]
            for c, x in zip(cuts, (old, new), strict=True)
        ]
        for before, after in zip(*pieces, strict=True):
            assert abs(len(after) - len(before)) <= 3 * max(1, len(words(before)))
            signs = [[x for x in p if x in "123.,?-' "] for p in (before, after)]
            assert signs[0] == signs[1]


def test_an_answer_is_as_noisy_as_its_surroundings() -> None:
    row = {"question": "who", "id": "1", "context": "abc defg hij",
           "answers": {"text": ["defg"], "answer_start": [4]}}  # fmt: skip
    [made] = noisy([row], "span", QA, Noise("drop", 1.0))
    assert len(made["answers"]["text"][0]) == 3 and made["answers"]["answer_start"] == [3]
    assert len(made["question"]) == 2


@given(st.lists(st.lists(st.text(st.sampled_from(ALPHABET.replace(" ", "")), min_size=1,
                                 max_size=6), max_size=5), max_size=3), KIND, RATE)  # fmt: skip
def test_tags_stay_with_their_words(sentences: list[list[str]], kind: str, rate: float) -> None:
    rows: list[dict] = [{"tokens": s, "tags": list(range(len(s)))} for s in sentences]
    for old, new in zip(rows, noisy(rows, "tagging", ("tokens", "tags"), Noise(kind, rate)),
                        strict=True):  # fmt: skip
        assert new["tags"] == old["tags"] and len(new["tokens"]) == len(old["tokens"])
        assert all(t and " " not in t for t in new["tokens"])


def test_only_texts_change() -> None:
    noise = Noise("insert", 1.0)
    two: dict = {"a": "one two", "b": "six", "label": 1}
    [pair] = noisy([two], "pair", ("a", "b", "label"), noise)
    assert pair["label"] == 1 and len(pair["a"]) == 9 and len(pair["b"]) == 4
    row: dict = {"context": "one", "endings": ["two", "six"], "label": 0}
    [choice] = noisy([row], "choice", ("context", "endings", "label"), noise)
    assert [len(e) for e in choice["endings"]] == [4, 4] and choice["label"] == 0
    row = {"source_sentence": "eins zwei", "target_sentence": "one two"}
    [found] = noisy([row], "retrieval", ("source_sentence", "target_sentence"), noise)
    assert found["target_sentence"] == "one two" and len(found["source_sentence"]) == 11
    with pytest.raises(XitError, match="noise in a task of kind 'mining': expected one of pair"):
        perturb.rows([], "mining", ("a",), noise, "de")


def test_another_seed_row_or_language_is_drawn_anew() -> None:
    rows = [{"a": "some words that stand here", "b": "", "label": 0}] * 2

    def told(seed: int, code: str) -> list[str]:
        made, _ = perturb.rows(rows, "pair", ("a", "b", "label"), Noise("mixed", 1.0, seed), code)
        return [r["a"] for r in made]

    assert len({*told(1, "de"), *told(2, "de"), *told(1, "fr")}) == 6


# -- real rows --


def _real(name: str, code: str, check: Callable[[dict, dict], None]) -> None:
    task = TARGET[name]
    split = task.test or task.dev
    assert split is not None
    rows, _ = labelled.rows(task, split, REAL, code, 25)
    for kind in ALL:
        for rate in (0.3,) if kind != "mixed" else (0.1, 0.3):
            made, counts = perturb.rows(rows, task.kind, task.inputs, Noise(kind, rate), code)
            share, error = (
                counts["words changed"] / counts["words"],
                (rate / counts["words"]) ** 0.5,
            )
            assert share < rate + 4 * error, (kind, rate, share)
            if kind in ("insert", "mixed"):  # which can change any word
                assert share > rate - 4 * error, (kind, rate, share)
            for old, new in zip(rows, made, strict=True):
                check(old, new)


@needs_mirror
@pytest.mark.parametrize("code", ["ar", "de", "ru", "th", "vi", "zh"])
def test_real_answers_move_with_their_passages(code: str) -> None:
    _real("xquad", code, _check_answers)


@needs_mirror
@pytest.mark.parametrize(
    ("name", "code"),
    [("udpos", "ar"), ("udpos", "th"), ("udpos", "zh"), ("panx", "ka"), ("panx", "hi"),
     ("uner", "ru")],
)  # fmt: skip
def test_real_tags_stay_with_their_words(name: str, code: str) -> None:
    gold = TARGET[name].inputs[-1]

    def check(old: dict, new: dict) -> None:
        assert new[gold] == old[gold] and len(new["tokens"]) == len(old["tokens"])
        assert all(map(str.strip, new["tokens"]))

    _real(name, code, check)


@needs_mirror
@pytest.mark.parametrize("code", ["ka", "el", "th", "zh"])
def test_real_sentences_of_the_source_language_stay(code: str) -> None:
    task = TARGET["tatoeba"]
    there = hub.location(REAL, "google/xtreme")
    if there is None or not (there / hub.config(task, task.dev, REAL, code)).is_dir():  # type: ignore[arg-type]
        pytest.skip(f"the mirror has no Tatoeba in {code}")

    def check(old: dict, new: dict) -> None:
        assert new["target_sentence"] == old["target_sentence"]
        assert new["source_sentence"].strip()

    _real("tatoeba", code, check)
