"""How much of the language a linear classifier finds in a model's frozen sentence vectors.

A fresh multinomial logistic regression on the mean-pooled states of one layer, trained on some
held-out sentences of every language and tested on others. The model is not touched, and what its
training was against (xit/learn/adversary.py) has no part in it. The fit is convex and starts at
zero: it has no seed.
"""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xit.data import corpus, encode
from xit.errors import XitError
from xit.learn.model import Model, load_tokenizer
from xit.runs import Say, Spec
from xit.score import predict

Floats = NDArray[np.floating]
Indices = NDArray[np.integer]


class Linear(NamedTuple):
    """A fitted classifier of standardised vectors."""

    mean: Floats  # (width,) of the vectors it was fitted on
    spread: Floats  # (width,)
    weights: Floats  # (width + 1, classes); the last row is the bias


def fit(x: Floats, gold: Indices, classes: int, penalty: float) -> Linear:
    """The classifier of `x` (n, width) into `gold` (n,) with the least mean cross-entropy plus
    `penalty` × the sum of squared weights (the bias is free).
    """
    from scipy.optimize import minimize

    mean, spread = x.mean(0), x.std(0)
    spread = np.where(spread > 0, spread, 1.0)
    inputs, target = _inputs(x, mean, spread), np.eye(classes)[gold]  # (n, width + 1), (n, classes)

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(-1, classes)
        log = _log_softmax(inputs @ weights)
        free = np.vstack([weights[:-1], np.zeros(classes)])
        value = -(log * target).sum() / len(x) + penalty * (free**2).sum()
        slope = inputs.T @ (np.exp(log) - target) / len(x) + 2 * penalty * free
        return float(value), slope.ravel()

    start = np.zeros((x.shape[1] + 1) * classes)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 300})
    return Linear(mean, spread, found.x.reshape(-1, classes))


def log_probabilities(probe: Linear, x: Floats) -> Floats:
    """Of each class for each row of `x`: (n, classes), in nats."""
    return _log_softmax(_inputs(x, probe.mean, probe.spread) @ probe.weights)


def _inputs(x: Floats, mean: Floats, spread: Floats) -> Floats:
    return np.hstack([(x - mean) / spread, np.ones((len(x), 1))])


def _log_softmax(scores: Floats) -> Floats:
    shifted = scores - scores.max(1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(1, keepdims=True))


def between(x: Floats, groups: Indices) -> float:
    """Share of the variance of `x` (n, width) that lies between the means of `groups` (n,), 0-100.

    What centring each language would take away; 0 where all vectors are the same.
    """
    centred = x - x.mean(0)
    total = float((centred**2).sum())
    means = np.array([centred[groups == g].mean(0) for g in np.unique(groups)])
    sizes = np.unique(groups, return_counts=True)[1]
    return 100 * float((sizes[:, None] * means**2).sum()) / total if total else 0.0


def language_probe(spec: Spec, out: Path, say: Say) -> None:
    """probe.parquet (layer, language, metric, value), data.json (sentences and what became of them)

    Metrics: `acc`, how many of a language's sentences are recognised (0-100); `loss`, their mean
    cross-entropy (nats); `between` (0-100) of all languages together, under language "".
    """
    s, where = spec["settings"], spec["where"]
    texts = corpus.held_out(where["hub"], spec["corpora"], s["sentences"])
    model = Model.load(where["parent"], {}, 0).eval()
    tokenizer = load_tokenizer(where["parent"])
    room, counted, parts = model.room(s["max_length"]), {}, []
    for code, lines in texts.items():
        tested = round(len(lines) * s["tested"])
        if not 0 < tested < len(lines):
            told = f"{len(lines)} held-out sentences in {code!r}"
            raise XitError(f"{told}: expected enough to train a probe on and to test it on")
        features, told_of = encode.lines(lines, tokenizer, room)
        vectors = predict.vectors(model, features, tokenizer.pad_token_id, None, ["mean"])[0]
        counted[code] = {"trained on": len(lines) - tested, "tested on": tested} | dict(told_of)
        parts.append(vectors.astype(np.float64))  # (layers, sentences, width)
    (out / "data.json").write_text(json.dumps(counted, indent=1) + "\n")
    rows = [
        {"layer": layer} | row
        for layer in range(len(parts[0]))
        for row in _of_layer([x[layer] for x in parts], list(texts), s)
    ]
    pd.DataFrame(rows).to_parquet(out / "probe.parquet", index=False)


def _of_layer(vectors: list[Floats], codes: list[str], s: dict) -> list[dict]:
    """The rows of one layer; `vectors` of each language are (sentences, width)."""
    cuts = [len(x) - round(len(x) * s["tested"]) for x in vectors]
    trained = np.vstack([x[:cut] for x, cut in zip(vectors, cuts, strict=True)])
    gold = np.repeat(np.arange(len(codes)), cuts)
    probe = fit(trained, gold, len(codes), s["penalty"])
    rows: list[dict] = []
    for i, (code, x, cut) in enumerate(zip(codes, vectors, cuts, strict=True)):
        log = log_probabilities(probe, x[cut:])
        told = {"acc": 100 * float((log.argmax(1) == i).mean()), "loss": -float(log[:, i].mean())}
        rows += [{"language": code, "metric": m, "value": v} for m, v in told.items()]
    every = np.repeat(np.arange(len(codes)), [len(x) for x in vectors])
    value = between(np.vstack(vectors), every)
    return [*rows, {"language": "", "metric": "between", "value": value}]
