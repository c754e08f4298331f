"""Scores of prediction files, by the rules of `metrics`, without a model or a study.

    xit score xnli --gold labels/xnli --predictions predictions/xnli    # a line per language
    xit score squad_v2 --gold dev-v2.0.json --predictions said.json.gz

labels      one a line, or the last column of a TSV (xnli, paws_x, tatoeba: the line retrieved)
tags        one token a line, the tag in its last column, an empty line after each sentence
pairs       a line is a pair of sentence ids (bucc)
answers     gold: SQuAD's JSON, or parquet in Hub layout; predictions: JSON {question id: answer}
rankings    JSON {query id: [entity ids]} (mewslix, lareqa)

A directory holds one file per language: `test-<language>.tsv`, as XTREME's. All may be gzipped.
"""

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from xit import tasks
from xit.errors import XitError, unknown
from xit.score import metrics
from xit.terminal import aligned

OF_KIND = {"pair": "labels", "choice": "labels", "tagging": "tags", "span": "answers",
           "ranking": "rankings"}  # fmt: skip
FORMATS = {t.name: OF_KIND[t.kind] for t in (*tasks.INTERMEDIATE.values(), *tasks.TARGET.values())
           if t.kind in OF_KIND} | {
    "xnli": "labels", "paws_x": "labels", "tatoeba": "labels", "udpos": "tags", "panx": "tags",
    "xquad": "answers", "mlqa": "answers", "tydiqa": "answers", "bucc": "pairs",
}  # fmt: skip
ALIASES = {"pawsx": "paws_x", "bucc2018": "bucc", "mewslix": "mewsli_x"}  # XTREME's names
LANGUAGE = re.compile(r"test-([a-z]{2,3})(\.\w+)+")


class Scored(NamedTuple):
    """The scores of one file: every metric 0-100."""

    items: int  # lines, sentences, questions or queries in gold
    scores: dict[str, float]
    unanswered: int = 0  # items without a prediction; those score 0
    ignored: int = 0  # predictions for ids that gold does not have


def score(task: str, gold: Path, said: Path, language: str | None = None) -> dict[str, Scored]:
    """The scores of predictions `said` by language ("" if no name tells it).

    `language` says it for files of other names, and picks one from a directory. XitError if the
    task is unknown, a file is missing or unreadable, or gold and predictions do not fit.
    """
    name = ALIASES.get(task, task)
    if name not in FORMATS:
        raise unknown("task", task, [*FORMATS, *ALIASES])
    for path in (gold, said):
        if not path.exists():
            raise XitError(f"{path} does not exist")
    if said.is_dir() and not gold.is_dir():
        raise XitError(f"{said} is a directory, but the gold {gold} is one file")
    if said.is_dir():
        return {code: _file(name, *both, code) for code, both in _pairs(gold, said, language)}
    code = language or _language(said) or _language(gold)
    return {code: _file(name, gold, said, code)}


def averages(rows: dict[str, Scored]) -> dict[str, float]:
    """Each metric's unweighted mean over the languages, 0-100, as XTREME averages."""
    first = next(iter(rows.values())).scores
    return {m: metrics.over_languages({c: r.scores[m] for c, r in rows.items()}) for m in first}


def table(rows: dict[str, Scored]) -> str:
    """An aligned table: a line per language, then the average if there are several."""
    names = list(averages(rows))
    lines = [["language", "items", *names]]
    lines += [[c or "-", str(r.items), *(f"{r.scores[m]:.4f}" for m in names)]
              for c, r in rows.items()]  # fmt: skip
    if len(rows) > 1:
        lines += [["average", "", *(f"{x:.4f}" for x in averages(rows).values())]]
    told = [aligned(lines, range(1, len(lines[0])))]
    if left := sum(r.unanswered for r in rows.values()):
        told.append(f"{left} without a prediction: each scores 0")
    if more := sum(r.ignored for r in rows.values()):
        told.append(f"{more} predictions for ids that gold does not have: ignored")
    return "\n".join(told)


def as_json(task: str, rows: dict[str, Scored]) -> str:
    """The same for machines, every digit: {"task", "languages": {…}, "average": {…}}."""
    by_language = {
        code: {"items": r.items, "unanswered": r.unanswered, "ignored": r.ignored} | r.scores
        for code, r in rows.items()
    }
    told = {"task": ALIASES.get(task, task), "languages": by_language, "average": averages(rows)}
    return json.dumps(told, indent=1)


def _language(path: Path) -> str:
    found = LANGUAGE.fullmatch(path.name)
    return found[1] if found else ""


def _pairs(gold: Path, said: Path, language: str | None) -> list[tuple[str, tuple[Path, Path]]]:
    """(language, (gold file, prediction file)) of two directories."""
    there = [{_language(p): p for p in sorted(d.iterdir()) if _language(p)} for d in (gold, said)]
    wanted = [language] if language else sorted({*there[0], *there[1]})
    if not wanted:
        raise XitError(f"{gold} and {said} hold no files named test-<language>.tsv or .json")
    for path, files in zip((gold, said), there, strict=True):
        if lacking := [code for code in wanted if code not in files]:
            raise XitError(f"{path} has no file test-{lacking[0]}.* ({len(files)} languages there)")
    return [(code, (there[0][code], there[1][code])) for code in wanted]


