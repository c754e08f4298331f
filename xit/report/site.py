"""The site of one study: hand-written pages and executed notebooks in, static HTML out.

    from xit.report.site import build
    build("lab", ["multilingual_model", "intermediate/squad_v1", "target/none", "results"], book)

`book/` holds the pages, `book/study/<study>/` the executed notebooks. Both are copied to
`book/_build/source/`, where the notebooks lie under `study/` whatever the study's name, so
that a page can refer to `study/results`. Jupyter Book builds strictly (`-n -W`) in
`book/_build/rendering/`; the last good site in `book/_build/html/` is replaced only afterwards.
"""

import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import yaml
from filelock import FileLock

from xit import execute
from xit.errors import XitError
from xit.report import downloads, every_score, folding, growth, performance
from xit.report.downloads import Notebook
from xit.study_file import ABLATIONS

PAGES_BEFORE = ("methods",)
PAGES_AFTER = ("glossary", "references")
METHOD = "Method"
EXTENSIONS = ("complexity", "distance", "source_language", "length_noise", "adversarial")
PARTS = {  # first part of a section's name -> caption in the side bar
    "tasks": METHOD,
    "multilingual_model": "Phase 1: a multilingual model",
    "intermediate": "Phase 2: intermediate tasks",
    "target": "Phase 3: target tasks",
    **dict.fromkeys(ABLATIONS, "Ablations"),
    **dict.fromkeys(EXTENSIONS, "Extension studies"),
}
RESULTS = "Results"  # every other section
# first part of a section's name -> the page that it is folded under
UNDER = {"by_target": "targets", "by_language": "languages"}
RENDERERS = ("jupyter-book", "sphinx", "myst-nb", "sphinx-book-theme", "sphinxcontrib-bibtex")
# Less to load (xit/__init__.py), what is installed is looked through once, not for each source that
# a page cites, and a word is stemmed once, not wherever it stands: 5 of 14 s. Nearly nothing of a
# page becomes garbage: 1.5 s. What it is to do it is told when it has loaded.
JUPYTER_BOOK = """
import functools, gc, importlib.metadata, json, sys, xit
gc.set_threshold(100_000, 20, 20)
importlib.metadata.entry_points = functools.cache(importlib.metadata.entry_points)
from sphinx.search.en import SearchEnglish
SearchEnglish.stem = functools.cache(SearchEnglish.stem)
import jupyter_book.sphinx, myst_nb.sphinx_, sphinx_book_theme, sphinx_design, sphinxcontrib.bibtex
from jupyter_book.cli.main import main
if told := sys.stdin.readline():
    sys.argv[1:] = json.loads(told)
    sys.exit(main())
"""
EXTENSION = Path(__file__).with_name("captions.py")  # of Sphinx, which is slow to load
BENCH = Path("tests", "bench", "results")  # rows that the page of performance is made from
GROWTH = Path("tests", "growth", "growth.csv")
STAMP = ".xit-site"  # fingerprint of what a finished site was made from
# What Sphinx and the theme put in and no page reads: 5 MB. Every browser takes the woff2 fonts.
UNNEEDED = (".buildinfo", "_sources", "*.map", "*.ttf", "locales")

Renderer = subprocess.Popen[str]


class SiteError(XitError):
    """The site could not be built; the message says which page and why."""


def build(study: str, sections: Sequence[str], book: Path, python: str = sys.executable) -> Path:
    """Path of the index page of the site built from `sections` of `study`.

    Nothing is rendered when nothing changed, and only changed notebooks when nothing else
    did. A failing build raises SiteError and leaves the last good site as it was; a second
    build at the same time waits for the first.
    """
    out = book / "_build"
    out.mkdir(parents=True, exist_ok=True)
    with FileLock(out / "site.lock"), _renderer(python) as renderer:
        files = collect(study, sections, book)
        fingerprint = _fingerprint(files)
        if _read(out / "html" / STAMP) != fingerprint:
            _write(files, out / "source")
            rendered = _render(files, out / "source", out / "rendering", renderer)
            _replace(out / "html", rendered, fingerprint, _downloads(files))
    return out / "html" / "index.html"


