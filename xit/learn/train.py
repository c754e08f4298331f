"""The training loop: one for language modelling, intermediate and target tasks.

AdamW, linear warm-up and decay, gradient clipping, evaluation on a development score with early
stopping, the best state kept: Phang et al. 2020, Appendix A; jiant's guide for what that leaves
open. Runs under `accelerate launch` unchanged: every process takes its share of each batch.
"""

import random
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import NamedTuple, TypeVar

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed

from xit.data.batch import Batch, collate, epoch, mask_tokens
from xit.data.encode import Feature
from xit.learn.adversary import Adversary, Opposed, strength
from xit.learn.hyper import Hyper
from xit.learn.model import Model

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


@dataclass
class History:
    """What happened, one dict a logging point: step, loss, dev (score or None), lr, seconds.

    Against an adversary also its loss (`adversary`, nats a sentence) and the share of sentences
    whose language it names (`recognised`, 0-100), means since the last point.
    """

    points: list[dict[str, float | None]] = field(default_factory=list)
    best: float | None = None
    best_step: int = 0
    steps: int = 0
    stopped_early: bool = False
    checkpoints: list[int] = field(default_factory=list)  # the step of each state handed out


def train(
    model: Model,
    streams: Sequence[Stream],
    hyper: Hyper,
    seed: int,
    evaluate: Callable[[Model], float] | None = None,
    report: Callable[[int, int, float, float | None], None] = lambda *_: None,
    keep: Callable[[int], None] = lambda _: None,
    against: Adversary | None = None,
) -> History:
    """Train `model` in place and leave it in its best state; `evaluate` returns a score, 0-100.

    Without `evaluate` the last state is kept. `report(step, steps, loss, dev)` tells the progress.
    `keep(number)` is called when `model` is in the state of checkpoint 1, 2, … `hyper.checkpoints`;
    after an early stop, with the last state for all that are left. `against`: every batch of the
    task has as many sequences of unlabelled text beside it, and the updates stay as many.
    """
    accelerator = Accelerator()
    set_seed(seed)
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    model.freeze_unused({s.task for s in streams})
    whole = Opposed(model, against.discriminator) if against else model
    groups = _groups(model, hyper)
    trained = [[p for p in model.parameters() if p.requires_grad]]
    if against:  # its gradient is clipped by itself, so that without weight it changes nothing
        trained.append(list(against.discriminator.parameters()))
        groups += _groups(against.discriminator, hyper, hyper.learning_rate * against.rate)
    optimiser = torch.optim.AdamW(
        groups, lr=hyper.learning_rate, betas=hyper.betas, eps=hyper.adam_eps, fused=True
    )
    steps = number_of_steps(streams, hyper)
    warm = max(1, round(steps * hyper.warmup))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda s: min((s + 1) / warm, max(0.0, (steps - s) / max(1, steps - warm)))
    )
    wrapped, optimiser = accelerator.prepare(whole, optimiser)
    history, kept, began = History(), dict[str, torch.Tensor](), time.monotonic()
    losses: list[torch.Tensor] = []  # on the device: to read one is to wait for its step
    waited = 0
    marks = checkpoints(steps, hyper.checkpoints)
    batches = _updates(streams, hyper, seed, steps, against, accelerator)
    if accelerator.device.type == "cuda":  # which computes while this process makes the next
        batches = ahead(batches)
    fixed = (accelerator, wrapped, trained, optimiser, hyper.max_grad_norm)
    wrapped.train()
    for step, update in enumerate(batches, start=1):
        losses.append(_step(*fixed, update))
        rate = float(schedule.get_last_lr()[0])
        schedule.step()
        history.steps = step
        _hand_out(history, keep, sum(step == mark for mark in marks))
        if step % hyper.eval_every and step != steps:
            continue
        dev = None
        if evaluate is not None:
            wrapped.eval()
            dev = evaluate(model)
            wrapped.train()
        told = torch.stack(losses).tolist()  # steps, means
        means = [sum(column) / len(told) for column in zip(*told, strict=True)]
        history.points.append(
            {
                "step": step,
                "loss": means[0],
                "dev": dev,
                "learning_rate": rate,
                "seconds": round(time.monotonic() - began, 2),
            }
            | ({"adversary": means[1], "recognised": 100 * means[2]} if against else {})
        )
        report(step, steps, history.points[-1]["loss"] or 0.0, dev)
        losses = []
        if dev is None:
            continue
        if history.best is None or dev > history.best:
            history.best, history.best_step, kept, waited = dev, step, _state(model), 0
        else:
            waited += 1
        if waited >= hyper.patience:
            history.stopped_early = True
            break
    _hand_out(history, keep, len(marks) - len(history.checkpoints))
    if history.best is not None and history.best_step != history.steps:
        model.load_state_dict(kept)
    model.eval()
    return history


