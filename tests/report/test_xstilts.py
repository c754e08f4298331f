"""The choice of an intermediate task, its cost and its stability, on cases worked out by hand."""

import dataclasses
from collections.abc import Iterator
from types import SimpleNamespace
from typing import cast

import numpy as np
import pandas as pd
import pytest

from tests.toys import made, toy_study, tuned
from xit import specs, tasks
from xit.errors import XitError
from xit.report import xstilts
from xit.report.results import COLUMNS
from xit.report.section import Section
from xit.report.xstilts import EVIDENCE, choose, dev_scores, stability
from xit.study import Study

UDPOS, XQUAD = tasks.target("udpos"), tasks.target("xquad")


def scores(*rows: tuple[str, str, str, int, float]) -> pd.DataFrame:
    """Rows (intermediate, target, language, seed, value)."""
    return pd.DataFrame(
        [("toy", i, t, code, s, "test", "acc", v) for i, t, code, s, v in rows], columns=COLUMNS
    )


def evidence(points: dict[tuple[str, int], list[float]], target: str = "xnli") -> pd.DataFrame:
    """(intermediate, seed) → points of each unit, out of 1."""
    return pd.DataFrame(
        [(target, i, s, u, p, 1.0) for (i, s), line in points.items() for u, p in enumerate(line)],
        columns=EVIDENCE,
    )


DEV = evidence({
    ("none", 1): [1, 0, 0, 0], ("none", 2): [1, 1, 0, 0],  # 25 and 50
    ("mnli", 1): [1, 1, 1, 0], ("mnli", 2): [1, 0, 0, 0],  # 75 and 25
    ("ccg", 1): [0, 0, 1, 0], ("ccg", 2): [0, 1, 1, 0],  # 25 and 50
})  # fmt: skip
MAIN = scores(
    *(("none", "xnli", "en", s, 99) for s in (1, 2)),
    *(("mnli", "xnli", "en", s, 99) for s in (1, 2)),
    *(("ccg", "xnli", "en", s, 99) for s in (1, 2)),
    ("none", "xnli", "de", 1, 40), ("none", "xnli", "fr", 1, 50),
    ("none", "xnli", "de", 2, 44), ("none", "xnli", "fr", 2, 54),
    ("mnli", "xnli", "de", 1, 50), ("mnli", "xnli", "fr", 1, 60),
    ("mnli", "xnli", "de", 2, 42), ("mnli", "xnli", "fr", 2, 52),
    ("ccg", "xnli", "de", 1, 60), ("ccg", "xnli", "fr", 1, 60),
    ("ccg", "xnli", "de", 2, 60), ("ccg", "xnli", "fr", 2, 60),
)  # fmt: skip


# -- the choice --


def test_development_scores() -> None:
    told = dev_scores(DEV).set_index(["intermediate", "seed"])["dev"]
    assert told.to_dict() == {
        ("none", 1): 25, ("none", 2): 50, ("mnli", 1): 75, ("mnli", 2): 25,
        ("ccg", 1): 25, ("ccg", 2): 50,
    }  # fmt: skip
    nothing = DEV.assign(points=0.0, of=0.0)  # no chunk to find, none found
    assert set(dev_scores(nothing)["dev"]) == {0}


def test_the_choice_and_its_regret() -> None:
    """MNLI is best on development data (50 against 37.5), CCG on what is scored."""
    [row] = choose(DEV, MAIN, "en").to_dict("records")
    assert (row["intermediate"], row["dev"], row["lead"]) == ("mnli", 50, 12.5)
    assert (row["baseline"], row["value"], row["change"]) == (47, 51, 4)
    assert (row["low"], row["high"], row["seeds"]) == (-2, 10, 2)
    assert (row["oracle"], row["oracle_value"], row["regret"]) == ("ccg", 60, 9)
    median = choose(DEV, MAIN, "en", "median").to_dict("records")
    assert median == [row]  # of two seeds the median is the mean
    with pytest.raises(XitError, match="unknown way to combine seeds 'best'"):
        choose(DEV, MAIN, "en", "best")


def test_the_source_language_has_no_part_in_the_scores() -> None:
    other = MAIN.assign(value=MAIN["value"].where(MAIN["language"] != "en", 0.0))
    assert choose(DEV, other, "en").equals(choose(DEV, MAIN, "en"))


def test_the_median_is_not_moved_by_one_seed() -> None:
    three = evidence({("none", s): [x] for s, x in ((1, 0.5), (2, 0.5), (3, 0.5))}
                     | {("mnli", s): [x] for s, x in ((1, 0.4), (2, 0.4), (3, 1.0))})  # fmt: skip
    main = scores(*((i, "xnli", "de", s, 50) for i in ("none", "mnli") for s in (1, 2, 3)))
    assert choose(three, main, "en")["intermediate"].tolist() == ["mnli"]
    assert choose(three, main, "en", "median")["intermediate"].tolist() == ["none"]


