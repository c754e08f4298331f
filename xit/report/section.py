"""What a notebook needs around its own question: its study, its runs, its record, its foot.

section = Section("intermediate", study=study, hub=hub, task=task, seed=seed, …)
results = section.run(section.intermediate_chains())
section.finish()
"""

import html
import json
import os
import platform
import time
from collections.abc import Collection, Sequence
from pathlib import Path

import pandas as pd
from IPython.core.getipython import get_ipython
from IPython.core.pylabtools import select_figure_formats
from IPython.display import HTML

from xit import chains, changes, execute, machine, pool, runs, specs, tasks, workers
from xit import study as studies
from xit.errors import XitError, unknown
from xit.paths import project
from xit.report import licences, page
from xit.runs import Spec
from xit.settings import AGAINST, BESIDE, SETTINGS, SMOOTHING, of_paper
from xit.specs import Parent
from xit.workers import Result

OF = ("task", "intermediate", "target", "language")  # what tells a section from others of its kind


class Section:
    """One section of a study, from inside its notebook."""

    def __init__(self, phase: str, **parameters: object) -> None:
        self.began = time.time()
        if shell := get_ipython():  # figures as sharp PNG, whoever made them
            select_figure_formats(shell, {"retina"})
        self.phase, self.parameters = phase, parameters
        if phase in studies.TRAINING:
            pool.warm()
        hub = parameters.get("hub")
        self.study = studies.load(str(parameters["study"]), None if hub is None else str(hub))
        of = next((parameters[k] for k in OF if k in parameters), None)
        self.name = f"{phase}/{of}" if isinstance(of, str) else phase
        self.title = ""  # the page's heading, where the section's name does not tell it
        if phase == "intermediate" or (phase == "target" and of != "none"):
            tasks.intermediate(str(of))
        if phase == "by_target" and of not in self.study.targets:
            raise unknown(f"target task of study {self.study.name!r}:", str(of), self.study.targets)
        if phase == "by_language" and of not in self.study.every_language():
            known = self.study.every_language()
            raise unknown(f"language of study {self.study.name!r}:", str(of), known)
        self.made: list[dict] = []

    # -- parameters -----------------------------------------------------------------------------

    def changed(self) -> changes.Differing:
        """Parameter → (value here, value in the study), where they differ."""
        return changes.differing(self.study, self.name, self.parameters)

    def notice(self) -> HTML:
        """Which study this is, and which parameters differ from it, for the head of the page."""
        text = (
            f"<p>Study <b>{html.escape(self.study.title)}</b>: {html.escape(self.study.about)}.</p>"
        )
        for gap in self.study.gaps:
            text += f"<p><b>Left out.</b> {html.escape(gap)}.</p>"
        reasons = changes.reasons(self.study, self.name, self.parameters)
        for section, told in reasons.items():
            where = "from the study" if section == self.name else f"in {html.escape(section)}"
            text += f"<p><b>Changed {where}:</b> {_listed(told)}.</p>"
        if reasons and changes.has_scores(self.study, self.name):
            text += f'<p><a href="#{changes.ANCHOR}">What did the change do?</a></p>'
        kind = "important" if reasons else "note"
        title = "Parameters changed" if reasons else "What the numbers are about"
        return HTML(
            f'<div class="admonition {kind}"><p class="admonition-title">{title}</p>{text}</div>'
        )

    def settings(self, task: tasks.Task) -> dict:
        """The training settings of `task`: paper, study, and what this notebook changes."""
        own = {k: self.parameters.get(k) for k in SETTINGS}
        return self.study.settings(self.phase, task, **own)

    def settings_table(self, names: Collection[str]) -> pd.DataFrame:
        """Two rows a task: the settings as in the paper (or XTREME-R), and as used here."""
        if self.phase == "intermediate":
            every = [tasks.intermediate(name) for name in names]
        else:  # with what is learnt before a target
            every = [x for n in names for t in [tasks.target(n)]
                     for x in ([tasks.FIRST[t.first]] if t.first else []) + [t]]  # fmt: skip
        rows = []
        for task in every:
            if task.train is None and task.name != tasks.MULTITASK:
                continue
            paper = dict.fromkeys(SETTINGS) | of_paper(self.phase, task)
            source = "XTREME-R" if task.name in tasks.XTREME_R else "paper"
            for which, told in ((source, paper), ("here", self.settings(task))):
                shown = {k.replace("_", " "): page.number(told[k]) for k in SETTINGS}
                if task.name == tasks.MULTITASK:
                    shown["batch size"] = "each task's"
                rows.append({"task": task.title, "values": which} | shown)
        table = pd.DataFrame(rows)
        return table if tasks.MULTITASK in names else table.drop(columns="limit", errors="ignore")

    def seeds(self) -> list[int]:
        """The seeds of this section: `seed`, `seed + 1`, …"""
        first, count = self.parameters["seed"], self.parameters["num_seeds"]
        assert isinstance(first, int) and isinstance(count, int)
        return list(range(first, first + count))

    # -- runs -----------------------------------------------------------------------------------

    def intermediate_chains(self, name: str | None = None) -> list[list[Spec]]:
        """One chain of one run a seed: of this section's task, or of another as in the study.

        `name` may be a variant's; then this section's own seeds and parameters count.
        """
        own = {k: self.parameters.get(k) for k in (*SETTINGS, *BESIDE, *AGAINST, *SMOOTHING)}
        if name is None:
            name = str(self.parameters["task"])
        elif "variants" not in self.parameters:
            first, count = self.study.seed, self.study.num_seeds
            return chains.intermediate(self.study, name, range(first, first + count))
        return chains.intermediate(self.study, name, self.seeds(), **own)

    def parents(self, after: str | None = None) -> list[Parent]:
        """For each seed, the model that the targets start from; trained now if it is not there.

        The i-th target seed goes on from the i-th run of the intermediate section as last executed.
        """
        after = after or str(self.parameters["intermediate"])
        if after == "none":
            return [specs.base(self.study)] * len(self.seeds())
        record = self.record(f"intermediate/{after}")
        if record:
            found = [
                Parent(r["identity"], str(specs.store().root / r["run"])) for r in record["runs"]
            ]
            if all(specs.store().sound(Path(p.path).name) for p in found):
                return [found[i % len(found)] for i in range(len(self.seeds()))]
        made = self.run(self.intermediate_chains(after))
        found = [specs.parent_of(chain[0].spec) for chain in made]
        return [found[i % len(found)] for i in range(len(self.seeds()))]

    def target_chains(self, names: Sequence[str]) -> list[list[Spec]]:
        """For each target and seed: fine-tune (not for retrieval), then score every language."""
        after = str(self.parameters["intermediate"])
        own = {k: self.parameters.get(k) for k in SETTINGS}
        return chains.targets(self.study, after, names, self.seeds(), self.parents(), **own)

    def chains_along(self) -> list[list[Spec]]:
        """For each intermediate task, target and seed: the states on the way, all scored."""
        afters, names = self.parameters["intermediate"], self.parameters["targets"]
        count = self.parameters["checkpoints"]
        assert isinstance(afters, list) and isinstance(names, list) and isinstance(count, int)
        seeds, every = self.seeds(), self.parameters.get("eval_every")
        return [
            chain
            for after in afters
            for chain in chains.along(
                self.study, after, names, seeds, self.parents(after), count, eval_every=every
            )
        ]

    def variant_chains(self, names: Sequence[str] | None = None) -> list[list[Spec]]:
        """The runs of every variant, or of those `names`, as this section trains it."""
        told = self._variants(names)
        return [chain for name in told for chain in self.intermediate_chains(name)]

    def _variants(self, names: Sequence[str] | None) -> Sequence[str]:
        every = self.parameters["variants"]
        assert isinstance(every, list)
        return every if names is None else names

    def chains_after(
        self, trained: Sequence[Sequence[Result]], names: Sequence[str] | None = None
    ) -> list[list[Spec]]:
        """The targets after each run of `variant_chains`."""
        seeds, wanted, made = self.seeds(), self.parameters["targets"], list[list[Spec]]()
        assert isinstance(wanted, list)
        for i, name in enumerate(self._variants(names)):
            own = trained[i * len(seeds) : (i + 1) * len(seeds)]
            parents = [specs.parent_of(chain[0].spec) for chain in own]
            made += chains.targets(self.study, name, wanted, seeds, parents)
        return made

    def run(self, wanted: Sequence[Sequence[Spec]]) -> list[list[Result]]:
        """Make what is missing of all chains, several at a time; remembered for the record."""
        processes = int(os.environ.get("XIT_PROCESSES") or os.cpu_count() or 1)
        results = workers.run(wanted, processes)
        self.made += [self._line(r) for chain in results for r in chain]
        return results

    def _line(self, result: Result) -> dict:
        spec = result.spec
        return {
            "run": result.path.name,
            "identity": runs.identity(spec),
            "kind": spec["kind"],
            "task": str(specs.variant_of(spec))
            if spec["kind"] in ("intermediate", "information")
            else spec.get("task"),
            "seed": spec.get("seed", spec["where"].get("seed")),
            "after": spec["where"].get("after"),
            "data": spec.get("data") or spec.get("languages"),
            "hit": result.hit,
        }

    # -- record and foot ------------------------------------------------------------------------

    def record(self, section: str) -> dict | None:
        """The record of `section` as last executed, or None."""
        return changes.record(self.study, section)

    def records(self, phase: str, names: Collection[str] | None = None) -> dict[str, dict]:
        """Task → record of every section of `phase`, or of those of the tasks `names`; XitError
        if one has not been executed."""
        found = {}
        for section in self.study.sections():
            of, _, name = section.partition("/")
            if of == phase and name and (names is None or name in names):
                record = self.record(section)
                if record is None:
                    told = f"make book STUDY={self.study.name}"
                    raise XitError(f"section {section} has not been executed yet: run `{told}`")
                found[name] = record
        return found

    def finish(self) -> HTML:
        """Show what changed parameters have done and write the record, when executed as part of a
        study; the foot of the page."""
        if changes.reasons(self.study, self.name, self.parameters):
            from xit.report import change_page  # which needs a Section

            change_page.show(self)
        where = os.environ.get("XIT_SECTION")
        if where == f"{self.study.name}:{self.name}":
            told = {
                "section": self.name,
                "title": self.title,
                "parameters": self.parameters,
                "changed": {k: v[0] for k, v in self.changed().items()},
                "runs": [
                    {k: v for k, v in line.items() if k not in ("hit", "data")}
                    for line in self.made
                ],
                "made": sum(not line["hit"] for line in self.made),
            }
            execute.write(Path(os.environ["XIT_RECORD"]), json.dumps(told, indent=1) + "\n")
        return self.foot()

    def keep(self, **frames: pd.DataFrame) -> None:
        """Leave `frames` for sections that only show another side of them, when executed as part
        of a study; they come back from `kept`."""
        if os.environ.get("XIT_SECTION") != f"{self.study.name}:{self.name}":
            return
        for name, frame in frames.items():
            file = self._frame(self.name, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            new = file.with_name(f".{file.name}.{os.getpid()}")
            frame.to_parquet(new, index=False)
            new.replace(file)

    def kept(self, section: str, name: str) -> pd.DataFrame:
        """The frame `name` that `section` has kept; XitError if it has not been executed."""
        file = self._frame(section, name)
        if not file.exists():
            told = f"make book STUDY={self.study.name}"
            raise XitError(f"section {section} has kept no {file.name} yet: run `{told}`")
        try:
            return pd.read_parquet(file)
        except (OSError, ValueError) as error:  # Arrow's errors are such
            place = os.path.relpath(execute.executed(self.study.name, section), project())
            raise XitError(
                f"section {section} has kept a damaged {file.name}: delete {place}, and "
                f"`make book STUDY={self.study.name}` makes both again"
            ) from error

    def _frame(self, section: str, name: str) -> Path:
        return execute.executed(self.study.name, section).with_suffix("") / f"{name}.parquet"

    def foot(self) -> HTML:
        """Provenance: study, parameters, runs, data, versions, machine, time."""
        data = {}
        for line in self.made:
            for key, value in (line["data"] or {}).items():
                data[f"{line['task'] or line['kind']} {key}"] = value
        terms = licences.lines(self.study, {line["task"] for line in self.made})
        lines = {
            "Study": html.escape(f"{self.study.name} ({self.study.about})"),
            "Section": html.escape(self.name),
            "Parameters": page.pairs({k: v for k, v in self.parameters.items() if k != "study"}),
            "Runs": page.details(f"{len(self.made)} runs", [line["run"] for line in self.made]),
            "Data": page.details(
                f"{len(data)} fingerprints", [f"{k}: {v}" for k, v in data.items()]
            ),
            "Licences": page.details(f"of {len(terms)} datasets", terms),
            "Versions": page.pairs(machine.versions()),
            "Machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
            "Executed": f"{time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}, "
            f"in {time.time() - self.began:.0f} s",
        }
        return page.provenance(lines)


def _listed(changed: changes.Differing) -> str:
    """Parameters, each with its value and the study's."""
    values = ((k, html.escape(str(v)), html.escape(str(u))) for k, (v, u) in changed.items())
    return "; ".join(f"<code>{k}={v}</code> (study: <code>{u}</code>)" for k, v, u in values)
