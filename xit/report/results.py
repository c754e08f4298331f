"""The table of scores: read, checked, and turned into changes, means and the tables of the book.

    scores = main(collect(paths), {"xnli": "acc", "xquad": "qa"})
    summary_table(by_target(change(scores)))

One row a score, in the columns COLUMNS; `value` is 0-100. The unit of analysis is the change
against the same target, language and seed without intermediate training. Where there is a column
`collapsed` (xit/report/collapse.py), changes and means carry it on, and cells are marked.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from xit.errors import XitError, unknown

COLUMNS = ["study", "intermediate", "target", "language", "seed", "split", "metric", "value"]
KEY = COLUMNS[:-1]
TASK = ["study", "intermediate", "target", "split", "metric"]  # what a mean over languages is of
COLLAPSED = "†"  # marks a number that collapsed runs have a part in
NO_INTERVAL = "no interval"  # said of a number from one seed


def collect(paths: Iterable[Path]) -> pd.DataFrame:
    """All scores of the files (`scores.parquet` where a path is a directory), in COLUMNS.

    Further columns are left out. XitError, naming the file, where one cannot be read, lacks a
    column, holds a missing value or one outside 0-100, or repeats a score of its own or another.
    """
    files = [p / "scores.parquet" if p.is_dir() else p for p in map(Path, paths)]
    if not files:
        raise XitError("no score files given")
    twice = [f for i, f in enumerate(files) if f in files[:i]]
    if twice:
        raise XitError(f"given twice: {twice[0]}")
    parts = {file: checked(_read(file), str(file)) for file in files}
    scores = pd.concat(parts, names=["file"]).reset_index("file")
    again = scores[scores.duplicated(KEY, keep=False)]
    if len(again):
        first = again.iloc[0]
        same = again[(again[KEY] == first[KEY]).all(axis=1)]
        where = " and ".join(str(f) for f in same["file"].unique())
        raise XitError(f"{where}: the same score twice: {_words(first)}")
    return scores[COLUMNS].reset_index(drop=True)


def _read(file: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(file)
    except FileNotFoundError:
        raise XitError(f"{file}: no such score file") from None
    except Exception as error:  # whatever the parquet reader makes of a damaged file
        raise XitError(f"{file}: not a readable parquet file ({error})") from None


def checked(scores: pd.DataFrame, name: str = "scores") -> pd.DataFrame:
    """`scores` in COLUMNS; XitError, beginning with `name`, where it is not a table of scores."""
    missing = [c for c in COLUMNS if c not in scores]
    if missing:
        raise XitError(
            f"{name}: column {missing[0]!r} is missing; it has {', '.join(map(str, scores))}"
        )
    scores = scores[COLUMNS].reset_index(drop=True)
    if not len(scores):
        raise XitError(f"{name}: no scores in it")
    empty = scores.isna().any(axis=1)
    if empty.any():
        raise XitError(f"{name}: a missing value: {_words(scores[empty].iloc[0])}")
    for column in KEY:
        lists = scores[column].map(pd.api.types.is_list_like)
        if lists.any():
            raise XitError(f"{name}: column {column!r} holds {scores[column][lists].iloc[0]!r}")
    for column in ("seed", "value"):
        if not pd.api.types.is_numeric_dtype(scores[column]):
            raise XitError(
                f"{name}: column {column!r} holds {scores[column].iloc[0]!r}, not numbers"
            )
    outside = ~scores["value"].between(0, 100)
    if outside.any():
        bad = scores[outside].iloc[0]
        raise XitError(f"{name}: value {bad['value']} is not within 0-100: {_words(bad)}")
    twice = scores.duplicated(KEY)
    if twice.any():
        raise XitError(f"{name}: the same score twice: {_words(scores[twice].iloc[0])}")
    return scores.astype({"seed": int, "value": float})


def _words(row: pd.Series) -> str:
    return ", ".join(f"{k} {row[k]}" for k in KEY)


def main(scores: pd.DataFrame, metrics: Mapping[str, str]) -> pd.DataFrame:
    """The rows in each target's main metric; metrics[target], e.g. {"xnli": "acc"}.

    XitError for a target not in `metrics`, and for one without any row in its main metric.
    """
    for target in scores["target"].unique():
        if target not in metrics:
            raise unknown("target task", target, metrics)
    kept = scores[scores["metric"] == scores["target"].map(metrics)]
    for target in set(scores["target"]) - set(kept["target"]):
        has = ", ".join(scores.loc[scores["target"] == target, "metric"].unique())
        raise XitError(f"no scores of {target} in its main metric {metrics[target]!r}: only {has}")
    return kept.reset_index(drop=True)


def change(scores: pd.DataFrame, baseline: str = "none") -> pd.DataFrame:
    """`scores` of every other intermediate task, with `baseline` and `change` = value - baseline.

    Paired by target, language, seed, split and metric (and study); `collapsed` is then whether
    either of the two has. XitError, naming it, where the pair without intermediate training is
    missing.
    """
    if baseline not in set(scores["intermediate"]):
        raise XitError(f"no scores of intermediate task {baseline!r} to compare with")
    pair = [c for c in KEY if c != "intermediate"]
    base = scores[scores["intermediate"] == baseline].set_index(pair)
    rest = scores[scores["intermediate"] != baseline]
    paired = rest.join(base["value"].rename("baseline"), on=pair)
    alone = paired[paired["baseline"].isna()]
    if len(alone):
        row = alone.iloc[0]
        seeds = sorted(scores.loc[scores["intermediate"] == baseline, "seed"].unique().tolist())
        raise XitError(
            f"{row['intermediate']} → {row['target']} has seed {row['seed']} in {row['language']}"
            f" ({row['split']}, {row['metric']}), {baseline!r} has not (its seeds: {seeds})"
        )
    if "collapsed" in scores:
        before = rest[pair].join(base["collapsed"], on=pair)["collapsed"].astype(bool)
        paired["collapsed"] = rest["collapsed"] | before
    return paired.assign(change=paired["value"] - paired["baseline"]).reset_index(drop=True)


def by_seed(table: pd.DataFrame, column: str = "change") -> pd.DataFrame:
    """Unweighted mean of `column` over the languages, one row per TASK and seed.

    With `collapsed` where the table has it: whether the run has. XitError where the seeds of one
    task were not scored in the same languages: their means would not compare.
    """
    for task, rows in table.groupby(TASK, sort=False):
        sets = rows.groupby("seed")["language"].agg(frozenset)
        if sets.nunique() > 1:
            odd = sorted(frozenset.union(*sets) - frozenset.intersection(*sets))
            raise XitError(f"{task[1]} → {task[2]}: not every seed was scored in {', '.join(odd)}")
    groups = table.groupby([*TASK, "seed"], sort=False)
    means = groups.agg(**{column: (column, "mean"), "languages": ("language", "size")})
    if "collapsed" in table:
        means["collapsed"] = groups["collapsed"].any()
    return means.reset_index()


def by_target(table: pd.DataFrame, column: str = "change") -> pd.DataFrame:
    """Mean of `column` over languages, then seeds: one row per TASK.

    Beside the mean (in `column`): `low` and `high` over the seeds, `seeds` (how many), `values`
    (each seed's, in order of seed), `languages` (how many) and, where the table has it, `collapsed`
    (how many of the seeds have).
    """
    seeds = by_seed(table, column).sort_values("seed", kind="stable")
    groups = seeds.groupby(TASK, sort=False)
    wide = groups[column].agg(["mean", "min", "max", "size", tuple])
    wide.columns = pd.Index([column, "low", "high", "seeds", "values"])
    if "collapsed" in seeds:
        wide["collapsed"] = groups["collapsed"].sum()
    return wide.assign(languages=groups["languages"].first()).reset_index()


def summary_table(
    means: pd.DataFrame,
    column: str = "change",
    rows: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Text table of the rows of `by_target`: intermediate tasks × targets.

    `rows` and `columns` give the order (default: of first appearance). A cell is
    "mean (min … max)" over the seeds, "mean (no interval)" from one seed, "–" where there is
    nothing; a † after it says that collapsed runs are among them. XitError where a cell would mix
    splits, metrics or studies.
    """
    text = [cell(row, column) for _, row in one_per_cell(means).iterrows()]
    wide = means.assign(text=text).pivot(index="intermediate", columns="target", values="text")
    rows = list(means["intermediate"].unique()) if rows is None else list(rows)
    columns = list(means["target"].unique()) if columns is None else list(columns)
    return wide.reindex(index=rows, columns=columns).astype(object).fillna("–")


def one_per_cell(means: pd.DataFrame) -> pd.DataFrame:
    """`means`, of which no two rows share intermediate and target task; XitError otherwise."""
    again = means[means.duplicated(["intermediate", "target"])]
    if len(again):
        pair = f"{again.iloc[0]['intermediate']} → {again.iloc[0]['target']}"
        raise XitError(f"{pair}: several splits, metrics or studies in one cell: choose one")
    return means


def cell(row: pd.Series, column: str = "change") -> str:
    """A row of `by_target` as `summary_table` writes it."""
    sign = "+" if column == "change" else ""
    mean, low, high = (f"{row[c]:{sign}.1f}" for c in (column, "low", "high"))
    mark = f" {COLLAPSED}" if row.get("collapsed", 0) else ""
    over = f"{low} … {high}" if row["seeds"] > 1 else NO_INTERVAL
    return f"{mean} ({over}){mark}"


def zero_shot(scores: pd.DataFrame, source_language: str) -> pd.DataFrame:
    """Per TASK and seed: `source`, the score in the source language; `others`, the mean over the
    `languages` others; `gap` = source - others, XTREME's cross-lingual transfer gap.

    Source and gap are missing for targets without the source language (retrieval).
    """
    key = [*TASK, "seed"]
    is_source = scores["language"] == source_language
    others = scores[~is_source].groupby(key, sort=False)["value"].agg(["mean", "size"])
    others.columns = pd.Index(["others", "languages"])
    source = scores[is_source].set_index(key)["value"].rename("source")
    table = others.join(source, how="outer").reset_index()
    table["gap"] = table["source"] - table["others"]
    order = {t: i for i, t in enumerate(scores[key].drop_duplicates().itertuples(index=False))}
    place = [order[t] for t in table[key].itertuples(index=False)]
    table["languages"] = table["languages"].fillna(0).astype(int)
    return table.iloc[pd.Series(place).argsort()][
        [*key, "source", "others", "languages", "gap"]
    ].reset_index(drop=True)


def seeds_used(scores: pd.DataFrame) -> list[int]:
    """The seeds in `scores`, in order."""
    return sorted(int(s) for s in scores["seed"].unique())
