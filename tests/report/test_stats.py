"""Intervals that cover what they should: hand-computed cases, then simulated studies, counted."""

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as distributions

from xit.errors import XitError
from xit.report import stats

LAB = ["k", "k", "t", "t", "t", "s", "s", "s", "a", "i", "j", "l"]  # families as in the lab
STUDIES = 1000


def table(values: list[list[float]], codes: str = "de ru sw") -> pd.DataFrame:
    rows = [
        (seed, code, value)
        for seed, line in enumerate(values, start=1)
        for code, value in zip(codes.split(), line, strict=False)
    ]
    return pd.DataFrame(rows, columns=["seed", "language", "change"])


def simple(values: list[list[float]], families: str = "") -> stats.Grid:
    names = [f"l{i}" for i in range(len(values[0]))]
    return stats.Grid(np.array(values, float), names, list(families or "abcdefghij"[: len(names)]))


# -- grids --


def test_a_grid_from_rows_in_any_order() -> None:
    rows = table([[1, 2, 3], [4, 5, 6]]).sample(frac=1, random_state=0)
    told = stats.grid(rows, {"de": "Germanic", "ru": "Slavic", "sw": "Bantu"})
    assert told.values.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert told.languages == ["de", "ru", "sw"]
    assert stats.grid(rows, {"de": "Germanic"}).families == ["Germanic", "only ru", "only sw"]


def test_swapped_axes_fail_loudly() -> None:
    rows = table([[1, 2, 3], [4, 5, 6]]).rename(columns={"seed": "language", "language": "seed"})
    with pytest.raises(XitError, match="seed de, language 1: expected whole numbers as seeds"):
        stats.grid(rows, {})
    items = {c: np.zeros((5, 2)) for c in ("de", "ru", "sw")}  # items × seeds
    with pytest.raises(XitError, match=r"test items of de have shape \(5, 2\).*2 seeds"):
        stats.grid(table([[0, 0, 0], [0, 0, 0]]), {}, items)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (
            lambda t: t[t["value"] != 6] if "value" in t else t.iloc[:-1],
            "no change of seed 2 in sw",
        ),
        (lambda t: pd.concat([t, t.iloc[[0]]]), "two changes of seed 1 in de"),
        (lambda t: t.iloc[:0], "no changes"),
    ],
)
def test_grids_with_holes(spoil: Callable, told: str) -> None:
    with pytest.raises(XitError, match=told):
        stats.grid(spoil(table([[1, 2, 3], [4, 5, 6]])), {})


def test_items_must_add_up() -> None:
    rows = table([[10, 0], [20, 0]], "de ru")
    right = {"de": np.array([[0.0, 20], [20, 20]]), "ru": np.zeros((2, 4))}
    told = stats.grid(rows, {}, right)
    assert told.items is not None
    with pytest.raises(XitError, match="no test items of ru"):
        stats.grid(rows, {}, {"de": right["de"]})
    with pytest.raises(XitError, match="test items of de do not add up"):
        stats.grid(rows, {}, right | {"de": right["de"] + 1})


# -- by hand --


def test_seed_means_by_hand() -> None:
    """Means of the seeds 1, 2, 3: sd 1, standard error 1/√3, t(2) = 4.303."""
    told = stats.effect(simple([[0, 2], [1, 3], [2, 4]]))
    assert told.mean == 2
    half = 4.302652729911275 / math.sqrt(3)
    assert told.seeds_only == pytest.approx((2 - half, 2 + half))
    assert told.these == told.seeds_only  # without items, seeds are all there is
    assert told.p == pytest.approx(2 * 0.0370860, abs=1e-5)  # t = 2√3, 2 degrees of freedom
    assert told.improved == pytest.approx(5.5 / 6)
    assert (told.seeds, told.languages, told.families) == (3, 2, 2)


