"""Features: gold stands where the text says, nothing is lost, what is cut is counted."""

from functools import cache
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from tests.toys import tokenizer, words
from xit.data.encode import IGNORE, Feature, choice, lines, pair, span, tagging, together
from xit.learn.pretrain import train_tokenizer

TOK = tokenizer()
QA = ("question", "context", "answers", "id")
QUICK = settings(deadline=None, max_examples=40)


@cache
def many_scripts() -> PreTrainedTokenizerFast:
    """A tokenizer that has seen letters of several scripts, marks and signs."""
    seen = [
        "the cat sat",
        "Hà Nội là thủ đô",
        "กรุงเทพมหานคร",
        "北京是首都。",
        "ﬁne ½ ①",
        "שָׁלוֹם",
        "é ö",
    ]
    return train_tokenizer(seen * 3, 200)


# -- pair and choice --


def test_pair() -> None:
    rows = [
        {"premise": "the cat sat", "hypothesis": "a dog", "label": 2},
        {"premise": "the", "hypothesis": "the", "label": 0},
    ]
    features, counts = pair(rows, ("premise", "hypothesis", "label"), TOK, 40)
    assert words(features[0]["ids"], TOK) == "<s> ▁the ▁cat ▁sat </s> </s> ▁a ▁dog </s>"
    assert [f["label"] for f in features] == [2, 0]
    assert [f["row"] for f in features] == [0, 1]
    assert counts["truncated"] == 0


def test_pair_truncation_is_counted() -> None:
    """Three and five words with four special tokens: twelve tokens; the longer text is cut."""
    rows = [{"premise": "the cat sat", "hypothesis": "the cat the dog the", "label": 1}]
    columns = ("premise", "hypothesis", "label")
    whole, none = pair(rows, columns, TOK, 40)
    assert len(whole[0]["ids"]) == 12
    assert none["truncated"] == 0
    cut, counts = pair(rows, columns, TOK, 11)
    assert words(cut[0]["ids"], TOK) == "<s> ▁the ▁cat ▁sat </s> </s> ▁the ▁cat ▁the ▁dog </s>"
    assert counts == {"truncated": 1, "longest": 12, "room": 11}  # as long as it was, not as cut


def test_a_pair_that_fits_exactly_is_not_counted_as_truncated() -> None:
    rows = [{"premise": "the cat sat", "hypothesis": "the cat the dog the", "label": 1}]
    features, counts = pair(rows, ("premise", "hypothesis", "label"), TOK, 12)
    assert len(features[0]["ids"]) == 12
    assert counts["truncated"] == 0


def test_choice() -> None:
    rows = [
        {"ctx": "the cat sat", "endings": ["the", "a", "is", "in"], "label": "3"},
        {"ctx": "a dog", "endings": ["the", "a", "is", "in"], "label": "0"},
    ]
    columns = ("ctx", "endings", "label")
    features, counts = choice(rows, columns, TOK, 40)
    assert [f["row"] for f in features] == [0] * 4 + [1] * 4
    assert [f["label"] for f in features] == [3] * 4 + [0] * 4
    assert words(features[2]["ids"], TOK) == "<s> ▁the ▁cat ▁sat </s> </s> ▁is </s>"
    assert counts["truncated"] == 0
    cut, counts = choice(rows, columns, TOK, 7)  # the first row's pairs have eight tokens
    assert counts == {"truncated": 4, "longest": 8, "room": 7}
    assert words(cut[2]["ids"], TOK) == "<s> ▁the ▁cat </s> </s> ▁is </s>"  # the ending stays


def test_an_ending_that_leaves_no_room_is_truncated_too() -> None:
    """Four special tokens and five of the ending: more than eight without any context."""
    rows = [{"ctx": "the cat sat", "endings": ["a dog", "the cat sat on the"], "label": 1}]
    features, counts = choice(rows, ("ctx", "endings", "label"), TOK, 8)
    assert counts == {"truncated": 2, "longest": 12, "room": 8}
    assert [len(f["ids"]) for f in features] == [8, 8]


# -- tagging --


def test_tagging() -> None:
    rows = [{"tokens": ["the", "dogs", "ran"], "tags": [4, 5, 6]}]
    [feature], counts = tagging(rows, ("tokens", "tags"), TOK, 20)
    assert words(feature["ids"], TOK) == "<s> ▁the ▁dog s ▁ran </s>"
    assert feature["labels"] == [IGNORE, 4, 5, IGNORE, 6, IGNORE]
    assert feature["words"] == [0, 1, 2]
    assert counts == {"split": 0, "words truncated": 0, "longest": 6, "room": 20}


def test_a_long_sentence_is_split_between_words() -> None:
    """Room for four pieces: the first three words have 1 + 2 + 1, the last goes alone."""
    rows = [{"tokens": ["the", "dogs", "ran", "far"], "tags": [1, 2, 3, 4]}]
    features, counts = tagging(rows, ("tokens", "tags"), TOK, 6)
    assert [words(f["ids"], TOK) for f in features] == [
        "<s> ▁the ▁dog s ▁ran </s>", "<s> ▁far </s>",
    ]  # fmt: skip
    assert [f["words"] for f in features] == [[0, 1, 2], [3]]
    assert [f["row"] for f in features] == [0, 0]
    assert counts == {"split": 1, "words truncated": 0, "longest": 7, "room": 6}


