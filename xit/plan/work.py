"""What a run has to compute, from its spec alone: counted before it is made.

    work.of(spec, Model(…), rows)        # Work(runs=1, updates=375, …)

Lengths of rows are the means of xit/plan/lengths.csv; an early stop is not foreseen. A run computes

    2 · P · tokens + 4 · layers · width · (mean length) · tokens      floating-point operations

reading, and three times as many learning, P being the parameters of the layers (Kaplan et al. 2020,
Table 1; embeddings are looked up), and beside that what does not depend on the model's size.
"""

import json
import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from xit import specs, tasks
from xit.plan import lengths
from xit.plan.lengths import Length
from xit.runs import Spec
from xit.settings import PRETRAIN
from xit.study import Study
from xit.tasks import Split, Task

SHAPES = {  # Conneau et al. 2020, section 3, and the models' config.json
    "FacebookAI/xlm-roberta-base": (12, 768, 3072, 250_002, 514),
    "FacebookAI/xlm-roberta-large": (24, 1024, 4096, 250_002, 514),
}
GIGA = 1e9
Rows = Callable[[Task, Split, str], int]  # of a split in a language


class Model(NamedTuple):
    """The shape of an encoder."""

    layers: int
    width: int
    inner: int
    vocabulary: int
    positions: int

    @property
    def in_layers(self) -> int:
        """Parameters that every token goes through."""
        return self.layers * (4 * self.width**2 + 2 * self.width * self.inner)

    @property
    def parameters(self) -> int:
        """All of them, embeddings too."""
        return self.in_layers + (self.vocabulary + self.positions) * self.width

    def reads(self, sequences: float, tokens: float) -> float:
        """Giga-operations of reading so many `tokens` in so many `sequences`."""
        long = tokens / sequences if sequences else 0.0
        return tokens * (2 * self.in_layers + 4 * self.layers * self.width * long) / GIGA


class Work(NamedTuple):
    """What a run computes: the terms of the cost model, each the amount that has a price."""

    runs: float = 0.0  # started: a model is loaded, files are written
    updates: float = 0.0  # of the parameters
    learning: float = 0.0  # giga-operations, forward and backward
    reading: float = 0.0  # giga-operations, forward alone
    rows: float = 0.0  # read and scored, in all languages
    compared: float = 0.0  # giga-operations that compare vectors, on the CPU

    def __add__(self, other: object) -> "Work":
        assert isinstance(other, Work)
        return Work(*(a + b for a, b in zip(self, other, strict=True)))


def shape(study: Study) -> Model | None:
    """The shape of the study's model; None for one of the Hub that is not in SHAPES."""
    if study.model == "pretrain":
        told = PRETRAIN | study.pretrain
        return Model(*(int(told[k]) for k in
                       ("layers", "width", "inner", "vocabulary", "positions")))  # fmt: skip
    file = Path(specs.model_path(study.model)) / "config.json"
    if file.exists():
        told = json.loads(file.read_text())
        return Model(told["num_hidden_layers"], told["hidden_size"], told["intermediate_size"],
                     told["vocab_size"], told["max_position_embeddings"])  # fmt: skip
    return Model(*SHAPES[study.model]) if study.model in SHAPES else None


def of(spec: Spec, model: Model, rows: Rows, world: str) -> Work:
    """What the run of `spec` computes with a `model` of that shape; `world`: of the lengths."""
    return KINDS[spec["kind"]](spec, model, rows, world)


def learnt(spec: Spec, name: str = "") -> Task:
    """The task that a training run learns; of several, that called `name`."""
    return specs.task_of(spec, name or spec["task"])


def examples(task: Task, split: Split, code: str, limit: object, rows: Rows) -> int:
    """Rows that are read of a split; translated and graded data have as many as the original."""
    if task.supplied in (tasks.TRANSLATED, tasks.GRADED):
        task = tasks.INTERMEDIATE[task.name]
        found = task.train if split.split == "train" else task.dev
        assert found is not None
        split = found
    there = sum(rows(task, one, code) for one in (split, *split.more))
    return min(there, limit) if isinstance(limit, int) else there


