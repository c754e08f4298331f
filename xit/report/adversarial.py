"""Training against a language discriminator: its runs, and what they change.

    trained = section.run(section.variant_chains())
    probes = recognised(section.run(probe_chains(section, trained)))
    scores = every_score(section, section.run(chains_after(section, trained)))
    told = effects(contrast(scores), effects.families(section.study))

*Standard* is the intermediate task alone, *adversarial* the same task with the same data, seed and
number of updates against the discriminator. The effect is adversarial - standard, in points.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from scipy import stats as distributions

from xit import chains, specs, tasks, variants
from xit.data import hub
from xit.report import ablations, power, stacked, stats, tables, typology
from xit.report import effects as effects_
from xit.report.section import Section
from xit.runs import Spec
from xit.study import Study
from xit.workers import Result

BEFORE, STANDARD, ADVERSARIAL = "before", "standard", "adversarial"
CELL = ["intermediate", "target"]
PROBE = "probe"  # stands for a target where the probe's accuracy is compared


def is_main(name: str) -> bool:
    """Whether a variant takes the study's layer and weight; the others are ablations of these."""
    return not variants.parse(name).levels


def names(section: Section, parameter: str) -> list[str]:
    """The names that the section's `parameter` holds."""
    told = section.parameters[parameter]
    assert isinstance(told, list)
    return told


# -- runs --


def chains_after(section: Section, trained: Sequence[Sequence[Result]]) -> list[list[Spec]]:
    """The targets after each run of `section.variant_chains`: all `targets`, but only
    `ablated_targets` after a variant that names its own layer or weight.
    """
    seeds, made = section.seeds(), list[list[Spec]]()
    for name, own in by_variant(section, trained):
        wanted = names(section, "targets" if is_main(name) else "ablated_targets")
        parents = [specs.parent_of(chain[0].spec) for chain in own]
        made += chains.targets(section.study, name, wanted, seeds, parents)
    return made


def by_variant(
    section: Section, trained: Sequence[Sequence[Result]]
) -> list[tuple[str, Sequence[Sequence[Result]]]]:
    """Each variant with its chains, one a seed."""
    count = len(section.seeds())
    return [
        (name, trained[i * count : (i + 1) * count])
        for i, name in enumerate(names(section, "variants"))
    ]


def probe_chains(section: Section, trained: Sequence[Sequence[Result]]) -> list[list[Spec]]:
    """A probe of the model before, after each task alone and after each variant, seed by seed."""
    study, seeds = section.study, section.seeds()
    wanted = [("none", seeds[:1], [specs.base(study)])]
    plain = dict.fromkeys(variants.parse(name).task for name in names(section, "variants"))
    wanted += [(task, seeds, section.parents(task)) for task in plain]
    for name, own in by_variant(section, trained):
        wanted.append((name, seeds, [specs.parent_of(chain[0].spec) for chain in own]))
    return [
        [specs.probe(study, parent, name, seed)]
        for name, of, parents in wanted
        for seed, parent in zip(of, parents, strict=True)
    ]


# -- frames --


def recognised(probed: Iterable[Sequence[Result]]) -> pd.DataFrame:
    """What the probes found: intermediate ("none", a task or a variant), how (BEFORE, STANDARD,
    ADVERSARIAL), seed, layer, language ("" of all), metric (acc, loss, between), value.
    """
    about = []
    for chain in probed:
        where = chain[-1].spec["where"]
        name = where["after"]
        how = BEFORE if name == "none" else ADVERSARIAL if "+" in name else STANDARD
        about.append((chain[-1].path, {"intermediate": name, "how": how, "seed": where["seed"]}))
    return stacked.read("probe.parquet", about)


def fooled(section: Section, trained: Sequence[Sequence[Result]]) -> dict[str, float]:
    """Variant → share of sentences whose language its own discriminator named between the last two
    evaluations, half of them in the language of the task's data; 0-100, mean over seeds.
    """
    return {
        name: sum(map(_last, chains_)) / len(chains_)
        for name, chains_ in by_variant(section, trained)
    }


def _last(chain: Sequence[Result]) -> float:
    history = pd.read_parquet(chain[0].path / "history.parquet", columns=["recognised"])
    return float(history["recognised"].iloc[-1])


def probe_contrast(probes: pd.DataFrame, layers: Mapping[str, int]) -> pd.DataFrame:
    """Accuracy of the probe after each variant and after its task alone, on the layer that
    `layers` has for the variant: as `contrast`, with PROBE as target.
    """
    acc = probes[probes["metric"] == "acc"]
    rows = []
    for name, layer in layers.items():
        part = acc[acc["layer"] == layer].set_index(["seed", "language"])["value"]
        kind = acc[acc["layer"] == layer].set_index(["seed", "language"])["intermediate"]
        pair = [part[kind == x] for x in (name, variants.parse(name).task)]
        both = pd.concat(pair, axis=1, keys=["with", "without"], join="inner").reset_index()
        told = {"intermediate": name, "task": variants.parse(name).task, "target": PROBE}
        rows.append(both.assign(**told, difference=both["with"] - both["without"]))
    return pd.concat(rows, ignore_index=True)


def every_score(section: Section, finished: Iterable[Sequence[Result]]) -> pd.DataFrame:
    """All metrics of the variants, of their plain tasks and of "none" on the section's targets."""
    own = tables.chain_scores(finished, section.study)
    plain = {variants.parse(name).task for name in own["intermediate"].unique()}
    study = tables.study_scores(section, {"none", *plain})
    study = study[study["target"].isin(own["target"].unique())]
    return pd.concat([study, own], ignore_index=True)


