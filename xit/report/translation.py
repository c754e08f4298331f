"""Intermediate data in other languages: frames and sentences of the page on translated data.

contrast = ablations.contrast(ablations.scores(section, chains))
own = own_language(contrast)            # in the language of the data: as Phang et al. 2020, Table 3
curve = by_errors(contrast, "qaa")      # change by the share of words translated wrongly

In `contrast`, `without` is the change after the task in the source language, `with` the change
after its translation, in points against no intermediate task.
"""

import json
from collections.abc import Iterable, Sequence

import pandas as pd

from xit import specs, tasks, variants
from xit.report import collapse, published, training
from xit.report.ablations import PARTS
from xit.report.names import TITLES
from xit.report.section import Section
from xit.study import Study
from xit.variants import Variant
from xit.workers import Result

CELL = ["language", "task", "target"]
LINE = ["task", "data", "target", "where"]  # what a line of the curve is of


def _told(frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` of translated data only, with `data` (its language) and `errors` (share, 0-1)."""
    named = frame["intermediate"].map(variants.parse)
    told = frame.assign(data=named.map(lambda v: v.language), errors=named.map(lambda v: v.errors))
    return told[named.map(lambda v: bool(v.language) and not v.option).astype(bool)]


def examples(study: Study, names: Sequence[str]) -> pd.DataFrame:
    """For each task of the variants `names`, one training row in the source language, then the row
    that stands in its place in every translation."""
    assert study.hub is not None
    told = list(map(variants.parse, names))
    rows = []
    for task in dict.fromkeys(v.task for v in told):
        for one in (Variant(task), *(v for v in told if v.task == task)):
            shown = training.examples(study, one.row, 1).iloc[0]
            text = " | ".join(str(shown[c]) for c in one.row.inputs)
            rows.append({"data": one.title, "texts | label": text})
    return pd.DataFrame(rows)


# -- in the language of the data --


def own_language(contrast: pd.DataFrame) -> pd.DataFrame:
    """The rows of `contrast` in the language of the intermediate data, translated without errors.

    Columns language, task, target, seed and PARTS.
    """
    told = _told(contrast)
    own = told[(told["language"] == told["data"]) & (told["errors"] == 0)]
    return own[[*CELL, "seed", *PARTS]].reset_index(drop=True)


def printed() -> pd.DataFrame:
    """Phang et al. 2020, Table 3, as `own_language`: dev, QA as the mean of F1 and EM, one number
    for all seeds (the median, seed 0)."""
    rows = published.translated()
    rows = rows[(rows["data"] != "") & (rows["language"] != "en")]
    key = ["language", "intermediate", "target"]
    means = rows.groupby([*key, rows["data"] == "en"], sort=False)["value"].mean().unstack()
    told = means.rename(columns={True: "without", False: "with"}).reset_index()
    told = told.rename(columns={"intermediate": "task"}).assign(seed=0)
    return told.assign(difference=told["with"] - told["without"])[[*CELL, "seed", *PARTS]]


def cells(own: pd.DataFrame) -> pd.DataFrame:
    """Means over seeds, with the lowest and highest seed's difference (`low`, `high`) and the
    number of `seeds`: one row a language, task and target."""
    groups = own.groupby(CELL, sort=False)
    spread = groups["difference"].agg(low="min", high="max", seeds="size")
    means = groups[list(PARTS)].mean().join(spread).round(9) + 0.0  # no "-0.0" from a last digit
    return means.reset_index()


def table3(own: pd.DataFrame, source: str) -> pd.DataFrame:
    """`cells` as the paper's Table 3: three rows a language and task (data in `source`, data in
    that language, difference), a column a target; with the range over seeds if there are several.
    """
    rows = []
    for (language, task), part in cells(own).groupby(["language", "task"], sort=False):
        for name, which in zip(PARTS, (source, language, "difference"), strict=True):
            row = {"language": language, "intermediate": TITLES[str(task)], "data": which}
            for cell in part.to_dict("records"):
                text = f"{cell[name]:+.1f}"
                if name == "difference" and cell["seeds"] > 1:
                    text += f" ({cell['low']:+.1f} … {cell['high']:+.1f})"
                row[TITLES[cell["target"]]] = text
            rows.append(row)
    known = [TITLES[t] for t in tasks.TARGET if t in set(own["target"])]
    return pd.DataFrame(rows, columns=["language", "intermediate", "data", *known]).fillna("–")


def in_words(own: pd.DataFrame, whose: str) -> str:
    """In how many cells data in the language itself is better, and whether the seeds agree."""
    told = cells(own)
    if not len(told):
        return f"{whose}: no target is scored in a language of the intermediate data. "
    up, mean = int((told["difference"] > 0).sum()), told["difference"].mean()
    text = f"{whose}: intermediate data in the language itself is better than in the source "
    text += f"language in {up} of {len(told)} cells (mean difference {mean:+.1f} points). "
    ordered, titles = told.sort_values("difference", kind="stable").to_dict("records"), []
    for row in (ordered[-1], ordered[0]):
        where = f"{TITLES[row['task']]} → {TITLES[row['target']]}"
        titles.append(f"{row['difference']:+.1f} ({where} in {row['language']})")
    text += f"Highest {titles[0]}, lowest {titles[1]}. "
    if told["seeds"].min() > 1:
        agree = int(((told["low"] > 0) | (told["high"] < 0)).sum())
        text += f"In {agree} of {len(told)} cells all seeds agree on the sign. "
    return text


# -- by the share of errors --


def by_errors(contrast: pd.DataFrame, source: str) -> pd.DataFrame:
    """The change by the share of errors, of tasks and languages with two or more shares.

    One row a LINE, `errors` and `seed`: `where` is "own" (the language of the data) or "others"
    (mean of the rest, `source` left out); `change` and, of the same seed after data in `source`,
    `original`, in points.
    """
    told = _told(contrast)
    told = told[told["language"] != source]
    shares = told.groupby(["task", "data"])["errors"].transform("nunique")
    own = (told["language"] == told["data"]).map({True: "own", False: "others"})
    told = told[shares > 1].assign(where=own).sort_values("where", ascending=False, kind="stable")
    means = told.groupby([*LINE, "errors", "seed"], sort=False)[["with", "without"]].mean()
    means = means.round(9) + 0.0  # what is equal but for the last digit is no step
    return means.reset_index().rename(columns={"with": "change", "without": "original"})


def development(section: Section, trained: Iterable[Sequence[Result]]) -> pd.DataFrame:
    """Best development score (0-100) of every run on translated data, and before them those of the
    same tasks in the source language, as the study's own sections have them.

    Columns task, data, errors, seed, score, trivial (baseline) and collapsed (xit/report/
    collapse.py). Each is measured on data like what was trained on, errors included.
    """
    own = [chain[0].path for chain in trained]
    named = dict.fromkeys(specs.variant_of(chain[0].spec).task for chain in trained)
    records = [section.record(f"intermediate/{task}") or {"runs": []} for task in named]
    paths = [specs.store().root / line["run"] for told in records for line in told["runs"]]
    rows = []
    for path in [*paths, *own]:
        spec = json.loads((path / "spec.json").read_text())
        learnt = collapse.learnt(spec | {"where": {"hub": section.study.hub}}, path)
        told = {"task": spec["task"], "data": spec["language"], "errors": spec.get("errors", 0.0)}
        told |= {"seed": spec["seed"], "score": learnt.best, "trivial": learnt.trivial}
        rows.append(told | {"collapsed": learnt.collapsed})
    return pd.DataFrame(rows)


def development_table(scores: pd.DataFrame) -> pd.DataFrame:
    """`development` for readers: one row a task, language and share of errors, mean (range over
    seeds), trivial baseline, how many runs have collapsed; the paper's Appendix C beside it where
    it has that task and language."""
    key = ["task", "data", "errors"]
    groups = scores.groupby(key, sort=False)
    told = groups["score"].agg(lambda x: _spread(x, "")).to_frame()
    told["trivial"] = groups["trivial"].first().map("{:.1f}".format)
    told["collapsed"] = groups["collapsed"].agg(lambda x: f"{x.sum()} of {len(x)}")
    told = told.reset_index()
    paper = validation().assign(errors=0.0).rename(columns={"score": "paper"})
    told = told.merge(paper, how="left", on=key)
    told["paper"] = told["paper"].map("{:.1f}".format, na_action="ignore")
    told = told.dropna(axis=1, how="all").rename(columns={"score": "development score"})
    return _named(told)


def _named(table: pd.DataFrame) -> pd.DataFrame:
    """`table` with the task's title and the share of errors in per cent; "–" for nothing."""
    table = table.assign(task=table["task"].map(TITLES))
    shown = table["errors"].map(lambda x: "–" if x < 0 else f"{100 * x:g}%")
    return table.assign(errors=shown).astype(object).where(table.notna(), "–")


def learnt_in_words(scores: pd.DataFrame) -> str:
    """What errors do to the development score of the intermediate task itself."""
    lines = []
    for (task, data), part in scores.groupby(["task", "data"], sort=False):
        means = part.groupby("errors")["score"].mean().sort_index()
        if len(means) > 1:
            shares = zip(means.index.to_list(), means, strict=True)
            told = ", ".join(f"{score:.1f} at {100 * e:g}%" for e, score in shares)
            title = TITLES[str(task)]
            lines.append(f"Development score of {title} in {data} by the share of errors: {told}.")
    return "\n".join(lines)


def validation() -> pd.DataFrame:
    """Phang et al. 2020, Appendix C: task, data (language), score (0-100) on the translated
    validation set."""
    rows = published.load()
    rows = rows[rows["table"].str.startswith("Appendix C")]
    task = rows["intermediate"].str.partition(" (")[0].map(published.INTERMEDIATE)
    told = pd.DataFrame({"task": task, "data": rows["language_or_avg"], "score": rows["value"]})
    return told.reset_index(drop=True)


def _spread(values: pd.Series, sign: str = "+") -> str:
    """Mean and range, or a single number."""
    if len(values) == 1:
        return f"{values.iloc[0]:{sign}.1f}"
    return f"{values.mean():{sign}.1f} ({values.min():{sign}.1f} … {values.max():{sign}.1f})"


def by_errors_table(curve: pd.DataFrame, source: str) -> pd.DataFrame:
    """`by_errors` for readers: data in `source` first, then each share of errors; a column a
    target and place, mean (range over seeds)."""
    first = curve.drop_duplicates([*LINE, "seed"])
    first = first.assign(change=first["original"], errors=-1.0)
    both = pd.concat([first, curve])
    places = {"own": "language of the data", "others": "other languages"}
    column = both["target"].map(TITLES) + ", " + both["where"].map(places)
    key = ["task", "data", "errors"]
    wide = both.assign(column=column).groupby([*key, "column"])["change"].agg(_spread).unstack()
    wide = wide[list(dict.fromkeys(column))].rename_axis(columns=None).reset_index()
    return _named(wide.assign(data=wide["data"].where(wide["errors"] >= 0, source)))


def curve_in_words(curve: pd.DataFrame) -> str:
    """Whether the change falls as errors grow, and at which shares translated data is ahead."""
    if not len(curve):
        return "No translation has more than one share of errors, so there is no curve to read."
    lines = []
    for (task, data, target, where), part in curve.groupby(LINE, sort=False):
        place = f"in {data}" if where == "own" else "in the other languages"
        line = f"- **{TITLES[str(task)]} in {data} → {TITLES[str(target)]}, {place}**: "
        lines.append(line + _moves(part) + _ahead(part))
    return "\n".join(lines)


def _moves(line: pd.DataFrame) -> str:
    """How the change of one line goes from the lowest share of errors to the highest."""
    wide = line.pivot(index="errors", columns="seed", values="change").sort_index()
    mean = wide.mean(axis=1).round(1) + 0.0  # as printed: a smaller step is not told of
    steps, ends = mean.diff().dropna(), wide.iloc[-1] - wide.iloc[0]
    how = "does not move in one direction as errors grow"
    if (steps < 0).all() or (steps > 0).all():
        how = f"{'falls' if steps.iloc[0] < 0 else 'rises'} with every step of errors"
    text = f"the mean change {how}; from {100 * mean.index[0]:g}% to {100 * mean.index[-1]:g}% "
    text += f"errors it goes from {mean.iloc[0]:+.1f} to {mean.iloc[-1]:+.1f} points"
    if len(ends) > 1:
        same = (ends < 0).all() or (ends > 0).all()
        text += f" ({'all' if same else 'not all'} seeds go the same way)"
    return text + ". "


def _ahead(line: pd.DataFrame) -> str:
    """At which shares of errors translated data does better than data in the source language."""
    mean = line.groupby("errors")[["change", "original"]].mean().round(1) + 0.0  # as printed
    ahead = [f"{100 * e:g}%" for e in mean.index[mean["change"] > mean["original"]]]
    text = f"Data in the source language gives {mean['original'].iloc[0]:+.1f}; "
    told = f"at {' and '.join(ahead)} errors" if ahead else "at no share of errors"
    return text + f"translated data is ahead {told}."
