"""Small things to test with: a tokenizer, a model, a directory in Hub layout, a project."""

import os
import re
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import datasets
import pytest
import yaml
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from xit import paths, phases, specs, study
from xit.errors import XitError
from xit.learn.pretrain import new_model, train_tokenizer
from xit.report import chance
from xit.runs import Spec
from xit.study import Study
from xit.tasks import Task
from xit.workers import Tell

datasets.disable_progress_bars()
TEXTS = [
    "the cat sat on the mat .",
    "a dog ran far away from the cat .",
    "Paris is a city in France (Europe) .",
    "where is the dog ? who sat on the mat ?",
] * 5
TAGS = ["DET", "NOUN", "VERB"]
CORPUS = [f"{a} {b} {c} on the mat ." for a in ("the", "a") for b in ("cat", "dog", "city")
          for c in ("sat", "ran", "is")]  # fmt: skip


@cache
def tokenizer() -> PreTrainedTokenizerFast:
    """About 90 entries: whole words of TEXTS, letters for the rest."""
    return train_tokenizer(TEXTS, 120)


def model_directory(place: Path, seed: int = 1, positions: int = 64) -> Path:
    """A saved 2-layer model of width 16 and its tokenizer."""
    tok = tokenizer()
    lm = new_model(len(tok), 16, 2, 2, 32, positions, 0.0, seed)
    lm.save_pretrained(place)
    tok.save_pretrained(place)
    return place


def words(ids: list[int], tok: PreTrainedTokenizerBase) -> str:
    """The tokens of `ids`, blanks between them."""
    return " ".join(tok.convert_ids_to_tokens(ids))


def write(
    place: Path, repo: str, config: str, split: str, rows: list[dict], **labels: list
) -> None:
    """Add one split to a directory in Hub layout; labels[column] are a ClassLabel's names."""
    data = datasets.Dataset.from_list(rows)
    for column, names in labels.items():
        label = datasets.ClassLabel(names=names)
        many = isinstance(rows[0][column], list)
        data = data.cast_column(column, datasets.List(label) if many else label)
    (place / repo / config).mkdir(parents=True, exist_ok=True)
    data.to_parquet(str(place / repo / config / f"{split}-00000-of-00001.parquet"))
    configs = [
        {
            "config_name": directory.name,
            "data_files": [
                {"split": f.name.partition("-")[0], "path": f"{directory.name}/{f.name}"}
                for f in sorted(directory.glob("*.parquet"))
            ],
        }
        for directory in sorted((place / repo).iterdir())
        if directory.is_dir()
    ]
    card = f"---\n{yaml.safe_dump({'configs': configs})}---\n"
    (place / repo / "README.md").write_text(card, encoding="utf-8")


def tagged(count: int) -> list[dict]:
    """Sentences whose tags follow from the word alone."""
    of = {"the": 0, "a": 0, "cat": 1, "dog": 1, "city": 1, "sat": 2, "ran": 2, "is": 2}
    rows = [line.split()[:3] for line in CORPUS]
    return [{"tokens": t, "pos_tags": [of[w] for w in t]} for t in (rows * count)[:count]]


