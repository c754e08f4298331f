"""Training against a language discriminator: its page's tables for readers."""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from xit import specs, tasks, variants
from xit import study as studies
from xit.paths import project
from xit.report import adversarial, collapse
from xit.report.adversarial import ADVERSARIAL, STANDARD, Told
from xit.report.names import TITLES
from xit.report.section import Section
from xit.report.stats import Interval
from xit.settings import ADVERSARY
from xit.study import Study
from xit.workers import Result


def interval(told: Interval, digits: int = 1) -> str:
    """Both ends, as "-1.2 … +3.4", or that there is none."""
    if not told.there:
        return "no interval"
    return f"{told.low:+.{digits}f} … {told.high:+.{digits}f}"


def settings(study: Study, changed: Mapping[str, object]) -> pd.DataFrame:
    """The adversary's settings: those of Ganin et al. 2016 where they have one, and these."""
    here = study.opposition(**{k.removeprefix("adversary_"): v for k, v in changed.items()})
    text = ", ".join(f"{repo} ({len(codes)} languages)" for repo, codes in here["corpora"].items())
    ganin = {"weight": "1", "rate": "1"}
    rows = [("unlabelled text", "of the target domain", f"{text}, less that of the task's data")]
    rows += [
        (k.replace("_", " "), ganin.get(k, "–"), f"{here[k]:,}" if here[k] is not None else "–")
        for k in ADVERSARY
    ]
    rows.append(("half of each batch", "unlabelled", "unlabelled, beside the task's whole batch"))
    return pd.DataFrame(rows, columns=["", "Ganin et al. 2016", "here"])


def learnt_table(section: Section, trained: Sequence[Sequence[Result]]) -> pd.DataFrame:
    """One row a variant: the task's development score alone and against the adversary, the trivial
    baseline, and how many runs have collapsed to it; means, range over seeds.
    """
    rows = []
    for name, chains in adversarial.by_variant(section, trained):
        told = [collapse.learnt(chain[0].spec, chain[0].path) for chain in chains]
        alone = [_best(Path(p.path)) for p in section.parents(variants.parse(name).task)]
        rows.append(
            {
                "task": TITLES[name],
                "alone": _spread(pd.Series(alone)),
                "against the adversary": _spread(pd.Series([one.best for one in told])),
                "trivial": told[0].trivial,
                "collapsed": f"{sum(one.collapsed for one in told)} of {len(told)}",
            }
        )
    return pd.DataFrame(rows)


def probe_table(probes: pd.DataFrame, layers: Mapping[str, int]) -> pd.DataFrame:
    """One row a model: what a fresh probe finds on the layers that discriminators read, and the
    share of variance between languages there; means over languages, then range over seeds.
    """
    wanted = sorted(set(layers.values()))
    rows = []
    for name, part in probes.groupby("intermediate", sort=False):
        row: dict[str, object] = {"model after": TITLES[str(name)]}
        for layer in wanted:
            here = part[part["layer"] == layer]
            for metric, title in (("acc", "recognised"), ("between", "between languages")):
                seeds = here[here["metric"] == metric].groupby("seed")["value"].mean()
                row[f"{title}, layer {layer} (%)"] = _spread(seeds)
        rows.append(row)
    return pd.DataFrame(rows)


def _spread(values: pd.Series, sign: str = "") -> str:
    """Mean and range, or a single number."""
    if len(values) == 1:
        return f"{values.iloc[0]:{sign}.1f}"
    return f"{values.mean():{sign}.1f} ({values.min():{sign}.1f} … {values.max():{sign}.1f})"


def effect_table(told: Sequence[Told]) -> pd.DataFrame:
    """One row a cell: both changes, their difference, two intervals, p, and what could be seen."""
    return pd.DataFrame(
        {
            "task": TITLES[one.intermediate],
            "target": TITLES[one.target],
            STANDARD: f"{one.standard:+.1f}",
            ADVERSARIAL: f"{one.adversarial:+.1f}",
            "difference": f"{one.effect.mean:+.1f}",
            "95%, these languages": interval(one.effect.these),
            "95%, new languages": interval(one.effect.new),
            "p (Holm)": "–" if math.isnan(one.holm) else f"{one.holm:.3f}",
            "gain": f"{100 * one.effect.improved:.0f}%",
        }
        for one in told
    )


