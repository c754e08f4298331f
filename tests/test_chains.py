"""Which runs a section is made of."""

import dataclasses
import json
from collections.abc import Iterator

import pytest
import torch
from safetensors.torch import load_file

from tests.toys import causal, made, toy_study
from xit import chains, paths, runs, specs, variants
from xit.data.typos import Noise
from xit.errors import XitError
from xit.study import Study


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    with toy_study(tmp_path_factory.mktemp("project")) as study:
        yield study


def test_an_intermediate_task_is_a_run_a_seed(toy: Study) -> None:
    told = chains.intermediate(toy, "mnli", [4, 5], epochs=7.0)
    assert [(len(c), c[0]["seed"], c[0]["settings"]["epochs"]) for c in told] == [
        (1, 4, 7.0),
        (1, 5, 7.0),
    ]
    together = chains.intermediate(toy, "multitask", [1])
    assert set(together[0][0]["parts"]) == {"mnli", "squad_v1"}


def test_targets_go_on_from_their_parents(toy: Study) -> None:
    before = chains.intermediate(toy, "mnli+mlm", [1, 2], sentences=40)
    parents = [specs.parent_of(c[0]) for c in before]
    told = chains.targets(toy, "mnli+mlm", ["udpos", "tatoeba"], [1, 2], parents)
    assert [[s["kind"] for s in c] for c in told] == [["target", "scores"]] * 2 + [["scores"]] * 2
    assert [c[0]["parent"] for c in told] == [runs.identity(c[0]) for c in before] * 2
    assert told[0][1]["parent"] == runs.identity(told[0][0])
    assert {c[-1]["where"]["after"] for c in told} == {"mnli+mlm"}
    assert runs.name(told[0][0]).startswith("target-udpos-after-mnli-mlm-seed1-")
    with pytest.raises(XitError, match="target task of study 'toy': 'xnli'"):
        chains.targets(toy, "none", ["xnli"], [1], parents[:1])


@pytest.fixture(scope="module")
def with_xcopa(toy: Study) -> Study:
    """The toy study with XCOPA, which is not there in English."""
    causal(paths.project() / "hub")
    return dataclasses.replace(toy, targets=("xcopa",), languages={"xcopa": ("de",)})


def test_a_target_may_be_learnt_after_something_else(with_xcopa: Study) -> None:
    """XCOPA after Social IQa: two trainings, the second with the first one's model and head."""
    study, parent = with_xcopa, specs.base(with_xcopa)
    [[first, second, scored]] = chains.targets(study, "mnli", ["xcopa"], [3], [parent])
    assert [(s["kind"], s["task"]) for s in (first, second, scored)] == [
        ("target", "social_iqa"), ("target", "xcopa"), ("scores", "xcopa"),
    ]  # fmt: skip
    assert first["parent"] == parent.identity and "head" not in first
    assert second["parent"] == runs.identity(first) and second["head"] == "social_iqa"
    assert scored["parent"] == runs.identity(second) and set(scored["languages"]) == {"de"}
    assert runs.name(first).startswith("target-social_iqa-after-mnli-seed3-")
    [[changed, *_]] = chains.targets(study, "mnli", ["xcopa"], [3], [parent], epochs=2.0)
    assert changed["settings"]["epochs"] == 2.0  # a page's settings are of both trainings
    other = {k: v for k, v in second.items() if k != "head"}
    assert runs.identity(other) != runs.identity(second)  # a fresh head is another run
    [[step, kept, *_]] = chains.along(study, "none", ["xcopa"], [1], [parent], 2)
    assert (step["task"], step.get("checkpoints")) == ("social_iqa", None)
    assert (kept["task"], kept["checkpoints"]) == ("xcopa", 2)


def test_its_head_is_handed_on(with_xcopa: Study) -> None:
    """At a rate of next to nothing, the second training leaves the head as the first one left it;
    without being told whose head to take it begins with a fresh one.
    """
    parent = specs.base(with_xcopa)
    [[first, second, scored]] = chains.targets(
        with_xcopa, "none", ["xcopa"], [1], [parent], learning_rate=0.01
    )
    slow = second | {"settings": second["settings"] | {"learning_rate": 1e-12}}
    fresh = {k: v for k, v in slow.items() if k != "head"}
    learnt, kept, new = (
        load_file(made(spec) / "head.safetensors") for spec in (first, slow, fresh)
    )
    assert all(torch.allclose(learnt[k], kept[k], atol=1e-6) for k in learnt)
    assert not torch.allclose(learnt["dense.weight"], new["dense.weight"], atol=1e-3)
    made(second)
    counts = json.loads((made(scored) / "data.json").read_text())["de"]
    assert counts["read"] == 8


