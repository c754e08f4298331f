"""The notebooks as they are in the repository: made to be read, parameters explained, no output."""

import ast
import re
from pathlib import Path

import nbformat
import pytest

from xit import study
from xit.execute import Parameter, parameters, parse
from xit.settings import SETTINGS
from xit.study import NOTEBOOKS, READING

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted((ROOT / "notebooks").glob("*.ipynb"))
IDS = [p.stem for p in PAGES]


OF = {"by_target": "by_target/xnli", "by_language": "by_language/qaa"}
READ = [OF.get(phase, phase) for phase in READING]  # sections of the default study that only read


def known(section: str) -> dict[str, Parameter]:
    return parameters(ROOT / "notebooks" / NOTEBOOKS[section.partition("/")[0]])


def cells(path: Path) -> list[nbformat.NotebookNode]:
    return list(nbformat.read(path, as_version=4).cells)


def test_every_phase_has_its_notebook() -> None:
    assert set(NOTEBOOKS.values()) <= {p.name for p in PAGES}


@pytest.mark.parametrize("path", PAGES, ids=IDS)
def test_notebooks_hold_no_output(path: Path) -> None:
    nbformat.validate(nbformat.read(path, as_version=4))
    for cell in cells(path):
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
            assert "execution" not in cell.metadata  # papermill's times


@pytest.mark.parametrize("path", PAGES, ids=IDS)
def test_notebooks_are_made_to_be_read(path: Path) -> None:
    every = cells(path)
    assert every[0].cell_type == "markdown"
    assert re.match(r"# \S", every[0].source)
    assert "**Question.**" in every[0].source
    headings = [c.source for c in every if c.cell_type == "markdown" and c.source.startswith("# ")]
    assert len(headings) == 1
    for cell in every:
        if cell.cell_type == "code":
            ast.parse(cell.source)
            if "parameters" not in cell.metadata.get("tags", []):
                assert len(cell.source.splitlines()) <= 12, cell.source
    assert any(c.source.startswith("## Try it") for c in every)
    assert every[-1].source.strip() == "section.finish()"


@pytest.mark.parametrize("path", PAGES, ids=IDS)
def test_every_parameter_says_what_it_means(path: Path) -> None:
    every = cells(path)
    tagged = [c for c in every if "parameters" in c.metadata.get("tags", [])]
    assert len(tagged) == 1
    told = parameters(path)
    lines = [x for x in tagged[0].source.splitlines() if x.strip()]
    assert len(told) == len(lines)
    for line, parameter in zip(lines, told.values(), strict=True):
        assert re.match(rf"{parameter.name}: [\w\[\] |]+ = .+  # \S.+", line), line
        assert parameter.meaning == line.split("  # ", 1)[1]
    assert list(told)[:2] == ["study", "hub"]


@pytest.mark.parametrize("path", PAGES, ids=IDS)
def test_parameters_are_passed_on_whole(path: Path) -> None:
    """The second code cell hands every parameter to the section, so that the record has them."""
    code = [c for c in cells(path) if c.cell_type == "code"]
    assert "parameters" in code[0].metadata["tags"]
    for name in parameters(path):
        assert re.search(rf'"{name}"|\b{name}={name}\b', code[1].source), name


@pytest.mark.parametrize("path", PAGES, ids=IDS)
def test_every_figure_has_a_caption_and_a_name(path: Path) -> None:
    seen = []
    for cell in cells(path):
        if cell.cell_type != "code":
            continue
        figure = cell.metadata.get("mystnb", {}).get("figure")
        draws = "page.figure(" in cell.source or "drawn.show(" in cell.source
        assert bool(figure) == draws, cell.source
        if figure:
            assert len(figure["caption"]) > 40 and figure["caption"].endswith(".")
            assert re.fullmatch(r"fig-[a-z-]+", figure["name"])
            seen.append(figure["name"])
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize("path", PAGES, ids=IDS)
def test_what_the_reader_is_told_to_try_would_be_taken(path: Path) -> None:
    text = "\n".join(c.source for c in cells(path) if c.cell_type == "markdown")
    own = next(k for k, v in NOTEBOOKS.items() if v == path.name)
    for given, section in re.findall(r'(?:S=(\S+) )?PARAMS="([^"]*)"', text):
        phase = (given or own).partition("/")[0]
        assert parse(section, known(phase), phase)


def test_the_defaults_are_the_default_study() -> None:
    """So that a notebook opened by hand shows what the book shows."""
    lab = study.parse(ROOT / "notebooks" / "studies" / "lab.yaml")
    for section in ("multilingual_model", "intermediate/squad_v1", "target/none", *READ):
        told = known(section)
        for key, value in lab.parameters(section).items():
            if key not in ("hub", "targets"):
                assert told[key].default == value, (section, key)
        assert all(told[key].default is None for key in ("hub", "targets") if key in told)


def test_settings_of_notebooks_are_known() -> None:
    """A parameter that no code knows would be shown and do nothing."""
    for section in ("intermediate/mnli", "target/none"):
        other = set(known(section)) - set(SETTINGS)
        assert other <= {"study", "hub", "task", "seed", "num_seeds", "intermediate", "targets"}
