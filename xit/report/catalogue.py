"""The task table as a reader sees it, and the sizes of its datasets: paper, hub, and read here.

    catalogue.rows(study, "target")   # where each task's rows are
    catalogue.sizes(study)            # how many there are

Reads what there is of a hub, not its rows.
"""

from collections.abc import Iterable

import pandas as pd

from xit import specs, tasks
from xit.data import bucc, hub, labelled, look, pools, supplied
from xit.errors import XitError
from xit.report import details, published, tables
from xit.report.names import KINDS
from xit.settings import of_paper
from xit.study import Study
from xit.tasks import MULTITASK, Split, Task

NONE = float("nan")  # "–" in a table
TABLES = {"intermediate": tasks.INTERMEDIATE, "target": tasks.TARGET}
METRICS = {
    "acc": "accuracy",
    "f1": "F1 of chunks",
    "qa": "mean of F1 and exact match",
    "token_acc": "accuracy of tags",
    "mean": "mean over its tasks",
    "map@20": "mean average precision of the first 20",
}


def in_study(study: Study, phase: str) -> tuple[str, ...]:
    """The names of the study's tasks of one phase, "intermediate" or "target"."""
    return study.intermediate if phase == "intermediate" else study.targets


# -- what the tasks are --


def rows(study: Study, phase: str) -> pd.DataFrame:
    """A row each task: title, name, kind, where its rows are, columns, metric, in the study or not.

    A dataset is repository, config, split; {code}, {iso3}, {name} stand for the language.
    """
    told = []
    for task in TABLES[phase].values():
        metric = "F1 of mined pairs" if task.kind == "mining" else METRICS[task.metric]
        told.append({
            "task": task.title,
            "name": task.name,
            "in this study": _standing(study, phase, task),
            "kind": task.kind,
            "training": _first(task) + _split(task, task.train),
            "development": _split(task, task.dev),
            "test": _split(task, task.test),
            "columns": ", ".join(task.columns) or "–",
            "metric": metric,
            "note": _note(task),
        })  # fmt: skip
    return pd.DataFrame(told)


def _standing(study: Study, phase: str, task: Task) -> str:
    if task.name in in_study(study, phase):
        return "yes"
    if task.name in study.variants():
        return "in section source_language"
    return "no: its data are missing" if _lost(study, task) else "no"


def _lost(study: Study, task: Task) -> bool:
    """Whether the study's file has the task, but its user has not supplied the data."""
    return any(gap.startswith(f"{task.title}: ") for gap in study.gaps)


def _split(task: Task, split: Split | None) -> str:
    """ "repository config (split)" of each part, as the training set of ANLI+ has several."""
    if split is None:
        return "–"
    found: dict[str, list[str]] = {}
    for part in (split, *split.more):
        config = part.config or ", ".join(name for _, name in task.configs)
        found.setdefault(f"{part.repo} {config}", []).append(part.split)
    return "; ".join(f"{what} ({', '.join(names)})" for what, names in found.items())


def _first(task: Task) -> str:
    """What is learnt before the task's own training data, with "then" at its end; mostly ""."""
    return f"{_split(first := tasks.FIRST[task.first], first.train)}; then " if task.first else ""


def _note(task: Task) -> str:
    text = [task.note] if task.note else []
    if task.first:
        first = tasks.FIRST[task.first]
        text.append(f"goes on from {first.title} with the same head; {first.note}")
    places = dict.fromkeys(x.dev.repo for x in task.elsewhere if x.dev)
    if places:
        text.append(f"XTREME-R's further languages ({' '.join(task.further)}): {', '.join(places)}")
    if task.model_of:
        text.append(f"scored with the model trained for {tasks.target(task.model_of).title}")
    if tune := tasks.TUNE.get(task.name):
        text.append(f"early stopping on {_split(task, tune)}")
    return "; ".join(text) or "–"


def kinds() -> str:
    """What the kinds mean, a line each."""
    return "\n".join(f"- **{kind}**: {told}" for kind, told in KINDS.items())


