"""What changed parameters have changed: a page's scores beside those of the study without them.

    told = change.of_page(section)     # None where nothing is changed
    told.found                         # a row a cell: both scores, the difference, its intervals

What the page would be without changes follows from the study alone; those runs are looked up in the
run store, and never trained for a comparison. Paired by target, language and seed, over the seeds
that both have; differences are changed − unchanged, in points. xit/report/change_page.py shows it.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from xit import changes, specs, tasks
from xit.changes import Differing
from xit.report import collapse, effects, page, stats, tables
from xit.report.effects import CELL, Items
from xit.report.section import Section
from xit.runs import Spec
from xit.study import Study
from xit.workers import Result

PAIR = [*CELL, "language", "seed", "split", "metric"]
Key = tuple[str, str, int]  # after which intermediate task, target, seed
Side = dict[Key, Path]  # → the run whose score it is


class Unchanged(Section):
    """A section as its study has it. It names runs and makes none."""

    def __init__(self, study: Study, name: str) -> None:
        self.study, self.name, self.phase = study, name, name.partition("/")[0]
        self.parameters, self.made = changes.usual(study, name), []

    def run(self, wanted: Sequence[Sequence[Spec]]) -> list[list[Result]]:
        """Where the runs of all chains are or would be."""
        store = specs.store()
        return [[Result(s, store.path(s), True) for s in chain] for chain in wanted]

    def record(self, section: str) -> dict | None:
        """None: how other sections were executed does not count."""
        return None


class Compared(NamedTuple):
    """A page beside its unchanged study."""

    section: str
    parameters: dict[str, Differing]  # of this section, and of those that it goes on from
    here: Side  # the page's runs
    study: Side  # the unchanged ones, as far as they are in the store
    missing: list[str]  # names of those that are not
    pairs: pd.DataFrame  # PAIR, was, now, change, collapsed; without cells of the same runs
    found: pd.DataFrame  # one row a cell of `pairs`, as from `cells`; the zero-shot languages
    languages: pd.DataFrame  # likewise, one row a cell and language, the source included

    @property
    def shared(self) -> list[Key]:
        """What both have a run of."""
        return [key for key in self.here if key in self.study]

    @property
    def same(self) -> list[Key]:
        """Of `shared`, where it is one run."""
        return [key for key in self.shared if self.here[key] == self.study[key]]


def shown(section: str, value: object) -> str:
    """A parameter's value for readers; where targets have none in common, it is each target's."""
    if value is None and section.startswith("target/"):
        return "each target's"
    return ", ".join(map(str, value)) if isinstance(value, list) else page.number(value)


# -- which runs --


def of_page(section: Section) -> Compared | None:
    """The page of `section` beside that of the unchanged study; None where no parameter of it, and
    of what it goes on from, is changed, and where the page has no scores of its own."""
    told = changes.reasons(section.study, section.name, section.parameters)
    if not told or not changes.has_scores(section.study, section.name):
        return None
    study = section.study
    if section.phase == "results":
        here, wanted = dict[Key, Path](), dict[Key, Path]()
        for name, record in section.records("target").items():
            if f"target/{name}" in told or changes.upstream(study, f"target/{name}"):
                here |= recorded(record["runs"], "target", study)
                wanted |= named(Unchanged(study, f"target/{name}"))
    else:
        here = recorded(section.made, section.phase, study)
        wanted = named(Unchanged(study, section.name))
    cells = {key[:2] for key in here}
    return compared(section, told, here, {k: p for k, p in wanted.items() if k[:2] in cells})


def compared(section: Section, told: dict[str, Differing], here: Side, wanted: Side) -> Compared:
    """The comparison of the runs `here` with those `wanted` of the unchanged study."""
    study, store = section.study, specs.store()
    here = {k: p for k, p in here.items() if store.sound(p.name)}
    there = {k: p for k, p in wanted.items() if store.sound(p.name)}
    missing = sorted({p.name for k, p in wanted.items() if k not in there})
    both = [k for k in here if k in there]
    moved = {k[:2] for k in both if here[k] != there[k]}
    keys = [k for k in both if k[:2] in moved]
    trained = section.phase == "intermediate"
    pairs, found, languages = pd.DataFrame(), pd.DataFrame(), pd.DataFrame()
    if keys:
        read = learnt if trained else scored
        now, was = (read({k: side[k] for k in keys}, study) for side in (here, there))
        pairs, family = pair(now, was), effects.families(study)
        own = {} if trained else items(pairs, here, there, study)
        found = cells(pairs if trained else zero_shot(pairs, study), family, own)
        languages = by_language(pairs, own)
    return Compared(section.name, told, here, there, missing, pairs, found, languages)


def named(section: Section) -> Side:
    """What the page of `section` would be made of."""
    study = section.study
    trained = (r for chain in section.run(wanted(section)) for r in chain)
    return {_key(r.spec): r.path for r in trained if _counts(r.spec, section.phase, study)}


def wanted(section: Section) -> list[list[Spec]]:
    """The chains of the runs whose scores the page of `section` shows."""
    if section.phase == "target":
        names = section.parameters["targets"] or list(section.study.targets)
        assert isinstance(names, list)
        return section.target_chains(names)
    if section.phase == "intermediate":
        return section.intermediate_chains()
    if section.phase == "selection":
        return section.chains_along()
    names = section.parameters["variants"]
    assert isinstance(names, list)
    if section.phase == "source_language":  # as on its page, without what cannot be had
        from xit.report import source_language

        names, _ = source_language.reachable(section.study, names)
    trained = section.run(section.variant_chains(names))
    if section.phase == "adversarial":
        from xit.report import adversarial

        return adversarial.chains_after(section, trained)
    if section.phase == "length_noise":  # beside them, on its page, none
        from xit import chains

        plain, seeds = section.parameters["targets"], section.seeds()
        assert isinstance(plain, list)
        parents = [specs.base(section.study)] * len(seeds)
        after = section.chains_after(trained, names)
        return [*chains.targets(section.study, "none", plain, seeds, parents), *after]
    return section.chains_after(trained, names)


def recorded(lines: Iterable[dict], phase: str, study: Study) -> Side:
    """The runs of a record that a page of `phase` shows, as far as they are in the store."""
    found: Side = {}
    for line in lines:
        path = specs.store().root / line["run"]
        try:
            spec = json.loads((path / "spec.json").read_text())
        except OSError:
            continue
        spec["where"] = {"seed": line["seed"], "after": line["after"]}  # a run may be of several
        if _counts(spec, phase, study):
            found[_key(spec)] = path
    return found


def _counts(spec: Spec, phase: str, study: Study) -> bool:
    """Whether a page of `phase` shows the score of the run: no state on the way, no noise."""
    if phase == "intermediate":
        return bool(spec["kind"] == "intermediate")
    if spec["kind"] != "scores" or spec.get("noise") or spec.get("checkpoint"):
        return False
    usual = specs.scored_split(study, tasks.target(spec["task"])).split
    return bool(spec["split"] == usual and not spec.get("examples"))


def _key(spec: Spec) -> Key:
    if spec["kind"] == "intermediate":
        name = str(specs.variant_of(spec))
        return name, name, spec["seed"]
    return spec["where"]["after"], spec["task"], spec["where"]["seed"]


# -- their scores --


def scored(side: Side, study: Study) -> pd.DataFrame:
    """The scores (0-100) of the runs, as in the tables of results: main metric, all languages."""
    about = [
        (path, {"study": study.name, "intermediate": after, "target": target, "seed": seed})
        for (after, target, seed), path in side.items()
    ]
    return collapse.flag(tables.main(tables.run_scores(about, study)), study)


def learnt(side: Side, study: Study) -> pd.DataFrame:
    """The same of intermediate runs: the best score on the development data of the task itself."""
    rows = []
    for (name, target, seed), path in side.items():
        spec = json.loads((path / "spec.json").read_text())
        told = collapse.learnt(spec | {"where": {"hub": study.hub}}, path)
        rows.append((study.name, name, target, spec["language"], seed, "development", "best",
                     told.best, told.collapsed))  # fmt: skip
    columns = ["study", *CELL, "language", "seed", "split", "metric", "value", "collapsed"]
    return pd.DataFrame(rows, columns=columns)


def pair(now: pd.DataFrame, was: pd.DataFrame, column: str = "value") -> pd.DataFrame:
    """The rows of two tables of scores that both have: PAIR, `was`, `now`, `change` (points) and,
    where both tables have it, `collapsed`: whether either run has.

    A language counts where every seed of its cell has it.
    """
    kept = [*PAIR, column] + ["collapsed"] * ("collapsed" in now and "collapsed" in was)
    both = now[kept].merge(was[kept], on=PAIR, suffixes=("_now", "_was"), validate="one_to_one")
    told = both[PAIR].assign(was=both[f"{column}_was"], now=both[f"{column}_now"])
    told["change"] = told["now"] - told["was"]
    if "collapsed" in kept:
        told["collapsed"] = both["collapsed_now"] | both["collapsed_was"]
    seeds = told.groupby(CELL)["seed"].transform("nunique")
    there = told.groupby([*CELL, "language"])["seed"].transform("nunique")
    return told[seeds == there].reset_index(drop=True)


def zero_shot(pairs: pd.DataFrame, study: Study) -> pd.DataFrame:
    """`pairs` without the source language."""
    return pairs[pairs["language"] != study.source]


def items(pairs: pd.DataFrame, here: Side, there: Side, study: Study) -> Items:
    """What each test item has changed by, in points, for the cells of `pairs`; none of mining."""
    told: Items = {}
    for (after, target), part in pairs.groupby(CELL, sort=False):
        task = tasks.target(str(target))
        if task.kind == "mining":
            continue
        about: list[tuple[Path, dict[str, object]]] = []
        for seed in part["seed"].unique():
            key = str(after), str(target), int(seed)
            about.append((here[key], {"intermediate": "changed", "seed": int(seed)}))
            about.append((there[key], {"intermediate": "none", "seed": int(seed)}))
        frame = effects.read_items(about, study)
        changed = part.assign(intermediate="changed")
        found = effects.paired(frame, task.metric, str(target), changed)
        told[str(after), str(target)] = found["changed", str(target)]
    return told


# -- how far they moved --


def cells(pairs: pd.DataFrame, family: dict[str, str], told: Items | None = None) -> pd.DataFrame:
    """One row a cell, as from `effects.of`, with its means `was` and `now` (over languages and
    seeds) and `firm`: whether the interval for these languages leaves out zero."""
    grids = effects.grids(pairs, family, told)
    frame = effects.of(grids, pairs)
    means = pairs.groupby(CELL, sort=False)[["was", "now"]].mean().reset_index()
    frame = frame.merge(means, on=CELL, validate="one_to_one")
    return frame.assign(firm=[_firm(one) for one in frame["these"]])


def _firm(one: stats.Interval) -> bool:
    return one.there and 0 not in one


def by_language(pairs: pd.DataFrame, told: Items | None = None) -> pd.DataFrame:
    """One row a cell and language: CELL, language, was, now, mean, these (interval), seeds."""
    rows = []
    for (after, target, code), part in pairs.groupby([*CELL, "language"], sort=False):
        own = (told or {}).get((str(after), str(target)))
        one = stats.effect(stats.grid(part, {}, own and {str(code): own[str(code)]}))
        means = {"was": part["was"].mean(), "now": part["now"].mean()}
        rows.append(
            {"intermediate": after, "target": target, "language": code}
            | means
            | {"mean": one.mean, "these": one.these, "seeds": one.seeds}
        )
    return pd.DataFrame(rows)
