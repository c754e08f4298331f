"""Tables for readers of the page on length and noise, from what robustness.py has found."""

import math
from collections.abc import Sequence

import pandas as pd

from xit import study as studies
from xit import tasks, variants
from xit.report import published
from xit.report.names import TITLES
from xit.report.noisy_runs import CLEAN
from xit.report.results import NO_INTERVAL
from xit.report.robustness import MEASURES, Found, Question
from xit.report.stats import Interval
from xit.study import Study

PRINTED = (
    # what published studies say of typing errors and multilingual models; book/references.bib
    ("Cooper Stickland et al. 2022", "pre-training made robust to noise: sentence-level tasks",
     "+3.2%"),
    ("Cooper Stickland et al. 2022", "the same: labelling of words, F1", "+10"),
    ("WikiTypo (arXiv 2501.08322)", "loss through typing errors, the range over nine models",
     "−2.3 … −4.3"),
)  # fmt: skip


def _share(rate: float) -> str:
    return f"{100 * rate:g}% of words"


def interval(ends: Interval, digits: int = 1) -> str:
    """An interval as written, or that there is none."""
    return (
        f"{signed(ends.low, digits)} … {signed(ends.high, digits)}" if ends.there else NO_INTERVAL
    )


def signed(value: float, digits: int = 2) -> str:
    """A difference as written, without "-0.0"."""
    return f"{round(value, digits) + 0.0:+.{digits}f}"


def in_full(question: Question) -> str:
    """What a question compares."""
    one, other = variants.parse(question.one), variants.parse(question.other)
    if question.name == "length":
        return f"{TITLES[one.task]}: {other.length} tokens against {one.length}"
    return f"{TITLES[question.one]}: with smoothing against without"


def in_short(question: Question) -> str:
    """The same for a figure, without the task."""
    one, other = variants.parse(question.one), variants.parse(question.other)
    if question.name == "length":
        return f"{other.length} against {one.length} tokens"
    return "smoothing" + (f", {one.length} tokens" if one.length else "")


def inputs(frame: pd.DataFrame) -> pd.DataFrame:
    """`noisy_runs.inputs`, one row an intermediate task or variant: means, development as range."""
    rows = []
    for name, part in frame.groupby("intermediate", sort=False):
        low, high = part["dev"].min(), part["dev"].max()
        rows.append(
            {
                "intermediate task": TITLES[str(name)],
                "inputs": _count(part["rows"].mean()),
                "tokens an input": part["length"].mean(),
                "tokens": _count(part["tokens"].mean()),
                "updates": _count(part["updates"].mean()),
                "development score": f"{part['dev'].mean():.1f} ({low:.1f} … {high:.1f})",
            }
        )
    return pd.DataFrame(rows)


def _count(number: float) -> str:
    return "–" if math.isnan(number) else f"{number:,.0f}"


def curves(curve: pd.DataFrame, told: pd.DataFrame) -> pd.DataFrame:
    """One row a target and model: the mean score over languages at each rate, mean and range over
    seeds, then `area` and `kept`."""
    rows = []
    for (target, name), part in curve.groupby(["target", "intermediate"], sort=False):
        row = {"target": TITLES[str(target)], "after": TITLES[str(name)]}
        for rate, level in part.groupby("rate"):
            seeds = level.groupby("seed")["value"].mean()
            text = f"{seeds.mean():.1f}"
            text += f" ({seeds.min():.1f} … {seeds.max():.1f})" if len(seeds) > 1 else ""
            row[_share(float(rate)) if rate else CLEAN] = text  # type: ignore[arg-type]
        own = told[(told["target"] == target) & (told["intermediate"] == name)]
        row |= {MEASURES[m]: f"{own[m].mean():.1f}" for m in ("area", "kept")}
        rows.append(row | {MEASURES["slope"]: f"{own['slope'].mean():+.2f}"})
    return pd.DataFrame(rows)