def languages(study: Study) -> pd.DataFrame:
    """A row each target: how many languages in the paper, in the task table, here; and which."""
    paper, told = published.sizes(), []
    for task in tasks.TARGET.values():
        here = study.languages_of(task.name) if task.name in study.targets else ()
        printed = paper.get(("target", task.name), {}).get("languages", NONE)
        told.append({
            "target": task.title,
            "paper": printed,
            "task table": len(task.languages),
            "which": " ".join(task.languages),
            "XTREME-R beside these": " ".join(task.further) or "–",
            "this study": len(here) or NONE,
            "which here": ("the same" if here == task.languages else " ".join(here)) or "–",
        })  # fmt: skip
    return tables.whole(pd.DataFrame(told))


def paper_settings(phase: str) -> pd.DataFrame:
    """The paper's hyper-parameters, a row each task that is trained; first a row of sources.

    Of what the paper does not have, XTREME-R's.
    """
    every = [*TABLES[phase].values(), *(tasks.FIRST.values() if phase == "target" else ())]
    trained = [t for t in every if t.train or t.name == MULTITASK]
    values = {t: of_paper(phase, t) for t in trained}
    keys = list(values[trained[0]])
    told = [{"task": "source"} | {k: details.source_of(k) for k in keys}]
    for task, found in values.items():
        own = {"batch_size": "each task's", "max_length": "each task's"}
        own = own if task.name == MULTITASK else {}
        title = task.title + (" (XTREME-R's script)" if task.name in tasks.XTREME_R else "")
        told.append({"task": title} | {k: f"{v:g}" for k, v in found.items()} | own)
    return pd.DataFrame(told).rename(columns=lambda name: name.replace("_", " "))


# -- how many rows --


def sizes(study: Study) -> pd.DataFrame:
    """A row each task and use: examples in the paper, in the full datasets, in the hub, read here.

    Of test sets the lowest and highest language. NONE: not printed, not known, not there.
    """
    paper, told = published.sizes(), []
    for phase, table in TABLES.items():
        for task in table.values():
            printed = paper.get((phase, task.name), {})
            if task.first:
                told += _trained(study, phase, tasks.FIRST[task.first], {}, task.name)
            told += _trained(study, phase, task, printed)
            if phase == "target":
                told.append(_scored(study, task, printed))
    return tables.whole(pd.DataFrame(told))


def _trained(
    study: Study, phase: str, task: Task, paper: dict[str, int], use_of: str = ""
) -> list[dict]:
    """What `task` is trained and tuned on; `use_of`: the target that it is learnt before."""
    model = tasks.target(task.model_of) if task.model_of else task
    dev = tasks.TUNE.get(model.name, model.dev)
    if task.train is None or dev is None:
        return []
    chosen, used = study.settings(phase, model), (use_of or task.name) in in_study(study, phase)
    told = []
    for key, use, split, most in (
        ("train", "training", task.train, chosen["examples"]),
        ("dev", "early stopping", dev, chosen["eval_examples"]),
    ):
        there = in_hub(study, task, split, study.source)
        read = min(there, most or there) if there is not None else None
        told.append({
            "task": task.title,
            "phase": phase,
            "for": use,
            "paper": paper.get(key, NONE),
            "full dataset": _full(task, split),
            "this hub": NONE if there is None else there,
            "read here": read if read is not None and used else NONE,
        })  # fmt: skip
    return told


def _scored(study: Study, task: Task, paper: dict[str, int]) -> dict:
    split, used = specs.scored_split(study, task), task.name in study.targets
    codes = study.languages_of(task.name)
    there = _range(in_hub(study, task, split, code) for code in codes)
    printed = _range(paper.get(key) for key in ("test_low", "test_high"))
    return {
        "task": task.title,
        "phase": "target",
        "for": f"scoring ({split.split}), each language",
        "paper": printed,
        "full dataset": _range(_full(task, split, code) for code in task.languages),
        "this hub": there,
        "read here": there if used else NONE,
    }


def _range(values: Iterable[object]) -> object:
    """The one value there is, or "lowest–highest" of those that are known."""
    known = sorted({v for v in values if isinstance(v, int)})
    if len(known) > 1:
        return f"{known[0]}–{known[-1]}"
    return known[0] if known else NONE


def _full(task: Task, split: Split, code: str = "en") -> object:
    """Rows of the full dataset on the Hub, of `code` where the languages are apart."""
    split = task.where(split, code)
    try:
        names = [(p.repo, hub.config(task, p, "", code), p.split) for p in (split, *split.more)]
    except XitError:
        return NONE
    known = [look.upstream().get(name) for name in names]
    if not all(known):
        return NONE
    total = sum(told[0] for told in known if told)
    return f"{total} in all languages" if split.by_id else total


