"""Settings of training: their names and types, and the values of the paper."""

import math

from xit import tasks
from xit.errors import XitError, unknown

COMBINE = ("median", "mean")  # how a study's seeds become one number beside the paper's median
# distances of a language from the source, as far as a table has them; the last is counted
DISTANCES = ("syntactic", "lexical", "phonological", "inventory", "featural", "geographic",
             "genetic", "other-script", "sub-words")  # fmt: skip
SETTINGS = {
    # name: (type, meaning); None in a study means: as in the paper
    "learning_rate": (float, "peak learning rate"),
    "batch_size": (int, "examples an update"),
    "epochs": (float, "passes over the training data"),
    "examples": (int, "training examples, from a fixed shuffle"),
    "eval_every": (int, "updates between two evaluations on the development set"),
    "patience": (int, "evaluations without improvement before stopping"),
    "eval_examples": (int, "development examples for early stopping"),
    "max_length": (int, "tokens in a window"),
    "limit": (int, "examples of one task that count at most in multi-task sampling (K)"),
}
PAPER: dict[str, dict[str, object]] = {
    # Phang et al. 2020, Appendix A; evaluation interval and lengths from jiant's guide
    "intermediate": {
        "learning_rate": 1e-5,
        "eval_every": 1000,
        "patience": 30,
        "eval_examples": 500,
    },
    "target": {"learning_rate": 3e-6, "eval_every": 1000, "patience": 30, "eval_examples": 500},
}
PRETRAIN: dict[str, object] = {
    # the shape and training of a small XLM-R; a study's `pretrain:` changes what it names
    "seed": 1,
    "vocabulary": 6000,  # entries
    "width": 128,
    "layers": 3,
    "heads": 4,
    "inner": 256,  # width of the feed-forward layers
    "positions": 256,  # longest input in tokens
    "dropout": 0.0,
    "alpha": 0.3,  # exponent of the sampling of languages
    "max_length": 66,  # tokens in a training window
    "join": False,  # put neighbouring texts into one window
    "mask_rate": 0.2,
    "learning_rate": 2e-3,
    "warmup": 0.06,  # share of the steps
    "batch_size": 192,  # windows
    "steps": 1000,
    "log_every": 100,  # steps
    "processes": 1,
}
MLM: dict[str, object] = {
    # masked language modelling as one more task beside an intermediate one: Phang et al. 2020,
    # Appendix A; a study's `mlm:` changes what it names
    "sentences": 2_000_000,  # of all languages together
    "alpha": 0.3,  # exponent of the sampling of languages; from memory: lost in the text
    "batch_size": 8,  # windows of text
    "max_length": 256,  # tokens in a window
    "mask_rate": 0.15,
    "limit": tasks.SAMPLING_LIMIT,  # K of the sampling of the two tasks
    "learning_rate_factor": 0.5,  # 5e-6 where the task alone has 1e-5
}
# what a notebook calls a setting of MLM: its name there
BESIDE = {k if k in ("sentences", "alpha", "learning_rate_factor") else f"mlm_{k}": k for k in MLM}
ADVERSARY: dict[str, object] = {
    # a language discriminator beside an intermediate task (xit/learn/adversary.py); a study's
    # `adversary:` changes what it names, a variant's name its own layer and weight
    "layer": None,  # hidden_states index that it reads; None: the study's layer of retrieval
    "weight": 1.0,  # of the reversed gradient; 1 as in Ganin et al. 2016
    "rate": 1.0,  # of the discriminator's learning, times the task's learning rate
    "sentences": 400_000,  # of unlabelled text, each language the same share
    "max_length": 256,  # tokens of a sentence
}
PROBE: dict[str, float] = {
    # a fresh linear classifier of languages on frozen states (xit/score/probe.py)
    "sentences": 150,  # held-out ones of each language
    "tested": 1 / 3,  # share of them, the last ones, that it is tested on
    "penalty": 0.01,  # of the squared weights, beside the mean loss
    "max_length": 256,  # tokens of a sentence
}
AGAINST = {f"adversary_{k}": k for k in ADVERSARY}  # what a notebook calls such a setting
# radius of the ball in which "+smooth" moves an embedding, as a share of its length; that of Huang
# et al. 2021 is not known here. 0.3 is about what a dropout of 10% does: √(0.1 / 0.9) of it.
SMOOTHING: dict[str, tuple[type, str, float]] = {
    # name in a notebook: (type, meaning, default)
    "smooth_radius": (float, "radius of the noise on embeddings, share of their length", 0.3),
}
STRIDE = 128  # tokens that neighbouring windows of a passage share
NBEST, MAX_ANSWER = 20, 30  # start and end candidates; longest answer in tokens
MAX_LENGTH = {
    "pair": 256,
    "choice": 256,
    "tagging": 256,
    "span": 384,
    "retrieval": 512,
    "mining": 512,
    "ranking": 512,
    "several": 384,
}


def of_paper(phase: str, task: tasks.Task) -> dict[str, object]:
    """The paper's settings for training `task`, where it or jiant's guide gives them; of what the
    paper does not have, those of XTREME-R's scripts.
    """
    own: dict[str, object] = {"batch_size": task.batch_size, "epochs": task.epochs}
    if task.learning_rate:
        own["learning_rate"] = task.learning_rate
    return PAPER[phase] | own | {"max_length": MAX_LENGTH[task.kind]}


def checked_setting(key: str, value: object) -> object:
    """`value` in the type of setting `key`; XitError names the value and what was expected."""
    if key in BESIDE:
        kind: type = type(MLM[BESIDE[key]])
        meaning = "of language modelling beside a task"
    elif key in AGAINST:
        kind = float if key in ("adversary_weight", "adversary_rate") else int
        meaning = "of the adversary beside a task"
    elif key in SETTINGS:
        kind, meaning = SETTINGS[key]
    elif key in SMOOTHING:
        kind, meaning, _ = SMOOTHING[key]
    else:
        raise unknown("setting", key, SETTINGS)
    try:
        number = kind(float(value)) if not isinstance(value, bool) else None  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        number = None
    number = number if number is not None and math.isfinite(number) else None
    none_is_fine = key in ("adversary_layer", "adversary_weight")  # 0: the embeddings; no effect
    low = number is not None and (number < 0 if none_is_fine else number <= 0)
    if number is None or low or (kind is int and number != float(value)):  # type: ignore[arg-type]
        what = "a whole number" if kind is int else "a number"
        least = "0 or more" if none_is_fine else "above 0"
        raise XitError(f"{key} = {value!r}: expected {what} {least} ({meaning})")
    return number
