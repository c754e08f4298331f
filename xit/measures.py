"""Specs of runs that measure an intermediate task: usable information, code length, subspaces.

    information(study, trained)                 # `trained`: the spec of a finished intermediate run
    code_length(study, row, seed, [64, 128, 256])
    subspace(study, row, seed, 512, examples=600)

Light: imports no torch. What the runs do is in xit/score/complexity.py and xit/learn/subspace.py.
"""

from collections.abc import Sequence

from xit import runs, specs, tasks
from xit.runs import Spec
from xit.study import Study
from xit.tasks import Task

RECIPES = {"information": 2, "code_length": 2, "subspace": 2}  # raise when meaning changes
DEV_ROWS = 500  # development rows that usable information is measured on, as many as the paper's
NULL_ROWS = 400  # training rows of a null-input model, which has only frequencies to learn


def information(study: Study, trained: Spec) -> Spec:
    """The spec of measuring what the finished intermediate run `trained` has use for, in bits."""
    base, task = specs.base(study), specs.task_of(trained, trained["task"])
    where, code = specs.data_of(study), trained["language"]
    tune = tasks.TUNE.get(task.name, task.dev)
    assert task.train is not None and tune is not None
    kept = ("learning_rate", "batch_size", "max_length")
    settings = {k: trained["settings"][k] for k in kept} | {"examples": NULL_ROWS, "epochs": 1}
    return {
        "kind": "information",
        "slug": f"{specs.variant_of(trained).slug}-seed{trained['seed']}",
        "recipe": RECIPES["information"],
        "task": task.name,
        "knob": task.knob or None,
        "language": code,
        "seed": trained["seed"],
        "settings": settings,
        "examples": DEV_ROWS,
        "parent": base.identity,
        "trained": runs.identity(trained),
        "data": {
            "train": specs.fingerprint(where, task, task.train, code, NULL_ROWS),
            "dev": specs.fingerprint(where, task, tune, code, DEV_ROWS),
        },
        "where": {
            "hub": where,
            "parent": base.path,
            "trained": str(specs.store().path(trained)),
        },
    }


def blocks(examples: int, parts: int = 6) -> list[int]:
    """Ends of `parts` blocks of `examples` rows, each as long as all before it together.

    [32, 64, 128, 256, 512, 1024]: the last six of the ten of Voita & Titov 2020.
    """
    ends = [round(examples / 2**i) for i in reversed(range(parts))]
    return sorted({end for end in ends if end})


def code_length(study: Study, task: Task, seed: int, ends: Sequence[int]) -> Spec:
    """The spec of sending the first `ends[-1]` training rows of `task` by an online code.

    Every model on the way is trained with the task's own settings, epochs among them.
    """
    settings = study.settings("intermediate", task)
    kept = ("learning_rate", "batch_size", "max_length", "epochs")
    base, where = specs.base(study), specs.data_of(study)
    assert task.train is not None
    return {
        "kind": "code_length",
        "slug": f"{task.name}-seed{seed}",
        "recipe": RECIPES["code_length"],
        "task": task.name,
        "language": study.source,
        "seed": seed,
        "settings": {k: settings[k] for k in kept},
        "blocks": list(ends),
        "parent": base.identity,
        "data": {"train": specs.fingerprint(where, task, task.train, study.source, ends[-1])},
        "where": {"hub": where, "parent": base.path},
    }


def subspace(
    study: Study, task: Task, seed: int, dimension: int | None, examples: int | None
) -> Spec:
    """The spec of training on `examples` of `task` in a random subspace; None: all parameters.

    Scored once, in the end, as states are not chosen from.
    """
    settings = study.settings("intermediate", task, examples=examples, eval_every=10**9)
    spec = specs.fine_tune(study, "intermediate", task, specs.base(study), seed, settings)
    name = "all" if dimension is None else str(dimension)
    return spec | {
        "kind": "subspace",
        "slug": f"{task.name}-{name}-seed{seed}",
        "recipe": RECIPES["subspace"],
        "dimension": dimension,
    }
