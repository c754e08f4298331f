"""What `xit plan` says about a study before any of it is run.

print(tell.plan(study, devices=8, device="h100"))
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from xit import terminal
from xit.plan import cost, lengths, measured, schedule, wanted, work
from xit.plan.cost import Prices
from xit.plan.rows import Counting
from xit.plan.schedule import Schedule
from xit.plan.wanted import Planned, Run
from xit.plan.work import Model, Work
from xit.study import Study

# bytes a parameter in training: weight, gradient, AdamW's two moments, the best state so far
TRAINING = 4 * 5
# bytes an element (token × width) of a layer's activations: 34 in half precision without the scores
# of attention, which are never kept (Korthikanti et al. 2022, section 4.1), twice that in single
ACTIVATIONS = 2 * 34


class Plan(NamedTuple):
    """A study's runs, and what they take."""

    study: Study
    sections: list[Planned]
    works: dict[str, Work]  # of each run, by its name
    model: Model
    prices: Prices
    blind: str  # why finished runs were not looked for; "": they were
    guessed: list[str]  # splits whose number of rows is not known

    def seconds(self, runs: Iterable[Run]) -> float:
        """Of one device, those that are there left out."""
        return sum(self.prices.seconds(self.works[r.name]) for r in runs if not r.there)

    def bytes(self, runs: Iterable[Run]) -> float:
        """Of the disk, those that are there left out."""
        return sum(
            self.prices.bytes(self.works[r.name], measured.kept(r), self.model)
            for r in runs
            if not r.there
        )

    def schedule(self, devices: int) -> Schedule:
        """On so many devices."""
        price = {name: self.prices.seconds(w) for name, w in self.works.items()}
        return schedule.schedule(schedule.gates(self.sections, price, self.prices.page), devices)


def make(study: Study, device: str | None = None, utilisation: float = cost.UTILISATION) -> Plan:
    """The plan of `study`; XitError for an unknown device or a model of unknown shape."""
    model, rows = measured.shape(study), Counting(study)
    if device not in (None, "cpu"):
        cost.assumed(str(device), utilisation, model)  # refused before any data are looked at
    sections, blind = wanted.of(study)
    works = measured.sized(study, sections, rows)
    here = measured.here(study, sections, works)
    prices = cost.choose(here, model, device, utilisation)
    return Plan(study, sections, works, model, prices, blind, sorted(rows.guessed))


def memory(runs: Sequence[Run], model: Model, world: str) -> tuple[float, str]:
    """(bytes of the device, name) of the training that takes most; the name "" without any."""
    return max(((_memory(run, model, world), run.name[:-13]) for run in runs), default=(0.0, ""))


def _memory(run: Run, model: Model, world: str) -> float:
    """Bytes of a run at its peak: what training keeps, and the activations of a batch of inputs as
    long as they may be."""
    spec = run.spec
    if spec["kind"] == "scores" or "settings" not in spec or "batch_size" not in spec["settings"]:
        return 4.0 * model.parameters
    s, tokens = spec["settings"], 0.0
    if spec["kind"] == "pretrain":
        tokens = s["batch_size"] * s["max_length"]
    else:
        for name, told in (spec.get("parts") or {spec["task"]: s}).items():
            task = work.learnt(spec, name)
            ends = lengths.of(world, task, "train").sequences if task.kind == "choice" else 1
            tokens = max(tokens, told["batch_size"] * ends * told["max_length"])
    masked = 0.0
    if beside := spec.get("mlm"):
        masked = beside["batch_size"] * beside["max_length"] * beside["mask_rate"]
    if against := spec.get("adversary"):
        tokens += s["batch_size"] * against["max_length"]
    logits = masked * model.vocabulary * 3 * 4  # scores, their gradient, softmax
    return TRAINING * model.parameters + tokens * model.width * model.layers * ACTIVATIONS + logits


def plan(
    study: Study, devices: int, device: str | None = None, utilisation: float = cost.UTILISATION
) -> str:
    """All of it as text for the terminal."""
    told = make(study, device, utilisation)
    runs = [run for section in told.sections for run in section.runs()]
    left = [run for run in runs if not run.there]
    found, unit = told.schedule(devices), told.prices.unit
    most, which = memory(left, told.model, measured.world(study))
    there = "" if told.blind else f", {len(runs) - len(left):,} of them there already"
    lines = [
        f"study {study.name!r}: {len(runs):,} runs in {len(told.sections)} sections{there}; model "
        f"{study.model}, {told.model.parameters / 1e6:,.1f} million parameters",
        "",
        _table("section", told, lambda run: run.section.partition("/")[0]),
        "",
        _table("kind", told, lambda run: run.spec["kind"]),
        "",
        f"work:    {told.seconds(left) / 3600:,.2f} {unit}-hours of runs, and {len(told.sections)} "
        f"pages of about {told.prices.page:.0f} s each, should all be made again",
        f"wall:    {duration(found.seconds)} on {devices} {unit}{'s' * (devices > 1)}, where a "
        "section waits for those that it needs",
        f"longest: {duration(found.longest)}, on however many: {' → '.join(found.path)}",
        f"memory:  {terminal.size_in_words(round(most))} for {which}, its batch all of the longest "
        "inputs"
        if which
        else "memory:  nothing is left to run",
        f"disk:    {terminal.size_in_words(round(told.bytes(left)))} in runs/",
        "",
        f"Prices: {told.prices.source}.",
        "Lengths are means of measured rows; no training is taken to stop early: an upper bound.",
    ]
    if told.prices.memory and most > told.prices.memory:
        size = terminal.size_in_words(round(told.prices.memory))
        lines.append(f"That is more memory than the {size} of the device: choose a larger one.")
    lines += [f"Left out. {gap}." for gap in study.gaps]
    if told.blind:
        lines.append(f"Finished runs were not looked for: {told.blind}.")
    if told.guessed:
        lines.append(f"Rows not known, taken to be 1,000: {', '.join(told.guessed)}.")
    return "\n".join(lines)


def _table(head: str, told: Plan, of: Callable[[Run], str]) -> str:
    """A line a group of runs: how many, how many are there, what those that are left take."""
    groups: dict[str, list[Run]] = {}
    for section in told.sections:
        for run in section.runs():
            groups.setdefault(of(run), []).append(run)
    every = [run for group in groups.values() for run in group]
    rows = [[head, "runs", "there", f"{told.prices.unit}-hours", "share", "disk"]]
    whole = told.seconds(every) or 1.0
    for name, group in [*groups.items(), ("in all", every)]:
        seconds = told.seconds(group)
        there = "?" if told.blind else f"{sum(run.there for run in group):,}"
        size = terminal.size_in_words(round(told.bytes(group)))
        hours, share = f"{seconds / 3600:,.2f}", f"{100 * seconds / whole:.0f}%"
        rows.append([name, f"{len(group):,}", there, hours, share, size])
    return terminal.aligned(rows, right=(1, 2, 3, 4, 5))


def duration(seconds: float) -> str:
    """In the unit that a person would use."""
    for size, unit in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"
