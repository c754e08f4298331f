"""The study `smoke`, end to end, in a copy of the checkout: build, look, change, kill, go on."""

import json
import re
import time
from pathlib import Path

import nbformat
import pandas as pd
import pytest
import yaml

from tests.checkout import bare, command, copied, runs

STUDY = "smoke"
CLOSER = {f"by_target/{t}" for t in "xnli udpos panx xquad tatoeba xcopa lareqa".split()}
CLOSER |= {f"by_language/{code}" for code in ("qaa", "qab", "qaf", "qaj")}


def scores(copy: Path) -> dict[str, list]:
    """Run → its scores."""
    found = sorted((copy / "runs").glob("scores-*/scores.parquet"))
    return {p.parent.name: pd.read_parquet(p).to_dict("records") for p in found}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout without anything generated, like a fresh clone."""
    return bare(tmp_path_factory.mktemp("clone") / "xit")


@pytest.fixture(scope="module")
def built(smoke: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with the study built, for these tests to change."""
    return copied(smoke, tmp_path_factory.mktemp("built") / "xit")


@pytest.mark.timeout(900)
def test_every_section_is_executed_and_recorded(built: Path) -> None:
    book = built / "book" / "study" / STUDY
    pages = {str(p.relative_to(book).with_suffix("")) for p in book.rglob("*.ipynb")}
    expected = {"tasks", "data", "multilingual_model", "results", "published", "target/none"}
    expected |= {"mlm", "translation", "selection", "complexity", "distance", "source_language"}
    expected |= {"length_noise", "adversarial", "verify", *CLOSER}
    for task in ("mnli", "squad_v1", "hellaswag", "ccg"):
        expected |= {f"intermediate/{task}", f"target/{task}"}
    assert {p for p in pages if "failed-" not in p and ".new" not in p} == expected
    record = json.loads((book / "target" / "squad_v1.json").read_text())
    parents = json.loads((book / "intermediate" / "squad_v1.json").read_text())["runs"]
    specs = [
        json.loads((built / "runs" / line["run"] / "spec.json").read_text())
        for line in record["runs"]
        if line["kind"] == "target"
    ]
    first = [s for s in specs if "head" not in s]  # not what goes on from a target's own first task
    assert {s["parent"] for s in first} == {p["identity"] for p in parents}


@pytest.mark.timeout(900)
def test_scores_are_complete_and_in_range(built: Path) -> None:
    for name, rows in scores(built).items():
        assert {r["language"] for r in rows} >= {"qab", "qaf", "qaj"}, name
        assert all(0 <= r["value"] <= 100 for r in rows), name


@pytest.mark.timeout(900)
def test_no_half_made_run_is_left(built: Path) -> None:
    assert not list((built / "runs").glob(".new-*"))
    assert not (built / "runs" / "damaged").exists()


@pytest.mark.timeout(900)
def test_a_second_build_has_nothing_to_do(built: Path) -> None:
    before = runs(built)
    began = time.monotonic()
    done = command(built, "build", "--study", STUDY)
    assert "nothing was out of date" in done.stdout, done.stdout + done.stderr
    assert runs(built) == before
    assert time.monotonic() - began < 20


