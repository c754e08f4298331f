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
    graded = variants.parse("hellaswag:facts-4")
    assert graded == Variant("hellaswag", knob="facts-4")
    assert (graded.slug, graded.title) == ("hellaswag-facts-4", "HellaSwag, facts 4")
    assert graded.row.train == tasks.Split("xit/graded", "hellaswag.facts-4", "train")
    assert graded.row.kind == "choice" and graded.row.batch_size == 24  # all else is the task's


def test_what_a_variant_is_compared_with() -> None:
    """The task in the source language: a translation's own, a language's own data set's like."""
    told = {v: variants.parse(v).plain for v in ("qqp@de~0.5", "mnli+mlm", "ocnli", "arcd+mlm")}
    assert told == {"qqp@de~0.5": "qqp", "mnli+mlm": "mnli", "ocnli": "mnli",
                    "arcd+mlm": "squad_v1"}  # fmt: skip
    assert variants.parse("ocnli").row.language == "zh"
    with pytest.raises(XitError, match="'ocnli' in 'de': expected one of"):
        variants.parse("ocnli@de")


def test_an_adversary_may_name_its_layer_and_weight() -> None:
    assert variants.parse("mnli+adv") == Variant("mnli", option="adv")
    both = variants.parse("mnli@de+adv12*0.1")
    assert both == Variant("mnli", "adv", "de", layer=12, weight=0.1)
    assert both.slug == "mnli-in-de-adv-layer12-weight0.1"
    assert both.title == "MNLI in de + adversary (layer 12, weight 0.1)"
    assert variants.parse("mnli+adv0").layer == 0 and variants.parse("mnli+adv*0").weight == 0
    assert variants.parse("mnli+adv*0").title == "MNLI + adversary (weight 0)"
    assert variants.parse("mnli+adv").levels == "" and both.levels == "12*0.1"
    long = variants.parse("squad_v1#128+smooth")
    assert long == Variant("squad_v1", option="smooth", length=128)
    assert long.slug == "squad_v1-length128-smooth"
    assert long.title == "SQuAD v1.1, 128 tokens + random smoothing"


@given(
    st.sampled_from(sorted(tasks.TRANSLATIONS)),
    st.sampled_from(["", *variants.OPTIONS]),
    st.sampled_from(["", "de", "qab"]),
    st.sampled_from([0.0, 0.05, 0.25, 1.0]),
    st.none() | st.integers(0, 48),
    st.none() | st.sampled_from([0.0, 1e-5, 0.03, 0.1, 1.0, 12.5]),
)
def test_there_and_back(
    task: str,
    option: str,
    language: str,
    errors: float,
    layer: int | None,
    weight: float | None,
) -> None:
    own = option == "adv"
    layer, weight = layer if own else None, weight if own else None
    one = Variant(task, option, language, errors * bool(language), layer=layer, weight=weight)
    assert variants.parse(str(one)) == one


@given(
    st.sampled_from([f"{k}-{x:g}" for k, v in tasks.KNOBS.items() for x in v[1:]]),
    st.sampled_from(["", *variants.OPTIONS]),
)
def test_there_and_back_with_a_knob(knob: str, option: str) -> None:
    one = Variant("hellaswag", option, knob=knob)
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
        ("hellaswag:fact-4", "knob of .*'hellaswag': 'fact': did you mean 'facts'"),
        ("hellaswag:facts-2", "'facts-2': expected facts-3 or facts-4"),  # the task's own
        ("hellaswag:facts", "expected facts-3 or facts-4"),
        ("mnli:facts-4", "'mnli' with 'facts-4': expected one of hellaswag"),
        ("hellaswag:facts-4@qab", "graded data is in the source language only"),
        ("hellaswag:", "expected task"),
        ("mnli+avd", r"option of intermediate task 'mnli\+avd': 'avd': did you mean 'adv'"),
        ("mnli+adv*", "did you mean 'adv'"),
        ("mnli+adv*-1", "did you mean 'adv'"),
        ("mnli+mlm2", "did you mean 'mlm'"),
        ("multitask+adv", "has no variants"),
        ("squad_v1#", "expected task"),
        ("squad_v1#long", "expected task"),
        (
            "squad_v1#8",
            r"reading task \(squad_v1, squad_v2, .*\) and a length of at least 16 tokens",
        ),
        ("mnli#64", "'mnli#64': expected a reading task"),
        ("squad_v1+smoth", "'smoth': did you mean 'smooth'"),
    ],
)
def test_what_is_no_variant_is_refused(name: str, message: str) -> None:
    with pytest.raises(XitError, match=message):
        variants.parse(name)
