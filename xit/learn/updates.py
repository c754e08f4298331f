"""What is learnt in which order: the rows of each update, and this process's tensors of them.

for update in updates(streams, hyper, seed, number_of_steps(streams, hyper), None, accelerator):
    …  # xit/learn/train.py
"""

import random
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple, TypeVar

import torch
from accelerate import Accelerator

from xit.data.batch import Batch, collate, epoch, mask_tokens
from xit.data.encode import Feature
from xit.learn.adversary import Adversary, strength
from xit.learn.hyper import Hyper

T = TypeVar("T")


@dataclass
class Stream:
    """One task's training data, or one language's text (`task` is then "mlm")."""

    task: str
    features: Sequence[Feature]
    together: bool = False  # multiple choice: a row's endings share a batch
    weight: float = 1.0  # relative frequency, where there are several streams
    pad: int = 1
    mask: tuple[int, int, int] | None = None  # (mask id, vocabulary size, number of special ids)
    batch_size: int | None = None  # None: that of the training
    mask_rate: float | None = None  # None: that of the training

    def rows(self) -> int:
        """Examples: of multiple choice the rows, else the features."""
        return len({f["row"] for f in self.features}) if self.together else len(self.features)


class Update(NamedTuple):
    """What one process computes an update from."""

    task: str
    batches: list[Batch]  # the task's, and the text for an adversary if there is one
    factor: list[float]  # of the adversary's gradient
    idle: bool  # there are fewer rows than processes: this one only takes part in the sums


def updates(
    streams: Sequence[Stream],
    hyper: Hyper,
    seed: int,
    steps: int,
    against: Adversary | None,
    accelerator: Accelerator,
) -> Iterator[Update]:
    """The part of this process in each of the `steps` updates; `against`: with text beside it.

    For a GPU in pinned memory, from which it copies by itself.
    """
    texts: Iterator[int] = iter(())
    if against:
        texts = _one_by_one(Stream("text", against.texts), hyper.batch_size, f"{seed}/text")
    world, rank = accelerator.num_processes, accelerator.process_index
    for step, (stream, indices) in enumerate(islice(plan(streams, hyper, seed), steps), start=1):
        batches, factor = [make_batch(stream, indices, hyper, f"{seed}/{step}")], list[float]()
        if against:
            some = [against.texts[i] for i in islice(texts, len(indices))]
            factor = [against.weight * strength((step - 1) / max(1, steps - 1))]
            batches.append(collate(some, against.pad))
        mine = share(batches[0], rank, world, stream.together)
        idle = not mine.any()
        if world > 1:
            mine = share(batches[0], 0, world, stream.together) if idle else mine
            batches = [{k: v[mine] for k, v in batch.items()} for batch in batches]
        if accelerator.device.type == "cuda":
            batches = [{k: v.pin_memory() for k, v in batch.items()} for batch in batches]
        yield Update(stream.task, batches, factor, bool(idle))


def ahead(items: Iterator[T], depth: int = 2) -> Iterator[T]:
    """`items` in their order, `depth` of them made in another thread before they are asked for."""
    end = object()
    with ThreadPoolExecutor(1) as maker:
        coming = deque(maker.submit(next, items, end) for _ in range(depth))
        while (one := coming.popleft().result()) is not end:
            coming.append(maker.submit(next, items, end))
            yield one  # type: ignore[misc]


def share(batch: Batch, rank: int, world: int, together: bool) -> torch.Tensor:
    """Which sequences of `batch` are those of process `rank` of `world`: (batch size,), booleans.

    Row by row in turn; with `together` all sequences of one row go to the same process.
    """
    size = len(batch["ids"])
    of = batch["row"].unique_consecutive(return_inverse=True)[1] if together else torch.arange(size)
    return of % world == rank


def make_batch(stream: Stream, indices: list[int], hyper: Hyper, seed: str) -> Batch:
    """The tensors of one training batch; masking is drawn anew for every step, from `seed`."""
    batch = collate([stream.features[i] for i in indices], stream.pad)
    if stream.task != "mlm":
        return batch
    assert stream.mask is not None, "a language-model stream needs its mask"
    mask_id, vocabulary, special = stream.mask
    generator = torch.Generator().manual_seed(random.Random(seed).getrandbits(62))
    return mask_tokens(
        batch, mask_id, vocabulary, special, stream.mask_rate or hyper.mask_rate, generator
    )


def number_of_steps(streams: Sequence[Stream], hyper: Hyper) -> int:
    """Updates in the whole training: `max_steps`, else epochs over all streams together.

    Rounded to whole updates: less than half a batch at the very end is left out.
    """
    if hyper.max_steps is not None:
        return hyper.max_steps
    updates = sum(s.rows() / (s.batch_size or hyper.batch_size) for s in streams)
    return max(1, round(hyper.epochs * updates))


def plan(streams: Sequence[Stream], hyper: Hyper, seed: int) -> Iterator[tuple[Stream, list[int]]]:
    """Endless (stream, indices) pairs: epochs of one stream, or streams drawn by their weights."""
    endless = [
        _endless(s, s.batch_size or hyper.batch_size, f"{seed}/{i}") for i, s in enumerate(streams)
    ]
    rng, weights = random.Random(f"{seed}/plan"), [s.weight for s in streams]
    while True:
        i = rng.choices(range(len(streams)), weights)[0]
        yield streams[i], next(endless[i])


def _endless(stream: Stream, size: int, seed: str) -> Iterator[list[int]]:
    number = 0
    while True:
        yield from epoch(stream.features, size, f"{seed}/{number}", stream.together)
        number += 1


def _one_by_one(stream: Stream, size: int, seed: str) -> Iterator[int]:
    """The features of `stream`, epoch after epoch; mostly neighbours in length together."""
    for indices in _endless(stream, size, seed):
        yield from indices
