"""Training in a random subspace: all parameters move together, along `dimension` directions.

    restrict(model, 512, seed=1)      # before `train`, which then trains 512 numbers

Li et al. 2018 measure a task by the smallest dimension in which it can be learnt, Aghajanyan et al.
2021 for fine-tuning. θ = θ₀ + P z, with z alone trained, from 0. P has one entry a row, +1 or -1 in
a column drawn at random: columns are orthogonal, and z moves a parameter as far as training it
would. It costs an addition a parameter; Li et al. have dense, sparse and Fastfood projections.

In few directions a model learns next to nothing at the learning rate of full training: little of a
random direction is downhill. With the cube root of parameters over directions as a factor SQuAD
v1.1 and Cosmos QA of the lab were learnt in the most subspaces (factors 0.3 to 137 were tried).
"""

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from xit.errors import XitError
from xit.learn.model import Model


class Moved(nn.Module):
    """A parameter at its first value plus its rows of P z."""

    column: Tensor
    sign: Tensor

    def __init__(self, z: nn.Parameter, size: int, generator: torch.Generator) -> None:
        super().__init__()
        self._z = [z]  # in a list, as it belongs to the model and not to each of its parameters
        column = torch.randint(len(z), (size,), generator=generator, dtype=torch.int32)
        sign = 2 * torch.randint(2, (size,), generator=generator, dtype=torch.int8) - 1
        # not part of a state: drawn again from the seed
        self.register_buffer("column", column, persistent=False)
        self.register_buffer("sign", sign, persistent=False)

    def forward(self, original: Tensor) -> Tensor:
        """The parameter's value now, in its shape."""
        moved = self._z[0].index_select(0, self.column) * self.sign
        return original.detach() + moved.view_as(original)


def restrict(model: Model, dimension: int, seed: int) -> float:
    """Let `model`, heads and encoder, move along `dimension` random directions only.

    Gives back the factor for the learning rate, 1 for as many directions as parameters. The head of
    language modelling, which no other task trains, stays as it is. ValueError for a model that is
    restricted already; XitError for more dimensions than parameters.
    """
    if model.subspace is not None:
        raise ValueError("the model is restricted to a subspace already")
    parts = [
        (module, name, value)
        for root in (model.encoder, model.heads)
        for module in root.modules()
        for name, value in module.named_parameters(recurse=False)
    ]
    size = sum(value.numel() for _, _, value in parts)
    if not 1 <= dimension <= size:
        raise XitError(f"dimension = {dimension}: expected 1 to {size:,}, the model's parameters")
    generator = torch.Generator().manual_seed(seed)
    model.subspace = nn.Parameter(torch.zeros(dimension))
    for module, name, value in parts:
        moved = Moved(model.subspace, value.numel(), generator)
        parametrize.register_parametrization(module, name, moved)
    return float((size / dimension) ** (1 / 3))