def test_nothing_may_be_best() -> None:
    without = DEV[DEV["intermediate"] != "mnli"]  # none and CCG are equal: none is taken
    for order in (without, without[::-1]):
        [row] = choose(order, MAIN, "en").to_dict("records")
        assert (row["intermediate"], row["change"], row["lead"]) == ("none", 0, 0)
        assert row["regret"] == 13


def test_a_study_without_intermediate_tasks() -> None:
    alone = DEV["intermediate"] == "none"
    main = MAIN[MAIN["intermediate"] == "none"]
    [row] = choose(DEV[alone], main, "en").to_dict("records")
    assert (row["intermediate"], row["regret"]) == ("none", 0) and np.isnan(row["lead"])
    assert stability(DEV[alone], resamples=5)["share"].tolist() == [100]


def test_collapsed_runs_stay_marked() -> None:
    main = MAIN.assign(collapsed=(MAIN["intermediate"] == "mnli") & (MAIN["seed"] == 2))
    assert choose(DEV, main, "en")["collapsed"].tolist() == [1]


# -- how firm it is --


def test_each_seed_alone() -> None:
    """Seed 1 chooses MNLI; seed 2 has none and CCG equal, and takes none."""
    told = stability(DEV, resamples=10).set_index("intermediate")
    assert told["alone"].to_dict() == {"none": 1, "mnli": 1, "ccg": 0}
    assert set(told["seeds"]) == {2}
    assert told.index[0] == "none"
    assert told["share"].sum() == pytest.approx(100)


def test_the_same_draws_every_time() -> None:
    assert stability(DEV).equals(stability(DEV))
    other = pd.concat([DEV.assign(target="paws_x"), DEV], ignore_index=True)
    alone = stability(other).query("target == 'xnli'").reset_index(drop=True)
    assert alone.equals(stability(DEV))  # whatever other targets a study has
    assert not stability(DEV).equals(stability(DEV, seed=1))


def test_resamples_of_examples() -> None:
    """Two examples, one right each: drawn twice, the second one chooses MNLI, 1 time in 4."""
    table = evidence({("none", 1): [1, 0], ("mnli", 1): [0, 1]})
    told = stability(table, resamples=20_000).set_index("intermediate")["share"]
    assert told["mnli"] == pytest.approx(25, abs=1.5)


def test_resamples_of_seeds() -> None:
    """None has 40 and 60 or their mean, MNLI always 50: only twice 40 is less, 1 time in 4."""
    table = evidence(
        {("none", 1): [0.4], ("none", 2): [0.6], ("mnli", 1): [0.5], ("mnli", 2): [0.5]}
    )
    told = stability(table, resamples=20_000).set_index("intermediate")["share"]
    assert told["mnli"] == pytest.approx(25, abs=1.5)


def test_all_candidates_are_drawn_the_same_examples() -> None:
    """MNLI is right wherever none is, and on one more: on the same examples it never loses."""
    table = evidence({("none", 1): [1, 0, 1, 0, 0], ("mnli", 1): [1, 0, 1, 0, 1]})
    told = stability(table).set_index("intermediate")["share"]
    assert told["none"] == pytest.approx(100 * 0.8**5, abs=5)  # where the one is not drawn


def test_counts_are_summed_before_they_are_divided() -> None:
    """Micro-averaged F1: the long sentence counts for more."""
    table = pd.DataFrame(
        [("xnli", "none", 1, 0, 0.0, 2.0), ("xnli", "none", 1, 1, 18.0, 18.0)], columns=EVIDENCE
    )
    assert dev_scores(table)["dev"].tolist() == [90]


def test_runs_measured_on_other_examples_do_not_compare() -> None:
    table = pd.concat([DEV, evidence({("squad_v1", 1): [1, 1, 1]})])
    with pytest.raises(XitError, match="the runs of xnli were measured on different development"):
        stability(table)


# -- what it rests on --


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    with toy_study(tmp_path_factory.mktemp("project")) as made:
        yield made


def section(study: Study, *lines: dict) -> Section:
    told = SimpleNamespace(study=study, records=lambda *_: {"none": {"runs": list(lines)}})
    return cast(Section, told)


def test_evidence_of_finished_runs(toy: Study) -> None:
    runs = {t.name: made(tuned(toy, "target", t)).name for t in (UDPOS, XQUAD)}
    lines = [{"kind": "target", "task": t, "seed": 1, "run": run} for t, run in runs.items()]
    main = scores(("none", "udpos", "de", 1, 50), ("none", "xquad", "de", 1, 20),
                  ("none", "tatoeba", "de", 1, 30), ("none", "tatoeba", "fr", 1, 40))  # fmt: skip
    told = xstilts.development(section(toy, *lines), main)
    assert list(told.columns) == EVIDENCE
    units = told.groupby("target")["unit"].nunique()
    assert units.to_dict() == {"udpos": 12, "xquad": 6, "tatoeba": 2}
    assert list(told["target"].unique()) == list(toy.targets)
    dev = dev_scores(told).set_index("target")["dev"]
    assert dev["tatoeba"] == 35  # the scored data themselves
    assert xstilts.basis(told, toy) == {
        "tatoeba": "the scored data (2 languages): optimistic",
        "udpos": "12 development examples in en",
        "xquad": "6 development examples in en",
    }


