"""The task table: where a task's rows are, its kind, and how the paper trained it.

A new task is a row here. Sources: Phang et al. 2020, Table 1 and Appendix A (sizes, batch sizes,
epochs, learning rates); XTREME `evaluate.py` (languages, metrics); XTREME-R's scripts (its tasks,
languages and their hyper-parameters); the dataset cards (columns).
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
    # those that XTREME-R has beside XTREME's
    "az": ("aze", "Azerbaijani"),
    "gu": ("guj", "Gujarati"),
    "ht": ("hat", "Haitian Creole"),
    "lt": ("lit", "Lithuanian"),
    "pa": ("pan", "Punjabi"),
    "pl": ("pol", "Polish"),
    "qu": ("que", "Quechua"),
    "ro": ("ron", "Romanian"),
    "uk": ("ukr", "Ukrainian"),
    "wo": ("wol", "Wolof"),
}

XNLI = "en ar bg de el es fr hi ru sw th tr ur vi zh".split()
UDPOS = (
    "en af ar bg de el es et eu fa fi fr he hi hu id it ja kk ko mr nl pt ru ta te th tl tr ur vi "
    "yo zh"
).split()
PANX = (
    "en af ar bg bn de el es et eu fa fi fr he hi hu id it ja jv ka kk ko ml mr ms my nl pt ru sw "
    "ta te th tl tr ur vi yo zh"
).split()
TATOEBA = [x for x in PANX if x not in ("en", "ms", "my", "yo")]
XQUAD = "en es de el ru tr ar vi th zh hi".split()
PAWS_X = "en de es fr ja ko zh".split()
MLQA = "en es de ar hi vi zh".split()
TYDIQA = "en ar bn fi id ko ru sw te".split()
XCOPA = "et ht id it qu sw ta th tr vi zh".split()
MEWSLI_X = "ar de en es fa ja pl ro ta tr uk".split()
UNER = {"en": "en_ewt", "de": "de_pud", "pt": "pt_pud", "ru": "ru_pud", "zh": "zh_pud"}


@dataclass(frozen=True)
class Split:
    """Rows of one split; `config` may hold {code}, {iso3} and {name} of the language."""

    repo: str
    config: str
    split: str
    by_id: bool = False  # all languages in one config: a row's id begins with its language
    more: tuple["Split", ...] = ()  # read after it, where a training set is several datasets
    columns: tuple[str, ...] = ()  # where they are not called as in the task
    tags: tuple[str, ...] = ()  # names of the tags in the task's order, where its own is another
    revision: str = ""  # of the repository on the Hub, where it is not the newest


@dataclass(frozen=True)
class Elsewhere:
    """A language whose rows are not where the task's others are."""

    code: str
    dev: Split | None
    test: Split | None


@dataclass(frozen=True)
class Task:
    """One row of the table; `kind` decides how rows are encoded, learnt and scored."""

    name: str
    title: str
    kind: str  # pair, choice, tagging, span, retrieval, mining or ranking
    train: Split | None  # in the source language
    dev: Split | None
    test: Split | None  # None: the benchmark has no separate test set, dev is scored
    columns: tuple[str, ...]  # of the dataset, as the encoder of this kind takes them, gold last
    metric: str  # the main metric; every value 0-100
    languages: tuple[str, ...] = ()  # those XTREME evaluates; of its own tasks, XTREME-R
    elsewhere: tuple[Elsewhere, ...] = ()  # the further languages of XTREME-R
    configs: tuple[tuple[str, str], ...] = ()  # language → config, where names follow no pattern
    fields: tuple[str, ...] = ()  # what data/labelled.py makes of the columns, if not the same
    labels: tuple[str, ...] = ()  # their names, where the dataset has numbers without names
    without_dev: tuple[str, ...] = ()  # languages that have no development data
    model_of: str = ""  # the target whose trained model is scored here too
    first: str = ""  # of FIRST: learnt before the target's own training data, with the same head
    batch_size: int = 0  # Phang et al. 2020, Appendix A
    epochs: int = 0  # likewise
    learning_rate: float = 0.0  # where it is not that of the phase
    cite: str = ""  # key in book/references.bib
    supplied: str = ""  # the repository that the user has to supply: data/supplied.py
    language: str = ""  # of train and dev, where that is not the study's source language
    like: str = ""  # its like in the source language, where the task is another language's own
    errors: float = 0.0  # share of content words that the lab's translator gets wrong in them
    knob: str = ""  # "facts-4": of train and dev, where the lab has made them so (KNOBS)
    note: str = ""  # where the row departs from the paper

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns of the rows that `labelled.rows` gives, gold last."""
        return self.fields or self.columns

    @property
    def further(self) -> tuple[str, ...]:
        """The languages that XTREME-R evaluates beside XTREME's."""
        return tuple(x.code for x in self.elsewhere)

    def where(self, split: Split, code: str) -> Split:
        """`split` itself, or what stands for it in language `code` (`elsewhere`)."""
        own = next((x for x in self.elsewhere if x.code == code), None)
        if own is not None and split in (self.dev, self.test):
            found = own.dev if split == self.dev else own.test
            return found or split
        return split


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
COPA = _same("aps/super_glue", "copa", "train", "validation", None)
SNLI = _same("stanfordnlp/snli", "plain_text", "train", "validation", None)
CHOICE = ("context", "endings", "label")


