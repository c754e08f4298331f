"""From a spec to a run's files: pretraining, fine-tuning, scoring. One function a kind of run."""

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import torch
from transformers import PreTrainedTokenizerBase

from xit import tasks
from xit.data import encode, hub
from xit.data.batch import by_length, collate, mask_tokens
from xit.errors import XitError
from xit.learn import pretrain as scratch
from xit.learn.model import Model, load_lm, load_tokenizer
from xit.learn.train import History, Hyper, Stream, smoothed, train
from xit.runs import Spec
from xit.score import metrics, predict, retrieval
from xit.tasks import Task

Say = Callable[[str], None]
HELD_OUT = 50  # every 50th text of a corpus measures the language model
ENCODE = {
    "pair": encode.pair,
    "choice": encode.choice,
    "tagging": encode.tagging,
    "span": encode.span,
}


def build(spec: Spec, out: Path, say: Say = print) -> None:
    """Fill the directory `out` with the files of the run that `spec` describes."""
    torch.set_num_threads(int(os.environ.get("XIT_THREADS", "1")))  # the same sums on any machine
    processes = spec.get("settings", {}).get("processes") or 1
    if processes > 1 and "WORLD_SIZE" not in os.environ:  # else: one of the processes
        return _launch(spec, out, processes, say)
    with contextlib.redirect_stderr(io.StringIO()) as noise:
        try:
            BUILD[spec["kind"]](spec, out, say)
        except Exception:
            sys.__stderr__.write(noise.getvalue()) if sys.__stderr__ else None
            raise
    return None


def _launch(spec: Spec, out: Path, processes: int, say: Say) -> None:
    """The same in several processes: a subprocess, since one that has used CUDA cannot fork."""
    with tempfile.TemporaryDirectory() as scratch_dir:
        file = Path(scratch_dir) / "spec.json"
        file.write_text(json.dumps(spec))
        # torch's launcher sets what `accelerate launch` sets; the latter wants MPI on CPUs
        command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
        command += [
            "--nproc_per_node",
            str(processes),
            "-m",
            "xit",
            "run",
            str(file),
            "--into",
            str(out),
        ]
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        if not torch.cuda.is_available():
            environment["ACCELERATE_USE_CPU"] = "true"
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
        ) as child:
            tail: list[str] = []
            for line in child.stdout or ():
                tail = [*tail[-30:], line.rstrip()]
                if line.startswith("step "):
                    say(line.rstrip())
        if child.returncode:
            raise XitError("distributed training failed:\n" + "\n".join(tail))


def _main_process() -> bool:
    return int(os.environ.get("RANK", "0")) == 0


def _told(say: Say) -> Callable[[int, int, float, float | None], None]:
    def report(step: int, steps: int, loss: float, dev: float | None) -> None:
        if _main_process():
            say(f"step {step}/{steps} loss {loss:.3f}" + ("" if dev is None else f" dev {dev:.1f}"))

    return report


def _save(out: Path, model: Model, tokenizer: PreTrainedTokenizerBase, history: History) -> None:
    if not _main_process():
        return
    model.lm.save_pretrained(out)
    tokenizer.save_pretrained(out)
    pd.DataFrame(history.points).to_parquet(out / "history.parquet", index=False)
    summary = {k: v for k, v in vars(history).items() if k != "points"}
    (out / "summary.json").write_text(json.dumps(summary, indent=1) + "\n")


def corpus(spec: Spec, heldout: bool) -> dict[str, list[str]]:
    """Language → texts of all corpora; every HELD_OUT-th text is held out of training."""
    texts: dict[str, list[str]] = {}
    for repo, codes in spec["corpora"].items():
        for code in codes:
            lines = hub.load(spec["where"]["hub"], repo, code, "train")["text"]
            kept = [t for i, t in enumerate(lines) if (i % HELD_OUT == 0) == heldout and t.strip()]
            texts.setdefault(code, []).extend(kept)
    return texts


def _pretrain(spec: Spec, out: Path, say: Say) -> None:
    """A tokenizer and a masked language model; languages mixed in every batch, sizes smoothed."""
    s, texts = spec["settings"], corpus(spec, heldout=False)
    share = smoothed({c: len(t) for c, t in texts.items()}, s["alpha"])
    total = sum(len(t) for t in texts.values())
    # the tokenizer sees the languages in the same proportions as the model
    some = (t for c in texts for t in texts[c][: max(1, round(total * share[c]))])
    tokenizer = scratch.train_tokenizer(some, s["vocabulary"])
    mixed: list[encode.Feature] = []
    for code, lines in texts.items():
        features = scratch.pack(
            encode.lines(lines, tokenizer, 10**6)[0], s["max_length"], s["join"]
        )
        wanted = round(share[code] * total * len(features) / len(lines))
        mixed += [features[i % len(features)] for i in range(wanted)]
    mask = (tokenizer.mask_token_id, len(tokenizer), len(scratch.SPECIAL))
    shape = {k: s[k] for k in ("width", "layers", "heads", "inner", "positions")}
    lm = scratch.new_model(len(tokenizer), **shape, dropout=s["dropout"], seed=s["seed"])
    model = Model(lm, {}, s["seed"])
    hyper = Hyper(
        learning_rate=s["learning_rate"],
        batch_size=s["batch_size"],
        max_steps=s["steps"],
        warmup=s["warmup"],
        eval_every=s["log_every"],
        mask_rate=s["mask_rate"],
    )
    streams = [Stream("mlm", mixed, pad=tokenizer.pad_token_id, mask=mask)]
    _save(out, model, tokenizer, train(model, streams, hyper, s["seed"], None, _told(say)))


