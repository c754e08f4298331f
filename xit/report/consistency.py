"""Do the paper's numbers follow from one another? Every printed average from its cells, and slips.

every_average()   # 263 printed averages beside those recomputed
slips()           # where the paper does not agree with itself
"""

import pandas as pd

from xit.report import published
from xit.report.published import ROUNDING

KEY = ["intermediate", "mlm", "target", "metric"]
# What the text and Table 1 say, which their tables do not: the gain of multi-task training over the
# best single task, named there as MNLI, and the number of Tatoeba's languages.
MARGIN, RIVAL = 0.3, "mnli"
TATOEBA_LANGUAGES = 37


def every_average() -> pd.DataFrame:
    """Every printed average: table, row, target, metric, cells (how many), printed, recomputed,
    difference, follows (within ROUNDING). 0-100; Table 2's rows but the baseline's are changes."""
    parts = [_table2(), _benchmark(), appendix_averages().assign(table="Appendix B")]
    columns = ["table", "row", "target", "metric", "cells", "printed", "recomputed"]
    table = pd.concat(parts, ignore_index=True)[columns]
    difference = table["printed"] - table["recomputed"]
    return table.assign(difference=difference, follows=difference.abs() <= ROUNDING)


def _rows(table: pd.DataFrame) -> list[str]:
    pairs = zip(table["intermediate"], table["mlm"], strict=True)
    return [published.printed_name(name, mlm) for name, mlm in pairs]


def _table2() -> pd.DataFrame:
    table = published.averages()
    count = len(published.TARGET)
    return table.assign(row=_rows(table), table="Table 2", target="all", metric="mean", cells=count)


def _benchmark() -> pd.DataFrame:
    table = published.benchmark()
    averaged = table["target"] == "avg"
    printed = table[averaged].set_index("model")["value"]
    tasks = table[~averaged].groupby(["model", "target"])["value"].mean().groupby("model")
    frame = pd.DataFrame({"printed": printed, "recomputed": tasks.mean(), "cells": tasks.size()})
    frame = frame.dropna().rename_axis("row").reset_index()  # no average is printed for humans
    return frame.assign(table="benchmark", target="all", metric="mean")


def appendix_averages() -> pd.DataFrame:
    """Appendix B's averages over languages: KEY, row, cells, printed, recomputed, and `table2`, the
    cell of Table 2 that the same average has there; 0-100."""
    table = published.appendix()
    average = table["language"] == "avg"
    groups = table[~average].groupby(KEY, sort=False)["value"]
    parts = {
        "printed": table[average].set_index(KEY)["value"],
        "recomputed": groups.mean(),
        "cells": groups.size(),
        "table2": published.table2().query("metric != 'qa'").set_index(KEY)["value"],
    }
    both = pd.DataFrame(parts).dropna().loc[groups.mean().index].reset_index()
    return both.assign(row=_rows(both))


def against_table2() -> pd.DataFrame:
    """Per target, how many of Appendix B's averages are higher than Table 2's by more than
    ROUNDING, the same, or lower; and the largest difference in points with its row."""
    table = appendix_averages()
    table["gap"] = (table["printed"] - table["table2"]).round(6)
    rows = []
    for target, part in table.groupby("target", sort=False):
        most = part.iloc[int(part["gap"].abs().argmax())]
        same = part["gap"].abs() <= ROUNDING
        rows.append(
            {
                "target": target,
                "averages": len(part),
                "higher": int((part["gap"] > ROUNDING).sum()),
                "same": int(same.sum()),
                "lower": int((part["gap"] < -ROUNDING).sum()),
                "largest difference": most["gap"],
                "after": most["row"],
            }
        )
    return pd.DataFrame(rows)


def table3_against_appendix() -> pd.DataFrame:
    """Table 3's rows with English intermediate data beside the same changes within Appendix B:
    intermediate, target, metric, language, printed, recomputed, difference (points)."""
    cells = published.appendix().query("not mlm").drop(columns="mlm")
    place = ["target", "metric", "language"]
    base = cells[cells["intermediate"] == "none"].set_index(place)["value"].rename("baseline")
    score = cells.set_index(["intermediate", *place])["value"].rename("score")
    table = published.translated().query("data == 'en'").drop(columns="data")
    table = table.join(base, on=place).join(score, on=["intermediate", *place])
    table["recomputed"] = table["score"] - table["baseline"]
    table = table.rename(columns={"value": "printed"}).drop(columns=["score", "baseline"])
    return table.assign(difference=(table["printed"] - table["recomputed"]).round(6))


def slips() -> pd.DataFrame:
    """Where the paper's numbers disagree: where, printed, recomputed; one row each, as text."""
    averages, against, table3 = every_average(), against_table2(), table3_against_appendix()
    rows = [
        (
            f"{a['table']}, average of {a['row']!r}",
            f"{a['printed']:.1f}",
            f"{a['recomputed']:.2f} from its {a['cells']} cells",
        )
        for a in averages[~averages["follows"]].to_dict("records")
    ]
    rows.append(
        (
            "Appendix B against Table 2, averages over languages after the same training",
            "both called dev results",
            f"{against['higher'].sum()} of {against['averages'].sum()} higher in the appendix",
        )
    )
    rows += [_margin(), _tatoeba()]
    wrong = table3[table3["difference"].abs() > ROUNDING]
    rows += [
        (
            f"Table 3, {w['intermediate']} → {w['target']}, {w['metric'].upper()}, {w['language']}",
            f"{w['printed']:+.1f}",
            f"{w['recomputed']:+.1f} from Appendix B, with which {len(table3) - len(wrong)} "
            f"of {len(table3)} cells agree",
        )
        for w in _as_printed(wrong).to_dict("records")
    ]
    return pd.DataFrame(rows, columns=["where", "printed", "recomputed"])


def _as_printed(table: pd.DataFrame) -> pd.DataFrame:
    """Task names as the paper has them."""
    targets = {name: told for told, name in published.TARGET.items()}
    return table.assign(
        intermediate=table["intermediate"].map(published.printed_name),
        target=table["target"].map(targets),
    )


def _margin() -> tuple[str, str, str]:
    single = published.averages().query("not mlm and intermediate != 'none'")
    change = single.set_index("intermediate")["printed"]
    best = str(change.drop("multitask").idxmax())
    return (
        "Text: multi-task training above the best single task, mean over targets",
        f"{MARGIN:+.1f}, over {published.printed_name(RIVAL)}",
        f"{change['multitask'] - change[best]:+.1f}, over {published.printed_name(best)} (Table 2)",
    )


def _tatoeba() -> tuple[str, str, str]:
    listed = published.per_language("tatoeba").query("language != 'avg'")["language"].nunique()
    return "Table 1: languages of Tatoeba", str(TATOEBA_LANGUAGES), f"{listed} in Appendix B"