def asked(count: int) -> list[dict]:
    """Questions with their answer in the passage."""
    rows = []
    for i in range(count):
        who, did = ("cat", "dog", "city")[i % 3], ("sat", "ran", "is")[i // 3 % 3]
        context = f"the mat . a {who} {did} far away ."
        answer = {"text": [who], "answer_start": [context.index(who)]}
        rows.append({"id": str(i), "question": f"who {did} ?", "context": context,
                     "answers": answer})  # fmt: skip
    return rows


def paired(count: int) -> list[dict]:
    """Premise, hypothesis, label: 0 when the two are the same."""
    rows = []
    for i in range(count):
        premise = CORPUS[i % len(CORPUS)]
        other = premise if i % 2 else "where is Paris ?"
        rows.append({"premise": premise, "hypothesis": other, "label": 1 - i % 2})
    return rows


def hub(place: Path) -> Path:
    """A few rows of MNLI, XNLI, SQuAD, XQuAD, POS, Tatoeba and a text corpus, in Hub layout."""
    names = ["entailment", "neutral", "contradiction"]
    for split, count in (("train", 24), ("validation_matched", 8)):
        write(place, "nyu-mll/glue", "mnli", split, paired(count), label=names)
    for split, count in (("train", 18), ("validation", 6)):
        write(place, "rajpurkar/squad", "plain_text", split, asked(count))
    for code, name in (("en", "English"), ("de", "German")):
        for split in ("validation", "test"):
            write(place, "facebook/xnli", code, split, paired(6), label=names)
        write(place, "facebook/xnli", code, "train", paired(30)[6:], label=names)
        write(place, "google/xtreme", f"XQuAD.{code}", "validation", asked(5))
        for split in ("train", "validation", "test"):
            write(place, "google/xtreme", f"udpos.{name}", split, tagged(12), pos_tags=TAGS)
        write(place, "xit/corpus", code, "train", [{"text": t} for t in CORPUS * 6])
    pairs = [{"source_sentence": f"{t}\n", "target_sentence": f"{t[::-1]}\n",
              "source_lang": "/cache/x"} for t in CORPUS]  # fmt: skip
    write(place, "google/xtreme", "tatoeba.deu", "validation", pairs)
    return place


def causal(place: Path) -> Path:
    """Social IQa, COPA and, in German, XCOPA: the right choice has the premise's last word."""
    rows: list[dict] = []
    for i in range(24):
        right, wrong = ("cat", "dog") if i % 2 else ("dog", "cat")
        choices = [f"the {right} ran", f"the {wrong} ran"]
        told = choices if i // 2 % 2 else choices[::-1]
        rows.append({"premise": f"a {right}", "choice1": told[0], "choice2": told[1],
                     "question": "effect", "label": told.index(choices[0]), "idx": i})  # fmt: skip
    three = [{"context": r["premise"], "question": "who is ?", "answerA": r["choice1"],
              "answerB": r["choice2"], "answerC": "the mat", "label": str(r["label"] + 1)}
             for r in rows]  # fmt: skip
    for split, part in (("train", slice(0, 16)), ("validation", slice(16, 24))):
        write(place, "lighteval/siqa", "default", split, three[part])
        write(place, "aps/super_glue", "copa", split, rows[part], label=["choice1", "choice2"])
    for split in ("validation", "test"):
        told_so = [r | {"changed": False} for r in rows[16:]]
        write(place, "cambridgeltl/xcopa", "de", split, told_so)
    return place


STUDY: dict = {
    "title": "Toy",
    "about": "nothing at all",
    "source": "en",
    "intermediate": ["mnli", "squad_v1"],
    "targets": ["udpos", "xquad", "tatoeba"],
    "languages": {"all": ["en", "de"]},
    "num_seeds": 2,
    "retrieval_layer": 2,
    "pretrain": {
        "corpora": {"xit/corpus": ["en", "de"]},
        "vocabulary": 120,
        "width": 16,
        "layers": 2,
        "heads": 2,
        "inner": 32,
        "positions": 64,
        "max_length": 24,
        "steps": 3,
        "batch_size": 4,
        "log_every": 2,
    },
    "hyper": {
        phase: {"default": {"learning_rate": 0.005, "batch_size": 4, "epochs": 1, "eval_every": 2,
                            "max_length": 48}}
        for phase in ("intermediate", "target")
    },
}  # fmt: skip


@cache
def _made() -> TemporaryDirectory:
    """The toy hub and model, made once; gone when Python ends."""
    place = TemporaryDirectory()
    hub(Path(place.name) / "hub")
    model_directory(Path(place.name) / "model")
    return place


def project(place: Path, monkeypatch: pytest.MonkeyPatch, with_data: bool = True) -> Path:
    """A project of its own in `place`, with study `toy` on a toy hub and model, as XIT_ROOT."""
    studies = place / "notebooks" / "studies"
    studies.mkdir(parents=True)
    told = STUDY | {"hub": "hub", "model": "model"}
    (studies / "toy.yaml").write_text(yaml.safe_dump(told), encoding="utf-8")
    for notebook in (Path(__file__).parents[1] / "notebooks").glob("*.ipynb"):
        (place / "notebooks" / notebook.name).write_bytes(notebook.read_bytes())
    if with_data:
        shutil.copytree(_made().name, place, dirs_exist_ok=True)
    monkeypatch.setenv("XIT_ROOT", str(place))
    paths.project.cache_clear()
    return place


def toy(**changed: object) -> Study:
    """The toy study with some of its file's names changed; None drops one."""
    told = STUDY | {"hub": "hub", "model": "model"} | changed
    return written(yaml.safe_dump({k: v for k, v in told.items() if v is not None}))


def written(text: str) -> Study:
    """The study of the study file `text`."""
    path = paths.project() / "notebooks" / "studies" / "toy.yaml"
    path.write_text(text, encoding="utf-8")
    return study.parse(path)


def nearest_named(error: BaseException, wrong: str, right: str) -> None:
    """The message is one line and has the wrong name and, as a word of its own, the right one."""
    assert repr(wrong) in str(error)
    assert re.search(rf"(?<![\w.]){re.escape(right)}(?![\w.])", str(error)), error
    assert "\n" not in str(error)


def forget() -> None:
    """What is kept for a process: a test that changes files starts without it."""
    specs.fingerprint.cache_clear()
    specs.pool.cache_clear()
    specs.model_identity.cache_clear()
    chance._chance.cache_clear()
    chance._trivial.cache_clear()


@contextmanager
def toy_study(place: Path) -> Iterator[Study]:
    """Study `toy` in a project of its own in `place`."""
    with pytest.MonkeyPatch.context() as patch:
        project(place, patch)
        forget()
        yield study.load("toy")
    paths.project.cache_clear()
    forget()


def made(spec: Spec) -> Path:
    """The directory of the run of `spec`, made in this process if it is not there."""
    result = specs.store().make(spec, lambda out: phases.build(spec, out, lambda _: None))
    assert result
    return result[0]


def tuned(toy: Study, phase: str, task: Task, seed: int = 1, **settings: object) -> Spec:
    """The spec of fine-tuning the toy model on `task`."""
    wanted = toy.settings(phase, task, **settings)
    return specs.fine_tune(toy, phase, task, specs.base(toy), seed, wanted)


# -- what a worker process may do instead of its work --


def unlucky(chains: list, tell: Tell) -> None:
    raise XitError("no luck")


def mistaken(chains: list, tell: Tell) -> None:
    print(1 / 0)


def killed(chains: list, tell: Tell) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def idle(chains: list, tell: Tell) -> None:
    pass


def talkative(chains: list, tell: Tell) -> None:
    for what, told in (("says", "step 1"), ("done", "1.0 s"), ("done", "1.0 s")):
        tell(what, "a", told)


def sleepy(chains: list, tell: Tell) -> None:
    with Path(os.environ["XIT_TEST_LOG"]).open("a") as log:
        log.write(f"{os.getpid()}\n")
    time.sleep(60)
