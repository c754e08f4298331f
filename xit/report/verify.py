"""Is it the study that the project ships? The scores of a rebuild held against those shipped.

    told = verify.of(study)      # None where the project ships none of this study
    told.tables                  # a row a table of the book: its verdict, and what it rests on
    told.tests                   # a row a difference that was tested

Runs are matched by their names, which are hashes of all that determines them: the same name is the
same experiment. What has the readable part of a name in common only was *defined otherwise*, by a
changed study file, parameter, recipe, or by other data, and is not compared. xit/report/
verify_words.py writes it down.
"""

import math
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xit import changes
from xit.report import shipped, stats
from xit.report.shipped import Told
from xit.report.stats import Floats
from xit.study import Study
from xit.study_file import ABLATIONS

IDENTICAL, NOISE, DIFFERENT = "identical", "within seed noise", "different"
UNTOLD, OTHERWISE, MISSING = "no interval", "defined otherwise", "missing"
HOLDS = (IDENTICAL, NOISE)
ALPHA = 0.05
ROUNDING = 1e-6  # points: a sum in another order, no difference
# The rule, for the pages.
RULE = (
    "*Identical*: every score is the same to the bit. *Within seed noise*: not so, but no tested "
    "difference is larger than its seeds explain. Tested are, for each target and each of its "
    "metrics, the mean over languages after each intermediate task, that over all of them, and "
    "each language over all of them: rebuilt − shipped, in points. Its standard error is "
    "s √(1/n + 1/n) for n runs on each side; s is the standard deviation between the seeds of one "
    "intermediate task, pooled over both sides and all intermediate tasks, for a single task its "
    "own where that is larger. *Different*: of these t-tests at least one has p < 0.05 after "
    "Holm's correction for all tests of the table. *No interval*: scores differ, and no task was "
    "run with two seeds. *Defined otherwise* and *missing*: nothing to compare."
)
MAIN = "target"  # the table of these: the models as they are, and the targets after each task
_OF_MAIN = ("multilingual_model", "intermediate", "target")
SCORE = ["run", "language", "split", "metric", "layer", "pooling"]  # what tells two scores apart
GROUP = ["target", "split", "metric", "layer", "pooling", "checkpoint", "noise", "noise_rate"]
ALL = ""  # of a test: over all intermediate tasks, or all languages


class Verified(NamedTuple):
    """A rebuild beside what is shipped."""

    study: Study
    tables: pd.DataFrame  # a row a table: COLUMNS of `_table`
    tests: pd.DataFrame  # a row a difference: table, GROUP, intermediate, language, difference, …
    missing: list[str]  # runs that are shipped, and not here
    otherwise: list[str]  # likewise, where one of the same readable name is here
    extra: list[str]  # runs that are here and were never shipped
    definition: pd.DataFrame  # what differs in the study: setting, shipped, here
    made_on: pd.DataFrame  # versions and hardware that differ: what, shipped, here
    changed: list[str]  # sections whose parameters the reader has changed
    unexecuted: list[str]  # sections not executed here

    @property
    def verdict(self) -> str:
        """The worst of the tables'."""
        told = set(self.tables["verdict"])
        every = (DIFFERENT, UNTOLD, OTHERWISE, MISSING, NOISE)
        return next((v for v in every if v in told), IDENTICAL)

    @property
    def holds(self) -> bool:
        """Whether all that is shipped came out again: identical or within seed noise."""
        return self.verdict in HOLDS and not self.missing and not self.otherwise


def of(study: Study) -> Verified | None:
    """What was executed of `study` here, beside what the project ships of it; None if nothing.

    XitError where nothing has been executed, or the shipped scores cannot be read.
    """
    theirs = shipped.read(study)
    if theirs is None:
        return None
    ours = shipped.executed(study)
    here = shipped.definition(study), shipped.made_on(ours["run"].unique())
    tables, tests, sides = compared(theirs.scores, ours)
    return Verified(
        study,
        tables,
        tests,
        *sides,
        _differing(theirs.definition, here[0]),
        _differing(theirs.made_on, here[1]),
        list(changes.upstream(study, "verify")),
        shipped.unexecuted(study),
    )


