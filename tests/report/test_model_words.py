"""The multilingual model in words: each number from its frame, each claim where it is borne out."""

import dataclasses

import pandas as pd

from xit import study
from xit.report import model_words as words

LOSS = pd.DataFrame(
    [("qaa", 1.0, 80.0), ("qab", 3.0, 40.0)], columns=["language", "loss", "accuracy"]
)


def layers(centred: float = 70.0) -> pd.DataFrame:
    """Two languages, layers 0 and 1; raw 20 and 40, on layer 1 30 and 60."""
    rows = [
        (code, layer, kind, value)
        for layer, raw in ((0, (20.0, 40.0)), (1, (30.0, 60.0)))
        for code, one in zip(("qab", "qac"), raw, strict=True)
        for kind, value in (("raw", one), ("centred", centred if layer else one + 10))
    ]
    return pd.DataFrame(rows, columns=["language", "layer", "kind", "value"])


def test_the_loss() -> None:
    text = words.as_language_model(LOSS)
    assert "guesses 60.0% of the masked tokens, at a loss of 2.00 nats" in text
    assert "qaa best (1.00 nats, 80.0%) and qab least (3.00 nats, 40.0%)" in text
    assert "least" not in words.as_language_model(LOSS[:1])
    assert words.as_language_model(LOSS[:0]) == ""


def test_retrieval_on_the_studys_layer_or_the_last() -> None:
    for layer in (1, 14):
        text = words.retrieval(layers(), layer, 2.5)
        assert "On layer 1, which the other pages read" in text
        assert "of 45.0% of the sentences (qab 30.0% to qac 60.0%; chance 2.5%)" in text
        assert "Centring makes it 70.0%" in text
    assert "Raw is best on layer 1 (45.0%), centred on layer 1 (70.0%)." in text


def test_what_refutes_is_counted() -> None:
    assert "here on 0 of 2 layers. It fails" in words.refuting(layers(), 2.5)
    text = words.refuting(layers(44.0), 42.0)
    assert "does not raise the accuracy: here on 1 of 2 layers (1)" in text
    assert "chance (42.0%): on 1 of 2 layers (0)" in text


def test_only_a_page_that_the_study_has_is_named() -> None:
    lab = study.load("lab")
    assert 'href="selection.html"' in words.caution(lab)
    assert "href" not in words.caution(dataclasses.replace(lab, ablations={}))
