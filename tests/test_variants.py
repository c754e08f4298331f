"""Names of variants, there and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xit import tasks, variants
from xit.errors import XitError
from xit.variants import Variant


def test_a_name_tells_all() -> None:
    assert variants.parse("mnli") == Variant("mnli")
    assert variants.parse("mnli+mlm") == Variant("mnli", option="mlm")
    assert variants.parse("qqp@qab~0.2") == Variant("qqp", language="qab", errors=0.2)
    both = variants.parse("qqp@qab~0.2+mlm")
    assert both.slug == "qqp-in-qab-errors0.2-mlm"
    assert both.title == "QQP in qab, 20% errors + MLM"
    assert variants.parse("squad_v1").title == "SQuAD v1.1"
    long = variants.parse("squad_v1#128+smooth")
    assert long == Variant("squad_v1", option="smooth", length=128)
    assert long.slug == "squad_v1-length128-smooth"
    assert long.title == "SQuAD v1.1, 128 tokens + random smoothing"


@given(
    st.sampled_from(sorted(tasks.TRANSLATIONS)),
    st.sampled_from(["", *variants.OPTIONS]),
    st.sampled_from(["", "de", "qab"]),
    st.sampled_from([0.0, 0.05, 0.25, 1.0]),
)
def test_there_and_back(task: str, option: str, language: str, errors: float) -> None:
    one = Variant(task, option, language, errors if language else 0.0)
    assert variants.parse(str(one)) == one


@given(
    st.sampled_from(["squad_v1", "squad_v2"]),
    st.sampled_from(["", *variants.OPTIONS]),
    st.sampled_from([0, 16, 384]),
)
def test_lengths_there_and_back(task: str, option: str, length: int) -> None:
    one = Variant(task, option, length=length)
    assert variants.parse(str(one)) == one


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mnl", "intermediate task 'mnl': did you mean 'mnli'"),
        ("mnli+mml", r"option of intermediate task 'mnli\+mml': 'mml': did you mean 'mlm'"),
        ("mnli+", r"'mnli\+': expected task, task\+option"),
        ("mnli~0.2", "expected task"),
        ("mnli@de~2", "share of errors between 0 and 1"),
        ("mnli@de~0.2.1", "share of errors between 0 and 1"),
        ("multitask+mlm", "has no variants"),
        ("squad_v1@de", "'squad_v1' in 'de': expected one of mnli, qqp, hellaswag"),
        ("", "expected task"),
        ("squad_v1#", "expected task"),
        ("squad_v1#long", "expected task"),
        ("squad_v1#8", r"reading task \(squad_v1, squad_v2\) and a length of at least 16 tokens"),
        ("mnli#64", "'mnli#64': expected a reading task"),
        ("squad_v1+smoth", "'smoth': did you mean 'smooth'"),
    ],
)
def test_what_is_no_variant_is_refused(name: str, message: str) -> None:
    with pytest.raises(XitError, match=message):
        variants.parse(name)
