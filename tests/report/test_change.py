"""What a change has done, by hand: which runs are compared, and how far their scores moved."""

import math
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from scipy import stats as distributions

from tests import toys
from tests.report.changed import SHAPE, Filled, finished, intermediate, target
from xit import changes, paths, specs, workers
from xit.report import change, change_page, page
from xit.report.section import Section

T = float(distributions.t.ppf(0.975, 1))  # of two seeds: 12.7


@pytest.fixture(autouse=True)
def filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Filled]:
    toys.project(tmp_path, monkeypatch)
    toys.toy(**SHAPE)
    toys.forget()
    monkeypatch.delenv("XIT_SECTION", raising=False)
    made = Filled()
    monkeypatch.setattr(workers, "run", made)
    yield made
    paths.project.cache_clear()
    toys.forget()


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a page shows."""
    told: list[str] = []

    def keep(made: object, **more: object) -> None:
        data = (
            made.get("text/html", more) if isinstance(made, dict) else getattr(made, "data", more)
        )
        told.append(str(data))

    for module in (page, change_page):
        monkeypatch.setattr(module, "display", keep)
    return told


def compared(section: Section) -> change.Compared:
    told = change.of_page(section)
    assert told is not None
    return told


# -- a target section --


def test_nothing_is_said_where_nothing_is_changed(shown: list[str]) -> None:
    section = target()
    assert change.of_page(section) is None
    section.finish()
    assert shown == []
    assert changes.ANCHOR not in str(section.notice().data)


def test_a_changed_target_beside_the_unchanged(filled: Filled) -> None:
    """XNLI in German gains 2 with seed 1 and 6 with seed 2: 4 ± t · (4 / √2) / √2. Nothing is
    trained for Tatoeba, whose runs stay the same."""
    target()
    filled.gain = {1: 2.0, 2: 6.0}
    section = target(epochs=7.0)
    made = filled.made
    told = compared(section)
    assert filled.made == made  # the unchanged runs are looked up
    assert told.parameters == {"target/none": {"epochs": (7.0, None)}}
    [row] = told.found.to_dict("records")
    assert (row["intermediate"], row["target"]) == ("none", "xnli")
    assert (row["was"], row["now"], row["mean"]) == (50, 54, 4)
    assert (row["seeds"], row["languages"]) == (2, 1)  # English is the source
    assert row["these"] == pytest.approx((4 - T * 2, 4 + T * 2))
    assert not row["firm"] and not row["new"].there
    assert {key[1] for key in told.same} == {"tatoeba"} and told.missing == []
    told_by = {r["language"]: r for r in told.languages.to_dict("records")}
    assert (told_by["en"]["was"], told_by["en"]["now"]) == (60, 64)
    assert told_by["en"]["these"] == pytest.approx((4 - T * 2, 4 + T * 2))


def test_the_page_shows_it(filled: Filled, shown: list[str]) -> None:
    target()
    filled.gain = {1: 5.0, 2: 5.0}
    section = target(epochs=7.0)
    assert f'href="#{changes.ANCHOR}"' in str(section.notice().data)
    section.finish()
    text = "\n".join(shown)
    assert f'<h2 id="{changes.ANCHOR}">' in shown[0]
    assert "Of 1 score 1 moved" in text and "XNLI +5.0" in text
    assert "Not touched by the change, as the runs are the same: Tatoeba" in text
    assert '<td class="number">50.0</td><td class="number">55.0</td>' in text
    assert "+5.0 … +5.0" in text  # seeds and items agree: nothing is left to chance
    changed = ["target/none", "epochs", "each target&#x27;s", "7"]
    assert "<tr>" + "".join(f'<td class="short">{x}</td>' for x in changed) + "</tr>" in text
    assert any("Dots with intervals" in x for x in shown)
    for line in section.made:
        if line["kind"] == "scores" and line["task"] == "xnli":
            assert f"{line['run']} − scores-xnli-after-none-seed" in text


def test_seeds_that_only_one_side_has(filled: Filled) -> None:
    """One seed in common has no interval; none in common cannot be paired."""
    target()
    filled.gain = {2: 3.0, 3: 9.0}
    told = compared(target(epochs=7.0, seed=2))
    [row] = told.found.to_dict("records")
    assert (row["mean"], row["seeds"]) == (3, 1) and math.isnan(row["these"].low)
    words = " ".join(change_page.in_words(told))
    assert "Compared over seed 2" in words and "no interval" in words
    assert "Only here: 3. Only in the unchanged study: 1." in words
    apart = compared(target(epochs=7.0, seed=5, targets=["xnli"]))
    assert not len(apart.found)
    assert "No seed is on both sides (here 5, 6; unchanged 1, 2)" in " ".join(
        change_page.in_words(apart)
    )


def test_more_seeds_alone_move_nothing() -> None:
    told = compared(target(num_seeds=3))
    assert not len(told.found) and len(told.same) == 4
    assert "one and the same" in " ".join(change_page.in_words(told))


def test_unchanged_runs_that_were_never_made_are_named(filled: Filled) -> None:
    told = compared(target(epochs=7.0, targets=["xnli"]))
    made = filled.made
    assert not len(told.found) and len(told.missing) == 2
    words = " ".join(change_page.in_words(told))
    assert "2 runs of the unchanged study cannot be compared with" in words
    assert told.missing[0] in words and "PARAMS=" in words
    assert filled.made == made


def test_a_part_of_the_targets_is_compared_with_that_part(filled: Filled) -> None:
    target()
    told = compared(target(targets=["tatoeba"]))
    assert {key[1] for key in told.shared} == {"tatoeba"} == {key[1] for key in told.study}


# -- what a change reaches --


def test_an_intermediate_section_and_the_targets_after_it(
    filled: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The unchanged targets went on from the unchanged model, whatever the record now says."""
    for one in (intermediate(), target("mnli"), target()):
        finished(one, monkeypatch)
    filled.gain = {1: 1.0, 2: 4.0}
    changed = intermediate(epochs=3.0)
    told = compared(changed)
    [row] = told.found.to_dict("records")
    assert (row["was"], row["now"], row["mean"]) == (70, 72.5, 2.5)
    assert row["these"] == pytest.approx((2.5 - T * 1.5, 2.5 + T * 1.5))
    finished(changed, monkeypatch)
    after = target("mnli")
    assert {key[1] for key in told.here} == {"mnli"}
    told = compared(after)
    assert told.parameters == {"intermediate/mnli": {"epochs": (3.0, 1)}}
    assert "<code>epochs=3.0</code> (study: <code>1" in str(after.notice().data)
    assert dict(zip(told.found["target"], told.found["mean"], strict=True)) == {
        "xnli": 2.5, "tatoeba": 2.5}  # fmt: skip
    assert change.of_page(target()) is None  # after no intermediate task, nothing has changed
    finished(after, monkeypatch)
    told = compared(Section("results", study="toy", hub=None))
    assert set(told.found["intermediate"]) == {"mnli"}
    assert list(told.found["mean"]) == [2.5, 2.5]
    assert {key[0] for key in told.here} == {"mnli"}


