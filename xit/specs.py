"""Specs: what a run is, in words, before any of it is done. Light: imports no torch.

parent = specs.base(study)                                   # the pretrained model
spec = specs.fine_tune(study, "intermediate", task, parent, seed=1, settings=settings)
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

import huggingface_hub

from xit import runs, tasks, variants
from xit.data import bucc, corpus, hub, labelled, pools
from xit.data.typos import Noise
from xit.errors import XitError, unknown
from xit.paths import project
from xit.runs import Spec
from xit.settings import PRETRAIN, PROBE, SMOOTHING, checked_setting
from xit.study import Study
from xit.tasks import Split, Task
from xit.variants import Variant

RECIPES = {
    "pretrain": 2,  # 2: fused AdamW
    "mlm_loss": 1,
    "intermediate": 2,  # 2: sentences' last layer for the first token alone, rounded anew
    "target": 3,  # 2: dev.parquet, 3: as intermediate
    "scores": 3,  # 2: items.parquet, 3: as intermediate
    "retrieval": 3,  # scores of retrieval; 2: two ways of pooling, 3: items.parquet
    "ranking": 1,
    "probe": 1,
    "noise": 1,  # in what is scored
}  # raise when meaning changes
CHECKPOINT = "xit/lab/checkpoint"  # study files name it so


class Parent(NamedTuple):
    """A model to go on from: its identity and where it lies."""

    identity: str
    path: str


def store() -> runs.Store:
    """The project's run store."""
    return runs.Store(project() / "runs")


def data_of(study: Study) -> str:
    """The hub that `study` reads; XitError for a study whose user has to give one."""
    if study.hub is None:
        raise XitError(
            f"study {study.name!r} reads data from a directory in Hub layout: give HUB=…"
        )
    return study.hub


_READS: ContextVar[bool] = ContextVar("reads", default=True)


@contextmanager
def unread() -> Iterator[None]:
    """While it lasts, specs name their data and model instead of reading them.

    For a plan (xit/plan): such specs tell all about a run but its true identity, and none is made.
    """
    before = _READS.set(False)
    _forget()
    try:
        yield
    finally:
        _READS.reset(before)
        _forget()


def _forget() -> None:
    """Names of data are never taken for their content, nor the other way round."""
    fingerprint.cache_clear()
    pool.cache_clear()


def _content(read: Callable[..., str], *told: object) -> str:
    """`read(*told)`, a fingerprint of what is read; where nothing is `unread`, of its name."""
    if _READS.get():
        return read(*told)
    return hashlib.blake2b(repr((read.__name__, told)).encode(), digest_size=8).hexdigest()


@cache  # a study with all languages has more than the usual 128
def fingerprint(where: str, task: Task, split: Split, code: str, limit: int | None) -> str:
    """The fingerprint of the rows that a run will read."""
    return _content(labelled.identity, task, split, where, code, limit)


@cache
def pool(where: str, task: Task, split: Split, code: str) -> str:
    """The fingerprint of the queries and candidates that a ranking will read."""
    return _content(pools.identity, where, task, split, code)


def base(study: Study) -> Parent:
    """The pretrained model of `study`; for "pretrain", the run of its first notebook."""
    if study.model == "pretrain":
        spec = pretrain(study)
        return Parent(runs.identity(spec), str(store().path(spec)))
    return Parent(_content(model_identity, study.model), str(model_path(study.model)))


def model_path(model: str) -> str | Path:
    """A directory (relative ones: in the project) or a Hub id as it is."""
    path = Path(model)
    local = path if path.is_absolute() else project() / path
    return local if local.is_dir() else model


@lru_cache
def model_identity(model: str) -> str:
    """Hash of a local model's files, or `id@commit` of one on the Hub."""
    path = model_path(model)
    if isinstance(path, Path):
        files = sorted(p for p in path.glob("*") if p.suffix in (".safetensors", ".json"))
        digest = hashlib.blake2b(digest_size=6)
        for file in files:
            if file.name in ("config.json", "tokenizer.json") or file.suffix == ".safetensors":
                digest.update(file.name.encode() + file.read_bytes())
        return digest.hexdigest()
    try:
        return f"{model}@{huggingface_hub.model_info(model).sha}"
    except Exception:  # offline: what the cache holds
        try:
            cached = huggingface_hub.snapshot_download(model, local_files_only=True)
            return f"{model}@{Path(cached).name}"
        except Exception as error:
            raise XitError(
                f"model {model!r} is neither a directory of this project nor to be had from the Hub"
            ) from error


