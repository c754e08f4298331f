"""A rebuild held against the shipped scores (xit/report/verify.py), for readers: the page of the
book, the line on its front page, the terminal.

Where the project ships no scores of a study there is nothing to show but that: the argument `told`
is None then.
"""

import textwrap
from collections.abc import Sequence

import pandas as pd

from xit.report import effects
from xit.report.names import TITLES
from xit.report.verify import (
    ALL,
    DIFFERENT,
    HOLDS,
    IDENTICAL,
    MAIN,
    MISSING,
    NOISE,
    OTHERWISE,
    RULE,
    UNTOLD,
    Verified,
)
from xit.study import Study
from xit.terminal import aligned

TABLES = {  # of the book
    MAIN: "main results",
    "mlm": "language modelling beside a task",
    "translation": "translated data",
    "selection": "selection of the state kept",
    "complexity": "complexity",
    "source_language": "another source language",
    "length_noise": "length and noise",
    "adversarial": "language discriminator",
}
WIDE = 100  # characters of a line of the terminal
MOST = 20  # differences shown
NAMED = 5  # runs named in a line


def nothing(study: Study) -> str:
    """What is said of a study that no scores are shipped of."""
    return (
        f"The project ships no scores of study {study.name}, so there is nothing to hold this "
        "rebuild against."
    )


def short(study: Study, told: Verified | None) -> str:
    """The front page's line, without a full stop."""
    if told is None:
        return "the project ships no scores of this study to hold it against"
    verdicts = told.tables["verdict"]
    count = {v: int((verdicts == v).sum()) for v in dict.fromkeys(verdicts)}
    if set(count) == {IDENTICAL}:
        said = f"identical in all of {_many(len(verdicts), 'table')}"
    else:
        parts = ", ".join(f"{n} {v}" for v, n in count.items())
        said = f"of {_many(len(verdicts), 'table')} {parts}"
    equal, shared = (int(told.tables[c].sum()) for c in ("equal", "scores"))
    gone = len(told.missing) + len(told.otherwise)
    text = f"{said} ({equal:,} of {shared:,} scores equal to the bit)"
    return text + (f"; {_many(gone, 'shipped run')} not among them" if gone else "")


def _many(n: int, what: str) -> str:
    return f"{n:,} {what}{'s' * (n != 1)}"


# -- tables --


def tables(told: Verified) -> pd.DataFrame:
    """One row a table of the book, for readers: its verdict and what it rests on."""
    rows = []
    for row in told.tables.to_dict("records"):
        shared, equal = row["scores"], row["equal"]
        largest = row["largest"]
        rows.append(
            {
                "table": TABLES[row["table"]],
                "verdict": row["verdict"],
                "scores equal": f"{equal:,} of {shared:,}",
                "tests": row["tests"],
                "largest difference": "–" if largest != largest else f"{largest:.2f}",
                "smallest p (Holm)": effects.p_value(row["p"]),
                "runs missing": row["missing"],
                "defined otherwise": row["otherwise"],
                "not shipped": row["extra"],
            }
        )
    return pd.DataFrame(rows)


def tests(told: Verified) -> pd.DataFrame:
    """The differences that are least like noise, for readers, at most MOST; no rows where every
    score is the same."""
    if not len(told.tests):
        return pd.DataFrame()
    moved = told.tests[told.tests["difference"] != 0]
    rows = []
    for row in moved.sort_values("p", kind="stable").head(MOST).to_dict("records"):
        half = row["high"] - row["difference"]
        rows.append(
            {
                "table": TABLES[row["table"]],
                "target": TITLES[row["target"]],
                "after": TITLES[row["intermediate"]]
                if row["intermediate"] != ALL
                else "every task",
                "language": row["language"] if row["language"] != ALL else "mean",
                "score": _score(row),
                "shipped": f"{row['was']:.2f}",
                "rebuilt": f"{row['now']:.2f}",
                "difference": f"{row['difference']:+.2f}",
                "± 95%": "–" if half != half else f"{half:.2f}",
                "p (Holm)": effects.p_value(row["adjusted"]),
            }
        )
    return pd.DataFrame(rows)


def _score(row: dict) -> str:
    """The metric, with what else tells a score from others of its target."""
    more = {"layer": "layer {}", "pooling": "{}", "checkpoint": "state {}", "noise": "{}"}
    parts = [t.format(row[c]) for c, t in more.items() if not pd.isna(row[c])]
    parts += [f"{row['noise_rate']:g}"] if not pd.isna(row["noise_rate"]) else []
    return ", ".join([row["metric"], *parts])


# -- words --