def test_variances_by_hand() -> None:
    """Language means 1 and 3 in two families: sums ∓1, 2/4 · 2/1 = 1; no residual."""
    v = stats.variances(simple([[0, 2], [1, 3], [2, 4]]))
    assert v[:3] == pytest.approx((1 / 3, 1.0, 0.0))
    assert math.isnan(v.items)
    # one seed up, one down in one language only: all of it is residual and seed
    v = stats.variances(simple([[1, 0], [-1, 0]]))
    assert v[:3] == pytest.approx((0.25, 0.0, 0.25))


def test_one_seed_has_no_interval() -> None:
    told = stats.effect(simple([[1, 2, 3]]))
    assert told.mean == 2
    assert not told.these.there and not told.new.there and not told.seeds_only.there
    assert math.isnan(told.p)


def test_one_family_says_nothing_of_new_languages() -> None:
    told = stats.effect(simple([[1, 2, 3], [2, 3, 4]], "aaa"))
    assert told.these.there and not told.new.there


def test_nothing_varies() -> None:
    told = stats.effect(simple([[2, 2], [2, 2]]))
    assert told.these == (2, 2)
    assert told.p == 0


@given(
    st.lists(st.lists(st.floats(-50, 50), min_size=4, max_size=4), min_size=2, max_size=4),
    st.floats(-20, 20),
    st.floats(0.1, 3),
)
def test_shifting_and_stretching(values: list, shift: float, by: float) -> None:
    """The intervals go with the numbers; new languages are never more certain than these seeds."""
    before = stats.effect(simple(values, "aabc"))
    after = stats.effect(simple((np.array(values) * by + shift).tolist(), "aabc"))
    for name in ("these", "new", "seeds_only"):
        moved = [x * by + shift for x in getattr(before, name)]
        assert getattr(after, name) == pytest.approx(moved, abs=1e-6)
    v = stats.variances(simple(values, "aabc"))
    assert v.seeds >= 0 and v.languages >= 0 and v.both >= 0


# -- resampling is what the variances say --


@pytest.mark.parametrize("source", ["seeds", "languages", "items"])
def test_variances_are_those_of_resampling(source: str) -> None:
    """Each source resampled alone, times n/(n-1), within what 20,000 draws can tell."""
    rng = np.random.default_rng(0)
    families = ["a", "a", "b", "b", "c", "c", "d", "d"]  # alike in size: no ratio to correct
    items = [rng.normal(size=(1, 40)) * 5 + np.zeros((4, 1)) for _ in families]
    values = np.stack([one.mean(1) for one in items], axis=1)
    if source != "items":
        values = rng.normal(size=(4, 8)) * 3
    told = stats.Grid(values, list("12345678"), families, items)
    drawn = stats.resample(told, [source], rng, 20_000)
    count = {"seeds": 4, "languages": 4, "items": 40}[source]
    expected = getattr(stats.variances(told), source)
    assert drawn.var() * count / (count - 1) == pytest.approx(expected, rel=0.05)
    assert drawn.mean() == pytest.approx(values.mean(), abs=0.1)


def test_only_what_is_named_is_resampled() -> None:
    told = simple([[1, 2], [3, 4]])
    rng = np.random.default_rng(0)
    assert set(stats.resample(told, [], rng, 5)) == {2.5}
    with pytest.raises(ValueError, match="unknown source 'language'"):
        stats.resample(told, ["language"], rng)
    with pytest.raises(ValueError, match="no test items"):
        stats.resample(told, ["items"], rng)


# -- simulated studies --


