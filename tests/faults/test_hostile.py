"""Damaged and hostile study files, parameters, names, tables and texts: a clear error or a correct
page, nothing of which is run, and no path outside the project. All cases follow from one seed.
"""

import copy
import html.parser
import json
import random
import string
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from playwright.sync_api import Dialog

from tests.faults.hostile import SCRIPT, TEXTS, clear
from xit import __main__, execute, study
from xit.errors import LONG, XitError
from xit.report import page, results

ROOT = Path(__file__).resolve().parents[2]
VALUES: list[object] = [
    None, True, False, 0, -1, 10**30, 0.5, float("nan"), float("inf"), [], {}, [[]], [None], [1],
    {"a": 1}, {1: 2}, {None: None}, ["en", "en"], ["../x"], {"all": ["../x"]},
    {"all": ["en", "/x"]},
]  # fmt: skip
SECTION = "intermediate/mnli"


def files(place: Path) -> set[str]:
    """All that there is in and beside the project."""
    return {str(p.relative_to(place.parent)) for p in place.parent.rglob("*")}


# -- study files --


def leaves(value: object, way: tuple = ()) -> list[tuple]:
    """The way to everything in nested tables and lists."""
    inner = value.items() if isinstance(value, dict) else enumerate(
        value) if isinstance(value, list) else ()  # fmt: skip
    return [way, *(x for key, v in inner for x in leaves(v, (*way, key)))]


def damaged(told: dict, rng: random.Random) -> dict:
    """A copy of the study file `told` with one thing in it replaced, renamed, added or dropped."""
    made = copy.deepcopy(told)
    *way, last = rng.choice([x for x in leaves(made) if x])
    inside = made
    for key in way:
        inside = inside[key]
    bad = rng.choice([*VALUES, *TEXTS])
    what = rng.choice(["replace", "replace", "drop", "rename", "add"])
    if what == "replace" or isinstance(inside, list):
        inside[last] = bad
    elif what == "drop":
        inside.pop(last)
    else:
        inside[rng.choice(TEXTS)] = inside.pop(last) if what == "rename" else bad
    return made


def broken(text: str, rng: random.Random) -> bytes:
    """The bytes of a study file, cut, mixed up, or with something in them that is no YAML."""
    raw, at = text.encode(), rng.randrange(len(text))
    more = rng.choice([
        b"\xff\xfe\x00", b"\x00", b"- ", b"{", b"*x", b"&a [*a]", b"\t",
        b"!!python/name:os.system ",
        b"!!python/object/apply:os.system ['touch pwned']", b"[" * 5_000, b": " * 50, b"%YAML 9\n",
        b"<<: *b", b"? ? ?", b"2026-13-45", b"1:2:3", b"0o9", b"'",
    ])  # fmt: skip
    return rng.choice([raw[:at], raw[:at] + more + raw[at:], raw[at:], more, raw[:at] + raw[-at:]])


def test_study_files(place: Path, tried: Counter[str]) -> None:
    """Each is a study whose pages all lie in the project, or one clear line."""
    rng, file = random.Random(6), place / "notebooks" / "studies" / "smoke.yaml"
    good, before, errors = file.read_text(), files(place), 0
    told = yaml.safe_load(good)
    home = (place / "book" / "study" / "smoke").resolve()
    for n in range(260):
        raw = broken(good, rng) if n % 4 == 0 else yaml.safe_dump(damaged(told, rng)).encode()
        file.write_bytes(raw)
        tried["study files"] += 1
        try:
            made = study.parse(file)
        except XitError as error:
            clear(error)
            errors += 1
            continue
        for section in made.sections():
            assert execute.executed(made.name, section).resolve().is_relative_to(home), section
            json.dumps(made.parameters(section))
    assert files(place) == before
    assert 100 < errors < 260  # most are refused, and what makes sense is not


# -- parameters --


def test_parameters(place: Path, tried: Counter[str]) -> None:
    """Each is a value that is read again as written, or one clear line."""
    rng, smoke = random.Random(6), study.load("smoke")
    sections = [SECTION, "target/none", "results", *smoke.ablations]
    before = files(place)
    for _ in range(180):
        section = rng.choice(sections)
        known = execute.parameters(execute.notebook(section))
        name = rng.choice([*known, rng.choice(TEXTS)])
        text = rng.choice([
            f"{name}={rng.choice(TEXTS)}", f"{name}=[{rng.choice(TEXTS)},{rng.choice(TEXTS)}]",
            rng.choice(TEXTS), "".join(rng.choices(string.printable, k=40)),
        ])  # fmt: skip
        tried["parameters"] += 1
        try:
            told = execute.change(smoke, section, text)
        except XitError as error:
            clear(error)
            continue
        kept = execute.changes("smoke").get(section, {})
        assert kept == told and all(k in known for k in told)
        json.dumps(told, allow_nan=False)
        execute.change(smoke, section, "")
    assert files(place) - before <= {
        f"{place.name}/book", f"{place.name}/book/study", f"{place.name}/book/study/smoke",
        f"{place.name}/book/study/smoke/changes.yaml",
    }  # fmt: skip