def verdict(told: Verified) -> str:
    """The whole of it in one or two sentences."""
    count = _many(len(told.tables), "table")
    said = {
        IDENTICAL: f"**Identical.** All scores of {count} are those shipped, to the bit.",
        NOISE: f"**Within seed noise.** No difference in {count} is larger than the seeds explain.",
        DIFFERENT: f"**Different.** Not the shipped study in {_of(told, DIFFERENT)}: there scores "
        "differ by more than the seeds explain.",
        UNTOLD: f"**Cannot be told** in {_of(told, UNTOLD)}: scores differ, and from one seed "
        "there is no interval to hold them against.",
        OTHERWISE: f"**Defined otherwise** in {_of(told, OTHERWISE)}: these runs are not those "
        "that were shipped, so their scores are not compared.",
        MISSING: f"**Missing** in {_of(told, MISSING)}: no shipped run is here.",
    }
    text = said[told.verdict]
    if told.verdict in HOLDS and not told.holds:
        text += " That is of the runs on both sides; not all of the shipped ones are here."
    return text


def _of(told: Verified, which: str) -> str:
    names = [TABLES[t] for t in told.tables.loc[told.tables["verdict"] == which, "table"]]
    return ", ".join(names)


def notes(told: Verified) -> list[str]:
    """What is missing on either side, what is defined otherwise and why, what it was made on."""
    here = f"`make book STUDY={told.study.name}`"
    lines = []
    if told.unexecuted:
        lines.append(f"**Not executed here**: {_some(told.unexecuted)}. {here} does it.")
    if told.missing:
        lines.append(f"**Shipped, not here**: {_runs(told.missing)}.")
    if told.otherwise:
        lines.append(
            f"**Defined otherwise here**: {_runs(told.otherwise)}. A run's name is a hash of all "
            "that determines it, and this part of it is not as it was."
        )
    if told.extra:
        lines.append(f"**Here, not shipped**: {_runs(told.extra)}.")
    if told.changed:
        lines.append(
            f"**Changed parameters** in {_some(told.changed)}: `make section S=… PARAMS=` takes "
            "them back."
        )
    if len(told.definition):
        what = "; ".join(f"`{a}: {b} → {c}`" for a, b, c in told.definition.to_numpy())
        lines.append(
            "**The shipped scores are of another definition of the study** (as shipped → here): "
            f"{what}. To ship those of this one: "
            f"`python -m xit verify --study {told.study.name} --record`."
        )
    elif told.otherwise and not told.changed:
        lines.append("The study's file, recipes and model are as shipped: so it is the data.")
    if len(told.made_on):
        on = "; ".join(f"`{a}: {b} → {c}`" for a, b, c in told.made_on.to_numpy())
        lines.append(f"**Made on another machine or other versions** (shipped → here): {on}.")
    else:
        lines.append("Versions and hardware are those that the shipped scores were made on.")
    return lines


def _runs(names: Sequence[str]) -> str:
    return f"{_many(len(names), 'run')} ({_some([f'`{n}`' for n in names])})"


def _some(names: Sequence[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more:,} more" if more > 0 else "")


def in_words(study: Study, told: Verified | None) -> str:
    """What the page sees, as Markdown."""
    if told is None:
        return nothing(study)
    return "\n".join([f"{verdict(told)}\n", *(f"- {line}" for line in notes(told))])


def refuting(study: Study, told: Verified | None) -> str:
    """What would count against the verdict: how large a difference would be noticed."""
    if told is None:
        return f"Scores of study {study.name} that somebody else has made, and that differ."
    count = int(told.tables["tests"].sum())
    text = (
        "One table that is *different* on a machine like the one that the shipped scores were made "
        f"on. With {_many(told.study.num_seeds, 'seed')} and {count:,} tests in all, what is "
        "smaller than the spread of the seeds stays unseen unless it moves a whole target: "
        "“within seed noise” says that a difference is not larger than that, not that there is "
        "none."
    )
    return text + " Equal bits leave no such doubt." * (told.verdict == IDENTICAL)


def in_terminal(study: Study, told: Verified | None) -> str:
    """The same as lines of text."""
    if told is None:
        return nothing(study)
    found, shown = tables(told), tests(told)
    lines = [f"study {study.name}, held against the scores that the project ships of it", ""]
    lines += [_text(found), "", textwrap.fill(_bare(verdict(told)), WIDE)]
    lines += [
        textwrap.fill(_bare(f"- {line}"), WIDE, subsequent_indent="  ") for line in notes(told)
    ]
    if len(shown):
        lines += [
            "",
            "least like noise",
            _text(shown),
            "",
            textwrap.fill(RULE.replace("*", ""), WIDE),
        ]
    return "\n".join(lines)


def _bare(text: str) -> str:
    return text.replace("**", "").replace("`", "")


def _text(frame: pd.DataFrame) -> str:
    words = ("table", "verdict", "target", "after", "language", "score")
    right = [i for i, c in enumerate(frame.columns) if c not in words]
    return aligned([list(frame.columns), *frame.astype(str).to_numpy().tolist()], right=right)
