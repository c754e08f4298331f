"""From a spec to a run's files: the training phases. One function a kind of run.

What a trained model is scored on is in xit/score/run.py.
"""

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import torch
from transformers import PreTrainedTokenizerBase

from xit import specs, tasks
from xit.data import corpus, encode, encoded, labelled
from xit.errors import XitError
from xit.learn import pretrain as scratch
from xit.learn.adversary import Adversary, Discriminator
from xit.learn.hyper import Hyper
from xit.learn.model import Model, load_tokenizer
from xit.learn.smooth import smooth
from xit.learn.subspace import restrict
from xit.learn.train import History, train
from xit.learn.updates import Stream, number_of_steps
from xit.runs import STATE, Say, Spec
from xit.score import complexity, probe, run
from xit.tasks import Task


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
        finally:  # a worker lives on, and others may need the memory of the accelerator
            torch.cuda.empty_cache()
    return None


def _launch(spec: Spec, out: Path, processes: int, say: Say) -> None:
    """The same in several processes: a subprocess, since one that has used CUDA cannot fork.

    `say` is told the progress of the first of them, line by line.
    """
    with tempfile.TemporaryDirectory() as scratch_dir:
        file = Path(scratch_dir) / "spec.json"
        file.write_text(json.dumps(spec))
        # --multi_gpu: without it `accelerate launch` starts one process, or wants MPI
        command = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu"]
        command += ["--num_processes", str(processes), "--num_machines", "1"]
        command += ["--num_cpu_threads_per_process", "1", "--main_process_port", "0"]
        command += ["--mixed_precision", "no", "--dynamo_backend", "no"]
        command += ["-m", "xit", "run", str(file), "--into", str(out)]
        # unbuffered: its progress is told while it runs
        environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
        if not torch.cuda.is_available():
            environment["ACCELERATE_USE_CPU"] = "true"
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
        ) as child:
            lines: list[str] = []
            for line in child.stdout or ():
                lines.append(line.rstrip())
                if line.startswith("step "):
                    say(line.rstrip())
        if child.returncode:
            raise XitError(cause(lines))


def cause(lines: Sequence[str]) -> str:
    """Why several processes failed, from what they wrote: the first error in one line, else the
    end, where the launcher says which of them it was."""
    told = next((x.removeprefix("error: ") for x in lines if x.startswith("error: ")), "")
    return told or "distributed training failed:\n" + "\n".join(lines[-30:])


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
    _save_history(out, history)


def _save_history(out: Path, history: History) -> None:
    pd.DataFrame(history.points).to_parquet(out / "history.parquet", index=False)
    summary = {k: v for k, v in vars(history).items() if k != "points"}
    (out / "summary.json").write_text(json.dumps(summary, indent=1) + "\n")


def _pretrain(spec: Spec, out: Path, say: Say) -> None:
    """A tokenizer and a masked language model; languages mixed in every batch, sizes smoothed."""
    s, texts = spec["settings"], corpus.texts(spec, heldout=False)
    share = corpus.smoothed({c: len(t) for c, t in texts.items()}, s["alpha"])
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


class Part(NamedTuple):
    """One task's share of a training: its data as the model reads them."""

    task: Task
    names: list[str]  # of the head's outputs
    stream: Stream
    dev: list[dict]  # rows
    features: list[encode.Feature]  # of `dev`
    dropped: dict[str, int]
    encoding: dict[str, int]
    tuning: dict[str, int]  # both of them, of `dev`

    def score(self, said: list, code: str) -> float:
        """The task's main metric for the predictions `said` of the development rows, 0-100."""
        return run.metrics_of(self.task, self.dev, said, self.names, code)[self.task.metric]

    def items(self, said: list, code: str) -> pd.DataFrame:
        """One row a development row: what it contributes to the metrics (`run.items_of`)."""
        return pd.DataFrame(run.items_of(self.task, self.dev, said, self.names, code))

    def said(self, model: Model) -> list:
        """The predictions of the development rows."""
        pad = self.stream.pad
        return run.predictions(model, self.task, self.features, self.dev, self.names, pad)


