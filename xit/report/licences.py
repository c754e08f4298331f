"""Under which licence each dataset of a study is, for the pages that read it.

As the dataset's own card says; where that names none or several, as data/upstream.csv does, whose
first line tells its sources. What neither knows is said to be not stated.
"""

from collections.abc import Collection

import pandas as pd

from xit import inventory, variants
from xit.errors import XitError
from xit.study import Study

NOT_STATED = "not stated"


def of(study: Study, names: Collection[str] | None = None) -> dict[str, tuple[str, list[str]]]:
    """Repository → (its licence, the tasks that read it); `names`: only what these tasks read."""
    known: dict[str, list[str]] = {}
    readers: dict[str, list[str]] = {}
    for part in inventory.parts(study):
        if names is None or part.task.name in names:
            repo = part.split.repo
            full = inventory.upstream(str(study.hub), part)
            known.setdefault(repo, []).extend([full[1]] if full and full[1] else [])
            readers.setdefault(repo, []).append(part.task.name)
    return {
        repo: (
            inventory.licence(str(study.hub), repo, known[repo]) or NOT_STATED,
            list(dict.fromkeys(readers[repo])),
        )
        for repo in readers
    }


def table(study: Study) -> pd.DataFrame:
    """A row a dataset: its licence, and the tasks of `study` that read it."""
    return pd.DataFrame(
        [
            {"dataset": repo, "licence": licence, "read by": ", ".join(tasks)}
            for repo, (licence, tasks) in of(study).items()
        ]
    )


def lines(study: Study, made: Collection[object]) -> list[str]:
    """ "repository: licence" of what the tasks `made`, names of tasks or of variants, read."""
    names = set()
    for name in map(str, made):
        try:
            names |= {name, variants.parse(name).row.name, variants.parse(name).plain}
        except XitError:  # a target, or no task at all
            names.add(name)
    return [f"{repo}: {licence}" for repo, (licence, _) in of(study, names).items()]
