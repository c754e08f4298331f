"""What a task asks of a model, in bits: usable information and the length of an online code.

Runs of two kinds, made by xit/measures.py: `information` reads a finished intermediate run and
trains a null-input model beside it, `code_length` trains on growing blocks of the training data.
What is a gold item depends on the kind: a label (pair), a right ending (choice), a word's tag
(tagging), the start and end of an answer in a window (span).
"""

import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd
import torch
from safetensors.torch import load_file

from xit import specs, tasks
from xit.data import encoded, labelled
from xit.data.blank import blank
from xit.data.encode import IGNORE, Feature
from xit.learn.hyper import Hyper
from xit.learn.model import Model, load_lm, load_tokenizer
from xit.learn.train import train
from xit.learn.updates import Stream
from xit.runs import Say, Spec
from xit.score import predict
from xit.tasks import Task


@torch.inference_mode()
def bits(model: Model, name: str, features: Sequence[Feature], pad: int) -> tuple[float, int]:
    """(bits that the gold of `features` costs under `model`, number of gold items)."""
    total, count = 0.0, 0
    kind = model.kinds[name]
    for _, batch in predict.batches(model, features, pad, kind == "choice"):
        loss, n = model(name, batch)
        total, count = total + float(loss), count + int(n)
    # of a span the model gives the mean of start and end
    return total / math.log(2) * (2 if kind == "span" else 1), count


def gold(features: Sequence[Feature], kind: str) -> list[int]:
    """The gold items of `features`; of a span its start."""
    if kind == "tagging":
        return [tag for f in features for tag in f["labels"] if tag != IGNORE]
    if kind == "span":
        return [f["start"] for f in features]
    if kind == "choice":  # each row's endings share one
        return list({f["row"]: f["label"] for f in features}.values())
    return [f["label"] for f in features]


def entropy(values: Iterable[int]) -> float:
    """Of the distribution of `values`, in bits."""
    counts = Counter(values)
    total = sum(counts.values())
    return -sum(n / total * math.log2(n / total) for n in counts.values()) if total else math.nan


def uniform_bits(features: Sequence[Feature], kind: str, outputs: int) -> float:
    """What the gold of `features` costs if everything is as likely: log₂ of the `outputs` of a
    head, of a row's endings, or, for start and end of a span, of the tokens of the window."""
    if kind == "span":
        return sum(2 * math.log2(len(f["ids"])) for f in features)
    if kind == "choice":
        return sum(math.log2(n) for n in Counter(f["row"] for f in features).values())
    return len(gold(features, kind)) * math.log2(outputs)


def information(spec: Spec, out: Path, say: Say) -> None:
    """information.json: bits a gold item given the input (`conditional`) and without (`null`).

    On development rows. Beside them how many `items` these are, the mean `length` of an input in
    sub-words and, of the training rows that the null-input model has, the `entropy` of the gold.
    """
    task, where, code = specs.task_of(spec, spec["task"]), spec["where"], spec["language"]
    tokenizer, trained = load_tokenizer(where["parent"]), Path(where["trained"])
    names = json.loads((trained / "data.json").read_text())["names"]
    heads = {task.name: (task.kind, len(names))}
    model = Model(load_lm(trained), heads, 0).eval()
    model.heads[task.name].load_state_dict(load_file(trained / "head.safetensors"))
    s, pad = spec["settings"], tokenizer.pad_token_id
    assert task.train is not None and task.dev is not None
    told = (where["hub"], code)
    tune, length = tasks.TUNE.get(task.name) or task.dev, model.room(s["max_length"])
    dev = encoded.read(task, tune, *told, spec["examples"], tokenizer, length)
    read = encoded.read(task, task.train, *told, s["examples"], tokenizer, length)
    given, items = bits(model, task.name, dev.features, pad)
    empty = [blank(part.features, task.kind, tokenizer.all_special_ids, tokenizer.mask_token_id)
             for part in (read, dev)]  # fmt: skip
    null = _trained(spec, task, heads, empty[0], pad)
    alone, _ = bits(null, task.name, empty[1], pad)
    found = {
        "conditional": given / items,
        "null": alone / items,
        "items": items,
        "length": sum(len(f["ids"]) for f in dev.features) / len(dev.features),
        "entropy": entropy(gold(read.features, task.kind)),
    }
    (out / "information.json").write_text(json.dumps(found, indent=1) + "\n")


def code_length(spec: Spec, out: Path, say: Say) -> None:
    """code.parquet: rows up to which a block goes (`end`), `items`, `bits`, `uniform` (bits).

    The first block is sent by the uniform code, every other by a model trained on all before it
    (Voita & Titov 2020). Blocks that the data do not reach are left out.
    """
    task, where, code = specs.task_of(spec, spec["task"]), spec["where"], spec["language"]
    assert task.train is not None
    tokenizer, ends = load_tokenizer(where["parent"]), spec["blocks"]
    names = labelled.outputs(task, task.train, where["hub"], code)
    heads, pad = {task.name: (task.kind, len(names))}, tokenizer.pad_token_id
    length = Model.load(where["parent"], {}, 0).room(spec["settings"]["max_length"])
    read = encoded.read(task, task.train, where["hub"], code, ends[-1], tokenizer, length)
    rows, start = [], 0
    for end in [e for e in ends if e <= len(read.rows)]:
        block = [f for f in read.features if start <= f["row"] < end]
        uniform = uniform_bits(block, task.kind, len(names))
        cost, items = uniform, len(gold(block, task.kind))
        if start:
            known = [f for f in read.features if f["row"] < start]
            cost, items = bits(_trained(spec, task, heads, known, pad), task.name, block, pad)
            say(f"step {end}/{ends[-1]} {cost / items:.2f} bits an item")
        rows.append({"end": end, "items": items, "bits": cost, "uniform": uniform})
        start = end
    columns = ["end", "items", "bits", "uniform"]
    pd.DataFrame(rows, columns=columns).to_parquet(out / "code.parquet", index=False)


def _trained(
    spec: Spec, task: Task, heads: dict[str, tuple[str, int]], features: list[Feature], pad: int
) -> Model:
    """The pretrained model with a fresh head, fine-tuned on `features` in its last state."""
    s, model = spec["settings"], Model.load(spec["where"]["parent"], heads, spec["seed"])
    hyper = Hyper(**{k: s[k] for k in ("learning_rate", "batch_size", "epochs")}, eval_every=10**9)
    stream = Stream(task.name, features, together=task.kind == "choice", pad=pad)
    train(model, [stream], hyper, spec["seed"])
    return model