def _fine_tune(spec: Spec, out: Path, say: Say) -> None:
    """A model with a fresh head a task, kept in the state best on development data.

    Of several tasks (`parts`) every batch is of one, drawn with probability ∝ min(examples, limit)
    (Raffel et al. 2020); the development score is then the mean over the tasks.
    """
    where, s, code = spec["where"]["hub"], spec["settings"], spec["language"]
    parts_of = spec.get("parts", {spec["task"]: s})
    wanted = {specs.task_of(spec, name): told for name, told in parts_of.items()}
    names = {t: labelled.outputs(t, t.train, where, code) for t in wanted if t.train}
    heads = {t.name: (t.kind, len(n)) for t, n in names.items()}
    model = Model.load(spec["where"]["parent"], heads, spec["seed"])
    if "head" in spec:  # of the parent: what a target is learnt after
        _load_head(model, spec["task"], Path(spec["where"]["parent"]))
    tokenizer = load_tokenizer(spec["where"]["parent"])
    parts = [
        _part(
            task,
            names[task],
            told,
            where,
            code,
            tokenizer,
            model.room(told["max_length"]),
            spec.get("length"),
        )
        for task, told in wanted.items()
    ]
    if "smooth" in spec:
        smooth(model, spec["smooth"])
    if "parts" in spec:
        limit = s["limit"] or tasks.SAMPLING_LIMIT
        for part in parts:
            part.stream.batch_size = wanted[part.task]["batch_size"]
            part.stream.weight = min(part.stream.rows(), limit)
    hyper = Hyper(
        **{k: s[k] for k in ("learning_rate", "batch_size", "epochs", "eval_every", "patience")},
        checkpoints=spec.get("checkpoints") or 0,
    )

    best, said = -1.0, list[list]()  # of the state that will be kept: what it says

    def evaluate(model: Model) -> float:
        nonlocal best, said
        now = [part.said(model) for part in parts]
        mean = sum(part.score(x, code) for part, x in zip(parts, now, strict=True)) / len(parts)
        if mean > best:
            best, said = mean, now
        return mean

    def keep(number: int) -> None:
        if _main_process():
            place = out / STATE.format(number)
            model.lm.save_pretrained(place)
            _save_head(model, parts[0].task, place)

    streams = [part.stream for part in parts]
    if "mlm" in spec:
        beside = _text_beside(spec, tokenizer, model)
        hyper = _shared(streams[0], beside, hyper, spec["mlm"]["limit"])
        streams.append(beside)
    if spec.get("dimension"):
        factor = restrict(model, spec["dimension"], spec["seed"])
        hyper = replace(hyper, learning_rate=hyper.learning_rate * factor)
    against = _against(spec, tokenizer, model) if "adversary" in spec else None
    history = train(model, streams, hyper, spec["seed"], evaluate, _told(say), keep, against)
    if spec["kind"] == "subspace":  # a measurement: nothing goes on from it
        return _save_history(out, history)
    _save(out, model, tokenizer, history)
    about: list[dict] = [
        {
            "task": p.task.name,
            "names": p.names,
            "dropped": p.dropped,
            "encoding": p.encoding,
            "tuning": p.tuning,
        }
        for p in parts
    ]
    if len(parts) > 1:  # what each has come to, where the history has only their mean
        about = [
            told | {"dev": part.score(x, code)}
            for told, part, x in zip(about, parts, said, strict=True)
        ]
    data = about[0] if len(about) == 1 else {"parts": about}
    if "mlm" in spec:
        data["text windows"] = streams[-1].rows()
    if against:
        data["text sentences"] = len(against.texts)
    (out / "data.json").write_text(json.dumps(data, indent=1) + "\n")
    if len(parts) == 1:  # the heads of several are thrown away: nothing goes on from them
        _save_head(model, parts[0].task, out)
    if spec["kind"] == "target" and _main_process():  # how firm a choice between such runs is
        parts[0].items(said[0], code).to_parquet(out / "dev.parquet", index=False)
    return None


