"""Noise on embeddings: within its ball, only while training, drawn by the seed."""

from pathlib import Path

import torch

from tests.toys import model_directory
from xit.learn.model import Model
from xit.learn.smooth import in_ball, smooth


def test_points_lie_evenly_in_the_ball() -> None:
    torch.manual_seed(0)
    hidden = torch.randn(50, 40, 2) * torch.rand(50, 40, 1)
    share = (in_ball(hidden, 0.5).norm(dim=-1) / hidden.norm(dim=-1)).flatten()
    assert float(share.max()) <= 0.5
    # in two dimensions half of the area lies beyond radius / √2
    assert abs(float((share > 0.5 / 2**0.5).float().mean()) - 0.5) < 0.04
    assert float(in_ball(hidden, 0.5).mean(dim=(0, 1)).abs().max()) < 0.02


def test_only_training_is_noisy(tmp_path: Path) -> None:
    model = Model.load(model_directory(tmp_path), {"a": ("pair", 2)}, 1)
    batch = {"ids": torch.tensor([[0, 7, 8, 2]]), "mask": torch.ones(1, 4).long()}
    model.train()
    plain = model.hidden(batch)
    smooth(model, 0.3)
    torch.manual_seed(1)
    first = model.hidden(batch)
    torch.manual_seed(1)
    assert torch.equal(model.hidden(batch), first)
    assert not torch.equal(model.hidden(batch), first) and not torch.equal(first, plain)
    model.eval()
    assert torch.equal(model.hidden(batch), plain)