def test_pages_without_scores_say_what_is_changed_and_no_more(
    filled: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    for one in (intermediate(epochs=3.0), target("mnli"), target()):
        finished(one, monkeypatch)
    data = Section("data", study="toy", hub=None)
    assert change.of_page(data) is None
    told = str(data.notice().data)
    assert "Changed in intermediate/mnli" in told and changes.ANCHOR not in told


def test_the_unchanged_section_is_the_study_itself(filled: Filled) -> None:
    """Same runs as its notebook would make, and none is made for it."""
    section = target()
    wanted = change.named(change.Unchanged(section.study, "target/none"))
    made = {specs.store().root / r["run"] for r in section.made if r["kind"] == "scores"}
    assert set(wanted.values()) == made
    other = change.named(change.Unchanged(section.study, "target/mnli"))
    assert len(other) == 4 and not any(p.exists() for p in other.values())


# -- pairs --

COLUMNS = ["intermediate", "target", "language", "seed", "split", "metric", "value"]


def scores(*rows: tuple[str, int, float]) -> pd.DataFrame:
    told = [("none", "xnli", code, seed, "test", "acc", value) for code, seed, value in rows]
    return pd.DataFrame(told, columns=COLUMNS)


def test_pairs_are_of_the_same_language_and_seed() -> None:
    was = scores(("de", 1, 50.0), ("de", 2, 52.0), ("sw", 1, 40.0), ("sw", 2, 41.0))
    now = scores(("sw", 2, 44.0), ("sw", 1, 40.0), ("de", 1, 51.0), ("de", 2, 50.0))
    pairs = change.pair(now, was).sort_values(["language", "seed"])
    assert pairs["change"].tolist() == [1, -2, 0, 3]
    [row] = change.cells(pairs, {}).to_dict("records")
    # means by seed 0.5 and 0.5: seeds agree, so the interval has no width
    assert (row["mean"], row["these"]) == (0.5, (0.5, 0.5))
    assert (row["was"], row["now"], row["firm"]) == (45.75, 46.25, True)
    german, swahili = change.by_language(pairs).to_dict("records")
    # German +1 and −2: mean −0.5, standard error 1.5
    assert german["these"] == pytest.approx((-0.5 - 1.5 * T, -0.5 + 1.5 * T))
    assert (swahili["was"], swahili["now"], swahili["mean"]) == (40.5, 42, 1.5)


def test_a_language_without_every_seed_is_left_out() -> None:
    was = scores(("de", 1, 50.0), ("de", 2, 52.0), ("sw", 1, 40.0))
    now = scores(("de", 1, 50.0), ("de", 2, 52.0), ("sw", 1, 44.0), ("fr", 1, 1.0))
    assert set(change.pair(now, was)["language"]) == {"de"}
