"""A mean over seeds in words: interval and power by hand."""

import pytest

from xit.report import firmness


def test_an_interval_with_0_leaves_the_sign_open() -> None:
    """Mean 2, standard error √(4/3): t(0.975, 2) = 4.303, so 2 ± 4.97."""
    text = firmness.mean_over_seeds([0.0, 2.0, 4.0], "the mean")
    assert text.startswith("The mean is +2.0 points (95% interval over 3 seeds -3.0 … +7.0).")
    assert "the sign is open" in text and "refute" not in text
    assert "show an effect of" in text


@pytest.mark.parametrize(("sign", "where"), [(1, "above"), (-1, "below")])
def test_a_firm_sign_can_be_refuted(sign: int, where: str) -> None:
    text = firmness.mean_over_seeds([sign * x for x in (9.0, 10.0, 11.0)], "it")
    assert f"The interval is {where} 0" in text and "would refute the sign" in text
    assert "the sign is open" not in text


def test_seeds_that_agree_have_no_spread_and_one_seed_no_interval() -> None:
    assert firmness.mean_over_seeds([0.0, 0.0], "it") == "It is +0.0 points in each of 2 seeds."
    one = firmness.mean_over_seeds([3.0], "it")
    assert "from one seed" in one and "interval" not in one
