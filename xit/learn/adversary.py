"""Domain-adversarial training: an encoder that learns a task while a discriminator, which reads
its sentence vectors, is to find no trace of the language in them (Ganin et al. 2016).

    against = Adversary(texts, Discriminator(width, languages, layer, seed), weight=1.0)
    train(model, [stream], hyper, seed, against=against)

Half of the sequences of each update are the task's, in the language of its data; the other half is
unlabelled text in other languages. The discriminator learns to name the language of both; its
gradient reaches the encoder reversed, times `strength` at this point, times the weight.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from xit.data.batch import Batch
from xit.data.encode import Feature
from xit.learn.model import Model

STEEP = 10.0  # how fast the schedule rises: γ of Ganin et al. 2016


def strength(progress: float) -> float:
    """λ at `progress` (0 to 1) of the training: 2 / (1 + exp(-γ · progress)) - 1, from 0 to 1."""
    return 2 / (1 + math.exp(-STEEP * progress)) - 1


def reverse(x: Tensor, factor: float) -> Tensor:
    """`x` itself, whose gradient is that of what follows times `-factor`."""
    same = x.view_as(x)
    if same.requires_grad:
        same.register_hook(lambda gradient: -factor * gradient)
    return same


class Discriminator(nn.Module):
    """Names the language of a sentence from the mean of its states: dense, tanh → scores."""

    def __init__(self, width: int, languages: int, layer: int, seed: int) -> None:
        super().__init__()
        self.layer = layer  # that it reads: Hugging Face's hidden_states index
        with torch.random.fork_rng([]):
            torch.manual_seed(seed)
            self.dense, self.out = nn.Linear(width, width), nn.Linear(width, languages)

    def forward(self, sentences: Tensor) -> Tensor:
        """(sentences, width) → (sentences, languages)."""
        return self.out(torch.tanh(self.dense(sentences)))


@dataclass
class Adversary:
    """What a training is done against."""

    texts: Sequence[Feature]  # `label`: the language, from 1; 0 is that of the task's data
    discriminator: Discriminator
    weight: float = 1.0  # of the reversed gradient, beside the `strength`
    rate: float = 1.0  # of the discriminator's learning, times the model's learning rate
    pad: int = 1


class Told(NamedTuple):
    """Sums over one batch: of the task, then of the discriminator over both halves."""

    loss: Tensor
    items: Tensor  # gold items of the task
    other: Tensor  # the discriminator's loss
    sentences: Tensor
    right: Tensor  # of them, those whose language it names


class Opposed(nn.Module):
    """A model and its discriminator as one module, so that processes can share a batch."""

    def __init__(self, model: Model, discriminator: Discriminator) -> None:
        super().__init__()
        self.model, self.discriminator = model, discriminator

    def forward(self, name: str, batch: Batch, text: Batch, factor: float) -> Told:
        """Task `name` on `batch`, and the discriminator on it and on `text`; `factor` is what the
        encoder gets of the discriminator's gradient, reversed.
        """
        layer = self.discriminator.layer
        last = layer == self.model.lm.config.num_hidden_layers  # then of all tokens
        with self.model.reading(None if last else name):
            states = self.model.states(batch)
        loss, count = self.model.loss(name, batch, states[-1])
        devices = [text["ids"].device] if text["ids"].is_cuda else []
        with torch.random.fork_rng(devices):  # the task's dropout is as without an adversary
            other = self.model.states(text)[layer]
        both = torch.cat([_mean(states[layer], batch), _mean(other, text)])  # sentences, width
        scores = self.discriminator(reverse(both, factor))
        gold = torch.cat([text["label"].new_zeros(len(states[layer])), text["label"]])
        told = nn.functional.cross_entropy(scores, gold, reduction="sum")
        right = (scores.argmax(-1) == gold).sum()
        return Told(loss, count, told, torch.tensor(len(gold), device=gold.device), right)


def _mean(states: Tensor, batch: Batch) -> Tensor:
    """Mean over the tokens, padding left out: (sentences, length, width) → (sentences, width)."""
    mask = batch["mask"][..., None].to(states.dtype)
    return (states * mask).sum(1) / mask.sum(1)
