"""What became of the rows on their way in: read, dropped, mended, split, truncated, how long.

    readings = rows.of_study(section)      # from the runs' own data.json
    rows.table(readings)                   # a line for each task, use and language
    rows.in_words(readings)

Of a hub as it lies there, without any run: xit/report/census.py.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from xit import specs
from xit.errors import XitError
from xit.report import tables
from xit.report.names import TITLES
from xit.report.section import Section
from xit.runs import Spec
from xit.study import READING
from xit.workers import Result

# What is counted (xit/data/clean.py, encode.py), by what it says to a reader.
DROPPED = ("no gold label", "empty", "no answer found", "nothing in a column")  # rows
SHORTENED = ("truncated", "questions truncated", "words truncated")  # inputs
UNKNOWN = float("nan")  # "–" in a table: does not apply, or was not counted
TRAIN, TUNE, SCORED, TEXT = "train", "early stopping", "scored", "held-out text"


class Reading(NamedTuple):
    """One dataset in one language, as `runs` runs have read it alike."""

    task: str
    use: str  # what for: TRAIN, TUNE, SCORED or TEXT
    phase: str  # "intermediate", "multi-task", "target"; of SCORED the split
    language: str
    counts: dict[str, int]  # {}: the run is older than the counting
    runs: int = 1


def of_runs(results: Iterable[Result]) -> list[Reading]:
    """The readings of runs at hand."""
    return _merged(x for r in results for x in _readings(r.spec, r.path))


def of_study(section: Section) -> list[Reading]:
    """The readings of all runs of the study's executed sections.

    XitError if a section has not been executed, or a run is not in the store any more.
    """
    names: dict[str, None] = {}
    for name in section.study.sections():
        if name.partition("/")[0] in READING:
            continue
        if (record := section.record(name)) is None:
            told = f"make book STUDY={section.study.name}"
            raise XitError(f"section {name} has not been executed yet: run `{told}`")
        names |= dict.fromkeys(line["run"] for line in record["runs"])
    paths = [specs.store().root / name for name in names]
    return _merged(x for path in paths for x in _readings(_spec(path), path))


def _spec(path: Path) -> Spec:
    try:
        return dict(json.loads((path / "spec.json").read_text()))
    except OSError as error:
        told = f"run {path.name} is not in the store any more: `make book` makes it again"
        raise XitError(told) from error


def _readings(spec: Spec, path: Path) -> Iterator[Reading]:
    """What one run has read; nothing of rows with noise, which are the same rows once more and
    have a page of their own (xit/report/robustness.py)."""
    if spec.get("noise"):
        return
    file = path / "data.json"
    told = json.loads(file.read_text()) if file.exists() else {}
    if spec["kind"] == "mlm_loss":
        for code, counts in told.items():
            yield Reading("text", TEXT, "", code, counts)
    elif spec["kind"] == "scores":
        for code in spec["languages"]:
            yield Reading(spec["task"], SCORED, spec["split"], code, told.get(code, {}))
    elif told and spec["kind"] in ("intermediate", "target"):  # a probe reads held-out text
        phase = "multi-task" if "parts" in told else spec["kind"]
        phase += f", {spec['length']} tokens" if "length" in spec else ""
        for part in told.get("parts", [told]):
            known = {TRAIN: part["dropped"] | part["encoding"], TUNE: part.get("tuning", {})}
            for use, counts in known.items():
                yield Reading(part.get("task", spec["task"]), use, phase, spec["language"], counts)


def _merged(readings: Iterable[Reading]) -> list[Reading]:
    """Each different reading once, with how many runs have it."""
    found: dict[str, Reading] = {}
    for one in readings:
        key = json.dumps(one[:-1], sort_keys=True)
        found[key] = one._replace(runs=found[key].runs + one.runs if key in found else one.runs)
    return list(found.values())


# -- tables --


def line(counts: Mapping[str, int]) -> dict[str, object]:
    """What a table says of counts; UNKNOWN for what does not apply or was not counted."""
    lost = {why: n for why in DROPPED if (n := counts.get(why, 0))}
    cut = [counts[what] for what in SHORTENED if what in counts]
    return {
        "rows read": counts.get("read", UNKNOWN),
        "dropped": sum(lost.values()) if counts else UNKNOWN,
        "why": ", ".join(f"{why}: {n}" for why, n in lost.items()) or "–",
        "words left out": counts.get("words left out", UNKNOWN),
        "answers realigned": counts.get("answers realigned", UNKNOWN),
        "answers not found": counts.get("answers not found", UNKNOWN),
        "longest": counts.get("longest", UNKNOWN),
        "room": counts.get("room", UNKNOWN),
        "truncated": sum(cut) if cut else UNKNOWN,
        "rows split": counts.get("split", UNKNOWN),
        "windows": counts.get("windows", UNKNOWN),
        "answers in no window": counts.get("answers in no window", UNKNOWN),
    }


def table(readings: Iterable[Reading]) -> pd.DataFrame:
    """A row each reading: task, use, phase or split, language, number of runs, then `line`."""
    named = TITLES
    rows = [
        {"task": named.get(r.task, r.task), "for": f"{r.use}, {r.phase}".removesuffix(", "),
         "language": r.language, "runs": r.runs} | line(r.counts)
        for r in readings
    ]  # fmt: skip
    return tidy(pd.DataFrame(rows))


def tidy(frame: pd.DataFrame) -> pd.DataFrame:
    """Without columns that say nothing of any row."""
    kept = frame.dropna(axis="columns", how="all")
    if "why" in kept and (kept["why"] == "–").all():
        kept = kept.drop(columns="why")
    return tables.whole(kept)


def learnt(readings: Iterable[Reading]) -> list[Reading]:
    """The readings of what was trained and tuned on."""
    return [r for r in readings if r.use in (TRAIN, TUNE)]


def scored(readings: Iterable[Reading]) -> list[Reading]:
    """The other ones."""
    return [r for r in readings if r.use not in (TRAIN, TUNE)]


def by_target(readings: Iterable[Reading]) -> dict[str, pd.DataFrame]:
    """Target's title → `table` of its languages; held-out text at the end."""
    found: dict[str, list[Reading]] = {}
    for one in readings:
        found.setdefault(TITLES.get(one.task, "Held-out text of phase 1"), []).append(one)
    order = sorted(found, key=lambda title: found[title][0].use == TEXT)
    return {title: table(found[title]).drop(columns="task") for title in order}


