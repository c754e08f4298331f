"""Write the target tasks, in every language, and the text for the masked language model."""

from datasets import Features

from xit.lab import inference, mining, pairs, reading, schema, tasks
from xit.lab.english import SPLITS, tagged_row
from xit.lab.grammar import Grammar, Word, text
from xit.lab.languages import SOURCE
from xit.lab.tasks import Maker, Row
from xit.lab.world import Event, World
from xit.lab.writer import NOTE, Writer, distinct, fresh, take

# As upstream, these have fewer languages than the others: one at least of each word order, script
# and family among MLQA's, and of TyDiQA's every isolate.
MLQA = "qaa qac qae qag qai qak qal".split()
TYDIQA = "qaa qab qad qaf qah qai qaj qal qam".split()
BUCC = "qac qae qaf qal".split()


def translated_tasks(
    write: Writer, world: World, grammars: dict[str, Grammar], size: dict[str, int], seed: int
) -> None:
    """XNLI, XQuAD and Tatoeba: the same content in every language."""
    for split, n in (("validation", "dev"), ("test", "test")):
        maker = Maker(world, f"{seed}/{split}/translated")
        items = [inference.mnli(maker) for _ in range(size[n])]
        for code, grammar in grammars.items():
            rows = [tasks.nli_row(grammar, item, i) for i, item in enumerate(items)]
            write("facebook/xnli", code, split, rows, schema.NLI)
    maker = Maker(world, f"{seed}/xquad")
    readings = [maker.reading() for _ in range(size["test"])]
    seen: set[str] = set()
    told_once: list[Event] = []
    while len(told_once) < size["test"]:
        event = maker.sentence()
        if (told := text(grammars[SOURCE].statement(event))) not in seen:
            seen.add(told)
            told_once.append(event)
    for code, grammar in grammars.items():
        rows = [tasks.squad_row(grammar, item, f"{i:05d}") for i, item in enumerate(readings)]
        write("google/xtreme", f"XQuAD.{code}", "validation", rows, schema.SQUAD)
        if code != SOURCE:
            rows = [
                {
                    # the Hub's rows end in a newline and name a cache path; so do these
                    "source_sentence": text(grammar.statement(e)) + "\n",
                    "target_sentence": text(grammars[SOURCE].statement(e)) + "\n",
                    "source_lang": f"lab/tatoeba.{code}-{SOURCE}",
                    "target_lang": SOURCE,
                }
                for e in told_once
            ]
            write("google/xtreme", f"tatoeba.{code}", "validation", rows, schema.TRANSLATIONS)


def tagging_tasks(
    write: Writer, world: World, grammars: dict[str, Grammar], size: dict[str, int], seed: int
) -> None:
    """UD-POS and PAN-X: other sentences in each language; training data in the source only."""
    for code, grammar in grammars.items():
        seen: set[str] = set()
        for split, n in SPLITS:
            if split == "train" and code != SOURCE:
                continue
            maker = Maker(world, f"{seed}/{split}/{code}/tagging")
            words = sentences(grammar, maker, 2 * size[n], seen)
            tagged = [tagged_row(w, "pos_tags", schema.UPOS) for w in words[: size[n]]]
            write("google/xtreme", f"udpos.{grammar.language.name}", split, tagged, schema.POS_TAGS)
            tagged = [
                tagged_row(w, "ner_tags", schema.NER) | {"langs": [code] * len(w)}
                for w in words[size[n] :]
            ]
            write("google/xtreme", f"PAN-X.{code}", split, tagged, schema.NER_TAGS)


def sentences(grammar: Grammar, maker: Maker, count: int, seen: set[str]) -> list[list[Word]]:
    """`count` tagged sentences that are not in `seen`, which they are added to."""
    rows = distinct(
        lambda: {"words": tasks.tagged(grammar, maker)},
        lambda r: str([w.form for w in r["words"]]),  # type: ignore[attr-defined]
        seen,
    )
    return [list(r["words"]) for r in take(rows, count)]  # type: ignore[call-overload]


