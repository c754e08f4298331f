"""Gradient reversal: the gradients by hand, the schedule, and the training loop with it."""

import math
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.processes import on_two
from xit.data.batch import Batch, collate
from xit.data.encode import Feature
from xit.learn.adversary import Adversary, Discriminator, Opposed, reverse, strength
from xit.learn.hyper import Hyper
from xit.learn.model import Model
from xit.learn.pretrain import new_model
from xit.learn.train import train
from xit.learn.updates import Stream

LANGUAGES = 3


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def model(dropout: float = 0.0) -> Model:
    heads = {"pair": ("pair", 2), "choice": ("choice", 2)}
    return Model(new_model(40, 16, 2, 2, 32, 16, dropout, 7), heads, 1)


def pairs(count: int = 8) -> list[Feature]:
    """The label is in the second token: 10 or 11."""
    return [
        {"ids": [0, 10 + i % 2, *[20 + (i * 7) % 13] * (1 + i % 4), 2], "row": i, "label": i % 2}
        for i in range(count)
    ]


def texts(count: int = 12) -> list[Feature]:
    """Languages 1 and 2 in words of their own."""
    return [
        {"ids": [0, *[33 + i % 2] * (2 + i % 3), 15 + i % 3, 2], "label": 1 + i % 2}
        for i in range(count)
    ]


def against(weight: float, layer: int = 1) -> Adversary:
    return Adversary(texts(), Discriminator(16, LANGUAGES, layer, 5), weight)


# -- by hand --


def test_the_schedule_goes_from_none_to_all() -> None:
    """Ganin et al. 2016: 2 / (1 + exp(-10 p)) - 1."""
    assert strength(0.0) == 0.0
    assert strength(1.0) == pytest.approx(1, abs=1e-4) and strength(1.0) < 1
    assert strength(0.5) == pytest.approx((1 - math.exp(-5)) / (1 + math.exp(-5)))
    told = [strength(i / 20) for i in range(21)]
    assert told == sorted(told)


@given(st.floats(0, 3), st.lists(st.floats(-5, 5), min_size=1, max_size=6))
def test_reversal_is_identity_forward_and_turns_the_gradient(factor: float, x: list) -> None:
    """d(Σ y²)/dx = 2x without, -factor · 2x with it."""
    leaf = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    same = reverse(leaf, factor)
    assert torch.equal(same, leaf)
    (same**2).sum().backward()
    assert leaf.grad is not None
    assert torch.allclose(leaf.grad, -factor * 2 * leaf.detach())


def gradients(factor: float | None) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Of the discriminator's loss: (on the encoder, on the discriminator); None: not reversed."""
    m, judge = model().double(), Discriminator(16, LANGUAGES, 1, 5).double()
    whole = Opposed(m, judge)
    batch, text = collate(pairs(4), 1), collate(texts(4), 1)
    if factor is None:
        states, other = m.states(batch)[1], m.states(text)[1]
        told = []
        for layer, part in ((states, batch), (other, text)):  # the mean over real tokens
            told += [row[: int(n)].mean(0) for row, n in zip(layer, part["mask"].sum(1),
                                                             strict=True)]  # fmt: skip
        gold = torch.cat([torch.zeros(4, dtype=torch.long), text["label"]])
        loss = torch.nn.functional.cross_entropy(judge(torch.stack(told)), gold, reduction="sum")
    else:
        loss = whole("pair", batch, text, factor).other
    loss.backward()
    return tuple(  # type: ignore[return-value]
        {n: p.grad.clone() for n, p in part.named_parameters() if p.grad is not None}
        for part in (m, judge)
    )


@pytest.mark.parametrize("factor", [0.0, 0.25, 1.0])
def test_the_encoder_gets_the_plain_gradient_reversed_the_discriminator_all_of_it(
    factor: float,
) -> None:
    """Exactly -λ·weight times what an ordinary classifier on the same layer would give."""
    plain, judge = gradients(None)
    turned, other = gradients(factor)
    assert set(plain) == set(turned) and len(judge) == 4
    assert any("encoder.layer.0" in name for name in plain)
    assert not any("layer.1." in name for name in plain)  # above the discriminator's layer
    for name, gradient in plain.items():
        assert torch.allclose(turned[name], -factor * gradient, atol=1e-12), name
    for name, gradient in judge.items():
        assert torch.allclose(other[name], gradient, atol=1e-12), name


def test_what_it_is_told_is_right() -> None:
    """Sums over both halves; task and discriminator do not count the same things."""
    told = Opposed(model(), against(1).discriminator)("pair", collate(pairs(3), 1),
                                                      collate(texts(3), 1), 0.5)  # fmt: skip
    loss, count = model()("pair", collate(pairs(3), 1))
    assert torch.allclose(told.loss, loss) and int(told.items) == int(count) == 3
    assert int(told.sentences) == 6 and 0 <= int(told.right) <= 6
    assert told.other.item() == pytest.approx(6 * math.log(LANGUAGES), rel=0.2)  # knows nothing yet