def simulated(
    rng: np.random.Generator, seeds: int, families: list[str], sd: dict[str, float],
    planted: float = 0.0, items: int = 0,
) -> tuple[stats.Grid, float]:  # fmt: skip
    """A grid whose mean is `planted` in new languages, and its mean in these languages."""
    groups = pd.factorize(np.array(families))[0]
    own = rng.normal(0, sd["family"], groups.max() + 1)[groups]
    own = own + rng.normal(0, sd["language"], len(families))
    by_seed = rng.normal(0, sd["seed"], (seeds, 1))
    truth = planted + own
    values = truth[None] + by_seed + rng.normal(0, sd["rest"], (seeds, len(families)))
    told = None
    if items:  # what is shared over seeds, and what is not; the grid is their mean
        told = [
            values[:, [i]] + rng.normal(0, 40, (1, items)) + rng.normal(0, 40, (seeds, items))
            for i in range(len(families))
        ]
        values = np.stack([one.mean(1) for one in told], axis=1)
    names = [f"l{i}" for i in range(len(families))]
    return stats.Grid(values, names, list(families), told), float(truth.mean())


DESIGNS = {
    "nothing but seeds": {"seed": 3.0, "family": 0.0, "language": 0.0, "rest": 1.0},
    "noise": {"seed": 0.0, "family": 0.0, "language": 0.0, "rest": 3.0},
    "languages differ": {"seed": 1.0, "family": 0.0, "language": 3.0, "rest": 1.0},
    "families differ": {"seed": 1.0, "family": 3.0, "language": 1.0, "rest": 1.0},
    "all of it": {"seed": 2.0, "family": 2.0, "language": 2.0, "rest": 2.0},
}


def coverage(seeds: int, families: list[str], design: str, items: int = 0) -> dict[str, float]:
    """Share of simulated null studies (no effect) whose intervals cover the truth, 0-100."""
    rng = np.random.default_rng([seeds, len(families), items, list(DESIGNS).index(design)])
    hits = {"these": 0, "new": 0}
    for _ in range(STUDIES):
        told, here = simulated(rng, seeds, families, DESIGNS[design], items=items)
        found = stats.effect(told)
        hits["these"] += here in found.these
        hits["new"] += 0.0 in found.new
    return {name: 100 * n / STUDIES for name, n in hits.items()}


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("seeds", [3, 5])
def test_null_intervals_cover_as_they_say(seeds: int, design: str) -> None:
    """95% intervals of 1,000 studies without an effect cover in 93 to 97 of 100."""
    for name, share in coverage(seeds, LAB, design).items():
        assert 93 <= share <= 97, f"{name}: {share}"


def test_null_intervals_with_test_items_cover_as_they_say() -> None:
    """The items are the same for every seed: seeds alone would not see them."""
    for name, share in coverage(3, LAB, "noise", items=20).items():
        assert 93 <= share <= 97, f"{name}: {share}"


def test_seeds_alone_cover_too_little_where_items_are_shared() -> None:
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(300):
        told, here = simulated(rng, 3, LAB, DESIGNS["noise"], items=20)
        hits += here in stats.effect(told).seeds_only
    assert hits < 0.9 * 300


@pytest.mark.parametrize("seeds", [3, 5])
def test_a_planted_effect_is_recovered(seeds: int) -> None:
    """Of 300 studies the mean is right, the intervals cover it, and the test finds it."""
    rng = np.random.default_rng(seeds)
    sd = {"seed": 0.5, "family": 0.5, "language": 1.0, "rest": 1.0}
    found = [stats.effect(simulated(rng, seeds, LAB, sd, planted=4.0)[0]) for _ in range(300)]
    assert np.mean([one.mean for one in found]) == pytest.approx(4.0, abs=0.1)
    assert np.mean([4.0 in one.new for one in found]) > 0.92
    assert np.mean([one.p < 0.05 for one in found]) > 0.95
    assert np.mean([one.improved for one in found]) > 0.95


# -- several tasks --


def test_holm_by_hand() -> None:
    """0.01 · 3, 0.02 · 2, 0.03 (no less than the one before); a missing one does not count."""
    assert stats.holm([0.03, 0.01, 0.02]) == pytest.approx([0.04, 0.03, 0.04])
    told = stats.holm([0.01, math.nan, 0.02])
    assert told[0] == pytest.approx(0.02) and math.isnan(told[1]) and told[2] == pytest.approx(0.02)
    assert stats.holm([]) == []


