"""A small XLM-R from nothing: its tokenizer, its windows, its weights."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.toys import TEXTS, tokenizer, words
from xit.learn.pretrain import SPECIAL, new_model, pack, train_tokenizer


def test_special_tokens_stand_where_xlm_r_has_them() -> None:
    tok = tokenizer()
    assert tok.convert_ids_to_tokens([0, 1, 2, 3]) == SPECIAL
    assert tok.mask_token_id == len(tok) - 1
    assert (tok.bos_token_id, tok.pad_token_id, tok.eos_token_id, tok.unk_token_id) == (0, 1, 2, 3)
    assert (tok.cls_token_id, tok.sep_token_id) == (0, 2)
    assert len(train_tokenizer(TEXTS, 60)) == 60


def test_frequent_words_are_whole_and_punctuation_stands_alone() -> None:
    tok = tokenizer()
    assert words(tok("the cat (Europe)")["input_ids"], tok) == (
        "<s> ▁the ▁cat ▁ ( Europe ) </s>".replace("( Europe", "( E u rope")
        if "Europe" not in tok.get_vocab()
        else "<s> ▁the ▁cat ▁ ( Europe ) </s>"
    )
    pair = tok("the cat", "sat")["input_ids"]
    assert words(pair, tok) == "<s> ▁the ▁cat </s> </s> ▁sat </s>"
    assert tok.decode(tok("the cat sat")["input_ids"], skip_special_tokens=True) == "the cat sat"


def test_the_same_texts_give_the_same_tokenizer() -> None:
    one, two = (train_tokenizer(TEXTS, 80).backend_tokenizer.to_str() for _ in range(2))
    assert one == two


def windows(lengths: list[int], length: int, join: bool) -> list[list[int]]:
    made = [{"ids": [100 * i + k for k in range(n)], "row": i} for i, n in enumerate(lengths)]
    packed = pack(made, length, join)
    assert [f["row"] for f in packed] == list(range(len(packed)))
    return [f["ids"] for f in packed]


def test_pack_by_hand() -> None:
    assert windows([3, 2, 4], 5, join=True) == [[0, 1, 2, 100, 101], [200, 201, 202, 203]]
    assert windows([3, 2, 4], 5, join=False) == [[0, 1, 2], [100, 101], [200, 201, 202, 203]]
    assert windows([7], 3, join=False) == [[0, 1, 2], [3, 4, 5], [6]]
    assert windows([7, 1], 3, join=True) == [[0, 1, 2], [3, 4, 5], [6, 100]]
    assert windows([], 3, join=True) == []


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(1, 30), max_size=20), st.integers(1, 12), st.booleans())
def test_pack_loses_nothing(lengths: list[int], length: int, join: bool) -> None:
    made = windows(lengths, length, join)
    assert [x for w in made for x in w] == [100 * i + k for i, n in enumerate(lengths)
                                            for k in range(n)]  # fmt: skip
    assert all(1 <= len(w) <= length for w in made)


def test_a_new_model_is_its_shape_and_seed() -> None:
    def weights(seed: int) -> dict[str, torch.Tensor]:
        return new_model(50, 16, 2, 2, 32, 20, 0.0, seed).state_dict()

    one, same, other = weights(1), weights(1), weights(2)
    assert all(torch.equal(one[k], same[k]) for k in one)
    name = "roberta.embeddings.word_embeddings.weight"
    assert one[name].shape == (50, 16)
    assert not torch.equal(one[name], other[name])
    assert torch.equal(one["lm_head.decoder.weight"], one[name])  # tied


def test_a_new_model_reads_as_many_tokens_as_it_says() -> None:
    lm = new_model(50, 16, 2, 2, 32, 20, 0.0, 1)
    assert lm(input_ids=torch.full((1, 20), 7)).logits.shape == (1, 20, 50)


def test_making_a_model_leaves_the_random_state_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    new_model(50, 16, 2, 2, 32, 20, 0.0, 1)
    assert torch.equal(torch.rand(3), expected)
