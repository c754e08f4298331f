"""No result is typed by hand, in a notebook's text or a page of the book: numbers come from code.

A number that looks like a result (a decimal, a percentage, so many points) may be in prose only if
the paragraph cites where it is published, or if it is one of ALLOWED: a definition, a setting or a
guarded fact. Code, formulas and tables of a page's own recipe do not count.
"""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PAGES = sorted((ROOT / "book").glob("*.md"))
# 02 to 04 have an order of their own; 15 and 16 show one target or language and read nothing in
READINGS = [p for p in NOTEBOOKS if p.stem[:2] not in ("02", "03", "04", "15", "16")]

SMALL = "one|two|three|four|five|six|seven|eight|nine|ten"
RESULT = re.compile(
    r"(?<![\w.])[+−-]?\d+\.\d+(?!\w|\.\d)"  # 67.2, but no version as 1.1.2 and no 2005.13013v2
    r"|\d+(?:\.\d+)?\s?%|\d+ per ?cent"
    rf"|(?<!\w)(?:[+−-]?\d[\d,.]*|{SMALL})[ -]points?\b",
    re.IGNORECASE,
)
CITED = re.compile(r"\{cite:[pt]\}|\{glue:")

# what may be on any page, and why; then page by page
ANYWHERE = {
    "95%": "the level of every interval",
    "10 points": "where the colours of a heat map end",
    "40 points": "where the colours of a heat map with retrieval end",
}
ALLOWED = {
    "10_complexity": {
        "0.70": "the critical value of ρ over nine tasks, fixed beforehand",
        "90%": "what counts as learnt: the definition of the intrinsic dimension",
    },
    "11_distance": {"0.25": "a bound that tests/lab/test_languages.py checks"},
    "12_source_language": {
        "5%": "the level of the tests, fixed beforehand",
        "80%": "the power that is asked for",
        "one point": "the effect that is asked about",
    },
    "13_length_noise": {
        "10%": "the unit of the slope",
        "30%": "the highest rate of noise",
        "80%": "the power that is asked for",
    },
    "14_adversarial": {
        "5%": "the level of the tests, fixed beforehand",
        "90%": "a rule by which the lab's setting was chosen",
        "0.3": "a weight that was tried",
        "0.1": "a weight that was tried",
        "0.03": "a weight that was tried",
        "five points": "a rule by which the lab's setting was chosen",
    },
    "methods": {
        "2.7": "a version of Universal Dependencies",
        "10%": "a setting, or the unit of the slope",
        "15%": "a rate of noise",
        "30%": "a rate of noise",
        "80%": "the power that is asked for",
        "three points": "the definition of a collapsed run",
    },
}


def notebook_text(path: Path) -> list[str]:
    """The texts of a notebook: its Markdown cells and the captions of its figures."""
    told = []
    for cell in json.loads(path.read_text())["cells"]:
        if cell["cell_type"] == "markdown":
            told.append("".join(cell["source"]))
        told.append(cell["metadata"].get("mystnb", {}).get("figure", {}).get("caption", ""))
    return told


def paragraphs(text: str) -> list[str]:
    """What a reader takes as prose: without code, formulas, links' targets, and tables."""
    text = re.sub(r"^(`{3,}|:{3,})\{(?:table|raw|figure).*?^\1$", "", text, flags=re.S | re.M)
    text = re.sub(r"```.*?```|\$\$.*?\$\$", "", text, flags=re.S)
    text = re.sub(r"`[^`]*`|\$[^$]*\$|\]\([^)]*\)", lambda m: m[0] if "cite" in m[0] else "", text)
    parts = re.split(r"\n\s*\n|\n(?=- |\d\. )", text)
    return [p for p in parts if not p.lstrip().startswith("|")]


def results(text: str) -> list[str]:
    """What looks like a result in a text and is not cited."""
    return [
        m[0].strip() for p in paragraphs(text) if not CITED.search(p) for m in RESULT.finditer(p)
    ]


def test_what_looks_like_a_result() -> None:
    assert results("MNLI gains 3.1, or -4.5, of 0.70.") == ["3.1", "-4.5", "0.70"]
    assert results("It wins in 22% of the cells.") == ["22%"]
    assert results("The gap is five points.") == ["five points"]
    assert results("Of 27 cells 12 gain; version 1.1.2; `rate=0.5`; $x = 0.5$.") == []
    assert results("Table 2 prints 67.2 {cite:p}`phang-etal-2020-xstilts`.") == []
    assert results("Cited {cite:p}`a`.\n\nIt gains 3.5.") == ["3.5"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_no_result_is_typed_into_a_notebook(path: Path) -> None:
    told = [x for text in notebook_text(path) for x in results(text)]
    typed = set(told) - ANYWHERE.keys() - ALLOWED.get(path.stem, {}).keys()
    assert not typed, f"{path.name}: generate these, or cite where they are printed"


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.stem)
def test_no_result_is_typed_into_the_book(path: Path) -> None:
    told = set(results(path.read_text()))
    assert not told - ANYWHERE.keys() - ALLOWED.get(path.stem, {}).keys()


def test_nothing_is_allowed_that_is_not_there() -> None:
    for path in [*NOTEBOOKS, *PAGES]:
        texts = notebook_text(path) if path.suffix == ".ipynb" else [path.read_text()]
        told = {x for text in texts for x in results(text)}
        assert ALLOWED.get(path.stem, {}).keys() <= told, path.name


@pytest.mark.parametrize("path", [*NOTEBOOKS, *PAGES], ids=lambda p: p.stem)
def test_every_citation_is_in_the_bibliography(path: Path) -> None:
    known = set(
        re.findall(r"^@\w+\{([^,]+),", (ROOT / "book" / "references.bib").read_text(), re.M)
    )
    texts = notebook_text(path) if path.suffix == ".ipynb" else [path.read_text()]
    cited = re.findall(r"\{cite:[pt]\}`([^`]+)`", "\n".join(texts))
    assert {key.strip() for keys in cited for key in keys.split(",")} <= known


@pytest.mark.parametrize("path", READINGS, ids=lambda p: p.stem)
def test_every_page_is_read_in_the_same_order(path: Path) -> None:
    """Question and expectation first; at the end what we see, what the paper saw, what would change
    our mind; what we see is written by code."""
    cells = json.loads(path.read_text())["cells"]
    first = "".join(cells[0]["source"])
    assert re.search(r"\*\*Question\.\*\*.*\*\*Expectation(, fixed .*)?\.\*\*", first, re.S)
    heads = ["## Reading", "### What we see", "### What the paper saw",
             "### What would change our mind", "## Try it"]  # fmt: skip
    text = ["".join(c["source"]) if c["cell_type"] == "markdown" else "" for c in cells]
    at = [next(i for i, t in enumerate(text) if re.search(f"^{h}$", t, re.M)) for h in heads]
    assert at == sorted(at) and sum("## Reading" in t for t in text) == 1
    every = [h for t in text for h in re.findall(r"^##+ .*$", t, re.M)]
    assert every[-5:] == heads
    seen = cells[at[1] : at[2]]
    assert any(c["cell_type"] == "code" and "Markdown(" in "".join(c["source"]) for c in seen)


@pytest.mark.parametrize("path", READINGS, ids=lambda p: p.stem)
def test_every_caption_says_what_to_see(path: Path) -> None:
    for cell in json.loads(path.read_text())["cells"]:
        if figure := cell["metadata"].get("mystnb", {}).get("figure"):
            assert "To be seen" in figure["caption"], figure["name"]
