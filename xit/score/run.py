"""From a spec to scores: a model's predictions on a task in every language, and its metrics."""

import json
from collections.abc import Sequence
from functools import cache
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from safetensors.torch import load_file
from transformers import PreTrainedTokenizerBase

from xit import tasks
from xit.data import bucc, corpus, encode, encoded
from xit.data.batch import by_length, collate, mask_tokens
from xit.data.typos import Noise
from xit.errors import XitError
from xit.learn.model import Model, load_lm, load_tokenizer
from xit.learn.pretrain import SPECIAL
from xit.runs import STATE, Say, Spec
from xit.score import metrics, predict, ranking, retrieval
from xit.tasks import Task


def predictions(
    model: Model, task: Task, features: list, rows: list[dict], names: list[str], pad: int
) -> list:
    """What the model says for each row: a label, a list of tag names, or an answer."""
    if task.kind == "tagging":
        said = predict.tags(model, task.name, features, pad)
        return [[names[t] for t in line] for line in said]
    if task.kind == "span":
        threshold = 0.0 if task.name == "squad_v2" else None
        contexts = [str(r[task.inputs[1]]) for r in rows]
        return predict.answers(model, task.name, features, contexts, pad, threshold)
    return predict.labels(model, task.name, features, pad)


def _normalise(task: Task, code: str) -> metrics.Tokenise:
    """MLQA's rules, where it or the task's own language asks for them (Chinese has no blanks)."""
    own = task.name == "mlqa" or task.like
    return metrics.mlqa_tokens(code) if own else metrics.squad_tokens


def metrics_of(
    task: Task, rows: list[dict], said: Sequence, names: list[str], code: str
) -> dict[str, float]:
    """All metrics of `task`, 0-100, for predictions `said` of `rows`."""
    return totals(task, items_of(task, rows, said, names, code))


def totals(task: Task, items: metrics.Items) -> dict[str, float]:
    """All metrics of `task`, 0-100, from what each row contributes (`items_of`)."""
    if task.kind == "tagging":
        return metrics.tagging_totals(items)
    if task.kind == "span":
        em, f1 = (float(items[name].mean()) for name in ("em", "f1"))
        return {"em": em, "f1": f1, "qa": metrics.qa_score(f1, em)}
    return {"acc": 100 * float(items["right"].sum()) / len(items["right"])}


def items_of(
    task: Task, rows: list[dict], said: Sequence, names: list[str], code: str
) -> metrics.Items:
    """What each row contributes to the metrics of `metrics_of`, a column each: (num_rows,)."""
    gold = task.inputs[-1]
    if task.kind == "tagging":
        return metrics.tagging_columns([[names[int(t)] for t in r[gold]] for r in rows], said)
    if task.kind == "span":
        normalise = _normalise(task, code)
        answers = [r["answers"]["text"] for r in rows]
        return metrics.squad_items(answers, list(said), normalise)._asdict()
    return {"right": metrics.accuracy_items([int(r[gold]) for r in rows], list(said))}


def scores(spec: Spec, out: Path, say: Say) -> None:
    """scores.parquet (language, split, metric, value), predictions.parquet, data.json (counts), and
    items.parquet: language, row, and what the row contributes (`items_of`).
    """
    task = tasks.target(spec["task"])
    source, number = spec["where"]["parent"], spec.get("checkpoint")
    tokenizer = load_tokenizer(source)
    if task.kind in AS_IT_IS:
        return AS_IT_IS[task.kind](spec, task, tokenizer, out)
    names = json.loads((Path(source) / "data.json").read_text())["names"]
    state = Path(source) / STATE.format(number) if number else source  # on the way, or kept
    head = load_file(Path(state) / "head.safetensors")
    model = Model(load_lm(state), {task.name: (task.kind, len(names))}, 0).eval()
    model.heads[task.name].load_state_dict(head)
    split, rows_out, said_out, items_out = split_of(task, spec["split"]), [], [], []
    hub_of, limit, noise = spec["where"]["hub"], spec.get("examples"), noise_of(spec)
    length, found = model.room(spec["max_length"]), dict[str, encoded.Encoded]()
    for code in spec["languages"]:
        read = encoded.read(task, split, hub_of, code, limit, tokenizer, length, noise)
        if read.names != names:
            raise XitError(
                f"{task.name} in {code!r} has labels {read.names}, but was trained with {names}"
            )
        found[code] = read
    said_of = _said(model, task, found, names, tokenizer.pad_token_id)
    for code, said in said_of.items():
        items = items_of(task, found[code].rows, said, names, code)
        for metric, value in totals(task, items).items():
            rows_out.append(
                {"language": code, "split": spec["split"], "metric": metric, "value": value}
            )
        said_out += [{"language": code, "row": i, "prediction": json.dumps(p, ensure_ascii=False)}
                     for i, p in enumerate(said)]  # fmt: skip
        items_out.append(_items(code, items))
    counted = {code: read.dropped | read.counts for code, read in found.items()}
    pd.DataFrame(rows_out).to_parquet(out / "scores.parquet", index=False)
    pd.DataFrame(said_out).to_parquet(out / "predictions.parquet", index=False)
    pd.concat(items_out).to_parquet(out / "items.parquet", index=False)
    (out / "data.json").write_text(json.dumps(counted, indent=1) + "\n")
    return None


