"""Tables about models and their training, from specs and finished runs."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from xit import specs, tasks
from xit.data import labelled
from xit.report import collapse, results
from xit.report.names import TITLES
from xit.settings import BESIDE, MLM
from xit.specs import Parent
from xit.study import Study
from xit.tasks import Task
from xit.workers import Result


def model(parent: Parent, study: Study) -> pd.DataFrame:
    """Shape, size and origin of a model; XitError if its files are missing or damaged."""
    from xit.learn.model import load_lm, load_tokenizer  # torch: only where a model is opened

    lm, tokenizer = load_lm(parent.path), load_tokenizer(parent.path)
    c = lm.config
    rows = {
        "model": "trained from nothing by this notebook"
        if study.model == "pretrain"
        else study.model,
        "identity": parent.identity,
        "parameters": f"{sum(p.numel() for p in lm.parameters()):,}",
        "layers": c.num_hidden_layers,
        "width": c.hidden_size,
        "attention heads": c.num_attention_heads,
        "vocabulary": f"{len(tokenizer):,}",
        "longest input": f"{c.max_position_embeddings - 2:,} tokens",
    }
    return pd.DataFrame(rows.items(), columns=["", "value"])


def retrieval_spec(study: Study, parent: Parent) -> dict:
    """The spec of scoring sentence retrieval on the model as it is."""
    return specs.scores(study, tasks.target("tatoeba"), parent, "none", study.seed)


def layers(result: Result) -> pd.DataFrame:
    """Columns language, layer, kind ("raw", "centred"), value (0-100); mean pooling."""
    frame = pd.read_parquet(result.path / "scores.parquet").query("pooling == 'mean'")
    kinds = {"acc": "raw", "acc_centred": "centred"}
    return frame.assign(kind=frame["metric"].map(kinds))[["language", "layer", "kind", "value"]]


def by_layer(frame: pd.DataFrame) -> pd.DataFrame:
    """One row a layer: mean, lowest and highest language, raw and centred."""
    out = frame.groupby(["layer", "kind"])["value"].agg(["mean", "min", "max"]).unstack("kind")
    wide = pd.DataFrame(out)
    names = [f"{c[1]}, {c[0]}" for c in wide.columns.to_list()]
    wide.columns = pd.Index(names)
    return wide[sorted(names, reverse=True)].reset_index()


def continuation(study: Study, changed: Mapping[str, object]) -> pd.DataFrame:
    """Settings of language modelling beside a task: the paper's, and with what is `changed`.

    Names of `changed` are the notebook's (settings.BESIDE).
    """
    own = {BESIDE[k]: v for k, v in changed.items() if k in BESIDE}
    here = study.continuation(**own)
    corpora = ", ".join(
        f"{repo} ({len(codes)} languages)" for repo, codes in here["corpora"].items()
    )
    rows = [("text", "Wikipedia, 40 languages", corpora)]
    lost = {"alpha": "lost", "limit": "lost", "max_length": "not stated", "mask_rate": "not stated"}
    rows += [(k.replace("_", " "), lost.get(k) or f"{v:,}", f"{here[k]:,}") for k, v in MLM.items()]
    return pd.DataFrame(rows, columns=["", "paper", "here"])


def examples(study: Study, task: Task, count: int = 2) -> pd.DataFrame:
    """The first training rows of `task`, shortened."""
    assert study.hub is not None
    if task.name == tasks.MULTITASK:
        return pd.DataFrame({"task": [t.title for t in study.parts()]})
    assert task.train is not None
    rows, _ = labelled.rows(task, task.train, study.hub, task.language or study.source, count)
    return pd.DataFrame([{k: _short(v) for k, v in r.items()} for r in rows])


def about_examples(task: Task) -> str:
    """The caption of `examples`."""
    if task.name == tasks.MULTITASK:
        return "The tasks that are trained together; what their rows look like is on their pages."
    return f"Two training rows of {task.title}, as read from the hub."


def _short(value: object, most: int = 160) -> str:
    text = " ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= most else text[: most - 1] + "…"


def histories(results: Iterable[Result]) -> pd.DataFrame:
    """Training histories of fine-tuned runs: seed, task, step, loss, dev (0-100), learning_rate."""
    frames = [
        pd.read_parquet(r.path / "history.parquet").assign(seed=r.spec["seed"], task=r.spec["task"])
        for r in results
        if (r.path / "history.parquet").exists()
    ]
    columns = ["step", "loss", "dev", "learning_rate", "seconds", "seed", "task"]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)


def best(runs: Iterable[Result]) -> pd.DataFrame:
    """One row an intermediate run: seed, best development score and trivial baseline (0-100),
    whether it has collapsed (of several tasks: on which), at which update it was best, of how many.
    """
    rows = []
    for run in runs:
        told = json.loads((run.path / "summary.json").read_text())
        learnt = collapse.learnt(run.spec, run.path)
        rows.append(
            {
                "task": TITLES[str(specs.variant_of(run.spec))],
                "seed": run.spec["seed"],
                "best": learnt.best,
                "trivial": learnt.trivial,
                "collapsed": _fallen(learnt),
                "at update": told["best_step"],
                "of": told["steps"],
                "stopped early": "yes" if told["stopped_early"] else "no",
            }
            | _each_part(run.path)
            | {"run": run.path.name}
        )
    return pd.DataFrame(rows)


def _fallen(learnt: collapse.Learnt) -> str:
    if learnt.collapsed:
        return f"yes {results.COLLAPSED}"
    return f"in {', '.join(TITLES[t] for t in learnt.fallen)}" if learnt.fallen else "no"


def _each_part(path: Path) -> dict[str, float]:
    """Title → development score of each task of a multi-task run; {} of a run of one task."""
    about = json.loads((path / "data.json").read_text())
    return {TITLES[told["task"]]: told["dev"] for told in about.get("parts", [])}
