"""The training loop: it learns, keeps the best state, stops, repeats itself, and scales."""

from dataclasses import replace

import pytest
import torch

from xit.data.encode import IGNORE, Feature
from xit.learn.hyper import Hyper
from xit.learn.model import Heads, Model
from xit.learn.pretrain import new_model
from xit.learn.train import checkpoints, train
from xit.learn.updates import Stream

HEADS: Heads = {
    "pair": ("pair", 2),
    "tags": ("tagging", 3),
    "qa": ("span", 2),
    "choice": ("choice", 2),
}


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Tensors this small are faster on one, and sums come out alike."""
    torch.set_num_threads(1)


def model(seed: int = 1, dropout: float = 0.0) -> Model:
    return Model(new_model(40, 16, 2, 2, 32, 16, dropout, 7), HEADS, seed)


def pairs(count: int = 8) -> list[Feature]:
    """The label is in the second token: 10 or 11."""
    return [
        {"ids": [0, 10 + i % 2, *[20 + (i * 7) % 13] * (1 + i % 4), 2], "row": i, "label": i % 2}
        for i in range(count)
    ]


def state(model: Model) -> dict[str, torch.Tensor]:
    return {k: v.clone() for k, v in model.state_dict().items()}


def same(one: dict[str, torch.Tensor], two: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(one[k], two[k]) for k in one)


# -- learning --


@pytest.mark.parametrize("task", ["pair", "tags", "qa", "choice"])
def test_it_learns_eight_examples_by_heart(task: str) -> None:
    made = pairs()
    for f in made:
        n = len(f["ids"])
        f |= {"labels": [IGNORE, 1 + f["label"], *[0] * (n - 3), IGNORE]} if task == "tags" else {}
        f |= {"start": 1 + f["label"], "end": n - 1} if task == "qa" else {}
    if task == "choice":  # the ending that begins with 10 is right
        made = [
            {"ids": [0, 10 + (k != i % 2), 20 + i, 2], "row": i, "label": i % 2}
            for i in range(8)
            for k in range(2)
        ]
    m = model()
    hyper = Hyper(learning_rate=0.01, batch_size=4, epochs=60, eval_every=20)
    history = train(m, [Stream(task, made, together=task == "choice")], hyper, seed=1)
    losses = [p["loss"] for p in history.points]
    assert losses[0] is not None and losses[-1] is not None
    assert losses[-1] < 0.05 < losses[0]
    assert not m.training


def test_it_learns_a_text_by_heart() -> None:
    made: list[Feature] = [{"ids": [0, *range(10, 18), 2], "row": i} for i in range(8)]
    m = model()
    hyper = Hyper(learning_rate=0.01, batch_size=8, max_steps=120, eval_every=40)
    history = train(m, [Stream("mlm", made, mask=(39, 40, 4))], hyper, seed=1)
    losses = [p["loss"] for p in history.points]
    assert losses[-1] is not None and losses[-1] < 0.5


# -- the best state --


class Script:
    """An evaluation that says what it was told to, and keeps the state it saw."""

    def __init__(self, *scores: float) -> None:
        self.scores, self.seen, self.modes = list(scores), [], []  # type: ignore[var-annotated]

    def __call__(self, model: Model) -> float:
        self.seen.append(state(model))
        self.modes.append(model.training)
        return self.scores[len(self.seen) - 1]


def test_the_best_state_is_kept() -> None:
    m, script = model(), Script(10, 90, 50, 90)
    hyper = Hyper(learning_rate=0.01, batch_size=4, max_steps=8, eval_every=2)
    history = train(m, [Stream("pair", pairs())], hyper, 1, script)
    assert (history.best, history.best_step, history.steps) == (90, 4, 8)  # the first of equals
    assert not history.stopped_early
    assert same(state(m), script.seen[1])
    assert not same(script.seen[1], script.seen[2])
    assert script.modes == [False] * 4
    assert [(p["step"], p["dev"]) for p in history.points] == [(2, 10), (4, 90), (6, 50), (8, 90)]


def test_the_last_state_is_kept_where_it_is_the_best_or_nothing_is_evaluated() -> None:
    m, script = model(), Script(10, 20)
    hyper = Hyper(learning_rate=0.01, batch_size=4, max_steps=4, eval_every=2)
    assert train(m, [Stream("pair", pairs())], hyper, 1, script).best_step == 4
    assert same(state(m), script.seen[1])
    plain = model()
    history = train(plain, [Stream("pair", pairs())], hyper, 1)
    assert (history.best, history.best_step, history.steps) == (None, 0, 4)
    assert same(state(plain), script.seen[1])  # and evaluating changes nothing


def test_it_stops_when_the_score_does_not_rise() -> None:
    script = Script(10, 30, 20, 30, 99)
    hyper = Hyper(learning_rate=0.01, batch_size=4, max_steps=40, eval_every=2, patience=2)
    m = model()
    history = train(m, [Stream("pair", pairs())], hyper, 1, script)
    assert history.stopped_early
    assert (history.steps, history.best, history.best_step) == (8, 30, 4)
    assert same(state(m), script.seen[1])


def test_the_last_step_is_evaluated_whatever_the_interval() -> None:
    script = Script(10, 20)
    hyper = Hyper(learning_rate=0.01, batch_size=4, max_steps=5, eval_every=3)
    history = train(model(), [Stream("pair", pairs())], hyper, 1, script)
    assert [p["step"] for p in history.points] == [3, 5]


# -- states on the way --


def test_states_are_handed_out_evenly_spaced_and_training_goes_on_as_without() -> None:
    m, seen = model(), dict[int, dict[str, torch.Tensor]]()
    hyper = Hyper(learning_rate=0.01, batch_size=4, max_steps=10, checkpoints=4)

    def keep(number: int) -> None:
        seen[number] = state(m)

    history = train(m, [Stream("pair", pairs())], hyper, 1, keep=keep)
    assert history.checkpoints == [2, 5, 8, 10]  # 2.5, 5, 7.5 and 10, rounded to even
    assert list(seen) == [1, 2, 3, 4]
    assert same(seen[4], state(m)) and not same(seen[3], seen[4])
    plain = model()
    other = train(plain, [Stream("pair", pairs())], replace(hyper, checkpoints=0), 1)
    assert same(state(plain), state(m)) and other.checkpoints == []


def test_after_an_early_stop_the_last_state_stands_for_the_rest() -> None:
    m, script, seen = model(), Script(30, 20, 20), list[dict[str, torch.Tensor]]()
    hyper = Hyper(learning_rate=0.01, batch_size=4, max_steps=40, eval_every=2, patience=2,
                  checkpoints=10)  # fmt: skip
    history = train(
        m, [Stream("pair", pairs())], hyper, 1, script, keep=lambda _: seen.append(state(m))
    )
    assert history.checkpoints == [4, *[6] * 9]
    assert same(seen[-1], script.seen[2])  # the last state, not the best
    assert same(state(m), script.seen[0])


def test_more_checkpoints_than_updates() -> None:
    assert checkpoints(2, 5) == [1, 1, 1, 2, 2]
    assert checkpoints(7, 1) == [7]
    assert checkpoints(7, 0) == []


# -- the same again --


def trained(seed: int, head: int = 1) -> dict[str, torch.Tensor]:
    m = model(head, dropout=0.1)
    hyper = Hyper(learning_rate=0.01, batch_size=3, max_steps=6, eval_every=3)
    train(m, [Stream("pair", pairs(10))], hyper, seed, lambda m: 0.0)
    return state(m)


def test_the_same_seed_gives_the_same_weights_bit_for_bit() -> None:
    one = trained(1)
    torch.rand(11)  # whatever was drawn before
    assert same(one, trained(1))
    assert not same(one, trained(2))


def test_only_what_the_task_uses_is_trained() -> None:
    m = model()
    before = state(m)
    hyper = Hyper(learning_rate=0.01, batch_size=4, max_steps=3)
    train(m, [Stream("pair", pairs())], hyper, 1)
    moved = {k for k, v in state(m).items() if not torch.equal(v, before[k])}
    assert "heads.pair.out.weight" in moved
    assert "lm.roberta.embeddings.word_embeddings.weight" in moved
    assert not any(k.startswith(("heads.tags", "heads.qa", "heads.choice")) for k in moved)
    assert "lm.lm_head.dense.weight" not in moved
    assert torch.equal(state(m)["lm.lm_head.decoder.weight"],
                       state(m)["lm.roberta.embeddings.word_embeddings.weight"])  # fmt: skip


# -- rates --


def rates(monkeypatch: pytest.MonkeyPatch, steps: int, warmup: float) -> list[float]:
    """The learning rate that every update was made with."""
    used: list[float] = []
    step = torch.optim.AdamW.step

    def spy(self: torch.optim.AdamW, closure: None = None) -> None:
        used.append(self.param_groups[0]["lr"])
        step(self, closure)

    monkeypatch.setattr(torch.optim.AdamW, "step", spy)
    hyper = Hyper(learning_rate=0.01, batch_size=4, max_steps=steps, warmup=warmup)
    train(model(), [Stream("pair", pairs())], hyper, 1)
    return used


def test_warm_up_and_decay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten updates, two of warm-up: half, full; then from full in eighths towards none."""
    expected = [0.5, 1.0, 1.0, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125]
    assert rates(monkeypatch, 10, 0.2) == pytest.approx([0.01 * x for x in expected])


