"""Two studies side by side, or one as changed beside itself: what differs, and what moved with it.

    told = compare.studies("lab", "smoke")      # also compare.studies("lab", "lab")
    told.targets, told.cells, told.changes      # tables of differences B − A, with intervals

Over the cells (intermediate task, target, language, seed) that both have, from the records of their
executed target sections. Scores of invented languages are never set against those of natural ones.
xit/report/compare_page.py writes it down.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from xit import changes, specs, tasks
from xit import study as studies_
from xit.errors import XitError
from xit.report import change, effects, page, results
from xit.report.change import CELL, Side
from xit.report.names import TITLES
from xit.report.section import Section
from xit.settings import SETTINGS
from xit.study import Study

EVERY = "every"  # in the place of an intermediate task: the mean over all that both have
INVENTED = re.compile("q[a-t][a-z]")  # ISO 639-2 keeps qaa to qtz for private use


class One(NamedTuple):
    """One side: a study as executed, or as its file says."""

    called: str
    study: Study
    changed: dict[str, changes.Differing]  # section → parameters that are not the study's
    runs: Side


class Comparison(NamedTuple):
    """What differs between A and B, and by how much their scores do (B − A, points)."""

    a: One
    b: One
    settings: pd.DataFrame  # setting, a, b: those that differ
    notes: list[str]  # what the numbers mean, and what is left out
    targets: pd.DataFrame  # a row a target: mean over the intermediate tasks; `change.cells`
    cells: pd.DataFrame  # a row an intermediate task and target
    changes: pd.DataFrame  # likewise, of the changes against no intermediate task
    languages: pd.DataFrame  # a row a target and language; `change.by_language`

    @property
    def comparable(self) -> bool:
        """Whether differences of scores mean anything."""
        return invented(self.a.study) == invented(self.b.study)


def studies(a: str, b: str) -> Comparison:
    """The studies called `a` and `b` as last executed; of one study with itself, as its file says
    and as changed. XitError for an unknown name, a study that is not built, or no change."""
    for name in (a, b):  # an unknown name is told before anything else
        studies_.load(name)
    one, other = (_executed(name) for name in (a, b))
    if a == b:
        if not other.changed:
            raise XitError(
                f"study {a!r} is compared with itself, and none of its parameters is changed: "
                "change one with `make section`, or name another study"
            )
        one = _unchanged(one.study, other.changed)
        other = other._replace(called=f"{b} as changed")
    differ = settings(one, other)
    if invented(one.study) != invented(other.study):
        nothing = pd.DataFrame()
        note = (
            "Not comparable: one study is about invented languages, the other about natural ones. "
            "No differences of scores are shown."
        )
        return Comparison(one, other, differ, [note], nothing, nothing, nothing, nothing)
    return _compared(one, other, differ)


def invented(study: Study) -> bool:
    """Whether its languages are the lab's: from its hub, or by the code of its source language."""
    lab = study.hub == "lab" or (study.hub or "").startswith("lab:")
    return lab or bool(INVENTED.fullmatch(study.source))


def _executed(name: str) -> One:
    """Study `name` as last executed, on the data that it was executed with."""
    found = changes.record(studies_.load(name), "target/none") or {}
    hub = found.get("parameters", {}).get("hub")
    section = Section("results", study=name, hub=hub)
    study, runs = section.study, Side()
    for record in section.records("target").values():
        runs |= change.recorded(record["runs"], "target", study)
    return One(name, study, changes.upstream(study, "results"), _there(runs))


def _unchanged(study: Study, changed: dict[str, changes.Differing]) -> One:
    """Study `study` as its file says, as far as its runs are in the store; of what is `changed` it
    has its own values."""
    runs = Side()
    for section in study.sections():
        if section.startswith("target/"):
            runs |= change.named(change.Unchanged(study, section))
    own = {s: {k: (was, was) for k, (_, was) in told.items()} for s, told in changed.items()}
    return One(f"{study.name} unchanged", study, own, _there(runs))


def _there(runs: Side) -> Side:
    store = specs.store()
    return {key: path for key, path in runs.items() if store.sound(path.name)}


# -- what differs --


def settings(a: One, b: One) -> pd.DataFrame:
    """One row a setting that differs: setting, a, b; of lists what the other has not."""
    rows = []
    one, other = _plain(a), _plain(b)
    for name in [*one, *(n for n in other if n not in one)]:
        mine, yours = one.get(name, "–"), other.get(name, "–")
        if isinstance(mine, tuple) and isinstance(yours, tuple):
            mine, yours = (_more(x, y) for x, y in ((mine, yours), (yours, mine)))
        if mine != yours:
            rows.append((name, str(mine), str(yours)))
    for task in _both(a.study.intermediate, b.study.intermediate):
        rows += _hyper("intermediate", tasks.intermediate(task), a.study, b.study)
    for task in _both(a.study.targets, b.study.targets):
        for step in tasks.trained(tasks.target(task)):
            rows += _hyper("target", step, a.study, b.study)
    return pd.DataFrame(list(dict.fromkeys(rows)), columns=["setting", "a", "b"])


def _plain(side: One) -> dict[str, object]:
    study = side.study
    told: dict[str, object] = {
        "model": study.model,
        "data": study.hub or "the Hugging Face Hub",
        "source language": study.source,
        "intermediate tasks": study.intermediate,
        "target tasks": study.targets,
        "seeds": tuple(map(str, range(study.seed, study.seed + study.num_seeds))),
        "split scored": study.split,
        "layer of retrieval": str(study.retrieval_layer),
    }
    told |= {f"languages of {TITLES[t]}": study.languages_of(t) for t in study.targets}
    for section, changed in side.changed.items():
        told |= {f"{section}: {k}": change.shown(section, v) for k, (v, _) in changed.items()}
    return told


