"""Sections: parameters read and checked, changes kept, the last good page never lost."""

import dataclasses
import errno
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import papermill
import pytest
from nbclient.exceptions import DeadKernelError
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from papermill.exceptions import PapermillExecutionError

from tests.toys import project
from xit import execute, paths, study
from xit.errors import XitError
from xit.execute import Parameter, change, changes, convert, parameters, parse
from xit.study import CLOSER, NOTEBOOKS, READING, Study

ROOT = Path(__file__).resolve().parents[1]
SECTION = "intermediate/mnli"


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Study]:
    project(tmp_path, monkeypatch, with_data=False)
    for name in ("XIT_SECTION", "XIT_RECORD", "XIT_PROCESSES", "PYDEVD_DISABLE_FILE_VALIDATION"):
        monkeypatch.setenv(name, os.environ.get(name, ""))  # execute sets them: put them back
    yield study.load("toy")
    paths.project.cache_clear()


def known(section: str = SECTION) -> dict[str, Parameter]:
    return parameters(ROOT / "notebooks" / NOTEBOOKS[section.partition("/")[0]])


# -- reading parameters --


def test_parameters_of_the_intermediate_notebook() -> None:
    told = known()
    assert told["task"] == Parameter("task", "str", "squad_v1", "the intermediate task")
    assert told["num_seeds"].type == "int" and told["num_seeds"].default == 3
    assert told["learning_rate"].type == "float | None"
    assert told["learning_rate"].meaning.endswith("paper: 1e-5")
    assert known("target/none")["targets"].type == "list[str] | None"


def notebook(*sources: str) -> nbformat.NotebookNode:
    """A notebook whose code cells are all tagged as parameters."""
    made = [new_code_cell(s, metadata={"tags": ["parameters"]}) for s in sources]
    return new_notebook(cells=[new_markdown_cell("# Title\n\nText."), *made])


def test_parameters_of_a_notebook(tmp_path: Path) -> None:
    path = tmp_path / "n.ipynb"
    source = 'a: int = -3  # how many\nb: list[str] = ["x", "y#z"]\nc = 4\nd: str = "#"  # sign\n'
    nbformat.write(notebook(source), path)
    assert parameters(path) == {
        "a": ("a", "int", -3, "how many"),
        "b": ("b", "list[str]", ["x", "y#z"], ""),
        "d": ("d", "str", "#", "sign"),
    }
    for sources, count in (((), 0), (("a: int = 1", "b: int = 2"), 2)):
        nbformat.write(notebook(*sources), path)
        with pytest.raises(XitError, match=rf"n\.ipynb has {count} cells tagged 'parameters'"):
            parameters(path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("learning_rate=2e-5 seed=3", {"learning_rate": 2e-5, "seed": 3}),
        ("  epochs=2\texamples=500 ", {"epochs": 2.0, "examples": 500}),
        ("learning_rate=none", {"learning_rate": None}),
        ("patience=", {"patience": None}),
        ("seed=0", {"seed": 0}),
    ],
)
def test_parse(text: str, expected: dict) -> None:
    told = parse(text, known(), SECTION)
    assert told == expected
    assert [type(v) for v in told.values()] == [type(v) for v in expected.values()]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("learnin_rate=1", "'intermediate/mnli': 'learnin_rate': did you mean 'learning_rate'"),
        ("sed=1", "did you mean 'seed'"),
        (
            "learning_rate=fast",
            r"learning_rate = 'fast': expected float \| None \(peak learning rate",
        ),
        ("seed=1.5", r"seed = '1.5': expected int \(first seed"),
        ("seed=none", "seed = 'none': expected int"),
        ("seed=", "seed = '': expected int"),
        ("examples=1e3", r"examples = '1e3': expected int \| None"),
        ("learning_rate", "'learning_rate' is not of the form name=value"),
        ("learning_rate = 2", "'learning_rate' is not of the form name=value"),
        ("=2", "parameter of section"),
        ("study=mini", "unknown parameter"),  # given by the study
        ("hub=/x", "unknown parameter"),
    ],
)
def test_parse_refuses(text: str, message: str) -> None:
    with pytest.raises(XitError, match=message) as error:
        parse(text, known(), SECTION)
    assert "\n" not in str(error.value)