# -- in the loop --


HYPER = Hyper(learning_rate=0.01, batch_size=4, max_steps=6, eval_every=2)


def trained(
    opponent: Adversary | None, dropout: float = 0.1, hyper: Hyper = HYPER
) -> tuple[list[dict], dict[str, torch.Tensor]]:
    m = model(dropout)
    history = train(m, [Stream("pair", pairs(10))], hyper, 3, against=opponent)
    return history.points, {k: v.clone() for k, v in m.state_dict().items()}


def test_without_weight_the_task_is_learnt_as_alone_to_the_last_digit() -> None:
    """With dropout, too; and the discriminator, whose own learning is not weighed, still learns."""
    opponent = against(0.0)
    before = opponent.discriminator.out.weight.clone()
    points, weights = trained(opponent)
    alone, plain = trained(None)
    assert [p["loss"] for p in points] == [p["loss"] for p in alone]
    assert all(torch.equal(weights[k], plain[k]) for k in plain)
    assert not torch.equal(opponent.discriminator.out.weight, before)
    assert set(points[0]) - set(alone[0]) == {"adversary", "recognised"}
    other = trained(against(1.0))[1]
    assert not all(torch.equal(other[k], plain[k]) for k in plain)


def test_updates_and_task_examples_are_those_of_the_task_alone() -> None:
    """And of text there is as much as of the task in each, in ever new order."""
    seen: list[tuple[list, list, float]] = []
    opponent = against(1.0)
    forward = Opposed.forward

    def spy(self: Opposed, name: str, batch: Batch, text: Batch, factor: float) -> object:
        seen.append((batch["ids"][:, 1].tolist(), text["label"].tolist(), factor))
        return forward(self, name, batch, text, factor)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Opposed, "forward", spy)
        m = model()
        hyper = Hyper(learning_rate=0.01, batch_size=4, epochs=2.0, eval_every=100)
        steps = train(m, [Stream("pair", pairs(10))], hyper, 3, against=opponent).steps
    assert steps == len(seen) == 5
    assert [len(task) == len(text) for task, text, _ in seen] == [True] * 5
    assert sum(len(task) for task, _, _ in seen) == 18  # 4, 4, 2, then 4 and 4
    assert [f for _, _, f in seen] == pytest.approx([strength(i / 4) for i in range(5)])
    assert sum(sum(x == 1 for x in text) for _, text, _ in seen[:3]) in (4, 5, 6)


def test_a_discriminator_without_weight_learns_and_one_with_it_is_kept_from_it() -> None:
    hyper = Hyper(learning_rate=0.01, batch_size=8, max_steps=100, eval_every=20)
    watching, _ = trained(against(0.0), 0.0, hyper)
    opposed, _ = trained(against(1.0), 0.0, hyper)
    assert watching[-1]["recognised"] > 95
    assert opposed[-1]["recognised"] < watching[-1]["recognised"] - 10
    assert watching[-1]["adversary"] < watching[0]["adversary"]


def test_endings_of_multiple_choice_have_as_many_texts_beside_them() -> None:
    made = [
        {"ids": [0, 10 + (k != i % 2), 20 + i, 2], "row": i, "label": i % 2}
        for i in range(8)
        for k in range(2)
    ]
    m = model()
    history = train(m, [Stream("choice", made, together=True)], HYPER, 1, against=against(1.0))
    assert history.steps == 6 and (history.points[-1]["adversary"] or 0) > 0


# -- several processes --


def few_steps() -> tuple[list[list[float]], list[float]]:
    """Losses of a short training in batches of 4, 4 and 1, and the size of each weight."""
    m = model()
    hyper = Hyper(learning_rate=0.01, batch_size=4, max_steps=7, eval_every=1)
    history = train(m, [Stream("pair", pairs(9))], hyper, seed=3, against=against(1.0))
    weights = [float(v.double().abs().sum()) for v in m.state_dict().values()]
    names = ("loss", "adversary", "recognised")
    return [[p[n] or 0.0 for n in names] for p in history.points], weights


def test_two_processes_compute_what_one_does(tmp_path: Path) -> None:
    """Nine rows in batches of four: of the last one a process has neither task nor text."""
    told, _ = on_two(__file__, "few_steps", tmp_path)
    losses, weights = few_steps()
    assert [x for line in told[0] for x in line] == pytest.approx(
        [x for line in losses for x in line], abs=1e-4
    )
    assert told[1] == pytest.approx(weights, rel=1e-3, abs=1e-4)
