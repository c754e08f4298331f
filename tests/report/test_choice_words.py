"""What would turn the readings on selection and retrieval: numbers by hand."""

import pandas as pd

from xit.report import choice_words as words


def chosen(bound: bool) -> pd.DataFrame:
    """Source dev loses 1, 2 and 3 points against the oracle in three seeds, in one language."""
    rows = [
        (
            "none",
            "xnli",
            "de",
            seed,
            way,
            50.0 + seed * (way == "oracle"),
            bound and way == "oracle",
        )
        for seed in (1, 2, 3)
        for way in ("source", "last", "oracle")
    ]
    columns = ["intermediate", "target", "language", "seed", "way", "value", "bound"]
    return pd.DataFrame(rows, columns=columns)


def test_what_source_dev_loses() -> None:
    text = words.selection(chosen(False))
    assert "against the oracle, on average, is +2.0 points (95% interval over 3 seeds" in text
    assert "flattered" not in text
    assert "In 100% of its choices the oracle sees the scored data" in words.selection(chosen(True))


def test_what_training_adds_at_two_choices() -> None:
    gains = pd.DataFrame({"what": ["the study's choice", "best without training"],
                          "added": [-20.0, 3.0]})  # fmt: skip
    text = words.retrieval(gains)
    assert "adds -20.0 points at the study's choice and +3.0" in text
    assert "they are 23.0 points apart" in text
