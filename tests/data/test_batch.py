"""Batches: every feature once an epoch, rows kept together, the token budget, masking."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from xit.data.batch import by_length, collate, epoch, mask_tokens, units
from xit.data.encode import IGNORE, Feature

lengths = st.lists(st.integers(1, 60), min_size=1, max_size=120)


def features(lengths: list[int], endings: int = 1) -> list[Feature]:
    """One feature for each length, `endings` neighbours to a row."""
    return [{"ids": [5] * n, "row": i // endings, "label": 0} for i, n in enumerate(lengths)]


@settings(deadline=None, max_examples=60)
@given(lengths, st.integers(1, 9))
def test_an_epoch_has_every_feature_once(lengths: list[int], size: int) -> None:
    batches = epoch(features(lengths), size, "1/0")
    assert sorted(i for b in batches for i in b) == list(range(len(lengths)))
    assert max(map(len, batches)) <= size
    assert len(batches) == -(-len(lengths) // size)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(1, 60), min_size=4, max_size=80), st.integers(1, 5))
def test_rows_of_one_item_stay_together(lengths: list[int], size: int) -> None:
    made = features(lengths[: len(lengths) // 4 * 4], endings=4)
    for batches in (epoch(made, size, "x", together=True), list(by_length(made, 99, True))):
        assert sorted(i for b in batches for i in b) == list(range(len(made)))
        for batch in batches:
            assert len(batch) % 4 == 0
            for at in range(0, len(batch), 4):  # in order too: the label counts from the first
                assert batch[at : at + 4] == list(range(batch[at], batch[at] + 4))
                assert made[batch[at]]["row"] == made[batch[at + 3]]["row"]
                assert batch[at] % 4 == 0


def test_units() -> None:
    made = [{"ids": [1], "row": r} for r in (0, 0, 1, 0)]
    assert units(made, together=True) == [[0, 1, 3], [2]]
    assert units(made, together=False) == [[0], [1], [2], [3]]


def test_an_epoch_is_its_seed() -> None:
    made = features([1 + i % 13 for i in range(200)])
    assert epoch(made, 4, "1/0") == epoch(made, 4, "1/0")
    assert epoch(made, 4, "1/0") != epoch(made, 4, "1/1")


def test_an_epoch_puts_like_lengths_together() -> None:
    """200 features in pools of 32 x 4: a random order would pad about half of every batch."""
    made = features([1 + (i * 37) % 50 for i in range(200)])
    padded = sum(len(b) * max(len(made[i]["ids"]) for i in b) for b in epoch(made, 4, "1/0")) / sum(
        len(f["ids"]) for f in made
    )
    assert padded < 1.15


@settings(deadline=None, max_examples=60)
@given(lengths, st.integers(60, 300))
def test_by_length_keeps_to_the_budget(lengths: list[int], tokens: int) -> None:
    made = features(lengths)
    batches = list(by_length(made, tokens))
    assert sorted(i for b in batches for i in b) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) * max(len(made[i]["ids"]) for i in batch) <= tokens
    firsts = [len(made[b[0]]["ids"]) for b in batches]
    assert firsts == sorted(firsts, reverse=True)


def test_by_length_gives_what_is_too_long_a_batch_of_its_own() -> None:
    assert list(by_length(features([3, 50, 4]), 10)) == [[1], [2, 0]]
    assert list(by_length([], 10)) == []


def test_collate() -> None:
    made: list[Feature] = [
        {"ids": [0, 7, 2], "labels": [IGNORE, 4, IGNORE], "row": 6},
        {"ids": [0, 2], "labels": [IGNORE, IGNORE], "row": 9},
    ]
    batch = collate(made, pad=1)
    assert batch["ids"].tolist() == [[0, 7, 2], [0, 2, 1]]
    assert batch["mask"].tolist() == [[1, 1, 1], [1, 1, 0]]
    assert batch["labels"].tolist() == [[IGNORE, 4, IGNORE], [IGNORE] * 3]
    assert batch["row"].tolist() == [6, 9]
    assert set(collate([{"ids": [0], "row": 0, "start": 3, "end": 4}], 1)) == {
        "ids", "mask", "row", "start", "end",
    }  # fmt: skip


def masked(seed: int, rate: float = 0.15) -> tuple[dict, dict]:
    """A batch of 40 x 100 ordinary tokens in a frame of special ones, before and after."""
    rng = torch.Generator().manual_seed(3)
    inside = torch.randint(4, 99, (40, 100), generator=rng)
    inside[:, 50] = 99  # the mask token itself, in the text
    ids = torch.cat([torch.zeros(40, 1), inside, torch.full((40, 1), 2), torch.ones(40, 8)], 1)
    mask = torch.cat([torch.ones(40, 102), torch.zeros(40, 8)], 1).long()
    batch = {"ids": ids.long(), "mask": mask}
    generator = torch.Generator().manual_seed(seed)
    return batch, mask_tokens(batch, 99, 100, 4, rate, generator)


def test_masking_leaves_special_tokens_and_padding_alone() -> None:
    for rate in (0.15, 1.0):
        before, after = masked(1, rate)
        special = (before["ids"] < 4) | (before["ids"] == 99) | (before["mask"] == 0)
        assert (after["labels"][special] == IGNORE).all()
        assert torch.equal(after["ids"][special], before["ids"][special])
        chosen = after["labels"] != IGNORE
        assert torch.equal(after["labels"][chosen], before["ids"][chosen])
        assert torch.equal(after["ids"][~chosen], before["ids"][~chosen])
        assert ((after["ids"][chosen] >= 4) & (after["ids"][chosen] <= 99)).all()
    assert chosen.sum() == 40 * 99  # rate 1: all ordinary tokens


def test_masking_never_chooses_padding_that_looks_like_a_word() -> None:
    batch = {"ids": torch.full((2, 50), 7), "mask": torch.zeros(2, 50).long()}
    after = mask_tokens(batch, 99, 100, 4, 1.0, torch.Generator().manual_seed(0))
    assert (after["labels"] == IGNORE).all()
    assert (after["ids"] == 7).all()


def test_masking_rates() -> None:
    """3,960 ordinary tokens at 0.5: about half are gold; of these 80% masked, 10% kept."""
    before, after = masked(1, 0.5)
    chosen = after["labels"] != IGNORE
    count = int(chosen.sum())
    assert count / 3960 == pytest.approx(0.5, abs=0.04)
    assert int((after["ids"] == 99)[chosen].sum()) / count == pytest.approx(0.8, abs=0.04)
    kept = int((after["ids"] == before["ids"])[chosen].sum())
    assert kept / count == pytest.approx(0.1, abs=0.03)


def test_masking_follows_its_generator() -> None:
    one, same, other = (masked(s)[1] for s in (1, 1, 2))
    assert torch.equal(one["ids"], same["ids"])
    assert torch.equal(one["labels"], same["labels"])
    assert not torch.equal(one["labels"], other["labels"])
