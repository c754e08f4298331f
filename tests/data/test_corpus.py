"""Text for language modelling: what is trained on and what is held out."""

import pytest

from xit.data import corpus, hub
from xit.errors import XitError


def test_held_out_text_is_not_trained_on() -> None:
    texts = [f"text {i}" for i in range(120)]
    spec = {"corpora": {"a/b": ["en"]}, "where": {"hub": "x"}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hub, "load", lambda *_: {"text": [*texts, " "]})
        train, held = corpus.texts(spec, heldout=False), corpus.texts(spec, heldout=True)
    assert held == {"en": ["text 0", "text 50", "text 100"]}
    assert sorted(train["en"] + held["en"]) == sorted(texts)


def test_smoothed() -> None:
    """Shares 0.8 and 0.2; their roots are 2 to 1."""
    assert corpus.smoothed({"en": 80, "sw": 20}, 1.0) == pytest.approx({"en": 0.8, "sw": 0.2})
    assert corpus.smoothed({"en": 80, "sw": 20}, 0.5) == pytest.approx({"en": 2 / 3, "sw": 1 / 3})
    assert corpus.smoothed({"en": 80, "sw": 20}, 0.0) == pytest.approx({"en": 0.5, "sw": 0.5})


def test_sentences_of_any_script_without_those_held_out(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["held out.", "One. Two? Three!\nFour", "一。二！三", "क। ख", "  ", "U.S. too"]
    monkeypatch.setattr(hub, "column", lambda *_: iter(texts))
    told = list(corpus.sentences("x", "a/b", "en"))
    assert told == [
        "One.",
        "Two?",
        "Three!",
        "Four",
        "一。",
        "二！",
        "三",
        "क।",
        "ख",
        "U.S.",
        "too",
    ]


def test_held_out_sentences_are_those_no_training_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every fiftieth text; two corpora of a language are one, as far as they are needed."""
    texts = {"a/b": [f"One {i}. Two {i}." for i in range(101)], "c/d": ["Other."]}
    monkeypatch.setattr(hub, "column", lambda _, repo, *__: iter(texts[repo]))
    told = corpus.held_out("x", {"a/b": ["20231101.sw"], "c/d": ["sw", "de"]}, 5)
    assert told == {
        "sw": ["One 0.", "Two 0.", "One 50.", "Two 50.", "One 100."],
        "de": ["Other."],
    }
    kept = set(corpus.sentences("x", "a/b", "20231101.sw"))
    assert not kept & set(told["sw"]) and len(kept) == 2 * 98
    one = corpus.held_out_fingerprint("x", {"c/d": ["sw"]}, 5)
    assert one != corpus.held_out_fingerprint("x", {"a/b": ["sw"]}, 5)


def test_corpora_without_a_language() -> None:
    told = {"a/b": ["20231101.en", "20231101.sw"], "c/d": ["en"]}
    assert corpus.without(told, "en") == {"a/b": ["20231101.sw"]}
    with pytest.raises(XitError, match="a/b: expected text in other languages than 'en'"):
        corpus.without({"a/b": ["en"]}, "en")


def test_a_sample_shares_sentences_out_by_smoothed_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """80 and 20 texts at alpha 0.5: 2 to 1; a corpus too small for its share is read again."""
    sizes = {"en": 80, "sw": 20}
    monkeypatch.setattr(hub, "size", lambda _, __, code, ___: sizes[code])
    own = {"en": [f"e{i}." for i in range(80)], "sw": ["held", "s1.", "s2."]}
    monkeypatch.setattr(hub, "column", lambda _, __, code, *___: iter(own[code]))
    told = corpus.sample("x", {"a/b": ["en", "sw"]}, 12, 0.5)
    assert told == {"en": [f"e{i}." for i in range(1, 9)], "sw": ["s1.", "s2.", "s1.", "s2."]}
    one = corpus.fingerprint("x", {"a/b": ["en", "sw"]}, 12, 0.5)
    assert one == corpus.fingerprint("x", {"a/b": ["en", "sw"]}, 12, 0.5)
    assert one != corpus.fingerprint("x", {"a/b": ["en", "sw"]}, 15, 0.5)
    monkeypatch.setattr(hub, "column", lambda *_: iter(["held out", " "]))
    with pytest.raises(XitError, match="a/b en train has no text"):
        corpus.sample("x", {"a/b": ["en", "sw"]}, 12, 0.5)
