"""Tables of a study's pages, from finished runs: tidy frames in, frames for readers out."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from xit import specs, tasks, variants
from xit.data import hub
from xit.errors import XitError
from xit.report import collapse, published, results, typology
from xit.report.chance import chance as chance  # which pages call tables.chance
from xit.report.page import Section
from xit.settings import BESIDE, MLM
from xit.specs import Parent
from xit.study import Study
from xit.tasks import Task
from xit.workers import Result

KINDS = {
    "pair": "two texts, one label.",
    "choice": "a context and several endings, one of them right.",
    "tagging": "one tag for each word.",
    "span": "a question and a passage; the answer is a span of the passage.",
    "retrieval": "find the translation of a sentence; nothing is trained.",
    "several": "all other intermediate tasks of the study at once.",
    "mining": "find which sentences of two collections translate each other; nothing is trained.",
}


class Titles(dict[str, str]):
    """Task name → title; what is not a task is a variant of one."""

    def __missing__(self, name: str) -> str:
        return variants.parse(name).title


def titles() -> dict[str, str]:
    """Task name → how the paper writes it; "none" and variants included."""
    known = {**tasks.INTERMEDIATE, **tasks.TARGET}
    return Titles({"none": "no intermediate task"} | {n: t.title for n, t in known.items()})


def whole(frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` with counts as whole numbers, also in a column where some are NaN ("–")."""
    return pd.DataFrame(
        {
            c: pd.Series(
                [int(v) if isinstance(v, float) and v == v else v for v in frame[c]], dtype=object
            )
            for c in frame
        }
    )


# -- the model --


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


# -- training --


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
    rows, _ = hub.rows(task, task.train, study.hub, task.language or study.source, count)
    return pd.DataFrame([{k: _short(v) for k, v in r.items()} for r in rows])


def about_examples(task: Task) -> str:
    """The caption of `examples`."""
    if task.name == tasks.MULTITASK:
        return "The tasks that are trained together; what their rows look like is on their pages."
    return f"Two training rows of {task.title}, as read from the hub."


def _short(value: object, most: int = 160) -> str:
    text = " ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= most else text[: most - 1] + "…"


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
                "task": titles()[str(specs.variant_of(run.spec))],
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
    return f"in {', '.join(titles()[t] for t in learnt.fallen)}" if learnt.fallen else "no"


def _each_part(path: Path) -> dict[str, float]:
    """Title → development score of each task of a multi-task run; {} of a run of one task."""
    about = json.loads((path / "data.json").read_text())
    return {titles()[told["task"]]: told["dev"] for told in about.get("parts", [])}


# -- scores --


def chain_scores(
    finished: Iterable[Sequence[Result]], study: Study, intermediate: str = ""
) -> pd.DataFrame:
    """The tidy score table of finished chains; `intermediate`: "" if the specs tell it."""
    frames = []
    for chain in finished:
        spec, path = chain[-1].spec, chain[-1].path
        after = intermediate or spec["where"]["after"]
        frames.append(_labelled(path, spec["task"], spec["where"]["seed"], study, after))
    return pd.concat(frames, ignore_index=True)


def study_scores(section: Section, names: Collection[str] | None = None) -> pd.DataFrame:
    """The tidy score table of all executed target sections of a study, from their records.

    `names`: only those after these intermediate tasks ("none" is one)."""
    frames = []
    for intermediate, record in section.records("target", names).items():
        for line in record["runs"]:
            if line["kind"] == "scores":
                path = specs.store().root / line["run"]
                frames.append(
                    _labelled(path, line["task"], line["seed"], section.study, intermediate)
                )
    return pd.concat(frames, ignore_index=True)


def _labelled(run: Path, task: str, seed: int, study: Study, intermediate: str) -> pd.DataFrame:
    """One run's scores; of retrieval the layer that the study names, and mean pooling."""
    file = run / "scores.parquet"
    if not file.exists():
        raise XitError(f"run {run.name} is not in the store any more: execute its section again")
    frame = pd.read_parquet(file)
    if "layer" in frame:
        chosen = min(study.retrieval_layer, int(frame["layer"].max()))
        frame = frame[frame["layer"] == chosen]
    if "pooling" in frame:
        frame = frame[frame["pooling"] == "mean"]
    frame = frame.assign(study=study.name, intermediate=intermediate, target=task, seed=seed)
    return frame[results.COLUMNS]


def main(scores: pd.DataFrame) -> pd.DataFrame:
    """Only each target's main metric."""
    return results.main(scores, {n: t.metric for n, t in tasks.TARGET.items()})


