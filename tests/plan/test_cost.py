"""Prices: fitted to runs whose cost is known, and held against what the study lab took."""

import dataclasses

import pytest

from xit import study as studies
from xit.errors import XitError
from xit.plan import cost, measured, tell, wanted
from xit.plan.measured import PAGE, Measured
from xit.plan.work import Model, Work

LARGE = Model(24, 1024, 4096, 250_002, 514)
SHIPPED = [x for x in measured.shipped() if x.kind != PAGE]


def run(kept: int, work: Work, seconds: float, size: int) -> Measured:
    return Measured("here", 1000, "target/none", "target", kept, work, seconds, size)


def test_prices_are_found_that_the_runs_were_made_from() -> None:
    works = [Work(1, n, n * n, 5 * n % 7, 100 * (n % 3), n % 2) for n in range(1, 30)]
    true = Work(0.5, 0.01, 0.002, 0.03, 0.0004, 0.1)
    paid = [sum(a * b for a, b in zip(true, w, strict=True)) for w in works]
    rows = [run(0, w, s, 200 + 3 * int(w.rows)) for w, s in zip(works, paid, strict=True)]
    rows += [run(2, w, s, 4 * 1000 * 2 + 900) for w, s in zip(works, paid, strict=True)]
    prices = cost.fit(rows, "here")
    assert prices.each == pytest.approx(true)
    small = Model(0, 10, 0, 90, 10)  # 1000 parameters
    assert prices.bytes(Work(1, rows=50), 0, small) == pytest.approx(200 + 150)
    assert prices.bytes(Work(1), 2, small) == pytest.approx(8000 + 900)
    with pytest.raises(XitError, match="no measured runs"):
        cost.fit([], "")


@pytest.mark.parametrize("half", [0, 1])
def test_half_of_the_labs_sections_tell_the_cost_of_the_others_within_a_fifth(half: int) -> None:
    names = sorted({x.section for x in SHIPPED})
    known = [x for x in SHIPPED if x.section in names[half::2]]
    other = [x for x in SHIPPED if x.section not in names[half::2]]
    assert min(len(known), len(other)) > 300
    told = sum(cost.fit(known, "").seconds(x.work) for x in other)
    assert told == pytest.approx(sum(x.seconds for x in other), rel=0.2)


def test_the_whole_is_told_without_its_dearest_section() -> None:
    known = [x for x in SHIPPED if x.section != "mlm"]
    told = sum(cost.fit(known, "").seconds(x.work) for x in SHIPPED)
    assert told == pytest.approx(sum(x.seconds for x in SHIPPED), rel=0.2)


def test_the_rows_are_still_what_the_study_lab_is_made_of() -> None:
    """A study that has grown, or work that is counted otherwise, asks for rows measured anew."""
    study = studies.load("lab")
    sections = wanted.sections(study, read=False)
    runs = [run for section in sections for run in section.runs()]
    kinds = sorted(run.spec["kind"] for run in runs)
    assert len(runs) == pytest.approx(len(SHIPPED), rel=0.2)
    assert set(kinds) == {x.kind for x in SHIPPED}


def test_a_device_is_its_data_sheet_times_the_utilisation() -> None:
    half, full = (cost.assumed("a100", share, LARGE) for share in (0.5, 1.0))
    assert full.seconds(Work(learning=312_000)) == pytest.approx(1)  # 312 TFLOP at its peak
    assert half.seconds(Work(reading=312_000)) == pytest.approx(2)
    # an update: 24 layers to start, and 28 bytes a parameter at 2 TB/s
    update = 24 * 0.001 + LARGE.parameters * 28 / 2e12
    assert half.seconds(Work(updates=1)) == pytest.approx(update)
    assert "ASSUMED, not measured" in half.source and "0.5" in half.source
    assert (half.unit, half.memory) == ("GPU", 80e9)


def test_what_is_measured_near_at_hand_is_taken_first() -> None:
    lab = Model(3, 128, 256, 4127, 258)
    assert "measured runs of study lab" in cost.choose([], lab, None, 0.3).source
    assert "ASSUMED" in cost.choose([], LARGE, None, 0.3).source
    assert "EXTRAPOLATED" in cost.choose([], LARGE, "cpu", 0.3).source
    here = SHIPPED[: cost.FEWEST]
    assert f"the {cost.FEWEST} finished runs" in cost.choose(here, LARGE, None, 0.3).source
    assert "ASSUMED" in cost.choose(here, LARGE, "h100", 0.3).source  # who names one, gets it


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "much", "nan"])
def test_a_utilisation_is_a_share(text: str) -> None:
    with pytest.raises(XitError, match="expected a share above 0, at most 1"):
        cost.share(text)
    assert cost.share("") == cost.UTILISATION


def test_a_model_of_unknown_shape_is_refused() -> None:
    odd = dataclasses.replace(studies.load("paper"), model="someone/else")
    with pytest.raises(XitError, match=r"someone/else.*config\.json"):
        tell.make(odd)
