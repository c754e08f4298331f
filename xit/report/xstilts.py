"""The best intermediate task for each target, chosen on development data: the X-STILTs row.

    evidence = development(section, main)                       # what a choice can rest on
    choice = choose(evidence, main, "en")                       # one row a target
    firm = stability(evidence)                                  # how often each task is chosen

Phang et al. 2020 (the bottom of Table 2) take for each target the configuration that is best on
development data. Candidates here are the study's intermediate tasks and "none": who has only
English development data may as well find that nothing helps. Of equally good ones the first is
taken, and "none" is the first. Scores are 0-100, regrets and changes points.
"""

import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from xit import specs, tasks
from xit.errors import XitError, unknown
from xit.report import published, results, stacked
from xit.report.chance import UNTRAINED
from xit.report.names import TITLES
from xit.report.section import Section
from xit.score import metrics
from xit.settings import COMBINE
from xit.study import Study

RUN = ["target", "intermediate", "seed"]
# one row a unit (a development example or a language) of a run; its score is 100 · Σ points / Σ of
EVIDENCE = [*RUN, "unit", "points", "of"]
RESAMPLES = 1000


# -- what a choice rests on --


def on_scored_data(study: Study, target: str) -> bool:
    """Whether the choice is made on the very data that are scored: it is then optimistic.

    So for what is not trained and has one set only, as Tatoeba and LAReQA, or where dev is scored.
    """
    task = tasks.target(target)
    return task.kind in UNTRAINED and specs.scored_split(study, task) == task.dev


def development(section: Section, main: pd.DataFrame) -> pd.DataFrame:
    """EVIDENCE of all runs in `main` (the study's scores in each target's main metric).

    Of a fine-tuned target its best state's results on each source-language development example; of
    a target that is scored with another's model (MLQA: XQuAD's) that model's; of mining and of
    rankings the development score in each language; of retrieval, which has no other data, the
    scored accuracy in each language. XitError where a run has left no such results.
    """
    parts = [_scored(main[main["target"] == t]) for t in section.study.targets
             if tasks.target(t).kind == "retrieval"]  # fmt: skip
    records = section.records("target")
    for target in section.study.targets:
        task = tasks.target(target)
        scored = task.kind in ("mining", "ranking")
        what = ("scores" if scored else "target", task.model_of or target)
        runs = {  # a model that scores two targets is listed with each of them
            (after, line["seed"]): line["run"]
            for after, record in records.items()
            for line in record["runs"]
            if (line["kind"], line["task"]) == what
        }
        about = [
            (specs.store().root / run, {"target": target, "intermediate": after, "seed": seed})
            for (after, seed), run in runs.items()
        ]
        if about:
            parts.append(_left(about, task))
    evidence = pd.concat(parts, ignore_index=True)
    evidence = evidence.merge(main[RUN].drop_duplicates(), on=RUN)[EVIDENCE]
    place = evidence["target"].map(list(section.study.targets).index)
    return evidence.iloc[place.argsort(kind="stable")].reset_index(drop=True)


def _scored(main: pd.DataFrame) -> pd.DataFrame:
    """The scores in each language as evidence."""
    return main.assign(unit=main["language"], points=main["value"] / 100, of=1.0)


def _left(about: list[tuple[Path, dict[str, object]]], task: tasks.Task) -> pd.DataFrame:
    """unit, points, of and what is said `about` runs: what they have left on development data."""
    frame = stacked.read("dev.parquet", about)
    if task.kind in ("mining", "ranking"):
        return _scored(frame[frame["metric"] == task.metric])
    columns = {str(name): frame[name].to_numpy(float) for name in frame if name not in RUN}
    points, of = metrics.as_ratio(task.metric, columns)
    return frame[RUN].assign(unit=frame.groupby(RUN).cumcount(), points=points, of=of)


# -- the choice --


def dev_scores(evidence: pd.DataFrame) -> pd.DataFrame:
    """One row a run: RUN and `dev`, its development score."""
    sums = evidence.groupby(RUN, sort=False)[["points", "of"]].sum()
    return (100 * sums["points"] / sums["of"].where(sums["of"] > 0, 1)).rename("dev").reset_index()


