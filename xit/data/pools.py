"""Queries, and a pool of candidates in many languages that they are to be answered from.

LAReQA: questions of XQuAD, and every sentence of its passages in every language; right are the
sentences that hold the answer, one in each language (Roy et al. 2020). The sentences are those of
LAReQA's own files where the user has put them (`local/lareqa/xquad-r/en.json`, …), else of
xit/data/sentences.py: the Hub's copies of XQuAD-R have none.

Mewsli-X: mentions of entities in news of eleven languages, and descriptions of entities in fifty
(Ruder et al. 2021). The files that its `get-mewsli-x.sh` leaves, read as they are from
`xit/mewsli_x` of the hub or from `local/mewsli_x`:

    candidate_set_entities.jsonl    wikinews_mentions-dev.jsonl    wikinews_mentions-test.jsonl
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from xit.data import kept, labelled, sentences, supplied
from xit.errors import XitError, unknown
from xit.tasks import Split, Task

CODE = kept.code_of(__file__, sentences.__file__)  # what makes pools of rows
CANDIDATES = "candidate_set_entities.jsonl"
KEYS = ("entity_id", "description", "description_language")  # of its lines


class Texts(NamedTuple):
    """Texts, and what each is about: a candidate is right for a query that shares a key with it."""

    texts: list[str]
    keys: list[tuple[str, ...]]


class Pool(NamedTuple):
    """Queries and candidates by their language, and what became of the rows."""

    queries: dict[str, Texts]
    candidates: dict[str, Texts]
    counts: dict[str, dict[str, int]]


def read(
    where: str, task: Task, split: Split, codes: Sequence[str], limit: int | None = None
) -> Pool:
    """The queries of `codes`, and the pool; XitError for what is missing or not as described.

    `limit`: of so many rows a language (LAReQA), or lines of a file (Mewsli-X).
    """
    return READ[task.name](where, task, split, codes, limit)


def identity(where: str, task: Task, split: Split, code: str) -> str:
    """16 hex digits over the queries in `code` and the candidates that come with them."""
    if task.supplied:
        place = directory(where, task)
        files = [place / CANDIDATES, place / f"{split.config}-{split.split}.jsonl"]
        return "-".join(_digest(file, file.stat().st_mtime_ns)[:8] for file in files)

    def find() -> str:
        pool = read(where, task, split, [code])
        told = json.dumps([pool.queries, pool.candidates], ensure_ascii=False)
        return hashlib.blake2b(told.encode(), digest_size=8).hexdigest()

    return remembered(where, task, split, [code], "pool", find)


def remembered(
    where: str, task: Task, split: Split, codes: Sequence[str], asked: str, find: Callable[[], str]
) -> str:
    """What `find` says of the pool of `codes`; kept on disk where rows of a local hub make it."""
    if task.supplied or supplied.find(where, "xit/lareqa"):
        return find()
    return labelled.remembered(task, split, where, codes, [asked, CODE], find)


@lru_cache
def _digest(file: Path, modified: int) -> str:
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, lambda: hashlib.blake2b(digest_size=8)).hexdigest()


# -- LAReQA --


class Passage(NamedTuple):
    """A passage, where its sentences are, and its questions: text, id, where the answer begins."""

    text: str
    breaks: list[tuple[int, int]]
    questions: list[tuple[str, str, int]]


def _lareqa(where: str, task: Task, split: Split, codes: Sequence[str], limit: int | None) -> Pool:
    pool = Pool({}, {}, {})
    for code in codes:
        passages, counts = _passages(where, task, split, code, limit)
        asked: list[tuple[str, str]] = []
        told: list[tuple[str, list[str]]] = []
        for passage in passages:
            found: list[tuple[str, list[str]]] = [
                (passage.text[a:b], []) for a, b in passage.breaks
            ]
            for question, name, start in passage.questions:
                inside = [i for i, (a, b) in enumerate(passage.breaks) if a <= start < b]
                if inside:  # else a break stands within the answer's first characters
                    found[inside[0]][1].append(name)
                    asked.append((question, name))
            told += found
        asks = sum(len(p.questions) for p in passages)
        pool.counts[code] = counts | {
            "no sentence": asks - len(asked),
            "candidates": len(told),
        }
        pool.queries[code] = Texts([q for q, _ in asked], [(name,) for _, name in asked])
        pool.candidates[code] = Texts([s for s, _ in told], [tuple(names) for _, names in told])
    return pool


def _passages(
    where: str, task: Task, split: Split, code: str, limit: int | None
) -> tuple[list[Passage], dict[str, int]]:
    """The passages in one language, and counts of rows as from `labelled.rows`."""
    place = supplied.find(where, "xit/lareqa")
    file = place / "xquad-r" / f"{code}.json" if place else None
    if file and file.is_file():
        return _from_file(file)
    rows, counts = labelled.rows(task, split, where, code, limit)
    found: dict[str, Passage] = {}
    for row in rows:
        text = str(row["context"])
        passage = found.setdefault(text, Passage(text, sentences.breaks(text), []))
        start = row["answers"]["answer_start"][0]
        passage.questions.append((str(row["question"]), str(row["id"]), start))
    return list(found.values()), counts


def _from_file(file: Path) -> tuple[list[Passage], dict[str, int]]:
    """SQuAD's JSON with `sentence_breaks` beside each paragraph's `context`."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))["data"]
        passages = [
            Passage(
                p["context"],
                [(a, b) for a, b in p["sentence_breaks"]],
                [(q["question"], q["id"], q["answers"][0]["answer_start"]) for q in p["qas"]],
            )
            for article in data
            for p in article["paragraphs"]
        ]
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise XitError(f"{file}: expected LAReQA's JSON, with sentence_breaks ({error})") from error
    return passages, {"read": sum(len(p.questions) for p in passages)}


