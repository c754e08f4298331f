"""Study files: what is refused, and with which hint."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.toys import STUDY, project, toy, written
from xit import paths, tasks
from xit.errors import XitError
from xit.settings import checked_setting

COMPLEXITY: dict = {"variants": [], "targets": [], "code_examples": 8, "dimensions": [4],
                    "subspace_examples": 8}  # fmt: skip
SELECTION = {"intermediate": ["none", "mnli"], "targets": ["xquad"], "checkpoints": 2}
NOISE: dict = {"variants": ["squad_v1#24"], "targets": ["xquad"], "rates": [0.1]}


@pytest.fixture(autouse=True)
def own_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    yield project(tmp_path, monkeypatch, with_data=False)
    paths.project.cache_clear()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"benchmark": "xtreme_r"}, "benchmark 'xtreme_r': did you mean 'xtreme-r'"),
        ({"targts": ["udpos"]}, "targts'.* did you mean 'targets'"),
        ({"title": None}, "lacks 'title'"),
        ({"intermediate": ["squad1"]}, "intermediate task 'squad1': did you mean 'squad_v1'"),
        ({"targets": ["xqad"], "languages": {}}, "target task 'xqad': did you mean 'xquad'"),
        ({"targets": "udpos"}, "targets .*list"),
        ({"intermediate": [1]}, "intermediate .*list"),
        ({"languages": {"xqad": ["en"]}}, "'xqad': did you mean 'xquad'"),
        ({"seed": "one"}, "seed.*whole number"),
        ({"seed": -1}, "seed.*whole number"),
        ({"seed": True}, "seed.*whole number"),
        ({"num_seeds": 0}, "num_seeds .*at least 1"),
        ({"num_seeds": 2.5}, "num_seeds.*whole number"),
        ({"retrieval_layer": "last"}, "retrieval_layer.*whole number"),
        ({"split": "valid"}, "'valid': did you mean 'validation'"),
        ({"hyper": {"targt": {}}}, "'targt': did you mean 'target'"),
        ({"hyper": {"target": {"xqad": {}}}}, "'xqad': did you mean 'xquad'"),
        ({"hyper": {"target": {"mnli": {}}}}, "task under hyper: target:.*'mnli'"),
        ({"hyper": {"target": {"default": {"learning_rat": 1}}}}, "did you mean 'learning_rate'"),
        ({"hyper": {"target": {"default": {"epochs": "many"}}}}, "epochs = 'many': expected"),
        ({"hyper": {"target": {"default": {"batch_size": 2.5}}}}, "batch_size = 2.5: expected"),
        ({"hyper": {"target": {"default": {"batch_size": 0}}}}, "batch_size = 0: expected"),
        ({"hyper": {"target": {"default": {"patience": True}}}}, "patience = True: expected"),
        ({"mlm": {"sentence": 3}}, "'sentence': did you mean 'sentences'"),
        ({"mlm": {"alpha": 0}}, "alpha = 0: expected a number above 0"),
        ({"mlm": {"batch_size": 2.5}}, "mlm_batch_size = 2.5: expected a whole number"),
        ({"adversary": {"wieght": 1}}, "'wieght': did you mean 'weight'"),
        ({"adversary": {"weight": -1}}, "adversary_weight = -1: expected a number 0 or more"),
        ({"adversary": {"layer": 1.5}}, "adversary_layer = 1.5: expected a whole number 0 or more"),
        ({"adversary": {"rate": 0}}, "adversary_rate = 0: expected a number above 0"),
        ({"adversary": {"layer": True}}, "adversary_layer = True: expected"),
        ({"ablations": {"adversarial": {"variants": ["mnli+mlm"], "targets": ["udpos"]}}},
         r"variants = 'mnli\+mlm': expected a task against an adversary"),
        ({"ablations": {"adversarial": {"variants": ["mnli+adv1"], "targets": ["udpos"]}}},
         "ablated_targets = .*expected a target after these variants"),
        ({"ablations": {"adversarial": {"variants": ["mnli+adv"], "targets": ["udpos"],
                                        "ablated_targets": ["tatoba"]}}},
         "'tatoba': did you mean 'tatoeba'"),
        ({"ablations": {"mml": {}}}, "'mml': did you mean 'mlm'"),
        ({"ablations": {"mlm": {"variants": ["mnl+mlm"]}}}, "targets .*list"),
        ({"ablations": {"mlm": {"variants": ["mnl+mlm"], "targets": []}}},
         "'mnl': did you mean 'mnli'"),
        ({"ablations": {"mlm": {"variants": [], "targets": ["xqad"]}}},
         "'xqad': did you mean 'xquad'"),
        ({"ablations": {"selection": SELECTION | {"checkpoint": 2}}}, "mean 'checkpoints'"),
        ({"ablations": {"selection": SELECTION | {"intermediate": ["none", "mnl"]}}},
         "intermediate task: 'mnl': did you mean 'mnli'"),
        ({"ablations": {"selection": SELECTION | {"intermediate": ["mnli"]}}},
         "expected 'none', and tasks to compare with it"),
        ({"ablations": {"selection": SELECTION | {"targets": ["tatoeba"]}}},
         "'tatoeba': expected targets that are trained"),
        ({"ablations": {"selection": SELECTION | {"checkpoints": 0}}},
         "checkpoints = 0: expected a whole number, at least 1"),
        ({"ablations": {"selection": SELECTION | {"checkpoints": True}}}, "checkpoints = True"),
        ({"ablations": {"complexity": COMPLEXITY | {"dimension": [4]}}}, "mean 'dimensions'"),
        ({"ablations": {"complexity": COMPLEXITY | {"dimensions": [0]}}},
         r"dimensions = \[0\]: expected a list of whole numbers"),
        ({"ablations": {"complexity": COMPLEXITY | {"dimensions": [4, 4]}}}, "each number once"),
        ({"ablations": {"complexity": COMPLEXITY | {"dimensions": 4}}}, "dimensions = 4: expected"),
        ({"ablations": {"complexity": COMPLEXITY | {"code_examples": -1}}},
         "code_examples = -1: expected a whole number, at least 0"),
        ({"ablations": {"complexity": COMPLEXITY | {"subspace_examples": 2.5}}},
         "subspace_examples = 2.5: expected a whole number"),
        ({"ablations": {"complexity": COMPLEXITY | {"variants": ["hellaswag:fcts-3"]}}},
         "'fcts': did you mean 'facts'"),
        ({"ablations": {"length_noise": NOISE | {"rate": [0.1]}}}, "'rate': did you mean 'rates'"),
        ({"ablations": {"length_noise": NOISE | {"rates": [1.5]}}}, "noise rate 1.5: expected"),
        ({"ablations": {"length_noise": NOISE | {"rates": [0]}}}, "0 is always scored"),
        ({"ablations": {"length_noise": NOISE | {"rates": []}}}, "at least one share of words"),
        ({"ablations": {"length_noise": NOISE | {"rates": 0.1}}}, "rates = 0.1: expected a list"),
        ({"ablations": {"length_noise": NOISE | {"kinds": ["swop"]}}}, "did you mean 'swap'"),
        ({"ablations": {"length_noise": NOISE | {"kind": "mixt"}}}, "did you mean 'mixed'"),
        ({"ablations": {"length_noise": NOISE | {"noise_seed": 0.5}}}, "noise_seed = 0.5"),
        ({"ablations": {"length_noise": NOISE | {"examples": 0}}}, "examples = 0: expected"),
        ({"ablations": {"length_noise": NOISE | {"variants": ["squad_v1+smooth"]}}},
         "expected 'squad_v1' beside it, to compare with"),
        ({"ablations": {"length_noise": NOISE | {"variants": ["mnli#64"]}}}, "a reading task"),
        ({"ablations": {"length_noise": NOISE | {"targets": ["bucc"]}},
          "targets": ["xquad", "bucc"]}, "targets with rows to put noise into"),
    ],
)  # fmt: skip
def test_what_is_misspelt_is_named_with_the_nearest(changed: dict, message: str) -> None:
    with pytest.raises(XitError, match=message) as error:
        toy(**changed)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "text",
    ["title: [", "- a\n- b", "", "just text", "title: a\ttitle: b: c", "\x00", "a: &x *y"],
)
def test_what_is_not_a_table_is_one_line(text: str) -> None:
    with pytest.raises(XitError, match=r"toy\.yaml") as error:
        written(text)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "changed",
    [
        {"languages": ["en", "de"]},
        {"languages": {"all": "en"}},  # not the letters e and n
        {"languages": {"all": None}},
        {"languages": {"all": [1]}},
        {"hyper": []},
        {"hyper": {"target": {"xquad": 3}}},
        {"pretrain": ["xit/corpus"]},
        {"model": 3},
        {"source": 1},
        {"hub": 7},
        {"title": ["a"]},
        {"targets": []},
        {"targets": ["udpos", "udpos"]},
        {"intermediate": ["mnli", "mnli"]},
    ],
    ids=str,
)
def test_what_has_another_shape_is_refused(changed: dict) -> None:
    """Each of these is easily typed; none may end in a traceback, or be read as something else."""
    with pytest.raises(XitError, match=r"toy\.yaml") as error:
        toy(**changed)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "text",
    ["languages:", "hyper:", "pretrain:", "hyper:\n  target:", "hyper:\n  target:\n    xquad:"],
)
def test_a_table_left_empty_is_an_empty_table(text: str) -> None:
    """A name with a colon and nothing under it yet."""
    key = text.partition(":")[0]
    lines = yaml.safe_dump({k: v for k, v in STUDY.items() if k != key} | {"hub": "", "model": "m"})
    one = written(f"{lines}{text}\n")
    assert one.settings("target", tasks.target("xquad"))["epochs"] in (1, 2)
    assert one.languages_of("xquad")
    assert one.pretrain.get("corpora") is None or key != "pretrain"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "nan", "inf", 1e400])
@pytest.mark.parametrize("key", ["learning_rate", "epochs", "batch_size"])
def test_a_setting_is_a_finite_number(key: str, value: object) -> None:
    with pytest.raises(XitError, match=f"{key} = .*: expected"):
        checked_setting(key, value)


def test_settings_are_numbers_of_their_type() -> None:
    assert checked_setting("learning_rate", "2e-5") == 2e-5  # YAML reads 2e-5 as text
    assert checked_setting("batch_size", 8.0) == 8
    assert isinstance(checked_setting("batch_size", 8.0), int)
    assert isinstance(checked_setting("epochs", 2), float)
    with pytest.raises(XitError, match="unknown setting 'batchsize': did you mean 'batch_size'"):
        checked_setting("batchsize", 8)
