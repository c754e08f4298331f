"""Noise and length, from runs: which are wanted, and what the finished ones say.

chains = section.run(noisy_runs.wanted(section, trained))
scores = noisy_runs.scores(chains, section.study)        # with kind and rate of the noise
noisy_runs.pieces(chains), noisy_runs.inputs(trained)    # sub-words; what was trained on
"""

import json
from collections.abc import Iterable, Sequence

import pandas as pd

from xit import chains, specs, variants
from xit.data.typos import Noise, checked
from xit.report import tables
from xit.report.rows import SHORTENED
from xit.report.section import Section
from xit.runs import Spec
from xit.study import Study
from xit.workers import Result

CLEAN = "clean"  # the kind of no noise, whose rate is 0


def wanted(section: Section, trained: Sequence[Sequence[Result]]) -> list[list[Spec]]:
    """For the models of the section and for none, each target and seed: what is trained for the
    target, its clean score and those at every rate; on the first target, and without intermediate
    task, at the highest rate every kind as well.
    """
    study, own = section.study, section.parameters
    rates, kinds, targets = own["rates"], own["kinds"], own["targets"]
    assert isinstance(rates, list) and isinstance(kinds, list) and isinstance(targets, list)
    kind, seed = str(own["kind"]), own["noise_seed"]
    assert isinstance(seed, int)
    curve = [checked(kind, rate, seed) for rate in sorted(rates)]
    every = [checked(k, max(rates), seed) for k in kinds]
    parents = [specs.base(study)] * len(section.seeds())
    plain = chains.targets(study, "none", targets, section.seeds(), parents)
    after = [*plain, *section.chains_after(trained)]
    made = chains.noisy(study, sorted(after, key=lambda c: targets.index(c[-1]["task"])), curve)
    # the kinds last: a worker keeps the rows of a target, but not of all its kinds of noise beside
    first = [chain for chain in plain if chain[-1]["task"] == targets[0]]
    return made + chains.noisy(study, first, [x for x in every if x not in curve])


def scores(finished: Iterable[Sequence[Result]], study: Study) -> pd.DataFrame:
    """Main-metric scores of all finished chains: results.COLUMNS with `kind` and `rate`."""
    about = []
    for result in _scored(finished):
        spec, noise = result.spec, _noise(result.spec)
        told = {"study": study.name, "intermediate": spec["where"]["after"]}
        told |= {"target": spec["task"], "seed": spec["where"]["seed"]}
        about.append((result.path, told | {"kind": noise.kind, "rate": noise.rate}))
    return tables.main(tables.run_scores(about, study, ["kind", "rate"]))


def _scored(finished: Iterable[Sequence[Result]]) -> list[Result]:
    """Each scoring run once for each model and seed that it is of."""
    found = {}
    for result in (r for chain in finished for r in chain if r.spec["kind"] == "scores"):
        where = result.spec["where"]
        found[result.path, where["after"], where["seed"]] = result
    return list(found.values())


def _noise(spec: Spec) -> Noise:
    told = spec.get("noise")
    return Noise(told["kind"], told["rate"]) if told else Noise(CLEAN, 0.0)


def pieces(finished: Iterable[Sequence[Result]]) -> pd.DataFrame:
    """What noise does to the texts that are scored: target, language, kind, rate, words, changed
    (words), pieces and clean (tokens with and without it), cut (inputs that are too long)."""
    rows: dict[tuple, dict] = {}
    for result in _scored(finished):
        noise = _noise(result.spec)
        key = (result.spec["task"], noise)
        if noise.kind == CLEAN or key in rows:
            continue
        counts = json.loads((result.path / "data.json").read_text())
        rows[key] = {
            code: {
                "words": told["words"],
                "changed": told["words changed"],
                "pieces": told["pieces"],
                "clean": told["pieces without noise"],
                "cut": sum(told.get(what, 0) for what in SHORTENED),
            }
            for code, told in counts.items()
        }
    return pd.DataFrame(
        [
            {"target": task, "language": code, "kind": noise.kind, "rate": noise.rate} | told
            for (task, noise), by_language in rows.items()
            for code, told in by_language.items()
        ]
    )


def inputs(trained: Iterable[Sequence[Result]]) -> pd.DataFrame:
    """What each intermediate run has read: intermediate, seed, rows, length (mean, tokens), tokens
    (one pass), updates, dev (best development score, 0-100, on inputs as long)."""
    rows = []
    for result in (chain[0] for chain in trained):
        data = json.loads((result.path / "data.json").read_text())["encoding"]
        summary = json.loads((result.path / "summary.json").read_text())
        rows.append(
            {
                "intermediate": str(specs.variant_of(result.spec)),
                "seed": result.spec["seed"],
                "rows": data.get("rows made", data.get("windows")),
                "tokens": data.get("tokens"),
                "wanted": data.get("tokens wanted"),
                "updates": summary["steps"],
                "dev": summary["best"],
            }
        )
    frame = pd.DataFrame(rows)
    task = frame["intermediate"].map(lambda name: variants.parse(name).task)
    natural = frame["wanted"].groupby(task).transform("max")  # what the plain task has
    frame["tokens"] = frame["tokens"].fillna(natural)
    return frame.assign(length=frame["tokens"] / frame["rows"])