# -- Mewsli-X --


def directory(where: str, task: Task) -> Path:
    """Where the user has put the files of `task`; XitError says where they are looked for."""
    place = supplied.find(where, task.supplied)
    if place is None:
        raise XitError(f"no {task.supplied}: {supplied.SUPPLIED[task.supplied]}")
    for name in (CANDIDATES, *(f"{s.config}-{s.split}.jsonl" for s in (task.dev, task.test) if s)):
        if not (place / name).is_file():
            raise XitError(f"{task.title} lacks {name} in {place}")
    return place


def _mewsli_x(
    where: str, task: Task, split: Split, codes: Sequence[str], limit: int | None
) -> Pool:
    pool = Pool(mentions(where, task, split, codes, limit), {}, {})
    pool.counts.update({code: {"read": len(told.texts)} for code, told in pool.queries.items()})
    for row in _lines(directory(where, task) / CANDIDATES, KEYS, limit):
        told = pool.candidates.setdefault(row["description_language"], Texts([], []))
        told.texts.append(" ".join(row["description"].split()))
        told.keys.append((row["entity_id"],))
    return pool


def mentions(
    where: str, task: Task, split: Split, codes: Sequence[str], limit: int | None = None
) -> dict[str, Texts]:
    """Mewsli-X's queries: the mentions in each language of `codes`, and whom they are of."""
    found = {code: Texts([], []) for code in codes}
    file = directory(where, task) / f"{split.config}-{split.split}.jsonl"
    for row in _lines(file, ("context", "mentions"), limit):
        told = found.get(row["context"]["language"])
        if told is None:
            continue
        for mention in row["mentions"]:
            told.texts.append(_marked(row["context"], mention["mention_span"]))
            told.keys.append((mention["entity_id"],))
    if silent := [code for code, told in found.items() if not told.texts]:
        raise unknown(f"language of {task.title}:", silent[0], task.languages)
    return found


def _lines(file: Path, needed: Sequence[str], limit: int | None) -> Iterator[dict]:
    with file.open(encoding="utf-8") as handle:
        for number, line in enumerate(islice(handle, limit), start=1):
            try:
                row = json.loads(line)
                _ = [row[key] for key in needed]
            except (ValueError, KeyError, TypeError) as error:
                raise XitError(f"{file.name} line {number}: lacks {error}") from error
            yield row


def _marked(context: dict, span: dict) -> str:
    """The mention, then the sentence that it stands in, with the mention between braces.

    As Mewsli-X's own baseline writes it; the whole text where the mention is in no one sentence.
    """
    start, end, text = span["start"], span["end"], context["text"]
    around = [s for s in context["sentence_spans"] if s["start"] <= start and end <= s["end"]]
    first, last = (around[0]["start"], around[0]["end"]) if around else (0, len(text))
    mention = text[start:end]
    marked = f"{mention}: {text[first:start]} {{ {mention} }} {text[end:last]}"
    return " ".join(marked.split())


READ: dict[str, Callable[[str, Task, Split, Sequence[str], int | None], Pool]] = {
    "lareqa": _lareqa,
    "mewsli_x": _mewsli_x,
}