# -- words --


def in_words(readings: Sequence[Reading]) -> str:
    """Rows dropped, spans moved, inputs cut, and where: a line each; what did not happen too."""
    told = [r for r in readings if r.counts]
    read = sum(r.counts["read"] for r in told)
    lines = [
        f"- **Read**: {_many(read, 'row')} in {_many(len(told), 'reading')}: a dataset counts once "
        "for each language and each use that it is put to.",
        _not_counted(readings),
        _dropped(told),
        _moved(told),
        _cut(told),
        _split(told),
        _longest(told),
    ]
    return "\n".join(x for x in lines if x)


def refuting(readings: Sequence[Reading]) -> str:
    """How far what was dropped or cut could move a score: its largest share of what was read."""
    known = [r for r in readings if r.counts.get("read")]
    if not known:
        return "Nothing was counted, so nothing bounds what was lost."
    share = [100 * _sum([r], [*DROPPED, *SHORTENED]) / r.counts["read"] for r in known]
    most = max(share)
    if not most:
        return "No scored row was dropped or cut, so none of it can have moved a score."
    touched = sum(x > 0 for x in share)
    worst = known[share.index(most)]
    text = f"In {touched} of {len(known)} readings scored rows were dropped or cut, most of all in "
    text += f"{TITLES.get(worst.task, TEXT)} {worst.language}: {most:.1f}%. Had all of these been "
    return text + f"right, or all wrong, an accuracy there would move by up to {most:.1f} points."


