"""Specs: what a run is in words, and that everything that matters is in its identity."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.toys import forget, toy_study, write
from xit import paths, runs, specs, tasks
from xit.data.typos import Noise
from xit.errors import XitError
from xit.runs import identity
from xit.settings import PRETRAIN
from xit.specs import Parent
from xit.study import Study

XQUAD, UDPOS, TATOEBA = (tasks.target(t) for t in ("xquad", "udpos", "tatoeba"))
PARENT = Parent("abc", "model")


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    with toy_study(tmp_path_factory.mktemp("project")) as made:
        yield made


def changed(toy: Study, **values: object) -> Study:
    return dataclasses.replace(toy, **values)  # type: ignore[arg-type]


def test_fine_tuning(toy: Study) -> None:
    settings = toy.settings("target", XQUAD)
    spec = specs.fine_tune(toy, "target", XQUAD, PARENT, 3, settings, "mnli")
    assert runs.name(spec) == f"target-xquad-after-mnli-seed3-{identity(spec)}"
    assert (spec["task"], spec["language"], spec["seed"], spec["parent"]) == (
        "xquad",
        "en",
        3,
        "abc",
    )
    assert spec["where"] == {"hub": "hub", "parent": "model"}
    assert set(spec["data"]) == {"train", "dev"}

    def other(seed: int = 3, parent: Parent = PARENT, **values: object) -> str:
        return identity(
            specs.fine_tune(toy, "target", XQUAD, parent, seed, settings | values, "mnli")
        )

    assert other() == identity(spec)
    assert other(parent=Parent("abc", "moved")) == identity(spec)
    different = [other(seed=4), other(parent=Parent("abd", "model")), other(learning_rate=1.0),
                 other(epochs=9.0), other(examples=5), other(eval_examples=2)]  # fmt: skip
    assert len({identity(spec), *different}) == 7


def test_a_task_in_another_language_is_trained_in_it(toy: Study) -> None:
    """Not a translation: its spec has no share of errors, and what it learnt is the task itself."""
    ocnli = tasks.intermediate("ocnli")
    names = ["neutral", "entailment", "contradiction"]
    rows = [{"sentence1": "a", "sentence2": "b", "label": i % 3} for i in range(6)]
    for split in ("train", "validation"):
        write(paths.project() / "hub", "clue/clue", "ocnli", split, rows, label=names)
    spec = specs.fine_tune(toy, "intermediate", ocnli, PARENT, 1, {"examples": None} | {
        "eval_examples": None})  # fmt: skip
    assert (spec["language"], spec["slug"], "errors" in spec) == ("zh", "ocnli-seed1", False)
    assert str(specs.variant_of(spec)) == "ocnli" and specs.task_of(spec, "ocnli") == ocnli


def test_graded_data_is_part_of_the_identity_and_plain_specs_stay_as_they_were(
    toy: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(specs, "fingerprint", lambda *_: "the same")
    row, settings = tasks.intermediate("hellaswag"), {"examples": 1, "eval_examples": 1}
    plain = specs.fine_tune(toy, "intermediate", row, PARENT, 1, settings)
    told = specs.fine_tune(toy, "intermediate", tasks.graded(row, "steps-2"), PARENT, 1, settings)
    assert "knob" not in plain and told["knob"] == "steps-2"
    assert runs.name(told).startswith("intermediate-hellaswag-steps-2-seed1-")
    assert identity(plain) != identity(told)
    assert str(specs.variant_of(told)) == "hellaswag:steps-2"
    assert specs.task_of(told, "hellaswag") == tasks.graded(row, "steps-2")
    assert specs.task_of(plain, "hellaswag") == row and not specs.variant_of(plain).knob


def test_the_intermediate_task_is_in_the_parent_not_in_the_name(toy: Study) -> None:
    """Same parent, same run: whatever path led there."""
    settings = toy.settings("target", XQUAD)
    one = specs.fine_tune(toy, "target", XQUAD, PARENT, 1, settings, "mnli")
    two = specs.fine_tune(toy, "target", XQUAD, PARENT, 1, settings, "none")
    assert identity(one) == identity(two)


def test_what_is_not_trained_cannot_be(toy: Study) -> None:
    with pytest.raises(XitError, match="Tatoeba has no training data"):
        specs.fine_tune(toy, "target", TATOEBA, PARENT, 1, {})


def test_scores(toy: Study) -> None:
    spec = specs.scores(toy, UDPOS, PARENT, "none", 2)
    assert runs.name(spec).startswith("scores-udpos-after-none-seed2-")
    assert (spec["split"], list(spec["languages"])) == ("test", ["en", "de"])
    assert specs.scores(changed(toy, split="validation"), UDPOS, PARENT, "none", 2)["split"] == (
        "validation"
    )
    assert specs.scores(toy, XQUAD, PARENT, "none", 2)["split"] == "validation"  # has no test set
    fewer = changed(toy, languages={"all": ("en",)})
    assert identity(specs.scores(fewer, UDPOS, PARENT, "none", 2)) != identity(spec)


def test_parts_of_a_split_and_states_on_the_way(toy: Study) -> None:
    usual = specs.scores(toy, UDPOS, PARENT, "none", 2)
    bare = {k: v for k, v in usual.items() if k not in ("checkpoint", "examples")}
    assert identity(bare) == identity(usual)  # what was scored before is found again
    told = specs.scores(toy, UDPOS, PARENT, "none", 2, None, UDPOS.dev, 5, 3)
    assert (told["split"], told["examples"], told["checkpoint"]) == ("validation", 5, 3)
    assert runs.name(told).startswith("scores-udpos-after-none-seed2-checkpoint3-dev-")
    others = [specs.scores(toy, UDPOS, PARENT, "none", 2, checkpoint=n) for n in (1, 2)]
    assert len({identity(x) for x in (usual, told, *others)}) == 4


def test_noise_makes_another_run_and_none_the_same(toy: Study) -> None:
    usual = specs.scores(toy, UDPOS, PARENT, "none", 2)
    assert usual["noise"] is None
    assert identity({k: v for k, v in usual.items() if k != "noise"}) == identity(usual)
    levels = [Noise("swap", 0.1), Noise("swap", 0.2), Noise("drop", 0.1), Noise("swap", 0.1, 2)]
    noisy = [specs.scores(toy, UDPOS, PARENT, "none", 2, noise=level) for level in levels]
    assert len({identity(x) for x in (usual, *noisy)}) == 5
    assert runs.name(noisy[0]).startswith("scores-udpos-after-none-seed2-swap0-1-")
    with pytest.raises(XitError, match="BUCC: no noise is made"):
        specs.scores(toy, tasks.target("bucc"), PARENT, "none", 2, noise=Noise("swap", 0.1))


def test_length_and_smoothing_are_in_the_identity(toy: Study) -> None:
    task = tasks.intermediate("squad_v1")
    settings = toy.settings("intermediate", task)
    plain = specs.fine_tune(toy, "intermediate", task, PARENT, 1, settings)
    made = [specs.at_length(toy, plain, 24), specs.at_length(toy, plain, 32)]
    made += [specs.smoothed(plain), specs.smoothed(plain, 0.5), specs.smoothed(made[0])]
    assert len({identity(x) for x in (plain, *made)}) == 6
    assert identity(specs.smoothed(plain, 0.3)) == identity(made[2])  # what is usual
    told = [str(specs.variant_of(x)) for x in made]
    assert told == ["squad_v1#24", "squad_v1#32", "squad_v1+smooth", "squad_v1+smooth",
                    "squad_v1#24+smooth"]  # fmt: skip
    assert runs.name(made[-1]).startswith("intermediate-squad_v1-length24-smooth-seed1-")
    with pytest.raises(XitError, match="squad_v1#49: a length of 49 tokens: expected at most 48"):
        specs.at_length(toy, plain, 49)
    longer = plain | {"settings": settings | {"max_length": 384}}
    with pytest.raises(XitError, match="expected at most 64, what the model has room for"):
        specs.at_length(toy, longer, 65)
    with pytest.raises(XitError, match=r"smooth_radius = -1: expected a number above 0"):
        specs.smoothed(plain, -1)


def test_languages_without_development_data_are_not_scored_on_it(toy: Study) -> None:
    """POS has none in Thai; its test data is there (the toy hub's is not, so only the names)."""
    one = changed(toy, languages={"all": ("en", "de", "th")})
    assert UDPOS.dev and UDPOS.test
    assert specs.scored_languages(one, UDPOS, UDPOS.dev) == ["en", "de"]
    assert specs.scored_languages(one, UDPOS, UDPOS.test) == ["en", "de", "th"]
    assert XQUAD.dev and specs.scored_languages(one, XQUAD, XQUAD.dev) == ["en", "de", "th"]


def test_what_is_scored_as_it_is_has_no_seed(toy: Study) -> None:
    one, two = (specs.scores(toy, TATOEBA, PARENT, "none", s) for s in (1, 2))
    assert runs.name(one) == runs.name(two)
    assert [s["where"]["seed"] for s in (one, two)] == [1, 2]
    assert list(one["languages"]) == ["de"]


def test_data_that_changes_makes_another_run(toy: Study) -> None:
    before = identity(specs.scores(toy, TATOEBA, PARENT, "none", 1))
    place = paths.project() / "hub"
    file = place / "google/xtreme/tatoeba.deu/validation-00000-of-00001.parquet"
    kept = file.read_bytes()
    write(place, "google/xtreme", "tatoeba.deu", "validation",
          [{"source_sentence": "a", "target_sentence": "b"}])  # fmt: skip
    forget()
    try:
        assert identity(specs.scores(toy, TATOEBA, PARENT, "none", 1)) != before
    finally:
        file.write_bytes(kept)
        forget()
    assert identity(specs.scores(toy, TATOEBA, PARENT, "none", 1)) == before


def test_base_is_the_content_of_a_local_model(toy: Study, tmp_path: Path) -> None:
    base = specs.base(toy)
    assert base.path == str(paths.project() / "model")
    assert len(base.identity) == 12
    file = paths.project() / "model" / "model.safetensors"
    kept = file.read_bytes()
    file.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    forget()
    assert specs.base(toy).identity != base.identity
    file.write_bytes(kept)
    forget()
    assert specs.base(toy) == base


def test_a_model_that_is_nowhere_is_one_line(toy: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*_: object, **__: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr(specs.huggingface_hub, "model_info", offline)
    monkeypatch.setattr(specs.huggingface_hub, "snapshot_download", offline)
    with pytest.raises(XitError, match="model 'no/where' is neither a directory") as error:
        specs.base(changed(toy, model="no/where"))
    assert "\n" not in str(error.value)


def test_pretraining(toy: Study) -> None:
    spec = specs.pretrain(toy)
    assert set(spec["settings"]) == set(PRETRAIN)
    assert spec["settings"]["width"] == 16 and spec["settings"]["alpha"] == PRETRAIN["alpha"]
    assert set(spec["data"]) == {"xit/corpus/en", "xit/corpus/de"}
    assert specs.pretrain(toy, steps=None) == spec
    assert specs.pretrain(toy, steps=9)["settings"]["steps"] == 9
    assert identity(specs.pretrain(toy, steps=9)) != identity(spec)
    trained = specs.base(changed(toy, model="pretrain"))
    assert trained == specs.parent_of(spec)
    assert trained.path == str(paths.project() / "runs" / runs.name(spec))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"corpora": {"xit/corpus": ["en"]}, "widht": 8}, "'widht': did you mean 'width'"),
        ({}, "study 'toy' has no pretrain: corpora"),
        ({"corpora": {"xit/corpsu": ["en"]}}, "'xit/corpsu': did you mean 'xit/corpus'"),
    ],
)
def test_pretraining_refuses(toy: Study, table: dict, message: str) -> None:
    with pytest.raises(XitError, match=message):
        specs.pretrain(changed(toy, pretrain=table))


