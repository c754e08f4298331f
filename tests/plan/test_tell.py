"""`xit plan`, as it is read in the terminal."""

import dataclasses
import re
import time

import pytest

from xit import study as studies
from xit.__main__ import main
from xit.plan import measured, tell
from xit.plan.tell import duration


def test_the_paper_is_planned_and_its_assumptions_are_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["plan", "--study", "paper", "--jobs", "8", "--device", "h100"]) == 0
    told = capsys.readouterr().out
    assert re.search(r"1,\d{3} runs in \d+ sections", told)
    assert "ASSUMED, not measured: h100, 989 TFLOP/s" in told
    assert re.search(r"wall: .* (hours|days) on 8 GPUs", told)
    assert re.search(r"longest: .* multilingual_model → intermediate/\w+ → target/", told)
    assert re.search(r"memory: +\d+ GB for \w+", told) and re.search(r"disk: .* TB", told)
    assert "Left out. CCG" in told  # whose data its user has to supply
    totals = re.findall(r"^in all +([\d,]+) +\? +([\d,.]+) +100%", told, re.MULTILINE)
    assert len(totals) == 2 and totals[0] == totals[1]  # by section and by kind


def test_more_devices_are_never_slower_and_the_longest_chain_is_the_end_of_it() -> None:
    plan = tell.make(studies.load("paper"))
    wall = [plan.schedule(n).seconds for n in (1, 4, 16, 64, 10_000)]
    assert wall == sorted(wall, reverse=True)
    found = plan.schedule(10_000)
    assert wall[-1] == pytest.approx(found.longest)
    assert wall[0] == pytest.approx(found.work)


def test_the_labs_plan_is_what_it_took(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its runs in core-seconds, from their specs alone, and the disk: within a fifth."""
    monkeypatch.setattr("xit.plan.wanted.of", _unread)
    plan = tell.make(studies.load("lab"), "cpu")
    every = [run for section in plan.sections for run in section.runs()]
    shipped = measured.shipped()
    assert plan.seconds(every) == pytest.approx(sum(x.seconds for x in shipped), rel=0.2)
    assert plan.bytes(every) == pytest.approx(sum(x.bytes for x in shipped), rel=0.2)


def _unread(study: studies.Study) -> tuple[list, str]:
    from xit.plan import wanted

    return wanted.sections(study, read=False), ""


def test_ten_thousand_runs_are_planned_within_a_minute() -> None:
    study = dataclasses.replace(studies.load("paper"), num_seeds=16)
    began = time.monotonic()
    told = tell.plan(study, 256)
    assert time.monotonic() - began < 60
    count = re.search(r"([\d,]+) runs", told)
    assert count and int(count[1].replace(",", "")) > 10_000


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--study", "papr"], "unknown study 'papr': did you mean 'paper'?"),
        (["--jobs", "0"], "JOBS = '0': expected a whole number of at least 1"),
        (["--jobs", "-3"], "JOBS = '-3'"),
        (["--study", "paper", "--device", "h10"], "unknown device 'h10': did you mean 'h100'?"),
        (["--study", "paper", "--utilisation", "30"], "utilisation = '30': expected a share"),
        (["--study", "mini"], "give HUB="),
        (["--study", "mini", "--hub", "no/where"], "hub directory 'no/where' does not exist"),
    ],
)
def test_what_makes_no_sense_is_one_line(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", *words]) == 2
    assert told in capsys.readouterr().err


def test_durations() -> None:
    assert [duration(x) for x in (59.4, 600, 7200, 86400 * 3)] == [
        "59 s", "10.0 minutes", "2.0 hours", "3.0 days",
    ]  # fmt: skip
