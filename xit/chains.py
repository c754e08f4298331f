"""Which runs a section is made of: chains of specs, each going on from the one before."""

from collections.abc import Sequence

from xit import specs, tasks, variants
from xit.data.typos import Noise
from xit.errors import XitError, unknown
from xit.runs import Spec
from xit.settings import AGAINST, BESIDE, SMOOTHING
from xit.specs import Parent
from xit.study import Study


def intermediate(
    study: Study, name: str, seeds: Sequence[int], **changed: object
) -> list[list[Spec]]:
    """One chain of one run for each seed of the intermediate task or variant called `name`.

    `changed` are settings of training, of language modelling beside it (settings.MLM), of an
    adversary (settings.ADVERSARY) or the `smooth_radius`; None leaves the study's.
    """
    variant = variants.parse(name)
    row, base = variant.row, specs.base(study)
    radius = changed.get("smooth_radius")
    own = {k: v for k, v in changed.items() if k not in (*BESIDE, *AGAINST, *SMOOTHING)}
    settings = study.settings("intermediate", row, **own)
    if row.name == tasks.MULTITASK:
        return [[specs.several(study, base, s, settings, **own)] for s in seeds]
    if variant.option == "adv":
        named = {"layer": variant.layer, "weight": variant.weight}
        told = {AGAINST[k]: v for k, v in changed.items() if k in AGAINST}
        told |= {k: v for k, v in named.items() if v is not None}
        return [[specs.with_adversary(study, row, base, s, settings, **told)] for s in seeds]
    if variant.option != "mlm":
        plain = (study, "intermediate", row, base)
        made = [specs.fine_tune(*plain, s, settings) for s in seeds]
        if variant.length:
            made = [specs.at_length(study, spec, variant.length) for spec in made]
        if variant.option == "smooth":
            made = [specs.smoothed(spec, radius) for spec in made]
        return [[spec] for spec in made]
    beside = {BESIDE[k]: v for k, v in changed.items() if k in BESIDE}
    return [[specs.with_mlm(study, row, base, s, settings, **beside)] for s in seeds]


def targets(
    study: Study,
    after: str,
    names: Sequence[str],
    seeds: Sequence[int],
    parents: Sequence[Parent],
    **changed: object,
) -> list[list[Spec]]:
    """For each target and seed: fine-tune `parents[i]` (not for retrieval), score every language.

    `after` is the intermediate task or variant that the parents come from, or "none". What the
    ablation of selection reads (`along`) is trained here already.
    """
    for name in names:
        if name not in study.targets:
            raise unknown(f"target task of study {study.name!r}:", name, study.targets)
    chains = []
    for name in names:
        row = tasks.target(name)
        steps = tasks.trained(row)
        length = study.settings("target", steps[-1] if steps else row, **changed)["max_length"]
        for seed, parent in zip(seeds, parents, strict=True):
            chain, head = list[Spec](), ""
            for task in steps:  # one, but for a target that something else is learnt before
                settings = study.settings("target", task, **changed)
                told = (study, "target", task, parent, seed, settings, after, head)
                kept = {"checkpoints": study.checkpoints(after, task.name)}
                chain.append(specs.fine_tune(*told) | kept)
                parent, head = specs.parent_of(chain[-1]), task.name
            chain.append(specs.scores(study, row, parent, after, seed, length))
            chains.append(chain)
    return chains


def noisy(
    study: Study, chains: Sequence[Sequence[Spec]], levels: Sequence[Noise]
) -> list[list[Spec]]:
    """The chains of `targets`, each scored at all `levels` of noise as well."""
    longer = []
    for *trained, clean in chains:
        row, where = tasks.target(clean["task"]), clean["where"]
        told = (study, row, Parent(clean["parent"], where["parent"]), where["after"], where["seed"])
        more = [specs.scores(*told, clean["max_length"], noise=level) for level in levels]
        longer.append([*trained, clean, *more])
    return longer


def along(
    study: Study,
    after: str,
    names: Sequence[str],
    seeds: Sequence[int],
    parents: Sequence[Parent],
    checkpoints: int,
    **changed: object,
) -> list[list[Spec]]:
    """For each target and seed: fine-tune `parents[i]` and keep `checkpoints` states on the way;
    score the state best on the source language's development data and each of these, on the scored
    split and, where it is another, on as much development data as the source language's.
    """
    chains = []
    for *trained, kept in targets(study, after, names, seeds, parents, **changed):
        row = tasks.target(kept["task"])
        if not trained:
            raise XitError(f"{row.title} is scored as it is: there are no states to choose from")
        *before, last = trained
        spec = last | {"checkpoints": checkpoints}
        told = (study, row, specs.parent_of(spec), after, spec["seed"], kept["max_length"])
        splits: list[tuple[tasks.Split | None, int | None]] = [(None, None)]
        if row.dev != specs.scored_split(study, row):
            splits.append((row.dev, spec["settings"]["eval_examples"]))
        states = (None, *range(1, checkpoints + 1))
        scored = [specs.scores(*told, *s, state) for state in states for s in splits]
        chains.append([*before, spec, *scored])
    return chains