def effects(found: Sequence[Found]) -> pd.DataFrame:
    """One row an effect: mean, both intervals, p and what could have been seen."""
    rows = []
    for one in found:
        e = one.effect
        rows.append(
            {
                "compared": in_full(one.question),
                "target": TITLES[one.target],
                "measure": MEASURES[one.measure],
                "difference": signed(e.mean),
                "these languages": interval(e.these, 2),
                "new languages": interval(e.new, 2),
                "p (Holm)": "–" if math.isnan(one.p) else f"{one.p:.3f}",
                "detectable": "–" if math.isnan(one.detectable) else f"{one.detectable:.2f}",
            }
        )
    return pd.DataFrame(rows)


def kinds(lost: pd.DataFrame, usual: str) -> pd.DataFrame:
    """`robustness.of_kinds` as text, the costliest kind first."""
    rows = []
    for row in lost.sort_values("mean").to_dict("records"):
        against = "–" if math.isnan(row["more"]) else f"{row['more']:+.1f}"
        ends = interval(Interval(row["more low"], row["more high"]))
        rows.append(
            {
                "kind": row["kind"],
                "change": f"{row['mean']:+.1f}",
                "interval": interval(Interval(row["low"], row["high"])),
                f"against {usual}": against,
                "its interval": "–" if against == "–" else ends,
                "p (Holm)": "–" if math.isnan(row["p"]) else f"{row['p']:.3f}",
            }
        )
    return pd.DataFrame(rows)


def pieces(
    told: pd.DataFrame, targets: Sequence[str], languages: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """Title of a target → sub-words per word by language, clean and with each kind and rate; the
    share of words that the highest rate changed, and how many inputs are then too long.
    `languages`: tables.languages by code."""
    return {TITLES[t]: _pieces(told[told["target"] == t], languages) for t in targets}


def _pieces(told: pd.DataFrame, languages: pd.DataFrame) -> pd.DataFrame:
    levels, rows = told.set_index(["language", "kind", "rate"]), []
    for code in (c for c in languages.index if c in set(told["language"])):
        own = levels.loc[code]
        row: dict[str, object] = {"language": code}
        row |= {"script": languages["script"][code]} if "script" in languages else {}
        row[CLEAN] = own["clean"].iloc[0] / own["words"].iloc[0]
        for (kind, rate), level in own.iterrows():
            row[f"{kind}, {100 * rate:g}%"] = level["pieces"] / level["words"]
        rates = own.index.get_level_values("rate")
        most = own.loc[rates == max(rates)]
        row["words changed (%)"] = 100 * most["changed"].sum() / most["words"].sum()
        rows.append(row | {"inputs cut": int(most["cut"].sum())})
    return pd.DataFrame(rows)


def printed() -> pd.DataFrame:
    """What published studies say, as they say it."""
    return pd.DataFrame(PRINTED, columns=["published", "of what", "points"])


def paper_scale() -> pd.DataFrame:
    """What this page needs in the study `paper`: runs and data, from its study file and the table
    of sizes; how long they take is not known before they have been run."""
    study = studies.load("paper")
    told, seeds = study.ablations["length_noise"], study.num_seeds
    trained = [t for t in told["targets"] if tasks.target(t).train]
    new = [v for v in told["variants"] if v not in study.intermediate]
    models = 1 + len(told["variants"])  # none among them
    scored = models * (1 + len(told["rates"])) * len(told["targets"]) + len(told["kinds"])
    sizes, first = published.sizes(), variants.parse(new[0])
    examples = sizes["intermediate", first.task]["train"]
    rows = {
        "intermediate trainings": f"{seeds * len(new)} ({len(new)} variants × {seeds} seeds)",
        "examples in each, as the plain task": f"{examples:,.0f} × {_epochs(study, first.task):g}",
        "target trainings": f"{seeds * len(new) * len(trained)}",
        "scoring runs": f"{seeds * scored}",
        "already there": "those of none and of the plain task",
        "model": f"{study.model}, inputs up to {max(variants.parse(v).length for v in new)} tokens",
        "data": "as the study has; noise is made when they are read",
        "GPU": "one at a time; how many hours is not known, as none has been run",
    }
    return pd.DataFrame(rows.items(), columns=["", "study paper"])


def _epochs(study: Study, task: str) -> float:
    found = study.settings("intermediate", tasks.intermediate(task))["epochs"]
    assert isinstance(found, int | float)
    return found
