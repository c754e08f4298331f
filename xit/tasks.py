"""The task table: where a task's rows are, its kind, and how the paper trained it.

A new task is a row here. Sources: Phang et al. 2020, Table 1 and Appendix A (sizes, batch sizes,
epochs, learning rates); XTREME `evaluate.py` (languages, metrics); the dataset cards (columns).
"""

import dataclasses
from dataclasses import dataclass

from xit.errors import XitError, unknown

LANGUAGES = {
    # code: (ISO 639-3 as Tatoeba's configs write it, name as udpos's configs write it)
    "en": ("eng", "English"),
    "af": ("afr", "Afrikaans"),
    "ar": ("ara", "Arabic"),
    "bg": ("bul", "Bulgarian"),
    "bn": ("ben", "Bengali"),
    "de": ("deu", "German"),
    "el": ("ell", "Greek"),
    "es": ("spa", "Spanish"),
    "et": ("est", "Estonian"),
    "eu": ("eus", "Basque"),
    "fa": ("pes", "Persian"),
    "fi": ("fin", "Finnish"),
    "fr": ("fra", "French"),
    "he": ("heb", "Hebrew"),
    "hi": ("hin", "Hindi"),
    "hu": ("hun", "Hungarian"),
    "id": ("ind", "Indonesian"),
    "it": ("ita", "Italian"),
    "ja": ("jpn", "Japanese"),
    "jv": ("jav", "Javanese"),
    "ka": ("kat", "Georgian"),
    "kk": ("kaz", "Kazakh"),
    "ko": ("kor", "Korean"),
    "ml": ("mal", "Malayalam"),
    "mr": ("mar", "Marathi"),
    "ms": ("msa", "Malay"),
    "my": ("mya", "Burmese"),
    "nl": ("nld", "Dutch"),
    "pt": ("por", "Portuguese"),
    "ru": ("rus", "Russian"),
    "sw": ("swh", "Swahili"),
    "ta": ("tam", "Tamil"),
    "te": ("tel", "Telugu"),
    "th": ("tha", "Thai"),
    "tl": ("tgl", "Tagalog"),
    "tr": ("tur", "Turkish"),
    "ur": ("urd", "Urdu"),
    "vi": ("vie", "Vietnamese"),
    "yo": ("yor", "Yoruba"),
    "zh": ("cmn", "Chinese"),
}

XNLI = "en ar bg de el es fr hi ru sw th tr ur vi zh".split()
UDPOS = (
    "en af ar bg de el es et eu fa fi fr he hi hu id it ja kk ko mr nl pt ru ta te th tl tr ur vi "
    "yo zh"
).split()
TATOEBA = [x for x in LANGUAGES if x not in ("en", "ms", "my", "yo")]
XQUAD = "en es de el ru tr ar vi th zh hi".split()
PAWS_X = "en de es fr ja ko zh".split()
MLQA = "en es de ar hi vi zh".split()
TYDIQA = "en ar bn fi id ko ru sw te".split()
UNER = {"en": "en_ewt", "de": "de_pud", "pt": "pt_pud", "ru": "ru_pud", "zh": "zh_pud"}


@dataclass(frozen=True)
class Split:
    """Rows of one split; `config` may hold {code}, {iso3} and {name} of the language."""

    repo: str
    config: str
    split: str
    by_id: bool = False  # all languages in one config: a row's id begins with its language
    more: tuple["Split", ...] = ()  # read after it, where a training set is several datasets