def _training(spec: Spec, model: Model, rows: Rows, world: str) -> Work:
    """Fine-tuning, with what stands beside the task, and the scores on the way."""
    s, parts = spec["settings"], spec.get("parts", {})
    of_parts = parts or {spec["task"]: s}
    updates, sequences, tokens, dev = 0.0, 0.0, 0.0, Work()
    for name, told in of_parts.items():
        task = learnt(spec, name)
        assert task.train is not None and task.dev is not None
        long = _cut(lengths.of(world, task, "train"), told["max_length"])
        n = examples(task, task.train, spec["language"], told["examples"], rows)
        units = n if task.kind == "choice" else n * long.sequences
        updates += s["epochs"] * units / told["batch_size"]
        sequences += s["epochs"] * n * long.sequences
        tokens += s["epochs"] * n * long.tokens
        tune = tasks.TUNE.get(task.name, task.dev)
        m = examples(task, tune, spec["language"], told["eval_examples"], rows)
        dev += Work(reading=model.reads(m * long.sequences, m * long.tokens), rows=m)
    if "length" in spec:  # as many tokens in inputs of another length, and as many updates
        sequences = tokens / spec["length"]
    updates = max(1, round(updates))
    learning = 3 * model.reads(sequences, tokens)
    if "mlm" in spec:
        told, limit = spec["mlm"], spec["mlm"]["limit"]
        weight = min(sequences / s["epochs"], limit)
        more = updates * min(told["sentences"], limit) / weight
        windows = more * told["batch_size"]
        size = windows * told["max_length"]
        hidden = told["mask_rate"] * size * 2 * model.width * model.vocabulary / GIGA
        learning += 3 * (model.reads(windows, size) + hidden)
        updates += round(more)
    if "adversary" in spec:  # as many sequences of text, and the task's on all tokens
        text = lengths.table()[world, "text", "train"].tokens
        learning += 3 * model.reads(sequences, sequences * text)
    scored = math.ceil(updates / s["eval_every"])
    done = Work(1, updates, learning, rows=sequences / s["epochs"])
    return done + Work(reading=scored * dev.reading, rows=scored * dev.rows)


def _cut(long: Length, room: int) -> Length:
    """`long` where a sequence has no more `room`, in tokens, than that."""
    return Length(long.sequences, min(long.tokens, long.sequences * room))


def _scores(spec: Spec, model: Model, rows: Rows, world: str) -> Work:
    task = tasks.target(spec["task"])
    long = _cut(lengths.of(world, task, "score"), spec["max_length"])
    splits = [x for x in (task.test, task.dev) if x and x.split == spec["split"]][:1]
    if task.kind in ("mining", "ranking") and task.dev and task.dev not in splits:
        splits.append(task.dev)
    done = Work(runs=1)
    counts = [
        examples(task, task.where(split, code), code, spec["examples"], rows)
        for split in splits
        for code in spec["languages"]
    ]
    for n in counts:
        done += Work(reading=model.reads(n * long.sequences, n * long.tokens), rows=n)
    compared = 0.0
    if task.kind == "retrieval":  # on all layers, pooled in two ways, raw and centred
        compared = 4 * (model.layers + 1) * sum(n * n for n in counts)
    if task.kind == "mining":  # raw and centred, and both ways
        compared = 4 * sum(n * n for n in counts)
    if task.kind == "ranking":  # from all languages together
        compared = 2 * sum(counts) ** 2 * (long.sequences - 1)
    return done._replace(compared=2 * compared * model.width / GIGA)


def _information(spec: Spec, model: Model, rows: Rows, world: str) -> Work:
    long = lengths.of(world, learnt(spec), "train")
    n, m, size = spec["settings"]["examples"], spec["examples"], spec["settings"]["batch_size"]
    learning = 3 * model.reads(n * long.sequences, n * long.tokens)
    reading = 2 * model.reads(m * long.sequences, m * long.tokens)
    return Work(2, n / size, learning, reading, n + 2 * m)


def _code_length(spec: Spec, model: Model, rows: Rows, world: str) -> Work:
    """A model on all before each block but the first."""
    s, ends, long = spec["settings"], spec["blocks"], lengths.of(world, learnt(spec), "train")
    n = s["epochs"] * sum(ends[:-1])
    learning = 3 * model.reads(n * long.sequences, n * long.tokens)
    reading = model.reads(ends[-1] * long.sequences, ends[-1] * long.tokens)
    return Work(len(ends), n / s["batch_size"], learning, reading, ends[-1])


def _texts(spec: Spec, model: Model, rows: Rows, world: str) -> Work:
    """Sentences of every language, read once: the probe, the language model's loss."""
    s, probe = spec.get("settings", {}), spec["kind"] == "probe"
    count = s["sentences"] if probe else spec["examples"]
    languages = sum(map(len, spec["corpora"].values()))
    n, long = count * languages, lengths.table()[world, "text", "train"]
    # some 100 steps of the fit on two thirds of the sentences, for each layer, both ways
    fit = 100 * 4 * n * 2 / 3 * model.width * languages * (model.layers + 1) / GIGA if probe else 0
    return Work(1, 0, 0, model.reads(n, n * long.tokens), n, fit)


def _pretrain(spec: Spec, model: Model, rows: Rows, world: str) -> Work:
    s = spec["settings"]
    windows = s["steps"] * s["batch_size"]
    tokens = windows * s["max_length"]
    hidden = s["mask_rate"] * tokens * 2 * model.width * model.vocabulary / GIGA
    return Work(1, s["steps"], 3 * (model.reads(windows, tokens) + hidden), 0, 0)


KINDS: dict[str, Callable[[Spec, Model, Rows, str], Work]] = {
    "intermediate": _training,
    "target": _training,
    "subspace": _training,
    "scores": _scores,
    "information": _information,
    "code_length": _code_length,
    "probe": _texts,
    "mlm_loss": _texts,
    "pretrain": _pretrain,
}


def total(parts: Iterable[Work]) -> Work:
    """The sum."""
    found = Work()
    for part in parts:
        found += part
    return found