def test_parse_lists_and_yes_or_no() -> None:
    target, first = known("target/none"), known("multilingual_model")
    assert parse("targets=xquad,udpos", target, "target/none") == {"targets": ["xquad", "udpos"]}
    assert parse("targets=[xquad]", target, "target/none") == {"targets": ["xquad"]}
    assert parse("retrain=true", first, "m") == {"retrain": True}
    assert parse("retrain=False steps=5", first, "m") == {"retrain": False, "steps": 5}
    with pytest.raises(XitError, match="retrain = 'yes': expected bool"):
        parse("retrain=yes", first, "m")


def test_convert_names_what_it_expected() -> None:
    with pytest.raises(XitError) as error:
        convert("x", Parameter("n", "int", 1, ""))
    assert str(error.value) == "n = 'x': expected int"


@pytest.mark.parametrize(
    ("section", "text", "message"),
    [
        (SECTION, "task=ccg", f"task is given by the section's name '{SECTION}'"),
        ("target/none", "intermediate=mnli", "intermediate is given by the section's name"),
        ("target/none", "targets=xqad", "target task of study 'toy': 'xqad': did you mean 'xquad'"),
        ("target/none", "targets=xnli", "target task of study 'toy': 'xnli'"),  # not of this study
        ("target/none", "targets=", "targets is empty"),
        (SECTION, "learning_rate=-1", "learning_rate = -1.0: expected a number above 0"),
        (SECTION, "learning_rate=nan", "learning_rate = nan: expected"),
        (SECTION, "epochs=inf", "epochs = inf: expected"),
        (SECTION, "batch_size=0", "batch_size = 0: expected a whole number above 0"),
        (SECTION, "num_seeds=0", "num_seeds = 0: expected a whole number, at least 1"),
        (SECTION, "seed=-1", "seed = -1: expected a whole number, at least 0"),
        ("multilingual_model", "retrain=true steps=0", "steps = 0: expected"),
        ("multilingual_model", "retrain=true steps=-5", "steps = -5: expected"),
        ("intermediate/squad1", "seed=1", "did you mean 'intermediate/squad_v1'"),
        ("results", "seed=1", "unknown parameter of section 'results': 'seed'"),
        ("published", "combine=medium", "combine seeds 'medium': did you mean 'median'"),
        ("distance", "distance=syntax", "unknown distance 'syntax': did you mean 'syntactic'"),
    ],
)
def test_values_that_make_no_sense_are_refused(
    toy: Study, section: str, text: str, message: str
) -> None:
    with pytest.raises(XitError, match=message) as error:
        change(toy, section, text)
    assert "\n" not in str(error.value)
    assert changes("toy") == {}  # all or nothing


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("dimensions=4,4", r"complexity: dimensions = \[4, 4\]: expected each number once"),
        ("dimensions=four", "dimensions = 'four': expected int"),
        ("code_examples=-1", "complexity: code_examples = -1: expected a whole number, at least 0"),
        ("subspace_examples=0", "subspace_examples = 0: expected a whole number, at least 1"),
        ("variants=mnli:facts-3", "'mnli' with 'facts-3': expected one of hellaswag"),
        ("targets=", "targets is empty"),
    ],
)
def test_the_section_of_complexity_refuses(toy: Study, text: str, message: str) -> None:
    told = {"variants": [], "targets": [], "code_examples": 8, "dimensions": [4],
            "subspace_examples": 8}  # fmt: skip
    one = dataclasses.replace(toy, ablations={"complexity": told})
    with pytest.raises(XitError, match=message):
        change(one, "complexity", text)
    assert change(one, "complexity", "variants= dimensions=2,8") == {
        "variants": [], "dimensions": [2, 8],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("intermediate=none,mnl", "intermediate task: 'mnl': did you mean 'mnli'"),
        ("intermediate=mnli", "expected 'none', and tasks to compare"),
        ("targets=tatoeba", "expected targets that are trained"),
        ("checkpoints=0", "checkpoints = 0: expected a whole number, at least 1"),
        ("eval_every=0", "eval_every = 0: expected a whole number above 0"),
    ],
)
def test_the_section_of_selection_refuses(toy: Study, text: str, message: str) -> None:
    told = {"intermediate": ("none", "mnli"), "targets": ("xquad",), "checkpoints": 2}
    one = dataclasses.replace(toy, ablations={"selection": told})
    with pytest.raises(XitError, match=message):
        change(one, "selection", text)
    assert change(one, "selection", "intermediate=none,squad_v1 checkpoints=3") == {
        "intermediate": ["none", "squad_v1"], "checkpoints": 3,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("variants=mnl+adv", "intermediate task 'mnl': did you mean 'mnli'"),
        ("variants=mnli", "variants = 'mnli': expected a task against an adversary"),
        ("variants=mnli+adv*0 ablated_targets=", "expected a target after these variants"),
        ("ablated_targets=xqad", "'xqad': did you mean 'xquad'"),
        ("adversary_layer=-1", "adversary_layer = -1: expected a whole number 0 or more"),
        ("adversary_weight=nan", "adversary_weight = nan: expected a number 0 or more"),
        ("adversary_wieght=1", "did you mean 'adversary_weight'"),
    ],
)
def test_the_section_of_the_adversary_refuses(toy: Study, text: str, message: str) -> None:
    told = {"variants": ("mnli+adv",), "targets": ("xquad",), "ablated_targets": ("xquad",)}
    one = dataclasses.replace(toy, ablations={"adversarial": told})
    with pytest.raises(XitError, match=message) as error:
        change(one, "adversarial", text)
    assert "\n" not in str(error.value)
    assert change(one, "adversarial", "variants=mnli+adv*0 adversary_layer=0") == {
        "variants": ["mnli+adv*0"], "adversary_layer": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rates=0.1,2", "noise rate 2.0: expected a share of words between 0 and 1"),
        ("rates=0.1,0.1", "rates = .* expected a list, each entry once"),
        ("kind=swop", "kind of noise 'swop': did you mean 'swap'"),
        ("kinds=swap,keybord", "kind of noise 'keybord': did you mean 'keyboard'"),
        ("variants=squad_v1#8", "length of at least 16 tokens"),
        ("variants=squad_v1#24+smooth", "expected 'squad_v1#24' beside it"),
        ("smooth_radius=0", "smooth_radius = 0.0: expected a number above 0"),
        ("examples=0", "examples = 0: expected a whole number above 0"),
    ],
)
def test_the_section_of_length_and_noise_refuses(toy: Study, text: str, message: str) -> None:
    told = {"variants": ("squad_v1",), "targets": ("xquad",), "rates": [0.1]}
    one = dataclasses.replace(toy, ablations={"length_noise": told})
    with pytest.raises(XitError, match=message):
        change(one, "length_noise", text)
    right = "variants=squad_v1#24,squad_v1#24+smooth rates=0.1,0.3 kind=drop smooth_radius=0.5"
    assert change(one, "length_noise", right) == {
        "variants": ["squad_v1#24", "squad_v1#24+smooth"], "rates": [0.1, 0.3], "kind": "drop",
        "smooth_radius": 0.5,
    }  # fmt: skip


