"""Intermediate data in a language unlike the source: frames and tests of the page on it.

    told = zero_shot(contrast, "qaa")             # without the source and the language of the data
    effects(told, families)                       # is other data as good as the source's?
    interaction(told, families, "qaa")            # do a translator's errors cost more in some?

`contrast` is that of xit/report/ablations.py: `without` is the change after the task in the source
language (for a data set of another language's own: after its like), `with` after the variant.
"""

import math
from bisect import bisect_left as bisect
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import optimize
from scipy import stats as distributions

from xit import inventory, tasks, variants
from xit import study as studies
from xit.data import hub, look
from xit.errors import XitError
from xit.paths import project
from xit.report import stats, translation, typology
from xit.report.names import TITLES
from xit.report.stats import Grid
from xit.study import Study

POWER = 0.8  # chance to find an effect of the size that `detectable` gives
STEPS = 2000  # of the integral over the estimated error
OWN, TRANSLATED = "own", "translated"  # data sets of a language's own; translations of the source's

# What each role asks for, in columns of the lab's typology table; every role: another script than
# the source's. Of several languages the one with the fewest words written as in the source, then
# the fewest cognates. Mandarin: no case, subject-verb-object; Arabic: case, verb first.
ROLES: dict[str, dict[str, object]] = {
    "Mandarin-like": {"order": "SVO", "case": 0},
    "Arabic-like": {"order": "VSO", "case": 1},
    "isolate": {"family": "isolate"},
}
NATURAL = {"zh": "Mandarin", "ar": "Arabic", "eu": "Basque, an isolate"}


def roles(table: pd.DataFrame, source: str) -> pd.DataFrame:
    """A row each of ROLES: role, language, its columns of `table` (typology, by language) and the
    others that have what the role asks for. No rows where the table has no such columns.
    """
    need = ["order", "case", "script", "family", "cognates", "loanwords"]
    if not set(need) <= set(table) or source not in table.index:
        return pd.DataFrame(columns=["role", "language", *need, "also"])
    far = table[table["script"] != table.loc[source, "script"]]
    rows = []
    for role, asked in ROLES.items():
        fits = far
        for column, value in asked.items():
            same = fits[column] == value
            fits = fits[fits[column].str.contains(str(value)) if column == "family" else same]
        fits = fits.sort_values(["loanwords", "cognates"], kind="stable")
        if len(fits):
            told = {"role": role, "language": fits.index[0]} | fits.iloc[0][need].to_dict()
            rows.append(told | {"also": " ".join(map(str, fits.index[1:])) or "–"})
    return pd.DataFrame(rows)


def known(study: Study) -> pd.DataFrame:
    """The hub's table of languages; empty where it has none."""
    root = hub.root(str(study.hub))
    if not root or not (Path(root) / "typology").is_dir():
        return pd.DataFrame()
    return typology.languages(Path(root))


def named(table: pd.DataFrame) -> dict[str, str]:
    """Language → how figures call it: with its role of `roles`, or as a natural language."""
    own = {r["language"]: f"{r['language']} ({r['role']})" for r in table.to_dict("records")}
    return {code: f"{code} ({name})" for code, name in NATURAL.items()} | own


def reachable(study: Study, names: Iterable[str]) -> tuple[list[str], dict[str, str]]:
    """(the variants whose training data are there, the others with what is missing); XitError if
    there is none, or a language that nobody knows."""
    there, lost = [], {}
    for name in names:
        task, where = variants.parse(name).row, str(study.hub)
        parts = list(inventory.training(task, task.dev, task.language or study.source))
        for part in parts:
            hub.config(task, part.split, where, part.code)  # refuses an unknown language
        try:
            for part in parts:
                inventory.looked(where, part)
            there.append(name)
        except XitError as error:
            lost[name] = str(error)
    if not there:
        raise XitError(f"none of the data can be reached: {'; '.join(lost.values())}")
    return there, lost


# -- what is compared --


def zero_shot(contrast: pd.DataFrame, source: str) -> pd.DataFrame:
    """`contrast` in the languages but the source and that of the data, with `data` (its language),
    `errors` (share, 0-1) and `set` (OWN or TRANSLATED)."""
    told = _told(contrast)
    return told[~told["language"].isin([source]) & (told["language"] != told["data"])]


def in_own_language(contrast: pd.DataFrame, source: str) -> pd.DataFrame:
    """The rest of it: in the language of the data, where that is not the source."""
    told = _told(contrast)
    return told[(told["language"] == told["data"]) & (told["data"] != source)]


def _told(contrast: pd.DataFrame) -> pd.DataFrame:
    order = {target: i for i, target in enumerate(contrast["target"].unique())}
    contrast = contrast.sort_values("target", key=lambda c: c.map(order), kind="stable")
    parsed = contrast["intermediate"].map(variants.parse)
    kinds = parsed.map(lambda v: OWN if tasks.intermediate(v.task).like else TRANSLATED)
    data = parsed.map(lambda v: v.language or v.row.language)
    told = contrast.assign(data=data, errors=parsed.map(lambda v: v.errors), set=kinds)
    return told[data.astype(bool)].reset_index(drop=True)


