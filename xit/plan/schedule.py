"""When a plan's runs could be made on so many devices: a list schedule of its chains.

A section begins when the sections that it needs are done, a stage of it when the one before is; a
chain's runs follow each other on one device. Of what could begin, that goes first which most work
waits for (Graham 1969; the longest path to the end as priority). A section's page is its last job.
"""

import heapq
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from xit.plan.wanted import Planned


class Gates(NamedTuple):
    """Points that all jobs of a stage have to pass: `jobs` between them, `after` other gates."""

    jobs: list[list[float]]  # of each gate: the seconds of the jobs that it lets begin
    after: list[list[int]]  # of each gate: the gates that it waits for
    of: dict[str, int]  # section → its last gate, whose job is the page


class Schedule(NamedTuple):
    """What comes out."""

    seconds: float  # from the first job to the last
    longest: float  # of the longest path: no number of devices is faster
    path: list[str]  # the sections on it
    work: float  # of all jobs together


def gates(sections: Sequence[Planned], cost: Mapping[str, float], page: float) -> Gates:
    """The stages of `sections`, which come in an order that no section waits for a later one in.

    `cost`: seconds of each run by its name; what is there costs nothing.
    """
    made = Gates([], [], {})
    for section in _ordered(sections):
        before = [made.of[name] for name in section.needs]
        stages = [
            [sum(cost[run.name] for run in chain if not run.there) for chain in stage]
            for stage in section.stages
        ]
        for jobs in [*stages, [page]]:
            made.jobs.append(jobs)
            made.after.append(before)
            before = [len(made.jobs) - 1]
        made.of[section.name] = before[0]
    return made


def _ordered(sections: Sequence[Planned]) -> list[Planned]:
    """`sections` with each after those it needs; the reading order is not such an order."""
    left, done, found = list(sections), set[str](), list[Planned]()
    while left:
        ready = [s for s in left if done.issuperset(s.needs)]
        assert ready, "sections wait for each other"
        found += ready
        done.update(s.name for s in ready)
        left = [s for s in left if s.name not in done]
    return found


def schedule(told: Gates, devices: int) -> Schedule:
    """The list schedule of all jobs on so many `devices`."""
    count = len(told.jobs)
    waits = [0] * count  # gates that must be passed before it opens
    follow: list[list[int]] = [[] for _ in range(count)]
    for gate, before in enumerate(told.after):
        waits[gate] = len(before)
        for one in before:
            follow[one].append(gate)
    tail = _tails(told, follow)
    ready: list[tuple[float, int, float]] = []  # (-path to the end, gate, seconds)
    running: list[tuple[float, int]] = []  # (end, gate)
    left, now = [len(jobs) for jobs in told.jobs], 0.0

    def open_(gate: int) -> None:
        beyond = max((tail[g] for g in follow[gate]), default=0.0)
        for seconds in told.jobs[gate]:
            heapq.heappush(ready, (-(seconds + beyond), gate, seconds))
        if not left[gate]:
            pass_(gate)

    def pass_(gate: int) -> None:
        for one in follow[gate]:
            waits[one] -= 1
            if not waits[one]:
                open_(one)

    for gate in [g for g in range(count) if not told.after[g]]:
        open_(gate)
    while ready or running:
        while ready and len(running) < devices:
            _, gate, seconds = heapq.heappop(ready)
            heapq.heappush(running, (now + seconds, gate))
        now, gate = heapq.heappop(running)
        left[gate] -= 1
        if not left[gate]:
            pass_(gate)
    path, work = _longest(told, follow, tail), sum(map(sum, told.jobs))
    return Schedule(now, max(tail, default=0.0), path, work)


def _tails(told: Gates, follow: Sequence[Sequence[int]]) -> list[float]:
    """Of each gate: the longest time from its opening to the end of all."""
    tail = [0.0] * len(told.jobs)
    for gate in reversed(range(len(tail))):  # what follows a gate has a higher number
        beyond = max((tail[g] for g in follow[gate]), default=0.0)
        tail[gate] = max(told.jobs[gate], default=0.0) + beyond
    return tail


def _longest(told: Gates, follow: Sequence[Sequence[int]], tail: Sequence[float]) -> list[str]:
    """The sections on the longest path, in order."""
    last = {gate: name for name, gate in told.of.items()}
    gate = max((g for g in range(len(tail)) if not told.after[g]), key=tail.__getitem__, default=-1)
    found = []
    while gate >= 0:
        if gate in last:
            found.append(last[gate])
        gate = max(follow[gate], key=tail.__getitem__, default=-1)
    return found
