"""Random subspaces: what moves, how far, and that the one loop trains them."""

import pytest
import torch

from xit.data.encode import Feature
from xit.errors import XitError
from xit.learn.hyper import Hyper
from xit.learn.model import Model
from xit.learn.pretrain import new_model
from xit.learn.subspace import Moved, restrict
from xit.learn.train import train
from xit.learn.updates import Stream


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def model(seed: int = 1) -> Model:
    return Model(new_model(40, 16, 2, 2, 32, 16, 0.0, 7), {"pair": ("pair", 2)}, seed)


def pairs(count: int = 16) -> list[Feature]:
    """The label is in the second token: 10 or 11."""
    return [{"ids": [0, 10 + i % 2, 20 + i % 7, 2], "row": i, "label": i % 2} for i in range(count)]


def values(model: Model) -> dict[str, torch.Tensor]:
    """Every parameter that a fine-tuning trains, as the model uses it now, by name."""
    found = {}
    for root in (model.encoder, model.heads):
        for path, module in root.named_modules():
            if "parametrizations" in path:
                continue
            for name in ("weight", "bias"):
                if isinstance(value := getattr(module, name, None), torch.Tensor):
                    found[f"{path}.{name}"] = value.detach().clone()
    return found


def test_a_parameter_moves_by_its_row_of_the_projection() -> None:
    """By hand: columns 1, 0, 1, 1 and signs + - - +, z = (3, 5)."""
    z = torch.nn.Parameter(torch.tensor([3.0, 5.0]))
    moved = Moved(z, 4, torch.Generator().manual_seed(0))
    moved.column = torch.tensor([1, 0, 1, 1], dtype=torch.int32)
    moved.sign = torch.tensor([1, -1, -1, 1], dtype=torch.int8)
    now = moved(torch.tensor([[10.0, 20.0], [30.0, 40.0]]))
    assert now.tolist() == [[15.0, 17.0], [25.0, 45.0]]
    now.sum().backward()
    assert z.grad is not None and z.grad.tolist() == [-1.0, 1.0]  # column sums of P


def test_nothing_moves_before_training_and_states_do_not_grow() -> None:
    one, two = model(), model()
    factor = restrict(two, 8, seed=1)
    size = sum(v.numel() for v in values(one).values())
    assert factor == pytest.approx((size / 8) ** (1 / 3))
    assert one.subspace is None and two.subspace is not None
    before, now = values(one), values(two)
    assert set(before) == set(now) and len(now) > 20
    assert all(torch.equal(before[k], now[k]) for k in before)
    assert not [k for k in two.state_dict() if k.endswith(("column", "sign"))]


@pytest.mark.parametrize("dimension", [1, 64])
def test_the_loop_trains_so_many_numbers_and_no_more(dimension: int) -> None:
    one = model()
    restrict(one, dimension, seed=1)
    before = values(one)
    stream = Stream("pair", pairs())
    train(one, [stream], Hyper(0.01, 4, epochs=3), 1, evaluate=lambda _: 50.0)
    trained = [p for p in one.parameters() if p.requires_grad]
    assert [p.shape for p in trained] == [(dimension,)]
    moved = {k: v - before[k] for k, v in values(one).items()}
    assert all(d.abs().max() > 0 for d in moved.values())
    lengths = torch.cat([d.flatten().abs() for d in moved.values()])
    assert one.subspace is not None
    far = (lengths[:, None] - one.subspace.detach().abs()[None]).abs().min(1).values
    assert float(far.max()) < 1e-6  # each is one |z|


def test_enough_directions_learn_what_one_does_not() -> None:
    """The loss after training falls with the dimension; with as many as half of the parameters it
    learns the task."""

    def loss(dimension: int) -> float:
        one = model()
        restrict(one, dimension, seed=3)
        history = train(one, [Stream("pair", pairs())], Hyper(0.01, 4, epochs=20, eval_every=80), 1)
        return float(history.points[-1]["loss"] or 0.0)

    assert loss(3000) < 0.35 < 0.6 < loss(1)


def test_the_same_seed_gives_the_same_directions() -> None:
    def trained(seed: int) -> dict[str, torch.Tensor]:
        one = model()
        restrict(one, 16, seed)
        train(one, [Stream("pair", pairs())], Hyper(0.01, 4), 1)
        return values(one)

    one, same, other = trained(1), trained(1), trained(2)
    assert all(torch.equal(one[k], same[k]) for k in one)
    assert not all(torch.equal(one[k], other[k]) for k in one)


def test_what_cannot_be_is_refused() -> None:
    one = model()
    with pytest.raises(XitError, match="dimension = 10000000: expected 1 to"):
        restrict(one, 10_000_000, 1)
    restrict(one, 2, 1)
    with pytest.raises(ValueError, match="restricted to a subspace already"):
        restrict(one, 2, 1)