def _differing(theirs: Told, ours: Told) -> pd.DataFrame:
    """One row a name whose value differs: what, shipped, here; "–" where there is none."""
    names = [*theirs, *(n for n in ours if n not in theirs)]
    rows = [(n, theirs.get(n, "–"), ours.get(n, "–")) for n in names]
    return pd.DataFrame([r for r in rows if r[1] != r[2]], columns=["what", "shipped", "here"])


def compared(
    theirs: pd.DataFrame, ours: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, tuple[list[str], list[str], list[str]]]:
    """(tables, tests, (missing, otherwise, extra)) of two frames of every_score.COLUMNS."""
    about = [c for c in theirs if c not in (*SCORE, "value")]
    both = theirs.merge(ours, on=SCORE, how="outer", suffixes=("", "_here"), indicator="side")
    for name in about:  # a score that is here only has nothing shipped said of it
        both[name] = both[name].fillna(both[f"{name}_here"])
    both["table"] = both["section"].map(table_of)
    matched = set(theirs["run"]) & set(ours["run"])
    gone, new = (_apart(x, matched) for x in (theirs["run"], ours["run"]))
    slugs = Counter(map(_slug, new))
    otherwise = [run for run in gone if slugs[_slug(run)]]
    told = {_slug(run) for run in otherwise}
    sides = ([run for run in gone if run not in set(otherwise)], otherwise,
             [run for run in new if _slug(run) not in told])  # fmt: skip
    rows, tests = [], []
    for name in [t for t in (MAIN, *ABLATIONS) if (both["table"] == t).any()]:
        part = both[both["table"] == name]
        shared = part[part["side"] == "both"]
        found = differences(shared.rename(columns={"value": "was", "value_here": "now"}))
        if len(found):
            tests.append(found.assign(table=name))
        rows.append(_table(name, part, shared, found, sides))
    every = pd.concat(tests, ignore_index=True) if tests else pd.DataFrame()
    return pd.DataFrame(rows), every, sides


def table_of(section: str) -> str:
    """The table of the book that the scores of `section` are in."""
    phase = section.partition("/")[0]
    return MAIN if phase in _OF_MAIN else phase


def _apart(names: Iterable[str], matched: set[str]) -> list[str]:
    return sorted(set(names) - matched)


def _slug(run: str) -> str:
    """The readable part of a run's name."""
    return run.rpartition("-")[0]


def _table(
    name: str,
    part: pd.DataFrame,
    shared: pd.DataFrame,
    found: pd.DataFrame,
    sides: tuple[list[str], list[str], list[str]],
) -> dict[str, object]:
    """One row of `Verified.tables`."""
    runs = set(part["run"])
    missing, otherwise, extra = (sum(run in runs for run in side) for side in sides)
    here = set(shared["run"])
    lost = int(((part["side"] == "left_only") & part["run"].isin(here)).sum())
    equal = int((shared["value"] == shared["value_here"]).sum())
    largest = found["difference"].abs().max() if len(found) else math.nan
    return {
        "table": name,
        "verdict": _verdict(len(shared), equal, lost, found, otherwise),
        "scores": len(shared),
        "equal": equal,
        "tests": number_of_tests(shared),
        "largest": 0.0 if equal == len(shared) and len(shared) else largest,
        "p": found["adjusted"].min() if len(found) else math.nan,
        "missing": missing,
        "otherwise": otherwise,
        "extra": extra,
    }


def _verdict(shared: int, equal: int, lost: int, found: pd.DataFrame, otherwise: int) -> str:
    if not shared:
        return OTHERWISE if otherwise else MISSING
    if lost:  # a run with the same name that has fewer scores is no rebuild of it
        return DIFFERENT
    if equal == shared:
        return IDENTICAL
    if (found["adjusted"] < ALPHA).any():
        return DIFFERENT
    return UNTOLD if found["p"].isna().any() else NOISE


# -- seed noise --