def test_a_word_longer_than_the_room_is_counted() -> None:
    """Room for two pieces: "dogs" has as many, and "mmm" three letters."""
    rows = [{"tokens": ["dogs", "mmm"], "tags": [1, 2]}, {"tokens": ["the"], "tags": [1]}]
    features, counts = tagging(rows, ("tokens", "tags"), TOK, 4)
    pieces = TOK(["mmm"], is_split_into_words=True, add_special_tokens=False)["input_ids"]
    assert len(pieces) > 2
    assert [len(f["ids"]) for f in features] == [4, 4, 3]
    assert counts == {"split": 1, "words truncated": 1, "longest": 4 + len(pieces), "room": 4}


text = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("the cat\u200b\u00ad \u0301ก是 "),
    max_size=12,
)


@QUICK
@example([" ", "", "\u00a0", "a b", "</s>"], 6)
@given(st.lists(text, min_size=1, max_size=25), st.integers(4, 30))
def test_every_word_has_one_label(tokens: list[str], length: int) -> None:
    rows = [{"tokens": tokens, "tags": list(range(len(tokens)))}] * 2
    features, _ = tagging(rows, ("tokens", "tags"), many_scripts(), length)
    for row in (0, 1):
        mine = [f for f in features if f["row"] == row]
        assert [w for f in mine for w in f["words"]] == list(range(len(tokens)))
        labels = [x for f in mine for x in f["labels"] if x != IGNORE]
        assert labels == list(range(len(tokens)))
    for feature in features:
        assert len(feature["ids"]) == len(feature["labels"]) <= length
        assert (feature["ids"][0], feature["ids"][-1]) == (0, 2)
        assert feature["labels"][0] == feature["labels"][-1] == IGNORE


# -- span --


def row(context: str, begin: int, end: int, question: str = "who sat ?") -> dict:
    """A row whose answer is context[begin:end]; none if that is empty."""
    answer = context[begin:end]
    told = (
        {"text": [answer], "answer_start": [begin]} if answer else {"text": [], "answer_start": []}
    )
    return {"id": "1", "question": question, "context": context, "answers": told}


def answered(features: list[Feature], context: str) -> list[str]:
    """The text that each window with an answer marks as gold."""
    return [
        context[f["offsets"][f["start"]][0] : f["offsets"][f["end"]][1]]
        for f in features
        if f["end"]
    ]


def test_span() -> None:
    context = "the dog sat on the mat ."
    [feature], counts = span([row(context, 4, 7)], QA, TOK, 40)
    assert words(feature["ids"], TOK) == (
        "<s> ▁who ▁sat ▁? </s> </s> ▁the ▁dog ▁sat ▁on ▁the ▁mat ▁ . </s>".replace("▁?", "▁ ?")
    )
    assert (feature["start"], feature["end"]) == (8, 8)
    assert feature["offsets"][8] == (3, 7)
    assert [o is None for o in feature["offsets"]] == [True] * 7 + [False] * 8 + [True]
    assert counts == {
        "questions truncated": 0, "split": 0, "answers in no window": 0, "windows": 1,
        "longest": 16, "room": 40,
    }  # fmt: skip


def test_no_answer_is_the_first_token() -> None:
    [feature], _ = span([row("the cat sat .", 0, 0)], QA, TOK, 40)
    assert (feature["start"], feature["end"]) == (0, 0)
    assert TOK.convert_ids_to_tokens(feature["ids"][0]) == "<s>"


def test_windows_without_the_answer_have_none() -> None:
    context = "the dog sat on the mat . " * 10
    begin = context.rindex("mat")
    features, counts = span([row(context, begin, begin + 3)], QA, TOK, 24, stride=4)
    assert len(features) > 3
    assert [f["end"] > 0 for f in features] == [False] * (len(features) - 1) + [True]
    assert answered(features, context) == [" mat"]
    assert counts["split"] == 1 and counts["windows"] == len(features)
    assert counts["answers in no window"] == 0
    assert counts["longest"] == 7 + (10 * 8 + 1) + 1  # eight tokens a sentence, a blank at the end


def test_an_answer_longer_than_any_window_is_counted() -> None:
    """Thirty words in windows of sixteen: training would take the question for unanswerable."""
    context = "the cat sat " * 10
    rows = [row(context, 0, len(context) - 1), row("the cat sat", 4, 7), row("the cat", 0, 0)]
    features, counts = span(rows, QA, TOK, 24, stride=4)
    assert counts["answers in no window"] == 1
    assert not any(f["end"] for f in features if f["row"] == 0)
    assert counts["split"] == 1