def pretrain(study: Study, **changed: object) -> Spec:
    """The spec of training a small XLM-R from nothing on the study's `pretrain` corpora."""
    settings = PRETRAIN | study.pretrain | {k: v for k, v in changed.items() if v is not None}
    for key in settings:
        if key not in (*PRETRAIN, "corpora"):
            raise unknown("setting of pretrain:", key, PRETRAIN)
    if not settings.get("corpora"):
        raise XitError(
            f"study {study.name!r} has no pretrain: corpora, so its model cannot be trained"
        )
    where = data_of(study)
    data = {
        f"{repo}/{code}": _content(_texts, where, repo, code)
        for repo, codes in settings["corpora"].items()
        for code in codes
    }
    return {
        "kind": "pretrain",
        "slug": study.name,
        "recipe": RECIPES["pretrain"],
        "settings": {k: v for k, v in settings.items() if k != "corpora"},
        "corpora": settings["corpora"],
        "data": data,
        "where": {"hub": where},
    }


def _texts(where: str, repo: str, code: str) -> str:
    """The fingerprint of a whole corpus."""
    told = json.dumps(list(hub.load(where, repo, code, "train")["text"]))
    return hashlib.blake2b(told.encode(), digest_size=8).hexdigest()


def mlm_loss(study: Study, parent: Parent, corpora: dict, examples: int = 200) -> Spec:
    """The spec of measuring `parent` as a language model on held-out text of `corpora`."""
    return {
        "kind": "mlm_loss",
        "slug": study.name,
        "recipe": RECIPES["mlm_loss"],
        "parent": parent.identity,
        "corpora": corpora,
        "data": pretrain(study)["data"],
        "examples": examples,
        "max_length": 128,
        "where": {"hub": data_of(study), "parent": parent.path},
    }


def fine_tune(
    study: Study,
    phase: str,
    task: Task,
    parent: Parent,
    seed: int,
    settings: dict,
    after: str = "",
    head: str = "",
) -> Spec:
    """The spec of fine-tuning `parent` on `task` in the study's source language.

    In another language where `task` is a translation (tasks.translated) or that language's own.
    `head`: of which task `parent` has a head to go on with; "" for a fresh one.
    """
    where, code = data_of(study), task.language or study.source
    if task.train is None or task.dev is None:
        raise XitError(f"{task.title} has no training data: it is scored as it is")
    tune = tasks.TUNE.get(task.name, task.dev)
    more: dict[str, object] = {"errors": task.errors} if task.language and not task.like else {}
    language = code if more else ""
    slug = Variant(task.name, language=language, errors=task.errors, knob=task.knob).slug
    more |= {"knob": task.knob} if task.knob else {}
    more |= {"head": head} if head else {}
    return more | {
        "kind": phase,
        "slug": f"{slug}{f'-after-{named(after)}' if after else ''}-seed{seed}",
        "recipe": RECIPES[phase],
        "task": task.name,
        "language": code,
        "seed": seed,
        "settings": settings,
        "parent": parent.identity,
        "data": {
            "train": fingerprint(where, task, task.train, code, settings["examples"]),
            "dev": fingerprint(where, task, tune, code, settings["eval_examples"]),
        },
        "where": {"hub": where, "parent": parent.path},
    }


def several(study: Study, parent: Parent, seed: int, settings: dict, **changed: object) -> Spec:
    """The spec of training `parent` on all other intermediate tasks of the study together."""
    parts = {t: study.part_settings(t, **changed) for t in study.parts()}
    single = [fine_tune(study, "intermediate", t, parent, seed, s) for t, s in parts.items()]
    return single[0] | {
        "slug": f"{tasks.MULTITASK}-seed{seed}",
        "task": tasks.MULTITASK,
        "settings": settings,
        "parts": {t.name: s for t, s in parts.items()},
        "data": {f"{x['task']} {k}": v for x in single for k, v in x["data"].items()},
    }


