"""What is done for speed changes no number: the loop against a plain one, bfloat16 within reach."""

from itertools import islice

import pytest
import torch
from accelerate.utils import set_seed

from xit.data.encode import IGNORE, Feature
from xit.learn.hyper import Hyper
from xit.learn.model import Heads, Model
from xit.learn.pretrain import new_model
from xit.learn.train import train
from xit.learn.updates import Stream, make_batch, plan

KINDS = ("pair", "tagging", "span", "choice")
HEADS: Heads = {kind: (kind, 3) for kind in KINDS}
TASKS = (*KINDS, "mlm")


def model(dropout: float) -> Model:
    torch.set_num_threads(1)
    return Model(new_model(40, 16, 2, 2, 32, 24, dropout, 7), HEADS, 1)


def stream(task: str) -> Stream:
    """Twelve rows of four lengths; of multiple choice with two endings each."""
    made: list[Feature] = []
    for i in range(12):
        for k in range(2 if task == "choice" else 1):
            ids = [0, 10 + i % 2, *[20 + (i * 7 + k) % 13] * (2 + i % 4), 2]
            labels = [IGNORE, *[i % 3] * (len(ids) - 2), IGNORE]
            made.append({"ids": ids, "row": i, "label": i % 2, "labels": labels, "start": 1,
                         "end": 2})  # fmt: skip
    kept = {"tagging": ("labels",), "span": ("start", "end"), "mlm": ()}.get(task, ("label",))
    made = [{k: f[k] for k in ("ids", "row", *kept)} for f in made]
    return Stream(task, made, together=task == "choice", mask=(39, 40, 4))


def plainly(model: Model, stream: Stream, hyper: Hyper, seed: int) -> list[float]:
    """The losses of a loop with nothing for speed: one batch, one loss read, one update."""
    steps = hyper.max_steps or 0
    warm = max(1, round(steps * hyper.warmup))
    set_seed(seed)
    model.freeze_unused({stream.task})
    some = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    bare = {n for n, p in some if p.ndim < 2 or "LayerNorm" in n or "layer_norm" in n}
    groups = [
        {"params": [p for n, p in some if n not in bare], "weight_decay": hyper.weight_decay},
        {"params": [p for n, p in some if n in bare], "weight_decay": 0.0},
    ]
    optimiser = torch.optim.AdamW(groups, lr=hyper.learning_rate, eps=hyper.adam_eps, fused=True)
    losses = []
    model.train()
    for step, (_, indices) in enumerate(islice(plan([stream], hyper, seed), steps)):
        for group in optimiser.param_groups:
            decay = (steps - step) / max(1, steps - warm)
            group["lr"] = hyper.learning_rate * min((step + 1) / warm, decay)
        total, count = model(stream.task, make_batch(stream, indices, hyper, f"{seed}/{step + 1}"))
        loss = total / count
        loss.backward()
        torch.nn.utils.clip_grad_norm_([p for _, p in some], hyper.max_grad_norm)
        optimiser.step()
        optimiser.zero_grad()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("task", TASKS)
def test_the_loop_computes_what_a_plain_one_does_bit_for_bit(task: str) -> None:
    """Losses of every update and all weights at the end, with dropout, over three epochs."""
    hyper = Hyper(learning_rate=0.01, batch_size=5, max_steps=7, eval_every=1, mask_rate=0.4)
    plain, ours = model(0.1), model(0.1)
    losses = plainly(plain, stream(task), hyper, 3)
    history = train(ours, [stream(task)], hyper, 3)
    assert [p["loss"] for p in history.points] == losses
    assert len(set(losses)) == len(losses)
    weights = ours.state_dict()
    assert all(torch.equal(v, weights[k]) for k, v in plain.state_dict().items())


def test_a_loss_told_of_several_updates_is_their_mean() -> None:
    each = Hyper(learning_rate=0.01, batch_size=5, max_steps=6, eval_every=1)
    every = [p["loss"] or 0 for p in train(model(0.0), [stream("pair")], each, 3).points]
    three = Hyper(learning_rate=0.01, batch_size=5, max_steps=6, eval_every=3)
    told = [p["loss"] for p in train(model(0.0), [stream("pair")], three, 3).points]
    assert told == [sum(every[:3]) / 3, sum(every[3:]) / 3]


@pytest.mark.parametrize("task", TASKS)
def test_in_bfloat16_loss_and_gradient_stay_within_two_per_cent(task: str) -> None:
    """What Model.fast does on a GPU, done here on the CPU: nothing overflows or changes type."""
    batch = make_batch(stream(task), list(range(8)), Hyper(0.01, 8, mask_rate=0.4), "1")
    found = []
    for half in (False, True):
        m = model(0.0)
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            total, count = m(task, batch)
        (total / count).backward()
        table = m.lm.get_input_embeddings().weight.grad
        assert isinstance(table, torch.Tensor)
        assert total.dtype == table.dtype == torch.float32
        found.append((float(total.detach() / count), table))
    assert found[1][0] == pytest.approx(found[0][0], rel=0.02) and found[0][0] != found[1][0]
    assert torch.norm(found[1][1] - found[0][1]) < 0.02 * torch.norm(found[0][1])
