"""What the gain in retrieval is made of: which layer, which pooling, centred or not, which task.

told = retrieval_choices.collect(section)        # every choice, before and after every task
retrieval_choices.gains(told, choice)            # what each choice gives alone, and then training
retrieval_choices.shares(told)                   # a factorial analysis of variance

Retrieval trains nothing, so all choices can be made for every model: a full factorial. Accuracies
are 0-100, means over the languages.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xit import specs, tasks
from xit.errors import XitError
from xit.report import published, stacked
from xit.report.names import TITLES
from xit.report.section import Section
from xit.study import Study

TARGET = "tatoeba"
CENTRING = {"acc": "raw", "acc_centred": "centred"}
FACTORS = ["layer", "pooling", "centring"]
TOGETHER = "choices together"
SEEDS = "seeds"
REST = (TOGETHER, f"intermediate × {TOGETHER}", SEEDS)


class Choice(NamedTuple):
    """How sentence vectors are made and compared."""

    layer: int  # Hugging Face's hidden_states index
    pooling: str = "mean"  # or "cls"
    centring: str = "raw"  # or "centred"

    def __str__(self) -> str:
        pooling = {"mean": "mean", "cls": "first token"}[self.pooling]
        return f"layer {self.layer}, {pooling}, {self.centring}"


def collect(section: Section) -> pd.DataFrame:
    """Columns intermediate, seed, FACTORS, value: from every executed target section of the study.

    Without rows where the study has no sentence retrieval.
    """
    told = ["intermediate", "seed", *FACTORS]
    about = [
        (specs.store().root / line["run"], {"intermediate": after, "seed": line["seed"]})
        for after, record in section.records("target").items()
        for line in record["runs"]
        if line["kind"] == "scores" and line["task"] == TARGET
    ]
    if not about:
        return pd.DataFrame(columns=[*told, "value"])
    frame = stacked.read("scores.parquet", about)
    frame["centring"] = frame["metric"].map(CENTRING)
    return frame.groupby(told, sort=False)["value"].mean().reset_index()


def of_study(told: pd.DataFrame, study: Study) -> Choice:
    """What the study's other pages show: its layer (or the last there is), mean pooling, raw."""
    return Choice(min(study.retrieval_layer, int(told["layer"].max())))


# -- what each choice gives --


def gains(told: pd.DataFrame, here: Choice) -> pd.DataFrame:
    """What one choice instead of `here` gives without training, and what training adds to it.

    One row a way of choosing: `what`, `choice`, `none` (accuracy without intermediate task), `more`
    (than at `here`, points), `after` (accuracy after an intermediate task: mean over tasks and
    seeds), `low` and `high` (lowest and highest task), `added` (after - none, points). Layers are
    chosen on the very data that is scored; in the last row for each model by itself.
    """
    table = told.groupby(["intermediate", *FACTORS], sort=False)["value"].mean().unstack(FACTORS)
    none, rest = table.T["none"], table.drop(index="none")
    layers = told["layer"].unique()
    ways = {
        "the study's choice": here,
        "centring alone": here._replace(centring="centred"),
        "layer alone": Choice(*_best(none, [here._replace(layer=n) for n in layers])),
        "pooling alone": here._replace(pooling="cls"),
        "best without training": Choice(*_best(none, none.index.to_list())),
    }
    rows = [
        {"what": what, "choice": str(way), "none": none[way], "after": rest[way].mean(),
         "low": rest[way].min(), "high": rest[way].max()}
        for what, way in ways.items()
    ]  # fmt: skip
    best = rest.max(axis="columns")
    rows.append(
        {"what": "best of each model", "choice": "each its own", "none": none.max(),
         "after": best.mean(), "low": best.min(), "high": best.max()}
    )  # fmt: skip
    frame = pd.DataFrame(rows)
    more, added = frame["none"] - none[here], frame["after"] - frame["none"]
    return frame.assign(more=more, added=added)


def _best(value: pd.Series, ways: Sequence[tuple]) -> tuple:
    """The first of `ways` with the highest value."""
    return max(ways, key=lambda way: value[way])


def gains_table(frame: pd.DataFrame) -> pd.DataFrame:
    """`gains` for readers."""
    return pd.DataFrame(
        {
            "": frame["what"],
            "choice": frame["choice"],
            "no intermediate task": [f"{x:.1f}" for x in frame["none"]],
            "more than the study's choice": [f"{x:+.1f}" for x in frame["more"]],
            "after a task: mean (lowest … highest)": [
                f"{mean:.1f} ({low:.1f} … {high:.1f})"
                for mean, low, high in zip(frame["after"], frame["low"], frame["high"], strict=True)
            ],
            "added by training": [f"{x:+.1f}" for x in frame["added"]],
        }
    )


# -- shares of the variance --