# -- changes --


def test_changes_are_kept_by_section_and_dropped(toy: Study) -> None:
    assert changes("toy") == {}
    assert change(toy, SECTION, "learning_rate=2e-5 seed=3") == {"learning_rate": 2e-5, "seed": 3}
    change(toy, "target/none", "targets=xquad,udpos")
    assert changes("toy") == {
        SECTION: {"learning_rate": 2e-5, "seed": 3},
        "target/none": {"targets": ["xquad", "udpos"]},
    }
    change(toy, SECTION, "epochs=2")  # replaces, does not add
    assert changes("toy")[SECTION] == {"epochs": 2.0}
    with pytest.raises(XitError):
        change(toy, SECTION, "epochs=3 sed=1")
    assert changes("toy")[SECTION] == {"epochs": 2.0}
    assert change(toy, SECTION, "") == {}
    assert changes("toy") == {"target/none": {"targets": ["xquad", "udpos"]}}
    change(toy, "target/none", "  ")
    assert changes("toy") == {}


def test_the_notebook_then_the_study_then_the_change(toy: Study) -> None:
    plain = execute.values(toy, SECTION)
    assert plain["task"] == "mnli" and plain["num_seeds"] == 2  # the study's, not the notebook's
    assert plain["learning_rate"] is None  # the notebook's
    change(toy, SECTION, "num_seeds=1 learning_rate=2e-5")
    assert execute.values(toy, SECTION) == plain | {"num_seeds": 1, "learning_rate": 2e-5}
    assert execute.values(toy, "intermediate/squad_v1")["num_seeds"] == 2


