"""Write the intermediate tasks, in the source language only."""

from collections.abc import Callable
from functools import partial

from datasets import Features

from xit.lab import choices, inference, pairs, reading, schema, tasks
from xit.lab.grammar import Grammar, Word
from xit.lab.languages import SOURCE
from xit.lab.tasks import Maker, Row
from xit.lab.world import World
from xit.lab.writer import Writer, fresh

SPLITS = (("train", "train"), ("validation", "dev"), ("test", "test"))  # split, its size


def english_tasks(
    write: Writer, world: World, grammars: dict[str, Grammar], size: dict[str, int], seed: int
) -> None:
    """SQuAD v1.1, HellaSwag and CCG."""
    grammar = grammars[SOURCE]
    makers: tuple[tuple[str, str, str, Callable[[Maker, str], Row], str, Features], ...] = (
        ("squad", "rajpurkar/squad", "plain_text",
         lambda m, name: tasks.squad_row(grammar, m.reading(), name), "context", schema.SQUAD),
        ("hellaswag", "Rowan/hellaswag", "default",
         lambda m, name: completed(grammar, m.completion(), name), "ctx", schema.HELLASWAG),
        ("ccg", "xit/ccgbank", "default",
         lambda m, _: tagged_row(tasks.tagged(grammar, m), "ccg_tags", schema.CCG), "tokens",
         schema.CCG_TAGS),
    )  # fmt: skip
    for task, repo, config, make, key, features in makers:
        seen: set[str] = set()
        for split, n in SPLITS[:2]:
            maker = Maker(world, f"{seed}/{split}/{task}")
            rows = fresh(make, maker, split, lambda r, key=key: str(r[key]), seen, size[n])  # type: ignore[misc]
            write(repo, config, split, rows, features)


def completed(grammar: Grammar, item: tasks.Completion, name: str) -> Row:
    """A row of HellaSwag called "split-number", and what it tells."""
    split, _, index = name.partition("-")
    return tasks.hellaswag_row(grammar, item, int(index), split) | {"item": item}


def tagged_row(words: list[Word], column: str, names: list[str]) -> Row:
    """A row of a tagging dataset; the tags are indices into `names`."""
    attribute = {"ccg_tags": "ccg", "pos_tags": "upos", "ner_tags": "ner"}[column]
    tags = [names.index(getattr(w, attribute)) for w in words]
    return {"tokens": [w.form for w in words], column: tags}


def english_inference(
    write: Writer, world: World, grammars: dict[str, Grammar], size: dict[str, int], seed: int
) -> None:
    """MNLI, which has two validation sets; SNLI; and ANLI's three rounds.

    ANLI+ is all of them, in upstream's proportions: of 1,104,934 training pairs 36 of 100 are
    MNLI's, 50 SNLI's and 15 ANLI's, whose rounds grow as 1 to 3 to 6; 14 of 100 development pairs.
    """
    grammar, seen = grammars[SOURCE], set[str]()
    for split, n in (
        ("train", "train"),
        ("validation_matched", "dev"),
        ("validation_mismatched", "dev"),
    ):
        maker = Maker(world, f"{seed}/{split}/mnli")
        rows = inferences(grammar, maker, inference.mnli, seen, size[n])
        write("nyu-mll/glue", "mnli", split, rows, schema.MNLI)
    seen = set()
    for split, n in SPLITS:
        maker, count = Maker(world, f"{seed}/{split}/snli"), size[n]
        count = count * 14 // 10 if split == "train" else count
        rows = inferences(grammar, maker, inference.snli, seen, count)
        write("stanfordnlp/snli", "plain_text", split, rows, schema.NLI)
    seen = set()
    for round_, share in ((1, 4), (2, 12), (3, 24)):  # percent of MNLI's
        totals = {"train": size["train"] * share // 100, "dev": size["dev"] // 10}
        for split, total in (totals | {"test": size["test"]}).items():
            name = f"{split}_r{round_}"
            maker = Maker(world, f"{seed}/{name}/anli")
            make = partial(inference.anli, round_=round_)
            rows = inferences(grammar, maker, make, seen, total)
            rows = [r | {"uid": f"lab-{name}-{i}", "reason": ""} for i, r in enumerate(rows)]
            write("facebook/anli", "plain_text", name, rows, schema.ANLI)


def inferences(
    grammar: Grammar,
    maker: Maker,
    make: Callable[[Maker], inference.Inference],
    seen: set[str],
    rows: int,
) -> list[Row]:
    """`rows` rows of premise and hypothesis that are not in `seen`."""
    made = fresh(
        lambda m, _: tasks.nli_row(grammar, i := make(m), 0) | {"item": i},
        maker,
        "",
        lambda r: f"{r['premise']}{r['hypothesis']}",
        seen,
        rows,
    )
    return [r | {"idx": i} for i, r in enumerate(made)]


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