def _part(
    task: Task,
    names: list[str],
    s: dict,
    where: str,
    code: str,
    tokenizer: PreTrainedTokenizerBase,
    room: int,
    length: int | None = None,
) -> Part:
    """A task's data in windows of up to `room` tokens; with `length`, in inputs that are so long,
    as many tokens in all and an update."""
    assert task.train is not None and task.dev is not None
    tune = tasks.TUNE.get(task.name) or task.dev
    read = encoded.read(task, task.train, where, code, s["examples"], tokenizer, room)
    dev = encoded.read(task, tune, where, code, s["eval_examples"], tokenizer, room)
    size = None
    if length:
        natural, budget = len(read.features), sum(len(f["ids"]) for f in read.features)
        read = encoded.at_length(task, read, tokenizer, length, room, budget)
        dev = encoded.at_length(task, dev, tokenizer, length, room)
        size = max(1, round(s["batch_size"] * len(read.features) / natural))
    pad, together = tokenizer.pad_token_id, task.kind == "choice"
    stream = Stream(task.name, read.features, together=together, pad=pad, batch_size=size)
    tuning = dev.dropped | dev.counts
    return Part(task, names, stream, dev.rows, dev.features, read.dropped, read.counts, tuning)


def _text_beside(spec: Spec, tokenizer: PreTrainedTokenizerBase, model: Model) -> Stream:
    """Sentences of many languages for masked language modelling, as one more task's data."""
    s = spec["mlm"]
    texts = corpus.sample(spec["where"]["hub"], s["corpora"], s["sentences"], s["alpha"])
    length, windows = model.room(s["max_length"]), list[encode.Feature]()
    for lines in texts.values():  # a window is of one language
        windows += scratch.pack(encode.lines(lines, tokenizer, 10**6)[0], length, join=True)
    mask = (tokenizer.mask_token_id, len(tokenizer), len(scratch.SPECIAL))
    return Stream("mlm", windows, pad=tokenizer.pad_token_id, mask=mask, batch_size=s["batch_size"],
                  mask_rate=s["mask_rate"], weight=sum(map(len, texts.values())))  # fmt: skip


def _against(spec: Spec, tokenizer: PreTrainedTokenizerBase, model: Model) -> Adversary:
    """A discriminator of the language of the task's data (0) and of those of unlabelled text."""
    s, config = spec["adversary"], model.lm.config
    specs.check_layer(s["layer"], config.num_hidden_layers)
    texts = corpus.sample(spec["where"]["hub"], s["corpora"], s["sentences"], 0.0)
    names = [spec["language"], *dict.fromkeys(map(corpus.language, texts))]
    features: list[encode.Feature] = []
    for name, lines in texts.items():
        read, _ = encode.lines(lines, tokenizer, model.room(s["max_length"]))
        label = names.index(corpus.language(name))
        features += [{"ids": one["ids"], "label": label} for one in read]
    judge = Discriminator(config.hidden_size, len(names), s["layer"], spec["seed"])
    return Adversary(features, judge, s["weight"], s["rate"], tokenizer.pad_token_id)


def _shared(task: Stream, text: Stream, hyper: Hyper, limit: int) -> Hyper:
    """Weights of the two streams, ∝ min(examples, limit), and as many updates as give the task
    its epochs: beside text it is trained no less than alone.
    """
    task.weight, text.weight = min(task.rows(), limit), min(text.weight, limit)
    own = number_of_steps([task], hyper)
    return replace(hyper, max_steps=round(own * (task.weight + text.weight) / task.weight))


def _load_head(model: Model, task: str, parent: Path) -> None:
    """Give `task` the head that the run `parent` has kept; it must be of one kind."""
    from safetensors.torch import load_file

    model.heads[task].load_state_dict(load_file(parent / "head.safetensors"))


def _save_head(model: Model, task: Task, out: Path) -> None:
    """Write the task's head as `head.safetensors`."""
    from safetensors.torch import save_file

    save_file(
        {k: v.contiguous() for k, v in model.heads[task.name].state_dict().items()},
        out / "head.safetensors",
    )


BUILD = {
    "pretrain": _pretrain,
    "mlm_loss": run.mlm_loss,
    "intermediate": _fine_tune,
    "target": _fine_tune,
    "scores": run.scores,
    "information": complexity.information,
    "code_length": complexity.code_length,
    "subspace": _fine_tune,
    "probe": probe.language_probe,
}
