"""Rows as a dataset has them → as the encoders take them; what is dropped or mended is counted."""

from collections import Counter
from collections.abc import Sequence

from xit.errors import XitError, unknown
from xit.tasks import Task

LISTS = {
    "tagging": "words and tags",
    "span": "answers and offsets",
    "ranking": "answers and offsets",
}
PLACEHOLDER = -1  # the label of rows without a gold label (GLUE's test sets, a few of SNLI's rows)


def whole(raw: list[dict], task: Task, where: str) -> tuple[list[dict], Counter]:
    """The rows that have something in every column but that of the labels, and how many have not.

    XitError, naming the split `where` and the row, if its lists differ in length and should not.
    """
    label = task.columns[-1] if task.kind in ("pair", "choice") else ""
    kept = [r for r in raw if not any(_gap(v) for k, v in r.items() if k != label)]
    for row in kept if task.kind in LISTS else []:
        if task.kind == "tagging":
            lists = [row[column] for column in task.columns]
        else:
            lists = [row["answers"]["text"], row["answers"]["answer_start"]]
        if len({len(one) for one in lists}) > 1:
            raise _not_so(row, where, f"as many {LISTS[task.kind]}")
    return kept, Counter({"nothing in a column": len(raw) - len(kept)} if kept != raw else {})


def _gap(value: object) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return value is None or any(map(_gap, inner))


def reshaped(raw: list[dict], task: Task, where: str) -> list[dict]:
    """The rows with the columns `task.inputs`; XitError names the first that cannot have them."""
    made = []
    for row in raw:
        try:
            made.append(RESHAPE[task.name](row))
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise _not_so(row, where, f"a row of {task.title}") from error
    return made


def in_range(kept: list[dict], task: Task, where: str, count: int) -> None:
    """XitError, naming the split `where` and the row, where a label is not one of those there are:
    `count`, or as many as the row has endings; and where rows have more endings than others.
    """
    if task.kind not in ("pair", "choice", "tagging") or not kept:
        return
    gold = task.inputs[-1]
    choices = len(kept[0][task.inputs[1]]) if task.kind == "choice" else count
    for row in kept:
        if task.kind == "choice" and len(row[task.inputs[1]]) != choices:
            raise _not_so(row, where, f"{choices} endings, as the first has")
        labels = row[gold] if task.kind == "tagging" else [row[gold]]
        if any(not 0 <= int(x) < choices for x in labels):
            raise _not_so(row, where, f"labels from 0 to {choices - 1}")


def _not_so(row: dict, where: str, expected: str) -> XitError:
    return XitError(f"{where}: expected {expected}, not {ascii(row)[:300]}")


def _labelled(raw: list[dict], task: Task) -> tuple[list[dict], Counter]:
    gold = task.inputs[-1]
    kept = [r for r in raw if r[gold] not in (PLACEHOLDER, "", None)]
    known = [str(i) for i in range(len(task.labels))]
    for row in kept if known else []:
        if str(row[gold]) not in known:
            raise unknown(f"label of {task.name}", str(row[gold]), known)
    if raw and not kept:
        raise XitError(f"{task.name}: every label is a placeholder; this split has no gold labels")
    return kept, Counter({"no gold label": len(raw) - len(kept)})


def _as_they_are(raw: list[dict], task: Task) -> tuple[list[dict], Counter]:
    kept = [r for r in raw if r[task.columns[0]]]
    return kept, Counter({"empty": len(raw) - len(kept)})


def _stripped(raw: list[dict], task: Task) -> tuple[list[dict], Counter]:
    kept = [{k: v.strip() for k, v in r.items()} for r in raw]
    return kept, Counter()


