"""One target task, or one language, at a time: what the section `results` has kept, as the cells
and rows that its closer pages draw.

`found` is as `effects.flat`, `languages` as `effects.by_language`, `names` language → how it is
written. Scores are 0-100, changes points.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from xit import tasks
from xit.report import chance, published, tables, typology
from xit.report.names import TITLES
from xit.report.results import COLLAPSED, NO_INTERVAL
from xit.study import Study

ALPHA = 0.05  # of a change that is called firm, after Holm's correction
PUBLISHED = "published: XLM-R large"


def called(study: Study) -> str:
    """A study as a figure names it: "study lab: invented languages"."""
    world = study.model.split("/")[-1]
    if str(study.hub).startswith("lab"):
        world = "invented languages"
    elif study.model == "pretrain":
        world = "natural languages, a small model"
    return f"study {study.name}: {world}"


def targets(study: Study) -> pd.DataFrame:
    """One row a target of the study: `target`, `chance` (0-100)."""
    rows = [(target, chance.chance(study, target)) for target in study.targets]
    return pd.DataFrame(rows, columns=["target", "chance"])


def language_names(study: Study) -> dict[str, str]:
    """Language → "Belun (qab)", source first, then by family and distance."""
    known = typology.table(str(study.hub), study.source)["name"]
    return {
        code: f"{known[code]} ({code})" if code in known.index else code
        for code in tables.language_order(study)
    }


def families(study: Study, codes: Sequence[str]) -> dict[str, str]:
    """Language → its family, of `codes`; the source language's own band says that it is that."""
    table = typology.table(str(study.hub), study.source)
    told = {c: typology.family(table, c) for c in codes}
    return told | {c: f"{told[c]} (source)" for c in codes if c == study.source}


# -- cells of heat maps --


def overall_cells(found: pd.DataFrame, whose: str) -> pd.DataFrame:
    """Intermediate tasks × targets: the mean zero-shot changes, with both intervals to be told."""
    told = [
        f"{TITLES[r['intermediate']]} → {TITLES[r['target']]}, {whose}: {r['mean']:+.1f} points; "
        f"these languages {interval(r['low'], r['high'])}; "
        f"new languages {interval(r['far_low'], r['far_high'])} "
        f"({r['seeds']} seeds, {r['languages']} languages)" + _fallen(r["collapsed"])
        for r in found.to_dict("records")
    ]
    return pd.DataFrame(
        {
            "row": found["intermediate"],
            "column": found["target"],
            "change": found["mean"],
            "told": told,
            "firm": found["adjusted"] < ALPHA,
            "mark": np.where(found["collapsed"], COLLAPSED, ""),
        }
    )


def published_cells() -> pd.DataFrame:
    """The same of the paper's Table 2, which prints no intervals; without multilingual MLM."""
    rows = []
    for after in published.INTERMEDIATE.values():
        for target in published.TARGET.values():
            if after == "none":
                continue
            change = published.published_change(after, target)
            score = published.published_score(after, target)
            told = f"{TITLES[after]} → {TITLES[target]}, published (Phang et al. 2020, Table 2): "
            told += f"{score - change:.1f} → {score:.1f}, {change:+.1f} points; no interval printed"
            fallen = (after, target) in published.COLLAPSED
            mark = COLLAPSED if fallen else ""
            rows.append((after, target, change, told + _fallen(fallen), mark))
    return pd.DataFrame(rows, columns=["row", "column", "change", "told", "mark"])


def language_cells(
    languages: pd.DataFrame, names: Mapping[str, str], row: str, column: str
) -> pd.DataFrame:
    """Cells of `languages` with its columns `row` and `column` as rows and columns."""
    told = [
        f"{TITLES[r['intermediate']]} → {TITLES[r['target']]} in "
        f"{names.get(r['language'], r['language'])}: {r['baseline']:.1f} → {r['value']:.1f}, "
        f"{r['change']:+.1f} points; 95% interval {interval(r['low'], r['high'])}"
        + _fallen(r["collapsed"])
        for r in languages.to_dict("records")
    ]
    return pd.DataFrame(
        {
            "row": languages[row],
            "column": languages[column],
            "change": languages["change"],
            "told": told,
            "firm": (languages["low"] > 0) | (languages["high"] < 0),
            "mark": np.where(languages["collapsed"], COLLAPSED, ""),
        }
    )


def printed_cells(row: str, column: str, **only: str) -> pd.DataFrame:
    """The same of the paper's Appendix B, e.g. of `target="xnli"` or `language="de"` alone."""
    table = published.changes_by_language()
    for key, value in only.items():
        table = table[table[key] == value]
    told = [
        f"{TITLES[r['intermediate']]} → {TITLES[r['target']]} in {r['language']}, published "
        f"(Appendix B): {r['baseline']:.1f} → {r['value']:.1f}, {r['change']:+.1f} points"
        for r in table.to_dict("records")
    ]
    return pd.DataFrame(
        {"row": table[row], "column": table[column], "change": table["change"], "told": told}
    )