def baseline(frame: pd.DataFrame, study: Study) -> pd.DataFrame:
    """One row a target: source language, zero-shot mean (range over seeds), gap, chance, seeds and,
    where the frame has it, how many of them have collapsed."""
    rows = []
    for target, part in frame.groupby("target", sort=False):
        source = part[part["language"] == study.source].groupby("seed")["value"].mean()
        others = part[part["language"] != study.source].groupby("seed")["value"].mean()
        every = part[part["language"] != study.source].groupby("language")["value"].mean()
        rows.append(
            {
                "target": titles()[str(target)],
                "source": float(source.mean()) if len(source) else float("nan"),
                "zero-shot": float(others.mean()),
                "over seeds": f"{others.min():.1f} … {others.max():.1f}",
                "over languages": f"{every.min():.1f} … {every.max():.1f}",
                "gap": float(source.mean() - others.mean()) if len(source) else float("nan"),
                "chance": chance(study, str(target)),
                "split": ", ".join(sorted(set(part["split"]))),
                "seeds": len(others),
            }
            | _count_collapsed(part)
        )
    return pd.DataFrame(rows)


def _count_collapsed(part: pd.DataFrame) -> dict[str, object]:
    """{"collapsed": seeds} of one target's rows, "–" where nothing was trained; {} if not known."""
    if "collapsed" not in part:
        return {}
    fallen = part.loc[part["collapsed"], "seed"].nunique()
    return {"collapsed": int(fallen) if collapse.trained(part).any() else "–"}


def _marked(frame: pd.DataFrame, by: str) -> dict[str, str]:
    """Values of column `by` → titles, with † where collapsed runs are among their rows."""
    fallen = set(frame.loc[frame["collapsed"], by]) if "collapsed" in frame else set()
    mark = {True: f" {results.COLLAPSED}", False: ""}
    return {str(n): titles()[str(n)] + mark[n in fallen] for n in frame[by].unique()}


def language_order(study: Study) -> list[str]:
    """All languages of the study, source first, then by family and distance."""
    every = dict.fromkeys(c for t in study.targets for c in study.languages_of(t))
    codes = [study.source, *(c for c in every if c != study.source)]
    place = hub.root(str(study.hub))
    if not place or not (Path(place) / "typology").is_dir():
        return codes
    return typology.order(typology.languages(Path(place)), study.source, codes)


def every_metric(scores: pd.DataFrame, study: Study) -> pd.DataFrame:
    """One row a target and metric: source language and mean of the others, means over seeds."""
    told = scores.assign(
        where=(scores["language"] == study.source).map({True: "source", False: "zero-shot"})
    )
    out = told.groupby(["target", "metric", "where"], sort=False)["value"].mean().unstack()
    return out.rename(index=titles(), level="target").reset_index()


TYPOLOGY = {
    "name": "language",
    "family": "family",
    "script": "script",
    "order": "word order",
    "adposition": "adposition",
    "adjective": "adjective",
    "case": "case",
    "cognates": "cognates",
    "loanwords": "loanwords",
    "syntactic": "syntactic distance",
}


def languages(study: Study) -> pd.DataFrame:
    """The study's languages, near to far, with what the hub's typology table tells of them."""
    place = hub.root(str(study.hub))
    order = language_order(study)
    if not place or not (Path(place) / "typology").is_dir():
        return pd.DataFrame({"code": order, "language": [hub.language("", c)[1] for c in order]})
    known = typology.languages(Path(place)).reindex(order)
    columns = [c for c in TYPOLOGY if c in known]
    table = known[columns].rename(columns=TYPOLOGY).astype(object)
    return table.rename_axis("code").reset_index()


def wide(frame: pd.DataFrame, order: Sequence[str]) -> pd.DataFrame:
    """Languages × targets: mean over seeds; † at a target with collapsed runs."""
    out = frame.groupby(["language", "target"], sort=False)["value"].mean().unstack()
    out = out.reindex([c for c in order if c in out.index])
    return out.rename(columns=_marked(frame, "target")).reset_index()


def change_by_language(change: pd.DataFrame, order: Sequence[str]) -> pd.DataFrame:
    """Languages × intermediate tasks: mean change over targets and seeds, in points; † at a task
    after which runs have collapsed."""
    out = change.groupby(["language", "intermediate"], sort=False)["change"].mean().unstack()
    out = out.reindex([c for c in order if c in out.index])
    return out.rename(columns=_marked(change, "intermediate")).reset_index()


def beside_published(change: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Rows (intermediate, target): the paper's printed change and the study's, where both exist;
    then, where `change` has it, how many seeds of the study's have collapsed."""
    rows = []
    for mean in results.by_target(change).to_dict("records"):
        intermediate, target = mean["intermediate"], mean["target"]
        try:
            told = published.published_change(intermediate, target)
        except XitError:  # a task that the paper does not have
            continue
        rows.append(
            {
                "intermediate": titles()[intermediate],
                "target": titles()[target],
                "paper (XLM-R large, natural languages)": told,
                f"study {study.name} ({study.title})": float(mean["change"]),
            }
            | ({"collapsed seeds": mean["collapsed"]} if "collapsed" in mean else {})
        )
    return pd.DataFrame(rows)


def summary(change: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Intermediate tasks × targets as text: mean change and its range over seeds, in points."""
    means = results.by_target(change)
    frame = results.summary_table(means, rows=study.intermediate, columns=study.targets)
    frame = frame.rename(index=titles(), columns=titles())
    return frame.rename_axis("intermediate").reset_index()
