"""Times a piece of work between two points, and counts what went through its encoder meanwhile."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_post_hook

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class Measured(NamedTuple):
    """What was done in the time."""

    seconds: float
    cpu: float  # seconds that this process computed, over its threads: what others do is not in it
    examples: int
    positions: int  # tokens, with padding
    lengths: torch.Tensor  # of each example, without
    memory: float | None  # peak, MiB: of a GPU what was allocated, else of the process; None: Linux


class Clock:
    """Counts what the `encoder` reads; runs from `start` to `stop`."""

    def __init__(self, encoder: nn.Module) -> None:
        self.device = next(encoder.parameters()).device
        self.masks: list[torch.Tensor] = []
        self.began = self.seconds = self.cpu = 0.0
        self.memory: float | None = None
        self.hook = encoder.register_forward_pre_hook(self._count, with_kwargs=True)

    def _count(self, _: nn.Module, args: tuple, kwargs: dict) -> None:
        self.masks.append(kwargs["attention_mask"])  # summed at the end: no wait on the way

    def start(self) -> None:
        """Begin, when all that was asked of the device before is done."""
        self._wait()
        self.masks.clear()
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats()
        elif CLEAR.exists():
            CLEAR.write_text("5")  # the peak begins anew
        self.began, self.cpu = time.perf_counter(), time.process_time()

    def stop(self) -> None:
        """End, when all that was asked of the device is done."""
        self._wait()
        self.seconds = time.perf_counter() - self.began
        self.cpu = time.process_time() - self.cpu
        if self.device.type == "cuda":
            self.memory = torch.cuda.max_memory_allocated() / 2**20
        elif STATUS.exists():
            peak = next(x for x in STATUS.read_text().splitlines() if x.startswith("VmHWM"))
            self.memory = int(peak.split()[1]) / 2**10

    def _wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def told(self) -> Measured:
        """What was measured; the encoder is no longer watched."""
        self.hook.remove()
        lengths = torch.cat([mask.sum(1).cpu() for mask in self.masks])
        positions = sum(mask.numel() for mask in self.masks)
        return Measured(self.seconds, self.cpu, len(lengths), positions, lengths, self.memory)


def last_epoch(encoder: nn.Module, work: Callable[[], object], steps: int) -> Measured:
    """`work` trains for `steps` updates an epoch: the time of the second one."""
    clock, done = Clock(encoder), 0

    def count(*_: object) -> None:
        nonlocal done
        done += 1
        if done == steps:
            clock.start()
        if done == 2 * steps:
            clock.stop()

    hook = register_optimizer_step_post_hook(count)
    try:
        work()
    finally:
        hook.remove()
    assert done == 2 * steps, f"{done} updates, expected {2 * steps}"
    return clock.told()


def second_call(encoder: nn.Module, work: Callable[[], object]) -> Measured:
    """The time of the second of two calls of `work`."""
    clock = Clock(encoder)
    work()
    clock.start()
    work()
    clock.stop()
    return clock.told()
