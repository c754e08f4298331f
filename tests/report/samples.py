"""Small tables whose figures and words are known."""

import numpy as np
import pandas as pd

LANGUAGES = ["qaa", "qab", "qac"]
SCORES = pd.DataFrame(
    [
        ("lab", intermediate, target, language, seed, "test", "acc", value + seed)
        for intermediate, target, value in (
            ("none", "xnli", 50.0),
            ("mnli", "xnli", 60.0),
            ("squad_v1", "xnli", 49.0),
            ("none", "panx", 40.0),
            ("mnli", "panx", 30.0),
            ("squad_v1", "panx", 40.0),
        )
        for language in LANGUAGES
        for seed in (0, 1)
    ],
    columns=["study", "intermediate", "target", "language", "seed", "split", "metric", "value"],
)
BASE = SCORES[SCORES["intermediate"] == "none"]
HISTORY = pd.DataFrame(
    [(1, 2.0, 50.0, 0), (2, 1.0, 70.0, 0), (1, 2.2, np.nan, 1), (2, 0.8, 80.0, 1)],
    columns=["step", "loss", "dev", "seed"],
)
LAYERS = pd.DataFrame(
    [(c, layer, k, 10.0 * layer + 5 * (k == "centred")) for c in LANGUAGES for layer in (0, 1)
     for k in ("raw", "centred")],
    columns=["language", "layer", "kind", "value"],
)  # fmt: skip
DISTANCE = pd.DataFrame(
    {"language": ["qab", "qab", "qac", "qad"], "change": [1.0, 3.0, 0.0, -1.0],
     "syntactic": [0.1, 0.1, 0.2, 0.3]}
)  # fmt: skip

PANEL = pd.DataFrame(
    {
        "intermediate": ["mnli", "mnli", "ccg"],
        "target": ["udpos", "xnli", "udpos"],
        "change": [50.0, -1.0, 2.0],
    }
)

ERRORS = pd.DataFrame(
    [("mnli", "qab", target, where, errors, seed, value + seed - 10 * errors, 2.0)
     for target, where, value in (("xnli", "own", 6.0), ("xnli", "others", 3.0),
                                  ("tatoeba", "others", 1.0))
     for errors in (0.0, 0.5) for seed in (1, 2)],
    columns=["task", "data", "target", "where", "errors", "seed", "change", "original"],
)  # fmt: skip
