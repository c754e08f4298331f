"""Randomised smoothing: training on embeddings that are moved at random within a ball.

    smooth(model, 0.3)

Huang et al. 2021 (RS-RP) train a classifier to tolerate noise in its input embeddings, as those of
two languages never quite coincide. Here the embeddings are the output of the embedding layer, and
the ball's radius is a share of each one's length. Only while training; in evaluation nothing moves.
"""

import torch
from torch import Tensor, nn

from xit.learn.model import Model


def smooth(model: Model, radius: float) -> None:
    """Make `model` train on embeddings moved within `radius` times their length."""

    def moved(layer: nn.Module, _: object, hidden: Tensor) -> Tensor:
        return hidden + in_ball(hidden, radius) if layer.training else hidden

    embeddings = model.encoder.get_submodule("embeddings")
    embeddings.register_forward_hook(moved)


def in_ball(hidden: Tensor, radius: float) -> Tensor:
    """Points drawn evenly from balls of `radius` times the length of each vector of `hidden`, one
    a vector: (batch size, length, width) → the same; by the seed of the training."""
    direction = nn.functional.normalize(torch.randn_like(hidden), dim=-1)
    share = torch.rand_like(hidden[..., :1]) ** (1 / hidden.shape[-1])
    return direction * share * radius * hidden.detach().norm(dim=-1, keepdim=True)