def _file(task: str, gold: Path, said: Path, language: str) -> Scored:
    if task == "mlqa" and not language:
        raise XitError(f"mlqa is scored by language, and {said.name} names none: give --language")
    try:
        return SCORERS[FORMATS[task]](task, gold, said, language)
    except ValueError as error:  # of metrics: lengths differ, an empty tag, nothing to score
        raise XitError(f"{said}: {error}") from error


def _labels(task: str, gold: Path, said: Path, language: str) -> Scored:
    wanted, found = ([x.rsplit("\t", 1)[-1].strip() for x in _lines(p)] for p in (gold, said))
    return Scored(len(wanted), {"acc": metrics.accuracy(wanted, found)})


def _tags(task: str, gold: Path, said: Path, language: str) -> Scored:
    wanted, found = _sentences(gold), _sentences(said)
    return Scored(len(wanted), metrics.tagging_scores(wanted, found))


def _mined(task: str, gold: Path, said: Path, language: str) -> Scored:
    wanted, found = ([tuple(line.split()) for line in _lines(p)] for p in (gold, said))
    for path, pairs in ((gold, wanted), (said, found)):
        if odd := [pair for pair in pairs if len(pair) != 2]:
            raise XitError(f"{path}: {' '.join(odd[0])!r} is not a pair of sentence ids")
    return Scored(len(wanted), metrics.bucc_f1(wanted, found)._asdict())


def _answers(task: str, gold: Path, said: Path, language: str) -> Scored:
    wanted, found = _questions(gold), _table(said, str, "{question id: answer}")
    odd = _unanswered_and_ignored(wanted, found, gold, said)
    normalise = metrics.mlqa_tokens(language) if task == "mlqa" else metrics.squad_tokens
    rules = task == "squad_v2"  # elsewhere a question without gold answer is a mistake
    golds, answers = list(wanted.values()), [found.get(i) for i in wanted]
    return Scored(len(golds), metrics.qa_scores(golds, answers, normalise, rules), *odd)


def _rankings(task: str, gold: Path, said: Path, language: str) -> Scored:
    wanted, found = (_table(p, list, "{query id: [entity ids]}") for p in (gold, said))
    odd = _unanswered_and_ignored(wanted, found, gold, said)
    ranked = [found.get(i, []) for i in wanted]
    return Scored(len(wanted), {"map@20": metrics.map_at_20(list(wanted.values()), ranked)}, *odd)


SCORERS: dict[str, Callable[[str, Path, Path, str], Scored]] = {
    "labels": _labels,
    "tags": _tags,
    "pairs": _mined,
    "answers": _answers,
    "rankings": _rankings,
}


def _unanswered_and_ignored(wanted: dict, found: dict, gold: Path, said: Path) -> tuple[int, int]:
    """How many of `wanted` are not in `found`, and the other way round; XitError if most are not.

    SQuAD's own script ignores answers to other questions, and one published system has 28 of them
    (of 10,585). Where most are for other questions, it is the wrong file.
    """
    left, more = [i for i in wanted if i not in found], [i for i in found if i not in wanted]
    if len(more) > len(found) / 2:
        raise XitError(f"{said}: unknown id {more[0]!r}: not among the {len(wanted)} of {gold}")
    return len(left), len(more)


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
        return (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise XitError(f"cannot read {path}: {error}") from error


def _lines(path: Path) -> list[str]:
    """The lines of a file; XitError where one, or its last column, is empty before the end."""
    lines = _text(path).rstrip("\r\n ").split("\n")
    for number, line in enumerate(lines, start=1):
        if not line.rsplit("\t", 1)[-1].strip():
            raise XitError(f"{path}: line {number} is empty")
    return lines


def _sentences(path: Path) -> list[list[str]]:
    """The tags of each sentence."""
    blocks = re.split(r"\n\s*\n", _text(path).replace("\r\n", "\n").strip("\n"))
    rows = [[line.rstrip(" ") for line in b.split("\n") if line.strip()] for b in blocks]
    tags = [[re.split("[\t ]", line)[-1] for line in sentence] for sentence in rows]
    return [sentence for sentence in tags if sentence]


def _json(path: Path) -> object:
    try:
        return json.loads(_text(path))
    except json.JSONDecodeError as error:
        raise XitError(f"{path} is not JSON: {error}") from error


def _table(path: Path, kind: type, expected: str) -> dict:
    told = _json(path)
    if not isinstance(told, dict) or not all(isinstance(x, kind) for x in told.values()):
        raise XitError(f"{path}: expected {expected}")
    return told


def _questions(path: Path) -> dict[str, list[str]]:
    """Question id → gold answers: from SQuAD's JSON, or all parquet files of a dataset."""
    if path.is_dir() or path.suffix == ".parquet":
        return _parquet(path)
    told = _json(path)
    try:
        questions = [q for a in told["data"] for p in a["paragraphs"] for q in p["qas"]]  # type: ignore[index]
        return {q["id"]: [answer["text"] for answer in q["answers"]] for q in questions}
    except (KeyError, TypeError) as error:
        raise XitError(f"{path}: expected SQuAD's JSON, lacking {error}") from error


def _parquet(path: Path) -> dict[str, list[str]]:
    files = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
    if not files:
        raise XitError(f"{path} holds no parquet file (expected a dataset in Hub layout)")
    try:
        rows = [r for f in files for r in pq.read_table(f, columns=["id", "answers"]).to_pylist()]
        return {r["id"]: list(r["answers"]["text"]) for r in rows}
    except (OSError, KeyError, pa.ArrowException) as error:
        raise XitError(f"{path}: no questions with id and answers: {error}") from error