def sums_of_squares(values: NDArray[np.floating], names: Sequence[str]) -> dict[str, float]:
    """Sum of squares of each effect of a balanced factorial design; together the total.

    `values` is (levels of the first factor, …, of the last, repetitions); an interaction is named
    "a × b", what the repetitions of a cell differ by "seeds".
    """
    cells = values.mean(axis=-1)
    found = {}
    for size in range(1, len(names) + 1):
        for chosen in combinations(range(len(names)), size):
            others = tuple(i for i in range(len(names)) if i not in chosen)
            effect = cells.mean(axis=others, keepdims=True)
            for axis in chosen:  # less all effects of fewer factors
                effect = effect - effect.mean(axis=axis, keepdims=True)
            name = " × ".join(names[i] for i in chosen)
            found[name] = float((effect**2).sum() * values.size / effect.size)
    return found | {SEEDS: float(((values - cells[..., None]) ** 2).sum())}


def shares(told: pd.DataFrame) -> pd.DataFrame:
    """Share (%) of the variance over all choices that each effect has: columns effect, score, gain.

    `score`: the accuracy, with "none" as one level of the factor intermediate. `gain`: what each
    task adds to "none" at the same choice; there intermediate is which task. Interactions of
    choices with each other are one row, those of the task with them another. XitError where no seed
    is there for all tasks.
    """
    factors = ["intermediate", *FACTORS]
    score = _balanced(told, factors)
    base = told[told["intermediate"] == "none"].groupby(FACTORS)["value"].mean().rename("base")
    rest = told[told["intermediate"] != "none"].join(base, on=FACTORS)
    gain = _balanced(rest.assign(value=rest["value"] - rest["base"]), factors)
    columns = {}
    for name, values in (("score", score), ("gain", gain)):
        parts: dict[str, float] = {}
        for effect, found in sums_of_squares(values, factors).items():
            task, choices = "intermediate" in effect, effect.count("×") + 1
            if choices - task > 1:  # choices with each other, with or without the task
                effect = f"intermediate × {TOGETHER}" if task else TOGETHER
            parts[effect] = parts.get(effect, 0.0) + found
        total = sum(parts.values())
        columns[name] = {k: 100 * v / total if total else 0.0 for k, v in parts.items()}
    frame = pd.DataFrame(columns).rename_axis("effect").reset_index()
    last = frame["effect"].isin(REST)
    return pd.concat([frame[~last], frame[last]], ignore_index=True)


def _balanced(told: pd.DataFrame, factors: list[str]) -> NDArray[np.floating]:
    """Values as an array, an axis a factor and one for the seeds that all tasks have."""
    sets = told.groupby("intermediate")["seed"].agg(frozenset)
    common = frozenset.intersection(*sets)
    if not common:
        listed = "; ".join(f"{task} {sorted(seeds)}" for task, seeds in sets.items())
        raise XitError(f"no seed is there for all intermediate tasks: {listed}")
    kept = told[told["seed"].isin(common)].set_index([*factors, "seed"])["value"].sort_index()
    assert isinstance(kept.index, pd.MultiIndex)
    shape = [len(level.unique()) for level in kept.index.remove_unused_levels().levels]
    return kept.to_numpy(dtype=float).reshape(shape)


# -- in words --


def in_words(frame: pd.DataFrame, parts: pd.DataFrame) -> str:
    """What `gains` and `shares` say: how much of the gain a choice gives that trains nothing."""
    by = frame.set_index("what")
    here, best = by.loc["the study's choice"], by.loc["best without training"]
    text = (
        f"At the study's choice ({here['choice']}) an intermediate task adds {here['added']:+.1f}"
    )
    text += f" points on average to an accuracy of {here['none']:.1f}. "
    alone = by.drop(index=["best without training", "best of each model", "the study's choice"])
    listed = [f"{what} {more:+.1f}" for what, more in alone["more"].items()]
    text += f"Without any training {', '.join(listed)}; the best of all choices "
    text += f"({best['choice']}) {best['more']:+.1f}"
    if here["added"] > 0:
        text += f", which is {100 * best['more'] / here['added']:.0f}% of what training adds"
    text += f". At that choice training adds {best['added']:+.1f}. "
    if here["added"] > 0 and best["more"] >= here["added"] / 2:
        text += "So at least half of the gain can be had without having learnt anything: it is in "
        text += "how the vectors are read. "
    elif here["added"] > 0:
        text += "So most of the gain is not to be had by reading the vectors otherwise. "
    gain = parts.set_index("effect")["gain"]
    if not gain.any():
        return text + "The gain is the same under all choices."
    ordered = gain.sort_values(ascending=False, kind="stable").items()
    listed = [f"{effect} {share:.0f}%" for effect, share in ordered if share >= 1]
    return text + f"Shares of the variance of the gain over all combinations: {', '.join(listed)}."


def in_print() -> str:
    """What the paper's Table 2 has for the two retrieval tasks: before, and the best after."""
    rows, told = published.table2().query("not mlm and intermediate != 'none'"), []
    for name in (TARGET, "bucc"):
        best = rows[rows["target"] == name].sort_values("value").iloc[-1]
        title, task = tasks.target(name).title, TITLES[best["intermediate"]]
        told.append(f"{title} {best['baseline']:.1f} → {best['value']:.1f} (after {task})")
    return (
        f"Published, XLM-R large, one layer, mean pooling, raw: {', '.join(told)}. Other layers, "
        "the first token and centring are not in the paper: how much of its gain they would have "
        "given cannot be read from it."
    )