def _anli(split: str, *more: Split) -> Split:
    rounds = [Split("facebook/anli", "plain_text", f"{split}_r{i}") for i in (1, 2, 3)]
    return dataclasses.replace(rounds[0], more=(*rounds[1:], *more))


def _elsewhere(codes: str, dev: Split | None, test: Split | None = None) -> tuple[Elsewhere, ...]:
    """The same splits for each language; {code}, {iso3} and {name} stand for it, as ever."""
    return tuple(Elsewhere(code, dev, test) for code in codes.split())


UPOS = tuple(  # as google/xtreme numbers them
    "ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X".split()
)
TREEBANKS = {  # of UD 2.7: with development data (or none), then those with a test set alone
    "lt": ("alksnis hse", ""),
    "pl": ("lfg pdb", "pud"),
    "uk": ("iu", ""),
    "wo": ("wtf", ""),
    "ro": ("nonstandard rrt simonero", "art"),
}


def _treebanks(code: str) -> Elsewhere:
    """A language of UD 2.7: all its treebanks, one after the other, as XTREME's script joins them.

    Which treebanks the release has is from memory.
    """
    both, test = (names.split() for names in TREEBANKS[code])

    def joined(split: str, names: list[str]) -> Split:
        repo, columns = "universal-dependencies/universal_dependencies", ("tokens", "upos")
        parts = [Split(repo, f"{code}_{name}", split, columns=columns, tags=UPOS, revision="2.7")
                 for name in names]  # fmt: skip
        return dataclasses.replace(parts[0], more=tuple(parts[1:]))

    return Elsewhere(code, joined("dev", both), joined("test", [*both, *test]))


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
        # in another language, not translated: each stands beside its like in the source language
        Task("ocnli", "OCNLI", "pair", *_same("clue/clue", "ocnli", "train", "validation", None),
             columns=("sentence1", "sentence2", "label"), metric="acc", batch_size=24, epochs=2,
             cite="hu-etal-2020-ocnli", language="zh", like="mnli",
             note="not in the paper: Chinese, not translated; hyper-parameters of MNLI"),
        Task("cmrc2018", "CMRC 2018", "span",
             *_same("hfl/cmrc2018", "default", "train", "validation", None),
             columns=QA, metric="qa", batch_size=8, epochs=3, cite="cui-etal-2019-cmrc",
             language="zh", like="squad_v1", note="not in the paper: Chinese, simplified "
             "characters; hyper-parameters of SQuAD v1.1; the same rows are clue/clue cmrc2018"),
        Task("drcd", "DRCD", "span", *_same("clue/clue", "drcd", "train", "validation", None),
             columns=QA, metric="qa", batch_size=8, epochs=3, cite="shao-etal-2018-drcd",
             language="zh", like="squad_v1", note="not in the paper: Chinese, traditional "
             "characters; hyper-parameters of SQuAD v1.1"),
        Task("arcd", "ARCD", "span",
             *_same("hsseinmz/arcd", "plain_text", "train", "validation", None),
             columns=QA, metric="qa", batch_size=8, epochs=3, cite="mozannar-etal-2019-arcd",
             language="ar", like="squad_v1",
             note="not in the paper: Arabic, small; hyper-parameters of SQuAD v1.1"),
        Task(MULTITASK, "Multi-task", "several", train=None, dev=None, test=None, columns=(),
             metric="mean", epochs=3, cite="raffel-etal-2020-t5",
             note="A batch is of one task, drawn with probability ∝ min(examples, K)."),
    )
}  # fmt: skip

XTREME_R = ("social_iqa", "xcopa", "lareqa", "mewsli_x")  # what the paper does not have