# -- executing --


class Papermill:
    """In papermill's place: writes a page, or half of one and then an error."""

    def __init__(self, error: Exception | None = None, record: dict | None = None) -> None:
        self.error, self.record = error, record
        self.given: dict = {}

    def __call__(self, source: str, target: str, parameters: dict, **_: object) -> None:
        self.given = parameters
        book = nbformat.read(source, as_version=4)
        book.cells.append(new_markdown_cell("executed"))
        nbformat.write(book, target)
        if self.error:
            raise self.error
        if self.record is not None:
            Path(os.environ["XIT_RECORD"]).write_text(json.dumps(self.record))


def executes(monkeypatch: pytest.MonkeyPatch, toy: Study, mill: Papermill) -> Path:
    monkeypatch.setattr(papermill, "execute_notebook", mill)
    return execute.execute(toy, SECTION)


def error(name: str, value: str) -> PapermillExecutionError:
    return PapermillExecutionError(3, 2, "source", name, value, ["traceback"])


def test_an_executed_section(monkeypatch: pytest.MonkeyPatch, toy: Study) -> None:
    mill = Papermill(record={"runs": [1]})
    path = executes(monkeypatch, toy, mill)
    assert path == execute.executed("toy", SECTION)
    assert json.loads(path.with_suffix(".json").read_text()) == {"runs": [1]}
    assert mill.given == execute.values(toy, SECTION)
    assert sorted(p.name for p in path.parent.iterdir()) == ["mnli.ipynb", "mnli.json"]
    executes(monkeypatch, toy, Papermill(record={"runs": [2]}))
    assert json.loads(path.with_suffix(".json").read_text()) == {"runs": [2]}
    assert json.loads(path.with_suffix(".before.json").read_text()) == {"runs": [1]}
    executes(monkeypatch, toy, Papermill(record={"runs": [2], "other": 1}))
    assert json.loads(path.with_suffix(".before.json").read_text()) == {"runs": [1]}


