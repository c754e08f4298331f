"""From a model to scores, on a toy hub: in every language, of the model that was kept."""

import dataclasses
import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.toys import CORPUS, TAGS, asked, made, tagged, tokenizer, toy_study, tuned, write
from xit import paths, runs, specs, study, tasks
from xit.data import encode, encoded
from xit.data.typos import Noise
from xit.errors import XitError
from xit.learn.model import Model
from xit.learn.pretrain import new_model
from xit.report import effects
from xit.score import metrics, predict, run
from xit.study import Study

UDPOS, XQUAD, TATOEBA = (tasks.target(t) for t in ("udpos", "xquad", "tatoeba"))
MLQA, BUCC = tasks.target("mlqa"), tasks.target("bucc")


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    """The toy project; what is made in one test is there in the next, as in a study."""
    with toy_study(tmp_path_factory.mktemp("project")) as made:
        yield made


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


def test_states_on_the_way_are_scored_as_they_were(toy: Study) -> None:
    """The last checkpoint is the state kept where that was the last; the first is another."""
    settings: dict = {"epochs": 4.0, "eval_every": 100, "learning_rate": 0.0005}
    spec = tuned(toy, "target", UDPOS, **settings) | {"checkpoints": 12}
    parent = specs.parent_of(spec)
    made(spec)

    def f1(checkpoint: int | None, **more: object) -> dict:
        told = specs.scores(toy, UDPOS, parent, "none", 1, checkpoint=checkpoint, **more)  # type: ignore[arg-type]
        frame = pd.read_parquet(made(told) / "scores.parquet")
        return frame[frame["metric"] == "f1"].set_index("language")["value"].to_dict()

    assert f1(12) == f1(None)
    assert f1(1) != f1(12)
    assert set(f1(1, split=UDPOS.dev, examples=4)) == {"en", "de"}
    few = specs.scores(toy, UDPOS, parent, "none", 1, checkpoint=1, split=UDPOS.dev, examples=4)
    said = pd.read_parquet(made(few) / "predictions.parquet")
    assert len(said) == 2 * 4


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