# learnt before a target's own training data: the target goes on from there, head and all
FIRST = {
    t.name: t
    for t in (
        Task("social_iqa", "Social IQa", "choice",
             *_same("lighteval/siqa", "default", "train", "validation", None),
             columns=("context", "question", "answerA", "answerB", "answerC", "label"),
             fields=CHOICE, metric="acc", batch_size=32, epochs=5, learning_rate=3e-5,
             cite="sap-etal-2019-socialiqa",
             note="allenai/social_i_qa is a loading script, which datasets ≥ 4 refuses: this is "
             "its copy in parquet (the same rows, by lm-evaluation-harness #3943)"),
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
             columns=("tokens", "pos_tags"), metric="f1", languages=tuple(UDPOS),
             elsewhere=tuple(_treebanks(code) for code in TREEBANKS), batch_size=32,
             epochs=10, without_dev=("kk", "th", "tl", "yo"), cite="nivre-etal-2020-ud",
             note="XTREME-R's languages from UD 2.7 (branch 2.7, not seen by us), by syntactic "
             "words, where XTREME's script joins the parts of a fused form"),
        Task("panx", "NER", "tagging",
             *_same("google/xtreme", "PAN-X.{code}", "train", "validation", "test"),
             columns=("tokens", "ner_tags"), metric="f1", languages=tuple(PANX),
             elsewhere=_elsewhere("qu pl uk az lt pa gu ro",
                                  Split("unimelb-nlp/wikiann", "{code}", "validation"),
                                  Split("unimelb-nlp/wikiann", "{code}", "test")),
             batch_size=32, epochs=10, cite="pan-etal-2017-wikiann"),
        Task("uner", "NER (Universal NER)", "tagging",
             *_same("universalner/universal_ner", "", "train", "validation", "test"),
             columns=("tokens", "ner_tags"), metric="f1", languages=tuple(UNER),
             configs=tuple(UNER.items()), batch_size=32, epochs=10,
             without_dev=("de", "pt", "ru", "zh"), cite="mayhew-etal-2024-uner",
             note="stands in for PAN-X where that is not at hand; hyper-parameters of PAN-X"),
        Task("xquad", "XQuAD", "span", train=SQUAD[0],
             dev=Split("google/xtreme", "XQuAD.{code}", "validation"), test=None,
             columns=QA, metric="qa", languages=tuple(XQUAD),
             elsewhere=_elsewhere("ro", Split("google/xquad", "xquad.{code}", "validation")),
             batch_size=16, epochs=2, cite="artetxe-etal-2020-xquad"),
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
             languages=tuple(TATOEBA),
             elsewhere=_elsewhere("az lt pl uk ro",
                                  Split("mteb/tatoeba-bitext-mining", "{iso3}-eng", "test",
                                        columns=("sentence1", "sentence2"))),
             cite="artetxe-schwenk-2019-laser"),
        # of XTREME-R alone
        Task("xcopa", "XCOPA", "choice", train=COPA[0],
             dev=Split("cambridgeltl/xcopa", "{code}", "validation"),
             test=Split("cambridgeltl/xcopa", "{code}", "test"),
             columns=("premise", "choice1", "choice2", "question", "label"), fields=CHOICE,
             metric="acc", languages=tuple(XCOPA), first="social_iqa", batch_size=32, epochs=5,
             learning_rate=3e-5, cite="ponti-etal-2020-xcopa",
             note="input, batch size, epochs and learning rate as in XTREME-R's script; no English "
             "test set, as the labels of COPA's are withheld"),
        Task("lareqa", "LAReQA", "ranking", train=None,
             dev=Split("google/xtreme", "XQuAD.{code}", "validation"), test=None,
             columns=QA, metric="map@20", languages=tuple(XQUAD), cite="roy-etal-2020-lareqa",
             note="scored as it is, sentences without their paragraph, where XTREME-R trains a "
             "dual encoder; sentences are split here, unless local/lareqa has LAReQA's files"),
        Task("mewsli_x", "Mewsli-X", "ranking", train=None,
             dev=Split("xit/mewsli_x", "wikinews_mentions", "dev"),
             test=Split("xit/mewsli_x", "wikinews_mentions", "test"), columns=(),
             metric="map@20", languages=tuple(MEWSLI_X), cite="ruder-etal-2021-xtremer",
             supplied="xit/mewsli_x",
             note="scored as it is, where XTREME-R trains a dual encoder; not on the Hub: the user "
             "supplies it"),
    )
}  # fmt: skip

# what a task's development score is measured on while it trains, when that is not `dev` itself
TUNE = {"xquad": SQUAD[1], "xcopa": COPA[1]}

# what Phang et al. 2020 translated: MNLI as XNLI's authors did, the others by machine, which are
# not on the Hub; label names, as these need not be in the user's files
TRANSLATED = "xit/translated"
XNLI_TOO = {"eu": "HiTZ/xnli-eu"}  # language → repository: translated like XNLI, after it
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
        repo, config = XNLI_TOO.get(language, "facebook/xnli"), "{code}"
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


def learnt(name: str) -> Task:
    """The target task `name`, or what is learnt before one; errors as of `target`."""
    return FIRST.get(name) or target(name)


def trained(target: Task) -> list[Task]:
    """What is trained for `target`, in this order: the last is scored; nothing for retrieval."""
    last = TARGET[target.model_of] if target.model_of else target
    steps = [FIRST[last.first], last] if last.first else [last]
    return [task for task in steps if task.train is not None]