def with_mlm(
    study: Study, task: Task, parent: Parent, seed: int, settings: dict, **changed: object
) -> Spec:
    """The spec of training `parent` on `task`, with masked language modelling beside it.

    `changed` are settings of the language modelling (xit/settings.py: MLM).
    """
    where, mlm = data_of(study), study.continuation(**changed)
    settings = settings | {"learning_rate": settings["learning_rate"] * mlm["learning_rate_factor"]}
    spec = fine_tune(study, "intermediate", task, parent, seed, settings)
    sample = (where, mlm["corpora"], mlm["sentences"], mlm["alpha"])
    return spec | {
        "slug": f"{variant_of(spec)._replace(option='mlm').slug}-seed{seed}",
        "mlm": mlm,
        "data": spec["data"] | {"text": _content(corpus.fingerprint, *sample)},
    }


def with_adversary(
    study: Study, task: Task, parent: Parent, seed: int, settings: dict, **changed: object
) -> Spec:
    """The spec of training `parent` on `task` against a language discriminator, which reads text
    in all languages of the study's corpora but that of the task's data, each in the same share.

    `changed` are settings of the adversary (xit/settings.py: ADVERSARY).
    """
    where, told = data_of(study), study.opposition(**changed)
    check_layer(told["layer"], layers_of(study))
    spec = fine_tune(study, "intermediate", task, parent, seed, settings)
    told |= {"corpora": corpus.without(told["corpora"], spec["language"])}
    spec |= {"adversary": told}
    text = _content(corpus.fingerprint, where, told["corpora"], told["sentences"], 0.0)
    slug = f"{variant_of(spec).slug}-seed{seed}"
    return spec | {"slug": slug, "data": spec["data"] | {"text": text}}


def check_layer(layer: int, layers: int | None) -> None:
    """XitError if a model of so many `layers` has no hidden states of that number."""
    if layers is not None and layer > layers:
        raise XitError(f"adversary_layer = {layer}: the model has hidden states 0 to {layers}")


def layers_of(study: Study) -> int | None:
    """How many layers the study's model has, where that is known on this machine."""
    if study.model == "pretrain":
        return int((PRETRAIN | study.pretrain)["layers"])
    path = model_path(study.model)
    file: object = path / "config.json" if isinstance(path, Path) else None
    file = file or huggingface_hub.try_to_load_from_cache(study.model, "config.json")
    if not isinstance(file, str | Path) or not Path(file).is_file():
        return None
    return int(json.loads(Path(file).read_text())["num_hidden_layers"])


def probe(study: Study, parent: Parent, after: str, seed: int) -> Spec:
    """The spec of probing the states of `parent` for the language of held-out sentences.

    Nothing in it depends on a seed but `parent`: several seeds may share a run.
    """
    where, corpora = data_of(study), study.opposition()["corpora"]
    count = int(PROBE["sentences"])
    return {
        "kind": "probe",
        "slug": f"after-{named(after)}",
        "recipe": RECIPES["probe"],
        "parent": parent.identity,
        "corpora": corpora,
        "settings": PROBE,
        "data": {"text": _content(corpus.held_out_fingerprint, where, corpora, count)},
        "where": {"hub": where, "parent": parent.path, "seed": seed, "after": after},
    }


def at_length(study: Study, spec: Spec, length: int) -> Spec:
    """`spec` of an intermediate reading task with inputs of `length` tokens, packed or cut, and as
    many tokens in all (xit/data/packing.py). XitError if windows or the model are shorter."""
    rooms = {"max_length": spec["settings"]["max_length"], "the model": _positions(study)}
    for what, room in rooms.items():
        if room is not None and length > room:
            told = f"expected at most {room}, what {what} has room for"
            raise XitError(f"{spec['task']}#{length}: a length of {length} tokens: {told}")
    longer = spec | {"length": length}
    return longer | {"slug": f"{variant_of(longer).slug}-seed{spec['seed']}"}


def smoothed(spec: Spec, smooth_radius: object = None) -> Spec:
    """`spec` of an intermediate task with random noise on the embeddings (xit/learn/smooth.py), in
    a ball of `smooth_radius` times their length; None: that of settings.SMOOTHING."""
    usual = SMOOTHING["smooth_radius"][-1]
    radius = usual if smooth_radius is None else checked_setting("smooth_radius", smooth_radius)
    rough = spec | {"smooth": radius}
    return rough | {"slug": f"{variant_of(rough).slug}-seed{spec['seed']}"}


def _positions(study: Study) -> int | None:
    """The longest input of the study's model in tokens; None if only the Hub can tell."""
    if study.model == "pretrain":
        return int((PRETRAIN | study.pretrain)["positions"])
    file = Path(model_path(study.model)) / "config.json"
    return json.loads(file.read_text())["max_position_embeddings"] - 2 if file.exists() else None