def choose(
    evidence: pd.DataFrame, main: pd.DataFrame, source: str, how: str = "mean"
) -> pd.DataFrame:
    """One row a target: what is chosen, what it scores zero-shot, and what the choice cost.

    `intermediate` (chosen), `dev`, `lead` (over the next on dev), `baseline` and `value` (zero-shot
    without it and with it), `change`, `low` and `high` (of the change over seeds), `seeds`,
    `oracle` (best zero-shot in hindsight), `oracle_value`, `regret`, and `collapsed` where `main`
    has it. `how` ("mean" or "median") makes one number of the seeds.
    """
    if how not in COMBINE:
        raise unknown("way to combine seeds", how, COMBINE)
    key = RUN[:2]
    dev = _one(dev_scores(evidence), "dev", how)
    others = main[main["language"] != source]
    score = _one(results.by_seed(others, "value"), "value", how)
    spread = results.by_target(results.change(others)).set_index(key)
    before = results.by_target(others, "value").set_index(key)
    rows = []
    for target in dict.fromkeys(evidence["target"]):
        of, scored = dev[target], score[target]
        names = _candidates(of.index)
        best = str(of[names].idxmax())
        oracle = str(scored[names].idxmax())
        next_best = of.drop(best).max()  # missing if there is none
        row = {
            "target": target,
            "intermediate": best,
            "dev": of[best],
            "lead": of[best] - next_best,
            "baseline": scored["none"],
            "value": scored[best],
            "change": scored[best] - scored["none"],
            "oracle": oracle,
            "oracle_value": scored[oracle],
            "regret": scored[oracle] - scored[best],
        }
        same = before.loc[(target, "none")].to_dict() | {"low": 0.0, "high": 0.0}
        more = same if best == "none" else spread.loc[(target, best)].to_dict()
        columns = ("low", "high", "seeds", "collapsed")
        rows.append(row | {k: more[k] for k in columns if k in more})
    return pd.DataFrame(rows)


def _one(runs: pd.DataFrame, column: str, how: str) -> dict[str, pd.Series]:
    """Target → one number for each intermediate task, in order of appearance."""
    # rounded, or the last digit of a sum would decide between equals
    numbers = runs.groupby(RUN[:2], sort=False)[column].agg(how).round(9)
    return {str(t): part.droplevel(0) for t, part in numbers.groupby(level=0, sort=False)}


def _candidates(names: Iterable[str]) -> list[str]:
    """`none` before the others, which keep their order."""
    return sorted(dict.fromkeys(names), key=lambda name: name != "none")


# -- how firm it is --


def stability(
    evidence: pd.DataFrame, how: str = "mean", resamples: int = RESAMPLES, seed: int = 0
) -> pd.DataFrame:
    """How often each candidate is chosen: target, intermediate, `alone` of `seeds`, `share`.

    `alone`: by how many seeds, each on its own (those that all candidates have). `share`: in how
    many resamples, 0-100. A resample draws units with replacement, the same for all candidates, for
    they were all measured on them, and of each candidate's seeds as many as there are. With few
    seeds it understates how much training varies. The same for the same `seed`.
    """
    rows = []
    for target, part in evidence.groupby("target", sort=False):
        names = _candidates(part["intermediate"])
        runs = dict(iter(part.groupby("intermediate", sort=False)))
        rng = np.random.default_rng([seed, zlib.crc32(str(target).encode())])
        drawn = _resampled([runs[n] for n in names], how, resamples, rng)
        share = 100 * np.bincount(drawn.round(9).argmax(axis=0), minlength=len(names)) / resamples
        single = dev_scores(part).pivot(index="seed", columns="intermediate", values="dev")
        alone = single[names].dropna().round(9).idxmax(axis=1)
        for name, percent in zip(names, share.tolist(), strict=True):
            rows.append((target, name, int((alone == name).sum()), len(alone), percent))
    return pd.DataFrame(rows, columns=["target", "intermediate", "alone", "seeds", "share"])


