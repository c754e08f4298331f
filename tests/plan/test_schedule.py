"""The list schedule, on sections small enough to be done by hand."""

from xit.plan.schedule import Gates, gates, schedule
from xit.plan.wanted import Planned, Run

# section → (needs, stages of chains of seconds)
FIRST: dict[str, tuple[list[str], list[list[list[float]]]]] = {
    "late": (["a"], [[[4], [4]]]),  # named before what it waits for, as in reading order
    "a": ([], [[[3, 2], [1]]]),
    "b": ([], [[[2]], [[6]]]),
}


def made(told: dict[str, tuple[list[str], list[list[list[float]]]]]) -> Gates:
    """Gates of sections whose runs are called after what they cost; a page costs 1."""
    cost: dict[str, float] = {}
    sections = []
    for name, (needs, stages) in told.items():
        section = Planned(name, needs)
        for i, stage in enumerate(stages):
            chains = []
            for j, chain in enumerate(stage):
                names = [f"{name}-{i}-{j}-{k}" for k in range(len(chain))]
                cost |= dict(zip(names, chain, strict=True))
                chains.append([Run({}, x, name, False) for x in names])
            section.stages.append(chains)
        sections.append(section)
    return gates(sections, cost, 1.0)


def test_one_device_does_all_after_each_other() -> None:
    told = schedule(made(FIRST), 1)
    assert told.seconds == told.work == 6 + 8 + 8 + 3


def test_enough_devices_take_the_longest_path() -> None:
    told = schedule(made(FIRST), 100)
    # a: 5 and its page, late: 4 and its page
    assert told.seconds == told.longest == 5 + 1 + 4 + 1
    assert told.path == ["a", "late"]


def test_two_devices_begin_with_what_most_waits_for() -> None:
    # one: 0-5 a's long chain (11 to the end), 5-6 its page, 6-10 late, 10-11 b's page
    # other: 0-2 b (9 to the end), 2-3 a's short chain, 3-9 b's second stage, 9-13 late, 13-14 page
    assert schedule(made(FIRST), 2).seconds == 14


def test_what_is_there_costs_nothing() -> None:
    runs = [Run({}, "x", "a", True), Run({}, "y", "a", False)]
    told = gates([Planned("a", [], [[runs]])], {"x": 5.0, "y": 2.0}, 1.0)
    assert schedule(told, 3).seconds == 3