def test_a_single_update_is_at_the_full_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    assert rates(monkeypatch, 1, 0.1) == pytest.approx([0.01])


def test_the_history_tells_the_rate_of_its_own_step() -> None:
    hyper = Hyper(learning_rate=0.01, batch_size=4, max_steps=10, warmup=0.2, eval_every=2)
    history = train(model(), [Stream("pair", pairs())], hyper, 1)
    told = [p["learning_rate"] for p in history.points]
    assert told == pytest.approx([0.01, 0.00875, 0.00625, 0.00375, 0.00125])


def test_weight_decay_spares_biases_and_layer_norm() -> None:
    """With a rate so small that only decay would show: w → w (1 - rate x decay)."""
    m = model()
    before = state(m)
    hyper = Hyper(learning_rate=1e-6, batch_size=4, max_steps=1, weight_decay=1e5)
    train(m, [Stream("pair", pairs())], hyper, 1)
    after = state(m)
    name = "lm.roberta.encoder.layer.0.attention.self.query.weight"
    assert torch.allclose(after[name], before[name] * 0.9, atol=1e-5)
    name = "lm.roberta.encoder.layer.0.output.LayerNorm.weight"
    assert torch.allclose(after[name], before[name], atol=1e-5)


def test_progress_is_reported_at_every_point() -> None:
    told: list[tuple] = []
    hyper = Hyper(learning_rate=0.01, batch_size=4, max_steps=5, eval_every=2)
    train(model(), [Stream("pair", pairs())], hyper, 1, Script(1, 2, 3), lambda *x: told.append(x))
    assert [(x[0], x[1], x[3]) for x in told] == [(2, 5, 1), (4, 5, 2), (5, 5, 3)]