def grid(rows: pd.DataFrame, families: Mapping[str, str], column: str = "difference") -> Grid:
    """One variant's or contrast's rows on one target, as xit/report/stats.py takes them."""
    kept = rows[["language", "seed"]].assign(change=rows[column].to_numpy())
    return stats.grid(kept.reset_index(drop=True), families)


KEY = ["target", "set", "data", "errors", "intermediate"]
FOUND = ["mean", "low", "high", "new low", "new high", "p", "improved", "seeds", "languages"]


def effects(
    told: pd.DataFrame, families: Mapping[str, str], column: str = "difference"
) -> pd.DataFrame:
    """A row each variant and target of `zero_shot`: KEY, FOUND of the mean of `column` (points),
    `change` (of the variant against no intermediate task) and `detectable`.

    `p` is adjusted within a target and set (Holm), of data without errors; `low` and `high` hold
    for these languages, `new low` and `new high` for new ones.
    """
    rows = []
    for key, part in told.groupby(KEY, sort=False):
        one = grid(part, families, column)
        rows.append(dict(zip(KEY, key, strict=True)) | found(one) | {"change": part["with"].mean()})
    frame = pd.DataFrame(rows, columns=[*KEY, *FOUND, "detectable", "change"])
    return adjusted(frame, ["target", "set"], frame["errors"] == 0)


def found(one: Grid) -> dict[str, float]:
    """FOUND and `detectable` of one grid."""
    e = stats.effect(one)
    ends = (e.these.low, e.these.high, e.new.low, e.new.high)
    values = (e.mean, *ends, e.p, e.improved, e.seeds, e.languages)
    return dict(zip(FOUND, values, strict=True)) | {"detectable": detectable(one)}


def adjusted(frame: pd.DataFrame, by: Sequence[str], where: pd.Series) -> pd.DataFrame:
    """`frame` with `p` adjusted (Holm) within groups `by` of the rows `where`, and only there."""
    frame = frame.copy()
    for _, part in frame[where].groupby(list(by), sort=False):
        frame.loc[part.index, "p"] = stats.holm(part["p"].tolist())
    return frame


def interaction(told: pd.DataFrame, families: Mapping[str, str], source: str) -> pd.DataFrame:
    """What a share of errors costs in each language of the data, and how much more than elsewhere.

    A row each task, target, `data`, `errors`: `cost` (points: with errors - without, seeds and
    languages averaged) and FOUND of `cost` minus that of data in `reference` (the source, if it has
    that share; else the first language), in the languages that are neither's. No rows without
    errors.
    """
    clean = told[(told["errors"] == 0) & (told["set"] == TRANSLATED)]
    pair = ["task", "target", "language", "seed"]
    # without errors the source's own data are the plain task
    plain = told.drop_duplicates(pair)[[*pair, "without"]].rename(columns={"without": "right"})
    right = clean[[*pair, "data", "with"]].rename(columns={"with": "right"})
    right = pd.concat([plain.assign(data=source), right])
    wrong = told[told["errors"] > 0][[*pair, "data", "errors", "with"]]
    both = wrong.merge(right, on=[*pair, "data"])
    both["cost"] = both["with"] - both["right"]
    rows = []
    group = ["task", "target", "errors"]
    for key, part in both.groupby(group, sort=False):
        codes = list(dict.fromkeys(part["data"]))
        first = source if source in codes else codes[0]
        base = part[part["data"] == first][[*pair, "cost"]].rename(columns={"cost": "base"})
        for code in codes:
            one = part[part["data"] == code]
            row = dict(zip(group, key, strict=True)) | {"data": code, "reference": first}
            row["cost"] = one["cost"].mean()
            joined = one.merge(base, on=pair)
            if code != first and len(joined):
                joined["difference"] = joined["cost"] - joined["base"]
                row |= found(grid(joined, families))
            rows.append(row)
    columns = [*group, "data", "cost", "reference", *FOUND, "detectable"]
    frame = pd.DataFrame(rows).reindex(columns=columns)
    return adjusted(frame, group, frame["p"].notna())


# -- power --


def detectable(one: Grid) -> float:
    """The smallest mean effect (points) that the interval for these languages would have kept off 0
    with probability POWER, if seeds vary as they did; NaN from one seed.
    """
    return _least(math.sqrt(stats.variances(one).seeds), len(one.values) - 1)


def _least(error: float, df: float, level: float = stats.LEVEL, power: float = POWER) -> float:
    """The effect whose two-sided t test, of this standard error, has this power.

    By the mean over the distribution of the estimated error; scipy's noncentral t fails at df 1.
    """
    if math.isnan(error) or df < 1:
        return math.nan
    if error == 0:
        return 0.0
    edge = distributions.t.ppf((1 + level) / 2, df)
    middles = (np.arange(STEPS) + 0.5) / STEPS
    limits = edge * np.sqrt(distributions.chi2.ppf(middles, df) / df)

    def short(shift: float) -> float:
        found = distributions.norm.sf(limits - shift) + distributions.norm.cdf(-limits - shift)
        return float(found.mean() - power)

    return error * float(optimize.brentq(short, 0.0, 10 * edge + 10))


