"""The rows and tensors of each update: how many, in which order, masked how, and made ahead."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from itertools import islice

import pytest
import torch

from tests.learn.test_train import model, pairs, same, state
from xit.data.encode import Feature
from xit.errors import XitError
from xit.learn import train as training
from xit.learn.hyper import Hyper
from xit.learn.train import train
from xit.learn.updates import Stream, ahead, make_batch, number_of_steps, plan

# -- plans and numbers --


def test_number_of_steps() -> None:
    streams = [Stream("pair", pairs(10))]
    hyper = {"learning_rate": 1.0, "batch_size": 5}
    assert number_of_steps(streams, Hyper(**hyper, epochs=3)) == 6  # type: ignore[arg-type]
    assert number_of_steps(streams, Hyper(**hyper, epochs=0.5)) == 1  # type: ignore[arg-type]
    assert number_of_steps(streams, Hyper(**hyper, epochs=0.01)) == 1  # type: ignore[arg-type]
    assert number_of_steps(streams, Hyper(**hyper, max_steps=77)) == 77  # type: ignore[arg-type]
    choices: list[Feature] = [{"ids": [0], "row": i // 4, "label": 0} for i in range(40)]
    together = Stream("choice", choices, together=True)
    assert number_of_steps([together], Hyper(**hyper, epochs=3)) == 6  # type: ignore[arg-type]
    both = [Stream("pair", pairs(10)), together]
    assert number_of_steps(both, Hyper(**hyper, epochs=1)) == 4  # type: ignore[arg-type]


def test_an_epoch_is_rounded_to_whole_updates() -> None:
    """Eleven rows in batches of four are three updates, nine are two."""
    hyper = Hyper(learning_rate=1.0, batch_size=4, epochs=1)
    stream = Stream("pair", pairs(11))
    steps = number_of_steps([stream], hyper)
    assert sorted(i for _, b in islice(plan([stream], hyper, 1), steps) for i in b) == list(
        range(11)
    )
    assert number_of_steps([Stream("pair", pairs(9))], hyper) == 2


def test_a_plan_has_every_row_once_an_epoch_in_ever_new_order() -> None:
    stream = Stream("pair", pairs(10))
    batches = [b for _, b in islice(plan([stream], Hyper(1.0, 4), 1), 6)]
    first, second = ([i for b in part for i in b] for part in (batches[:3], batches[3:]))
    assert sorted(first) == sorted(second) == list(range(10))
    assert first != second


def test_streams_are_drawn_by_their_weights() -> None:
    streams = [Stream("pair", pairs(), weight=3.0), Stream("tags", pairs(), weight=1.0)]
    drawn = Counter(s.task for s, _ in islice(plan(streams, Hyper(1.0, 4), 1), 2000))
    assert drawn["pair"] / 2000 == pytest.approx(0.75, abs=0.04)


# -- masks --


def test_masks_are_new_at_every_step_and_the_same_in_every_run() -> None:
    made: list[Feature] = [{"ids": [0, *range(5, 35), 2], "row": i} for i in range(4)]
    stream = Stream("mlm", made, mask=(39, 40, 4))
    hyper = Hyper(1.0, 4)
    one, again, later = (
        make_batch(stream, [0, 1], hyper, s)["labels"] for s in ("1/1", "1/1", "1/2")
    )
    assert torch.equal(one, again)
    assert not torch.equal(one, later)


# -- batches made ahead, as for a GPU --


def test_what_is_made_ahead_comes_in_order_and_no_further_than_it_may() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for i in range(6):
            made.append(i)
            yield i

    for i, item in enumerate(ahead(items())):
        assert item == i
        time.sleep(0.02)  # time enough to go too far
        assert len(made) <= i + 3  # the one in use and two more
    assert made == list(range(6))


def test_an_error_in_what_is_made_ahead_comes_when_it_is_asked_for() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise XitError("no more rows")

    coming = ahead(items())
    assert next(coming) == 1
    with pytest.raises(XitError, match="no more rows"):
        next(coming)


def test_who_stops_early_leaves_no_thread() -> None:
    before = threading.active_count()
    coming = ahead(iter(range(100)))
    next(coming)
    coming.close()  # type: ignore[attr-defined]
    assert threading.active_count() <= before


def test_batches_made_ahead_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Masks are drawn in the other thread, dropout in this one: neither moves the other."""
    masked = Stream("mlm", pairs(), mask=(4, 40, 5))
    hyper = Hyper(1e-2, 2, epochs=3, eval_every=4)
    plain, other = model(dropout=0.1), model(dropout=0.1)
    told = train(plain, [masked, Stream("pair", pairs())], hyper, 3)
    updates = training.updates
    monkeypatch.setattr(training, "updates", lambda *given: ahead(updates(*given)))
    again = train(other, [masked, Stream("pair", pairs())], hyper, 3)
    assert [p["loss"] for p in told.points] == [p["loss"] for p in again.points]
    assert same(state(plain), state(other))
