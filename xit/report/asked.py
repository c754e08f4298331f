"""Which runs the sections of a study will ask for, named before any of them is executed.

asked.chains(study, ["target/none", "mlm"])    # chains of specs, those before which go on from them

What a run goes on from is known by its spec, never by a result, so that all can be named at once. A
section is asked as its notebook would ask, with the parameters that it has now, changed ones too.
"""

from collections.abc import Iterable, Sequence

from xit import execute, specs
from xit.report import adversarial, change, complexity, noisy_runs, training
from xit.runs import Spec
from xit.specs import Parent
from xit.study import READING, Study
from xit.workers import Result


class Asked(change.Unchanged):
    """A section that keeps the chains it would run, and runs none."""

    def __init__(self, study: Study, name: str) -> None:
        super().__init__(study, name)
        self.parameters = execute.values(study, name)
        self.chains = list[list[Spec]]()

    def run(self, wanted: Sequence[Sequence[Spec]]) -> list[list[Result]]:
        """Where the runs of all chains are or would be."""
        self.chains += map(list, wanted)
        return super().run(wanted)

    def parents(self, after: str | None = None) -> list[Parent]:
        """For each seed, the model that its intermediate section leaves with the parameters that
        it has now: by the time that it is needed, it has been executed with them."""
        after = after or str(self.parameters["intermediate"])
        if after == "none":
            return super().parents(after)
        found = [specs.parent_of(spec) for spec in self.trained(after)]
        return [found[i % len(found)] for i in range(len(self.seeds()))]

    def trained(self, task: str) -> list[Spec]:
        """The runs of the section `intermediate/<task>`."""
        made = self.run(Asked(self.study, f"intermediate/{task}").intermediate_chains())
        return [chain[0].spec for chain in made]

    def number(self, parameter: str) -> int:
        """A parameter that is a whole number; 0 for None."""
        value = self.parameters[parameter] or 0
        assert isinstance(value, int)
        return value


def chains(study: Study, sections: Iterable[str]) -> list[list[Spec]]:
    """The chains of all `sections`; XitError where data are missing or a parameter is wrong."""
    first = [[specs.pretrain(study)]] if study.model == "pretrain" else []
    return [*first, *(chain for name in sections for chain in _of(Asked(study, name)))]


def _of(section: Asked) -> list[list[Spec]]:
    if section.phase == "multilingual_model":
        _model(section)
    elif section.phase == "complexity":
        _complexity(section)
    elif section.phase == "length_noise":
        section.run(noisy_runs.wanted(section, section.run(section.variant_chains())))
    elif section.phase == "adversarial":
        trained = section.run(section.variant_chains())
        section.run(adversarial.chains_after(section, trained))
        section.run(adversarial.probe_chains(section, trained))
    elif section.phase not in READING:
        section.run(change.wanted(section))
    return section.chains


def _model(section: Asked) -> None:
    own, study = section.parameters, section.study
    model = specs.base(study)
    if own["retrain"]:
        spec = specs.pretrain(study, **{k: own[k] for k in ("steps", "learning_rate")})
        section.run([[spec]])
        model = specs.parent_of(spec)
    if corpora := study.pretrain.get("corpora"):
        section.run([[specs.mlm_loss(study, model, corpora)]])
    section.run([[training.retrieval_spec(study, model)]])


def _complexity(section: Asked) -> None:
    sizes = section.parameters["dimensions"]
    assert isinstance(sizes, list)
    trained = {task: section.trained(task) for task in complexity.single(section)}
    section.run(complexity.informing(section, trained))
    section.run(complexity.coding(section, section.number("code_examples")))
    few = section.number("subspace_examples") or None
    section.run(complexity.reducing(section, sizes, few))
    if section.parameters["variants"]:
        graded = section.run(section.variant_chains())
        section.run(section.chains_after(graded))
        section.run(complexity.informing_of(section, graded))