@torch.inference_mode()
def _mlm_loss(spec: Spec, out: Path, say: Say) -> None:
    """loss.parquet: masked-token loss (nats), accuracy (0-100) on held-out text by language."""
    tokenizer = load_tokenizer(spec["where"]["parent"])
    model = Model.load(spec["where"]["parent"], {}, 0).eval()
    mask = (tokenizer.mask_token_id, len(tokenizer), len(scratch.SPECIAL))
    rows = []
    for code, texts in corpus(spec, heldout=True).items():
        length = _room(model, spec["max_length"])
        features = encode.lines(texts[: spec["examples"]], tokenizer, length)[0]
        total, right, count = 0.0, 0, 0
        generator = torch.Generator().manual_seed(0)
        for indices in by_length(features, predict.TOKENS):
            batch = collate([features[i] for i in indices], tokenizer.pad_token_id)
            batch = mask_tokens(batch, *mask, 0.15, generator)
            chosen = batch["labels"] != encode.IGNORE
            scores, gold = model.lm.lm_head(model.hidden(batch)[chosen]), batch["labels"][chosen]
            total += float(torch.nn.functional.cross_entropy(scores, gold, reduction="sum"))
            right += int((scores.argmax(-1) == gold).sum())
            count += len(gold)
        rows.append({"language": code, "loss": total / count, "accuracy": 100 * right / count})
    pd.DataFrame(rows).to_parquet(out / "loss.parquet", index=False)


def _room(model: Model, wanted: int) -> int:
    """The window in tokens: what was asked for, or what the model can read if that is less."""
    return min(wanted, model.lm.config.max_position_embeddings - 2)


def encoded(
    task: Task, rows: list[dict], tokenizer: PreTrainedTokenizerBase, max_length: int
) -> tuple[list, dict]:
    """(features, counts of what was split or truncated)."""
    return ENCODE[task.kind](rows, task.columns, tokenizer, max_length)


def _fine_tune(spec: Spec, out: Path, say: Say) -> None:
    """A model with a fresh head trained on one task, kept in the state best on development data."""
    task = (tasks.intermediate if spec["kind"] == "intermediate" else tasks.target)(spec["task"])
    where, s, code = spec["where"]["hub"], spec["settings"], spec["language"]
    assert task.train is not None and task.dev is not None
    rows, dropped = hub.rows(task, task.train, where, code, s["examples"])
    tune = tasks.TUNE.get(task.name) or task.dev
    dev, _ = hub.rows(task, tune, where, code, s["eval_examples"])
    tokenizer = load_tokenizer(spec["where"]["parent"])
    pad = tokenizer.pad_token_id
    names = _label_names(task, task.train, where, code)
    model = Model.load(spec["where"]["parent"], {task.name: (task.kind, len(names))}, spec["seed"])
    length = _room(model, s["max_length"])
    features, counts = encoded(task, rows, tokenizer, length)
    heldout = encoded(task, dev, tokenizer, length)[0]
    stream = Stream(task.name, features, together=task.kind == "choice", pad=pad)
    hyper = Hyper(
        **{k: s[k] for k in ("learning_rate", "batch_size", "epochs", "eval_every", "patience")}
    )

    def evaluate(model: Model) -> float:
        made = predictions(model, task, heldout, dev, names, pad)
        return metrics_of(task, dev, made, names, code)[task.metric]

    history = train(model, [stream], hyper, spec["seed"], evaluate, _told(say))
    _save(out, model, tokenizer, history)
    model_file = {"names": names, "dropped": dropped, "encoding": dict(counts)}
    (out / "data.json").write_text(json.dumps(model_file, indent=1) + "\n")
    _save_head(model, task, out)


def _save_head(model: Model, task: Task, out: Path) -> None:
    """Write the task's head as `head.safetensors`."""
    from safetensors.torch import save_file

    save_file(
        {k: v.contiguous() for k, v in model.heads[task.name].state_dict().items()},
        out / "head.safetensors",
    )


def _label_names(task: Task, split: tasks.Split, where: str, code: str) -> list[str]:
    """What the head's outputs stand for; nothing to name for spans and choices."""
    if task.kind in ("span", "choice", "retrieval"):
        return [""] * 2
    return hub.label_names(task, split, where, code)


