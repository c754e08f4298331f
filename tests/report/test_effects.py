"""Cells of a study with their intervals: hand-computed influence, pairing, and what readers see."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xit import specs
from xit.report import effect_plots, effect_prose, effects, results
from xit.report.stats import Interval
from xit.runs import Store
from xit.score import metrics


def scores(values: Mapping[tuple[str, str], Sequence[Sequence[float]]]) -> pd.DataFrame:
    """(after, target) → seeds × languages."""
    rows = [
        ("lab", after, target, f"qa{'bcde'[k]}", seed, "test", "acc", value)
        for (after, target), seeds in values.items()
        for seed, line in enumerate(seeds, start=1)
        for k, value in enumerate(line)
    ]
    return pd.DataFrame(rows, columns=results.COLUMNS)


@pytest.fixture
def change() -> pd.DataFrame:
    told = {
        ("none", "xnli"): [[50, 50, 50], [50, 50, 50], [50, 50, 50]],
        ("mnli", "xnli"): [[60, 61, 59], [61, 62, 60], [59, 60, 58]],
        ("qqp", "xnli"): [[50, 40, 57], [40, 59, 44], [59, 48, 53]],
        ("none", "panx"): [[40, 40, 40], [40, 40, 40], [40, 40, 40]],
        ("mnli", "panx"): [[30, 20, 31], [32, 33, 30], [29, 30, 32]],
        ("qqp", "panx"): [[40, 41, 40], [40, 39, 40], [41, 40, 40]],
    }
    return results.change(scores(told))


def row(frame: pd.DataFrame, *cell: str) -> dict:
    """The row of `frame` that begins with `cell`."""
    mine = (r for r in frame.to_dict("records") if tuple(r.values())[:2] == cell)
    return dict(next(mine))


FAMILIES = {"qab": "k", "qac": "k", "qad": "t"}


# -- items --


def test_influence_of_accuracy_is_the_item_itself() -> None:
    told = effects.influence("acc", {"right": np.array([1.0, 0, 0, 1])})
    assert told.tolist() == [100, 0, 0, 100]


def test_influence_of_a_ratio_by_hand() -> None:
    # F1 = 2·(1 + 1) / ((1 + 3) + (2 + 2)) = 1/2; mean of the denominators 4
    columns = {
        "right_chunks": np.array([1.0, 1]),
        "predicted_chunks": np.array([1.0, 2]),
        "gold_chunks": np.array([3.0, 2]),
    }
    # 50 + 100·(2 − 0.5·4)/4 = 50 for both
    assert effects.influence("f1", columns).tolist() == [50, 50]


@given(st.lists(st.tuples(*[st.integers(0, 5)] * 3), min_size=1, max_size=30))
def test_influence_has_the_score_as_its_mean(rows: list[tuple[int, int, int]]) -> None:
    right = [min(r) for r in rows]
    columns = {
        "right_chunks": np.array(right, float),
        "predicted_chunks": np.array([r[1] for r in rows], float),
        "gold_chunks": np.array([r[2] for r in rows], float),
    }
    score = metrics.prf(sum(right), sum(r[1] for r in rows), sum(r[2] for r in rows)).f1
    assert effects.influence("f1", columns).mean() == pytest.approx(score, abs=1e-9)


def test_items_are_paired_by_seed_and_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = {  # (after, seed) → language → items
        ("none", 1): {"qab": [1, 0], "qac": [0, 0]},
        ("none", 2): {"qab": [1, 1], "qac": [0, 1]},
        ("mnli", 2): {"qab": [1, 0], "qac": [1, 1]},
        ("mnli", 1): {"qab": [1, 1], "qac": [1, 0]},
    }
    records: dict[str, dict] = {}
    rows = []
    for (after, seed), languages in right.items():
        run = f"scores-{after}-{seed}"
        (tmp_path / run).mkdir()
        frames = [
            pd.DataFrame({"language": code, "row": [0, 1], "right": np.array(x, float)})
            for code, x in languages.items()
        ]
        pd.concat(frames).to_parquet(tmp_path / run / "items.parquet")
        line = {"run": run, "kind": "scores", "task": "xnli", "seed": seed}
        records.setdefault(after, {"runs": []})["runs"].append(line)
        rows += [
            ("lab", after, "xnli", code, seed, "test", "acc", 100 * sum(x) / 2)
            for code, x in languages.items()
        ]
    monkeypatch.setattr(specs, "store", lambda: Store(tmp_path))
    section = SimpleNamespace(
        records=lambda phase: records, study=SimpleNamespace(retrieval_layer=2)
    )
    change = results.change(pd.DataFrame(rows, columns=results.COLUMNS))
    told = effects.items(section, change)  # type: ignore[arg-type]
    assert told["mnli", "xnli"]["qab"].tolist() == [[0, 100], [0, -100]]
    assert told["mnli", "xnli"]["qac"].tolist() == [[100, 0], [100, 0]]
    grid = effects.grids(change, {}, told)["mnli", "xnli"]  # refuses what does not add up
    assert grid.values.tolist() == [[50, 50], [-50, 50]]


# -- cells --


def test_one_row_a_cell_with_holm_within_the_target(change: pd.DataFrame) -> None:
    found = effects.of(effects.grids(change, FAMILIES))
    assert len(found) == 4
    firm = row(found, "mnli", "xnli")
    assert firm["mean"] == pytest.approx(10)
    # seeds' means 10, 11, 9: 10 ± 4.303 · 1/√3
    assert firm["seeds_only"].low == pytest.approx(10 - 4.3027 / math.sqrt(3), abs=1e-3)
    assert 0 not in firm["these"]
    assert firm["p"] < row(found, "qqp", "xnli")["p"]
    assert firm["adjusted"] == pytest.approx(2 * firm["p"])
    assert not found["collapsed"].any()


def test_collapsed_runs_mark_their_cell(change: pd.DataFrame) -> None:
    fallen = (change["intermediate"] == "qqp") & (change["target"] == "panx")
    marked = change.assign(collapsed=fallen & (change["seed"] == 2))
    found = effects.of(effects.grids(marked, FAMILIES), marked)
    told = effects.table(found)
    assert row(told, "QQP", "NER")["change"].endswith("†")
    assert not row(told, "MNLI", "NER")["change"].endswith("†")


def test_one_seed_has_no_interval(change: pd.DataFrame) -> None:
    cells = effects.grids(change[change["seed"] == 1], FAMILIES)
    found = effects.of(cells)
    table = effects.table(found)
    for column in ("these languages", "new languages", "seeds alone"):
        assert set(table[column]) == {"no interval"}
    assert set(table["p"]) == {"–"}
    assert "no interval" in effect_prose.findings(found)
    assert effects.ranks(cells)["low"].isna().all()
    sources = effects.sources(cells)
    assert "none of" in effect_prose.sources(sources, cells)
    assert set(effects.sources_table(sources).iloc[0]) == {"–"}
    effect_plots.intervals(found, ["mnli", "qqp"])


def test_ranks_and_their_agreement(change: pd.DataFrame) -> None:
    cells = effects.grids(change, FAMILIES)
    told = effects.ranks(cells)
    assert row(told, "mnli", "xnli")["rank"] == 1
    last = row(told, "mnli", "panx")
    assert last["rank"] == last["low"] == last["high"] == 2
    tau = effects.agreement(effects.of(cells))
    assert tau.to_dict()["xnli"]["panx"] == -1
    table = effects.agreement_table(tau)
    assert table.to_numpy().tolist() == [["NER", "-1.00"]]
    words = effect_prose.order(told, tau)
    assert "from -1.00 (XNLI and NER) to -1.00" in words


def test_cells_with_other_seeds_are_not_ranked(change: pd.DataFrame) -> None:
    fewer = change[~((change["intermediate"] == "qqp") & (change["seed"] == 3))]
    more = pd.concat([fewer, fewer[fewer["intermediate"] == "mnli"].assign(intermediate="ccg")])
    told = effects.ranks(effects.grids(more, FAMILIES))
    assert set(told["intermediate"]) == {"mnli", "ccg"}


def test_whose_variance() -> None:
    # a point a seed, a point a language, and hardly anything else
    told: dict[tuple[str, str], list[list[float]]] = {
            ("none", "xnli"): [[50, 50, 50], [50, 50, 50], [50, 50, 50]],
            ("mnli", "xnli"): [[60.1, 61, 58.9], [61, 61.9, 60.1], [58.9, 60.1, 58]],
            ("qqp", "xnli"): [[50, 40, 57], [40, 59, 44], [59, 48, 53]]}  # fmt: skip
    found = effects.sources(effects.grids(results.change(scores(told)), FAMILIES))
    assert found[list(effects.SOURCES)].sum(axis=1).to_numpy() == pytest.approx(1)
    assert row(found, "mnli", "xnli")["rest"] < 0.05 < row(found, "qqp", "xnli")["rest"]


def test_what_the_intervals_say(change: pd.DataFrame) -> None:
    found = effects.of(effects.grids(change, FAMILIES))
    words = effect_prose.findings(found)
    firm = int((found["adjusted"] < 0.05).sum())
    assert f"within a target {firm} do" in words and "MNLI → XNLI (+10.0)" in words
    alt = effect_plots.alt_intervals(found)
    assert "XNLI: 1 up, 0 down of 2" in alt
    figure = effect_plots.intervals(found, ["mnli", "qqp"])
    assert [a.get_title(loc="left") for a in figure.axes if a.get_visible()] == ["XNLI", "NER"]


def test_an_interval_as_text() -> None:
    assert effects.ends(Interval(-1.04, 2.0)) == "-1.0 … +2.0"
    assert effects.ends(Interval()) == "no interval"
