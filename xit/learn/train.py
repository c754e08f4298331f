"""The training loop: one for language modelling, intermediate and target tasks.

AdamW, linear warm-up and decay, gradient clipping, evaluation on a development score with early
stopping, the best state kept: Phang et al. 2020, Appendix A; jiant's guide for what that leaves
open. Runs under `accelerate launch` unchanged: every process takes its share of each batch.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed

from xit.data.batch import Batch
from xit.learn.adversary import Adversary, Opposed
from xit.learn.hyper import Hyper
from xit.learn.model import Model
from xit.learn.updates import Stream, Update, ahead, number_of_steps, updates


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
    coming = updates(streams, hyper, seed, steps, against, accelerator)
    if accelerator.device.type == "cuda":  # which computes while this process makes the next
        coming = ahead(coming)
    fixed = (accelerator, wrapped, trained, optimiser, hyper.max_grad_norm)
    wrapped.train()
    for step, update in enumerate(coming, start=1):
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


def checkpoints(steps: int, count: int) -> list[int]:
    """The `count` steps, evenly spaced over `steps`, after which a state is handed out."""
    return [max(1, round(steps * i / count)) for i in range(1, count + 1)]


def _hand_out(history: History, keep: Callable[[int], None], count: int) -> None:
    """The model as it is now is the next `count` checkpoints."""
    for _ in range(count):
        history.checkpoints.append(history.steps)
        keep(len(history.checkpoints))


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
