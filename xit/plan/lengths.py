"""How long a task's rows are for a model, so that a plan need not read any: `lengths.csv`.

    python -m xit.plan.lengths lab lab > lab.csv
    python -m xit.plan.lengths natural ../shared/hub > natural.csv    # a mirror

A line says of `world` (lab, natural), task and use (train; score: in the source language) how many
sequences a row becomes (windows, endings, both sides of a pair of sentences; of a ranking also the
candidates) and how many tokens these have together, means over the first rows. The lab's are those
of its tokenizer. Of natural languages a token is taken to be CHARACTERS characters long, as
sub-words of XLM-R are about in English: an assumption, as its tokenizer is not at hand everywhere.
The text of language modelling is `text`.
"""

import csv
import sys
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from xit import tasks
from xit.errors import XitError
from xit.tasks import Task

CHARACTERS = 4  # of a token of natural language
ROWS = 300  # as many are looked at
FILE = Path(__file__).parent / "lengths.csv"
USUAL = 128.0  # tokens of a row of which nothing is known


class Length(NamedTuple):
    """What one row becomes, on average."""

    sequences: float
    tokens: float  # of all of them


@lru_cache
def table() -> dict[tuple[str, str, str], Length]:
    """(world, task, use) → length."""
    with FILE.open(encoding="utf-8") as file:
        lines = csv.DictReader(line for line in file if not line.startswith("#"))
        return {
            (x["world"], x["task"], x["use"]): Length(float(x["sequences"]), float(x["tokens"]))
            for x in lines
        }


def of(world: str, task: Task, use: str) -> Length:
    """The length of a row of `task`; where it is not known, the mean over tasks of its kind."""
    known = table()
    if found := known.get((world, task.name, use)) or known.get((world, task.like, use)):
        return found
    rows = {t.name: t.kind for group in (tasks.INTERMEDIATE, tasks.FIRST, tasks.TARGET)
            for t in group.values()}  # fmt: skip
    like = [v for (w, name, u), v in known.items()
            if w == world and u == use and rows.get(name) == task.kind]  # fmt: skip
    if not like:
        return Length(1.0, USUAL)
    return Length(*(sum(column) / len(like) for column in zip(*like, strict=True)))


def measure(world: str, where: str) -> list[dict[str, object]]:
    """The lines of `world` from the data in hub `where`; without those that are not there."""
    from xit.data import corpus, encode, encoded, pools
    from xit.learn.model import load_tokenizer
    from xit.settings import MAX_LENGTH
    from xit.specs import CHECKPOINT, model_path

    source = "qaa" if world == "lab" else "en"
    tokenizer = load_tokenizer(model_path(CHECKPOINT)) if world == "lab" else _by_characters()
    found: list[dict[str, object]] = []

    def add(task: str, use: str, rows: int, features: list) -> None:
        tokens = sum(len(f["ids"]) for f in features)
        told = {"sequences": round(len(features) / rows, 2), "tokens": round(tokens / rows, 1)}
        found.append({"world": world, "task": task, "use": use, **told})

    every = [*tasks.INTERMEDIATE.values(), *tasks.FIRST.values(), *tasks.TARGET.values()]
    for task in every:
        room = 128 if world == "lab" else MAX_LENGTH[task.kind]
        target = task.name in tasks.TARGET
        for use, split in (
            ("train", task.train),
            ("score", (task.test or task.dev) if target else None),
        ):
            if split is None or (use == "train" and task.model_of):
                continue
            others = ["qab"] if world == "lab" else ["de", "fr", "ru"]
            code = task.language or (source if task.train else others[0])
            try:
                if task.kind in ("retrieval", "mining"):
                    read = encoded.sides(task, split, where, code, tokenizer, room)
                    both = [f for side in read.features for f in side]
                    add(task.name, use, len(read.features[0]), both)
                elif task.kind == "ranking":
                    pool = pools.read(where, task, split, [source], ROWS)
                    texts = [pool.queries[source].texts, pool.candidates[source].texts]
                    both = [f for side in texts for f in encode.lines(side, tokenizer, room)[0]]
                    add(task.name, use, len(texts[0]), both)
                else:
                    one = encoded.read(task, split, where, code, ROWS, tokenizer, room)
                    add(task.name, use, len(one.rows), one.features)
            except XitError as error:
                print(f"{task.name} {use}: {error}", file=sys.stderr)
    repo, code = ("xit/stories", "qab") if world == "lab" else ("xit/ebible", "en")
    try:
        lines = [x for x, _ in zip(corpus.sentences(where, repo, code), range(ROWS), strict=False)]
        add("text", "train", len(lines), encode.lines(lines, tokenizer, 256)[0])
    except XitError as error:
        print(f"text: {error}", file=sys.stderr)
    return found


def _by_characters():  # type: ignore[no-untyped-def]  # a tokenizer of the library's
    """A tokenizer that takes CHARACTERS characters at a time, with the special tokens of XLM-R."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    special = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3}
    made = Tokenizer(models.WordLevel(special, unk_token="<unk>"))
    pieces = Regex(rf"[\s\S]{{1,{CHARACTERS}}}")
    made.pre_tokenizer = pre_tokenizers.Split(pieces, "isolated")
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", 0), ("</s>", 2)],
    )  # fmt: skip
    names = {"cls_token": "<s>", "sep_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    return PreTrainedTokenizerFast(tokenizer_object=made, **names)


if __name__ == "__main__":
    try:
        lines = measure(*sys.argv[1:])
    except XitError as error:
        sys.exit(f"error: {error}")
    writer = csv.DictWriter(sys.stdout, ["world", "task", "use", "sequences", "tokens"],
                            lineterminator="\n")  # fmt: skip
    writer.writeheader()
    writer.writerows(lines)