def test_a_kernel_that_never_answered_is_started_once_more(
    monkeypatch: pytest.MonkeyPatch, toy: Study
) -> None:
    died = RuntimeError("Kernel died before replying to kernel_info")
    whole, tries = Papermill(record={"runs": [1]}), list[Exception]()

    def mill(*given: object, **more: object) -> None:
        if len(tries) < least:
            tries.append(died)
            raise died
        whole(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(papermill, "execute_notebook", mill)
    least = 1
    assert execute.execute(toy, SECTION).exists() and len(tries) == 1
    least = 9
    with pytest.raises(XitError, match="Kernel died before replying"):
        execute.execute(toy, SECTION)
    assert len(tries) == 3


FAILURES = [
    (error("XitError", "no such thing"), "section intermediate/mnli: no such thing"),
    (error("ValueError", "oh"), "section intermediate/mnli: ValueError: oh"),
    (DeadKernelError("Kernel died"), "section intermediate/mnli: .*[Kk]ernel died"),
    (OSError(errno.ENOSPC, "No space left on device"), "section intermediate/mnli: cannot write"),
]


@pytest.mark.parametrize(("failure", "message"), FAILURES, ids=lambda x: type(x).__name__)
def test_a_failing_section_leaves_the_last_good_page(
    monkeypatch: pytest.MonkeyPatch, toy: Study, failure: Exception, message: str
) -> None:
    path = executes(monkeypatch, toy, Papermill(record={"runs": [1]}))
    files = [path, path.with_suffix(".json")]
    before = [f.read_bytes() for f in files]
    with pytest.raises(XitError, match=message) as told:
        executes(monkeypatch, toy, Papermill(failure))
    assert "\n" not in str(told.value)
    assert str(paths.project()) not in str(told.value) or "cannot write" in message
    assert [f.read_bytes() for f in files] == before
    left = {p.name for p in path.parent.iterdir()} - {"mnli.ipynb", "mnli.json"}
    assert left <= {"failed-mnli.ipynb"}


def test_a_real_failing_section(toy: Study) -> None:
    """Through papermill and a kernel: the toy study has no data here."""
    with pytest.raises(XitError, match="section intermediate/mnli: ") as told:
        execute.execute(toy, SECTION)
    assert "hub directory 'hub' does not exist" in str(told.value)
    assert "(see book/study/toy/intermediate/failed-mnli.ipynb)" in str(told.value)
    assert "\n" not in str(told.value)
    assert not execute.executed("toy", SECTION).exists()


# -- pages --


def test_one_notebook_makes_pages_with_names_of_their_own(tmp_path: Path) -> None:
    titles, figures = set(), []
    sections = (
        "intermediate/mnli",
        "intermediate/squad_v1",
        "target/none",
        "target/mnli",
        *(phase for phase in READING if phase not in CLOSER),
        *("by_target/xnli", "by_target/udpos"),
    )
    for section in sections:
        path = tmp_path / f"{section.replace('/', '-')}.ipynb"
        source = ROOT / "notebooks" / NOTEBOOKS[section.partition("/")[0]]
        path.write_bytes(source.read_bytes())
        execute.name_page(path, section)
        made, original = (nbformat.read(p, as_version=4).cells for p in (path, source))
        titles.add(made[0].source.splitlines()[0])
        assert made[0].source.splitlines()[1:] == original[0].source.splitlines()[1:]
        assert [c.source for c in made[1:]] == [c.source for c in original[1:]]
        figures += [c.metadata["mystnb"]["figure"]["name"] for c in made if "mystnb" in c.metadata]
    assert len(titles) == len(sections)
    assert "# MNLI as intermediate task" in titles
    assert "# Targets without intermediate task" in titles
    assert len(figures) == len(set(figures)) > 4
    assert "# POS as target task" in titles
    assert {"fig-curves-intermediate-squad-v1", "fig-after-by-target-xnli"} <= set(figures)


def test_a_section_may_give_its_page_a_heading(tmp_path: Path) -> None:
    path = tmp_path / "page.ipynb"
    path.write_bytes((ROOT / "notebooks" / NOTEBOOKS["by_language"]).read_bytes())
    execute.name_page(path, "by_language/qab", "Belun (qab)")
    made = nbformat.read(path, as_version=4).cells
    assert made[0].source.startswith("# Belun (qab)\n")
    assert any("fig-language-by-language-qab" in str(c.metadata) for c in made)


def test_titles() -> None:
    assert execute.title("target/mnli") == "Targets after MNLI"
    assert execute.title("results") == ""


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("3 runs: 1 there already, 2 to do", True),
        ("[  1/2] target-x: 1.0 s; about 3 s left", True),
        ("          target-x: step 1/2 loss 3.0", True),
        ("run x is damaged (y changed); moved to damaged/, done again", True),
        ("a table or a warning", False),
        ("", False),
    ],
)
def test_progress_is_told_from_other_output(line: str, shown: bool) -> None:
    assert bool(execute.PROGRESS.match(line)) == shown


def test_changed_runs(tmp_path: Path) -> None:
    old, new = tmp_path / "a", tmp_path / "b"
    old.write_text('{"runs": [1], "made": 1}')
    new.write_text('{"runs": [1], "made": 0}')
    assert not execute.changed_runs(old, new)
    new.write_text('{"runs": [2]}')
    assert execute.changed_runs(old, new)
    new.write_text("{")
    assert execute.changed_runs(old, new)
    assert execute.changed_runs(old, tmp_path / "c")


def test_a_file_is_written_in_one_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    execute.write(path, "old")
    replace: Callable = Path.replace

    def look(self: Path, target: Path) -> Path:
        assert path.read_text() == "old" and self.read_text() == "new"
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", look)
    execute.write(path, "new")
    assert path.read_text() == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
