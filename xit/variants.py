"""Variants of an intermediate task, by name: as in the paper, with language modelling, translated.

    parse("mnli+mlm")      # Variant(task="mnli", mlm=True)
    parse("qqp@de")        # Variant(task="qqp", language="de"): its training data translated
    parse("qqp@qab~0.2")   # the same with one content word in five translated wrongly (lab)
    parse("squad_v1#64")   # inputs of 64 tokens, packed or cut, and as many tokens in all
    parse("squad_v1+smooth")  # with random noise on the embeddings

The name is what stands in the `intermediate` column of every score.
"""

import re
from typing import NamedTuple

from xit import tasks
from xit.errors import XitError, unknown
from xit.tasks import Task

NAME = "[^+@~#]+"
FORM = re.compile(
    rf"(?P<task>{NAME})(@(?P<language>{NAME})(~(?P<errors>[\d.]+))?)?(#(?P<length>\d+))?"
    rf"(\+(?P<option>{NAME}))?"
)
# what training does beside the task, and its title
OPTIONS = {"mlm": "MLM", "smooth": "random smoothing"}
SHORTEST = 16  # tokens of an input whose length is set


class Variant(NamedTuple):
    """An intermediate task and what is different about it."""

    task: str
    option: str = ""  # of OPTIONS; "mlm": multilingual masked language modelling as a further task
    language: str = ""  # of the training data, where that is a translation
    errors: float = 0.0  # share of content words that the lab's translator gets wrong
    length: int = 0  # tokens of an input, where that is set (xit/data/packing.py)

    def __str__(self) -> str:
        errors = f"~{self.errors:g}" if self.errors else ""
        language = f"@{self.language}{errors}" if self.language else ""
        length = f"#{self.length}" if self.length else ""
        return f"{self.task}{language}{length}{f'+{self.option}' if self.option else ''}"

    @property
    def slug(self) -> str:
        """The name as part of a directory's name."""
        errors = f"-errors{self.errors:g}" if self.errors else ""
        language = f"-in-{self.language}{errors}" if self.language else ""
        length = f"-length{self.length}" if self.length else ""
        return f"{self.task}{language}{length}{f'-{self.option}' if self.option else ''}"

    @property
    def title(self) -> str:
        """As a table writes it."""
        text = tasks.intermediate(self.task).title
        if self.language:
            text += f" in {self.language}"
        if self.errors:
            text += f", {100 * self.errors:g}% errors"
        if self.length:
            text += f", {self.length} tokens"
        return text + (f" + {OPTIONS[self.option]}" if self.option else "")

    @property
    def row(self) -> Task:
        """Its row of the task table: the task's own, or that of its translation."""
        row = tasks.intermediate(self.task)
        return tasks.translated(row, self.language, self.errors) if self.language else row


def parse(name: str) -> Variant:
    """The variant called `name`; XitError for an unknown task or another form."""
    found = FORM.fullmatch(name)
    if not found:
        raise XitError(
            f"intermediate task {name!r}: expected task, task+option, task@language, "
            "task@language~share of errors or task#tokens"
        )
    if found["option"] and found["option"] not in OPTIONS:
        raise unknown(f"option of intermediate task {name!r}:", found["option"], OPTIONS)
    tasks.intermediate(found["task"])
    try:
        errors = float(found["errors"] or 0)
    except ValueError:
        errors = -1.0
    if not 0 <= errors <= 1:
        raise XitError(f"intermediate task {name!r}: expected a share of errors between 0 and 1")
    if found["task"] == tasks.MULTITASK and name != tasks.MULTITASK:
        raise XitError(f"intermediate task {name!r}: multi-task training has no variants")
    length = int(found["length"] or 0)
    if found["length"] and (tasks.intermediate(found["task"]).kind != "span" or length < SHORTEST):
        known = ", ".join(t.name for t in tasks.INTERMEDIATE.values() if t.kind == "span")
        raise XitError(
            f"intermediate task {name!r}: expected a reading task ({known}) and a length of at "
            f"least {SHORTEST} tokens"
        )
    variant = Variant(found["task"], found["option"] or "", found["language"] or "", errors)
    variant = variant._replace(length=length)
    _ = variant.row  # refuses what there are no translations of
    return variant
