"""Distance from the language of the data: tables, simulated slopes, and what they are told as."""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.report.test_source_language import ALL, TOLD
from tests.shared import MIRROR
from xit import study as studies
from xit.lab import languages
from xit.report import source_distance, source_language, source_plots, stats
from xit.report import source_words as words
from xit.report.source_distance import OVERALL
from xit.report.source_language import OWN, TRANSLATED

ROOT = Path(__file__).resolve().parents[2]


def test_distances_between_languages_of_the_lab_and_of_nature(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = studies.parse(ROOT / "notebooks" / "studies" / "paper.yaml")
    far = source_distance.between(paper).set_index(["language", "other"])
    assert far.loc[("en", "af"), "syntactic"] == 0.1506 and far.loc[("zh", "zh"), OVERALL] == 0
    assert source_distance.families(paper)["eu"] == "Basque (isolate)"
    (tmp_path / "typology").mkdir()
    languages.typology().to_csv(tmp_path / "typology" / "languages.csv", index=False)
    languages.between().to_csv(tmp_path / "typology" / "distances_between.csv", index=False)
    lab = dataclasses.replace(paper, hub=str(tmp_path))
    told = source_distance.between(lab).set_index(["language", "other"])
    assert told.loc[("qaj", "qaa"), OVERALL] == pytest.approx((1 + 0.98 + 1 + 1) / 4)
    assert source_distance.families(lab)["qab"] == "Karthic"
    assert len(source_language.known(lab)) == 13


@pytest.mark.skipif(not MIRROR.is_dir(), reason="needs the mirror of the Hub (XIT_SHARED)")
def test_uriels_distances_are_those_of_its_features() -> None:
    """The table in the package is computed from lang2vec's features; so is the mirror's."""
    place = MIRROR / "typology" / "distances_from_english.csv"
    printed = pd.read_csv(place, keep_default_na=False).set_index("iso639_1")["syntactic"]
    ours = source_distance._uriel()["en"]
    assert len(printed) == 50
    assert (ours[printed.index] - printed).abs().max() < 1e-4
    wide = source_distance._uriel().drop(columns="family")
    assert (wide.to_numpy() == wide.to_numpy().T).all() and list(wide.index) == list(wide)


def simulated(
    rng: np.random.Generator, slope: float, seeds: int = 3, by_seed: float = 0.0
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Differences after data in three languages, tested in twelve of six families."""
    codes = [f"q{c}" for c in "abcdefghijkl"]
    families = {c: f"family {i // 2}" for i, c in enumerate(codes)}
    rows = []
    of_seed = slope + by_seed * rng.standard_normal(seeds)
    of_family = {f: rng.standard_normal() for f in set(families.values())}
    for data in codes[:3]:
        far, level = rng.uniform(-1, 1, len(codes)), rng.standard_normal()
        for i, code in enumerate(codes):
            if code == data:
                continue
            for seed in range(seeds):
                y = level + of_seed[seed] * far[i] + of_family[families[code]]
                y += 0.5 * rng.standard_normal()
                rows.append({"task": "mnli", "target": "xnli", "data": data, "language": code,
                             "seed": seed, "difference": y, OVERALL: far[i]})  # fmt: skip
    return pd.DataFrame(rows), families


def test_the_slope_is_least_squares_within_each_language_of_the_data() -> None:
    rng = np.random.default_rng(0)
    told, families = simulated(rng, -2.0)
    one = source_distance.slope(told, OVERALL, families)
    assert one is not None
    design = np.column_stack([told[OVERALL], pd.get_dummies(told["data"]).to_numpy(float)])
    whole = np.linalg.lstsq(design, told["difference"].to_numpy(), rcond=None)[0][0]
    assert one.values.mean() == pytest.approx(whole)
    for seed, part in told.groupby("seed"):
        design = np.column_stack([part[OVERALL], pd.get_dummies(part["data"]).to_numpy(float)])
        own = np.linalg.lstsq(design, part["difference"].to_numpy(), rcond=None)[0][0]
        assert one.values[int(str(seed))].mean() == pytest.approx(own)


def test_a_planted_slope_is_covered_and_a_missing_one_is_not_found() -> None:
    """In 300 studies; languages are new ones each time, and seeds have slopes of their own."""
    rng = np.random.default_rng(1)
    hits, apart = 0, 0
    for _ in range(300):
        told, families = simulated(rng, -2.0, by_seed=0.5)
        one = source_distance.slope(told, OVERALL, families)
        assert one is not None
        hits += -2.0 in stats.effect(one).new
        told, families = simulated(rng, 0.0, by_seed=0.5)
        one = source_distance.slope(told, OVERALL, families)
        assert one is not None
        apart += 0.0 not in stats.effect(one).new
    assert 0.92 <= hits / 300 <= 0.99
    assert apart / 300 <= 0.08


def test_no_slope_where_there_is_nothing_to_regress_on() -> None:
    told, families = simulated(np.random.default_rng(2), -1.0)
    assert source_distance.slope(told.assign(**{OVERALL: 0.5}), OVERALL, families) is None
    some = told[told["language"].isin(["qa", "qb"])]
    assert source_distance.slope(some, OVERALL, families) is None
    gap = told.drop(told.index[0])  # a seed without a language
    assert source_distance.slope(gap, OVERALL, families) is None


def test_distances_are_the_datas_minus_the_sources() -> None:
    table = languages.between().assign(overall=1.0)
    far = source_distance.with_distance(TOLD, table, "qaa")
    assert set(far["intermediate"]) == {"mnli@qab"}  # no errors, no other language's own
    index = table.set_index(["language", "other"])["syntactic"]
    for line in far.to_dict("records"):
        code = line["language"]
        assert line["syntactic"] == index[code, "qab"] - index[code, "qaa"]
    less = source_distance.with_distance(TOLD, table[table["language"] != "qad"], "qaa")
    assert set(less["language"]) == {"qac"}
    for none in (TOLD[TOLD["errors"] > 0], TOLD[TOLD["set"] == OWN]):
        nothing = source_distance.with_distance(none, table, "qaa")
        assert not len(nothing) and not len(source_distance.slopes(nothing, ALL))


def test_slopes_of_every_distance() -> None:
    told, families = simulated(np.random.default_rng(3), -2.0)
    nearer = told.assign(set=TRANSLATED)
    nearer = nearer[[*(c for c in nearer if c not in ("set", OVERALL)), "set", OVERALL]]
    nearer["script"] = np.random.default_rng(4).uniform(size=len(nearer))
    nearer["same"] = nearer[OVERALL]
    found = source_distance.slopes(nearer, families)
    assert found["distance"].tolist() == [OVERALL, "script"]  # not the same twice
    text = words.slopes_in_words(found)
    assert text.startswith("- **MNLI → XNLI**: one unit farther from the data's language than from")
    assert "the change follows the data's language" in text
    assert len(words.slopes_table(found)) == 2
    assert "not known" in words.slopes_in_words(found[:0])
    shown = source_plots.scatter(nearer, found, {"qa": "qa (isolate)"})
    assert "MNLI → XNLI" in shown.axes[0].get_title("left")
    assert "slopes: XNLI -" in source_plots.alt_scatter(found)
