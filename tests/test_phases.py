"""From a spec to a run's files, on a toy hub: what is written, and that it is what was measured."""

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import torch

from tests.toys import made, toy_study, tuned
from xit import chains, paths, phases, runs, specs, tasks, variants
from xit.errors import XitError
from xit.learn.model import load_lm, load_tokenizer
from xit.runs import Store
from xit.score import metrics
from xit.study import Study

UDPOS = tasks.target("udpos")


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    """The toy project; what is made in one test is there in the next, as in a study."""
    with toy_study(tmp_path_factory.mktemp("project")) as made:
        yield made


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
    assert data["tuning"]["read"] == {"mnli": 8, "squad_v1": 6}[name]
    for counts in (data["encoding"], data["tuning"]):
        assert counts["room"] == 48 and 0 < counts["longest"] <= 48
    lm, start = load_lm(path), load_lm(paths.project() / "model")
    moved = [k for k, v in lm.state_dict().items() if not torch.equal(v, start.state_dict()[k])]
    assert any("encoder" in k for k in moved)
    assert load_tokenizer(path).get_vocab() == load_tokenizer(paths.project() / "model").get_vocab()


@pytest.mark.parametrize(("name", "examples"), [("udpos", 12), ("xquad", 6)])
def test_a_target_run_keeps_its_results_on_each_development_example(
    toy: Study, name: str, examples: int
) -> None:
    """Of its best state: together they are the best score."""
    task = tasks.target(name)
    path = made(tuned(toy, "target", task, epochs=4.0))
    items = pd.read_parquet(path / "dev.parquet")
    assert len(items) == examples
    columns = {str(n): c.to_numpy(float) for n, c in items.items()}
    points, of = metrics.as_ratio(task.metric, columns)
    best = json.loads((path / "summary.json").read_text())["best"]
    assert 100 * points.sum() / of.sum() == pytest.approx(best)


def test_the_same_spec_gives_the_same_files(toy: Study, tmp_path: Path) -> None:
    spec = tuned(toy, "target", UDPOS, 7)
    first, second = tmp_path / "a", tmp_path / "b"
    for out in (first, second):
        out.mkdir()
        phases.build(spec, out, lambda _: None)
        torch.rand(5)
    for name in (
        "model.safetensors",
        "head.safetensors",
        "data.json",
        "summary.json",
        "dev.parquet",
    ):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name
    other = tmp_path / "c"
    other.mkdir()
    phases.build(spec | {"seed": 8}, other, lambda _: None)
    assert (first / "model.safetensors").read_bytes() != (other / "model.safetensors").read_bytes()


def test_states_kept_on_the_way(toy: Study) -> None:
    spec = tuned(toy, "target", UDPOS, epochs=2.0) | {"checkpoints": 2}
    path = made(spec)
    summary = json.loads((path / "summary.json").read_text())
    assert summary["checkpoints"] == [3, 6]
    first, last = (load_lm(path / f"checkpoint-{n}").state_dict() for n in (1, 2))
    assert not all(torch.equal(v, last[k]) for k, v in first.items())
    assert (path / "checkpoint-1" / "head.safetensors").exists()
    best = {3: first, 6: last}.get(summary["best_step"])
    if best:  # evaluated after 2, 4 and 6
        assert all(torch.equal(v, best[k]) for k, v in load_lm(path).state_dict().items())
    plain = made(tuned(toy, "target", UDPOS, epochs=2.0))
    assert (plain / "model.safetensors").read_bytes() == (path / "model.safetensors").read_bytes()
    assert not list(plain.glob("checkpoint-*"))


