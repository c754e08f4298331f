"""From a spec to scores: queries answered from a pool of candidates in all languages, as XTREME-R's
LAReQA and Mewsli-X have it; nothing is trained.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from transformers import PreTrainedTokenizerBase

from xit.data import encode, pools
from xit.learn.model import Model
from xit.runs import Spec
from xit.score import metrics, predict, retrieval
from xit.tasks import Task

METRIC = "map@20"
METRICS = (METRIC, "map@20_centred")
Embedded = dict[str, tuple[np.ndarray, dict[str, int]]]  # language → (vectors, counts of encoding)


def scores(spec: Spec, task: Task, tokenizer: PreTrainedTokenizerBase, out: Path) -> None:
    """scores.parquet: mean average precision of the first 20, by the language of the query;
    items.parquet: that of each query.

    On one layer, mean-pooled, raw and with each language's mean removed from its queries and from
    its candidates. That of the development queries is in dev.parquet.
    """
    model = Model.load(spec["where"]["parent"], {}, 0).eval()
    length, pad, layer = model.room(spec["max_length"]), tokenizer.pad_token_id, spec["layer"]

    def embedded(sides: dict[str, pools.Texts]) -> Embedded:
        made: Embedded = {}
        for code, side in sides.items():
            features, counts = encode.lines(side.texts, tokenizer, length)
            vectors = predict.vectors(model, features, pad, [layer], ["mean"])
            made[code] = vectors[0, 0], dict(counts)
        return made

    assert task.dev is not None
    scored = task.test if task.test and task.test.split == spec["split"] else task.dev
    for split in {scored: "", task.dev: ""}:
        pool = pools.read(spec["where"]["hub"], task, split, list(spec["languages"]))
        queries, candidates = embedded(pool.queries), embedded(pool.candidates)
        found = {m: precisions(pool, queries, candidates, m != METRIC) for m in METRICS}
        rows = [
            {"language": code, "split": split.split, "layer": layer, "metric": metric,
             "value": float(np.mean(x))}
            for metric, told in found.items()
            for code, x in told.items()
        ]  # fmt: skip
        for file, of in (("scores", scored), ("dev", task.dev)):
            if of == split:
                pd.DataFrame(rows).to_parquet(out / f"{file}.parquet", index=False)
        if split == scored:
            items = [
                pd.DataFrame({"language": code, "row": range(len(x)), "precision": x})
                for code, x in found[METRIC].items()
            ]
            pd.concat(items).to_parquet(out / "items.parquet", index=False)
            counts = {
                code: pool.counts[code] | _together(code, queries, candidates) for code in queries
            }
            (out / "data.json").write_text(json.dumps(counts, indent=1) + "\n")


def _together(code: str, queries: Embedded, candidates: Embedded) -> dict[str, int]:
    """What became of the queries and of the candidates in one language."""
    sides = [side[code][1] for side in (queries, candidates) if code in side]
    return dict(encode.together(*sides))


def precisions(
    pool: pools.Pool, queries: Embedded, candidates: Embedded, centred: bool
) -> dict[str, list[float]]:
    """Language → average precision in the first 20 of each of its queries, 0-100; 0 where there is
    no right candidate. Their mean is mAP@20.
    """
    sides = [
        {code: retrieval.centre(x) if centred else x for code, (x, _) in side.items()}
        for side in (queries, candidates)
    ]
    found = retrieval.ranked(sides[0], sides[1])
    right: dict[str, list[int]] = {}
    for place, about in enumerate(k for side in pool.candidates.values() for k in side.keys):
        for key in about:
            right.setdefault(key, []).append(place)
    return {
        code: [
            metrics.average_precision(right.get(k, [-1]), ranked, 20)
            for (k,), ranked in zip(side.keys, found[code].tolist(), strict=True)
        ]
        for code, side in pool.queries.items()
    }