def source_table(frame: pd.DataFrame) -> pd.DataFrame:
    """One row a cell of `adversarial.contrast` in the source language: means, range over seeds."""
    rows = []
    for (name, target), part in frame.groupby(adversarial.CELL, sort=False):
        rows.append(
            {
                "task": TITLES[str(name)],
                "target": TITLES[str(target)],
                STANDARD: f"{part['without'].mean():+.1f}",
                ADVERSARIAL: f"{part['with'].mean():+.1f}",
                "difference": _spread(part.groupby("seed")["difference"].mean(), "+"),
            }
        )
    return pd.DataFrame(rows)


def retrieval_table(raw: Sequence[Told], centred: Sequence[Told]) -> pd.DataFrame:
    """`effect_table` of both ways of comparing sentences, under each other."""
    parts = {"raw": raw, "centred": centred}
    tables = [effect_table(told).assign(target=f"{how}") for how, told in parts.items()]
    both = pd.concat(tables).rename(columns={"target": "vectors"})
    return both.drop(columns=["p (Holm)"]).sort_index(kind="stable")


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.1f}"


def power_table(told: Sequence[Told]) -> pd.DataFrame:
    """One row a cell: the spread of the seeds, and what they could have shown."""
    return pd.DataFrame(
        {
            "task": TITLES[one.intermediate],
            "target": _target(one.target),
            "seeds": ", ".join(f"{x:+.1f}" for x in one.seeds),
            "seen at 5%": _number(one.detectable),
            "seen at Holm's first step": _number(one.strict),
            "seeds for 1 point": "–" if one.for_one is None else str(one.for_one),
        }
        for one in told
    )


def _target(name: str) -> str:
    return "language probe" if name == adversarial.PROBE else TITLES[name]


def ablation_table(
    section: Section,
    trained: Sequence[Sequence[Result]],
    frame: pd.DataFrame,
    probes: pd.DataFrame,
) -> pd.DataFrame:
    """One row a variant of a task that has several: its layer and weight, the best development
    score of the task, what the probe recognises on that layer and on the last, and the difference
    on each target of `frame` (`adversarial.contrast`); means, range over seeds.
    """
    acc = probes[probes["metric"] == "acc"].groupby(["intermediate", "layer", "seed"])["value"]
    found, last, rows = acc.mean(), int(probes["layer"].max()), []
    told = adversarial.by_variant(section, trained)
    count = Counter(variants.parse(name).task for name, _ in told)
    for name, chains in told:
        here = specs.variant_of(chains[0][0].spec)  # with its layer and weight, whoever set them
        own, all_layers = int(here.layer or 0), found.loc[name]
        if count[here.task] == 1:
            continue
        row: dict[str, object] = {
            "task": TITLES[here.task],
            "layer": str(here.layer),
            "weight": f"{here.weight:g}",
            "task's dev": _spread(pd.Series([_best(chain[0].path) for chain in chains])),
            "recognised, own layer": _spread(all_layers.loc[own]),
            "last layer": _spread(all_layers.loc[last]),
        }
        for target, cell in frame[frame["intermediate"] == name].groupby("target", sort=False):
            row[TITLES[str(target)]] = _spread(cell.groupby("seed")["difference"].mean(), "+")
        rows.append(row)
    shown = set(adversarial.names(section, "ablated_targets"))
    full = {TITLES[t] for t in frame["target"].unique() if t not in shown}
    table = pd.DataFrame(rows)
    return table[[c for c in table if c not in full]].fillna("–")


def _best(run: Path) -> float:
    """The best development score of a finished training."""
    return float(json.loads((run / "summary.json").read_text())["best"])


def planned(name: str) -> Study:
    """The study `name` by its file, whether or not its data are on this machine."""
    return studies.parse(project() / "notebooks" / "studies" / f"{name}.yaml")


def needs(name: str) -> pd.DataFrame:
    """What the study `name` would train for this section, by its file."""
    study = planned(name)
    told = study.ablations.get("adversarial", {})
    rows = []
    for variant in told.get("variants", ()):
        wanted = told["targets" if adversarial.is_main(variant) else "ablated_targets"]
        after = sum(tasks.target(t).train is not None for t in wanted)
        size = adversarial.sizes(study, variant)
        rows.append(
            {
                "variant": TITLES[variant],
                "models": f"{study.num_seeds} × {1 + after}",
                "updates": f"{size[0]:,}" if size else "–",
                "sequences an update": str(size[1]) if size else "–",
                "targets": ", ".join(TITLES[t] for t in wanted),
            }
        )
    return pd.DataFrame(rows)