def interval(low: float, high: float) -> str:
    """An interval as text."""
    return NO_INTERVAL if low != low else f"{low:+.1f} … {high:+.1f}"


def _fallen(collapsed: object) -> str:
    return f"; {COLLAPSED} collapsed runs have a part" if collapsed else ""


# -- rows of dots --


def change_dots(found: pd.DataFrame, order: Sequence[str]) -> pd.DataFrame:
    """A row an intermediate task: the mean zero-shot change of one target with both intervals."""
    part = found[found["intermediate"].isin(list(order))]
    part = part.sort_values("intermediate", key=lambda c: c.map(list(order).index))
    return pd.DataFrame(
        {
            "name": part["intermediate"].map(TITLES),
            "value": part["mean"],
            "low": part["low"],
            "high": part["high"],
            "far_low": part["far_low"],
            "far_high": part["far_high"],
            "firm": part["adjusted"] < ALPHA,
            "mark": np.where(part["collapsed"], f" {COLLAPSED}", ""),
            "told": overall_cells(part, "mean over languages")["told"],
        }
    )


def score_dots(
    scores: pd.DataFrame, by: str, order: Sequence[str], names: Mapping[str, str]
) -> pd.DataFrame:
    """A row a value of column `by` ("language" or "target"): the mean score and its range over
    seeds, in the order given."""
    groups = scores.groupby(by)["value"].agg(["mean", "min", "max"])
    groups = groups.reindex([c for c in order if c in groups.index])
    told = [f"seeds {low:.1f} … {high:.1f}" for low, high in zip(groups["min"], groups["max"],
                                                                 strict=True)]  # fmt: skip
    return pd.DataFrame(
        {
            "key": groups.index,
            "name": [names.get(str(c), str(c)) for c in groups.index],
            "value": groups["mean"],
            "low": groups["min"],
            "high": groups["max"],
            "firm": True,
            "told": told,
        }
    ).reset_index(drop=True)


def printed_dots(target: str) -> pd.DataFrame:
    """The paper's baseline on `target` by language (Appendix B), in the order of its families and
    distances from English; no rows where it does not have the target."""
    table = published.changes_by_language()
    part = table[table["target"] == target].drop_duplicates("language").set_index("language")
    known = typology.shipped("en")
    order = typology.order(known, "en", [str(c) for c in part.index])
    family = [typology.family(known, c) for c in order]
    known_names = printed_names()
    names = [known_names.get(c, c) for c in order]
    value = [float(part["baseline"][c]) for c in order]
    return pd.DataFrame(
        {"key": order, "name": names, "value": value, "band": family, "firm": False}
    )


def facts(study: Study, code: str) -> pd.DataFrame:
    """What the typology table tells of a language: `what`, `value`; distances are from the source,
    0 (as there) to 1."""
    table = typology.table(str(study.hub), study.source)
    rows = [("code", code)]
    if code in table.index:
        known = table.loc[code]
        shown = {k: v for k, v in tables.TYPOLOGY.items() if k != "syntactic"}
        rows += [(v, str(known[k])) for k, v in shown.items() if k in table]
        rows += [
            (f"{name} distance", f"{known[name]:.2f}")
            for name in typology.measures(table)
            if known[name] == known[name]
        ]
    targets_of = [t for t in study.targets if code in study.languages_of(t)]
    rows.append(("scored on", ", ".join(tasks.TARGET[t].title for t in targets_of)))
    return pd.DataFrame(rows, columns=["what", "value"])


# -- the paper's languages --


def printed_names() -> dict[str, str]:
    """Language of the paper → "German (de)"."""
    known = typology.shipped("en")["name"]
    return {str(code): f"{name} ({code})" for code, name in known.items()}


def printed_order(target: str) -> list[str]:
    """The languages that Appendix B has of `target`: English, then by family and distance."""
    return [str(code) for code in printed_dots(target)["key"]]


# -- tables --


def table(languages: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """`languages` for readers: one row a language, intermediate and target task."""
    order = {code: i for i, code in enumerate(names)}
    told = languages.sort_values("language", key=lambda c: c.map(order), kind="stable")
    mark = np.where(told["collapsed"], f" {COLLAPSED}", "")
    return pd.DataFrame(
        {
            "language": [names.get(c, c) for c in told["language"]],
            "target": told["target"].map(TITLES),
            "intermediate": told["intermediate"].map(TITLES),
            "without": told["baseline"],
            "after": told["value"],
            "change": [f"{v:+.1f}{m}" for v, m in zip(told["change"], mark, strict=True)],
            "95% interval": [
                interval(low, high) for low, high in zip(told["low"], told["high"], strict=True)
            ],
            "seeds": told["seeds"],
        }
    )