def test_pretraining(toy: Study) -> None:
    spec = specs.pretrain(toy)
    path = made(spec)
    lm, tok = load_lm(path), load_tokenizer(path)
    assert lm.config.hidden_size == 16 and lm.config.vocab_size == len(tok)
    history = pd.read_parquet(path / "history.parquet")
    assert list(history["step"]) == [2, 3]
    measured = made(specs.mlm_loss(toy, specs.parent_of(spec), spec["corpora"]))
    loss = pd.read_parquet(measured / "loss.parquet")
    counts = json.loads((measured / "data.json").read_text())
    assert set(counts) == {"en", "de"} and counts["en"]["read"] > 0
    assert counts["en"]["room"] == 64 and counts["en"]["truncated"] == 0
    assert list(loss["language"]) == ["en", "de"]
    assert (loss["loss"] > 0).all() and loss["accuracy"].between(0, 100).all()


def test_several_tasks_together(toy: Study) -> None:
    row = tasks.intermediate("multitask")
    settings = toy.settings("intermediate", row, epochs=2.0, limit=20)
    spec = specs.several(toy, specs.base(toy), 1, settings)
    assert set(spec["parts"]) == {"mnli", "squad_v1"}
    assert len(spec["data"]) == 4
    path = made(spec)
    summary = json.loads((path / "summary.json").read_text())
    data = json.loads((path / "data.json").read_text())["parts"]
    assert summary["steps"] == round(2 * (24 / 4 + 18 / 4))  # examples / batch size, two epochs
    assert summary["best"] == pytest.approx(sum(p["dev"] for p in data) / 2)
    assert [p["dropped"]["read"] for p in data] == [24, 18]
    assert not (path / "head.safetensors").exists()
    other = specs.several(toy, specs.base(toy), 1, settings | {"limit": 21})
    assert runs.identity(other) != runs.identity(spec)


def test_a_task_with_language_modelling_beside_it(toy: Study) -> None:
    """Every batch is of the task or of text, by min(examples, limit); the task keeps its steps."""
    [[spec]] = chains.intermediate(toy, "mnli+mlm", [1], sentences=50, mlm_limit=12, epochs=4.0,
                                   mlm_batch_size=2)  # fmt: skip
    assert runs.name(spec).startswith("intermediate-mnli-mlm-seed1-")
    assert spec["settings"]["learning_rate"] == pytest.approx(0.005 / 2)
    assert (spec["mlm"]["sentences"], spec["mlm"]["alpha"]) == (50, 0.3)
    path = made(spec)
    summary = json.loads((path / "summary.json").read_text())
    assert summary["steps"] == 2 * 4 * 24 / 4  # as many again on text: weights 12 and 12
    assert json.loads((path / "data.json").read_text())["text windows"] >= 10
    plain = chains.intermediate(toy, "mnli", [1], epochs=4.0)[0][0]
    more = chains.intermediate(toy, "mnli+mlm", [1], sentences=51, epochs=4.0)[0][0]
    assert len({runs.identity(s) for s in (spec, plain, more)}) == 3
    moved, start = load_lm(path), load_lm(paths.project() / "model")
    assert not torch.equal(moved.lm_head.dense.weight, start.lm_head.dense.weight)
    alone = load_lm(made(plain))  # without text nothing trains the language model's head
    assert torch.equal(alone.lm_head.dense.weight, start.lm_head.dense.weight)


def test_a_task_against_an_adversary(toy: Study) -> None:
    """As many updates as alone; without weight the same model, to the last digit where the
    adversary leaves the last layer to the task; the text is that of the others."""
    told: dict = {"adversary_sentences": 20, "epochs": 2.0}
    [[spec]] = chains.intermediate(toy, "mnli+adv1*0.5", [1], **told)
    [[watched]] = chains.intermediate(toy, "mnli+adv1", [1], adversary_weight=0.0, **told)
    [[alone]] = chains.intermediate(toy, "mnli", [1], epochs=2.0)
    assert (spec["adversary"]["layer"], spec["adversary"]["weight"]) == (1, 0.5)
    paths_ = [made(s) for s in (spec, watched, alone)]
    steps = [json.loads((p / "summary.json").read_text())["steps"] for p in paths_]
    assert steps == [2 * 24 / 4] * 3
    assert json.loads((paths_[0] / "data.json").read_text())["text sentences"] == 20
    history = pd.read_parquet(paths_[0] / "history.parquet")
    assert history["recognised"].between(0, 100).all() and (history["adversary"] > 0).all()
    weights = [(p / "model.safetensors").read_bytes() for p in paths_]
    assert weights[1] == weights[2] != weights[0]