def contrast(scores: pd.DataFrame, metric: str | None = None) -> pd.DataFrame:
    """One row a variant, target, language and seed, in points against no intermediate task:
    `without` (standard), `with` (adversarial), `difference`; of each target's main metric, or of
    the targets that have `metric`.
    """
    told = scores[scores["metric"] == metric] if metric else tables.main(scores)
    return ablations.contrast(told) if len(told) else told


def items(
    section: Section, finished: Iterable[Sequence[Result]], frame: pd.DataFrame
) -> effects_.Items:
    """What each test item differs by between adversarial and standard, in points, for the cells of
    `frame` (`contrast` in each target's main metric); without mining.
    """
    runs = [(chain[-1].path, chain[-1].spec) for chain in finished]
    told: effects_.Items = {}
    for (task, target), part in frame.groupby(["task", "target"], sort=False):
        row, names_ = tasks.target(str(target)), set(part["intermediate"])
        if row.kind == "mining":
            continue
        own = [(path, x["where"]) for path, x in runs if x["task"] == target]
        about = [
            (path, {"intermediate": where["after"], "seed": where["seed"]})
            for path, where in own
            if where["after"] in names_
        ]
        about += [
            (specs.store().root / line["run"], {"intermediate": "none", "seed": line["seed"]})
            for line in section.records("target", {str(task)})[str(task)]["runs"]
            if (line["kind"], line["task"]) == ("scores", target)
        ]  # "none": what the others are compared with
        read = effects_.read_items(about, section.study)
        told |= effects_.paired(read, row.metric, str(target), part)
    return told


def _typology(study: Study) -> pd.DataFrame | None:
    place = hub.root(str(study.hub))
    if not place or not (Path(place) / "typology").is_dir():
        return None
    return typology.languages(Path(place))


# -- effects --


class Told(NamedTuple):
    """The effect of an adversary in one cell, with its intervals; points unless said otherwise."""

    intermediate: str  # the variant
    target: str
    standard: float  # mean change against no intermediate task (of the probe: accuracy)
    adversarial: float
    effect: stats.Effect
    holm: float  # the p-value, adjusted for all rows of one family of tests
    detectable: float  # the mean effect that these seeds show with 80% power at 5%
    strict: float  # the same at 5% over the number of tests, Holm's first step
    seeds: list[float]  # the mean of each
    for_one: int | None  # how many such seeds show an effect of one point


def effects(
    frame: pd.DataFrame, kin: Mapping[str, str], items: effects_.Items | None = None
) -> list[Told]:
    """The effect in each cell of `contrast`: all of its cells are one family of tests (Holm).

    `kin`: language → family. `items` as from the function of that name, where there are any.
    """
    cells = list(frame.groupby(CELL, sort=False))
    change = frame.assign(change=frame["difference"])
    grids = list(effects_.grids(change, kin, items).values())
    found = [stats.effect(one) for one in grids]
    adjusted = stats.holm([one.p for one in found])
    return [
        Told(
            str(cell[0]),
            str(cell[1]),
            float(part["without"].mean()),
            float(part["with"].mean()),
            one,
            p,
            power.detectable(told),
            power.detectable(told, power.ALPHA / len(cells)),
            told.values.mean(1).tolist(),
            power.seeds_for(told, 1.0),
        )
        for (cell, part), told, one, p in zip(cells, grids, found, adjusted, strict=True)
    ]


def by_distance(frame: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Of each cell of `contrast`: Spearman's rho of a language's mean effect with its syntactic
    distance from the source, its p-value, and the number of languages. No rows without distances.
    """
    known, rows = _typology(study), list[dict[str, object]]()
    columns = [*CELL, "rho", "p", "languages"]
    if known is None or "syntactic" not in known:
        return pd.DataFrame(rows, columns=columns)
    for cell, part in frame.groupby(CELL, sort=False):
        means = part.groupby("language")["difference"].mean()
        far = known["syntactic"].reindex(means.index).astype(float)
        there = far.notna()
        if there.sum() < 4 or far[there].nunique() < 2 or means[there].nunique() < 2:
            continue
        rho = distributions.spearmanr(far[there], means[there])
        told = {"rho": float(rho.statistic), "p": float(rho.pvalue), "languages": int(there.sum())}
        rows.append(dict(zip(CELL, cell, strict=True)) | told)
    return pd.DataFrame(rows, columns=columns)


def layers(section: Section) -> dict[str, int]:
    """Variant → the layer that its discriminator reads, as this section trains it."""
    asked = section.parameters.get("adversary_layer")
    usual = section.study.opposition(layer=asked)["layer"]
    told = {name: variants.parse(name).layer for name in names(section, "variants")}
    return {name: usual if layer is None else layer for name, layer in told.items()}


def chance(probes: pd.DataFrame) -> float:
    """What the probe would get by guessing: every language has as many sentences, 0-100."""
    return 100 / probes.loc[probes["language"] != "", "language"].nunique()


def removed(standard: float, adversarial: float, guess: float) -> float:
    """Share of what the probe finds over `guess` that is gone, 0-100; NaN where there is none."""
    return 100 * (standard - adversarial) / (standard - guess) if standard > guess else math.nan


# -- cost --


def sizes(study: Study, variant: str) -> tuple[int, int] | None:
    """(updates, sequences an update) of a variant by the study's settings and the printed size of
    its data where the study takes all of it; None where that is not printed.
    """
    from xit.report import published

    task = variants.parse(variant).row
    told = study.settings("intermediate", task)
    size = told["examples"] or published.sizes().get(("intermediate", task.name), {}).get("train")
    if not size or task.name == tasks.MULTITASK:
        return None
    return max(1, round(told["epochs"] * size / told["batch_size"])), 2 * told["batch_size"]
