"""The task table: every row has what its kind needs."""

import pytest

from xit import tasks
from xit.data import encode
from xit.errors import XitError
from xit.tasks import FIRST, INTERMEDIATE, TARGET


def test_every_task_has_what_its_kind_needs() -> None:
    for name, task in {**INTERMEDIATE, **FIRST, **TARGET}.items():
        assert name == task.name
        assert task.kind in (*encode.ENCODE, "retrieval", "mining", "ranking", "several")
        assert task.cite
        if name == tasks.MULTITASK:  # no dataset of its own
            continue
        wanted = {"pair": 3, "choice": 3, "tagging": 2, "span": 4, "retrieval": 2, "mining": 2,
                  "ranking": 0 if task.supplied else 4}  # fmt: skip
        assert len(task.inputs) == wanted[task.kind]
        assert (task.batch_size > 0 and task.epochs > 0) == (task.train is not None)
    assert all(TARGET[t].languages for t in TARGET)
    with pytest.raises(
        XitError, match="unknown intermediate task 'squad1': did you mean 'squad_v1'"
    ):
        tasks.intermediate("squad1")
    with pytest.raises(XitError, match="unknown target task 'xqad': did you mean 'xquad'"):
        tasks.target("xqad")


def test_the_paper_s_tasks_are_all_there() -> None:
    assert {name for name, task in INTERMEDIATE.items() if not task.like} == set(
        "anli_plus mnli qqp squad_v2 squad_v1 hellaswag ccg cosmos_qa commonsense_qa "
        "multitask".split()
    )
    of_xtreme_r = {"xcopa", "lareqa", "mewsli_x"}
    assert set(TARGET) - {"uner"} - of_xtreme_r == set(
        "xnli paws_x udpos panx xquad mlqa tydiqa bucc tatoeba".split()
    )
    counts = {name: len(task.languages) for name, task in TARGET.items()}
    assert counts == {"xnli": 15, "paws_x": 7, "udpos": 33, "panx": 40, "uner": 5, "xquad": 11,
                      "mlqa": 7, "tydiqa": 9, "bucc": 5, "tatoeba": 36, "xcopa": 11,
                      "lareqa": 11, "mewsli_x": 11}  # fmt: skip
    for task in TARGET.values():
        if task.model_of:
            assert tasks.target(task.model_of).train == task.train


def test_xtreme_r_has_50_languages_and_where_their_rows_are() -> None:
    further = {name: task.further for name, task in TARGET.items() if task.further}
    assert {name: set(codes) for name, codes in further.items()} == {
        "udpos": set("lt pl uk wo ro".split()),
        "panx": set("qu pl uk az lt pa gu ro".split()),
        "xquad": {"ro"},
        "tatoeba": set("az lt pl uk ro".split()),
    }
    ten = "xnli xcopa udpos panx xquad mlqa tydiqa tatoeba mewsli_x lareqa".split()
    every = {c for t in ten for c in (*TARGET[t].languages, *TARGET[t].further)}
    assert every == set(tasks.LANGUAGES) and len(every) == 50
    udpos, tatoeba = TARGET["udpos"], TARGET["tatoeba"]
    assert udpos.dev and udpos.test and udpos.train and tatoeba.dev
    polish = udpos.where(udpos.test, "pl")
    assert [s.config for s in (polish, *polish.more)] == ["pl_lfg", "pl_pdb", "pl_pud"]
    assert {s.split for s in (polish, *polish.more)} == {"test"}
    assert len(udpos.where(udpos.dev, "pl").more) == 1  # PUD has a test set alone
    assert polish == udpos.where(polish, "pl")  # said twice is said once
    assert udpos.where(udpos.test, "de") == udpos.test
    assert udpos.where(udpos.train, "pl") == udpos.train  # nothing is trained on there
    assert tatoeba.where(tatoeba.dev, "uk").config == "{iso3}-eng"


def test_what_is_trained_for_a_target_and_in_which_order() -> None:
    steps = {name: [t.name for t in tasks.trained(task)] for name, task in TARGET.items()}
    assert steps["xcopa"] == ["social_iqa", "xcopa"] and steps["mlqa"] == ["xquad"]
    assert steps["xnli"] == ["xnli"] and steps["tatoeba"] == steps["lareqa"] == []
    assert tasks.learnt("social_iqa").kind == TARGET["xcopa"].kind  # one head serves both
    with pytest.raises(XitError, match="unknown target task 'social_iqa'"):
        tasks.target("social_iqa")


def test_tasks_of_another_language_stand_beside_their_like() -> None:
    """Same kind, and the paper's settings of its like, as the note says."""
    told = {name: task.language for name, task in INTERMEDIATE.items() if task.like}
    assert told == {"ocnli": "zh", "cmrc2018": "zh", "drcd": "zh", "arcd": "ar"}
    for name in told:
        task = INTERMEDIATE[name]
        like = INTERMEDIATE[task.like]
        assert (task.kind, task.metric, task.batch_size, task.epochs) == (
            like.kind, like.metric, like.batch_size, like.epochs,
        )  # fmt: skip
        assert f"hyper-parameters of {like.title}" in task.note and not like.language


def test_basque_is_translated_like_xnli_elsewhere() -> None:
    mnli = tasks.translated(INTERMEDIATE["mnli"], "eu")
    assert mnli.train == tasks.Split("HiTZ/xnli-eu", "{code}", "train") and not mnli.supplied
    assert tasks.translated(INTERMEDIATE["mnli"], "eu", 0.5).supplied == "xit/translated"


def test_a_translation_is_the_task_on_other_data() -> None:
    """MNLI's is XNLI's training set; what is not on the Hub has a repository of its own."""
    mnli = tasks.translated(INTERMEDIATE["mnli"], "de")
    assert (mnli.train, mnli.dev) == (
        tasks.Split("facebook/xnli", "{code}", "train"),
        tasks.Split("facebook/xnli", "{code}", "validation"),
    )
    assert (mnli.name, mnli.kind, mnli.columns, mnli.language) == (
        "mnli", "pair", tasks.PAIR, "de",
    )  # fmt: skip
    assert mnli.supplied == "" and mnli.epochs == INTERMEDIATE["mnli"].epochs
    qqp = tasks.translated(INTERMEDIATE["qqp"], "ru")
    assert qqp.train == tasks.Split("xit/translated", "qqp.{code}", "train")
    assert qqp.supplied == "xit/translated" and qqp.labels == ("not_duplicate", "duplicate")
    wrong = tasks.translated(INTERMEDIATE["mnli"], "qab", 0.25)
    assert wrong.dev == tasks.Split("xit/translated", "mnli.{code}.0.25", "validation")
    assert wrong.errors == 0.25
    assert tasks.translated(INTERMEDIATE["mnli"], "qab", 1.0).train == tasks.Split(
        "xit/translated", "mnli.{code}.1", "train"
    )
    with pytest.raises(XitError, match="'ccg' in 'de': expected one of mnli, qqp, hellaswag"):
        tasks.translated(INTERMEDIATE["ccg"], "de")
