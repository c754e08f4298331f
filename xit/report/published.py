"""The numbers printed by Phang et al. 2020 (arXiv 2005.13013v2), under this project's task names.

    published_change("squad_v1", "tydiqa")   # 10.25, the mean of +9.7 (F1) and +10.8 (EM)

Table 2 is the median of three seeds on dev. Appendix B looks like the best of three (higher by more
than 0.1 in 199 of 240 cells, lower in 6), but for the baseline, which is the same in both: changes
within the appendix flatter the intermediate tasks, and the two tables are never mixed.
"""

import csv
from functools import cache
from pathlib import Path

import pandas as pd

from xit.errors import XitError, unknown

FILE = Path(__file__).parent / "published" / "phang2020.csv"
CITE = "phang-etal-2020-xstilts"  # key in book/references.bib
MLM = " + multilingual MLM"

INTERMEDIATE = {
    "ANLI+": "anli_plus",
    "MNLI": "mnli",
    "QQP": "qqp",
    "SQuAD v1.1": "squad_v1",
    "SQuAD v2.0": "squad_v2",
    "HellaSwag": "hellaswag",
    "CCG": "ccg",
    "Cosmos QA": "cosmos_qa",
    "CommonsenseQA": "commonsense_qa",
    "Multi-task": "multitask",
    "none (XLM-R baseline)": "none",
}
TARGET = {
    "XNLI": "xnli",
    "PAWS-X": "paws_x",
    "POS": "udpos",
    "NER": "panx",
    "XQuAD": "xquad",
    "MLQA": "mlqa",
    "TyDiQA-GoldP": "tydiqa",
    "BUCC": "bucc",
    "Tatoeba": "tatoeba",
}
QA = ["xquad", "mlqa", "tydiqa"]  # score = mean of F1 and EM
PRINTED_AVERAGE = "Avg"

# A mean of cells printed to 0.1 is off by 0.05 at most, and so is the average printed beside it.
ROUNDING = 0.1 + 1e-9

# The one average of Table 2 that does not follow from its cells: printed, recomputed. The averages
# of the other rows are printed as changes and follow from the changes in their cells. All averages
# of the benchmark rows and of Appendix B follow too (consistency.every_average).
INCONSISTENT = {"none": (67.2, 65.93)}

# (intermediate, target) → (collapsed runs, runs), by a footnote to Table 2
COLLAPSED = {("qqp", "panx"): (2, 3)}

BASELINE = "XLM-R Large (Phang et al. reimplementation)"  # rows at the bottom of Table 2
XSTILTS = "X-STILTs best intermediate task per target (dev-selected)"


@cache
def _rows() -> pd.DataFrame:
    return pd.read_csv(FILE, keep_default_na=False)


def load() -> pd.DataFrame:
    """Every printed number, as in the file: table, intermediate, target, metric, split,
    language_or_avg, value (0-100, or a change where the metric begins with "delta")."""
    return _rows().copy()


def sizes() -> dict[tuple[str, str], dict[str, int]]:
    """Table 1: (phase, task's name) → what is printed of train, dev, test_low, test_high (examples;
    the last two of one language) and languages."""
    names = INTERMEDIATE | TARGET
    with FILE.with_name("sizes.csv").open(encoding="utf-8") as file:
        return {
            (row.pop("phase"), names[row.pop("task")]): {k: int(n) for k, n in row.items() if n}
            for row in csv.DictReader(file)
        }


def people() -> pd.DataFrame:
    """What people score on the intermediate tasks (test sets), of the tasks for which that is
    published: task, metric, value (0-100), source (a key of book/references.bib) and where in it;
    where F1 and EM are, their mean as metric "qa", too."""
    rows = pd.read_csv(FILE.with_name("people.csv"))
    both = rows.loc[rows["metric"] == "em", "task"]
    of = rows[rows["task"].isin(both)].groupby("task", sort=False)
    means = of.agg({"value": "mean", "source": "first", "printed": "first"}).reset_index()
    return pd.concat([rows, means.assign(metric="qa")], ignore_index=True)


