"""Tables and figures as a notebook shows them."""

import base64
import io
import re

import numpy as np
import pandas as pd
import pytest
from IPython.core.pylabtools import print_figure
from matplotlib.figure import Figure
from PIL import Image

from xit.report import page


def text(made: dict[str, str]) -> str:
    return made["text/html"]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list:
    displayed: list = []
    monkeypatch.setattr(page, "display", lambda x, **kw: displayed.append((x, kw)))
    return displayed


def test_a_table(shown: list) -> None:
    frame = pd.DataFrame({"name": ["a<b", "c"], "value": [1.26, float("nan")], "n": [3, 4]})
    page.table(frame, "Two & two.")
    html = text(shown[0][0])
    assert "<caption><span>Two &amp; two.</span></caption>" in html
    assert (
        '<td class="short">a&lt;b</td><td class="number">1.3</td><td class="number">3</td>' in html
    )
    assert '<td class="short">c</td><td class="number">–</td><td class="number">4</td>' in html
    assert html.count('<th scope="col">') == 3
    assert "searchable" not in html and "first" not in html
    page.table(frame, "More.", digits=2)
    assert '<td class="number">1.26</td>' in text(shown[1][0])


def test_a_table_to_search_and_sort(shown: list) -> None:
    frame = pd.DataFrame({"task": ["none", "a", "b"], "change": ["80.1", "-0.0", "–"]})
    page.table(frame, "Changes.", first=1, search=True)
    html = text(shown[0][0])
    assert '<div class="table-box searchable"' in html and "<span>Changes.</span>" in html
    first = '<td class="short">none</td><td class="number">80.1</td>'
    assert f'<tbody class="first"><tr>{first}</tr></tbody>' in html
    assert html.count("<tr>") == 4
    assert '<td class="number">-0.0</td>' in html and '<td class="number">–</td>' in html
    mixed = pd.DataFrame({"printed": ["67.2", "+0.3, over MNLI"]})
    page.table(mixed, "Words.")
    assert "number" not in text(shown[1][0])  # a column of words stays on the left


def test_a_table_keeps_its_frame_as_csv(shown: list) -> None:
    frame = pd.DataFrame({"name": ["a, b", "c"], "value": [1.23456, float("nan")], "n": [3, 4]})
    page.table(frame, "Numbers.", name="change")
    assert shown[0][1] == {"raw": True}
    again = pd.read_csv(io.StringIO(shown[0][0]["text/csv"]))
    pd.testing.assert_frame_equal(again, frame)  # unrounded, though 1.2 is what is shown
    assert '<div class="table-box" id="change"' in text(shown[0][0])


def test_folded_tables(shown: list) -> None:
    frame = pd.DataFrame({"en": [1.0]})
    page.folded({"A & B": frame, "C": frame}, "Published: {}.")
    assert len(shown) == 2
    html = text(shown[0][0])
    assert html.startswith('<details class="fold"><summary>A &amp; B</summary>')
    assert "Published: A &amp; B." in html and "searchable" in html
    assert shown[1][0]["text/csv"] == "en\n1.0\n"


def drawn() -> Figure:
    figure = Figure(figsize=(3, 2))
    figure.subplots().set_title("Change & chance")
    return figure


def test_a_figure_has_its_alternative_text_and_three_formats(shown: list) -> None:
    page.figure(drawn(), "What is to be seen.")
    formats, told = shown[0]
    assert told["metadata"]["alt"] == "What is to be seen."
    png = base64.b64decode(formats["image/png"])
    width = int.from_bytes(png[16:20], "big")
    assert width // 2 == told["metadata"]["image/png"]["width"]  # sharp
    assert Image.open(io.BytesIO(png)).getcolors(256)  # few colours: a third of the size
    assert "<svg" in formats["image/svg+xml"]
    assert ">Change &amp; chance</text>" in formats["image/svg+xml"]  # text, to be edited
    assert base64.b64decode(formats["application/pdf"]).startswith(b"%PDF")


def test_few_colours_are_near_all_of_them() -> None:
    """A map of 512 colours and text: none is further from its own than an eye could tell."""
    figure = drawn()
    figure.axes[0].imshow(np.linspace(0, 1, 512).reshape(16, 32), "RdBu")
    png = print_figure(figure, "png", dpi=200)
    told, few = (
        np.asarray(Image.open(io.BytesIO(one)).convert("RGB"), dtype=int)
        for one in (png, base64.b64decode(page._of_few_colours(png)))
    )
    assert np.abs(told - few).max() <= 16


def test_the_same_figure_has_the_same_bytes(shown: list) -> None:
    """Otherwise each execution would render the whole page again."""
    page.figure(drawn(), "x")
    page.figure(drawn(), "x")
    assert shown[0] == shown[1]


def test_only_long_text_is_broken_into_lines(shown: list) -> None:
    run = "intermediate-commonsense_qa-mlm-seed1-35d72d1a20ac"
    page.table(
        pd.DataFrame({"a": ["1.0 (0.5 … 1.5)", run, "the scored data, so it is optimistic"]}), ""
    )
    html = text(shown[0][0])
    assert re.findall(r'<td class="(\w+)">', html) == ["short", "short", "long"]