def collect(study: str, sections: Sequence[str], book: Path) -> dict[str, bytes]:
    """Every file of the site's source, by its path there, and what goes into the site as it is.

    Raises SiteError naming each executed notebook that is missing and each figure without
    a text alternative.
    """
    executed = book / "study" / study
    missing = [s for s in sections if not (executed / f"{s}.ipynb").is_file()]
    if missing:
        raise SiteError(f"study {study!r} has no executed notebook for: {', '.join(missing)}")
    files = _pages(book)
    silent: list[str] = []
    for section in sections:
        page = _notebook(executed / f"{section}.ipynb")
        silent += [f"{section} cell {number}" for number in _describe_figures(page)]
        files |= downloads.offer(page, section, execute.notebook(section))
        folding.fold(page)
        files[f"study/{section}.ipynb"] = json.dumps(page, ensure_ascii=False).encode()
    if silent:
        raise SiteError(f"figure without alt text: {', '.join(silent)}")
    files["performance.md"] = performance.page(book.parent / BENCH).encode()
    files[performance.ROWS] = performance.read(book.parent / BENCH).to_csv(index=False).encode()
    files |= growth.pages(book.parent / GROWTH)
    files[downloads.SCORES] = every_score.as_parquet(study, sections, executed)
    files["_toc.yml"] = yaml.safe_dump(table_of_contents(sections), sort_keys=False).encode()
    return files


def table_of_contents(sections: Sequence[str]) -> dict[str, object]:
    """The table of contents in Jupyter Book's format, one part per phase, in the given order."""
    parts: dict[str, dict[str, list[str]]] = {METHOD: {page: [] for page in PAGES_BEFORE}}
    for section in sections:
        phase = section.split("/")[0]
        pages = parts.setdefault(PARTS.get(phase, RESULTS), {})
        under = pages.setdefault(UNDER.get(phase, f"study/{section}"), [])
        if phase in UNDER:
            under.append(f"study/{section}")
    parts["How it runs"] = {"performance": [], "growth": []}
    parts["Sources"] = {page: [] for page in PAGES_AFTER}
    listed = [
        {"caption": caption, "chapters": [_chapter(file, under) for file, under in pages.items()]}
        for caption, pages in parts.items()
    ]
    return {"format": "jb-book", "root": "index", "parts": listed}


def _chapter(file: str, under: Sequence[str]) -> dict[str, object]:
    """A page of the contents, with the pages `under` it."""
    return {"file": file} | ({"sections": [{"file": x} for x in under]} if under else {})


def _pages(book: Path) -> dict[str, bytes]:
    """The hand-written part of the source: pages, configuration, bibliography, static files."""
    files = {
        path.name: path.read_bytes()
        for path in sorted(book.iterdir())
        if path.suffix in {".md", ".bib"} or path.name == "_config.yml"
    }
    for path in sorted((book / "_static").rglob("*")):
        if path.is_file():
            name = path.relative_to(book / "_static").as_posix()
            # Beside _static, where Jupyter Book would load every script on every page.
            files[f"_extra/{name}" if name.startswith("mathjax/") else f"_static/{name}"] = (
                path.read_bytes()
            )
    return files