def test_a_long_question_is_shortened_and_counted() -> None:
    asked = "the cat " * 20
    features, counts = span([row("the dog sat", 4, 7, asked)], QA, TOK, 30)
    assert counts["questions truncated"] == 1
    assert words(features[0]["ids"], TOK).startswith("<s> " + "▁the ▁cat " * 5 + "</s> </s> ▁the")


@QUICK
@given(st.integers(0, 200), st.integers(12, 60), st.integers(0, 64))
def test_windows_cover_every_token_and_overlap_by_the_stride(
    count: int, length: int, stride: int
) -> None:
    """Words are one token each here, so positions in the context count tokens."""
    context = " ".join(["the", "cat", "sat", "on"][i % 4] for i in range(count))
    features, _ = span([row(context, 0, 0)], QA, TOK, length, stride)
    told = [[o for o in f["offsets"] if o is not None] for f in features]
    whole = TOK(context, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    assert sorted({o for window in told for o in window}) == whole
    size = length - (3 + min(4, length // 3)) - 1  # four tokens of question, or a third
    for window, following in pairwise(told):
        assert len(window) == size
        assert len(set(window) & set(following)) == min(stride, size // 2)
        assert not set(following) <= set(window)  # each has something new
    for feature in features:
        assert len(feature["ids"]) == len(feature["offsets"]) <= length


@st.composite
def contexts(draw: st.DrawFn) -> tuple[str, int, int]:
    """Any text and any span in it that does not begin or end in the middle of nothing."""
    pieces = st.text(max_size=30) | st.sampled_from(
        [
            "the cat",
            " ",
            "  ",
            "\n",
            "e\u0301",
            "ﬁ",
            "½",
            "กรุงเทพ",
            "กำ",
            "北京",
            "שָׁ",
            "\u200b",
            "❤️",
            "각",
            "각",
        ]
    )
    context = "".join(draw(st.lists(pieces, min_size=1, max_size=8)))
    begin = draw(st.integers(0, len(context)))
    end = draw(st.integers(begin, len(context)))
    return context, begin, end


@settings(deadline=None, max_examples=120)
@example(("the caf\u0065\u0301 is", 4, 9))  # a letter and its accent are two characters
@example(("the  cat  sat", 3, 10))  # blanks at both ends, as in some of SQuAD's answers
@example(("xin cha\u0300o", 4, 9))
@given(contexts())
def test_gold_tokens_give_back_the_answer(drawn: tuple[str, int, int]) -> None:
    context, begin, end = drawn
    answer = context[begin:end]
    if not answer.strip():
        return
    features, _ = span([row(context, begin, end)], QA, many_scripts(), 400)
    told = answered(features, context)
    assert len(told) == 1, "the only window holds the answer"
    assert answer.strip() in told[0]


@QUICK
@given(contexts(), st.integers(20, 60))
def test_some_window_holds_a_short_answer(drawn: tuple[str, int, int], length: int) -> None:
    """An answer of at most as many tokens as windows overlap by is whole in one of them."""
    context, begin, end = drawn
    answer = context[begin:end].strip()
    pieces = many_scripts()(answer, add_special_tokens=False)["input_ids"]
    size = length - (3 + min(len("who sat ?"), length // 3)) - 1
    if not answer or len(pieces) + 2 > size // 2:
        return
    features, _ = span([row(context, begin, end)], QA, many_scripts(), length)
    told = answered(features, context)
    assert told
    assert all(answer in one for one in told)


# -- lines --


def test_lines() -> None:
    features, counts = lines(["the cat", "", "the cat sat on the mat"], TOK, 5)
    assert [words(f["ids"], TOK) for f in features] == [
        "<s> ▁the ▁cat </s>", "<s> </s>", "<s> ▁the ▁cat ▁sat </s>",
    ]  # fmt: skip
    assert [f["row"] for f in features] == [0, 1, 2]
    assert counts == {"truncated": 1, "longest": 8, "room": 5}


def test_counts_of_parts_together() -> None:
    parts = ({"read": 2, "longest": 9, "room": 8}, {"read": 3, "truncated": 1, "longest": 7})
    assert together(*parts) == {"read": 5, "truncated": 1, "longest": 9, "room": 8}
    assert together() == {}


@QUICK
@given(st.lists(st.text(max_size=30), min_size=1, max_size=5), st.integers(4, 12))
def test_what_is_longer_than_its_room_is_truncated(texts: list[str], room: int) -> None:
    features, counts = lines(texts, many_scripts(), room)
    assert (counts["longest"] > room) == (counts["truncated"] > 0)
    whole, _ = lines(texts, many_scripts(), 10**6)
    assert counts["longest"] == max(len(f["ids"]) for f in whole)
    assert counts["truncated"] == sum(a != b for a, b in zip(whole, features, strict=True))


def test_a_line_that_fits_exactly_is_not_counted_as_truncated() -> None:
    assert lines(["the cat sat"], TOK, 5)[1]["truncated"] == 0


@pytest.mark.parametrize("length", [5, 8, 12])
def test_windows_of_any_length_end(length: int) -> None:
    features, _ = span([row("the dog sat on the mat", 4, 7)], QA, TOK, length)
    assert all(len(f["ids"]) <= length for f in features)