def in_hub(study: Study, task: Task, split: Split, code: str) -> int | None:
    """Rows that the hub has, of mining its gold pairs; None if it has none or does not say."""
    where, split = str(study.hub), task.where(split, code)
    try:
        if task.kind == "ranking" and task.supplied:  # mentions
            return len(pools.mentions(where, task, split, [code])[code].texts)
        if task.kind == "mining":
            gold = bucc.files(where, code, study.source, split.split)[2]
            return sum(bool(line.strip()) for line in gold.read_text("utf-8").splitlines())
        if split.by_id:  # of one config that holds all languages
            return labelled.rows(task, split, where, code)[1]["read"] if where else None
        found = [
            look.split(where, p.repo, hub.config(task, p, where, code), p.split, p.revision).rows
            for p in (split, *split.more)
        ]
    except XitError:
        return None
    return None if None in found else sum(n for n in found if n)


# -- words --


def sizes_in_words(table: pd.DataFrame) -> str:
    """Where the paper's sizes are not those of the full datasets."""
    both, apart = _apart(table)
    text = f"The paper prints, and the full datasets have, {len(both)} sizes of training and "
    text += f"development sets. {len(both) - len(apart)} of them are the same"
    return text + (f"; these are not (paper; full dataset): {'; '.join(apart)}." if apart else ".")


def _apart(table: pd.DataFrame) -> tuple[list[str], list[str]]:
    """What both paper and full dataset have a size of; those of them whose sizes differ, told."""
    learnt = table[table["for"].isin(["training", "early stopping"])]
    both = [
        (f"{r['task']}, {r['for']}", r["paper"], r["full dataset"])
        for r in learnt.to_dict("records")
        if isinstance(r["paper"], int) and isinstance(r["full dataset"], int)
    ]
    return [w for w, _, _ in both], [f"{w} ({a:,}; {b:,})" for w, a, b in both if a != b]


def read_in_words(table: pd.DataFrame) -> str:
    """How much of what its hub has this study trains on."""
    train = table[table["for"] == "training"]
    known = [
        (str(r["task"]), r["this hub"], r["read here"])
        for r in train.to_dict("records")
        if isinstance(r["this hub"], int) and isinstance(r["read here"], int)
    ]
    less = [f"{what} ({read:,} of {there:,})" for what, there, read in known if read < there]
    if less:
        return f"This study trains on a part of {', '.join(less)}."
    if known:
        return "This study trains on all rows that its hub has."
    return "How many rows there are to train on is not known here: the Hub does not say."


def refuting(table: pd.DataFrame) -> str:
    """What the sizes bear of the claim that the datasets are the paper's."""
    both, apart = _apart(table)
    text = "We hold that the datasets are the paper's. Equal sizes are a sign of it, not a proof. "
    if apart:
        text += f"Where sizes differ, {len(apart)} of {len(both)} here, only the dataset's name "
        text += "says that it is the paper's. "
    return text + "Other rows under the same name, in the authors' files, would refute it."


def not_here(study: Study) -> str:
    """Which tasks of the table the study leaves out, and what its user has to do to have them."""
    lines = []
    for phase, table in TABLES.items():
        for task in table.values():
            if task.name not in (*in_study(study, phase), *study.variants()):
                lines.append(f"- **{task.title}**: {_remedy(study, phase, task)}")
    if not lines:
        return "Every task of the table is in this study."
    return "\n".join(lines)


def _remedy(study: Study, phase: str, task: Task) -> str:
    entry = "intermediate" if phase == "intermediate" else "targets"
    entry = "variants" if task.like else entry  # of section source_language
    name = f"add `{task.name}` to `{entry}:` in `notebooks/studies/{study.name}.yaml`"
    if task.name == MULTITASK:
        return f"{name}."
    split = task.train or specs.scored_split(study, task)
    codes = (study.source,) if task.train else study.languages_of(task.name)
    if any(in_hub(study, task, split, code) is not None for code in codes):
        return f"{name}; this hub has its data."
    if task.supplied:
        needed = supplied.SUPPLIED[task.supplied]
        return needed + ("." if _lost(study, task) else f"; then {name}.")
    return f"this hub does not have {_split(task, split)}, or does not say so; with it, {name}."
