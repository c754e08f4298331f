"""What the benchmark reads: as long as real inputs are, and the same for every way."""

from collections.abc import Sequence
from typing import NamedTuple

from transformers import PreTrainedTokenizerBase

from xit import tasks
from xit.data import encode, hub, labelled
from xit.data.encode import Feature
from xit.learn.model import load_tokenizer
from xit.learn.pretrain import train_tokenizer
from xit.paths import project

LAB = "lab"
CHECKPOINT = "xit/lab/checkpoint"
VOCABULARY = 30_000  # entries of the tokenizer that stands for XLM-R's
READ = 2_000  # rows of each data set that this tokenizer is trained on
LANGUAGES = {LAB: "qaa qab qac qad qae qaf qag qah".split(),
             "hub": "en ar de es ru th tr zh".split()}  # fmt: skip
CORPUS = {LAB: "xit/stories", "hub": "xit/ntrex"}


class Data(NamedTuple):
    """One data set, encoded."""

    name: str
    kind: str  # pair, tagging, span or text
    features: list[Feature]
    window: int  # tokens: the length that an example script pads to
    outputs: int  # of the head
    contexts: list[str]  # of reading, a row each


class Wanted(NamedTuple):
    """A data set of the benchmark: a task's, in one language or in all of them together."""

    task: str  # of the task table; "" text
    window: int  # as in the example scripts and XTREME's
    train: bool  # English training data, or test data in all LANGUAGES

    @property
    def kind(self) -> str:
        """The task's kind, or "text"."""
        return self.row.kind if self.task else "text"

    @property
    def row(self) -> tasks.Task:
        """The task's row."""
        return tasks.intermediate(self.task) if self.train and self.task in ("squad_v1", "mnli") \
            else tasks.target(self.task)  # fmt: skip


DATA = {
    "SQuAD": Wanted("squad_v1", 384, True),
    "MNLI": Wanted("mnli", 128, True),
    "UD": Wanted("udpos", 128, True),
    "text": Wanted("", 256, True),
    "XQuAD": Wanted("xquad", 384, False),
    "XNLI": Wanted("xnli", 128, False),
    "UD, 8 languages": Wanted("udpos", 128, False),
}
LAB_WINDOW = {"": 66}  # study lab's windows: 66 tokens of text, else 128


class Reader:
    """Encodes the data sets of `where` ("lab" or a directory in Hub layout) with one tokenizer.

    Of the lab it is the lab's. Of natural languages XLM-R's would have to be fetched: one trained
    here on the data sets themselves stands for it, so texts are about as many tokens long.
    """

    def __init__(self, where: str) -> None:
        self.where, self.of = where, LAB if where == LAB else "hub"
        self.tokenizer: PreTrainedTokenizerBase
        if where == LAB:
            self.tokenizer = load_tokenizer(project() / CHECKPOINT)
        else:
            rows = [row for name in ("SQuAD", "XQuAD") for row in self._rows(DATA[name], READ)]
            texts = dict.fromkeys(str(row["context"]) for row in rows)
            self.tokenizer = train_tokenizer(texts, VOCABULARY)

    def _codes(self, wanted: Wanted) -> Sequence[str]:
        return LANGUAGES[self.of][:1] if wanted.train else LANGUAGES[self.of]

    def _rows(self, wanted: Wanted, count: int) -> list[dict]:
        """About `count` rows, of each language the same number."""
        codes = self._codes(wanted)
        each, found = max(1, count // len(codes)), list[dict]()
        for code in codes:
            if not wanted.task:
                lines = hub.load(self.where, CORPUS[self.of], code, "train")["text"][:each]
                found += [{"text": line} for line in lines]
                continue
            split = wanted.row.train if wanted.train else wanted.row.test or wanted.row.dev
            assert split is not None
            found += labelled.rows(wanted.row, split, self.where, code, each)[0]
        return found

    def read(self, name: str, count: int) -> Data:
        """`count` inputs of the data set `name` of DATA; fewer where there are no more."""
        wanted = DATA[name]
        window = LAB_WINDOW.get(wanted.task, 128) if self.of == LAB else wanted.window
        rows = self._rows(wanted, count)
        outputs, contexts = 2, list[str]()
        if not wanted.task:
            features = encode.lines([r["text"] for r in rows], self.tokenizer, window)[0]
        else:
            task, code = wanted.row, LANGUAGES[self.of][0]
            inputs, kind = task.inputs, wanted.kind
            features = encode.features(kind, rows, inputs, self.tokenizer, window)[0]
            split = task.train
            assert split is not None
            outputs = len(labelled.outputs(task, split, self.where, code))
            contexts = [str(r[inputs[1]]) for r in rows] if kind == "span" else []
        return Data(name, wanted.kind, features[:count], window, outputs, contexts)
