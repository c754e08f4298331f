"""How the book writes the names of tasks, variants and kinds of tasks."""

from xit import tasks, variants
from xit.errors import XitError

KINDS = {
    "pair": "two texts, one label.",
    "choice": "a context and several endings, one of them right.",
    "tagging": "one tag for each word.",
    "span": "a question and a passage; the answer is a span of the passage.",
    "retrieval": "find the translation of a sentence; nothing is trained.",
    "several": "all other intermediate tasks of the study at once.",
    "ranking": "rank the candidates of all languages together by how well they answer a query; "
    "nothing is trained.",
    "mining": "find which sentences of two collections translate each other; nothing is trained.",
}


class Titles(dict[str, str]):
    """Task name → title; what is not a task is a variant of one."""

    def __missing__(self, name: str) -> str:
        return variants.parse(name).title


# task → how the paper writes it; "none" and variants included
TITLES = Titles({"none": "no intermediate task"})
EVERY = {**tasks.INTERMEDIATE, **tasks.FIRST, **tasks.TARGET}
TITLES |= {name: task.title for name, task in EVERY.items()}


def label(name: str) -> str:
    """`name` as a figure shows it: a task's or a variant's title, anything else as it is."""
    try:
        return TITLES[name]
    except XitError:
        return name
