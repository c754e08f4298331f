"""Three ways to train and to predict, on one encoder: the Trainer of the example scripts, padded to
the window or grouped by length, and xit's own loop.
"""

import gc
import tempfile
from collections.abc import Callable
from functools import partial

import datasets
import torch
from accelerate.state import AcceleratorState
from transformers import (
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    DataCollatorForLanguageModeling,
    DataCollatorForTokenClassification,
    DataCollatorWithPadding,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PrinterCallback,
    Trainer,
    TrainingArguments,
    default_data_collator,
)

from tests.bench.data import Data
from xit.data.encode import IGNORE, Feature
from xit.learn.hyper import Hyper
from xit.learn.model import Model
from xit.learn.pretrain import SPECIAL
from xit.learn.train import train
from xit.learn.updates import Stream
from xit.report.performance import GROUPED, OURS, PADDED
from xit.score import predict

EPOCHS = 2  # the first warms up, the second is timed
MODELS = {
    "pair": AutoModelForSequenceClassification,
    "tagging": AutoModelForTokenClassification,
    "span": AutoModelForQuestionAnswering,
}
RATE, DECAY, EPSILON, CLIP, WARMUP, MASKED = 1e-5, 0.01, 1e-8, 1.0, 0.1, 0.15
Work = Callable[[], object]


def training(
    way: str, lm: PreTrainedModel, data: Data, batch_size: int, tokenizer: PreTrainedTokenizerBase
) -> Work:
    """The whole training of EPOCHS epochs, to be called."""
    _as_new(lm)
    if way != OURS:
        trainer = _trainer(way, lm, data, batch_size, tokenizer)
        return trainer.train
    name = "mlm" if data.kind == "text" else "task"
    mask = (tokenizer.mask_token_id, len(tokenizer), len(SPECIAL))
    stream = Stream(name, data.features, pad=tokenizer.pad_token_id, mask=mask)
    hyper = Hyper(RATE, batch_size, epochs=EPOCHS, warmup=WARMUP, weight_decay=DECAY,
                  adam_eps=EPSILON, max_grad_norm=CLIP, mask_rate=MASKED,
                  eval_every=10**9)  # fmt: skip
    return partial(train, _model(lm, data), [stream], hyper, 1)


def inference(
    way: str, lm: PreTrainedModel, data: Data, batch_size: int, tokenizer: PreTrainedTokenizerBase
) -> Work:
    """Predictions for all of `data`, to be called; xit's to the end, the Trainer's as scores."""
    _as_new(lm)
    if way != OURS:
        trainer = _trainer(way, lm, data, batch_size, tokenizer)
        return partial(trainer.predict, trainer.train_dataset)  # type: ignore[arg-type]
    model, pad = _model(lm, data).eval(), tokenizer.pad_token_id
    if data.kind == "span":
        return partial(predict.answers, model, "task", data.features, data.contexts, pad)
    how = predict.tags if data.kind == "tagging" else predict.labels
    return partial(how, model, "task", data.features, pad)


def _as_new(lm: PreTrainedModel) -> None:
    """Undo what one way leaves behind that would slow the next, or change it."""
    lm.requires_grad_(True)
    lm.zero_grad(set_to_none=True)
    torch.use_deterministic_algorithms(False)
    AcceleratorState._reset_state(reset_partial_state=True)
    gc.collect()


def _model(lm: PreTrainedModel, data: Data) -> Model:
    heads = {} if data.kind == "text" else {"task": (data.kind, data.outputs)}
    return Model(lm, heads, seed=1).to(lm.device)


def _trainer(
    way: str, lm: PreTrainedModel, data: Data, batch_size: int, tokenizer: PreTrainedTokenizerBase
) -> Trainer:
    """As run_qa.py, run_ner.py, run_glue.py and run_mlm.py of the examples have it."""
    cuda = lm.device.type == "cuda"
    arguments = TrainingArguments(
        output_dir=tempfile.gettempdir(),
        per_device_train_batch_size=batch_size,
        per_device_eval_batch_size=batch_size,
        num_train_epochs=EPOCHS,
        learning_rate=RATE,
        weight_decay=DECAY,
        adam_epsilon=EPSILON,
        max_grad_norm=CLIP,
        warmup_steps=WARMUP,
        optim="adamw_torch_fused",
        train_sampling_strategy="group_by_length" if way == GROUPED else "random",
        bf16=cuda,
        use_cpu=not cuda,
        save_strategy="no",
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )
    window = data.window if way == PADDED else 0
    rows = [_row(f, data.kind, window, tokenizer.pad_token_id) for f in data.features]
    trainer = Trainer(
        model=_library_model(lm, data),
        args=arguments,
        train_dataset=datasets.Dataset.from_list(rows),
        data_collator=_collator(way, data.kind, tokenizer),
        processing_class=tokenizer,
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def _library_model(lm: PreTrainedModel, data: Data) -> PreTrainedModel:
    """The library's own model for this kind of task on the encoder of `lm`, which it shares."""
    if data.kind == "text":
        return lm
    lm.config.num_labels = data.outputs
    with torch.device("meta"):  # its own encoder is thrown away
        model = MODELS[data.kind].from_config(lm.config)
    model.roberta = lm.base_model
    for name, module in model.named_children():
        if name != "roberta":
            module.to_empty(device=lm.device)
            for parameter in module.parameters():
                torch.nn.init.normal_(parameter, std=lm.config.initializer_range)
    return model


def _row(feature: Feature, kind: str, window: int, pad: int) -> dict[str, object]:
    """A row of the Trainer's data set, padded to `window` where that is longer."""
    ids = feature["ids"]
    more = max(0, window - len(ids))
    row = {"input_ids": ids + [pad] * more, "attention_mask": [1] * len(ids) + [0] * more}
    if kind == "tagging":
        return row | {"labels": feature["labels"] + [IGNORE] * more}
    if kind == "span":
        return row | {"start_positions": feature["start"], "end_positions": feature["end"]}
    return row | ({"labels": feature["label"]} if kind == "pair" else {})


def _collator(way: str, kind: str, tokenizer: PreTrainedTokenizerBase) -> Callable[[list], dict]:
    if kind == "text":
        return DataCollatorForLanguageModeling(tokenizer, mlm_probability=MASKED)
    if way == PADDED:
        return default_data_collator
    if kind == "tagging":
        return DataCollatorForTokenClassification(tokenizer)
    return DataCollatorWithPadding(tokenizer)
