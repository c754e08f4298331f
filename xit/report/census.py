"""What a hub holds, row by row, as the tasks would read it: no model, no run.

    python -m xit.report.census HUB [MODEL]

prints a line for each dataset, split and language that the task table names, and for the texts of
study `mini`. Lengths are in tokens of MODEL (a directory or Hub id); without it, of a tokenizer
trained on those texts, in which letters it has not seen count one token each.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence

import pandas as pd
from transformers import PreTrainedTokenizerBase

from xit import study as studies
from xit.data import census, encode, hub
from xit.errors import XitError
from xit.report import rows
from xit.settings import MAX_LENGTH

VOCABULARY = 30_000  # entries of the tokenizer trained here

Corpora = Mapping[str, Sequence[str]]  # repository → languages


def of_hub(
    where: str,
    tokenizer: PreTrainedTokenizerBase,
    source: str = "en",
    corpora: Corpora | None = None,
    limit: int | None = None,
) -> tuple[pd.DataFrame, dict[str, dict[str, str]]]:
    """(a row each dataset, split and language; task and split → language that is missing → why).

    Columns: dataset, split, language, then `rows.line`, for windows as in the paper. Of each split
    at most `limit` rows of a fixed shuffle.
    """
    found: list[dict[str, object]] = []
    missing: dict[str, dict[str, str]] = {}
    for task, split, code in census.parts(source):
        room = MAX_LENGTH[task.kind]
        try:
            name = f"{split.repo} {hub.config(task, split, where, code)}"
            told = census.counts(task, split, where, code, tokenizer, room, source, limit)
        except XitError as error:
            missing.setdefault(f"{task.title} {split.split}", {})[code] = str(error)
            continue
        name = "xit/bucc2018" if task.kind == "mining" else name
        found.append({"dataset": name, "split": split.split, "language": code} | rows.line(told))
    for name, code, texts in _texts(where, corpora or {}):
        length = encode.lines(texts[:limit], tokenizer, 10**6)[1]["longest"]  # packed, never cut
        told = {"read": len(texts[:limit]), "longest": length}
        found.append({"dataset": name, "split": "train", "language": code} | rows.line(told))
    return rows.tidy(pd.DataFrame(found)), missing


def _texts(where: str, corpora: Corpora) -> Iterator[tuple[str, str, list[str]]]:
    for repo, codes in corpora.items():
        for code in codes:
            yield repo, code, list(hub.load(where, repo, code, "train")["text"])


def main(where: str, model: str | None = None) -> None:
    """Print `of_hub` as tab-separated values, then a line for each thing that is missing."""
    from xit.learn.model import load_tokenizer  # torch: only here
    from xit.learn.pretrain import train_tokenizer

    corpora = studies.load("mini", where).pretrain["corpora"]
    if model:
        tokenizer = load_tokenizer(model)
    else:
        texts = (t for _, _, lines in _texts(where, corpora) for t in lines)
        tokenizer = train_tokenizer(texts, VOCABULARY)
    frame, missing = of_hub(where, tokenizer, corpora=corpora)
    print(f"# tokenizer: {model or f'trained on the texts, {len(tokenizer)} entries'}")
    print(frame.to_csv(sep="\t", index=False, na_rep="–"), end="")
    for what, why in missing.items():
        print(f"# missing: {what}: {' '.join(why)} ({next(iter(why.values()))})")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except XitError as error:
        sys.exit(f"error: {error}")