def test_mlqa_is_chosen_with_xquads_model(toy: Study) -> None:
    run = made(tuned(toy, "target", XQUAD)).name
    line = {"kind": "target", "task": "xquad", "seed": 1, "run": run}
    both = dataclasses.replace(toy, targets=("xquad", "mlqa"))
    main = scores(("none", "xquad", "de", 1, 50), ("none", "mlqa", "de", 1, 20))
    told = xstilts.development(section(both, line, line), main)
    parts = {t: p.drop(columns="target").reset_index(drop=True) for t, p in told.groupby("target")}
    assert parts["xquad"].equals(parts["mlqa"])
    assert xstilts.basis(told, both)["mlqa"] == "6 development examples in en, of XQuAD"
    alone = xstilts.development(section(both, line), main[1:])  # XQuAD itself was not scored
    assert set(alone["target"]) == {"mlqa"}


def test_mining_is_chosen_on_its_development_corpora(toy: Study) -> None:
    run = specs.store().root / "scores-bucc"
    run.mkdir(parents=True)
    rows = [("de", "f1", 40.0, 1.0), ("de", "f1_centred", 90.0, 1.0), ("fr", "f1", 60.0, 1.0)]
    columns = ["language", "metric", "value", "threshold"]
    pd.DataFrame(rows, columns=columns).to_parquet(run / "dev.parquet")
    line = {"kind": "scores", "task": "bucc", "seed": 1, "run": run.name}
    mining = dataclasses.replace(toy, targets=("bucc",))
    told = xstilts.development(section(mining, line), scores(("none", "bucc", "de", 1, 20)))
    assert dev_scores(told)["dev"].tolist() == [50]
    assert xstilts.basis(told, mining) == {"bucc": "development corpora of 2 languages"}
    assert not xstilts.on_scored_data(mining, "bucc")
    assert xstilts.on_scored_data(dataclasses.replace(mining, split="validation"), "bucc")


def test_a_run_from_before_says_what_to_do(toy: Study) -> None:
    line = {"kind": "target", "task": "udpos", "seed": 1, "run": "target-old"}
    (specs.store().root / "target-old").mkdir(parents=True)
    with pytest.raises(XitError, match=r"run target-old has no dev.parquet: delete it"):
        xstilts.development(section(toy, line), MAIN)


# -- for readers --


def test_tables(toy: Study) -> None:
    study = dataclasses.replace(toy, targets=("xnli",))
    choice, firm = choose(DEV, MAIN, "en"), stability(DEV, resamples=10)
    [row] = xstilts.choice_table(choice, DEV, study).to_dict("records")
    assert (row["target"], row["chosen"], row["best in hindsight"]) == ("XNLI", "MNLI", "CCG")
    assert row["change"] == "+4.0 (-2.0 … +10.0)"
    assert row["chosen on"] == "4 development examples in en"
    shown = xstilts.stability_table(firm, choice)
    assert list(shown.columns) == [
        "target", "chosen", "seeds", "no intermediate task", "MNLI", "CCG",
    ]  # fmt: skip
    [row] = shown.to_dict("records")
    assert (row["target"], row["chosen"], row["seeds"]) == ("XNLI", "MNLI", 2)
    share = firm.set_index("intermediate")["share"]
    assert row["MNLI"] == f"{share['mnli']:.0f}% (1)"


def test_none_chosen_has_no_change_to_show(toy: Study) -> None:
    without = DEV[DEV["intermediate"] != "mnli"]
    [row] = xstilts.choice_table(choose(without, MAIN, "en"), without, toy).to_dict("records")
    assert (row["chosen"], row["change"]) == ("no intermediate task", "–")
    main = MAIN.assign(collapsed=MAIN["seed"] == 2)
    [row] = xstilts.choice_table(choose(without, main, "en"), without, toy).to_dict("records")
    assert row["change"] == "– †"


def test_beside_the_paper(toy: Study) -> None:
    """XNLI in the paper's benchmark rows: 79.5 and 80.0. The mean is over what both have."""
    choice = choose(DEV, MAIN, "en")
    both = pd.concat([choice.assign(target="uner"), choice], ignore_index=True)
    told = xstilts.beside_published(both, toy)
    assert told["target"].tolist() == ["XNLI", "mean"]
    assert told.iloc[0, 1:].tolist() == [79.5, 80.0, "+0.5", 47, 51, "+4.0"]
    assert told.iloc[1, 1:].tolist() == told.iloc[0, 1:].tolist()
    assert len(xstilts.beside_published(both[:1], toy)) == 0