def _said(
    model: Model, task: Task, found: dict[str, encoded.Encoded], names: list[str], pad: int
) -> dict[str, list]:
    """Language → what the model says for each of its rows. All languages share the batches, which
    are then fuller and have less padding.
    """
    rows, features = list[dict](), list[encode.Feature]()
    for read in found.values():
        features += [f | {"row": f["row"] + len(rows)} for f in read.features]
        rows += read.rows
    said = iter(predictions(model, task, features, rows, names, pad))
    return {code: list(islice(said, len(read.rows))) for code, read in found.items()}


def _items(code: str, items: metrics.Items) -> pd.DataFrame:
    """language, row, and the columns of `items`."""
    rows = range(len(next(iter(items.values()))))
    return pd.DataFrame({"language": code, "row": rows, **items})


def noise_of(spec: Spec) -> Noise | None:
    """The noise in the texts that the run of `spec` is scored on."""
    told = spec.get("noise")
    return Noise(told["kind"], told["rate"], told["seed"]) if told else None


def split_of(task: Task, split: str) -> tasks.Split:
    for one in (task.dev, task.test):
        if one is not None and one.split == split:
            return one
    raise XitError(f"{task.title} has no split {split!r}")


def _retrieval(spec: Spec, task: Task, tokenizer: PreTrainedTokenizerBase, out: Path) -> None:
    """Accuracy of sentence retrieval on every layer, by mean and by first token ("cls"), raw and
    with each language's mean removed; items.parquet: which sentences are found, raw and by mean.
    """
    model = Model.load(spec["where"]["parent"], {}, 0).eval()
    split, rows_out, items_out, counted = split_of(task, spec["split"]), [], [], {}
    noise, before = noise_of(spec), list[tuple[list[encode.Feature], np.ndarray]]()
    for code in spec["languages"]:
        length, pad = model.room(spec["max_length"]), tokenizer.pad_token_id
        read = encoded.sides(task, split, spec["where"]["hub"], code, tokenizer, length, noise)
        sides: list[np.ndarray] = []
        for features in read.features:
            # where languages are translations of one text, that is read once
            same = [vectors for known, vectors in before if known == features]
            sides.append(same[0] if same else predict.vectors(model, features, pad))
        before = list(zip(read.features, sides, strict=True))
        counted[code] = read.counts
        for pooling, *layers in zip(predict.POOLING, *sides, strict=True):
            for layer, (x, y) in enumerate(zip(*layers, strict=True)):
                shared = {"language": code, "split": spec["split"]}
                place = {"layer": layer, "pooling": pooling}
                right = retrieval.tatoeba_items(x, y).astype(np.float64)
                if pooling == "mean":
                    items_out.append(_items(code, {"right": right}).assign(layer=layer))
                found = {
                    "acc": 100 * float(right.mean()),
                    "acc_centred": retrieval.tatoeba_accuracy(
                        retrieval.centre(x), retrieval.centre(y)
                    ),
                }
                rows_out += [shared | {"metric": m, "value": v} | place for m, v in found.items()]
    pd.DataFrame(rows_out).to_parquet(out / "scores.parquet", index=False)
    pd.concat(items_out).to_parquet(out / "items.parquet", index=False)
    (out / "data.json").write_text(json.dumps(counted, indent=1) + "\n")


