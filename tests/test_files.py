"""CITATION.cff and environment.yml say what their readers (GitHub, Binder) look for."""

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]


def test_citation() -> None:
    """The keys that the Citation File Format 1.2 requires; the paper as our bibliography has it."""
    told = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert told["cff-version"] == "1.2.0" and told["type"] == "software"
    assert told["message"] and told["title"] and told["authors"]
    assert (told["version"], told["license"]) == (project["version"], project["license"])
    [paper] = told["references"]
    assert paper["type"] == "conference-paper"
    bib = (ROOT / "book" / "references.bib").read_text()
    entry = bib.partition("phang-etal-2020-xstilts")[2].partition("\n}")[0].replace("{", "")
    authors = [f"{a['family-names']}, {a['given-names']}" for a in paper["authors"]]
    assert f"author = {' and '.join(authors)}}}" in entry
    assert paper["title"] in entry.replace("}", "") and str(paper["year"]) in entry
    number = re.search(r"arXiv:([\d.]+)", entry)
    assert number and number[1] in paper["url"]
    assert set(paper["identifiers"][0]) == {"type", "value", "description"}


def test_environment_for_conda_and_binder() -> None:
    """At the top level, a Python to choose, pip's part relative to it, nothing that hides it."""
    told = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert told["dependencies"][:2] == ["python=3.11", "pip"]
    assert len(told["dependencies"]) == 2  # all others come by their hashes: make, or postBuild
    after = ROOT / "postBuild"
    assert after.stat().st_mode & 0o111 and "xit/packages.py install" in after.read_text()
    assert "\njupyterlab==" in (ROOT / "requirements.lock").read_text()
    for other in ("binder", ".binder", "Dockerfile"):  # would be read in its place
        assert not (ROOT / other).exists()
