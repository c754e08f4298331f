"""From a spec to a run's files, on a toy hub: what is written, and that it is what was measured."""

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import torch

from tests.toys import asked, project, tagged, write
from xit import paths, phases, specs, study, tasks
from xit.errors import XitError
from xit.learn.model import load_lm, load_tokenizer
from xit.runs import Spec, Store
from xit.study import Study
from xit.tasks import Task

UDPOS, XQUAD, TATOEBA = (tasks.target(t) for t in ("udpos", "xquad", "tatoeba"))


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    """The toy project; what is made in one test is there in the next, as in a study."""
    with pytest.MonkeyPatch.context() as patch:
        project(tmp_path_factory.mktemp("project"), patch)
        forget()
        yield study.load("toy")
    paths.project.cache_clear()
    forget()


def forget() -> None:
    specs.fingerprint.cache_clear()
    specs.model_identity.cache_clear()


def made(spec: Spec) -> Path:
    result = specs.store().make(spec, lambda out: phases.build(spec, out, lambda _: None))
    assert result
    return result[0]


def tuned(toy: Study, phase: str, task: Task, seed: int = 1, **settings: object) -> Spec:
    wanted = toy.settings(phase, task, **settings)
    return specs.fine_tune(toy, phase, task, specs.base(toy), seed, wanted)


@pytest.mark.parametrize("name", ["mnli", "squad_v1"])
def test_an_intermediate_run(toy: Study, name: str) -> None:
    task = tasks.intermediate(name)
    told: list[str] = []
    spec = tuned(toy, "intermediate", task)
    result = specs.store().make(spec, lambda out: phases.build(spec, out, told.append))
    assert result
    path = result[0]
    history = pd.read_parquet(path / "history.parquet")
    summary = json.loads((path / "summary.json").read_text())
    assert list(history.columns) == ["step", "loss", "dev", "learning_rate", "seconds"]
    assert summary["best"] == history["dev"].max()
    assert summary["steps"] == history["step"].max()
    assert history["dev"].between(0, 100).all()
    assert [t.partition(" ")[0] for t in told] == ["step"] * len(history)
    data = json.loads((path / "data.json").read_text())
    assert data["dropped"]["read"] == {"mnli": 24, "squad_v1": 18}[name]
    lm, start = load_lm(path), load_lm(paths.project() / "model")
    moved = [k for k, v in lm.state_dict().items() if not torch.equal(v, start.state_dict()[k])]
    assert any("encoder" in k for k in moved)
    assert load_tokenizer(path).get_vocab() == load_tokenizer(paths.project() / "model").get_vocab()


def test_what_is_scored_is_the_model_that_was_best(toy: Study) -> None:
    """Dev of udpos in the toy hub holds the test rows: the scored run repeats the best score."""
    spec = tuned(toy, "target", UDPOS, epochs=4.0)
    path = made(spec)
    best = json.loads((path / "summary.json").read_text())["best"]
    assert best > 0
    scored = made(specs.scores(toy, UDPOS, specs.parent_of(spec), "none", 1))
    scores = pd.read_parquet(scored / "scores.parquet")
    f1 = scores[scores["metric"] == "f1"].set_index("language")["value"]
    assert f1["en"] == pytest.approx(best)
    assert f1["de"] == pytest.approx(best)  # the same rows under another name
    assert set(scores["split"]) == {"test"}
    assert {"f1", "token_acc"} <= set(scores["metric"])
    said = pd.read_parquet(scored / "predictions.parquet")
    assert list(said[said["language"] == "en"]["row"]) == list(range(12))
    assert all(len(json.loads(p)) == 3 for p in said["prediction"])


def test_answers_are_scored_as_they_stand_in_the_passage(toy: Study) -> None:
    spec = tuned(toy, "target", XQUAD)
    made(spec)
    scored = made(specs.scores(toy, XQUAD, specs.parent_of(spec), "none", 1))
    said = pd.read_parquet(scored / "predictions.parquet")
    contexts = [r["context"] for r in asked(5)]
    for language, row, text in said.itertuples(index=False):
        assert language in ("en", "de")
        assert json.loads(text) in contexts[row]
    scores = pd.read_parquet(scored / "scores.parquet").pivot(
        index="language", columns="metric", values="value"
    )
    assert scores["qa"].tolist() == pytest.approx(((scores["f1"] + scores["em"]) / 2).tolist())


def test_retrieval_scores_every_layer(toy: Study) -> None:
    spec = specs.scores(toy, TATOEBA, specs.base(toy), "none", 1)
    scores = pd.read_parquet(made(spec) / "scores.parquet")
    assert sorted(scores["layer"].unique()) == [0, 1, 2]
    assert set(scores["metric"]) == {"acc", "acc_centred"}
    assert set(scores["language"]) == {"de"}
    assert scores["value"].between(0, 100).all()


def test_the_same_spec_gives_the_same_files(toy: Study, tmp_path: Path) -> None:
    spec = tuned(toy, "target", UDPOS, 7)
    first, second = tmp_path / "a", tmp_path / "b"
    for out in (first, second):
        out.mkdir()
        phases.build(spec, out, lambda _: None)
        torch.rand(5)
    for name in ("model.safetensors", "head.safetensors", "data.json", "summary.json"):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name
    other = tmp_path / "c"
    other.mkdir()
    phases.build(spec | {"seed": 8}, other, lambda _: None)
    assert (first / "model.safetensors").read_bytes() != (other / "model.safetensors").read_bytes()