def _mining(spec: Spec, task: Task, tokenizer: PreTrainedTokenizerBase, out: Path) -> None:
    """F1 of mined pairs on one layer, mean-pooled, raw and with each side's mean removed.

    The threshold is the best one on the development corpora (Phang et al. 2020, Appendix A); it and
    the F1 there are in dev.parquet.
    """
    model = Model.load(spec["where"]["parent"], {}, 0).eval()
    where, pivot, layer = spec["where"]["hub"], spec["pivot"], spec["layer"]
    length, pad = model.room(spec["max_length"]), tokenizer.pad_token_id
    counted: dict[str, dict[str, dict[str, int]]] = {}  # language → split → counts

    def embedded(features: list[encode.Feature]) -> np.ndarray:
        return predict.vectors(model, features, pad, [layer], ["mean"])[0, 0]

    @cache
    def read(code: str, split: str) -> tuple[np.ndarray, np.ndarray, set[tuple[int, int]]]:
        """Vectors of both sides and the gold pairs; once, for raw and centred."""
        c = bucc.read(where, code, pivot, split)
        encoded = [encode.lines(texts, tokenizer, length) for texts in (c.source, c.target)]
        source, target = (embedded(features) for features, _ in encoded)
        size = {"read": len(c.source) + len(c.target), "gold pairs": len(c.gold)}
        told = encode.together(size, *(counts for _, counts in encoded))
        counted.setdefault(code, {})[split] = dict(told)
        place = [{x: i for i, x in enumerate(ids)} for ids in (c.source_ids, c.target_ids)]
        return source, target, {(place[0][a], place[1][b]) for a, b in c.gold}

    def mined(code: str, split: str, centred: bool) -> tuple[retrieval.Mined, set[tuple[int, int]]]:
        source, target, gold = read(code, split)
        if centred:
            source, target = retrieval.centre(source), retrieval.centre(target)
        return retrieval.margin_scores(source, target), gold

    rows, dev = [], []
    for code in spec["languages"]:
        for centred in (False, True):
            threshold, best = retrieval.best_threshold(*mined(code, "validation", centred))
            metric = "f1_centred" if centred else "f1"
            dev.append({"language": code, "metric": metric, "value": best, "threshold": threshold})
            found, gold = mined(code, spec["split"], centred)
            told = metrics.bucc_f1(sorted(gold), retrieval.mine(found, threshold))._asdict()
            shared = {"language": code, "split": spec["split"], "layer": layer}
            rows += [
                shared | {"metric": f"{metric}_centred" if centred else metric, "value": value}
                for metric, value in told.items()
            ]
    pd.DataFrame(rows).to_parquet(out / "scores.parquet", index=False)
    pd.DataFrame(dev).to_parquet(out / "dev.parquet", index=False)
    whole = {code: encode.together(*told.values()) for code, told in counted.items()}
    (out / "data.json").write_text(json.dumps(whole, indent=1) + "\n")


AS_IT_IS = {"retrieval": _retrieval, "mining": _mining, "ranking": ranking.scores}


@torch.inference_mode()
def mlm_loss(spec: Spec, out: Path, say: Say) -> None:
    """loss.parquet: masked-token loss (nats), accuracy (0-100) on held-out text by language."""
    tokenizer = load_tokenizer(spec["where"]["parent"])
    model = Model.load(spec["where"]["parent"], {}, 0).eval()
    mask = (tokenizer.mask_token_id, len(tokenizer), len(SPECIAL))
    rows, counted = [], {}
    for code, texts in corpus.texts(spec, heldout=True).items():
        some, length = texts[: spec["examples"]], model.room(spec["max_length"])
        features, told = encode.lines(some, tokenizer, length)
        counted[code] = {"read": len(some)} | dict(told)
        total, right, count = 0.0, 0, 0
        generator = torch.Generator().manual_seed(0)
        for indices in by_length(features, predict.TOKENS["cpu"]):
            batch = collate([features[i] for i in indices], tokenizer.pad_token_id)
            batch = mask_tokens(batch, *mask, 0.15, generator)
            chosen = batch["labels"] != encode.IGNORE
            scores, gold = model.lm.lm_head(model.hidden(batch)[chosen]), batch["labels"][chosen]
            total += float(torch.nn.functional.cross_entropy(scores, gold, reduction="sum"))
            right += int((scores.argmax(-1) == gold).sum())
            count += len(gold)
        rows.append({"language": code, "loss": total / count, "accuracy": 100 * right / count})
    pd.DataFrame(rows).to_parquet(out / "loss.parquet", index=False)
    (out / "data.json").write_text(json.dumps(counted, indent=1) + "\n")
