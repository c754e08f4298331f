"""Variants of an intermediate task, by name: as in the paper, with language modelling, translated.

    parse("mnli+mlm")      # Variant(task="mnli", option="mlm")
    parse("qqp@de")        # Variant(task="qqp", language="de"): its training data translated
    parse("qqp@qab~0.2")   # the same with one content word in five translated wrongly (lab)
    parse("hellaswag:facts-4")  # its data told in four facts instead of two (lab; tasks.KNOBS)
    parse("mnli+adv")      # Variant(task="mnli", option="adv"): against a language discriminator
    parse("mnli+adv3*0.1") # the same on layer 3, with a tenth of its gradient
    parse("squad_v1#64")   # inputs of 64 tokens, packed or cut, and as many tokens in all
    parse("squad_v1+smooth")  # with random noise on the embeddings

The name is what stands in the `intermediate` column of every score.
"""

import re
from typing import NamedTuple

from xit import tasks
from xit.errors import XitError, unknown
from xit.tasks import Task

NAME = "[^+@~:#]+"
FORM = re.compile(
    rf"(?P<task>{NAME})(:(?P<knob>{NAME}))?(@(?P<language>{NAME})(~(?P<errors>[\d.]+))?)?"
    rf"(#(?P<length>\d+))?(\+(?P<option>{NAME}))?"
)
# what training does beside the task, and its title
OPTIONS = {"mlm": "MLM", "adv": "adversary", "smooth": "random smoothing"}
ADVERSARY = re.compile(r"adv(?P<layer>\d{1,3})?(\*(?P<weight>\d{1,3}(\.\d+)?(e-\d+)?))?")
SHORTEST = 16  # tokens of an input whose length is set


class Variant(NamedTuple):
    """An intermediate task and what is different about it."""

    task: str
    option: str = ""  # of OPTIONS; "mlm": multilingual masked language modelling as a further task
    language: str = ""  # of the training data, where that is a translation
    errors: float = 0.0  # share of content words that the lab's translator gets wrong
    knob: str = ""  # "facts-4": what the lab has set in the training data, of tasks.KNOBS
    length: int = 0  # tokens of an input, where that is set (xit/data/packing.py)
    layer: int | None = None  # that an adversary reads; None: as the study says
    weight: float | None = None  # of its gradient, likewise

    @property
    def levels(self) -> str:
        """What an option's name has after it."""
        layer = "" if self.layer is None else str(self.layer)
        return layer + ("" if self.weight is None else f"*{self.weight:g}")

    def __str__(self) -> str:
        errors = f"~{self.errors:g}" if self.errors else ""
        language = f"@{self.language}{errors}" if self.language else ""
        knob = f":{self.knob}" if self.knob else ""
        length = f"#{self.length}" if self.length else ""
        option = f"+{self.option}{self.levels}" if self.option else ""
        return f"{self.task}{knob}{language}{length}{option}"

    @property
    def slug(self) -> str:
        """The name as part of a directory's name."""
        errors = f"-errors{self.errors:g}" if self.errors else ""
        language = f"-in-{self.language}{errors}" if self.language else ""
        knob = f"-{self.knob}" if self.knob else ""
        length = f"-length{self.length}" if self.length else ""
        option = f"-{self.option}" if self.option else ""
        option += "" if self.layer is None else f"-layer{self.layer}"
        option += "" if self.weight is None else f"-weight{self.weight:g}"
        return f"{self.task}{knob}{language}{length}{option}"

    @property
    def title(self) -> str:
        """As a table writes it."""
        text = tasks.intermediate(self.task).title
        if self.language:
            text += f" in {self.language}"
        if self.errors:
            text += f", {100 * self.errors:g}% errors"
        if self.knob:
            text += f", {self.knob.replace('-', ' ')}"
        if self.length:
            text += f", {self.length} tokens"
        text += f" + {OPTIONS[self.option]}" if self.option else ""
        told = {"layer": self.layer, "weight": self.weight}
        levels = ", ".join(f"{k} {v:g}" for k, v in told.items() if v is not None)
        return text + (f" ({levels})" if levels else "")

    @property
    def plain(self) -> str:
        """The task that it is compared with, in the source language and with nothing beside it."""
        return tasks.intermediate(self.task).like or self.task

    @property
    def row(self) -> Task:
        """Its row of the task table: the task's own, or that of its translation."""
        row = tasks.intermediate(self.task)
        if self.knob:
            return tasks.graded(row, self.knob)
        return tasks.translated(row, self.language, self.errors) if self.language else row


def parse(name: str) -> Variant:
    """The variant called `name`; XitError for an unknown task or another form."""
    found = FORM.fullmatch(name)
    if not found:
        raise XitError(
            f"intermediate task {name!r}: expected task, task+option, task:knob-level, "
            "task@language, task@language~share of errors or task#tokens"
        )
    option, layer, weight = _option(found["option"] or "")
    if option and option not in OPTIONS:
        raise unknown(f"option of intermediate task {name!r}:", option, OPTIONS)
    tasks.intermediate(found["task"])
    try:
        errors = float(found["errors"] or 0)
    except ValueError:
        errors = -1.0
    if not 0 <= errors <= 1:
        raise XitError(f"intermediate task {name!r}: expected a share of errors between 0 and 1")
    if found["task"] == tasks.MULTITASK and name != tasks.MULTITASK:
        raise XitError(f"intermediate task {name!r}: multi-task training has no variants")
    if found["knob"] and found["language"]:
        raise XitError(f"intermediate task {name!r}: graded data is in the source language only")
    length = int(found["length"] or 0)
    if found["length"] and (tasks.intermediate(found["task"]).kind != "span" or length < SHORTEST):
        known = ", ".join(t.name for t in tasks.INTERMEDIATE.values() if t.kind == "span")
        raise XitError(
            f"intermediate task {name!r}: expected a reading task ({known}) and a length of at "
            f"least {SHORTEST} tokens"
        )
    told = (found["task"], option, found["language"] or "", errors, found["knob"] or "", length)
    variant = Variant(*told, layer=layer, weight=weight)
    _ = variant.row  # refuses what there are no translations of, and what the lab does not grade
    return variant


def _option(text: str) -> tuple[str, int | None, float | None]:
    """An option's name, and an adversary's layer and weight where `text` has them."""
    if not (found := ADVERSARY.fullmatch(text)):
        return text, None, None
    layer, weight = found["layer"], found["weight"]
    return "adv", int(layer) if layer else None, float(weight) if weight else None
