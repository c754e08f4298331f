"""Sub-words shared with the source language: a distance that the tokenizer makes, not the linguist.

    told = of_study(study)              # index language: types, tokens, sub-word distance
    shares({"en": [[1, 2]], "de": [[2, 3]]}, "en")

Of every language the same number of sub-words is read, since more text has more types.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd

from xit import specs, tasks
from xit.data import labelled
from xit.errors import XitError
from xit.report.typology import OVERLAP
from xit.study import Study

TOKENS = 5_000  # sub-words read of each language, at most
ROWS = 400  # rows of each, at most
UNKNOWN = -1  # a sub-word that the tokenizer has no entry for
UNREAD = ("retrieval", "mining", "choice", "several")  # kinds whose rows are not read here


def shares(texts: Mapping[str, Sequence[Sequence[int]]], source: str) -> pd.DataFrame:
    """Of each language: `types`, the share of its different sub-words that the source has too;
    `tokens`, the share of its running ones; OVERLAP, 1 - tokens. 0-1, indexed by language.

    As many sub-words are read as the shortest language has, TOKENS at most; one that the tokenizer
    does not know (UNKNOWN) is shared with none. XitError without text of the source.
    """
    flat = {code: [t for line in lines for t in line] for code, lines in texts.items()}
    flat = {code: ids for code, ids in flat.items() if ids}
    if source not in flat:
        raise XitError(f"no text in the source language {source!r} to count sub-words in")
    most = min(TOKENS, *(len(ids) for ids in flat.values()))
    known = set(flat[source][:most]) - {UNKNOWN}
    rows = {}
    for code, ids in flat.items():
        read = ids[:most]
        types = set(read)
        running = sum(t in known for t in read) / len(read)
        rows[code] = {"types": len(types & known) / len(types), "tokens": running}
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis("language")
    return frame.assign(**{OVERLAP: 1 - frame["tokens"]})


def text_of(study: Study) -> str | None:
    """The target whose scored texts are read: that with the most languages, the first of several;
    None where no target has texts in the source language."""
    found: str | None = None
    for name in study.targets:
        codes = study.languages_of(name)
        if tasks.target(name).kind in UNREAD or study.source not in codes:
            continue
        if found is None or len(codes) > len(study.languages_of(found)):
            found = name
    return found


def of_study(study: Study) -> pd.DataFrame:
    """`shares` of the scored texts of `text_of` in every language, cut by the study's tokenizer.

    No rows where there is no such target. XitError where texts or tokenizer cannot be read.
    """
    name = text_of(study)
    if name is None:
        return pd.DataFrame(columns=["types", "tokens", OVERLAP]).rename_axis("language")
    task = tasks.target(name)
    split = specs.scored_split(study, task)
    encode = _tokenizer(specs.base(study).path)
    texts = {}
    for code in specs.scored_languages(study, task, split):
        rows, _ = labelled.rows(task, split, str(study.hub), code, ROWS)
        lines = [text for row in rows for text in _texts(row, task.inputs[:-1])]
        texts[code] = encode(lines)
    return shares(texts, study.source)


def _texts(row: Mapping[str, object], columns: Sequence[str]) -> Iterator[str]:
    """The texts of a row; words of a tagged sentence are joined, gold and ids left out."""
    for column in columns:
        value = row[column]
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield " ".join(map(str, value))


def _tokenizer(model: str) -> Callable[[list[str]], list[list[int]]]:
    """Texts → sub-words by the model's tokenizer, without special tokens; what it does not know is
    UNKNOWN. The fast tokenizer alone, which needs no torch."""
    from tokenizers import Tokenizer

    file = Path(model) / "tokenizer.json"
    try:
        told = Tokenizer.from_file(str(file)) if file.exists() else Tokenizer.from_pretrained(model)
    except Exception as error:  # the library's own type, or the network
        raise XitError(f"cannot read the tokenizer of {model!r}: {error}") from error
    lost = {told.token_to_id(name) for name in ("<unk>", "[UNK]")} - {None}

    def encode(lines: list[str]) -> list[list[int]]:
        every = told.encode_batch(lines, add_special_tokens=False)
        return [[UNKNOWN if t in lost else t for t in one.ids] for one in every]

    return encode
