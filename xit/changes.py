"""Which parameters differ from the study's: of a section, and of the sections it goes on from.

changes.differing(study, "target/none", {"epochs": 2.0})    # {"epochs": (2.0, 1.0)}
changes.upstream(study, "results")                          # section → the same, as executed
"""

import json

from xit import execute, tasks
from xit.study import Study
from xit.study_file import ABLATIONS

# parameter → (value here, value in the study)
Differing = dict[str, tuple[object, object]]
# What is trained here, no other section goes on from: they take the model that the study names.
ALONE = ("multilingual_model",)
# Pages with scores of their own, which show at their end what a change has done to them.
PAGES = ("intermediate", "target", "results", *ABLATIONS)
ANCHOR = "what-did-my-change-do"


def usual(study: Study, section: str) -> dict[str, object]:
    """The parameters of `section` without any change: the notebook's, then the study's."""
    known = execute.parameters(execute.notebook(section))
    given = study.parameters(section) if section in study.sections() else {}
    return {k: p.default for k, p in known.items()} | given


def differing(study: Study, section: str, given: dict[str, object]) -> Differing:
    """Parameters of `section` that are `given` another value than the study's."""
    unchanged = usual(study, section)
    phase, _, task = section.partition("/")
    if phase == "intermediate":  # None stands for the study's value: show that
        own = study.settings(phase, tasks.intermediate(task))
        unchanged |= {k: v for k, v in own.items() if unchanged.get(k) is None}
    return {
        k: (v, unchanged.get(k))
        for k, v in given.items()
        if k not in execute.HIDDEN and v not in (None, unchanged.get(k))
    }


def record(study: Study, section: str) -> dict | None:
    """The record of `section` as last executed, or None."""
    path = execute.executed(study.name, section).with_suffix(".json")
    try:
        return dict(json.loads(path.read_text()))
    except (OSError, ValueError):
        return None


def upstream(study: Study, section: str) -> dict[str, Differing]:
    """Section → its changed parameters, of all that `section` waits for, as last executed."""
    if section not in study.sections():
        return {}
    found: dict[str, Differing] = {}
    left = [section]
    seen = {section, *ALONE}
    while left:
        for name in study.needs(left.pop(0)):
            if name not in seen:
                seen.add(name)
                left.append(name)
                told = record(study, name)
                if told and told.get("changed"):
                    found[name] = differing(study, name, told["parameters"])
    return {s: found[s] for s in study.sections() if found.get(s)}


def reasons(study: Study, section: str, given: dict[str, object]) -> dict[str, Differing]:
    """Section → changed parameters: of `section` with those `given`, and of all it goes on from."""
    own = differing(study, section, given)
    return ({section: own} if own else {}) | upstream(study, section)


def has_scores(study: Study, section: str) -> bool:
    """Whether the page of `section` shows what a change has done to its scores."""
    return section.partition("/")[0] in PAGES and section in study.sections()