def predictions(
    model: Model, task: Task, features: list, rows: list[dict], names: list[str], pad: int
) -> list:
    """What the model says for each row: a label, a list of tag names, or an answer."""
    if task.kind == "tagging":
        said = predict.tags(model, task.name, features, pad)
        return [[names[t] for t in line] for line in said]
    if task.kind == "span":
        threshold = 0.0 if task.name == "squad_v2" else None
        contexts = [str(r[task.columns[1]]) for r in rows]
        return predict.answers(model, task.name, features, contexts, pad, threshold)
    return predict.labels(model, task.name, features, pad)


def metrics_of(
    task: Task, rows: list[dict], said: Sequence, names: list[str], code: str
) -> dict[str, float]:
    """All metrics of `task`, 0-100, for predictions `said` of `rows`."""
    gold = task.columns[-1]
    if task.kind == "tagging":
        tags = [[names[int(t)] for t in r[gold]] for r in rows]
        return metrics.tagging_scores(tags, list(said))
    if task.kind == "span":
        return metrics.qa_scores([r["answers"]["text"] for r in rows], list(said))
    return {"acc": metrics.accuracy([int(r[gold]) for r in rows], list(said))}


def _scores(spec: Spec, out: Path, say: Say) -> None:
    """scores.parquet (language, split, metric, value) and predictions.parquet."""
    task = tasks.target(spec["task"])
    source = spec["where"]["parent"]
    tokenizer = load_tokenizer(source)
    if task.kind == "retrieval":
        return _retrieval(spec, task, tokenizer, out, say)
    from safetensors.torch import load_file

    head = load_file(Path(source) / "head.safetensors")
    names = json.loads((Path(source) / "data.json").read_text())["names"]
    model = Model(load_lm(source), {task.name: (task.kind, len(names))}, 0).eval()
    model.heads[task.name].load_state_dict(head)
    split, rows_out, said_out, counted = _split(task, spec["split"]), [], [], {}
    for code in spec["languages"]:
        rows, dropped = hub.rows(task, split, spec["where"]["hub"], code)
        if (told := _label_names(task, split, spec["where"]["hub"], code)) != names:
            raise XitError(
                f"{task.name} in {code!r} has labels {told}, but was trained with {names}"
            )
        features, counts = encoded(task, rows, tokenizer, _room(model, spec["max_length"]))
        said = predictions(model, task, features, rows, names, tokenizer.pad_token_id)
        for metric, value in metrics_of(task, rows, said, names, code).items():
            rows_out.append(
                {"language": code, "split": spec["split"], "metric": metric, "value": value}
            )
        said_out += [{"language": code, "row": i, "prediction": json.dumps(p, ensure_ascii=False)}
                     for i, p in enumerate(said)]  # fmt: skip
        counted[code] = dropped | dict(counts)
    pd.DataFrame(rows_out).to_parquet(out / "scores.parquet", index=False)
    pd.DataFrame(said_out).to_parquet(out / "predictions.parquet", index=False)
    (out / "data.json").write_text(json.dumps(counted, indent=1) + "\n")
    return None


def _split(task: Task, split: str) -> tasks.Split:
    for one in (task.dev, task.test):
        if one is not None and one.split == split:
            return one
    raise XitError(f"{task.title} has no split {split!r}")


def _retrieval(
    spec: Spec, task: Task, tokenizer: PreTrainedTokenizerBase, out: Path, say: Say
) -> None:
    """Accuracy of sentence retrieval on every layer, raw and with each language's mean removed."""
    model = Model.load(spec["where"]["parent"], {}, 0).eval()
    split, rows_out = _split(task, spec["split"]), []
    for code in spec["languages"]:
        rows, _ = hub.rows(task, split, spec["where"]["hub"], code)
        sides = []
        for column in task.columns:
            texts, length = [r[column] for r in rows], _room(model, spec["max_length"])
            features, _ = encode.lines(texts, tokenizer, length)
            sides.append(predict.vectors(model, features, tokenizer.pad_token_id))
        for layer, (x, y) in enumerate(zip(*sides, strict=True)):
            found = {
                "acc": retrieval.tatoeba_accuracy(x, y),
                "acc_centred": retrieval.tatoeba_accuracy(retrieval.centre(x), retrieval.centre(y)),
            }
            for metric, value in found.items():
                rows_out.append(
                    {
                        "language": code,
                        "split": spec["split"],
                        "metric": metric,
                        "value": value,
                        "layer": layer,
                    }
                )
    pd.DataFrame(rows_out).to_parquet(out / "scores.parquet", index=False)


BUILD = {
    "pretrain": _pretrain,
    "mlm_loss": _mlm_loss,
    "intermediate": _fine_tune,
    "target": _fine_tune,
    "scores": _scores,
}
