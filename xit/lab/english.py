"""Write the intermediate tasks, in the source language only."""

from collections.abc import Callable
from functools import partial
from itertools import count

from xit.lab import choices, pairs, reading, schema, tasks
from xit.lab.grammar import Grammar, Word
from xit.lab.languages import SOURCE
from xit.lab.tasks import Maker, Row
from xit.lab.world import World
from xit.lab.writer import Writer, distinct, fresh, take

SPLITS = (("train", "train"), ("validation", "dev"), ("test", "test"))  # split, its size


def english_tasks(
    write: Writer, world: World, grammars: dict[str, Grammar], size: dict[str, int], seed: int
) -> None:
    """MNLI, SQuAD v1.1, HellaSwag and CCG."""
    seen: dict[str, set[str]] = {"nli": set(), "squad": set(), "hellaswag": set(), "ccg": set()}
    for split, n in (("train", "train"), ("validation", "dev"), ("validation_mismatched", "dev")):
        maker = Maker(world, f"{seed}/{split}/english")
        english_split(write, grammars[SOURCE], maker, split, size[n], seen)


def english_split(
    write: Writer, grammar: Grammar, maker: Maker, split: str, rows: int, seen: dict[str, set[str]]
) -> None:
    """One split of each of these tasks; MNLI alone has a mismatched validation set."""
    index = count()
    mnli = distinct(
        lambda: tasks.nli_row(grammar, i := maker.inference(), next(index)) | {"item": i},
        lambda r: f"{r['premise']}{r['hypothesis']}",
        seen["nli"],
    )
    name = "validation_matched" if split == "validation" else split
    write("nyu-mll/glue", "mnli", name, take(mnli, rows), schema.MNLI)
    if split == "validation_mismatched":
        return
    squad = distinct(
        lambda: tasks.squad_row(grammar, maker.reading(), f"{split}-{next(index)}"),
        lambda r: str(r["context"]),
        seen["squad"],
    )
    write("rajpurkar/squad", "plain_text", split, take(squad, rows), schema.SQUAD)
    hellaswag = distinct(
        lambda: (
            tasks.hellaswag_row(grammar, i := maker.completion(), next(index), split) | {"item": i}
        ),
        lambda r: str(r["ctx"]),
        seen["hellaswag"],
    )
    write("Rowan/hellaswag", "default", split, take(hellaswag, rows), schema.HELLASWAG)
    ccg = distinct(
        lambda: tagged_row(tasks.tagged(grammar, maker), "ccg_tags", schema.CCG),
        lambda r: str(r["tokens"]),
        seen["ccg"],
    )
    write("xit/ccgbank", "default", split, take(ccg, rows), schema.CCG_TAGS)


def tagged_row(words: list[Word], column: str, names: list[str]) -> Row:
    """A row of a tagging dataset; the tags are indices into `names`."""
    attribute = {"ccg_tags": "ccg", "pos_tags": "upos", "ner_tags": "ner"}[column]
    tags = [names.index(getattr(w, attribute)) for w in words]
    return {"tokens": [w.form for w in words], column: tags}


def more_inference(
    write: Writer, world: World, grammars: dict[str, Grammar], size: dict[str, int], seed: int
) -> None:
    """SNLI, and ANLI's three rounds, whose training sets grow as 1 to 3 to 6."""
    seen: set[str] = set()
    for split, n in SPLITS:
        maker = Maker(world, f"{seed}/{split}/snli")
        rows = inferences(grammars[SOURCE], maker, pairs.snli, seen, size[n])
        write("stanfordnlp/snli", "plain_text", split, rows, schema.NLI)
    seen = set()
    for round_, share in ((1, 1), (2, 3), (3, 6)):
        totals = {"train": size["train"] * share // 10, "dev": size["dev"], "test": size["test"]}
        for split, total in totals.items():
            name = f"{split}_r{round_}"
            maker = Maker(world, f"{seed}/{name}/anli")
            make = partial(pairs.anli, round_=round_)
            rows = inferences(grammars[SOURCE], maker, make, seen, total)
            rows = [r | {"uid": f"lab-{name}-{i}", "reason": ""} for i, r in enumerate(rows)]
            write("facebook/anli", "plain_text", name, rows, schema.ANLI)


def inferences(
    grammar: Grammar,
    maker: Maker,
    make: Callable[[Maker], pairs.Inference],
    seen: set[str],
    rows: int,
) -> list[Row]:
    """`rows` rows of premise and hypothesis that are not in `seen`."""
    return fresh(
        lambda m, _: tasks.nli_row(grammar, make(m), 0),
        maker,
        "",
        lambda r: f"{r['premise']}{r['hypothesis']}",
        seen,
        rows,
    )


def quora(
    write: Writer, world: World, grammars: dict[str, Grammar], size: dict[str, int], seed: int
) -> None:
    """QQP; the labels of its test set are withheld, as GLUE's are."""
    seen: set[str] = set()
    for split, n in SPLITS:
        rows = fresh(
            lambda m, _: pairs.qqp_row(grammars[SOURCE], i := pairs.duplicate(m), 0) | {"item": i},
            Maker(world, f"{seed}/{split}/qqp"),
            split,
            lambda r: str(sorted((str(r["question1"]), str(r["question2"])))),
            seen,
            size[n],
        )
        rows = [r | {"idx": i} for i, r in enumerate(rows)]
        write("nyu-mll/glue", "qqp", split, withheld(rows, split, {"label": -1}), schema.QQP)


def withheld(rows: list[Row], split: str, gold: Row) -> list[Row]:
    """`rows` with `gold` for gold if `split` is the test split, which upstream has no gold for."""
    return [r | gold for r in rows] if split == "test" else rows


def harder_reading(
    write: Writer, world: World, grammars: dict[str, Grammar], size: dict[str, int], seed: int
) -> None:
    """SQuAD v2.0: two of three training questions have an answer, one of two in validation."""
    seen: set[str] = set()
    for split, n, answerable in (("train", "train", 2 / 3), ("validation", "dev", 1 / 2)):
        make = partial(reading.perhaps_answered, share=answerable)
        rows = reading.rows(
            grammars[SOURCE], Maker(world, f"{seed}/{split}/squad_v2"), split, make, seen, size[n]
        )
        write("rajpurkar/squad_v2", "squad_v2", split, rows, schema.SQUAD)


def multiple_choice(
    write: Writer, world: World, grammars: dict[str, Grammar], size: dict[str, int], seed: int
) -> None:
    """Cosmos QA and CommonsenseQA; the gold of their test sets is withheld, as upstream."""
    grammar = grammars[SOURCE]
    contexts: set[str] = set()
    questions: set[str] = set()
    for split, n in SPLITS:
        rows = fresh(
            lambda m, name: choices.cosmos_row(grammar, choices.cosmos(m), name),
            Maker(world, f"{seed}/{split}/cosmos_qa"),
            split,
            lambda r: str(r["context"]),
            contexts,
            size[n],
        )
        rows = withheld(rows, split, {"label": -1})
        write("allenai/cosmos_qa", "default", split, rows, schema.COSMOS)
        rows = fresh(
            lambda m, name: choices.commonsense_row(grammar, choices.commonsense(m), name),
            Maker(world, f"{seed}/{split}/commonsense_qa"),
            split,
            lambda r: f"{r['question']}{sorted(r['choices']['text'])}",  # type: ignore[index]
            questions,
            size[n],
        )
        rows = withheld(rows, split, {"answerKey": ""})
        write("tau/commonsense_qa", "default", split, rows, schema.COMMONSENSE)