def test_an_adversary_is_part_of_what_a_run_is(toy: Study) -> None:
    task = tasks.intermediate("mnli")
    settings = toy.settings("intermediate", task)
    plain = specs.fine_tune(toy, "intermediate", task, PARENT, 1, settings)

    def against(**told: object) -> specs.Spec:
        return specs.with_adversary(toy, task, PARENT, 1, settings, sentences=30, **told)

    spec = against()
    assert spec["adversary"]["corpora"] == {"xit/corpus": ["de"]}  # not the task's language
    assert {k: v for k, v in spec.items() if k not in ("adversary", "slug", "data")} == {
        k: v for k, v in plain.items() if k not in ("slug", "data")
    }
    assert set(spec["data"]) == {"train", "dev", "text"}
    assert str(specs.variant_of(spec)) == "mnli+adv2*1"
    assert runs.name(spec).startswith("intermediate-mnli-adv-layer2-weight1-seed1-")
    others = [against(layer=1), against(weight=0.5), against(rate=2.0), against(max_length=9)]
    assert len({identity(s) for s in (plain, spec, *others)}) == 6
    with pytest.raises(XitError, match="adversary_layer = 3: the model has hidden states 0 to 2"):
        against(layer=3)


def test_how_many_layers_a_model_has(toy: Study) -> None:
    assert specs.layers_of(toy) == 2
    assert specs.layers_of(changed(toy, model="pretrain", pretrain={"layers": 5})) == 5
    assert specs.layers_of(changed(toy, model="no/where")) is None


