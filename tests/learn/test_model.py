"""The model: fresh heads by seed, losses as sums, damaged files."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor
from transformers import XLMRobertaConfig, XLMRobertaModel

from tests.toys import model_directory
from xit.data.batch import Batch
from xit.data.encode import IGNORE
from xit.errors import XitError
from xit.learn.model import Heads, Model, load_lm, load_tokenizer
from xit.learn.pretrain import new_model

HEADS: Heads = {
    "pair": ("pair", 3),
    "choice": ("choice", 2),
    "tags": ("tagging", 5),
    "qa": ("span", 2),
}


def model(seed: int = 1, dropout: float = 0.0) -> Model:
    return Model(new_model(60, 16, 2, 2, 32, 32, dropout, 7), HEADS, seed).eval()


def batch(**gold: list) -> Batch:
    """Four rows of different lengths, padded with 1."""
    rows = [[0, 5, 6, 7, 8, 2], [0, 9, 2, 1, 1, 1], [0, 5, 5, 5, 2, 1], [0, 30, 31, 32, 33, 2]]
    ids = torch.tensor(rows)
    told = {k: torch.tensor(v) for k, v in gold.items()}
    return {"ids": ids, "mask": (ids != 1).long(), "row": torch.arange(4)} | told


GOLD: dict[str, dict[str, list]] = {
    "pair": {"label": [0, 2, 1, 1]},
    "tags": {"labels": [[IGNORE, 1, 4, IGNORE, 0, IGNORE], [IGNORE, 2, *[IGNORE] * 4],
                        [IGNORE] * 6, [IGNORE, 0, 1, 2, 3, IGNORE]]},
    "qa": {"start": [1, 0, 2, 4], "end": [3, 0, 2, 4]},
    "mlm": {"labels": [[IGNORE, 50, 4, *[IGNORE] * 3], [IGNORE, 9, *[IGNORE] * 4],
                       [IGNORE] * 6, [IGNORE, 8, *[IGNORE] * 4]]},
}  # fmt: skip


def heads(model: Model) -> dict[str, Tensor]:
    return {k: v.clone() for k, v in model.heads.state_dict().items()}


def test_heads_are_their_seed() -> None:
    one, same, other = (heads(model(s)) for s in (1, 1, 2))
    assert one
    for name in one:
        assert torch.equal(one[name], same[name])
        if name.endswith("weight"):
            assert not torch.equal(one[name], other[name])
            assert float(one[name].std()) == pytest.approx(0.02, rel=0.5)
        else:
            assert not one[name].any()


def test_heads_do_not_depend_on_what_was_drawn_before() -> None:
    torch.manual_seed(0)
    one = heads(model(3))
    torch.rand(17)
    before = torch.get_rng_state()
    two = heads(model(3))
    assert all(torch.equal(one[k], two[k]) for k in one)
    assert torch.equal(torch.get_rng_state(), before)


def test_loading_keeps_the_encoder_and_the_language_model_head(tmp_path: Path) -> None:
    lm = load_lm(model_directory(tmp_path))
    loaded = Model.load(tmp_path, {"xnli": ("pair", 3)}, seed=1)
    for name, value in lm.state_dict().items():
        assert torch.equal(loaded.lm.state_dict()[name], value)
    assert next(loaded.parameters()).dtype == torch.float32
    assert set(loaded.heads) == {"xnli"}


def test_shapes() -> None:
    m, b = model(), batch()
    assert m.scores("pair", b).shape == (4, 3)
    assert m.scores("tags", b).shape == (4, 6, 5)
    assert m.scores("qa", b).shape == (4, 6, 2)
    assert m.scores("choice", b | {"row": torch.tensor([0, 0, 3, 3])}).shape == (2, 2)
    assert m.hidden(b).shape == (4, 6, 16)


def test_no_answer_begins_or_ends_in_padding() -> None:
    scores = model().scores("qa", batch())
    assert torch.isinf(scores[1, 3:]).all()
    assert torch.isfinite(scores[0]).all()


@pytest.mark.parametrize("name", ["pair", "tags", "qa", "mlm"])
def test_losses_are_sums_that_add_over_a_split_batch(name: str) -> None:
    m, whole = model(), batch(**GOLD[name])
    loss, count = m(name, whole)
    parts = [m(name, {k: v[i::2] for k, v in whole.items()}) for i in (0, 1)]
    assert float(sum(p[0].detach() for p in parts)) == pytest.approx(loss.item(), abs=1e-4)
    assert int(sum(p[1] for p in parts)) == int(count)
    assert int(count) == {"pair": 4, "tags": 8, "qa": 4, "mlm": 4}[name]


def by_hand(name: str, m: Model, b: Batch) -> float:
    """The summed loss from log-probabilities, one gold item at a time."""
    if name == "qa":
        said = m.scores(name, b).log_softmax(1)
        both = (said[i, b["start"][i], 0] + said[i, b["end"][i], 1] for i in range(4))
        return -sum(x.item() / 2 for x in both)
    full = m.lm(input_ids=b["ids"], attention_mask=b["mask"]).logits if name == "mlm" else None
    said = (m.scores(name, b) if full is None else full).log_softmax(-1)
    gold = b["label" if name == "pair" else "labels"]
    places = [tuple(p) for p in (gold != IGNORE).nonzero().tolist()]
    return -sum(said[p][gold[p]].item() for p in places)


@pytest.mark.parametrize("name", ["pair", "tags", "qa", "mlm"])
def test_losses_by_hand(name: str) -> None:
    """For mlm: only masked positions are computed, and they equal the full computation."""
    m, b = model(), batch(**GOLD[name])
    assert m(name, b)[0].item() == pytest.approx(by_hand(name, m, b), abs=1e-4)


def test_the_loss_of_choices() -> None:
    m = model()
    b = batch(label=[1, 1, 0, 0]) | {"row": torch.tensor([0, 0, 1, 1])}
    loss, count = m("choice", b)
    told = m.scores("choice", b).log_softmax(-1)
    assert loss.item() == pytest.approx((-told[0, 1] - told[1, 0]).item(), abs=1e-5)
    assert int(count) == 2


def test_rows_with_different_numbers_of_choices_are_refused() -> None:
    with pytest.raises(XitError, match="different numbers of choices"):
        model().scores("choice", batch() | {"row": torch.tensor([0, 0, 0, 1])})


def test_padding_changes_nothing() -> None:
    m, b = model(), batch()
    short = {"ids": b["ids"][1:2, :3], "mask": b["mask"][1:2, :3]}
    assert torch.allclose(m.scores("pair", b)[1], m.scores("pair", short)[0], atol=1e-5)


def gradients(m: Model, used: str, b: Batch) -> set[str]:
    m.freeze_unused({used})
    m(used, b)[0].backward()
    return {n for n, p in m.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("name", ["pair", "choice"])
def test_reading_the_first_token_alone_changes_neither_scores_nor_gradients(name: str) -> None:
    m, gold = model(), batch(label=[0, 1, 1, 0])
    gold["row"] = torch.tensor([0, 0, 1, 1]) if name == "choice" else gold["row"]
    plain = m.loss(name, gold, m.hidden(gold))[0]
    told = m(name, gold)[0]
    assert m.hidden(gold).shape == (4, 6, 16)  # the layer is as it was
    torch.testing.assert_close(m.scores(name, gold), m._scores(name, gold, m.hidden(gold)))
    parameters = list(m.parameters())
    both = [torch.autograd.grad(x, parameters, allow_unused=True) for x in (plain, told)]
    assert any(g is not None for g in both[0])
    torch.testing.assert_close(both[1], both[0], atol=1e-6, rtol=1e-4)


def test_the_first_token_alone_has_the_dropout_of_the_attention() -> None:
    m = model().train()
    attention = m.encoder.get_submodule("encoder.layer.1.attention.self")
    value = attention.get_parameter("value.weight")
    for rate, seen in ((0.0, True), (1.0, False)):  # at 1 no token's value comes through
        attention.get_submodule("dropout").__dict__["p"] = rate
        m.zero_grad()
        m("pair", batch(**GOLD["pair"]))[0].backward()
        assert value.grad is not None and bool(value.grad.any()) is seen


def test_freezing_leaves_every_trained_parameter_a_gradient() -> None:
    """Distributed training waits for each parameter that asks for a gradient."""
    for name in ("pair", "mlm", "tags", "qa"):
        m = model()
        got = gradients(m, name, batch(**GOLD[name]))
        asks = {n for n, p in m.named_parameters() if p.requires_grad}
        assert got == asks
        assert any(n.startswith("lm.roberta.encoder") for n in got)
        assert {n.split(".")[1] for n in got if n.startswith("heads")} == {name} - {"mlm"}
        assert ("lm.lm_head.dense.weight" in got) == (name == "mlm")


def test_the_language_model_head_trains_again_after_a_task() -> None:
    m = model()
    m.freeze_unused({"pair"})
    assert "lm.lm_head.dense.weight" in gradients(m, "mlm", batch(**GOLD["mlm"]))


def test_a_model_without_a_language_model_head_is_refused() -> None:
    config = XLMRobertaConfig(
        vocab_size=9, hidden_size=8, num_hidden_layers=1, num_attention_heads=1,
        intermediate_size=8, max_position_embeddings=9,
    )  # fmt: skip
    with pytest.raises(
        XitError, match="XLMRobertaModel has no lm_head: expected a model of the XLM-R"
    ):
        Model(XLMRobertaModel(config), {}, 1)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def header(file: Path) -> None:
    file.write_bytes(b"\xff" * 8 + file.read_bytes()[8:])


@pytest.mark.parametrize("damage", [cut, header, Path.unlink, lambda f: f.write_bytes(b"")])
def test_damaged_weights_are_one_line(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    damage(model_directory(tmp_path) / "model.safetensors")
    with pytest.raises(XitError, match="cannot load the model") as error:
        load_lm(tmp_path)
    assert "\n" not in str(error.value)


def test_a_weight_that_is_missing_or_of_another_shape_is_not_made_up(tmp_path: Path) -> None:
    """transformers would fill it at random, with a warning nobody sees in a notebook."""
    from safetensors.torch import load_file, save_file

    file = model_directory(tmp_path) / "model.safetensors"
    weights = load_file(file)
    name = "roberta.encoder.layer.1.output.dense.weight"
    save_file({k: v for k, v in weights.items() if k != name}, file, {"format": "pt"})
    with pytest.raises(XitError, match="cannot load the model"):
        load_lm(tmp_path)


def test_a_damaged_or_missing_config_or_tokenizer_is_one_line(tmp_path: Path) -> None:
    model_directory(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{")
    with pytest.raises(XitError, match="cannot load the tokenizer of") as error:
        load_tokenizer(tmp_path)
    assert "\n" not in str(error.value)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(XitError, match="cannot load the model") as error:
        load_lm(tmp_path)
    assert "\n" not in str(error.value)


def test_saved_and_loaded_is_the_same_tokenizer(tmp_path: Path) -> None:
    loaded = load_tokenizer(model_directory(tmp_path))
    told = loaded("the cat", return_offsets_mapping=True)
    assert loaded.convert_ids_to_tokens(told["input_ids"]) == ["<s>", "▁the", "▁cat", "</s>"]
    assert told["offset_mapping"][2] == (3, 7)
    assert loaded.pad_token_id == 1
