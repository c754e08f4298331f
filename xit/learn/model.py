"""A multilingual masked language model with a head per task on top of its encoder.

    model = Model.load(directory, {"xnli": ("pair", 3)}, seed=1)

Heads are freshly initialised, as in the paper, even where the task has been seen before
(SQuAD → XQuAD). The language-model head always stays with the encoder.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import (
    AutoModelForMaskedLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging

from xit.data.batch import Batch
from xit.data.encode import IGNORE
from xit.errors import XitError

logging.disable_progress_bar()  # of loading weights: it would stand on every page

Heads = dict[str, tuple[str, int]]  # name → (kind of task, number of labels)
SENTENCE = ("pair", "choice")  # kinds whose head reads the first token


class SentenceHead(nn.Module):
    """RoBERTa's classification head: first token → dense, tanh → scores."""

    def __init__(self, width: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.dense, self.out = nn.Linear(width, width), nn.Linear(width, outputs)
        self.dropout = nn.Dropout(dropout)

    def forward(self, hidden: Tensor) -> Tensor:
        """(batch size, length, width) → (batch size, outputs)."""
        pooled = torch.tanh(self.dense(self.dropout(hidden[:, 0])))
        return self.out(self.dropout(pooled))


class TokenHead(nn.Module):
    """One score vector a token."""

    def __init__(self, width: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.dropout, self.out = nn.Dropout(dropout), nn.Linear(width, outputs)

    def forward(self, hidden: Tensor) -> Tensor:
        """(batch size, length, width) → (batch size, length, outputs)."""
        return self.out(self.dropout(hidden))


class Model(nn.Module):
    """The masked language model and its task heads."""

    def __init__(self, lm: PreTrainedModel, heads: Heads, seed: int) -> None:
        super().__init__()
        if not hasattr(lm, "lm_head"):
            raise XitError(
                f"{type(lm).__name__} has no lm_head: expected a model of the XLM-R family"
            )
        self.lm, self.kinds = lm, {name: kind for name, (kind, _) in heads.items()}
        self.subspace: nn.Parameter | None = None  # what alone is trained: xit/learn/subspace.py
        width, dropout = lm.config.hidden_size, lm.config.hidden_dropout_prob
        devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
        with torch.random.fork_rng(devices):
            torch.manual_seed(seed)
            self.heads = nn.ModuleDict(
                {
                    name: _head(kind, width, outputs, dropout)
                    for name, (kind, outputs) in heads.items()
                }
            )
            for module in self.heads.modules():
                if isinstance(module, nn.Linear):
                    nn.init.normal_(module.weight, std=lm.config.initializer_range)
                    nn.init.zeros_(module.bias)

    @classmethod
    def load(cls, source: str | Path, heads: Heads, seed: int) -> "Model":
        """The encoder of `source` (a Hub id or a directory) under fresh heads."""
        return cls(load_lm(source), heads, seed)

    @property
    def encoder(self) -> nn.Module:
        """The encoder alone: ids → hidden states."""
        return self.lm.base_model

    def room(self, wanted: int) -> int:
        """A window in tokens: what was asked for, or what the model can read if that is less."""
        return min(wanted, self.lm.config.max_position_embeddings - 2)

    def fast(self) -> AbstractContextManager:
        """While it lasts, a GPU multiplies in bfloat16; weights, sums and heads stay float32.

        Nothing changes on a CPU, or on a GPU that has no bfloat16.
        """
        half = next(self.parameters()).is_cuda and torch.cuda.is_bf16_supported()
        return torch.autocast("cuda", torch.bfloat16) if half else nullcontext()

    def hidden(self, batch: Batch) -> Tensor:
        """Last hidden states (batch size, length, width)."""
        with self.fast():
            told = self.encoder(input_ids=batch["ids"], attention_mask=batch["mask"])
        return told.last_hidden_state

    def states(self, batch: Batch) -> tuple[Tensor, ...]:
        """Hidden states of every layer, from the embeddings to those of `hidden`."""
        told = {"input_ids": batch["ids"], "attention_mask": batch["mask"]}
        with self.fast():
            return tuple(self.encoder(**told, output_hidden_states=True).hidden_states)

    def forward(self, name: str, batch: Batch) -> tuple[Tensor, Tensor]:
        """(summed loss, number of gold items) of task `name`, "mlm" for masked tokens.

        A sum, so that processes that share a batch add up to what one would compute.
        """
        return self.loss(name, batch, self._read(name, batch))

    def loss(self, name: str, batch: Batch, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """What `forward` gives, from the last hidden states of `batch`."""
        if name == "mlm":
            gold = batch["labels"]
            chosen = gold != IGNORE  # only masked positions go through the large output layer
            with self.fast():
                scores = self.lm.lm_head(hidden[chosen])
            return _cross_entropy(scores, gold[chosen])
        scores = self._scores(name, batch, hidden)
        if self.kinds[name] == "tagging":
            return _cross_entropy(scores.flatten(0, 1), batch["labels"].flatten())
        if self.kinds[name] == "span":
            start, count = _cross_entropy(scores[..., 0], batch["start"])
            end, _ = _cross_entropy(scores[..., 1], batch["end"])
            return (start + end) / 2, count
        if self.kinds[name] == "choice":
            return _cross_entropy(scores, batch["label"][:: scores.shape[1]])
        return _cross_entropy(scores, batch["label"])

    def scores(self, name: str, batch: Batch) -> Tensor:
        """The head's scores: (rows, labels), (rows, length, labels) or (rows, choices)."""
        return self._scores(name, batch, self._read(name, batch))

    def _read(self, name: str, batch: Batch) -> Tensor:
        with self.reading(name):
            return self.hidden(batch)

    @contextmanager
    def reading(self, name: str | None) -> Iterator[None]:
        """While it lasts, the last hidden states are those that the head of `name` reads.

        Of sentences that is the first token, (batch size, 1, width): the last layer's work for all
        others would be thrown away, of a small model's whole work a quarter.
        """
        if self.kinds.get(name or "") not in SENTENCE:
            yield
            return
        layer: Any = self.encoder.encoder.layer[-1]  # type: ignore[union-attr,index]
        layer.forward = partial(_first_token, layer)
        try:
            yield
        finally:
            del layer.forward

    def _scores(self, name: str, batch: Batch, hidden: Tensor) -> Tensor:
        scores = self.heads[name](hidden)
        if self.kinds[name] == "span":  # only real tokens can begin or end an answer
            return scores.masked_fill(batch["mask"][..., None] == 0, float("-inf"))
        if self.kinds[name] == "choice":
            rows = batch["row"].unique_consecutive(return_counts=True)[1]
            if not bool((rows == rows[0]).all()):
                raise XitError("rows with different numbers of choices cannot share a batch")
            return scores.view(-1, int(rows[0]))
        return scores

    def freeze_unused(self, used: set[str]) -> None:
        """Stop gradients of what no task in `used` trains (needed by distributed training)."""
        for name, head in self.heads.items():
            head.requires_grad_(name in used)
        self.lm.lm_head.requires_grad_(True)
        if "mlm" not in used:
            embeddings = self.lm.get_input_embeddings().weight
            for parameter in self.lm.lm_head.parameters():
                parameter.requires_grad_(parameter is embeddings)
        if self.subspace is not None:
            for parameter in self.parameters():
                parameter.requires_grad_(parameter is self.subspace)


def _first_token(
    of: nn.Module, hidden: Tensor, mask: Tensor | None, *_: object, **__: object
) -> Tensor:
    """What a layer of the library's XLM-R gives for the first token: the only query, while every
    token is a key and a value.
    """
    layer: Any = of
    own, first = layer.attention.self, hidden[:, :1]
    parts = ((own.query, first), (own.key, hidden), (own.value, hidden))
    query, key, value = (
        part(x).unflatten(-1, (-1, own.attention_head_size)).transpose(1, 2) for part, x in parts
    )
    dropout = own.dropout.p if layer.training else 0.0
    mask = None if mask is None else mask[:, :, :1]
    seen = nn.functional.scaled_dot_product_attention(query, key, value, mask, dropout)
    return layer.feed_forward_chunk(layer.attention.output(seen.transpose(1, 2).flatten(2), first))


def _head(kind: str, width: int, outputs: int, dropout: float) -> nn.Module:
    if kind in ("tagging", "span"):
        return TokenHead(width, 2 if kind == "span" else outputs, dropout)
    return SentenceHead(width, 1 if kind == "choice" else outputs, dropout)


def _cross_entropy(scores: Tensor, gold: Tensor) -> tuple[Tensor, Tensor]:
    loss = nn.functional.cross_entropy(scores.float(), gold, ignore_index=IGNORE, reduction="sum")
    return loss, (gold != IGNORE).sum()


def load_lm(source: str | Path) -> PreTrainedModel:
    """The masked language model of `source`, float32; safetensors only, no code from elsewhere."""
    try:
        lm, info = AutoModelForMaskedLM.from_pretrained(
            source, use_safetensors=True, dtype=torch.float32, output_loading_info=True
        )
    except Exception as error:  # damaged file, no such model, no network: many types, one message
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise XitError(f"cannot load the model {str(source)!r}: {reason}") from error
    lost = sorted(info["missing_keys"]) + [str(k) for k in info["mismatched_keys"]]
    if lost:  # the library would fill them with random numbers
        told = f"{len(lost)} weights are missing, the first {lost[0]!r}"
        raise XitError(f"cannot load the model {str(source)!r}: {told}")
    return lm


def load_tokenizer(source: str | Path) -> PreTrainedTokenizerBase:
    """The tokenizer of `source`, with character offsets; one object for one content.

    So the models of a study, each with its own copy of one tokenizer, share it (data/encoded.py).
    """
    files = [Path(source) / name for name in TOKENIZER if (Path(source) / name).is_file()]
    key = b"".join(file.read_bytes() for file in files)
    if key not in _tokenizers:
        made = _load_tokenizer(source)
        if not files:  # on the Hub: its state may change
            return made
        _tokenizers[key] = made
    return _tokenizers[key]


TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "sentencepiece.bpe.model")
_tokenizers: dict[bytes, PreTrainedTokenizerBase] = {}


def _load_tokenizer(source: str | Path) -> PreTrainedTokenizerBase:
    try:
        tokenizer = AutoTokenizer.from_pretrained(source)
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise XitError(f"cannot load the tokenizer of {str(source)!r}: {reason}") from error
    if not tokenizer.is_fast:
        raise XitError(f"the tokenizer of {str(source)!r} gives no character offsets")
    return tokenizer