def test_ranks() -> None:
    """A task that is best in every seed and language is first in every resample; equals share."""
    best = simple([[5, 6], [7, 8]])
    rng = np.random.default_rng(0)
    told = stats.ranks(
        {"a": simple([[0, 1], [1, 0]]), "b": best, "c": simple([[1, 0], [0, 1]])}, rng
    )
    assert told["rank"].tolist() == [2.5, 1, 2.5]
    assert list(told.loc["b"]) == [1, 1, 1]
    assert told.loc["a", "low"] == 2 and told.loc["a", "high"] == 3
    one = stats.ranks({"a": simple([[0, 1]]), "b": simple([[2, 3]])}, rng)
    assert one["rank"].tolist() == [2, 1] and one["low"].isna().all()
    with pytest.raises(XitError, match="differ in their seeds or languages"):
        stats.ranks({"a": best, "b": simple([[5, 6, 7], [7, 8, 9]])}, rng)


def test_agreement_between_targets() -> None:
    """τ-b by hand: the same order 1, reversed -1; one of three pairs swapped 1/3."""
    means = pd.DataFrame(
        {"xnli": [1, 2, 3], "xquad": [10, 20, 30], "pos": [3, 2, 1], "ner": [2, 1, 3]}
    )
    told = stats.agreement(means)
    assert list(told.loc["xnli", ["xquad", "pos", "ner"]]) == pytest.approx([1, -1, 1 / 3])


def test_the_mixed_model_sees_where_the_variance_is() -> None:
    rng = np.random.default_rng(0)
    sd = {"seed": 4.0, "family": 0.0, "language": 1.0, "rest": 0.5}
    told = stats.components(simulated(rng, 12, list("abcdefghijkl"), sd, planted=10)[0])
    assert told is not None
    assert told.share("seed") > 0.6 > told.share("language") > told.share("rest")
    assert 10.0 in told.interval
    assert sum(map(told.share, told.variance)) == pytest.approx(1)
    assert stats.components(simple([[1, 2, 3]])) is None


def test_the_mixed_model_is_fitted_where_a_source_has_no_variance() -> None:
    """At the bound of 0 the default optimisers give up on every second such grid."""
    rng = np.random.default_rng(1)
    sd = {"seed": 0.5, "family": 0.0, "language": 0.0, "rest": 1.0}
    grids = [simulated(rng, 3, list("aaaabbbccdef"), sd)[0] for _ in range(12)]
    told = [stats.components(grid) for grid in grids]
    assert all(told)
    assert min(one.share("family") for one in told if one) < 0.01


# -- against the paper --


@pytest.mark.parametrize(
    ("ours", "published", "comparable", "told"),
    [
        ([1.0, 2.0, 3.0], 6.0, True, "reproduced"),  # 2 ± 4.303 · √(4/3) = 4.97
        ([1.0, 2.0, 3.0], 7.1, True, "same direction"),
        ([1.0, 2.0, 3.0], -3.1, True, "not reproduced"),
        ([1.0], 1.0, True, "no interval"),
        ([1.0, 2.0, 3.0], 2.0, False, "not comparable"),
    ],
)
def test_verdicts(ours: list[float], published: float, comparable: bool, told: str) -> None:
    assert stats.verdict(ours, published, comparable) == told
    assert f"*{told.capitalize()}*" in stats.RULE
    if told == "reproduced":
        assert stats.prediction(ours) == pytest.approx((2 - 4.96827, 2 + 4.96827), abs=1e-4)


@given(st.floats(0.5, 40), st.floats(0.001, 0.999), st.floats(-50, 50))
def test_t_is_that_of_scipy(df: float, q: float, t: float) -> None:
    assert stats.t_quantile(q, df) == distributions.t.ppf(q, df)
    assert stats.t_tail(t, df) == distributions.t.sf(t, df)
