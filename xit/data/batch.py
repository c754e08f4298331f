"""Features → batches: which features together, padded to the longest, as tensors."""

import random
from collections.abc import Iterator, Sequence

import torch

from xit.data.encode import IGNORE, Feature

Batch = dict[str, torch.Tensor]


def units(features: Sequence[Feature], together: bool) -> list[list[int]]:
    """Indices of features that must stay in one batch: all of one row if `together`, else each."""
    if not together:
        return [[i] for i in range(len(features))]
    rows: dict[int, list[int]] = {}
    for i, f in enumerate(features):
        rows.setdefault(f["row"], []).append(i)
    return list(rows.values())


def epoch(
    features: Sequence[Feature], size: int, seed: str, together: bool = False
) -> list[list[int]]:
    """One epoch's batches of `size` units, in random order; neighbours in length share a batch.

    Sorting within pools of 32 batches saves padding and keeps the order random enough.
    """
    rng = random.Random(seed)
    order = units(features, together)
    rng.shuffle(order)
    batches = []
    for at in range(0, len(order), size * 32):
        pool = sorted(order[at : at + size * 32], key=lambda u: len(features[u[0]]["ids"]))
        cut = [pool[i : i + size] for i in range(0, len(pool), size)]
        batches += [[i for u in one for i in u] for one in cut]
    rng.shuffle(batches)
    return batches


def by_length(
    features: Sequence[Feature], tokens: int, together: bool = False
) -> Iterator[list[int]]:
    """Batches for inference: longest first, at most about `tokens` tokens with padding."""
    order = units(features, together)
    order.sort(key=lambda u: -max(len(features[i]["ids"]) for i in u))
    batch: list[int] = []
    longest = 0
    for unit in order:
        longest = longest if batch else max(len(features[i]["ids"]) for i in unit)
        if batch and longest * (len(batch) + len(unit)) > tokens:
            yield batch
            batch, longest = [], max(len(features[i]["ids"]) for i in unit)
        batch = [*batch, *unit]
    if batch:
        yield batch


def collate(features: Sequence[Feature], pad: int) -> Batch:
    """Tensors `ids` and `mask` (batch size, longest length), and the features' gold."""
    longest = max(len(f["ids"]) for f in features)
    lengths = torch.tensor([len(f["ids"]) for f in features])
    ids = torch.tensor([f["ids"] + [pad] * (longest - len(f["ids"])) for f in features])
    batch = {"ids": ids, "mask": (torch.arange(longest)[None] < lengths[:, None]).long()}
    if "labels" in features[0]:
        rows = [f["labels"] + [IGNORE] * (longest - len(f["labels"])) for f in features]
        batch["labels"] = torch.tensor(rows)
    for key in ("label", "start", "end", "row"):
        if key in features[0]:
            batch[key] = torch.tensor([f[key] for f in features])
    return batch


def mask_tokens(
    batch: Batch,
    mask_id: int,
    vocab_size: int,
    special: int,
    rate: float,
    generator: torch.Generator,
) -> Batch:
    """BERT's masking: `rate` of the ordinary tokens become gold; 80% masked, 10% random, 10% kept.

    Ids below `special` and the mask itself are never chosen. Gold is in `labels`, -100 elsewhere.
    """
    ids = batch["ids"].clone()  # batch size, length
    draw = torch.rand(ids.shape, generator=generator)
    kind = torch.rand(ids.shape, generator=generator)
    other = torch.randint(special, vocab_size - 1, ids.shape, generator=generator)
    chosen = (draw < rate) & (ids >= special) & (ids != mask_id) & batch["mask"].bool()
    labels = torch.where(chosen, ids, IGNORE)
    ids = torch.where(chosen & (kind < 0.8), mask_id, ids)
    ids = torch.where(chosen & (kind >= 0.8) & (kind < 0.9), other, ids)
    return batch | {"ids": ids, "labels": labels}