@pytest.mark.parametrize("name", ["udpos", "squad_v1", "mnli", "commonsense_qa"])
def test_languages_that_share_batches_say_what_each_says_alone(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Long rows and short ones, several windows, batches that cut through a language."""
    monkeypatch.setitem(predict.TOKENS, "cpu", 100)
    task = (tasks.TARGET | tasks.INTERMEDIATE)[name]
    texts = {"en": CORPUS[:7], "de": [f"{t} {t}" for t in CORPUS[7:12]], "fr": CORPUS[12:13]}
    row: Callable[[str], dict] = {
        "udpos": lambda t: {"tokens": t.split(), "pos_tags": [0] * len(t.split())},
        "squad_v1": lambda t: {
            "question": "who ?",
            "context": f"{t} " * 9,
            "answers": {"text": [t], "answer_start": [0]},
        },
        "mnli": lambda t: {"premise": t, "hypothesis": "the cat", "label": 0},
        "commonsense_qa": lambda t: {"context": "who ?", "endings": [t, "a dog"], "label": 0},
    }[name]
    found = {}
    for code, lines in texts.items():
        own = [row(t) for t in lines]
        features, counts = encode.features(task.kind, own, task.inputs, tokenizer(), 40)
        found[code] = encoded.Encoded(own, TAGS, features, {}, dict(counts))
    lm = new_model(len(tokenizer()), 16, 1, 2, 16, 64, 0.0, 1)
    model = Model(lm, {name: (task.kind, 3)}, 1).eval()
    together = run._said(model, task, found, TAGS, 1)
    alone = {
        code: run.predictions(model, task, read.features, read.rows, TAGS, 1)
        for code, read in found.items()
    }
    assert together == alone
    assert [len(x) for x in together.values()] == [7, 5, 1]


def test_noise_is_in_what_is_read_and_scored(toy: Study) -> None:
    """Nothing but noise: no answer of a clean passage but those that noise has left alone."""
    spec = tuned(toy, "target", XQUAD)
    made(spec)
    told = (toy, XQUAD, specs.parent_of(spec), "none", 1)
    clean, zero, noisy = (
        made(specs.scores(*told, noise=noise))
        for noise in (None, Noise("insert", 0.0), Noise("insert", 1.0))
    )
    for name in ("scores.parquet", "predictions.parquet"):
        same = [pd.read_parquet(path / name) for path in (clean, zero)]
        assert same[0].equals(same[1])
    said = pd.read_parquet(noisy / "predictions.parquet")["prediction"].map(json.loads)
    words = {w for r in asked(5) for w in r["context"].split() if w.isalpha()}
    assert not words & {w for text in said for w in text.split()}
    counts = json.loads((noisy / "data.json").read_text())["de"]
    assert counts["words"] == counts["words changed"] > 0
    assert counts["pieces"] > counts["pieces without noise"] > 0


def test_retrieval_under_noise(toy: Study) -> None:
    spec = specs.scores(toy, TATOEBA, specs.base(toy), "none", 1, noise=Noise("insert", 1.0))
    noisy = pd.read_parquet(made(spec) / "scores.parquet")
    clean = pd.read_parquet(made(specs.scores(toy, TATOEBA, specs.base(toy), "none", 1))
                            / "scores.parquet")  # fmt: skip
    assert len(noisy) == len(clean) and not noisy["value"].equals(clean["value"])
    counts = json.loads((made(spec) / "data.json").read_text())["de"]
    assert counts["words changed"] == counts["words"] > 0


def test_retrieval_scores_every_layer(toy: Study) -> None:
    spec = specs.scores(toy, TATOEBA, specs.base(toy), "none", 1)
    scores = pd.read_parquet(made(spec) / "scores.parquet")
    assert sorted(scores["layer"].unique()) == [0, 1, 2]
    assert set(scores["metric"]) == {"acc", "acc_centred"}
    assert set(scores["pooling"]) == {"mean", "cls"}
    assert len(scores) == 3 * 2 * 2
    # the first token of layer 0 is the same in every sentence: each finds the first one
    first = scores[(scores["layer"] == 0) & (scores["pooling"] == "cls")].set_index("metric")
    assert first.loc["acc", "value"] == pytest.approx(100 / 18)
    assert set(scores["language"]) == {"de"}
    assert scores["value"].between(0, 100).all()
    counts = json.loads((made(spec) / "data.json").read_text())
    assert counts["de"]["read"] == 18
    assert counts["de"]["truncated"] == 0 and counts["de"]["longest"] <= counts["de"]["room"]


def test_translations_of_one_text_are_read_once(
    toy: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two languages share the English side, a third does not: as each alone, in five readings."""
    place, one = paths.project() / "shared", ["a dog", "the cat", "the mat"]
    for code, shift, english in (("deu", 0, one), ("fra", 1, one), ("spa", 2, one[::-1])):
        own = CORPUS[shift : shift + 3]
        rows = [
            {"source_sentence": a, "target_sentence": b} for a, b in zip(own, english, strict=True)
        ]
        write(place, "google/xtreme", f"tatoeba.{code}", "validation", rows)
    spec = specs.scores(study.load("toy", "shared"), TATOEBA, specs.base(toy), "none", 1)

    def scores(*codes: str) -> pd.DataFrame:
        return pd.read_parquet(made(spec | {"languages": list(codes)}) / "scores.parquet")

    alone = pd.concat([scores(code) for code in ("de", "fr", "es")], ignore_index=True)
    readings, vectors = list[tuple](), predict.vectors

    def counted(*told: Any) -> np.ndarray:  # noqa: ANN401 (whatever vectors is given)
        readings.append(told)
        return vectors(*told)

    monkeypatch.setattr(predict, "vectors", counted)
    pd.testing.assert_frame_equal(scores("de", "fr", "es"), alone)
    assert len(readings) == 5


def test_items_have_the_scores_as_their_means(toy: Study) -> None:
    """What stands in items.parquet is all that intervals over test items need."""
    spec = tuned(toy, "target", UDPOS, epochs=4.0)
    made(spec)
    for task, parent in ((UDPOS, specs.parent_of(spec)), (TATOEBA, specs.base(toy))):
        path = made(specs.scores(toy, task, parent, "none", 1))
        items = pd.read_parquet(path / "items.parquet")
        scores = pd.read_parquet(path / "scores.parquet").query(f"metric == '{task.metric}'")
        if "pooling" in scores:
            scores = scores[scores["pooling"] == "mean"]
        key = [c for c in ("language", "layer") if c in items]
        for cell in scores.to_dict("records"):
            mine = items[(items[key] == [cell[k] for k in key]).all(axis=1)]
            columns = {str(c): mine[c].to_numpy(float) for c in mine if c not in (*key, "row")}
            told = effects.influence(task.metric, columns)
            assert told.mean() == pytest.approx(cell["value"])
            assert list(mine["row"]) == list(range(len(mine)))


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
    counts = json.loads((made(spec) / "data.json").read_text())["de"]
    assert counts["truncated"] == 2  # both sides of the second pair
    assert (counts["longest"], counts["room"]) == (2 * 90 + 2, 48)


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
    assert run.metrics_of(UDPOS, rows, said, names, "en")["f1"] == 100
    said = [["B-PER", "O"], ["O"]]
    assert run.metrics_of(UDPOS, rows, said, names, "en")["token_acc"] == pytest.approx(200 / 3)
    mnli = tasks.intermediate("mnli")
    labels = [{"label": x} for x in (0, 1, 2, 2)]
    assert run.metrics_of(mnli, labels, [0, 1, 2, 1], [], "en") == {"acc": 75}
    qa = asked(2)
    told = run.metrics_of(XQUAD, qa, [qa[0]["answers"]["text"][0], "no"], [], "en")
    assert (told["em"], told["f1"], told["qa"]) == (50, 50, 50)


def test_what_rows_contribute_gives_the_metrics() -> None:
    names = ["B-PER", "I-PER", "O"]
    tags, said = [{"pos_tags": [0, 1]}, {"pos_tags": [2]}], [["B-PER", "O"], ["O"]]
    qa, mnli = asked(2), tasks.intermediate("mnli")
    german = [{"answers": {"text": ["der Hund"]}}]
    cases: list[tuple] = [
        (UDPOS, tags, said, "f1"), (tasks.intermediate("ccg"), [{"ccg_tags": [0, 1]}],
        [["B-PER", "O"]], "token_acc"), (mnli, [{"label": 0}, {"label": 2}], [0, 1], "acc"),
        (XQUAD, qa, [qa[0]["answers"]["text"][0], "no"], "qa"), (MLQA, german, ["Hund"], "qa"),
    ]  # fmt: skip
    for task, rows, said, metric in cases:
        items = run.items_of(task, rows, said, names, "de")
        assert {len(column) for column in items.values()} == {len(rows)}
        points, of = metrics.as_ratio(metric, items)
        told = run.metrics_of(task, rows, said, names, "de")[metric]
        assert 100 * points.sum() / of.sum() == pytest.approx(told), task.name


def test_mined_pairs(toy: Study) -> None:
    """Equal sentences have equal vectors: all pairs are found, and the threshold is from dev."""
    place = paths.project() / "local" / "bucc2018" / "de-en"
    place.mkdir(parents=True)
    texts = [f"{a} {b} {c} ." for a in ("the", "a") for b in ("cat", "dog") for c in ("sat", "ran")]
    others = {"de": ["where is Paris ?", "the mat ."], "en": ["France is a city .", "who ?"]}
    for part in ("sample", "training"):
        for code in ("de", "en"):
            order = texts if code == "de" else texts[::-1]
            told = [f"{code}-{t.replace(' ', '')}\t{t}" for t in [*order, *others[code]]]
            (place / f"de-en.{part}.{code}").write_text("\n".join(told))
        gold = [f"de-{t.replace(' ', '')}\ten-{t.replace(' ', '')}" for t in texts]
        (place / f"de-en.{part}.gold").write_text("\n".join(gold))
    spec = specs.scores(toy, BUCC, specs.base(toy), "none", 1)
    assert (spec["split"], spec["pivot"], spec["layer"]) == ("test", "en", 2)
    path = made(spec)
    frame, dev = (pd.read_parquet(path / f"{name}.parquet") for name in ("scores", "dev"))
    assert dev[["language", "metric"]].to_numpy().tolist() == [["de", "f1"], ["de", "f1_centred"]]
    assert dev["value"].tolist()[0] == 100 and dev["threshold"].notna().all()
    value = frame.set_index("metric")["value"]
    assert value["f1"] == value["precision"] == value["recall"] == 100
    assert value["f1_centred"] > 50
    assert set(frame["language"]) == {"de"} and set(frame["layer"]) == {2}
    counts = json.loads((made(spec) / "data.json").read_text())["de"]
    assert counts["read"] == 2 * (8 + 2) * 2  # two sides, development and test
    assert (counts["gold pairs"], counts["truncated"]) == (16, 0)
    sample = place / "de-en.sample.de"  # the threshold comes from it: another run
    sample.write_text(sample.read_text().replace("Paris", "Rome"))
    other = specs.scores(toy, BUCC, specs.base(toy), "none", 1)
    assert runs.identity(other) != runs.identity(spec)


def test_a_layer_that_the_model_has_not(toy: Study) -> None:
    deep = dataclasses.replace(toy, retrieval_layer=14)
    with pytest.raises(XitError, match="layer 14: the model has hidden states 0 to 2"):
        made(specs.scores(deep, BUCC, specs.base(toy), "none", 1))


def test_mlqa_has_its_own_normalisation() -> None:
    rows = [{"answers": {"text": ["der Hund"]}}]
    assert run.metrics_of(MLQA, rows, ["Hund"], [], "de")["em"] == 100
    assert run.metrics_of(XQUAD, rows, ["Hund"], [], "de")["em"] == 0


def test_unknown_split() -> None:
    with pytest.raises(XitError, match="XQuAD has no split 'test'"):
        run.split_of(XQUAD, "test")