def test_pretraining(toy: Study) -> None:
    spec = specs.pretrain(toy)
    path = made(spec)
    lm, tok = load_lm(path), load_tokenizer(path)
    assert lm.config.hidden_size == 16 and lm.config.vocab_size == len(tok)
    history = pd.read_parquet(path / "history.parquet")
    assert list(history["step"]) == [2, 3]
    loss = pd.read_parquet(
        made(specs.mlm_loss(toy, specs.parent_of(spec), spec["corpora"])) / "loss.parquet"
    )
    assert list(loss["language"]) == ["en", "de"]
    assert (loss["loss"] > 0).all() and loss["accuracy"].between(0, 100).all()


def test_held_out_text_is_not_trained_on() -> None:
    texts = [f"text {i}" for i in range(120)]
    spec = {"corpora": {"a/b": ["en"]}, "where": {"hub": "x"}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(phases.hub, "load", lambda *_: {"text": [*texts, " "]})
        train, held = phases.corpus(spec, heldout=False), phases.corpus(spec, heldout=True)
    assert held == {"en": ["text 0", "text 50", "text 100"]}
    assert sorted(train["en"] + held["en"]) == sorted(texts)


def test_passages_longer_than_the_model_reads(toy: Study) -> None:
    """The toy model reads 64 tokens, and scoring asks for windows of 384: not an IndexError."""
    place = paths.project() / "long"
    long = [
        r | {"context": "the mat . " * 60 + r["context"],
             "answers": {"text": r["answers"]["text"], "answer_start": [600 + 14]}}
        for r in asked(2)
    ]  # fmt: skip
    for code in ("en", "de"):
        write(place, "google/xtreme", f"XQuAD.{code}", "validation", long)
    spec = tuned(toy, "target", XQUAD)
    made(spec)
    far = study.load("toy", "long")
    scored = specs.scores(far, XQUAD, specs.parent_of(spec), "none", 1)
    try:
        assert (made(scored) / "scores.parquet").exists()
    except XitError as error:  # refusing is as good, if it says why
        assert "64" in str(error)


def test_long_sentences_in_retrieval(toy: Study) -> None:
    place = paths.project() / "longer"
    rows = [{"source_sentence": "the cat " * n, "target_sentence": "a dog " * n} for n in (1, 90)]
    write(place, "google/xtreme", "tatoeba.deu", "validation", rows)
    spec = specs.scores(study.load("toy", "longer"), TATOEBA, specs.base(toy), "none", 1)
    try:
        assert (made(spec) / "scores.parquet").exists()
    except XitError as error:
        assert "64" in str(error)


def test_a_tag_the_training_data_does_not_know_is_one_line(toy: Study) -> None:
    """Test data whose ClassLabel has the same names in another order would be scored wrongly."""
    place = paths.project() / "other"
    for name in ("English", "German"):
        write(place, "google/xtreme", f"udpos.{name}", "test", tagged(4),
              pos_tags=["VERB", "NOUN", "DET"])  # fmt: skip
    spec = tuned(toy, "target", UDPOS)
    made(spec)
    with pytest.raises(XitError, match="udpos"):
        made(specs.scores(study.load("toy", "other"), UDPOS, specs.parent_of(spec), "none", 1))


def test_metrics_by_hand() -> None:
    rows = [{"pos_tags": [0, 1]}, {"pos_tags": [2]}]
    names = ["B-PER", "I-PER", "O"]
    said = [["B-PER", "I-PER"], ["O"]]
    assert phases.metrics_of(UDPOS, rows, said, names, "en")["f1"] == 100
    said = [["B-PER", "O"], ["O"]]
    assert phases.metrics_of(UDPOS, rows, said, names, "en")["token_acc"] == pytest.approx(200 / 3)
    mnli = tasks.intermediate("mnli")
    labels = [{"label": x} for x in (0, 1, 2, 2)]
    assert phases.metrics_of(mnli, labels, [0, 1, 2, 1], [], "en") == {"acc": 75}
    made = asked(2)
    told = phases.metrics_of(XQUAD, made, [made[0]["answers"]["text"][0], "no"], [], "en")
    assert (told["em"], told["f1"], told["qa"]) == (50, 50, 50)


def test_unknown_split() -> None:
    with pytest.raises(XitError, match="XQuAD has no split 'test'"):
        phases._split(XQUAD, "test")


def test_a_failing_build_says_why_and_leaves_nothing(toy: Study) -> None:
    spec = tuned(toy, "intermediate", tasks.intermediate("mnli"))
    spec = spec | {"where": spec["where"] | {"parent": "no/where"}, "seed": 99}
    store = Store(paths.project() / "runs")
    with pytest.raises(XitError, match="cannot load the"):
        store.make(spec, lambda out: phases.build(spec, out, lambda _: None))
    assert not store.path(spec).exists()
    assert not list(store.root.glob(".new-*"))