def _realigned(raw: list[dict], task: Task) -> tuple[list[dict], Counter]:
    """Rows whose answers stand at their offset; those of google/xtreme may be shifted."""
    kept: list[dict] = []
    counts = Counter({"answers realigned": 0, "answers not found": 0, "no answer found": 0})
    for row in raw:
        texts, starts = [], []
        for answer, start in zip(
            row["answers"]["text"], row["answers"]["answer_start"], strict=True
        ):
            found = nearest(row["context"], answer, start)
            counts["answers realigned"] += found not in (start, None)
            counts["answers not found"] += found is None
            if found is not None:
                texts.append(answer)
                starts.append(found)
        if texts or not row["answers"]["text"]:
            kept.append(row | {"answers": {"text": texts, "answer_start": starts}})
    counts["no answer found"] = len(raw) - len(kept)
    return kept, counts


def nearest(context: str, answer: str, start: int) -> int | None:
    """The offset of the occurrence of `answer` nearest to `start`, or None; ties go left."""
    if not answer:
        return None
    before = context.rfind(answer, 0, max(0, start) + len(answer))
    after = context.find(answer, max(0, start))
    found = [x for x in (before, after) if x >= 0]
    return min(found, key=lambda x: abs(x - start)) if found else None


def _cosmos_qa(row: dict) -> dict:
    """Passage, then the question with each answer, as jiant encodes it."""
    endings = [f"{row['question']} {row[f'answer{i}']}" for i in range(4)]
    return {"context": row["context"], "endings": endings, "label": row["label"]}


def _commonsense_qa(row: dict) -> dict:
    """The question and its five choices; the key is a letter, "" in the test set."""
    letters, texts = row["choices"]["label"], row["choices"]["text"]
    label = letters.index(row["answerKey"]) if row["answerKey"] else PLACEHOLDER
    return {"context": row["question"], "endings": list(texts), "label": label}


def _social_iqa(row: dict) -> dict:
    """Context and question, then each answer, as in XTREME-R's script; the label is "1" to "3".

    Older copies of the dataset have a newline after it.
    """
    label = row["label"].strip()
    return {
        "context": f"{row['context']} {row['question']}",
        "endings": [row["answerA"], row["answerB"], row["answerC"]],
        "label": int(label) - 1 if label else PLACEHOLDER,
    }


def _xcopa(row: dict) -> dict:
    """Premise and question, then each choice, as in XTREME-R's script: the question is English in
    every language.
    """
    return {
        "context": f"{row['premise']} What was the {row['question']}?",
        "endings": [row["choice1"], row["choice2"]],
        "label": row["label"],
    }


def retagged(
    raw: list[dict],
    columns: Sequence[str],
    names: list[str] | None,
    tags: Sequence[str],
    where: str,
) -> tuple[list[dict], Counter]:
    """Rows of (tokens, tags) with the tags as places in `tags`, and how many words are left out.

    `names` are those of the numbers in `raw`, None where it has the names themselves. A word whose
    tag is not among `tags` is left out: Universal Dependencies' "_", which marks the written form
    of several words that follow it. XitError for a number that has no name, and names `where`.
    """
    tokens, gold = columns
    place, kept, left = {tag: i for i, tag in enumerate(tags)}, [], 0
    for row in raw:
        if names is not None and any(not 0 <= tag < len(names) for tag in row[gold]):
            raise _not_so(row, where, f"tags from 0 to {len(names) - 1}")
        named = [tag if names is None else names[tag] for tag in row[gold]]
        pairs = [(w, place[t]) for w, t in zip(row[tokens], named, strict=True) if t in place]
        left += len(named) - len(pairs)
        kept.append(row | {tokens: [w for w, _ in pairs], gold: [t for _, t in pairs]})
    return kept, Counter({"words left out": left})


RESHAPE = {
    "social_iqa": _social_iqa,
    "xcopa": _xcopa,
    "cosmos_qa": _cosmos_qa,
    "commonsense_qa": _commonsense_qa,
}
CLEAN = {
    "pair": _labelled,
    "choice": _labelled,
    "tagging": _as_they_are,
    "span": _realigned,
    "retrieval": _stripped,
    "mining": _stripped,
    "ranking": _realigned,
}