@pytest.mark.timeout(900)
def test_one_changed_parameter_runs_what_depends_on_it_and_nothing_else(built: Path) -> None:
    old = {n: (built / "runs" / n / "manifest.json").read_bytes() for n in runs(built)}
    book = built / "book" / "study" / STUDY
    before = {p: p.stat().st_mtime_ns for p in book.rglob("*.ipynb")}
    done = command(
        built,
        *("section", "intermediate/ccg", "--study", STUDY),
        *("--params", "learning_rate=2e-5 seed=3"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    executed = {
        str(p.relative_to(book).with_suffix(""))
        for p, told in before.items()
        if p.stat().st_mtime_ns != told
    }
    expected = {"intermediate/ccg", "target/ccg", "results", "selection", "published", "data"}
    expected |= {"complexity", "distance", "verify", *CLOSER}  # which compare all tasks
    assert executed == expected
    assert all((built / "runs" / n / "manifest.json").read_bytes() == m for n, m in old.items())
    made = {n.rpartition("-")[0] for n in runs(built) - set(old)}
    assert {"intermediate-ccg-seed3", "intermediate-ccg-seed4"} <= made
    assert not any("after-mnli" in n or "after-none" in n for n in made)
    page = nbformat.read(book / "intermediate" / "ccg.ipynb", as_version=4)
    told = "".join(str(o.get("data", {})) for c in page.cells for o in c.get("outputs", []))
    assert "Changed from the study" in told and "learning_rate=2e-05" in told
    html = built / "book" / "_build" / "html" / "study" / "intermediate" / "ccg.html"
    assert "Changed from the study" in html.read_text()


def zero_shot(built: Path, record: str) -> dict[int, float]:
    """Seed → XNLI's mean over the languages but the source, by a record of a target section."""
    told = json.loads((built / "book" / "study" / STUDY / "target" / record).read_text())
    found = {}
    for line in told["runs"]:
        if (line["kind"], line["task"]) == ("scores", "xnli"):
            frame = pd.read_parquet(built / "runs" / line["run"] / "scores.parquet")
            others = frame[(frame["metric"] == "acc") & (frame["language"] != "qaa")]
            found[line["seed"]] = float(others["value"].mean())
    return found


@pytest.mark.timeout(900)
def test_the_pages_say_what_the_change_did(built: Path) -> None:
    """The change of the test before is in place: its scores stand beside those from before it."""
    was, now = (zero_shot(built, name) for name in ("ccg.before.json", "ccg.json"))
    assert set(was) == set(now) == {1, 2}
    means = [sum(side.values()) / 2 for side in (was, now)]
    moved = f"{means[1] - means[0]:+.1f}"
    site, anchor = built / "book" / "_build" / "html" / "study", 'id="what-did-my-change-do"'
    page = (site / "target" / "ccg.html").read_text()
    head, found, told = page.partition(anchor)
    assert found and 'href="#what-did-my-change-do"' in head
    assert "intermediate/ccg" in told and "learning_rate" in told
    row = told[told.index(">XNLI</td>") :].partition("</tr>")[0]
    shown = re.findall(r'<td class="number">([\d.]+)</td>', row)
    assert shown[:2] == [f"{mean:.1f}" for mean in means] and moved in row
    assert anchor in (site / "results.html").read_text()
    assert "No seed is on both sides" in (site / "intermediate" / "ccg.html").read_text()
    for untouched in ("target/mnli", "target/none", "mlm", "tasks"):
        assert anchor not in (site / f"{untouched}.html").read_text()
    done = command(built, "compare", STUDY, STUDY)
    assert done.returncode == 0, done.stderr
    lines = [x for x in done.stdout.splitlines() if x.startswith("CCG") and " XNLI " in x]
    assert lines and moved in lines[0].split()


@pytest.mark.timeout(900)
def test_dropping_the_change_finds_everything_again(built: Path) -> None:
    before = runs(built)
    done = command(built, "section", "intermediate/ccg", "--study", STUDY, "--params", "")
    assert done.returncode == 0, done.stdout + done.stderr
    assert runs(built) == before


@pytest.mark.timeout(900)
def test_a_damaged_run_is_done_again_with_the_same_scores(built: Path) -> None:
    before = scores(built)
    name = next(n for n in before if n.startswith("scores-xnli-after-mnli"))
    (built / "runs" / name / "scores.parquet").write_bytes(b"not parquet")
    (built / "book" / "study" / STUDY / "target" / "mnli.ipynb").unlink()
    done = command(built, "build", "--study", STUDY)
    assert done.returncode == 0, done.stdout + done.stderr
    assert scores(built) == before
    assert any((built / "runs" / "damaged").iterdir())


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["build", "--study", "labb"], "did you mean 'lab'"),
        (["build", "--study", "mini"], "give HUB="),
        (["build", "--study", "mini", "--hub", "nowhere"], "does not exist"),
        (["build", "--study", STUDY, "--jobs", "many"], "JOBS = 'many'"),
        (["section", "intermediate/squad", "--study", STUDY], "mean 'intermediate/squad_v1'"),
        (
            ["section", "intermediate/ccg", "--study", STUDY, "--params", "learning_rte=1"],
            "did you mean 'learning_rate'",
        ),
        (
            ["section", "intermediate/ccg", "--study", STUDY, "--params", "num_seeds=two"],
            "num_seeds = 'two': expected int",
        ),
        (
            ["section", "target/none", "--study", STUDY, "--params", "targets=xnl"],
            "did you mean 'xnli'",
        ),
        (["section", "", "--study", STUDY], "no section named"),
    ],
    ids=lambda x: " ".join(x)[:40] if isinstance(x, list) else "",
)
def test_bad_input_is_one_clear_line_before_any_work(
    copy: Path, words: list[str], expected: str
) -> None:
    before = runs(copy)
    done = command(copy, *words)
    assert done.returncode == 2
    assert expected in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert runs(copy) == before


def test_the_smallest_study(built: Path, tmp_path: Path) -> None:
    """One task, one target, one seed, two languages, no ablation: each page stands, and the strict
    book with them. What cannot be said of so little is said to be so."""
    place = copied(built, tmp_path / "xit")
    studies = place / "notebooks" / "studies"
    told = yaml.safe_load((studies / "smoke.yaml").read_text())
    kept = {k: told[k] for k in ("hub", "model", "source", "retrieval_layer", "hyper")}
    kept |= {"title": "Smallest", "about": "as little as a study can have", "num_seeds": 1}
    kept |= {"intermediate": ["mnli"], "targets": ["xnli"], "languages": {"all": ["qaa", "qab"]}}
    (studies / "smallest.yaml").write_text(yaml.safe_dump(kept))
    done = command(place, "build", "--study", "smallest", "--jobs", "2")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    pages = place / "book" / "_build" / "html" / "study"
    assert "could be fitted to none" in (pages / "results.html").read_text()
    assert "too few languages for a correlation" in (pages / "distance.html").read_text()
    assert not (pages / "selection.html").exists()
