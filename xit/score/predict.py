"""Model + rows → predictions: labels, tags, answers or sentence vectors."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from xit.data.batch import Batch, by_length, collate
from xit.data.encode import Feature
from xit.errors import XitError
from xit.learn.model import Model
from xit.settings import MAX_ANSWER, NBEST

TOKENS = {"cpu": 1024, "cuda": 16_384}  # in one inference batch, padding included
POOLING = ("mean", "cls")  # of a sentence's tokens: all, or the first


@torch.inference_mode()
def labels(model: Model, name: str, features: Sequence[Feature], pad: int) -> list[int]:
    """The best label (pair) or ending (choice) of each row."""
    best: dict[int, int] = {}
    together = model.kinds[name] == "choice"
    for _, batch in batches(model, features, pad, together):
        scores = model.scores(name, batch)
        rows = batch["row"].unique_consecutive() if together else batch["row"]
        best.update(zip(rows.tolist(), scores.argmax(-1).tolist(), strict=True))
    return [best[i] for i in sorted(best)]


@torch.inference_mode()
def tags(model: Model, name: str, features: Sequence[Feature], pad: int) -> list[list[int]]:
    """The best tag of each word of each row; rows without words give empty lists."""
    rows: dict[int, dict[int, int]] = {}
    for indices, batch in batches(model, features, pad):
        best = model.scores(name, batch).argmax(-1)
        for i, line, gold in zip(indices, best, batch["labels"], strict=True):
            feature = features[i]
            found = line[gold != -100].tolist()
            rows.setdefault(feature["row"], {}).update(zip(feature["words"], found, strict=True))
    return [[rows[i][w] for w in sorted(rows[i])] for i in sorted(rows)]


@torch.inference_mode()
def answers(
    model: Model,
    name: str,
    features: Sequence[Feature],
    contexts: Sequence[str],
    pad: int,
    null_threshold: float | None = None,
) -> list[str]:
    """The best answer of each row over all its windows, as it stands in the context.

    With `null_threshold`, "" where the empty answer (the first token) beats the best span by more
    than that; without it there is always an answer.
    """
    best = [(-np.inf, "")] * len(contexts)
    null = [np.inf] * len(contexts)
    for indices, batch in batches(model, features, pad):
        scores = model.scores(name, batch).float().cpu().numpy()
        for i, score in zip(indices, scores, strict=True):
            feature = features[i]
            row = feature["row"]
            found = best_span(score, feature["offsets"])
            null[row] = min(null[row], float(score[0, 0] + score[0, 1]))
            if found is not None and found[0] > best[row][0]:
                best[row] = (found[0], contexts[row][found[1] : found[2]].strip())
    if null_threshold is None:
        return [text for _, text in best]
    return ["" if null[i] - s > null_threshold else text for i, (s, text) in enumerate(best)]


def best_span(scores: np.ndarray, offsets: list) -> tuple[float, int, int] | None:
    """(score, first character, end character) of the best span; scores is (length, 2).

    Only tokens of the context count; the end follows the start by less than MAX_ANSWER tokens.
    """
    inside = np.array([i for i, o in enumerate(offsets) if o is not None])
    if not len(inside):
        return None
    starts = inside[np.argsort(-scores[inside, 0], kind="stable")[:NBEST]]
    ends = inside[np.argsort(-scores[inside, 1], kind="stable")[:NBEST]]
    total = scores[starts, 0][:, None] + scores[ends, 1][None]  # starts, ends
    length = ends[None] - starts[:, None]
    total = np.where((length >= 0) & (length < MAX_ANSWER), total, -np.inf)
    if not np.isfinite(total.max()):
        i = int(inside[np.argmax(scores[inside].sum(-1))])
        return float(scores[i].sum()), offsets[i][0], offsets[i][1]
    s, e = np.unravel_index(int(total.argmax()), total.shape)
    return float(total[s, e]), offsets[starts[s]][0], offsets[ends[e]][1]


@torch.inference_mode()
def vectors(
    model: Model,
    features: Sequence[Feature],
    pad: int,
    layers: Sequence[int] | None = None,
    pooling: Sequence[str] = POOLING,
) -> np.ndarray:
    """Sentence vectors, float32: (pooling, layers, sentences, width); default: all layers.

    Layer 0 are the embeddings; layer i is Hugging Face's `hidden_states[i]`. "mean" is over all
    tokens, the special ones with the rest, as XTREME's and jiant's retrieval code does; "cls" is
    the first token.
    """
    count = model.lm.config.num_hidden_layers + 1
    layers = range(count) if layers is None else layers
    if wrong := [x for x in layers if not 0 <= x < count]:
        raise XitError(f"layer {wrong[0]}: the model has hidden states 0 to {count - 1}")
    shape = (len(pooling), len(layers), len(features), model.lm.config.hidden_size)
    out = np.zeros(shape, dtype=np.float32)
    for indices, batch in batches(model, features, pad):
        states = model.encoder(
            input_ids=batch["ids"], attention_mask=batch["mask"], output_hidden_states=True
        ).hidden_states
        mask = batch["mask"][..., None].to(states[0].dtype)
        length = mask.sum(1)
        rows = [features[i]["row"] for i in indices]
        for place, layer in enumerate(layers):
            for how, name in enumerate(pooling):
                first = name == "cls"
                pooled = states[layer][:, 0] if first else (states[layer] * mask).sum(1) / length
                out[how, place, rows] = pooled.float().cpu().numpy()
    return out


def batches(
    model: Model, features: Sequence[Feature], pad: int, together: bool = False
) -> Iterator[tuple[list[int], Batch]]:
    """(indices of features, their tensors on the model's device), longest first."""
    device = next(model.parameters()).device
    for indices in by_length(features, TOKENS.get(device.type, 1024), together):
        batch = collate([features[i] for i in indices], pad)
        yield indices, {k: v.to(device) for k, v in batch.items()}
