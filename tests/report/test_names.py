"""How tasks and their variants are written."""

import pytest

from xit.errors import XitError
from xit.report.names import TITLES, label


def test_titles() -> None:
    assert TITLES["none"] == "no intermediate task"
    assert TITLES["squad_v1"] == "SQuAD v1.1" and TITLES["udpos"] == "POS"
    assert TITLES["mnli+mlm"] == "MNLI + MLM"
    with pytest.raises(XitError, match="unknown intermediate task 'mnl'"):
        TITLES["mnl"]


def test_labels() -> None:
    """The published tables come with titles, and with averages that are no task."""
    assert [label(x) for x in ("udpos", "POS", "Avg")] == ["POS", "POS", "Avg"]
    assert label("hellaswag@qab") == TITLES["hellaswag@qab"]
