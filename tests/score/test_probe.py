"""The language probe: what a line can part, it finds; what it cannot, it does not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xit.score import probe


def clouds(distance: float, count: int = 60, width: int = 5, classes: int = 3) -> tuple:
    """(n, width) normal vectors, `distance` apart along an axis for each class; and the classes."""
    rng = np.random.default_rng(0)
    gold = np.arange(count * classes) % classes
    return rng.normal(size=(len(gold), width)) + distance * np.eye(width)[gold], gold


def accuracy(distance: float) -> float:
    x, gold = clouds(distance)
    told = probe.fit(x[:120], gold[:120], 3, 0.01)
    return float((probe.log_probabilities(told, x[120:]).argmax(1) == gold[120:]).mean())


def test_it_finds_what_is_there_and_nothing_where_there_is_nothing() -> None:
    assert accuracy(20) == 1.0
    assert accuracy(0) == pytest.approx(1 / 3, abs=0.15)
    assert accuracy(0) < accuracy(1.5) < 1.0


def test_the_slope_of_the_loss_is_zero_where_the_fit_stops() -> None:
    """Two classes, one feature: the slope of mean cross-entropy + penalty, by differences."""
    x = np.array([[-1.0], [-2.0], [0.5], [2.0]])
    gold = np.array([0, 0, 1, 1])
    told = probe.fit(x, gold, 2, 0.1)

    def loss(weights: np.ndarray) -> float:
        log = probe.log_probabilities(told._replace(weights=weights), x)
        return float(-log[np.arange(4), gold].mean() + 0.1 * (weights[:-1] ** 2).sum())

    for i in range(2):
        for j in range(2):
            step = np.zeros((2, 2))
            step[i, j] = 1e-4
            slope = (loss(told.weights + step) - loss(told.weights - step)) / 2e-4
            assert slope == pytest.approx(0, abs=1e-4)
    assert told.weights[0] == pytest.approx([-told.weights[0, 1], told.weights[0, 1]], abs=1e-4)


def test_the_same_again_is_the_same() -> None:
    x, gold = clouds(1.0)
    one, two = (probe.fit(x, gold, 3, 0.01).weights for _ in range(2))
    assert np.array_equal(one, two)


def test_a_feature_that_never_varies_does_no_harm() -> None:
    x, gold = clouds(20)
    x[:, 3] = 7.0
    told = probe.fit(x, gold, 3, 0.01)
    assert np.isfinite(told.weights).all()
    assert (probe.log_probabilities(told, x).argmax(1) == gold).all()


def test_probabilities_add_up() -> None:
    x, gold = clouds(1.0)
    log = probe.log_probabilities(probe.fit(x, gold, 3, 0.01), x)
    assert np.exp(log).sum(1) == pytest.approx(1)
    assert (log <= 0).all()


def test_variance_between_languages_by_hand() -> None:
    """Means -1 and +1, spread 1 around each: half of the variance lies between."""
    x = np.array([[-2.0], [0.0], [0.0], [2.0]])
    groups = np.array([0, 0, 1, 1])
    assert probe.between(x, groups) == pytest.approx(50)
    assert probe.between(np.array([[1.0], [1.0], [3.0], [3.0]]), groups) == pytest.approx(100)
    assert probe.between(np.zeros((4, 2)), groups) == 0.0


@settings(max_examples=30)
@given(st.floats(-3, 3), st.floats(0.1, 9))
def test_between_does_not_change_with_place_and_scale(shift: float, scale: float) -> None:
    x, gold = clouds(1.0)
    told = probe.between(x, gold)
    assert 0 <= told <= 100
    assert probe.between(scale * x + shift, gold) == pytest.approx(told)
