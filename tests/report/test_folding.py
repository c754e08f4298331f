from typing import Any

from xit.report.folding import fold, with_values

TOLD = """study: str = "lab"  # a study: "lab", "base" …
rate: float | None = None  # None: the study's
names: list[str] | None = None
seed: int = 1"""


def code(source: str, *tags: str, shows: bool = False) -> dict[str, Any]:
    data = [{"output_type": "display_data", "data": {"text/html": "<b>1</b>"}}] if shows else []
    printed = [{"output_type": "stream", "name": "stdout", "text": "1"}]
    return {
        "cell_type": "code",
        "source": source,
        "metadata": {"tags": list(tags)} if tags else {},
        "outputs": printed + data,
    }


def folded(*cells: dict[str, Any]) -> list[list[str]]:
    text = {"cell_type": "markdown", "source": "# Title", "metadata": {}}
    page = {"cells": [text, *cells]}
    fold(page)
    assert page["cells"][0] is text and len(page["cells"]) == len(cells) + 1
    return [c["metadata"].get("tags", []) for c in cells]


def test_values_replace_defaults_and_meanings_stay() -> None:
    given = "# Parameters\nstudy = \"s\"\nrate = 2e-05\nnames = ['a', 'b']\n"
    assert with_values(TOLD, given).splitlines() == [
        'study: str = \'s\'  # a study: "lab", "base" …',
        "rate: float | None = 2e-05  # None: the study's",
        "names: list[str] | None = ['a', 'b']",
        "seed: int = 1",
    ]
    assert with_values(TOLD, "# Parameters\n") == TOLD


def test_a_value_behind_letters_of_several_bytes() -> None:
    assert with_values('a: str = "é"; b: int = 1', "") == 'a: str = "é"; b: int = 1'
    assert with_values('größe: str = "é"  # ü', "größe = 2") == "größe: str = 2  # ü"


def test_parameters_are_one_cell() -> None:
    first, second = code(TOLD, "parameters"), code("study = 's'", "injected-parameters")
    assert folded(first, second) == [["parameters"], ["injected-parameters", "remove-cell"]]
    assert first["source"].startswith("study: str = 's'  # a study")


def test_parameters_that_nobody_gave_stay() -> None:
    first, second = code(TOLD, "parameters"), code("x = 1")
    assert folded(first, second) == [["parameters"], []]
    assert first["source"] == TOLD
    assert folded(code(TOLD, "parameters")) == [["parameters"]]


def test_code_that_shows_is_folded_and_code_that_computes_is_not() -> None:
    assert folded(code("x = f()"), code("page.table(x)", shows=True)) == [[], ["hide-input"]]


def test_what_a_notebook_says_of_a_cell_stays() -> None:
    hidden = code("run()", "hide-output", shows=True)
    silent = code("glue()", "remove-output", shows=True)
    twice = code("page.table(x)", "hide-input", shows=True)
    assert folded(hidden, silent, twice) == [["hide-output"], ["remove-output"], ["hide-input"]]
