"""Studies: what overrides what, what depends on what."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.toys import STUDY, project, toy
from xit import paths, study, tasks
from xit.data import supplied
from xit.errors import XitError
from xit.settings import SETTINGS
from xit.study import load, names, parse

ROOT = Path(__file__).resolve().parents[1]
SELECTION = {"intermediate": ["none", "mnli"], "targets": ["xquad"], "checkpoints": 2}
FILES = sorted((ROOT / "notebooks" / "studies").glob("*.yaml"))
LAST = ["published", "data", "verify"]  # sections of every study


@pytest.fixture(autouse=True)
def own_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    yield project(tmp_path, monkeypatch, with_data=False)
    paths.project.cache_clear()


# -- the studies there are --


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_every_study_file_can_be_read(file: Path) -> None:
    one = parse(file)
    assert one.name == file.stem
    assert one.sections()[:2] == ["tasks", "multilingual_model"]
    assert one.sections()[-3:] == LAST
    assert set(one.ablations) < set(one.sections())
    for name in one.intermediate:
        settings = one.settings("intermediate", tasks.intermediate(name))
        assert set(settings) == set(SETTINGS)
    for name in one.targets:
        assert one.languages_of(name)
    for section in one.sections():
        assert one.parameters(section)["study"] == file.stem
        assert len(one.digest(section)) == 16


def test_there_are_studies() -> None:
    assert {"smoke", "lab", "mini"} <= {f.stem for f in FILES}


def test_names_and_load() -> None:
    assert names() == ["toy"]
    assert load("toy").hub == "hub"
    assert load("toy", "elsewhere").hub == "elsewhere"
    with pytest.raises(XitError, match="unknown study 'tyo': did you mean 'toy'"):
        load("tyo")


def test_a_study_may_ask_for_the_languages_of_xtreme_r() -> None:
    plain, more = toy(languages=None), toy(languages=None, benchmark="xtreme-r")
    assert plain.languages_of("udpos") == tasks.target("udpos").languages
    assert more.languages_of("udpos") == (
        *plain.languages_of("udpos"),
        "lt",
        "pl",
        "uk",
        "wo",
        "ro",
    )
    assert more.languages_of("tatoeba") == (
        *plain.languages_of("tatoeba"),
        *"az lt pl uk ro".split(),
    )
    named = toy(benchmark="xtreme-r", languages={"all": ["en", "pl"]})
    assert named.languages_of("udpos") == ("en", "pl")


def test_the_study_of_xtreme_r_has_its_ten_tasks_and_fifty_languages() -> None:
    one = parse(ROOT / "notebooks" / "studies" / "xtreme_r.yaml")
    assert len(one.targets) == 10 and not {"paws_x", "bucc"} & set(one.targets)
    assert {c for t in one.targets for c in one.languages_of(t)} == set(tasks.LANGUAGES)


# -- what overrides what --


def test_paper_then_study_then_parameter() -> None:
    xquad, udpos = tasks.target("xquad"), tasks.target("udpos")
    plain = toy(hyper={})
    assert plain.settings("target", xquad) == {
        "learning_rate": 3e-6, "batch_size": 16, "epochs": 2, "examples": None, "eval_every": 1000,
        "patience": 30, "eval_examples": 500, "max_length": 384, "limit": None,
    }  # fmt: skip
    assert plain.settings("intermediate", tasks.intermediate("mnli"))["learning_rate"] == 1e-5
    own = toy(hyper={"target": {"default": {"epochs": 1, "examples": 50}, "xquad": {"epochs": 7}}})
    assert own.settings("target", udpos)["epochs"] == 1
    assert own.settings("target", xquad)["epochs"] == 7
    assert own.settings("target", xquad)["examples"] == 50
    assert own.settings("target", xquad)["batch_size"] == 16
    changed = own.settings("target", xquad, epochs=9.0, examples=None)
    assert (changed["epochs"], changed["examples"]) == (9, 50)
    with pytest.raises(XitError, match="unknown setting 'epoch': did you mean 'epochs'"):
        own.settings("target", xquad, epoch=9)


def test_languages() -> None:
    one = toy(languages={"all": ["en", "de"], "xquad": ["en", "ru"]})
    assert one.languages_of("udpos") == ("en", "de")
    assert one.languages_of("xquad") == ("en", "ru")
    assert one.languages_of("tatoeba") == ("de",)  # never from the source language to itself
    assert toy(languages={}).languages_of("xquad") == tuple(tasks.XQUAD)


# -- sections --


def test_sections_and_what_they_wait_for() -> None:
    one = toy()
    assert one.sections() == [
        "tasks", "multilingual_model", "intermediate/mnli", "intermediate/squad_v1", "target/none",
        "target/mnli", "target/squad_v1", "results", *CLOSER, "distance", "published", "data",
        "verify",
    ]  # fmt: skip
    assert one.needs("tasks") == one.needs("multilingual_model") == []
    assert one.needs("intermediate/mnli") == ["multilingual_model"]
    assert one.needs("target/none") == ["multilingual_model"]
    assert one.needs("target/mnli") == ["intermediate/mnli"]
    assert one.needs("results") == one.sections()[1:7]
    assert {tuple(one.needs(section)) for section in CLOSER} == {("results",)}
    for section in ("distance", "published", "data", "verify"):
        assert one.needs(section) == one.needs("results")
    order = one.sections()
    for section in order:
        assert all(order.index(n) < order.index(section) for n in one.needs(section))


def test_parameters() -> None:
    one = toy(seed=5)
    assert one.parameters("intermediate/mnli") == {
        "study": "toy", "hub": "hub", "task": "mnli", "seed": 5, "num_seeds": 2,
    }  # fmt: skip
    assert one.parameters("target/mnli") == {
        "study": "toy", "hub": "hub", "intermediate": "mnli", "seed": 5, "num_seeds": 2,
        "targets": ["udpos", "xquad", "tatoeba"],
    }  # fmt: skip
    assert one.parameters("multilingual_model")["retrain"] is False
    assert toy(model="pretrain").parameters("multilingual_model")["retrain"] is True
    assert one.parameters("results") == {"study": "toy", "hub": "hub"}
    assert one.parameters("by_target/udpos") == {"study": "toy", "hub": "hub", "target": "udpos"}
    assert one.parameters("by_language/de") == {"study": "toy", "hub": "hub", "language": "de"}


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("intermediate/squad", "intermediate/squad_v1"), ("intermediate/mnl", "intermediate/mnli"),
     ("targets/none", "target/none"), ("result", "results"), ("by_target/udpo", "by_target/udpos"),
     ("by_language/dee", "by_language/de")],
)  # fmt: skip
def test_unknown_sections(wrong: str, right: str) -> None:
    with pytest.raises(
        XitError, match=f"section of study 'toy': '{wrong}': did you mean '{right}'"
    ):
        toy().parameters(wrong)


HYPER = STUDY["hyper"]
CLOSER = ["by_target/udpos", "by_target/xquad", "by_target/tatoeba",
          *(f"by_language/{code}" for code in ("en", "de"))]  # fmt: skip
READING = {"tasks", "results", "distance", "published", "data", "verify", *CLOSER}
EVERY = {"multilingual_model", "intermediate/mnli", "intermediate/squad_v1", "target/none",
         "target/mnli", "target/squad_v1", *READING}  # fmt: skip
TARGETS = {"target/none", "target/mnli", "target/squad_v1"}


@pytest.mark.parametrize(
    ("changed", "touched"),
    [
        ({}, set()),
        ({"pretrain": STUDY["pretrain"] | {"steps": 9}}, {"multilingual_model"}),
        ({"hyper": HYPER | {"target": {"xquad": {"epochs": 3}}}}, TARGETS | READING),
        ({"hyper": HYPER | {"intermediate": HYPER["intermediate"] | {"mnli": {"epochs": 3}}}},
         {"intermediate/mnli", *READING}),
        ({"retrieval_layer": 1}, TARGETS | READING),
        ({"split": "validation"}, TARGETS | READING),
        ({"hub": "elsewhere"}, EVERY),
        ({"model": "other"}, EVERY),
        ({"source": "de"}, EVERY),
        ({"languages": {"all": ["en"]}}, {"multilingual_model", *READING} | TARGETS),
        ({"intermediate": ["mnli", "squad_v1", "ccg"]}, READING),
        ({"targets": ["udpos", "xquad"]}, TARGETS | READING),
    ],
    ids=lambda x: "-".join(x) if isinstance(x, dict) else "",
)  # fmt: skip
def test_a_change_touches_the_sections_that_depend_on_it(changed: dict, touched: set) -> None:
    before, after = toy(), toy(**changed)
    assert {s for s in EVERY if before.digest(s) != after.digest(s)} == touched


def test_an_ablation_is_a_section_that_waits_for_what_it_is_compared_with() -> None:
    told = {"mlm": {"variants": ["mnli+mlm"], "targets": ["tatoeba"]}}
    one = toy(ablations=told, mlm={"sentences": 30})
    assert one.sections()[-6:] == [
        "by_language/de",
        "mlm",
        "distance",
        "published",
        "data",
        "verify",
    ]
    assert one.needs("mlm") == ["target/none", "target/mnli"]
    assert "mlm" not in one.needs("results")
    assert "mlm" in one.needs("data") and one.needs("verify") == one.needs("data")
    assert one.parameters("mlm") == {
        "study": "toy", "hub": "hub", "variants": ["mnli+mlm"], "targets": ["tatoeba"],
        "seed": 1, "num_seeds": 2,
    }  # fmt: skip
    assert one.continuation()["sentences"] == 30
    assert one.continuation(alpha=1.0, batch_size=None)["alpha"] == 1.0
    other = toy(ablations=told, mlm={"sentences": 31})
    changed = {s for s in one.sections() if one.digest(s) != other.digest(s)}
    assert changed == {"mlm", *READING}
    with pytest.raises(XitError, match="no mlm: corpora"):
        toy(pretrain={}).continuation()


ADVERSARIAL = {"variants": ["mnli+adv", "mnli+adv1*0.5"], "targets": ["udpos", "tatoeba"],
               "ablated_targets": ["tatoeba"]}  # fmt: skip


def test_the_section_of_the_adversary() -> None:
    one = toy(ablations={"adversarial": ADVERSARIAL})
    assert one.sections()[-6:] == [
        "by_language/de",
        "distance",
        "adversarial",
        "published",
        "data",
        "verify",
    ]
    assert one.needs("adversarial") == ["target/none", "target/mnli"]
    assert one.parameters("adversarial") == {
        "study": "toy", "hub": "hub", **ADVERSARIAL, "seed": 1, "num_seeds": 2,
    }  # fmt: skip
    other = toy(ablations={"adversarial": ADVERSARIAL}, adversary={"weight": 0.5})
    changed = {s for s in one.sections() if one.digest(s) != other.digest(s)}
    assert changed == {"adversarial", *READING}
    told = other.opposition(layer=1, weight=None)
    assert (told["layer"], told["weight"], told["rate"]) == (1, 0.5, 1.0)
    assert one.opposition()["layer"] == one.retrieval_layer
    assert told["corpora"] == STUDY["pretrain"]["corpora"]
    with pytest.raises(XitError, match="no mlm: corpora for an adversary"):
        toy(pretrain={}).opposition()


def test_targets_after_ablated_variants_are_left_out_with_their_data() -> None:
    told = ADVERSARIAL | {"targets": ["tatoeba", "bucc"], "ablated_targets": ["bucc"]}
    toy(hub="", ablations={"adversarial": told}, targets=["tatoeba", "bucc"], languages={})
    left = load("toy").ablations["adversarial"]
    assert (left["targets"], left["ablated_targets"]) == (("tatoeba",), ())
    assert left["variants"] == tuple(ADVERSARIAL["variants"])


def test_the_section_of_selection() -> None:
    one = toy(ablations={"selection": SELECTION})
    assert one.sections()[-6:] == [
        "by_language/de",
        "selection",
        "distance",
        "published",
        "data",
        "verify",
    ]
    assert one.needs("selection") == ["target/none", "target/mnli", "target/squad_v1"]
    assert one.parameters("selection") == {
        "study": "toy", "hub": "hub", "intermediate": ["none", "mnli"], "targets": ["xquad"],
        "checkpoints": 2, "seed": 1, "num_seeds": 2,
    }  # fmt: skip
    other = toy(ablations={"selection": SELECTION | {"checkpoints": 3}})
    changed = {s for s in one.sections() if one.digest(s) != other.digest(s)}
    # what it reads is trained in the sections of the targets
    assert changed == {"target/none", "target/mnli", "selection", *READING}


COMPLEXITY: dict = {"variants": [], "targets": [], "code_examples": 8, "dimensions": [4],
                    "subspace_examples": 8}  # fmt: skip


def test_the_section_of_complexity_waits_for_all_and_may_set_nothing() -> None:
    one = toy(ablations={"complexity": COMPLEXITY})
    assert one.sections()[-6:] == [
        "by_language/de",
        "complexity",
        "distance",
        "published",
        "data",
        "verify",
    ]
    assert one.needs("complexity") == ["target/none", "target/mnli", "target/squad_v1"]
    shared = {"study": "toy", "hub": "hub", "seed": 1, "num_seeds": 2}
    assert one.parameters("complexity") == shared | COMPLEXITY
    other = toy(ablations={"complexity": COMPLEXITY | {"dimensions": [8]}})
    changed = {s for s in one.sections() if one.digest(s) != other.digest(s)}
    assert changed == {"complexity", *READING}


def test_graded_data_is_the_labs_elsewhere_a_stated_gap() -> None:
    told = COMPLEXITY | {"variants": ["hellaswag:facts-3"], "targets": ["tatoeba"]}
    toy(hub="", ablations={"complexity": told}, intermediate=["mnli", "hellaswag"])
    assert load("toy", "lab").variants() == ["hellaswag:facts-3"]
    left = load("toy")
    assert left.variants() == [] and "complexity" in left.sections()
    [gap] = left.gaps
    assert gap == "hellaswag:facts-3: " + supplied.SUPPLIED["xit/graded"]


@pytest.mark.parametrize("key", ["title", "about"])
def test_a_page_shows_its_study_as_it_is_called_now(key: str) -> None:
    """Every page's head tells title and kind of the study: section.notice()."""
    before, after = toy(), toy(**{key: "another"})
    assert all(before.digest(s) != after.digest(s) for s in before.sections())