def _more(mine: tuple[str, ...], other: tuple[str, ...]) -> str:
    more = [name for name in mine if name not in other]
    return f"also {', '.join(more)}" if more else "–"


def _both(mine: tuple[str, ...], other: tuple[str, ...]) -> list[str]:
    return [name for name in mine if name in other]


def _hyper(phase: str, task: tasks.Task, a: Study, b: Study) -> list[tuple[str, str, str]]:
    one, other = (study.settings(phase, task) for study in (a, b))
    return [
        (f"{phase} {task.title}: {k.replace('_', ' ')}", page.number(one[k]), page.number(other[k]))
        for k in SETTINGS
        if one[k] != other[k]
    ]


# -- what moved --


def _compared(a: One, b: One, differ: pd.DataFrame) -> Comparison:
    keys = [k for k in b.runs if k in a.runs]
    moved = {k[:2] for k in keys if a.runs[k] != b.runs[k]}
    notes = _notes(a, b, len(keys), len({k[:2] for k in keys}) - len(moved))
    nothing = pd.DataFrame()
    if not keys or not moved:
        return Comparison(a, b, differ, notes, nothing, nothing, nothing, nothing)
    was, now = (change.scored({k: s.runs[k] for k in keys}, s.study) for s in (a, b))
    pairs, family = change.pair(now, was), effects.families(b.study)
    if not len(pairs):
        told = [*notes, "No target was scored in the same language on both sides."]
        return Comparison(a, b, differ, told, nothing, nothing, nothing, nothing)
    shown = pairs[[k in moved for k in zip(pairs["intermediate"], pairs["target"], strict=True)]]
    others = _zero_shot(shown, a, b)
    alike = others[[k in _alike(a, b, moved) for k in zip(*(others[c] for c in CELL), strict=True)]]
    items = change.items(alike, b.runs, a.runs, b.study) if len(alike) else {}
    cells = change.cells(others, family, items) if len(others) else nothing
    every = _averaged(shown)
    middle = _zero_shot(every, a, b)
    targets = change.cells(middle, family) if len(middle) else nothing
    gained = _gained(was, now, a, b)
    gains = change.cells(gained, family) if len(gained) else nothing
    languages = change.by_language(every) if len(every) else nothing
    return Comparison(a, b, differ, notes, targets, cells, gains, languages)


def _zero_shot(pairs: pd.DataFrame, a: One, b: One) -> pd.DataFrame:
    return pairs[~pairs["language"].isin([a.study.source, b.study.source])]


def _averaged(pairs: pd.DataFrame) -> pd.DataFrame:
    """`pairs` as means over the intermediate tasks, over the seeds that all of them have."""
    tasks_ = pairs.groupby("target")["intermediate"].transform("nunique")
    key = ["target", "seed"]
    kept = pairs[pairs.groupby(key)["intermediate"].transform("nunique") == tasks_]
    groups = kept.groupby(["target", "language", "seed", "split", "metric"], sort=False)
    means = groups[["was", "now", "change"]].mean()
    means["collapsed"] = groups["collapsed"].any()
    return means.reset_index().assign(intermediate=EVERY)


def _gained(was: pd.DataFrame, now: pd.DataFrame, a: One, b: One) -> pd.DataFrame:
    """`change.pair` of the changes against no intermediate task; no rows without that."""
    sides = []
    for scores in (now, was):
        key = ["target", "language", "seed", "split", "metric"]
        base = scores[scores["intermediate"] == "none"]
        with_base = scores.merge(base[key], on=key)
        if not len(base) or (with_base["intermediate"] == "none").all():
            return pd.DataFrame()
        sides.append(results.change(with_base))
    pairs = _zero_shot(change.pair(sides[0], sides[1], "change"), a, b)
    same = pairs.groupby(CELL)["change"].transform(lambda x: (x == 0).all())
    return pairs[~same.astype(bool)]


def _alike(a: One, b: One, cells: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """The cells in which both sides have scored the same test items."""
    ours, theirs = a.study, b.study
    if (ours.model, ours.retrieval_layer) != (theirs.model, theirs.retrieval_layer):
        return set()
    one, other = ({k[:2]: p for k, p in side.runs.items()} for side in (a, b))
    return {c for c in cells if _data(one[c]) == _data(other[c])}


def _data(run: Path) -> Mapping[str, object]:
    return dict(json.loads((run / "spec.json").read_text())["languages"])


def _notes(a: One, b: One, runs: int, untouched: int) -> list[str]:
    if not runs:
        return [
            "Nothing to compare: no intermediate task, target and seed has been scored on both "
            "sides."
        ]
    told = [
        f"{runs} pairs of runs, by intermediate task, target and seed. Differences are B − A in "
        "points, means over the languages that both have but the source, with 95% intervals for "
        "these languages."
    ]
    if a.study.model != b.study.model:
        told.append(
            f"The models differ ({a.study.model} and {b.study.model}): a difference of scores says "
            "which is better, not why; the changes against no intermediate task compare the method."
        )
    if a.study.hub != b.study.hub:
        told.append(
            f"The data differ ({a.study.hub or 'the Hub'} and {b.study.hub or 'the Hub'}): other "
            "training or test rows, so part of any difference is the rows'. Intervals tell "
            "only of seeds where the test items are not the same."
        )
    if invented(a.study):
        told.append("Both are about invented languages: no evidence about natural ones.")
    if untouched:
        told.append(f"{untouched} cells are the same runs on both sides and left out.")
    return told
