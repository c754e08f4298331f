"""A small XLM-R from nothing: its tokenizer and its random weights.

What a trial on invented languages found: a vocabulary of whole words aligns languages, pieces of
letters do not; so the vocabulary is sized to hold the frequent words of every language.
"""

from collections.abc import Iterable

import torch
from tokenizers import (
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import PreTrainedTokenizerFast, XLMRobertaConfig, XLMRobertaForMaskedLM

from xit.data.encode import Feature

SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]  # ids 0-3 as in XLM-R; <mask> is the last id


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> PreTrainedTokenizerFast:
    """A BPE tokenizer of `vocabulary` entries with XLM-R's special tokens and word marker ▁."""
    bpe = Tokenizer(models.BPE(unk_token="<unk>"))
    bpe.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " ")]
    )
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Metaspace(prepend_scheme="always"), pre_tokenizers.Punctuation()]
    )
    bpe.decoder = decoders.Metaspace()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary - 1,
        special_tokens=SPECIAL,
        limit_alphabet=vocabulary // 3,
        show_progress=False,
    )
    bpe.train_from_iterator(texts, trainer)
    bpe.add_special_tokens(["<mask>"])
    bpe.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", 0), ("</s>", 2)],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        bos_token="<s>",
        cls_token="<s>",
        eos_token="</s>",
        sep_token="</s>",
        unk_token="<unk>",
        pad_token="<pad>",
        mask_token="<mask>",
        model_input_names=["input_ids", "attention_mask"],
    )


def pack(features: list[Feature], length: int, join: bool) -> list[Feature]:
    """Features of at most `length` tokens: longer texts cut into several, shorter ones joined.

    `join` puts neighbouring texts of the corpus into one window (connected text, such as verses of
    a chapter); each keeps its <s> … </s>.
    """
    packed: list[Feature] = []
    window: list[int] = []
    for feature in features:
        for at in range(0, len(feature["ids"]), length):
            piece = feature["ids"][at : at + length]
            if window and (not join or len(window) + len(piece) > length):
                packed.append({"ids": window, "row": len(packed)})
                window = []
            window = window + piece
    if window:
        packed.append({"ids": window, "row": len(packed)})
    return packed


def new_model(
    vocabulary: int,
    width: int,
    layers: int,
    heads: int,
    inner: int,
    positions: int,
    dropout: float,
    seed: int,
) -> XLMRobertaForMaskedLM:
    """An XLM-R of the given shape with random weights."""
    config = XLMRobertaConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=inner,
        max_position_embeddings=positions + 2,  # positions count from pad + 1
        type_vocab_size=1,
        layer_norm_eps=1e-5,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
        bos_token_id=0,
        pad_token_id=1,
        eos_token_id=2,
    )
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        return XLMRobertaForMaskedLM(config)
