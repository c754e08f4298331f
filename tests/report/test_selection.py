"""Three ways to choose a state: hand-made scores, chosen and compared by hand."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pandas as pd
import pytest

from tests.toys import project
from xit import paths, study
from xit.report import collapse, selection
from xit.report.selection import choose
from xit.study import Study
from xit.workers import Result

# state 0 is the one that source dev keeps, 2 the last
DEV, TEST = {"de": (50, 60, 40), "sw": (30, 20, 30)}, {"de": (51, 58, 45), "sw": (33, 35, 34)}


def states(
    test: Mapping[str, Sequence[float]],
    dev: Mapping[str, Sequence[float]] | None = None,
    intermediate: str = "none",
    target: str = "xnli",
    seed: int = 1,
) -> pd.DataFrame:
    """Language → score of states 0, 1, 2; without `dev` only the scored split is there."""
    parts = [("test" if dev else "validation", test, True), ("validation", dev or {}, False)]
    return pd.DataFrame(
        [
            {"study": "toy", "intermediate": intermediate, "target": target, "language": code,
             "seed": seed, "split": split, "metric": "acc", "value": float(value),
             "state": state, "share": (0.5, 0.5, 1.0)[state], "scored": scored}
            for split, table, scored in parts
            for code, values in table.items()
            for state, value in enumerate(values)
        ]
    )  # fmt: skip


def by_way(chosen: pd.DataFrame, column: str) -> dict[str, list]:
    return {str(way): part[column].tolist() for way, part in chosen.groupby("way", sort=False)}


def test_three_ways() -> None:
    """German dev is best in state 1; Swahili dev is as good in 0 as in 2: the one kept anyway."""
    chosen = choose(states(TEST, DEV))
    assert by_way(chosen, "value") == {"source": [51, 33], "last": [45, 34], "oracle": [58, 33]}
    assert by_way(chosen, "state") == {"source": [0, 0], "last": [2, 2], "oracle": [1, 0]}
    assert not chosen["bound"].any()
    assert set(chosen["split"]) == {"test"}


def test_without_development_data_the_oracle_is_an_upper_bound() -> None:
    chosen = choose(states(TEST))
    assert by_way(chosen, "value")["oracle"] == [58, 35]
    assert by_way(chosen, "bound") == {
        "source": [False] * 2, "last": [False] * 2, "oracle": [True] * 2,
    }  # fmt: skip
    some = choose(states(TEST, {"de": DEV["de"]}))
    assert by_way(some, "bound")["oracle"] == [False, True]


def test_every_training_is_chosen_by_itself() -> None:
    both = pd.concat([states(TEST, DEV), states({"de": (1, 2, 3)}, {"de": (9, 8, 9)}, seed=2)])
    chosen = choose(both)
    assert chosen[chosen["way"] == "oracle"]["value"].tolist() == [58, 33, 1]


TOLD = pd.concat(
    [
        states(TEST, DEV),
        states({"de": (54, 58, 60), "sw": (36, 35, 36)}, DEV, "mnli"),
        states({"de": (10, 20, 30)}, None, "none", "xquad"),
        states({"de": (20, 10, 20)}, None, "mnli", "xquad"),
    ]
)


def test_scores_losses_and_changes() -> None:
    """XNLI: none 42, 39.5, 45.5; MNLI 45, 48, 47. XQuAD: none 10, 30, 30; MNLI 20, 20, 20."""
    chosen = choose(TOLD)
    scores = (
        selection.scores(chosen).set_index(["intermediate", "target", "way"])["value"].sort_index()
    )
    assert scores["none", "xnli"].to_dict() == {"source": 42, "last": 39.5, "oracle": 45.5}
    assert scores["mnli", "xnli"].to_dict() == {"source": 45, "last": 48, "oracle": 47}
    losses = (
        selection.losses(chosen).set_index(["intermediate", "target", "way"])["change"].sort_index()
    )
    assert losses["none", "xnli"].to_dict() == {"source": 3.5, "last": 6}
    assert losses["mnli", "xnli"].to_dict() == {"source": 2, "last": -1}
    assert losses["none", "xquad"].to_dict() == {"source": 20, "last": 0}
    changes = selection.changes(chosen).set_index(["target", "way"])["change"]
    assert changes["xnli"].to_dict() == {"source": 3, "last": 8.5, "oracle": 1.5}
    assert changes["xquad"].to_dict() == {"source": 10, "last": -10, "oracle": -10}


def test_tables_for_readers() -> None:
    chosen = choose(TOLD)
    table = selection.score_table(chosen)
    assert table.columns.tolist() == [
        "intermediate", "target", "source dev", "last state", "oracle", "oracle chosen on",
    ]  # fmt: skip
    assert table.iloc[0].tolist() == [
        "no intermediate task", "XNLI", "42.0 (no interval)", "39.5 (no interval)",
        "45.5 (no interval)", "dev",
    ]  # fmt: skip
    assert table["oracle chosen on"].tolist()[2:] == ["scored data: an upper bound"] * 2
    assert table["target"].tolist() == ["XNLI", "XNLI", "XQuAD", "XQuAD"]
    change = selection.change_table(chosen)
    assert change["same sign"].tolist() == ["yes", "no"]
    assert change["intermediate"].tolist() == ["MNLI", "MNLI"]
    assert change["source dev"].tolist() == ["+3.0 (no interval)", "+10.0 (no interval)"]
    loss = selection.loss_table(chosen)
    assert loss.columns.tolist() == ["intermediate", "target", "source dev", "last state"]
    assert loss["last state"].tolist()[1] == "-1.0 (no interval)"
    some = selection.score_table(choose(states(TEST, {"de": DEV["de"]})))
    assert some["oracle chosen on"].tolist() == ["dev; scored data where there is none"]


def test_words_follow_the_numbers() -> None:
    text = selection.in_words(choose(TOLD))
    assert (
        "source dev loses 6.4 points on average, and 20.0 where it loses most (no intermediate "
        "task → XQuAD)" in text
    )
    assert "the last state loses 1.2 points on average, and 6.0 where it loses most" in text
    assert "better state than the last in 1 of 4 trainings, a worse one in 2" in text
    assert "For XQuAD the oracle is chosen" in text and "For XNLI" not in text
    assert "same sign under all three in 1 of 2 cells, and moves by up to 20.0 points" in text
    assert text.endswith("(one seed: no interval).")


def test_an_oracle_can_lose() -> None:
    """Its state is best on development rows: on those scored source dev may be ahead of it."""
    told = choose(TOLD)
    ahead = told.assign(value=told["value"].where(told["way"] != "oracle", 0.0))
    assert "source dev gains" in selection.in_words(ahead)


def seeds(second: float) -> pd.DataFrame:
    """Two seeds; after MNLI the second is `second` points above the first, state by state."""
    flat = {"de": (50.0, 50.0, 51.0)}
    return pd.concat(
        [
            states({"de": [v + up for v in flat["de"]]}, flat, name, seed=seed)
            for name, seed, up in (("none", 1, 0), ("none", 2, 0), ("mnli", 1, 5.0),
                                   ("mnli", 2, 5.0 + second))
        ]
    )  # fmt: skip


def test_words_with_seeds() -> None:
    calm = selection.in_words(choose(seeds(2.0)))
    assert "moves by up to 0.0 points between them; in 0 of 1 cells" in calm
    assert calm.endswith("turns no sign, and moves no change by more than other seeds do.")
    one = seeds(0.0)
    one.loc[(one["intermediate"] == "mnli") & (one["state"] == 2) & one["scored"], "value"] += 1
    told = selection.in_words(choose(one))  # more than the seeds differ: they do not at all
    assert "in 1 of 1 cells" in told and told.endswith("belongs beside the number.")


def test_a_sign_that_hangs_on_the_seed_as_well() -> None:
    """Source dev 5 and 15, the others -25 and 15: 15 apart, while their seeds are 40 apart."""
    both = seeds(10.0)
    rest = (both["intermediate"] == "mnli") & (both["state"] > 0) & both["scored"]
    both.loc[rest & (both["seed"] == 1), "value"] -= 30
    told = selection.in_words(choose(both))
    assert "same sign under all three in 0 of 1 cells" in told
    assert told.endswith("it hangs on the seed as well.")


def test_no_upper_bound_is_spoken_of_where_there_is_none() -> None:
    assert "upper bound" not in selection.in_words(choose(seeds(1.0)))


def test_a_state_that_collapsed_marks_its_own_way_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guessing gets 50: the last state of seed 1 is at 52 in the source language, no other is."""
    monkeypatch.setattr(collapse, "trivial", lambda study, target: 50.0)
    toy = cast(Study, SimpleNamespace(source="en"))
    both = pd.concat(
        [
            states({"en": (90.0, 90.0, 52.0), "de": (60.0, 60.0, 50.0)}),
            states({"en": (90.0, 90.0, 90.0), "de": (60.0, 60.0, 60.0)}, seed=2),
        ]
    )
    chosen = selection.flag(choose(both), toy)
    assert chosen[chosen["collapsed"]][["way", "seed", "language"]].to_numpy().tolist() == [
        ["last", 1, "en"], ["last", 1, "de"],
    ]  # fmt: skip
    table = selection.score_table(chosen[chosen["language"] != "en"])
    assert table["last state"].tolist() == ["55.0 (50.0 … 60.0) †"]
    assert table["source dev"].tolist() == ["60.0 (60.0 … 60.0)"]