# -- names --


@pytest.mark.parametrize("what", ["study", "section", "hub", "changes"])
def test_names(
    place: Path, tried: Counter[str], capsys: pytest.CaptureFixture[str], what: str
) -> None:
    """On the command line: one clear line, and nothing is written."""
    before = files(place)
    for text in [t for t in TEXTS if "/" in t or len(t) != 1 or what == "study"]:
        words = {
            "study": ["check", f"--study={text}"],
            "section": ["section", "--study=smoke", "--jobs=1", "--", text],
            "hub": ["check", "--study=smoke", f"--hub=/nowhere/{text}"],
            "changes": [
                "section",
                "--study=smoke",
                "--jobs=1",
                f"--params=x={text}",
                "--",
                SECTION,
            ],
        }[what]
        tried["names"] += 1
        assert __main__.main(words) == 2, text[:80]
        told = capsys.readouterr().err
        assert told.startswith("error: ") and told.count("\n") == 1 and len(told) < LONG + 200
        assert files(place) == before


# -- scores --


def test_tables_of_scores(tried: Counter[str]) -> None:
    """NaN, infinite, repeated and wrongly typed scores are named; none is counted in."""
    rng = random.Random(6)
    good = pd.DataFrame([["s", "none", "xnli", code, seed, "test", "acc", 50.0]
                         for code in ("en", "de") for seed in (1, 2)],
                        columns=results.COLUMNS)  # fmt: skip
    for _ in range(60):
        frame = good.astype(object)
        row, column = rng.randrange(len(frame)), rng.choice(results.COLUMNS)
        bad: Any = rng.choice([None, np.nan, np.inf, -1, 101, 1e400, "x", "", [], SCRIPT])
        kind = rng.choice(["value", "column", "twice", "empty"])
        if kind == "value":
            frame.at[row, column] = bad
            frame = frame.infer_objects()
        elif kind == "column":
            frame = frame.drop(columns=column)
        elif kind == "twice":
            frame = pd.concat([frame, frame.iloc[[row]]]).infer_objects()
        else:
            frame = frame.iloc[:0]
        tried["tables of scores"] += 1
        try:
            told = results.checked(frame, "scores")
        except XitError as error:
            clear(error)
            continue
        assert kind == "value" and told["value"].between(0, 100).all()


# -- pages --


class Tags(html.parser.HTMLParser):
    """What a text makes a browser do: its elements and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen |= {tag, *(f"@{name}" for name, _ in attrs)}


OURS = {"div", "table", "caption", "thead", "tbody", "tr", "th", "td", "span", "details", "summary",
        "code", "br", "@class", "@id", "@tabindex", "@scope"}  # fmt: skip


def shown(text: str) -> dict[str, str]:
    """`text` from data in every place of a page that shows such, as HTML."""
    frame = pd.DataFrame({"name": [text, "x"], text or "head": [1.0, float("nan")]})
    return {
        "table": page._table(frame, text, 1, 0, True, text),
        "plain": page.plain(frame, text),
        "values": page.pairs({text: text}),
        "folded": page.details("runs", [text, text]),
    }


def test_texts_in_pages(tried: Counter[str]) -> None:
    """Whatever a text says, the page has no element and no attribute but our own."""
    for text in TEXTS:
        for where, made in shown(text).items():
            tried["texts in pages"] += 1
            tags = Tags()
            tags.feed(made)
            assert tags.seen <= OURS, (where, text[:80])
    for text in TEXTS:
        tried["headings"] += 1
        line = execute._as_text(text)
        assert "<" not in line and "\n" not in line and "](" not in line.replace("\\]", "")


def test_nothing_from_data_runs_in_a_browser(tmp_path: Path, needs_chromium: None) -> None:
    """All of these on one page, opened from disk: no dialog, no request, no script's trace."""
    from tests.browser import chromium, listen

    parts = [made for text in TEXTS if len(text) < 10_000 for made in shown(text).values()]
    file = tmp_path / "page.html"
    head = "<!doctype html><meta charset=utf-8><link rel=icon href=data:,>"
    file.write_text(head + "".join(parts), "utf-8")
    with chromium() as browser:
        opened = browser.new_page()
        told, dialogs = listen(opened), list[str]()

        def dismissed(dialog: Dialog) -> None:
            dialogs.append(dialog.message)
            dialog.dismiss()

        opened.on("dialog", dismissed)
        opened.goto(file.as_uri())
        opened.evaluate("() => document.querySelectorAll('details').forEach(x => x.open = true)")
        for cell in opened.locator("td").all()[:20]:
            cell.dispatch_event("mouseover")
        assert opened.evaluate("() => window.hit === undefined")
        assert opened.locator("script, iframe, img, svg").count() == 0
    outside = [x for x in told if not x.startswith("went to file:")]
    assert (outside, dialogs) == ([], [])
