"""How many rows a split has, without reading them: of a directory its files', else upstream's."""

from xit import tasks
from xit.data import bucc, hub, look
from xit.errors import XitError
from xit.study import Study
from xit.tasks import Split, Task

UNKNOWN = 1000  # rows of a split of which nobody knows them


class Counting:
    """Counts rows in one hub; what it has to guess is in `guessed`."""

    def __init__(self, study: Study) -> None:
        self.study, self.where = study, study.hub or ""
        self.guessed: set[str] = set()
        self._known: dict[tuple[str, ...], int] = {}

    def __call__(self, task: Task, split: Split, code: str) -> int:
        """Rows of `split` in language `code`; of BUCC the sentences of the larger side."""
        key = (task.name, split.repo, split.config, split.split, code)
        if key not in self._known:
            self._known[key] = self._counted(task, split, code)
        return self._known[key]

    def _counted(self, task: Task, split: Split, code: str) -> int:
        try:
            if task.kind == "mining":
                pair = bucc.files(self.where, code, self.study.source, split.split)
                return max(file.read_bytes().count(b"\n") for file in pair[:2])
            config = hub.config(task, split, self.where, code)
            found = self._rows(split, config)
        except XitError:  # not there, or no such language
            found = None
        if found is None:
            self.guessed.add(f"{split.repo} {split.config} {split.split}")
            return UNKNOWN
        # of a config that holds all languages each is taken to have the same share
        return found // len(tasks.target(task.name).languages) if split.by_id else found

    def _rows(self, split: Split, config: str) -> int | None:
        if self.where:
            return look.split(self.where, split.repo, config, split.split).rows
        told = look.upstream().get((split.repo, config, split.split))
        return told[0] if told else None