def paraphrases(
    write: Writer, world: World, grammars: dict[str, Grammar], size: dict[str, int], seed: int
) -> None:
    """PAWS-X: the same pairs in every language; training data in the source only."""
    seen: set[str] = set()
    for split, n in SPLITS:
        items = fresh(
            lambda m, _: {"item": pairs.paraphrase(m)},
            Maker(world, f"{seed}/{split}/pawsx"),
            split,
            lambda r: str(r["item"]),
            seen,
            size[n],
        )
        for code, grammar in grammars.items():
            if split != "train" or code == SOURCE:
                rows = [pairs.paws_row(grammar, r["item"]) for r in items]  # type: ignore[arg-type]
                write("google/xtreme", f"PAWS-X.{code}", split, rows, schema.PAWS)


def native_reading(
    write: Writer, world: World, grammars: dict[str, Grammar], size: dict[str, int], seed: int
) -> None:
    """MLQA and TyDiQA: other passages in each language.

    TyDiQA is one config for all languages, which only the ids tell apart; its training set is a
    quarter of SQuAD's in the source (upstream a twenty-fourth) and small in the other languages.
    """
    for code in MLQA:
        seen: set[str] = set()
        for split in ("validation", "test"):
            maker = Maker(world, f"{seed}/{split}/{code}/mlqa")
            make, name = reading.longer_reading, f"{code}-{split}"
            rows = reading.rows(grammars[code], maker, name, make, seen, size["test"])
            write("google/xtreme", f"MLQA.{code}.{code}", split, rows, schema.XTREME_QA)
    seen = set()
    for split in ("train", "validation"):
        told: list[Row] = []
        for code in TYDIQA:
            maker = Maker(world, f"{seed}/{split}/{code}/tydiqa")
            train = size["train"] // 4 if code == SOURCE else size["dev"] // 5
            count = train if split == "train" else size["test"]
            make, name = reading.native_reading, f"{code}-{split}"
            told += reading.rows(grammars[code], maker, name, make, seen, count)
        write("google/xtreme", "tydiqa", split, told, schema.XTREME_QA)


def translation_mining(
    write: Writer, world: World, grammars: dict[str, Grammar], size: dict[str, int], seed: int
) -> None:
    """BUCC: corpora of two languages as files, and the gold pairs as XTREME has them.

    Almost a quarter of the sentences have a translation, far more than upstream, so that the lab's
    small model finds some of them, and not all.
    """
    source, test = grammars[SOURCE], size["test"]
    for code in BUCC:
        for part, split, side, gold in (
            ("sample", "validation", test * 3 // 2, test * 7 // 20),
            ("training", "test", test * 3, test * 7 // 10),
        ):
            maker = Maker(world, f"{seed}/{part}/{code}/bucc")
            item = mining.corpora(maker, lambda e: text(source.statement(e)), side, gold)
            folder = write.root / "xit" / "bucc2018" / f"{code}-{SOURCE}"
            rows = mining.write_corpora(folder, part, grammars[code], source, item)
            write("google/xtreme", f"bucc18.{code}", split, rows, schema.TRANSLATIONS)
    card = f"---\nlicense: mit\n---\n\n# xit/bucc2018\n\n{NOTE}\n"
    (write.root / "xit" / "bucc2018" / "README.md").write_text(card, encoding="utf-8")


def stories(
    write: Writer, world: World, grammars: dict[str, Grammar], size: dict[str, int], seed: int
) -> None:
    """Monolingual text for the masked language model, not parallel."""
    for code, grammar in grammars.items():
        maker = Maker(world, f"{seed}/{code}/stories", uniform=0.2)
        rows: list[Row] = [{"text": tasks.story(grammar, maker)} for _ in range(size["text"])]
        write("xit/stories", code, "train", rows, Features(text=schema.TEXT))