class Update(NamedTuple):
    """What one process computes an update from."""

    task: str
    batches: list[Batch]  # the task's, and the text for an adversary if there is one
    factor: list[float]  # of the adversary's gradient
    idle: bool  # there are fewer rows than processes: this one only takes part in the sums


def _updates(
    streams: Sequence[Stream],
    hyper: Hyper,
    seed: int,
    steps: int,
    against: Adversary | None,
    accelerator: Accelerator,
) -> Iterator[Update]:
    """This process's part of each of the `steps` updates; for a GPU in pinned memory, from which
    it copies by itself."""
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


def _step(
    accelerator: Accelerator,
    model: torch.nn.Module,
    trained: Sequence[list[torch.nn.Parameter]],
    optimiser: torch.optim.Optimizer,
    most: float,
    update: Update,
) -> torch.Tensor:
    """One update of the parameters `trained`, each list by itself clipped to a norm of `most`.

    The task's mean loss, then the adversary's and the share of sentences whose language it names.
    """
    world = accelerator.num_processes
    there = partial(_on, accelerator.device)
    told = list(model(update.task, *map(there, update.batches), *update.factor))
    if update.idle:  # sums, and what they are over
        told = [x * 0 for x in told]
    sums = torch.stack([x.detach().float() for x in told])
    if world > 1:
        sums = accelerator.reduce(sums, reduction="sum")
    counts = sums.clamp(min=1)
    loss = told[0] * world / counts[1]  # DDP divides by `world`
    if update.factor:
        loss = loss + told[2] * world / counts[3]
    accelerator.backward(loss)
    for parameters in trained:
        accelerator.clip_grad_norm_(parameters, most)
    optimiser.step()
    optimiser.zero_grad()
    means = [sums[0] / counts[1]]
    if update.factor:
        means += [sums[2] / counts[3], sums[4] / counts[3]]
    return torch.stack(means)


def _on(device: torch.device, batch: Batch) -> Batch:
    """`batch` on `device`; a copy from pinned memory is waited for there."""
    return {k: v.to(device, non_blocking=True) for k, v in batch.items()}


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


def checkpoints(steps: int, count: int) -> list[int]:
    """The `count` steps, evenly spaced over `steps`, after which a state is handed out."""
    return [max(1, round(steps * i / count)) for i in range(1, count + 1)]


def _hand_out(history: History, keep: Callable[[int], None], count: int) -> None:
    """The model as it is now is the next `count` checkpoints."""
    for _ in range(count):
        history.checkpoints.append(history.steps)
        keep(len(history.checkpoints))


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


def _groups(model: torch.nn.Module, hyper: Hyper, rate: float | None = None) -> list[dict]:
    """Parameters with and without weight decay; at learning rate `rate`, if it is another."""
    rate = hyper.learning_rate if rate is None else rate
    decayed: list[torch.nn.Parameter] = []
    plain: list[torch.nn.Parameter] = []
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            bare = parameter.ndim < 2 or "LayerNorm" in name or "layer_norm" in name
            (plain if bare else decayed).append(parameter)
    return [
        {"params": decayed, "weight_decay": hyper.weight_decay, "lr": rate},
        {"params": plain, "weight_decay": 0.0, "lr": rate},
    ]


def _state(model: Model) -> dict[str, torch.Tensor]:
    return {k: v.detach().clone() for k, v in model.state_dict().items()}
