"""Damaged and hostile study files, parameters, names, tables and texts: a clear error or a correct
page, nothing of which is run, and no path outside the project. All cases follow from one seed.
"""

import copy
import html.parser
import json
import random
import string
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from playwright.sync_api import Dialog

from tests.toys import TAGS, tokenizer, write
from xit import __main__, execute, paths, study, tasks
from xit.data import encoded
from xit.errors import LONG, XitError
from xit.learn.model import Model
from xit.learn.pretrain import new_model
from xit.report import page, results
from xit.score import run

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = "<script>window.hit=1;alert(1)</script>"
TEXTS = [
    "", " ", "\n", "\t\r\n", "\x00", "a\x00b", "\x1b[31mred\x1b[0m", "\x07\x08\x7f",
    "\u202eevil\u202c", "\u2066\u2069\u200f\u200b\ufeff", "שלום עולם", "مرحبا", "𝕏𝕏",
    "e\u0301" * 20, SCRIPT, "<img src=x onerror=alert(1)>", "\"><svg/onload=alert(1)>",
    "' onmouseover='alert(1)", "</td></table><iframe src=javascript:alert(1)>", "<!--", "]]>",
    "&lt;script&gt;", "{{7*7}}", "${jndi:x}", "`id`", "$(touch pwned)", "; rm -rf x", "| cat",
    "..", "../..", "../../../etc/passwd", "/etc/passwd", "/", "~root", "~nobody-at-all/x", ".",
    "a/../../b", "..\\..\\b", "C:\\x", "file:///etc/passwd", "%2e%2e/", "-rf", "--help", "con",
    "a" * 5_000, "x" * 1_000_000, "NaN", "nan", "inf", "-inf", "1e400", "9" * 5_000, "-1", "0",
    "1_000", "１２", "0x10", "none", "null", "true", "[]", "{}", "a=b", "=", "a b",
    "[link](javascript:alert(1))", "{raw}`x`", "```{eval-rst}\n```",
    "!!python/object/apply:os.system ['touch pwned']",
]  # fmt: skip
VALUES: list[object] = [
    None, True, False, 0, -1, 10**30, 0.5, float("nan"), float("inf"), [], {}, [[]], [None], [1],
    {"a": 1}, {1: 2}, {None: None}, ["en", "en"], ["../x"], {"all": ["../x"]},
    {"all": ["en", "/x"]},
]  # fmt: skip
SECTION = "intermediate/mnli"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project with the study `smoke`, without data."""
    (tmp_path / "notebooks" / "studies").mkdir(parents=True)
    for file in (ROOT / "notebooks").glob("*.ipynb"):
        (tmp_path / "notebooks" / file.name).symlink_to(file)
    source = ROOT / "notebooks" / "studies" / "smoke.yaml"
    (tmp_path / "notebooks" / "studies" / "smoke.yaml").write_text(source.read_text())
    monkeypatch.setenv("XIT_ROOT", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    paths.project.cache_clear()
    yield tmp_path
    paths.project.cache_clear()


def files(place: Path) -> set[str]:
    """All that there is in and beside the project."""
    return {str(p.relative_to(place.parent)) for p in place.parent.rglob("*")}


def clear(error: XitError) -> None:
    """One line, not too long for a terminal, that can be written there."""
    text = str(error)
    assert text and "\n" not in text and len(text) < LONG + 100, text[:300]
    text.encode("utf-8")


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


# -- rows of a dataset --

KINDS = {  # task → its row around a text
    "mnli": lambda t: {"premise": t, "hypothesis": t[::-1], "label": 1},
    "squad_v2": lambda t: {"id": "same", "question": t, "context": f"{t} x {t}",
                           "answers": {"text": ["x"], "answer_start": [len(t) + 1]}},
    "commonsense_qa": lambda t: {"question": t, "answerKey": "B", "choices": {
                                 "label": ["A", "B"], "text": [t, "x"]}},
    "udpos": lambda t: {"tokens": [t, "x", t], "pos_tags": [0, 1, 2]},
    "tatoeba": lambda t: {"source_sentence": t, "target_sentence": f"x{t}"},
}  # fmt: skip
PLACE = {
    "mnli": ("nyu-mll/glue", "mnli", "train"),
    "squad_v2": ("rajpurkar/squad_v2", "squad_v2", "train"),
    "commonsense_qa": ("tau/commonsense_qa", "default", "train"),
    "udpos": ("google/xtreme", "udpos.English", "train"),
    "tatoeba": ("google/xtreme", "tatoeba.deu", "validation"),
}
NAMES: dict[str, dict[str, list]] = {
    "mnli": {"label": ["a", "b", "c"]},
    "udpos": {"pos_tags": TAGS},
}


def read(place: Path, name: str, rows: list[dict]) -> encoded.Encoded | encoded.Sides:
    """`rows` as a dataset of the task `name` on disk, read as for a training."""
    repo, config, split = PLACE[name]
    write(place, repo, config, split, rows, **NAMES.get(name, {}))
    task, code = (tasks.TARGET | tasks.INTERMEDIATE)[name], "de" if name == "tatoeba" else "en"
    if name == "tatoeba":
        assert task.dev
        return encoded.sides(task, task.dev, str(place), code, tokenizer(), 48)
    assert task.train
    return encoded.read(task, task.train, str(place), code, None, tokenizer(), 48)


@pytest.mark.parametrize("name", KINDS)
def test_rows_with_hostile_texts(place: Path, name: str, tried: Counter[str]) -> None:
    """Each row is read, fits the window, and gets a prediction that its metric can be taken of."""
    given = [KINDS[name](text) for text in [*TEXTS, *TEXTS[:3]]]  # the last ones are there twice
    tried["rows"] += len(given)
    told = read(place / "hub", name, given)
    if isinstance(told, encoded.Sides):
        assert [len(side) for side in told.features] == [len(given)] * 2
        assert all(0 < len(f["ids"]) <= 48 for side in told.features for f in side)
        return
    task = (tasks.TARGET | tasks.INTERMEDIATE)[name]
    assert told.dropped["read"] == len(given) and len(told.rows) == len(given)
    assert {f["row"] for f in told.features} == set(range(len(given)))
    assert all(0 < len(f["ids"]) <= 48 for f in told.features)
    outputs = {"mnli": 3, "udpos": 3}.get(name, 2)
    model = Model(
        new_model(len(tokenizer()), 16, 1, 2, 16, 64, 0.0, 1), {name: (task.kind, outputs)}, 1
    )
    few = [f for f in told.features if f["row"] < 40]
    said = run.predictions(model.eval(), task, few, told.rows[:40], told.names, 1)
    assert len(said) == 40
    assert all(0 <= v <= 100 for v in
               run.metrics_of(task, told.rows[:40], said, told.names, "en").values())  # fmt: skip
    if task.kind == "span":
        assert all(answer in row["context"] for answer, row in zip(said, told.rows, strict=False))


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("mnli", {"label": 7}, "label"),
        ("squad_v2", {"answers": {"text": ["x"], "answer_start": []}}, "as many answers and"),
        ("commonsense_qa", {"answerKey": "Z"}, "a row of CommonsenseQA"),
        ("commonsense_qa", {"choices": {"label": ["A", "B", "C"], "text": ["x"] * 3}}, "2 endings"),
        ("udpos", {"pos_tags": [0, 1]}, "as many words and tags"),
    ],
)
def test_rows_that_are_not_as_they_should_be(
    place: Path, name: str, change: dict, message: str, tried: Counter[str]
) -> None:
    tried["damaged rows"] += 1
    rows = [KINDS[name]("a b"), KINDS[name]("the cat") | change]
    with pytest.raises((XitError, ValueError), match=message) as told:
        read(place / "hub", name, rows)
    if isinstance(told.value, XitError):
        clear(told.value)
        assert PLACE[name][0] in str(told.value)


@pytest.mark.parametrize("name", KINDS)
def test_rows_with_nothing_in_a_column(place: Path, name: str, tried: Counter[str]) -> None:
    """They are left out, and counted."""
    tried["damaged rows"] += 1
    rows = [KINDS[name]("a b"), KINDS[name]("the cat")]
    rows[1][next(k for k in rows[1] if k != "id")] = None
    told = read(place / "hub", name, rows)
    counts = told.counts if isinstance(told, encoded.Sides) else told.dropped
    assert counts["nothing in a column"] == 1 and counts["read"] == 2


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
