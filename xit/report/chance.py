"""What a task gives without being learnt: by guessing, and by one answer to everything.

chance(study, "xnli")     # 33.3, a guess among three labels
trivial(study, "paws_x")  # 54.7 on XTREME's English test set: "not a paraphrase", always
"""

from collections import Counter
from functools import lru_cache

from xit import specs, tasks
from xit.data import kept, labelled, pools
from xit.runs import Spec
from xit.score import metrics
from xit.study import Study
from xit.tasks import Split, Task

CODE = kept.code_of(__file__, metrics.__file__)  # what makes these numbers
UNTRAINED = ("retrieval", "mining", "ranking")  # kinds of target for which nothing is trained


def chance(study: Study, target: str) -> float:
    """What guessing scores on the source language's test rows, 0-100; on those of the first
    language where the target is not scored in the source language.

    Labels: one in so many. Tags: F1 of giving every word the most frequent tag. Answers: a random
    word of the passage. Retrieval: one in so many sentences; mining: next to nothing; a ranking:
    the candidates in a random order.
    """
    task, codes = tasks.target(target), study.languages_of(target)
    code = study.source if study.source in codes else codes[0]
    if task.kind == "ranking":
        split, hub_of = specs.scored_split(study, task), str(study.hub)
        return _chance_ranking(task, split, hub_of, code, tuple(codes))
    return _chance(task, specs.scored_split(study, task), str(study.hub), code)


def trivial(study: Study, target: str) -> float:
    """The best that can be had on the source language's test rows without reading them, 0-100.

    The better of `chance` and one answer to everything: the most frequent label or ending, the tag
    with the highest score (of names in running text that is not the most frequent one, "O"), the
    empty answer. A model that has learnt nothing often gives one answer to everything, which with
    uneven labels scores well above a fair guess. ValueError where nothing is trained.
    """
    task = tasks.target(target)
    if task.kind in UNTRAINED:
        raise ValueError(f"{task.title} trains nothing: it has no trivial baseline")
    split = specs.scored_split(study, task)
    return _trivial(task, split, str(study.hub), study.source, None)


def trivial_on_dev(spec: Spec) -> dict[str, float]:
    """Task → `trivial` on the development rows of a fine-tuned run; several of multi-task runs."""
    found = {}
    for name, told in spec.get("parts", {spec["task"]: spec["settings"]}).items():
        task = specs.task_of(spec, name)
        split = tasks.TUNE.get(name) or task.dev
        assert split is not None
        where, limit = spec["where"]["hub"], told["eval_examples"]
        found[name] = _trivial(task, split, where, spec["language"], limit)
    return found


@lru_cache
def _chance(task: Task, split: Split, where: str, code: str) -> float:
    if task.kind == "mining":
        return 0.0

    def find() -> str:
        rows, _ = labelled.rows(task, split, where, code)
        if task.kind == "retrieval":
            return repr(100 / len(rows))
        return repr(_guess(task, rows, labelled.outputs(task, split, where, code)))

    asked = ["chance", task.metric, CODE]
    return float(labelled.remembered(task, split, where, [code], asked, find))


@lru_cache
def _chance_ranking(
    task: Task, split: Split, where: str, code: str, codes: tuple[str, ...]
) -> float:
    """The expected mAP@20 of the queries in `code` if the pool of `codes` were ranked at random."""

    def find() -> str:
        pool = pools.read(where, task, split, codes)
        right = Counter(k for side in pool.candidates.values() for keys in side.keys for k in keys)
        size = sum(len(side.texts) for side in pool.candidates.values())
        values = [metrics.random_precision(right[key], size) for (key,) in pool.queries[code].keys]
        return repr(sum(values) / len(values))

    return float(pools.remembered(where, task, split, codes, f"chance {code} {CODE}", find))


@lru_cache
def _trivial(task: Task, split: Split, where: str, code: str, limit: int | None) -> float:

    def find() -> str:
        rows, _ = labelled.rows(task, split, where, code, limit)
        names = labelled.outputs(task, split, where, code)
        return repr(max(_guess(task, rows, names), _one_answer(task, rows, names)))

    asked = ["trivial", task.metric, limit, CODE]
    return float(labelled.remembered(task, split, where, [code], asked, find))


def _guess(task: Task, rows: list[dict], names: list[str]) -> float:
    """What a guess scores on `rows`; `names` of the labels or tags."""
    if task.kind == "span":
        words = [(r["context"].split(), set(r["answers"]["text"])) for r in rows]
        hits = sum(sum(w.strip(".?") in a for w in ws) / len(ws) for ws, a in words)
        return 100 * hits / len(rows)
    if task.kind == "tagging":
        tags = _tags(task, rows, names)
        return _with_tag(task, tags, max(names, key=_counts(tags).__getitem__))
    if task.kind == "choice":
        return 100 * sum(1 / len(r[task.inputs[1]]) for r in rows) / len(rows)
    return 100 / len(names)


def _one_answer(task: Task, rows: list[dict], names: list[str]) -> float:
    """The highest score that one answer to all `rows` can have."""
    if task.kind == "span":
        empty = [""] * len(rows)
        return metrics.qa_scores([r["answers"]["text"] for r in rows], empty)[task.metric]
    if task.kind == "tagging":
        tags = _tags(task, rows, names)
        # of words, no tag is right more often than the most frequent one: `_guess` has that
        every = _counts(tags) if task.metric == "f1" else {}
        return max((_with_tag(task, tags, tag) for tag in every), default=0.0)
    return 100 * max(Counter(int(r[task.inputs[-1]]) for r in rows).values()) / len(rows)


def _tags(task: Task, rows: list[dict], names: list[str]) -> list[list[str]]:
    return [[names[int(t)] for t in r[task.inputs[-1]]] for r in rows]


def _counts(tags: list[list[str]]) -> Counter[str]:
    return Counter(tag for line in tags for tag in line)


def _with_tag(task: Task, tags: list[list[str]], tag: str) -> float:
    """The score of giving every word `tag`."""
    return metrics.tagging_scores(tags, [[tag] * len(line) for line in tags])[task.metric]