def _not_counted(readings: Sequence[Reading]) -> str:
    silent = sum(not r.counts for r in readings)
    before = sum("longest" not in r.counts for r in readings) - silent
    if not silent and not before:
        return ""
    return (
        f"- **Not counted**: nothing in {_many(silent, 'reading')}, no lengths in {before} more: "
        "their runs were made before these were counted. What follows is about the others."
    )


def _sum(told: Iterable[Reading], whats: Iterable[str]) -> int:
    return sum(r.counts.get(what, 0) for r in told for what in whats)


def _dropped(told: list[Reading]) -> str:
    lost = {why: n for why in DROPPED if (n := _sum(told, [why]))}
    if not lost:
        return "- **Dropped**: no row."
    reasons = "; ".join(f"{why}: {n:,}" for why, n in lost.items())
    many = _many(sum(lost.values()), "row")
    return f"- **Dropped**: {many} ({reasons}), {_where(told, DROPPED)}."


def _many(n: int, what: str) -> str:
    return f"{n:,} {what}{'s' * (n != 1)}"


def _moved(told: list[Reading]) -> str:
    if not any("answers realigned" in r.counts for r in told):
        return ""  # nothing here has answers in a passage
    moved, gone = (_sum(told, [what]) for what in ("answers realigned", "answers not found"))
    text = "- **Mended**: every answer stood at its offset."
    if moved:
        text = f"- **Mended**: {_many(moved, 'answer')} did not stand at the given offset: moved "
        text += f"to the nearest place that fits, {_where(told, ['answers realigned'])}."
    if gone:
        text += f" {_many(gone, 'answer')} found nowhere in the passage and left out, "
        text += f"{_where(told, ['answers not found'])}."
    return text


def _cut(told: list[Reading]) -> str:
    cut = _sum(told, SHORTENED)
    if not cut:
        return "- **Truncated**: nothing."
    return f"- **Truncated**: {_many(cut, 'input')}, {_where(told, SHORTENED)}."


def _split(told: list[Reading]) -> str:
    if not any("split" in r.counts for r in told):
        return ""  # nothing here is read in windows
    text = "- **Split**: no row; each fits into one window."
    if split := _sum(told, ["split"]):
        text = f"- **Split into several windows**: {_many(split, 'row')}, "
        text += f"{_where(told, ['split'])}."
    trained = [r for r in told if r.use == TRAIN]
    if lost := _sum(trained, ["answers in no window"]):
        text += f" Training takes {_many(lost, 'question')} for unanswerable, as no window holds "
        text += f"the whole answer: {_where(trained, ['answers in no window'])}."
    return text


def _longest(told: list[Reading]) -> str:
    known = [r for r in told if "longest" in r.counts]
    if not known:
        return ""
    most = max(known, key=lambda r: r.counts["longest"])
    text = f"- **Longest**: {most.counts['longest']:,} tokens, special ones included "
    return text + f"({_place(most)}), where an input has room for {most.counts['room']:,}."


def _where(told: list[Reading], whats: Sequence[str], most: int = 3) -> str:
    """ "most in A (5), B (3), C (1) and 2 more places"; a place is a task, use and language."""
    found: Counter[str] = Counter()
    for r in told:
        found[_place(r)] += _sum([r], whats)
    places = [(place, n) for place, n in found.most_common() if n]
    text = ", ".join(f"{place} ({n:,})" for place, n in places[:most])
    rest = len(places) - most
    return f"most in {text} and {rest} more" if rest > 0 else f"in {text}"


def _place(r: Reading) -> str:
    if r.use == TEXT:
        return f"{TEXT} {r.language}"
    return f"{TITLES.get(r.task, r.task)} {r.language}, {r.use}"
