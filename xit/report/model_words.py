"""What the page on the multilingual model says, from its loss and its retrieval by layer."""

import pandas as pd

from xit.study import Study


def as_language_model(loss: pd.DataFrame) -> str:
    """The loss over languages (columns language, loss in nats, accuracy 0-100); "" of no rows."""
    if not len(loss):
        return ""
    ordered = loss.sort_values("loss", kind="stable").to_dict("records")
    best, worst = ordered[0], ordered[-1]
    text = f"As a language model it guesses {loss['accuracy'].mean():.1f}% of the masked tokens, "
    text += f"at a loss of {loss['loss'].mean():.2f} nats on average over {len(loss)} languages. "
    if len(loss) == 1:
        return text
    text += f"It has learnt {best['language']} best ({best['loss']:.2f} nats, "
    text += f"{best['accuracy']:.1f}%) and {worst['language']} least ({worst['loss']:.2f} nats, "
    return text + f"{worst['accuracy']:.1f}%). "


def retrieval(layers: pd.DataFrame, layer: int, chance: float) -> str:
    """Accuracy on the study's `layer` (its last, if the model has fewer), raw and centred, and the
    best layer of each. `layers` as from `training.layers`."""
    means = _means(layers)
    here = min(layer, int(means.index.max()))
    raw = layers[(layers["layer"] == here) & (layers["kind"] == "raw")].sort_values("value")
    low, high = raw.iloc[0], raw.iloc[-1]
    mean = {kind: float(means[kind][here]) for kind in ("raw", "centred")}
    text = f"On layer {here}, which the other pages read, the nearest neighbour is the translation "
    text += f"of {mean['raw']:.1f}% of the sentences ({low['language']} "
    text += f"{low['value']:.1f}% to {high['language']} {high['value']:.1f}%; chance "
    text += f"{chance:.1f}%). Centring makes it {mean['centred']:.1f}%. "
    best = {kind: f"layer {means[kind].idxmax()} ({means[kind].max():.1f}%)" for kind in mean}
    return text + f"Raw is best on {best['raw']}, centred on {best['centred']}."


def caution(study: Study) -> str:
    """How the distance between raw and centred is to be read, and where it is taken apart, if the
    study has that page."""
    text = (
        "Keep the distance between *raw* and *centred* in mind. Raw retrieval can move because "
        "fine-tuning changes how languages are kept apart, with nothing new learnt about "
        "translation."
    )
    if "selection" not in study.sections():
        return text
    return f'{text} <a href="selection.html">The page on selection</a> takes the two apart.'


def refuting(layers: pd.DataFrame, chance: float) -> str:
    """On which layers the expectation fails: translations found no more often than by chance, or
    centring that does not help."""
    means = _means(layers)
    wrong = means.index[means["centred"] <= means["raw"]].tolist()
    guessed = means.index[means["centred"] <= chance].tolist()
    text = "The expectation fails on a layer where centring does not raise the accuracy: here "
    text += f"{_on(wrong, len(means))}. It fails altogether where even centred vectors find "
    text += f"translations no more often than chance ({chance:.1f}%): {_on(guessed, len(means))}. "
    return text + (
        "All of this is one model. Another training of it, from another seed, was not made, so "
        "nothing here says how far these numbers would move."
    )


def _means(layers: pd.DataFrame) -> pd.DataFrame:
    """Mean accuracy over languages: a row a layer, columns raw and centred."""
    return layers.groupby(["layer", "kind"])["value"].mean().unstack("kind")


def _on(layers: list[int], count: int) -> str:
    listed = ", ".join(map(str, layers))
    return f"on {len(layers)} of {count} layers{f' ({listed})' if layers else ''}"