def test_a_probe_is_of_a_model_and_of_held_out_text(toy: Study) -> None:
    spec = specs.probe(toy, PARENT, "mnli+adv1", 3)
    assert runs.name(spec) == f"probe-after-mnli-adv-layer1-{identity(spec)}"
    assert identity(spec) == identity(specs.probe(toy, PARENT, "mnli+adv1", 4))
    assert identity(spec) != identity(specs.probe(toy, Parent("abd", "model"), "mnli+adv1", 3))
    assert spec["corpora"] == {"xit/corpus": ["en", "de"]}
    less = changed(toy, mlm={"corpora": {"xit/corpus": ["de"]}})
    assert identity(specs.probe(less, PARENT, "mnli+adv1", 3)) != identity(spec)


def test_a_study_without_data_says_how_to_give_it(toy: Study) -> None:
    nowhere = changed(toy, hub=None)
    for ask in (
        lambda: specs.scores(nowhere, UDPOS, PARENT, "none", 1),
        lambda: specs.pretrain(nowhere),
        lambda: specs.fine_tune(nowhere, "target", UDPOS, PARENT, 1, {}),
    ):
        with pytest.raises(XitError, match="give HUB="):
            ask()


def test_windows_are_as_long_in_scoring_as_in_training(toy: Study) -> None:
    """Else a model is tested on positions that it was never trained on."""
    for task in (UDPOS, XQUAD):
        trained = toy.settings("target", task)["max_length"]
        assert trained == 48
        assert specs.scores(toy, task, PARENT, "none", 1)["max_length"] == trained