def test_a_study_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        study.load("toy").seed = 3  # type: ignore[misc]


def test_what_its_user_has_not_supplied_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stated gap, not a crash; the lab has everything."""
    root = tmp_path / "own"
    place = root / "notebooks" / "studies"
    place.mkdir(parents=True)
    told: dict = {"title": "T", "about": "a", "model": "m", "source": "en", "hub": ""}
    told |= {"intermediate": ["mnli", "ccg"], "targets": ["bucc", "xnli"]}
    both = {"intermediate": ["none", "mnli", "ccg"], "targets": ["xnli"], "checkpoints": 2}
    told["ablations"] = {"selection": both, "mlm": {"variants": ["ccg+mlm"], "targets": ["xnli"]}}
    (place / "all.yaml").write_text(yaml.safe_dump(told))
    less = {k: v for k, v in told.items() if k != "ablations"} | {"targets": ["bucc"]}
    (place / "none.yaml").write_text(yaml.safe_dump(less))
    monkeypatch.setenv("XIT_ROOT", str(root))
    paths.project.cache_clear()
    try:
        left = study.load("all")
        assert (left.intermediate, left.targets) == (("mnli",), ("xnli",))
        assert [g.split(":")[0] for g in left.gaps] == ["CCG", "BUCC"]
        assert "target/ccg" not in left.sections()
        names = {"intermediate": ("none", "mnli"), "targets": ("xnli",)}
        assert left.ablations == {"selection": both | names}
        with pytest.raises(XitError, match=r"'none' has no data for any of its targets: .*BUCC"):
            study.load("none")
        (root / "local" / "ccgbank").mkdir(parents=True)
        (root / "mirror" / "xit" / "bucc2018").mkdir(parents=True)
        assert study.load("all", "mirror").gaps == ()
        assert study.load("all", "lab").gaps == ()
        assert study.load("all", "lab").targets == ("bucc", "xnli")
    finally:
        paths.project.cache_clear()


def test_multi_task_training_takes_all_others_with_their_own_settings() -> None:
    told = {"default": {"examples": 900}, "squad_v1": {"batch_size": 7, "epochs": 5},
            "multitask": {"examples": 300, "epochs": 2, "limit": 100}}  # fmt: skip
    both = toy(hyper={"intermediate": told}, intermediate=("mnli", "multitask", "squad_v1"))
    assert [t.name for t in both.parts()] == ["mnli", "squad_v1"]
    settings = both.settings("intermediate", tasks.intermediate("multitask"))
    assert (settings["epochs"], settings["limit"], settings["learning_rate"]) == (2, 100, 1e-5)
    squad = both.part_settings(tasks.intermediate("squad_v1"), examples=40, learning_rate=1.0)
    assert (squad["examples"], squad["batch_size"], squad["max_length"]) == (40, 7, 384)
    assert both.part_settings(tasks.intermediate("mnli"))["examples"] == 300
    assert both.part_settings(tasks.intermediate("mnli"), examples=None)["examples"] == 300
    with pytest.raises(XitError, match="no intermediate tasks to train together"):
        toy(intermediate=("multitask",)).parts()


def test_a_language_s_own_task_waits_for_its_like() -> None:
    told = {"source_language": {"variants": ["mnli@zh", "ocnli", "drcd"], "targets": ["tatoeba"]}}
    one = toy(ablations=told)
    assert one.needs("source_language") == ["target/none", "target/mnli", "target/squad_v1"]
    assert one.sections()[-4:] == ["source_language", *LAST]
    both = toy(intermediate=["mnli", "ocnli", "multitask"])
    assert [t.name for t in both.parts()] == ["mnli"]  # of one language


def test_translations_that_nobody_has_supplied_are_left_out() -> None:
    """MNLI's is on the Hub; QQP's in German is there, in Russian it is not."""
    told = {"translation": {"variants": ["mnli@de", "qqp@de", "qqp@ru", "qqp@ru+mlm"],
                            "targets": ["tatoeba"]}}  # fmt: skip
    toy(hub="", ablations=told, intermediate=["mnli", "qqp"])
    place = paths.project() / "local" / "translated" / "qqp.de"
    place.mkdir(parents=True)
    left = load("toy")
    assert left.ablations["translation"]["variants"] == ("mnli@de", "qqp@de")
    assert left.variants() == ["mnli@de", "qqp@de"]
    [gap] = left.gaps
    assert gap.startswith("qqp@ru, qqp@ru+mlm: translations of QQP and HellaSwag are not")
    assert "local/translated/qqp.de/train.parquet" in gap
    assert load("toy", "lab").variants() == list(told["translation"]["variants"])
    place.rmdir()
    only = {"translation": {"variants": ["qqp@de"], "targets": ["tatoeba"]}}
    toy(hub="", ablations=only, intermediate=["mnli", "qqp"])
    assert "translation" not in load("toy").sections()
