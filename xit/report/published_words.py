"""The paper's main table in words, and what would refute it; from its printed numbers."""

from collections.abc import Sequence

import pandas as pd

from xit.report import published
from xit.report.names import TITLES

RETRIEVAL = ("bucc", "tatoeba")
NOT_A_TEST = ("not comparable", "no interval")  # verdicts that neither confirm nor refute


def table2() -> str:
    """How many changes of Table 2 (single tasks and multi-task, without multilingual MLM) are
    gains, on retrieval and elsewhere; the best rows by their printed averages."""
    every = published.table2().query("not mlm and intermediate != 'none'")
    main = every[(every["metric"] == "qa") | ~every["target"].isin(published.QA)]
    found = main[main["target"].isin(RETRIEVAL)]
    rest = main[~main["target"].isin(RETRIEVAL)]
    averages = published.averages().query("not mlm and intermediate != 'none'")
    best = averages.sort_values("printed", ascending=False).iloc[:2].to_dict("records")
    first, second = (
        f"{TITLES[row['intermediate']]} ({row['printed']:+.1f} points on average)" for row in best
    )
    text = f"Published (Table 2, XLM-R large): of {len(found)} changes in retrieval (BUCC, "
    text += f"Tatoeba) {int((found['change'] > 0).sum())} are gains, by "
    text += f"{found['change'].min():+.1f} to {found['change'].max():+.1f} points. Of the other "
    text += f"{len(rest)} changes {int((rest['change'] > 0).sum())} are gains; half of them are "
    text += f"between {rest['change'].quantile(0.25):+.1f} and "
    text += f"{rest['change'].quantile(0.75):+.1f} points. The best rows are {first} and {second}"
    return text + ", averages in which the two retrieval targets weigh two ninths."


def refuting(verdicts: Sequence[str], study: str) -> str:
    """How many of the verdicts of study `study` could refute the paper's numbers, and how many
    do."""
    told = pd.Series(list(verdicts), dtype=object)
    tests = int((~told.isin(NOT_A_TEST)).sum())
    if not tests:
        return (
            f"None of the {len(told)} verdicts of study `{study}` is a test, so nothing here could "
            "refute a number of the paper, or confirm one. The study `paper` has the paper's "
            "model, languages and data; its verdicts would."
        )
    against = int((told == "not reproduced").sum())
    return (
        f"{tests} of the {len(told)} verdicts are tests. {against} of them are *not reproduced*: "
        "the paper's change is outside the interval for one new run here, and has the other sign."
    )