def test_a_translation_is_read_and_named_as_such(toy: Study) -> None:
    [[plain]], [[other]] = (chains.intermediate(toy, name, [1]) for name in ("mnli", "mnli@de"))
    assert runs.name(other).startswith("intermediate-mnli-in-de-seed1-")
    assert (other["task"], other["language"], other["errors"]) == ("mnli", "de", 0.0)
    assert "errors" not in plain and plain["language"] == "en"
    assert other["settings"] == plain["settings"]
    assert other["data"]["train"] != plain["data"]["train"]
    assert other["data"]["dev"] != plain["data"]["dev"]
    assert specs.variant_of(other) == variants.parse("mnli@de")
    [[both]] = chains.intermediate(toy, "mnli@de+mlm", [1], sentences=40)
    assert runs.name(both).startswith("intermediate-mnli-in-de-mlm-seed1-")
    assert specs.variant_of(both) == variants.parse("mnli@de+mlm")
    assert both["data"]["train"] == other["data"]["train"]


def test_length_and_smoothing_by_name(toy: Study) -> None:
    [[plain]], [[long]], [[smooth]] = (
        chains.intermediate(toy, name, [1], smooth_radius=0.1)
        for name in ("squad_v1", "squad_v1#24", "squad_v1#24+smooth")
    )
    assert long == plain | {"length": 24, "slug": long["slug"]}
    assert smooth == long | {"smooth": 0.1, "slug": smooth["slug"]}
    assert runs.identity(plain) == runs.identity(chains.intermediate(toy, "squad_v1", [1])[0][0])


def test_noise_is_scored_beside_the_clean_rows(toy: Study) -> None:
    plain = chains.targets(toy, "none", ["udpos", "tatoeba"], [1], [specs.base(toy)])
    told = chains.noisy(toy, plain, [Noise("swap", 0.1), Noise("drop", 0.3)])
    for before, after in zip(plain, told, strict=True):
        assert after[: len(before)] == before
        kinds = [s["noise"]["kind"] for s in after[len(before) :]]
        assert kinds == ["swap", "drop"]
        for spec in after[len(before) :]:  # but for the noise as the clean one
            same = {k: v for k, v in spec.items() if k not in ("noise", "slug")}
            assert same == {k: v for k, v in before[-1].items() if k not in ("noise", "slug")}


def test_every_state_on_the_way_is_scored(toy: Study) -> None:
    parents = [specs.base(toy)] * 2
    told = chains.along(toy, "none", ["udpos", "xquad"], [1, 2], parents, 2, eval_every=3)
    [tags, _, answers, _] = told
    assert (tags[0]["checkpoints"], tags[0]["settings"]["eval_every"]) == (2, 3)
    assert {s["parent"] for s in tags[1:]} == {runs.identity(tags[0])}
    limit = tags[0]["settings"]["eval_examples"]
    each = [(s["checkpoint"], s["split"], s["examples"]) for s in tags[1:]]
    assert each == [
        (state, *split)
        for state in (None, 1, 2)
        for split in (("test", None), ("validation", limit))
    ]
    # development data is what is scored: once is enough
    assert [(s["checkpoint"], s["split"]) for s in answers[1:]] == [
        (state, "validation") for state in (None, 1, 2)
    ]
    plain = chains.targets(toy, "none", ["udpos"], [1], parents[:1], eval_every=3)[0][0]
    assert runs.identity(plain) != runs.identity(tags[0])
    assert runs.identity(plain) == runs.identity(tags[0] | {"checkpoints": None})
    selection = {"intermediate": ["none"], "targets": ["udpos"], "checkpoints": 2}
    studied = dataclasses.replace(toy, ablations={"selection": selection})
    for after, same in (("none", True), ("mnli", False)):
        told = chains.targets(studied, after, ["udpos"], [1], parents[:1], eval_every=3)
        assert (runs.name(told[0][0]) == runs.name(tags[0])) is same
    with pytest.raises(XitError, match="Tatoeba is scored as it is"):
        chains.along(toy, "none", ["tatoeba"], [1], parents[:1], 2)