def differences(pairs: pd.DataFrame) -> pd.DataFrame:
    """One row a tested difference of the shared scores of one table, where anything differs: GROUP,
    intermediate, language (ALL: over all), was, now, difference (points), low, high (95%, not
    corrected), p, adjusted (Holm, for `number_of_tests`). See RULE.

    `pairs`: intermediate, language, run, GROUP, was, now; a row a score.
    """
    rows: list[dict[str, object]] = []
    moved = pairs[pairs["was"] != pairs["now"]][GROUP].drop_duplicates()
    for key, part in pairs.merge(moved, on=GROUP).groupby(GROUP, dropna=False, sort=False):
        rows += [dict(zip(GROUP, key, strict=True)) | row for row in _of_group(part)]
    columns = [*GROUP, "intermediate", "language", "was", "now", "difference", "low", "high", "p"]
    found = pd.DataFrame(rows, columns=columns)
    rest = [1.0] * (number_of_tests(pairs) - len(found))  # where nothing differs
    return found.assign(adjusted=stats.holm([*found["p"], *rest])[: len(found)])


def number_of_tests(pairs: pd.DataFrame) -> int:
    """How many differences of one table are tested: Holm's family."""
    counts = pairs.groupby(GROUP, dropna=False)[["intermediate", "language"]].nunique()
    # one task or one language is the same test as over all
    return len(counts) + int(counts[counts > 1].fillna(0).to_numpy().sum())


def _of_group(part: pd.DataFrame) -> list[dict[str, object]]:
    """The tests of one target and metric: over all, each intermediate task, each language."""
    index = ["intermediate", "run"]
    sides = [part.pivot(index=index, columns="language", values=v) for v in ("was", "now")]
    languages = [str(code) for code in sides[0]]
    tasks, names = pd.factorize(sides[0].index.get_level_values("intermediate"))
    # (runs, 1 + languages): the mean over languages first
    was, now = (np.column_stack([s.mean(axis=1), s]).astype(float) for s in sides)
    squares, freedom = _spread(was, now, tasks)
    pooled = squares.sum(0) / freedom.sum() if freedom.sum() else np.full(was.shape[1], math.nan)
    rows = []
    for i, code in enumerate([ALL, *languages] if len(languages) > 1 else [ALL]):
        there = ~np.isnan(was[:, i])
        one = was[there, i], now[there, i]
        rows.append({"intermediate": ALL, "language": code} | _test(*one, pooled[i], freedom.sum()))
    for i, name in enumerate(names if len(names) > 1 else []):
        own = squares[i, 0] / freedom[i] if freedom[i] else 0.0
        one = was[tasks == i, 0], now[tasks == i, 0]
        tested = _test(*one, max(own, pooled[0]), freedom.sum())
        rows.append({"intermediate": name, "language": ALL} | tested)
    return rows


def _spread(was: Floats, now: Floats, tasks: NDArray[np.intp]) -> tuple[Floats, Floats]:
    """Between the seeds of each task, on both sides: (sums of squares (tasks, columns), degrees of
    freedom (tasks)). A language that a run lacks adds nothing."""
    squares, freedom = [], []
    for i in range(int(tasks.max()) + 1):
        own = [side[tasks == i] for side in (was, now)]
        squares.append(sum(np.nansum((x - _mean(x)) ** 2, axis=0) for x in own))
        freedom.append(2.0 * (len(own[0]) - 1))
    return np.array(squares), np.array(freedom)


def _mean(values: Floats) -> Floats:
    there = ~np.isnan(values)
    return np.asarray(np.nansum(values, axis=0) / np.maximum(1, there.sum(0)))


def _test(was: Floats, now: Floats, variance: float, freedom: float) -> dict[str, object]:
    """The difference of two means of as many runs, 95% interval and two-sided p; NaN if unknown."""
    moved = float(now.mean() - was.mean())
    told: dict[str, object] = {"was": float(was.mean()), "now": float(now.mean())}
    told["difference"] = moved
    if not freedom:
        p = 1.0 if abs(moved) < ROUNDING else math.nan
        return told | {"low": math.nan, "high": math.nan, "p": p}
    error = math.sqrt(max(variance, ROUNDING**2) * 2 / len(was))
    half = stats.t_quantile(1 - ALPHA / 2, freedom) * error
    p = 1.0 if abs(moved) < ROUNDING else 2 * stats.t_tail(abs(moved) / error, freedom)
    return told | {"low": moved - half, "high": moved + half, "p": float(p)}