# -- from the runs --


def test_states_are_read_from_finished_chains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project(tmp_path, monkeypatch, with_data=False)
    trained = tmp_path / "trained"
    trained.mkdir()
    told = {"best_step": 30, "steps": 40, "checkpoints": [20, 40]}
    (trained / "summary.json").write_text(json.dumps(told))
    chain = [Result({"kind": "target"}, trained, True)]
    for checkpoint in (None, 1, 2):
        for split in ("test", "validation"):
            path = tmp_path / f"{checkpoint}-{split}"
            path.mkdir()
            rows = [
                {"language": "de", "split": split, "metric": metric, "value": 10.0}
                for metric in ("f1", "token_acc")
            ]
            pd.DataFrame(rows).to_parquet(path / "scores.parquet")
            spec = {"task": "udpos", "split": split, "checkpoint": checkpoint,
                    "where": {"seed": 4, "after": "mnli"}}  # fmt: skip
            chain.append(Result(spec, path, True))
    frame = selection.states([chain], study.load("toy"))
    assert frame["state"].tolist() == [0, 0, 1, 1, 2, 2]
    assert frame["share"].tolist() == [0.75, 0.75, 0.5, 0.5, 1.0, 1.0]
    assert frame["scored"].tolist() == [True, False] * 3
    assert set(frame["metric"]) == {"f1"}
    first = frame.iloc[0]
    assert (first["study"], first["intermediate"], first["target"], first["seed"]) == (
        "toy", "mnli", "udpos", 4,
    )  # fmt: skip
    paths.project.cache_clear()