def _notebook(path: Path) -> Notebook:
    """An executed notebook."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise SiteError(f"{path} is not a notebook ({error}): execute its section again") from error


def _describe_figures(page: Notebook) -> Iterator[int]:
    """Give each figure's text alternative to its cell, where myst-nb looks for it.

    A cell names it in its metadata (`mystnb.image.alt`) or, where the words need numbers,
    with the figure: `display(figure, metadata={"alt": …})`. Yields the cells with neither.
    """
    for number, cell in enumerate(page["cells"]):
        image = cell["metadata"].get("mystnb", {}).get("image", {})
        hidden = {"remove-output", "remove-cell"} & set(cell["metadata"].get("tags", []))
        for output in [] if hidden else cell.get("outputs", []):
            if not {"image/png", "image/svg+xml"} & set(output.get("data", {})):
                continue
            image = {"alt": output["metadata"].get("alt", "")} | image
            if not image["alt"]:
                yield number
            cell["metadata"].setdefault("mystnb", {})["image"] = image


def _title(page: Notebook) -> str:
    """The first heading of a notebook."""
    text = "\n".join("".join(c["source"]) for c in page["cells"] if c["cell_type"] == "markdown")
    return next((line for line in text.splitlines() if line.startswith("# ")), "")


def _fingerprint(files: Mapping[str, bytes]) -> str:
    """A hash of the source files and of the versions of what renders them."""
    digest = hashlib.sha256()
    for package in RENDERERS:
        digest.update(f"{package}=={importlib.metadata.version(package)}\n".encode())
    digest.update(EXTENSION.read_bytes())
    for name in sorted(files):
        digest.update(f"{name} {len(files[name])}\n".encode() + files[name])
    return digest.hexdigest()


def _frame(files: Mapping[str, bytes]) -> str:
    """A fingerprint of all that shows on every page: all but the notebooks' bodies and downloads.

    While it stays the same, Sphinx may keep the pages whose own source did not change; a
    new title or page would leave the side bar of a kept page wrong.
    """
    own = ("study/", f"{downloads.FOLDER}/")
    kept = {name: data for name, data in files.items() if not name.startswith(own)}
    titles = {
        name: _title(json.loads(data)).encode()
        for name, data in files.items()
        if name.endswith(".ipynb")
    }
    return _fingerprint(kept | titles)


def _downloads(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Those of `files` that go into the site as they are."""
    return {k: v for k, v in files.items() if k.startswith(f"{downloads.FOLDER}/")}


def _write(files: Mapping[str, bytes], source: Path) -> None:
    """Make `source` hold exactly `files`, less the downloads; an unchanged one keeps its date."""
    files = {name: data for name, data in files.items() if name not in _downloads(files)}
    for path in [p for p in source.rglob("*") if p.is_file()]:
        if path.relative_to(source).as_posix() not in files:
            path.unlink()
    for name, data in files.items():
        path = source / name
        if not path.is_file() or path.read_bytes() != data:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        elif b"{glue" in data and name.endswith(".md"):
            os.utime(path)  # shows values from notebooks that may have changed


@contextmanager
def _renderer(python: str) -> Iterator[Renderer]:
    """A Jupyter Book that loads while the pages are collected, then waits for what to do."""
    with subprocess.Popen(
        [python, "-c", JUPYTER_BOOK],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as one:
        try:
            yield one
        finally:
            one.kill()


def _render(files: Mapping[str, bytes], source: Path, work: Path, renderer: Renderer) -> Path:
    """Directory of the HTML of `source`, built strictly; raises SiteError with the warnings."""
    frame, state = _frame(files), work / STAMP
    if _read(state) != frame:
        shutil.rmtree(work, ignore_errors=True)
    # Pages kept from a build that failed or was killed would hide their warnings.
    state.unlink(missing_ok=True)
    arguments = ["build", str(source), "--path-output", str(work), "-n", "-W", "--keep-going", "-q"]
    told = "".join(renderer.communicate(json.dumps(arguments) + "\n"))
    if renderer.returncode:
        raise SiteError(f"the book did not build:\n{_complaints(told, source)}")
    state.write_text(frame)
    return work / "_build" / "html"


def _complaints(told: str, source: Path) -> str:
    """The warnings and errors of a build, or else the end of what it printed."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", told)  # no colours
    lines = text.replace(f"{source.resolve()}/", "").splitlines()
    wrong = [line for line in lines if "WARNING" in line or "ERROR" in line]
    return "\n".join(dict.fromkeys(wrong or lines[-20:]))


def _replace(html: Path, rendered: Path, fingerprint: str, beside: Mapping[str, bytes]) -> None:
    """Put a copy of `rendered`, with the files `beside` it, in the place of `html` in one step."""
    new, old = html.with_name("html.new"), html.with_name("html.old")
    for leftover in (new, old):
        shutil.rmtree(leftover, ignore_errors=True)
    shutil.copytree(rendered, new, ignore=shutil.ignore_patterns(*UNNEEDED))
    for name, data in beside.items():
        (new / name).parent.mkdir(parents=True, exist_ok=True)
        (new / name).write_bytes(data)
    (new / STAMP).write_text(fingerprint)
    if html.exists():
        html.rename(old)
    new.rename(html)
    shutil.rmtree(old, ignore_errors=True)


def _read(path: Path) -> str:
    """The text of a small file, empty where there is none."""
    return path.read_text() if path.is_file() else ""