def scored_split(study: Study, task: Task) -> Split:
    """The split that `task` is scored on: the test set if asked for and there is one, else dev."""
    split = task.test if study.split == "test" and task.test else task.dev
    assert split is not None
    return split


def scored_languages(study: Study, task: Task, split: Split) -> list[str]:
    """The study's languages of `task` that have `split`."""
    without = task.without_dev if split == task.dev else ()
    return [code for code in study.languages_of(task.name) if code not in without]


def scores(
    study: Study,
    task: Task,
    parent: Parent,
    after: str,
    seed: int,
    max_length: int | None = None,
    split: Split | None = None,
    examples: int | None = None,
    checkpoint: int | None = None,
    noise: Noise | None = None,
) -> Spec:
    """The spec of scoring the model `parent` on `task` in every language of the study.

    `max_length` is that of the training, by default the study's. What is scored as it is has no
    seed of its own: several seeds may share a run. `split` and so many `examples` of it instead of
    all of `scored_split`; `checkpoint`: a state on the way of the training, from 1; `noise`: in the
    texts that are scored.
    """
    where, split = data_of(study), split or scored_split(study, task)
    part = (f"-checkpoint{checkpoint}" if checkpoint else "") + ("-dev" if examples else "")
    part += f"-{noise.kind}{noise.rate:g}" if noise else ""
    mining: dict[str, object] = {}
    if noise and task.kind in ("mining", "ranking"):
        raise XitError(f"{task.title}: no noise is made in collections of sentences to search")
    ranking: dict[str, object] = {}
    codes = scored_languages(study, task, split)
    if task.kind == "ranking":
        ranking = {"layer": study.retrieval_layer}
        if task.dev and task.dev != split:  # an intermediate task is chosen by it
            ranking["dev"] = {code: pool(where, task, task.dev, code) for code in codes}
    if task.kind == "mining":
        threshold = {  # is chosen on these corpora
            code: _content(bucc.identity, where, code, study.source, "validation")
            for code in study.languages_of(task.name)
        }
        mining = {"pivot": study.source, "layer": study.retrieval_layer, "threshold": threshold}
    return (
        mining
        | ranking
        | {
            "kind": "scores",
            "slug": f"{task.name}-after-{named(after)}"
            + (f"-seed{seed}" if task.train else "")
            + part,
            "recipe": RECIPES[task.kind if task.kind in ("retrieval", "ranking") else "scores"],
            "task": task.name,
            "split": split.split,
            "parent": parent.identity,
            "checkpoint": checkpoint,
            "examples": examples,
            "noise": noise and noise._asdict() | {"recipe": RECIPES["noise"]},
            "max_length": max_length or study.settings("target", task)["max_length"],
            "languages": {
                code: _content(bucc.identity, where, code, study.source, split.split)
                if mining
                else pool(where, task, split, code)
                if ranking
                else fingerprint(where, task, split, code, examples)
                for code in codes
            },
            "where": {"hub": where, "parent": parent.path, "seed": seed, "after": after},
        }
    )


def variant_of(spec: Spec) -> Variant:
    """The intermediate task or variant that the run of `spec` has learnt."""
    language, errors = spec["language"] if "errors" in spec else "", spec.get("errors", 0.0)
    told = (language, errors, spec.get("knob") or "")
    if "adversary" in spec:  # its layer and weight by name, whether or not they are the study's
        against = spec["adversary"]
        levels = {"layer": against["layer"], "weight": against["weight"]}
        return Variant(spec["task"], "adv", *told, **levels)
    option = "mlm" if "mlm" in spec else "smooth" if "smooth" in spec else ""
    return Variant(spec["task"], option, *told, length=spec.get("length") or 0)


def task_of(spec: Spec, name: str) -> Task:
    """The row of the task `name` that the run of `spec` is trained on, translated or graded if it
    is."""
    row = tasks.learnt(name) if spec["kind"] == "target" else tasks.intermediate(name)
    if spec.get("knob"):
        return tasks.graded(row, spec["knob"])
    return tasks.translated(row, spec["language"], spec["errors"]) if "errors" in spec else row


def named(after: str) -> str:
    """An intermediate task's or variant's name as part of a directory's name."""
    return after if after == "none" else variants.parse(after).slug


def parent_of(spec: Spec) -> Parent:
    """The run of `spec` as the parent of another."""
    return Parent(runs.identity(spec), str(store().path(spec)))
