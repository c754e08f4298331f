"""Sentence breaks: by hand, for any text, and on XQuAD beside LAReQA's own counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.shared import MIRROR
from xit import tasks
from xit.data import labelled, sentences

# candidates by language, from LAReQA's README; of Thai, which has no full stop, below
PRINTED = {"ar": 1222, "de": 1276, "en": 1180, "es": 1215, "ru": 1219, "tr": 1167, "vi": 1209,
           "zh": 1196}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("He came. She left?", ["He came.", "She left?"]),
        ("One only", ["One only"]),
        ("It cost 3.5 euros. Yes!", ["It cost 3.5 euros.", "Yes!"]),
        ("J. Smith met Dr. Jones. He (Smith) ran.", ["J. Smith met Dr. Jones.", "He (Smith) ran."]),
        ('He said "go." Then he went.', ['He said "go."', "Then he went."]),
        ("Er kam am 3. Mai an. Sie ging z. b. nicht.", ["Er kam am 3.", "Mai an.",
                                                      "Sie ging z. b. nicht."]),
        ("tuved taze dozi. beka pire?", ["tuved taze dozi.", "beka pire?"]),  # no capitals at all
        ("他来了。她走了！", ["他来了。", "她走了！"]),
        ("वह आया। वह गई।", ["वह आया।", "वह गई।"]),
        ("هل جاء؟ نعم.", ["هل جاء؟", "نعم."]),
        ("Well… He left.", ["Well…", "He left."]),
        ("  ", []),
        ("", []),
    ],
)  # fmt: skip
def test_by_hand(text: str, expected: list[str]) -> None:
    assert [text[a:b] for a, b in sentences.breaks(text)] == expected


@given(st.text(alphabet=' aB.?!。।")\n3', max_size=60))
def test_sentences_cover_all_but_white_space_in_order(text: str) -> None:
    spans = sentences.breaks(text)
    flat = [x for span in spans for x in span]
    assert flat == sorted(flat)
    covered = {i for a, b in spans for i in range(a, b)}
    assert all(c.isspace() for i, c in enumerate(text) if i not in covered)
    assert all(text[a:b] == text[a:b].strip() != "" for a, b in spans)


@pytest.mark.skipif(not MIRROR.is_dir(), reason="needs the mirror of the Hub (XIT_SHARED)")
@pytest.mark.parametrize("code", [*PRINTED, "th"])
def test_counts_on_xquad_are_near_those_of_lareqa(code: str) -> None:
    task = tasks.target("xquad")
    assert task.dev
    rows, _ = labelled.rows(task, task.dev, str(MIRROR), code)
    contexts = {r["context"]: sentences.breaks(r["context"]) for r in rows}
    count = sum(map(len, contexts.values()))
    if code == "th":  # 852 there, by a splitter that knows the language
        assert 240 < count < 300
    else:
        assert abs(count - PRINTED[code]) < 0.05 * PRINTED[code]
    for row in rows:
        start = row["answers"]["answer_start"][0]
        assert sum(a <= start < b for a, b in contexts[row["context"]]) == 1
