"""Every run that a study is made of, section by section, without making or reading any.

    for section in wanted.sections(study): …

Each notebook asks for its runs in one or more stages, a stage going on from the one before. What
the notebooks call is called here, in the same order; `tests/plan/test_wanted.py` holds the two
against each other on a study that has been built.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from xit import execute, runs, specs
from xit.errors import XitError
from xit.report import adversarial, change, complexity, noisy_runs, training
from xit.report.section import Section
from xit.runs import Spec
from xit.specs import Parent
from xit.study import Study
from xit.workers import Result


@dataclass(frozen=True)
class Run:
    """One run of a plan."""

    spec: Spec
    name: str  # of its directory; with data that are not read, not the one it will have
    section: str  # the first that asks for it
    there: bool  # in the run store (its checksums are looked at by the build)


@dataclass
class Planned:
    """A section, what it waits for, and its runs in stages of chains; no run is in two sections."""

    name: str
    needs: list[str]
    stages: list[list[list[Run]]] = field(default_factory=list)

    def runs(self) -> list[Run]:
        """All its runs, in order."""
        return [run for stage in self.stages for chain in stage for run in chain]


class Asking(Section):
    """A section that notes what it would run."""

    def __init__(
        self, study: Study, section: str, before: Mapping[str, "Asking"], read: bool
    ) -> None:
        self.study, self.name, self.before, self.read = study, section, before, read
        self.phase = section.partition("/")[0]
        self.parameters = execute.values(study, section)
        self.asked: list[list[list[Spec]]] = []

    def run(self, wanted: Sequence[Sequence[Spec]]) -> list[list[Result]]:
        """The results that there will be."""
        self.asked.append([list(chain) for chain in wanted])
        store = specs.store()
        return [[Result(spec, store.path(spec), False) for spec in chain] for chain in wanted]

    def parents(self, after: str | None = None) -> list[Parent]:
        """For each seed, the model that the section `intermediate/<after>` will have left."""
        after = after or str(self.parameters["intermediate"])
        if after == "none":
            return [specs.base(self.study)] * len(self.seeds())
        found = [specs.parent_of(spec) for spec in self.trained(after)]
        return [found[i % len(found)] for i in range(len(self.seeds()))]

    def trained(self, task: str) -> list[Spec]:
        """The runs of the section of an intermediate task."""
        return [chain[0] for chain in self.before[f"intermediate/{task}"].asked[0]]


def _multilingual_model(section: Asking) -> None:
    own, study = section.parameters, section.study
    model = specs.base(study)
    if own["retrain"]:
        told = {k: own[k] for k in ("steps", "learning_rate")}
        [[made]] = section.run([[specs.pretrain(study, **told)]])
        model = specs.parent_of(made.spec)
    if corpora := study.pretrain.get("corpora"):
        section.run([[specs.mlm_loss(study, model, corpora)]])
    section.run([[training.retrieval_spec(study, model)]])


def _shown(section: Asking) -> None:
    """The runs whose scores its page shows are all that there are."""
    section.run(change.wanted(section))


def _source_language(section: Asking) -> None:
    """Without the data that cannot be had, as the notebook does; unread, of all."""
    if section.read:
        return _shown(section)
    section.run(section.chains_after(section.run(section.variant_chains())))
    return None


def _complexity(section: Asking) -> None:
    own = section.parameters
    examples, sizes, few = (own[k] for k in ("code_examples", "dimensions", "subspace_examples"))
    assert isinstance(examples, int) and isinstance(sizes, list)
    assert few is None or isinstance(few, int)
    trained = {task: section.trained(task) for task in complexity.single(section)}
    section.run(complexity.informing(section, trained))
    section.run(complexity.coding(section, examples))
    section.run(complexity.reducing(section, sizes, few))
    if own["variants"]:
        graded = section.run(section.variant_chains())
        section.run(section.chains_after(graded))
        section.run(complexity.informing_of(section, graded))


def _length_noise(section: Asking) -> None:
    section.run(noisy_runs.wanted(section, section.run(section.variant_chains())))


def _adversarial(section: Asking) -> None:
    trained = section.run(section.variant_chains())
    section.run(adversarial.chains_after(section, trained))
    section.run(adversarial.probe_chains(section, trained))


ASK = {
    "multilingual_model": _multilingual_model,
    "intermediate": _shown,
    "target": _shown,
    "mlm": _shown,
    "translation": _shown,
    "selection": _shown,
    "complexity": _complexity,
    "source_language": _source_language,
    "length_noise": _length_noise,
    "adversarial": _adversarial,
}  # all others only read


def sections(study: Study, read: bool) -> list[Planned]:
    """All sections of `study` with their runs, in reading order.

    `read`: the data are read, so that runs that are there are found; else they are named, which
    takes no data and no time, and nothing is found. XitError where a section cannot be what its
    parameters make it or, with `read`, data are missing.
    """
    seen: set[str] = set()
    with ExitStack() as stack:
        if not read:
            stack.enter_context(specs.unread())
        return [
            Planned(name, study.needs(name), _new(section, seen, read))
            for name, section in _ask(study, read).items()
        ]


def chains(study: Study, names: Iterable[str]) -> list[list[Spec]]:
    """The chains of the sections `names`, with the parameters that they have now, and of the
    intermediate trainings that they go on from: what a cluster makes before they are executed.

    What a run goes on from is known by its spec, never by a result, so all are named at once.
    """
    wanted = {name for name in names if _phase(name) in ASK}
    needed = set(wanted)
    while more := {n for name in needed for n in study.needs(name) if _phase(n) in ASK} - needed:
        needed |= more
    first = [[specs.pretrain(study)]] if study.model == "pretrain" and wanted else []
    return [*first, *(
        chain
        for name, section in _ask(study, read=True).items()
        if name in wanted or (name in needed and _phase(name) == "intermediate")
        for stage in section.asked
        for chain in stage
    )]  # fmt: skip


def _ask(study: Study, read: bool) -> dict[str, Asking]:
    """Every section of `study`, which has noted what it would run."""
    asked: dict[str, Asking] = {}
    for name in study.sections():
        section = asked[name] = Asking(study, name, asked, read)
        if section.phase in ASK:
            ASK[section.phase](section)
    return asked


def _phase(name: str) -> str:
    return name.partition("/")[0]


def _new(section: Asking, seen: set[str], read: bool) -> list[list[list[Run]]]:
    """The stages of a section without what others have asked for, which `seen` then holds."""
    root, stages = specs.store().root, []
    for asked in section.asked:
        stage = []
        for chain in asked:
            named = {runs.name(spec): spec for spec in chain}
            fresh = [
                Run(spec, name, section.name, read and (root / name).is_dir())
                for name, spec in named.items()
                if name not in seen
            ]
            seen.update(named)
            if fresh:
                stage.append(fresh)
        stages.append(stage)
    return stages


def of(study: Study) -> tuple[list[Planned], str]:
    """The sections of `study`, and why its finished runs could not be looked for ("": they were).

    They are looked for where the data lie on this machine and there are runs at all.
    """
    if study.hub is None:
        return sections(study, read=False), "the study's data are named by HUB=…"
    if study.hub == "":
        return sections(study, read=False), "that takes the Hub's data, which a plan does not fetch"
    if not any(specs.store().root.glob("*-*/manifest.json")):
        return sections(study, read=False), ""
    try:
        return sections(study, read=True), ""
    except XitError as error:
        return sections(study, read=False), str(error)