def printed_name(intermediate: str, mlm: bool = False) -> str:
    """How the paper's tables call an intermediate task; `mlm`: with multilingual MLM."""
    names = {name: told for told, name in INTERMEDIATE.items()}
    if intermediate not in names:
        raise unknown("intermediate task in the paper's Table 2:", intermediate, names)
    return names[intermediate] + MLM * mlm


def _named(rows: pd.DataFrame) -> pd.DataFrame:
    names = rows["intermediate"].str.removesuffix(MLM).map(INTERMEDIATE)
    return rows.assign(
        intermediate=names,
        mlm=rows["intermediate"].str.endswith(MLM),
        target=rows["target"].map(TARGET),
        metric=rows["metric"].str.lower().str.removeprefix("delta "),
    )


def _with_qa(rows: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """`rows` and, for targets with F1 and EM, their mean as metric "qa"."""
    qa = rows[rows["target"].isin(rows.loc[rows["metric"] == "em", "target"])]
    means = qa.groupby(key, sort=False, as_index=False)["value"].mean().assign(metric="qa")
    return pd.concat([rows, means], ignore_index=True)


def table2() -> pd.DataFrame:
    """Table 2, dev: intermediate, mlm (with multilingual MLM), target, metric, baseline, change.

    One row per cell, unit points (0-100); metric "acc", "f1", "em", and "qa" = the mean of F1 and
    EM. `value` = baseline + change. The baseline's own rows ("none") have change 0.
    """
    rows = _rows()
    rows = rows[rows["table"].str.startswith("Table 2 (median") & rows["target"].isin(list(TARGET))]
    key = ["intermediate", "mlm", "target"]
    cells = _with_qa(_named(rows), key)[[*key, "metric", "value"]]
    none = cells["intermediate"] == "none"
    base = cells[none].set_index(["target", "metric"])["value"].rename("baseline")
    table = cells.join(base, on=["target", "metric"])
    table["change"] = table["value"].where(~none, 0.0)
    table["value"] = table["baseline"] + table["change"]
    return table[[*key, "metric", "baseline", "change", "value"]].reset_index(drop=True)


@cache
def _main_cells() -> dict[tuple[str, str, bool], tuple[float, float]]:
    """(intermediate, target, mlm) → (change, value) in the target's main metric."""
    table = table2()
    table = table[~((table["target"].isin(QA)) & (table["metric"] != "qa"))]
    key = zip(table["intermediate"], table["target"], table["mlm"], strict=True)
    return dict(zip(key, zip(table["change"], table["value"], strict=True), strict=True))


def _main_cell(intermediate: str, target: str, mlm: bool) -> tuple[float, float]:
    cells = _main_cells()
    for what, name, place in (("intermediate", intermediate, 0), ("target", target, 1)):
        known = dict.fromkeys(key[place] for key in cells)
        if name not in known:
            raise unknown(f"{what} task in the paper's Table 2:", name, known)
    if (intermediate, target, mlm) not in cells:
        raise XitError(f"the paper's Table 2 has no row of {intermediate!r} with multilingual MLM")
    return cells[intermediate, target, mlm]


def published_change(intermediate: str, target: str, mlm: bool = False) -> float:
    """Printed change on dev in points, main metric (QA: mean of F1 and EM); 0 for "none".

    XitError, with the nearest name, for a task that Table 2 does not have.
    """
    return _main_cell(intermediate, target, mlm)[0]


def published_score(intermediate: str, target: str, mlm: bool = False) -> float:
    """Printed baseline plus printed change, 0-100, main metric; errors as `published_change`."""
    return _main_cell(intermediate, target, mlm)[1]


def averages() -> pd.DataFrame:
    """Table 2's printed averages beside those that follow from its cells.

    intermediate, mlm, printed, recomputed, difference; changes in points, for "none" the score.
    """
    rows = _rows()
    rows = rows[
        rows["table"].str.startswith("Table 2 (median") & (rows["target"] == PRINTED_AVERAGE)
    ]
    key = ["intermediate", "mlm"]
    printed = _named(rows).set_index(key)["value"].rename("printed")
    table = table2()
    main = table[(table["metric"] == "qa") | ~table["target"].isin(QA)]
    used = main["change"].where(main["intermediate"] != "none", main["value"])
    recomputed = main.assign(recomputed=used).groupby(key, sort=False)["recomputed"].mean()
    both = printed.to_frame().join(recomputed).reset_index()
    return both.assign(difference=both["printed"] - both["recomputed"])


def per_language(target: str) -> pd.DataFrame:
    """Appendix B, dev: intermediate, mlm, metric, language, value (0-100) of one target.

    These look like the best of three runs, unlike Table 2's medians. The averages that the
    appendix prints are the rows with language "avg".
    """
    if target not in TARGET.values():
        raise unknown("target task", target, TARGET.values())
    table = _appendix()
    return table[table["target"] == target].drop(columns="target").reset_index(drop=True)


def appendix() -> pd.DataFrame:
    """`per_language` of all targets: intermediate, mlm, target, metric, language, value (0-100)."""
    return _appendix().copy()


@cache
def _appendix() -> pd.DataFrame:
    rows = _rows()
    named = _named(rows[rows["table"].str.startswith("Appendix B")])
    named = named.rename(columns={"language_or_avg": "language"})
    place = {target: i for i, target in enumerate(TARGET.values())}
    named = named.sort_values("target", key=lambda c: c.map(place), kind="stable")
    columns = ["intermediate", "mlm", "target", "metric", "language", "value"]
    return named[columns].reset_index(drop=True)


def changes_by_language() -> pd.DataFrame:
    """Appendix B in the main metric (QA: mean of F1 and EM), without multilingual MLM.

    Columns intermediate, target, language, baseline, value (0-100), change (points). The changes
    flatter the intermediate tasks; see the head of this module.
    """
    return _changes_by_language().copy()


@cache
def _changes_by_language() -> pd.DataFrame:
    table = appendix()
    table = table[~table["mlm"] & (table["language"] != "avg")]
    key = ["target", "language"]
    main = table.groupby(["intermediate", *key], sort=False)["value"].mean().reset_index()
    base = main[main["intermediate"] == "none"].set_index(key)["value"].rename("baseline")
    change = main[main["intermediate"] != "none"].join(base, on=key)
    return change.assign(change=change["value"] - change["baseline"]).reset_index(drop=True)


def translated() -> pd.DataFrame:
    """Table 3, dev: intermediate, data (language of the intermediate data, "" for the baseline's
    rows), target, metric, language, value (a change in points; the baseline's rows are scores)."""
    rows = _rows()
    rows = rows[rows["table"].str.startswith("Table 3")]
    told = rows["intermediate"].str.extract(
        r"(?P<name>.*?) \(intermediate data language: (?P<data>..)\)"
    )
    told["name"] = told["name"].fillna(rows["intermediate"])
    table = _named(rows.assign(intermediate=told["name"]))
    table = table.assign(data=told["data"].fillna(""), language=rows["language_or_avg"])
    columns = ["intermediate", "data", "target", "metric", "language", "value"]
    return table[columns].reset_index(drop=True)


def benchmark() -> pd.DataFrame:
    """The bottom of Table 2, XTREME's test sets: model, target ("avg": the mean), metric, value."""
    rows = _rows()
    rows = rows[rows["table"].str.startswith("Table 2 bottom")]
    target = rows["target"].map({**TARGET, PRINTED_AVERAGE: "avg"})
    metric = rows["metric"].str.lower().where(target != "avg", "qa")
    table = rows.assign(model=rows["intermediate"], target=target, metric=metric)
    return table[["model", "target", "metric", "value"]].reset_index(drop=True)


def best_per_target() -> pd.DataFrame:
    """The X-STILTs row: target, baseline, value, change; 0-100 and points, main metric.

    The best intermediate task of each target, chosen on dev, on XTREME's test sets (dev for XQuAD,
    TyDiQA and Tatoeba): the best of three runs, over all languages, English included.
    """
    rows = benchmark()
    rows = rows[rows["model"].isin([BASELINE, XSTILTS]) & (rows["target"] != "avg")]
    # of question answering the mean of F1 and EM
    wide = rows.groupby(["target", "model"], sort=False)["value"].mean().unstack()
    table = pd.DataFrame({"baseline": wide[BASELINE], "value": wide[XSTILTS]})
    return table.assign(change=table["value"] - table["baseline"]).reset_index()