@dataclass(frozen=True)
class Task:
    """One row of the table; `kind` decides how rows are encoded, learnt and scored."""

    name: str
    title: str
    kind: str  # pair, choice, tagging, span, retrieval or mining
    train: Split | None  # in the source language
    dev: Split | None
    test: Split | None  # None: the benchmark has no separate test set, dev is scored
    columns: tuple[str, ...]  # of the dataset, as the encoder of this kind takes them, gold last
    metric: str  # the main metric; every value 0-100
    languages: tuple[str, ...] = ()  # those XTREME evaluates
    configs: tuple[tuple[str, str], ...] = ()  # language → config, where names follow no pattern
    fields: tuple[str, ...] = ()  # what data/hub.py makes of the columns, if not the same
    labels: tuple[str, ...] = ()  # their names, where the dataset has numbers without names
    without_dev: tuple[str, ...] = ()  # languages that have no development data
    model_of: str = ""  # the target whose trained model is scored here too
    batch_size: int = 0  # Phang et al. 2020, Appendix A
    epochs: int = 0  # likewise
    cite: str = ""  # key in book/references.bib
    supplied: str = ""  # the repository that the user has to supply: data/supplied.py
    language: str = ""  # of train and dev, where these are translated
    errors: float = 0.0  # share of content words that the lab's translator gets wrong in them
    knob: str = ""  # "facts-4": of train and dev, where the lab has made them so (KNOBS)
    note: str = ""  # where the row departs from the paper

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns of the rows that `hub.rows` gives, gold last."""
        return self.fields or self.columns


Splits = tuple[Split, Split, Split | None]  # train, dev, test


def _same(repo: str, config: str, train: str, dev: str, test: str | None) -> Splits:
    return (
        Split(repo, config, train),
        Split(repo, config, dev),
        Split(repo, config, test) if test else None,
    )


# K of Phang et al. 2020, from memory: the number is lost in the text that could be read
SAMPLING_LIMIT = 2**17
MULTITASK = "multitask"  # all other intermediate tasks of a study together
SQUAD = _same("rajpurkar/squad", "plain_text", "train", "validation", None)
MNLI = _same("nyu-mll/glue", "mnli", "train", "validation_matched", None)
SNLI = _same("stanfordnlp/snli", "plain_text", "train", "validation", None)
CHOICE = ("context", "endings", "label")


def _anli(split: str, *more: Split) -> Split:
    rounds = [Split("facebook/anli", "plain_text", f"{split}_r{i}") for i in (1, 2, 3)]
    return dataclasses.replace(rounds[0], more=(*rounds[1:], *more))


PAIR, QA = ("premise", "hypothesis", "label"), ("question", "context", "answers", "id")

INTERMEDIATE = {
    t.name: t
    for t in (
        Task("anli_plus", "ANLI+", "pair", train=_anli("train", MNLI[0], SNLI[0]),
             dev=_anli("dev", MNLI[1], SNLI[1]), test=None, columns=PAIR, metric="acc",
             batch_size=24, epochs=2, cite="nie-etal-2020-anli",
             note="ANLI (three rounds), MNLI and SNLI one after the other"),
        Task("mnli", "MNLI", "pair", *MNLI, columns=PAIR, metric="acc", batch_size=24, epochs=2,
             cite="williams-etal-2018-mnli"),
        Task("qqp", "QQP", "pair", *_same("nyu-mll/glue", "qqp", "train", "validation", None),
             columns=("question1", "question2", "label"), metric="acc", batch_size=24, epochs=3,
             cite="iyer-etal-2017-qqp"),
        Task("squad_v1", "SQuAD v1.1", "span", *SQUAD, columns=QA, metric="qa", batch_size=8,
             epochs=3, cite="rajpurkar-etal-2016-squad"),
        Task("squad_v2", "SQuAD v2.0", "span",
             *_same("rajpurkar/squad_v2", "squad_v2", "train", "validation", None),
             columns=QA, metric="qa", batch_size=8, epochs=3, cite="rajpurkar-etal-2018-squad2"),
        Task("hellaswag", "HellaSwag", "choice",
             *_same("Rowan/hellaswag", "default", "train", "validation", None),
             columns=("ctx", "endings", "label"), metric="acc", batch_size=24, epochs=7,
             cite="zellers-etal-2019-hellaswag"),
        Task("ccg", "CCG", "tagging",
             *_same("xit/ccgbank", "default", "train", "validation", None),
             columns=("tokens", "ccg_tags"), metric="token_acc", batch_size=24, epochs=15,
             cite="hockenmaier-steedman-2007-ccgbank",
             supplied="xit/ccgbank", note="CCGbank is LDC's: the user supplies it"),
        Task("cosmos_qa", "Cosmos QA", "choice",
             *_same("allenai/cosmos_qa", "default", "train", "validation", None),
             columns=("context", "question", "answer0", "answer1", "answer2", "answer3", "label"),
             fields=CHOICE, metric="acc", batch_size=4, epochs=15, cite="huang-etal-2019-cosmosqa",
             note="a choice is the question and one answer, as in jiant"),
        Task("commonsense_qa", "CommonsenseQA", "choice",
             *_same("tau/commonsense_qa", "default", "train", "validation", None),
             columns=("question", "choices", "answerKey"), fields=CHOICE, metric="acc",
             batch_size=4, epochs=10, cite="talmor-etal-2019-commonsenseqa"),
        Task(MULTITASK, "Multi-task", "several", train=None, dev=None, test=None, columns=(),
             metric="mean", epochs=3, cite="raffel-etal-2020-t5",
             note="A batch is of one task, drawn with probability ∝ min(examples, K)."),
    )
}  # fmt: skip

TARGET = {
    t.name: t
    for t in (
        Task("xnli", "XNLI", "pair", train=MNLI[0],
             dev=Split("facebook/xnli", "{code}", "validation"),
             test=Split("facebook/xnli", "{code}", "test"),
             columns=PAIR, metric="acc", languages=tuple(XNLI), batch_size=4, epochs=2,
             cite="conneau-etal-2018-xnli"),
        Task("paws_x", "PAWS-X", "pair",
             *_same("google/xtreme", "PAWS-X.{code}", "train", "validation", "test"),
             columns=("sentence1", "sentence2", "label"), metric="acc",
             labels=("not_paraphrase", "paraphrase"), languages=tuple(PAWS_X), batch_size=32,
             epochs=5, cite="yang-etal-2019-pawsx"),
        Task("udpos", "POS", "tagging",
             *_same("google/xtreme", "udpos.{name}", "train", "validation", "test"),
             columns=("tokens", "pos_tags"), metric="f1", languages=tuple(UDPOS), batch_size=32,
             epochs=10, without_dev=("kk", "th", "tl", "yo"), cite="nivre-etal-2020-ud"),
        Task("panx", "NER", "tagging",
             *_same("google/xtreme", "PAN-X.{code}", "train", "validation", "test"),
             columns=("tokens", "ner_tags"), metric="f1", languages=tuple(LANGUAGES), batch_size=32,
             epochs=10, cite="pan-etal-2017-wikiann"),
        Task("uner", "NER (Universal NER)", "tagging",
             *_same("universalner/universal_ner", "", "train", "validation", "test"),
             columns=("tokens", "ner_tags"), metric="f1", languages=tuple(UNER),
             configs=tuple(UNER.items()), batch_size=32, epochs=10,
             without_dev=("de", "pt", "ru", "zh"), cite="mayhew-etal-2024-uner",
             note="stands in for PAN-X where that is not at hand; hyper-parameters of PAN-X"),
        Task("xquad", "XQuAD", "span", train=SQUAD[0],
             dev=Split("google/xtreme", "XQuAD.{code}", "validation"), test=None,
             columns=QA, metric="qa", languages=tuple(XQUAD), batch_size=16, epochs=2,
             cite="artetxe-etal-2020-xquad"),
        Task("mlqa", "MLQA", "span", train=SQUAD[0],
             dev=Split("google/xtreme", "MLQA.{code}.{code}", "validation"),
             test=Split("google/xtreme", "MLQA.{code}.{code}", "test"),
             columns=QA, metric="qa", languages=tuple(MLQA), batch_size=16, epochs=2,
             model_of="xquad", cite="lewis-etal-2020-mlqa"),
        Task("tydiqa", "TyDiQA-GoldP", "span",
             train=Split("google/xtreme", "tydiqa", "train", by_id=True),
             dev=Split("google/xtreme", "tydiqa", "validation", by_id=True), test=None,
             columns=QA, metric="qa", languages=tuple(TYDIQA), batch_size=16, epochs=2,
             cite="clark-etal-2020-tydiqa"),
        Task("bucc", "BUCC", "mining", train=None,
             dev=Split("google/xtreme", "bucc18.{code}", "validation"),
             test=Split("google/xtreme", "bucc18.{code}", "test"),
             columns=("source_sentence", "target_sentence"), metric="f1",
             languages=("en", "de", "fr", "ru", "zh"), cite="zweigenbaum-etal-2017-bucc",
             supplied="xit/bucc2018",
             note="the corpora to mine in are not on the Hub: the user supplies them"),
        Task("tatoeba", "Tatoeba", "retrieval", train=None,
             dev=Split("google/xtreme", "tatoeba.{iso3}", "validation"), test=None,
             columns=("source_sentence", "target_sentence"), metric="acc",
             languages=tuple(TATOEBA), cite="artetxe-schwenk-2019-laser"),
    )
}  # fmt: skip

# what a task's development score is measured on while it trains, when that is not `dev` itself
TUNE = {"xquad": SQUAD[1]}

# what Phang et al. 2020 translated: MNLI as XNLI's authors did, the others by machine, which are
# not on the Hub; label names, as these need not be in the user's files
TRANSLATED = "xit/translated"
TRANSLATIONS = {"mnli": (), "qqp": ("not_duplicate", "duplicate"), "hellaswag": ()}


def translated(task: Task, language: str, errors: float = 0.0) -> Task:
    """`task` trained and tuned on data in `language`, in which a share of `errors` of the content
    words is wrong (lab); XitError for a task that there are no translations of.

    MNLI is tuned on XNLI's validation set: XNLI has no translation of MNLI's own.
    """
    if task.name not in TRANSLATIONS:
        known = ", ".join(TRANSLATIONS)
        raise XitError(f"intermediate task {task.name!r} in {language!r}: expected one of {known}")
    repo, config = TRANSLATED, f"{task.name}.{{code}}" + (f".{errors:g}" if errors else "")
    if task.name == "mnli" and not errors:
        repo, config = "facebook/xnli", "{code}"
    train, dev, _ = _same(repo, config, "train", "validation", None)
    labels, supplied = TRANSLATIONS[task.name], TRANSLATED * (repo == TRANSLATED)
    return dataclasses.replace(task, train=train, dev=dev, labels=labels, language=language,
                               errors=errors, supplied=supplied)  # fmt: skip


# What the lab can set in a task, one at a time (xit/lab/graded.py): the task's own level, others
GRADED, GRADABLE = "xit/graded", ("hellaswag",)
KNOBS: dict[str, tuple[float, ...]] = {
    "facts": (2, 3, 4),  # events that the context tells
    "steps": (1, 2, 3),  # how often the rule has to be applied that leads to the right ending
    "vocabulary": (1, 0.5, 0.25),  # share of the words for things, people, places, times … in use
    "noise": (0, 0.1, 0.2),  # share of labels that are wrong
}


def graded(task: Task, knob: str) -> Task:
    """`task` on data of the lab in which one thing is set to another level, as in "facts-4".

    XitError for a task that the lab does not grade, and for an unknown knob or level.
    """
    name, _, level = knob.partition("-")
    if task.name not in GRADABLE:
        known = ", ".join(GRADABLE)
        raise XitError(f"intermediate task {task.name!r} with {knob!r}: expected one of {known}")
    if name not in KNOBS:
        raise unknown(f"knob of intermediate task {task.name!r}:", name, KNOBS)
    levels = [f"{x:g}" for x in KNOBS[name][1:]]
    if level not in levels:
        known = " or ".join(f"{name}-{x}" for x in levels)
        raise XitError(f"intermediate task {task.name!r} with {knob!r}: expected {known}")
    train, dev, _ = _same(GRADED, f"{task.name}.{knob}", "train", "validation", None)
    return dataclasses.replace(task, train=train, dev=dev, knob=knob, supplied=GRADED)


def intermediate(name: str) -> Task:
    """The intermediate task `name`; XitError with the nearest name if there is none."""
    if name not in INTERMEDIATE:
        raise unknown("intermediate task", name, INTERMEDIATE)
    return INTERMEDIATE[name]


def target(name: str) -> Task:
    """The target task `name`; XitError with the nearest name if there is none."""
    if name not in TARGET:
        raise unknown("target task", name, TARGET)
    return TARGET[name]