def test_a_probe(toy: Study) -> None:
    """English and German are the same sentences here: nothing to find."""
    path = made(specs.probe(toy, specs.base(toy), "none", 1))
    told = pd.read_parquet(path / "probe.parquet")
    assert list(told["layer"].unique()) == [0, 1, 2]
    acc = told[told["metric"] == "acc"].groupby("layer")["value"].mean()
    assert acc.tolist() == [50, 50, 50]
    assert told.loc[told["metric"] == "between", "value"].max() < 1e-6
    assert told.loc[told["metric"] == "loss", "value"].tolist() == pytest.approx(
        [0.6931] * 6, abs=1e-3
    )
    counts = json.loads((path / "data.json").read_text())
    assert {c: n["trained on"] + n["tested on"] for c, n in counts.items()} == {"en": 3, "de": 3}


def test_a_translation_is_what_is_trained_on(toy: Study) -> None:
    """24 rows in German; the development score is on XNLI's six German ones."""
    [[spec]] = chains.intermediate(toy, "mnli@de", [1])
    path = made(spec)
    about = json.loads((path / "data.json").read_text())
    assert about["dropped"]["read"] == 24 and len(about["names"]) == 3
    dev = pd.read_parquet(path / "history.parquet")["dev"].dropna()
    assert all(round(score * 6 / 100, 6).is_integer() for score in dev)
    assert (path / "head.safetensors").exists()


def test_inputs_of_a_set_length_are_as_many_tokens(toy: Study) -> None:
    """And as many updates: a batch has as many inputs as have as many tokens."""
    [[plain]] = chains.intermediate(toy, "squad_v1", [1], epochs=2.0)
    [[long]] = chains.intermediate(toy, "squad_v1#40", [1], epochs=2.0)
    told = {}
    for name, spec in (("plain", plain), ("long", long)):
        path = made(spec)
        data = json.loads((path / "data.json").read_text())
        told[name] = data["encoding"] | json.loads((path / "summary.json").read_text())
        assert data["tuning"]["read"] == 6
    counts = told["long"]
    assert counts["rows made"] < told["plain"]["windows"] == 18
    assert 0 <= counts["tokens"] - counts["tokens wanted"] < 40 + 18
    assert counts["packed"] == counts["rows made"] and counts["longest"] <= 42
    assert abs(counts["steps"] - told["plain"]["steps"]) <= 2
    assert specs.variant_of(long) == variants.parse("squad_v1#40")


def test_smoothing_changes_the_training_and_is_repeatable(toy: Study, tmp_path: Path) -> None:
    [[plain]] = chains.intermediate(toy, "squad_v1", [1])
    [[smooth]] = chains.intermediate(toy, "squad_v1+smooth", [1])
    weights = []
    for i, spec in enumerate((plain, smooth, smooth)):
        out = tmp_path / str(i)
        out.mkdir()
        phases.build(spec, out, lambda _: None)
        weights.append((out / "model.safetensors").read_bytes())
    assert weights[0] != weights[1] == weights[2]


def test_a_failing_build_says_why_and_leaves_nothing(toy: Study) -> None:
    spec = tuned(toy, "intermediate", tasks.intermediate("mnli"))
    spec = spec | {"where": spec["where"] | {"parent": "no/where"}, "seed": 99}
    store = Store(paths.project() / "runs")
    with pytest.raises(XitError, match="cannot load the"):
        store.make(spec, lambda out: phases.build(spec, out, lambda _: None))
    assert not store.path(spec).exists()
    assert not list(store.root.glob(".new-*"))