def _resampled(
    parts: list[pd.DataFrame], how: str, resamples: int, rng: np.random.Generator
) -> np.ndarray:
    """(num_candidates, resamples): each candidate's score in each resample, 0-100."""
    wide = [part.pivot(index="seed", columns="unit", values=["points", "of"]) for part in parts]
    units = [set(part["unit"]) for part in parts]
    if any(u != units[0] for u in units) or any(w.isna().any(axis=None) for w in wide):
        raise XitError(
            f"the runs of {parts[0]['target'].iloc[0]} were measured on different development "
            "examples: they cannot be compared"
        )
    count = len(units[0])
    weights = rng.multinomial(count, np.full(count, 1 / count), size=resamples).astype(float)
    scores = []
    for one in wide:
        points, of = weights @ one["points"].to_numpy().T, weights @ one["of"].to_numpy().T
        score = 100 * np.divide(points, of, out=np.zeros_like(points), where=of > 0)
        drawn = rng.integers(score.shape[1], size=score.shape)  # resamples, seeds
        each = np.take_along_axis(score, drawn, axis=1)
        scores.append(np.median(each, axis=1) if how == "median" else each.mean(axis=1))
    return np.array(scores)


# -- for readers --


def basis(evidence: pd.DataFrame, study: Study) -> dict[str, str]:
    """Target → what its choice is made on, in words."""
    told = {}
    for target, part in evidence.groupby("target", sort=False):
        task, units = tasks.target(str(target)), part["unit"].nunique()
        if on_scored_data(study, task.name):
            told[task.name] = f"the scored data ({units} languages): optimistic"
        elif task.kind in ("mining", "ranking"):
            what = "corpora" if task.kind == "mining" else "queries"
            told[task.name] = f"development {what} of {units} languages"
        else:
            of = f", of {tasks.target(task.model_of).title}" if task.model_of else ""
            told[task.name] = f"{units} development examples in {study.source}{of}"
    return told


def choice_table(choice: pd.DataFrame, evidence: pd.DataFrame, study: Study) -> pd.DataFrame:
    """`choose` for readers."""
    title = TITLES
    changes = [
        results.cell(row)
        if row["intermediate"] != "none"
        else f"– {results.COLLAPSED}"
        if row.get("collapsed", 0)
        else "–"
        for _, row in choice.iterrows()
    ]
    told = {
        "target": choice["target"].map(title),
        "chosen on": choice["target"].map(basis(evidence, study)),
        "chosen": choice["intermediate"].map(title),
        "its score there": choice["dev"],
        "lead over the next": choice["lead"],
        "none, zero-shot": choice["baseline"],
        "chosen, zero-shot": choice["value"],
        "change": changes,
        "best in hindsight": choice["oracle"].map(title),
        "its zero-shot": choice["oracle_value"],
        "regret": choice["regret"],
    }
    return pd.DataFrame(told)


def stability_table(firm: pd.DataFrame, choice: pd.DataFrame) -> pd.DataFrame:
    """Targets × candidates as text: percent of the resamples, (seeds that choose it alone)."""
    title = TITLES
    text = [f"{r.share:.0f}% ({r.alone})" if r.share or r.alone else "–"
            for r in firm.itertuples()]  # fmt: skip
    order = _candidates(firm["intermediate"])
    wide = firm.assign(text=text).pivot(index="target", columns="intermediate", values="text")
    wide = wide.reindex(index=choice["target"], columns=order).fillna("not run")
    wide = wide.rename(columns=title).rename_axis(columns=None).reset_index()
    wide.insert(1, "chosen", choice["intermediate"].map(title).to_numpy())
    seeds = firm.groupby("target", sort=False)["seeds"].first()
    wide.insert(2, "seeds", choice["target"].map(seeds).to_numpy())
    return wide.assign(target=wide["target"].map(title))


def beside_published(choice: pd.DataFrame, study: Study) -> pd.DataFrame:
    """The paper's X-STILTs row and the study's, a row for each target that both have, then means.

    The paper's scores are over all languages, English included, and of the best of three runs; the
    study's are zero-shot and of all seeds.
    """
    both = choice.merge(published.best_per_target(), on="target", suffixes=("", "_paper"))
    names = {
        "baseline_paper": "paper: XLM-R",
        "value_paper": "paper: X-STILTs",
        "change_paper": "paper: change",
        "baseline": f"study {study.name}: none",
        "value": f"study {study.name}: chosen",
        "change": f"study {study.name}: change",
    }
    shown = both[["target", *names]].assign(target=both["target"].map(TITLES))
    mean = pd.DataFrame([{"target": "mean"} | shown[[*names]].mean().to_dict()])
    shown = pd.concat([shown, mean], ignore_index=True) if len(shown) else shown
    for column in ("change_paper", "change"):
        shown[column] = shown[column].map("{:+.1f}".format)
    return shown.rename(columns=names)
