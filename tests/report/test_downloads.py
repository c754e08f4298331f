"""What the site offers beside tables and figures, from the outputs of an executed notebook."""

import base64
import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest

from xit.report import downloads, page
from xit.report.downloads import Notebook, offer

FRAME = pd.DataFrame({"task": ["a", "b"], "change": [1.23456, -2.0]})


def outputs(made: Mapping[str, object], **told: object) -> list[dict]:
    return [{"output_type": "display_data", "data": made, "metadata": told}]


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    path = tmp_path / "04_results.ipynb"
    path.write_text("{}")
    return path


def executed(*tags: str) -> Notebook:
    """A page with a table by name, a folded one without, a figure, and its foot."""
    named = page._table(FRAME, "Changes.", 1, 0, False, "change")
    plain = page._table(FRAME, "More.", 1, 0, True)
    cells: list[dict] = [
        {"cell_type": "markdown", "source": "# Results", "metadata": {}},
        {"outputs": outputs({"text/html": named, "text/csv": FRAME.to_csv(index=False)})},
        {"outputs": outputs({"text/html": [f"<details>{plain}", "</details>"], "text/csv": "x\n"})},
        {
            "metadata": {"mystnb": {"figure": {"caption": "Dots.", "name": "fig-dots-results"}}},
            "outputs": outputs(
                {
                    "image/png": "cG5n",
                    "image/svg+xml": ["<svg>", "</svg>"],
                    "application/pdf": base64.b64encode(b"%PDF").decode(),
                }
            ),
        },
        {"outputs": outputs({"text/html": str(page.provenance({"Study": "lab"}).data)})},
    ]
    cells = [{"metadata": {}, "cell_type": "code"} | c for c in cells]
    for cell in cells:
        cell["metadata"]["tags"] = list(tags)
    return {"cells": cells}


def test_the_files(notebook: Path) -> None:
    files = offer(executed(), "results", notebook)
    assert set(files) == {
        "downloads/tab-change-results.csv",
        "downloads/tab-2-results.csv",
        "downloads/fig-dots-results.svg",
        "downloads/fig-dots-results.pdf",
        "downloads/notebooks/04_results.ipynb",
    }
    assert files["downloads/tab-change-results.csv"] == b"task,change\na,1.23456\nb,-2.0\n"
    assert files["downloads/fig-dots-results.svg"] == b"<svg></svg>"
    assert files["downloads/fig-dots-results.pdf"] == b"%PDF"


def test_the_page_has_the_links_and_no_longer_the_files(notebook: Path) -> None:
    told = executed()
    offer(told, "target/none", notebook)
    _, named, folded, figure, foot = told["cells"]
    html = named["outputs"][0]["data"]["text/html"]
    assert '<div class="table-box" id="tab-change-target-none"' in html
    assert 'href="../../downloads/tab-change-target-none.csv" download>CSV</a>' in html
    for part in ('href="#cell-1"', 'href="#provenance"', "make section S=target/none PARAMS="):
        assert part in html
    html = folded["outputs"][0]["data"]["text/html"]
    assert '<div class="table-box searchable" id="tab-2-target-none"' in html
    assert html.endswith("</div></details>")  # the links are folded, too
    caption = figure["metadata"]["mystnb"]["figure"]["caption"]
    assert caption.startswith("Dots.\n\n<div") and "\n" not in caption.removeprefix("Dots.\n\n")
    assert "downloads/fig-dots-results.svg" in caption and 'href="#cell-3"' in caption
    html = foot["outputs"][0]["data"]["text/html"]
    assert 'href="../../downloads/notebooks/04_results.ipynb">notebooks/04_results.ipynb' in html
    assert "../../downloads/results.parquet" in html and html.endswith("</table>")
    for kind in ("text/csv", "image/svg+xml", "application/pdf"):
        assert kind not in json.dumps(told)


def test_a_page_of_a_clone_from_github_opens_in_binder(
    notebook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for address, links in (("https://mybinder.org/v2/gh/a/b?c=1&d", 1), ("", 0)):
        monkeypatch.setattr(downloads.launch, "address", lambda _, told=address: told)
        page_of_study = executed()
        offer(page_of_study, "results", notebook)
        foot = page_of_study["cells"][-1]["outputs"][0]["data"]["text/html"]
        assert (
            foot.count('<a href="https://mybinder.org/v2/gh/a/b?c=1&amp;d">on Binder</a>') == links
        )


def test_what_is_not_shown_is_not_offered(notebook: Path) -> None:
    told = executed("remove-output")
    assert set(offer(told, "results", notebook)) == {"downloads/notebooks/04_results.ipynb"}
    assert downloads.SCORES not in json.dumps(told)
