"""Text for language modelling: what is trained on and what is held out."""

import pytest

from xit.data import corpus, hub


def test_held_out_text_is_not_trained_on() -> None:
    texts = [f"text {i}" for i in range(120)]
    spec = {"corpora": {"a/b": ["en"]}, "where": {"hub": "x"}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hub, "load", lambda *_: {"text": [*texts, " "]})
        train, held = corpus.texts(spec, heldout=False), corpus.texts(spec, heldout=True)
    assert held == {"en": ["text 0", "text 50", "text 100"]}
    assert sorted(train["en"] + held["en"]) == sorted(texts)