def seeds_for(one: Grid, effect: float, most: int = 1000) -> int | None:
    """The fewest seeds with which `effect` (points) would be `detectable`; None above `most`, and
    where one seed tells nothing of how they vary."""
    spread = math.sqrt(stats.variances(one).seeds * len(one.values))
    if math.isnan(spread):
        return None
    counts = range(2, most + 1)
    at = bisect(counts, -effect, key=lambda n: -_least(spread / math.sqrt(n), n - 1))
    return counts[at] if at < len(counts) else None


def seeds_needed(
    told: pd.DataFrame, families: Mapping[str, str], effect: float = 1.0
) -> pd.DataFrame:
    """A row each variant and target: how many seeds there are, and `seeds_for` an `effect`."""
    rows = []
    for (target, name), part in told.groupby(["target", "intermediate"], sort=False):
        one = grid(part, families)
        needed = seeds_for(one, effect)
        rows.append({
            "target": TITLES[str(target)], "data": TITLES[str(name)], "seeds here": len(one.values),
            "seeds needed": "–" if needed is None else str(needed),
        })  # fmt: skip
    return pd.DataFrame(rows)


# -- published --


def printed() -> pd.DataFrame:
    """Phang et al. 2020, Table 3, averaged: a row each language of the data and "all".

    Over tasks and targets, in that language: mean change after English data and after data in the
    language, their difference, cells; the same without the cells of `catastrophic`.
    """
    cells = translation.printed()
    rows = []
    groups = [*cells.groupby("language", sort=False), ("all", cells)]
    for code, part in groups:
        kept = part[~part.index.isin(catastrophic().index)]
        told = {"language": code} | part[["without", "with", "difference"]].mean().to_dict()
        told |= {"cells": len(part), "better": int((part["difference"] > 0).sum())}
        rows.append(told | {"without the collapses": kept["difference"].mean()})
    return pd.DataFrame(rows)


COLLAPSE = -20.0  # points: a change that no other cell of the table comes near


def catastrophic() -> pd.DataFrame:
    """The cells of Table 3 whose change after translated data is below COLLAPSE."""
    cells = translation.printed()
    return cells[cells["with"] < COLLAPSE]


# -- the full study --

LAYERS = {"FacebookAI/xlm-roberta-large": 12 * 24 * 1024**2}  # weights of the layers, no embeddings


def full_study() -> Study:
    """Study `paper`, whatever the page's own is."""
    return studies.parse(project() / "notebooks" / "studies" / "paper.yaml")


def paper_scale(study: Study) -> pd.DataFrame:
    """A row each training that section `source_language` of `study` adds, one seed: examples of the
    full dataset, epochs, batch, updates, tokens at most (millions) and how often it is made.

    `tokens` counts every example at the longest length; early stopping makes it less.
    """
    told = study.ablations["source_language"]
    tasks_ = [("intermediate", TITLES[v], variants.parse(v).row) for v in told["variants"]]
    after = [("target", f"target {t.title}", t) for t in map(tasks.target, told["targets"])]
    rows = []
    for phase, title, task in [*tasks_, *(x for x in after if x[2].train and not x[2].model_of)]:
        assert task.train is not None
        config = hub.config(task, task.train, "", task.language or study.source)
        known = look.upstream().get((task.train.repo, config, task.train.split))
        s = study.settings(phase, task)
        passes = known[0] * s["epochs"] if known else math.nan
        rows.append({
            "training": title, "examples": known[0] if known else math.nan, "epochs": s["epochs"],
            "batch": s["batch_size"], "updates": passes / s["batch_size"],
            "million tokens": passes * s["max_length"] / 1e6,
            "times": study.num_seeds * (1 if phase == "intermediate" else len(tasks_)),
        })  # fmt: skip
    return pd.DataFrame(rows)


def scale_in_words(study: Study, teraflops: float) -> str:
    """How many trainings `paper_scale` adds up to, and for how long a GPU that keeps up so many
    teraflop/s would be busy with their forward and backward passes: 6 a weight and token."""
    table = paper_scale(study)
    tokens = float((table["million tokens"] * table["times"]).sum())
    text = f"Study `{study.name}` adds {int(table['times'].sum())} trainings to those it has: "
    text += f"{len(study.ablations['source_language']['variants'])} data sets, {study.num_seeds} "
    text += f"seeds, and the targets after each; {(table['updates'] * table['times']).sum():,.0f} "
    text += f"updates, at most {tokens / 1e3:,.1f} billion tokens. "
    if weights := LAYERS.get(study.model):
        hours = 6 * weights * tokens * 1e6 / (teraflops * 1e12) / 3600
        text += f"With {weights / 1e6:.0f} million weights in the layers of {study.model} that is "
        text += f"at most {hours:,.0f} GPU hours at {teraflops:g} teraflop/s kept up, scoring left "
        text += "out: an estimate, not a measurement. "
    return text + "Its data are on the Hub; `make check STUDY=paper` lists them."
