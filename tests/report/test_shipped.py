"""Shipped scores: recorded, read, held against a toy study, and guarded against going stale."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests import toys
from tests.checkout import command
from xit import execute, machine, paths, runs, specs, study, tasks
from xit.__main__ import main
from xit.errors import XitError
from xit.report import change, shipped, verify, verify_words

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "notebooks" / "studies" / "scores").glob("*.parquet"))
SHAPE = {"targets": ["xnli", "tatoeba"], "intermediate": ["mnli"]}  # of the study


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    toys.project(tmp_path, monkeypatch, with_data=False)
    toys.toy(**SHAPE)
    yield tmp_path
    paths.project.cache_clear()


def build(digest: str = "aaa", **changed: object) -> None:
    """toy as if executed: XNLI 61 and 63 in English, 51 and 53 in German, Tatoeba 31 and 33 by
    seed, in runs called so; `changed` are parameters of target/none."""
    write("multilingual_model", [])
    write("intermediate/mnli", [])
    for after in ("none", "mnli"):
        lines = []
        for task in ("xnli", "tatoeba"):
            for seed in (1, 2):
                run = f"scores-{task}-after-{after}-seed{seed}-{digest}"
                fill(paths.project() / "runs" / run, task, 2.0 * seed - 1)
                lines.append({"run": run, "kind": "scores", "task": task, "seed": seed,
                              "after": after})  # fmt: skip
        write(f"target/{after}", lines, **changed if after == "none" else {})


def fill(run: Path, task: str, gain: float) -> None:
    """What a run of scores leaves."""
    base = {"en": 60.0, "de": 50.0} if task == "xnli" else {"de": 30.0}
    rows = [{"language": code, "split": "test", "metric": "acc", "value": level + gain}
            for code, level in base.items()]  # fmt: skip
    place = {} if task == "xnli" else {"layer": 2, "pooling": "mean"}
    run.mkdir(parents=True, exist_ok=True)
    pd.DataFrame([row | place for row in rows]).to_parquet(run / "scores.parquet")
    (run / "spec.json").write_text("{}")
    (run / runs.MADE).write_text(json.dumps({"seconds": 1.0, "on": machine.here()}))


def write(section: str, lines: list[dict], **changed: object) -> None:
    """The record of an executed section."""
    path = execute.executed("toy", section).with_suffix(".json")
    path.parent.mkdir(parents=True, exist_ok=True)
    told = {"parameters": {"hub": "hub"} | changed, "changed": changed, "runs": lines}
    path.write_text(json.dumps(told))


@pytest.fixture
def built(place: Path) -> Path:
    """toy, executed, and its scores shipped."""
    build()
    shipped.record("toy")
    return place


def move(by: float, after: str = "*") -> None:
    """Add `by` to the scores in the store, of the runs after one task or of all."""
    for file in (paths.project() / "runs").glob(f"scores-*-after-{after}-*/scores.parquet"):
        told = pd.read_parquet(file)
        told.assign(value=told["value"] + by).to_parquet(file)


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """What was printed, with any run of blanks as one."""
    return re.sub(r"\s+", " ", capsys.readouterr().out)


# -- the command --


def test_a_rebuild_is_identical(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--study", "toy"]) == 0
    told = said(capsys)
    assert "main results identical 12 of 12" in told
    assert (
        "Identical. All scores of 1 table are" in told and "Versions and hardware are those" in told
    )


def test_noise_is_no_error_and_a_difference_is(
    built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    move(0.5)
    assert main(["verify", "--study", "toy"]) == 0
    assert "main results within seed noise 0 of 12" in said(capsys)
    move(25.0)
    assert main(["verify", "--study", "toy"]) == 1
    told = said(capsys)
    assert "main results different 0 of 12" in told and "Not the shipped study in" in told
    assert "XNLI every task mean acc 57.00 82.50 +25.50" in told  # 55 and the gain of 2


def test_what_is_missing_is_named(
    built: Path, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "book" / "study" / "toy" / "target" / "mnli.json").unlink()
    assert main(["verify", "--study", "toy"]) == 1
    told = said(capsys)
    assert "Not executed here: target/mnli. make book STUDY=toy does it" in told
    assert "Shipped, not here: 4 runs (scores-tatoeba-after-mnli-" in told
    assert "main results identical" in told


def test_changed_parameters_are_not_called_different(
    built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build("bbb", epochs=9.0)
    move(9.0)
    assert main(["verify", "--study", "toy"]) == 1
    told = said(capsys)
    assert "Changed parameters in target/none" in told and "different" not in told
    assert "Defined otherwise here: 8 runs (scores-tatoeba-after-mnli-" in told
    with pytest.raises(XitError, match="section target/none has changed parameters"):
        shipped.record("toy")


def test_stale_scores_are_called_stale_and_what_changed_is_named(
    built: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hyper: dict = {k: {"default": dict(v["default"])} for k, v in toys.STUDY["hyper"].items()}
    hyper["target"]["default"]["epochs"] = 2
    before = specs.RECIPES["retrieval"]
    monkeypatch.setitem(specs.RECIPES, "retrieval", 99)
    toys.toy(**SHAPE, hyper=hyper)
    build("bbb")
    move(9.0)
    assert main(["verify", "--study", "toy"]) == 1
    told = said(capsys)
    assert "The shipped scores are of another definition of the study" in told
    assert "hyper: target: default: epochs: 1.0 → 2.0" in told
    assert f"recipe of retrieval: {before} → 99" in told
    assert "main results defined otherwise 0 of 0" in told and "different" not in told
    assert shipped.record("toy").exists() and main(["verify", "--study", "toy"]) == 0


@pytest.mark.parametrize("what", ["nothing shipped", "nothing built", "damaged", "unknown"])
def test_what_cannot_be_verified_is_said_in_one_line(
    what: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build()
    if what == "nothing shipped":
        assert main(["verify", "--study", "toy"]) == 1
        assert "The project ships no scores of study toy" in capsys.readouterr().out
        return
    path = shipped.record("toy")
    if what == "nothing built":
        for record in (paths.project() / "book" / "study").rglob("*.json"):
            record.unlink()
    if what == "damaged":
        path.write_bytes(b"not parquet")
    assert main(["verify", "--study", "tyo" if what == "unknown" else "toy"]) == 2
    told = capsys.readouterr().err
    expected = {"nothing built": "has not been built here: run `make book STUDY=toy` first",
                "damaged": "shipped scores toy.parquet cannot be read",
                "unknown": "unknown study 'tyo': did you mean 'toy'?"}  # fmt: skip
    assert expected[what] in told and told.count("\n") == 1


# -- what is kept with them --


def test_what_it_was_made_on_is_kept_and_compared(
    built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = shipped.read(study.load("toy"))
    assert theirs and theirs.made_on == machine.here()
    for file in (paths.project() / "runs").glob(f"scores-*/{runs.MADE}"):
        told = json.loads(file.read_text())
        file.write_text(json.dumps(told | {"on": told["on"] | {"torch": "9.9", "cores": "64"}}))
    assert main(["verify", "--study", "toy"]) == 0
    text = said(capsys)
    assert f"torch: {machine.versions()['torch']} → 9.9" in text and "→ 64" in text
    assert "numpy" not in text


def test_the_same_study_is_recorded_to_the_same_bytes(built: Path) -> None:
    path = study.shipped("toy")
    before = path.read_bytes()
    assert shipped.record("toy").read_bytes() == before
    assert json.loads(pq.read_schema(path).metadata[shipped.ABOUT]).keys() == {
        "definition", "made_on",
    }  # fmt: skip


def test_recording_needs_the_whole_study(built: Path, place: Path) -> None:
    (place / "book" / "study" / "toy" / "intermediate" / "mnli.json").unlink()
    with pytest.raises(XitError, match="section intermediate/mnli of study 'toy' has not been"):
        shipped.record("toy")


def test_new_shipped_scores_make_the_page_anew(built: Path) -> None:
    toy = study.load("toy")
    before = toy.digest("verify"), toy.digest("data")
    study.shipped("toy").write_bytes(b"others")
    assert (toy.digest("verify") != before[0], toy.digest("data")) == (True, before[1])


def test_words_without_shipped_scores(place: Path) -> None:
    toy = study.load("toy")
    assert verify.of(toy) is None
    assert verify_words.short(toy, None).startswith("the project ships no scores of this study")
    assert "ships no scores of study toy" in verify_words.in_words(toy, None)
    assert verify_words.refuting(toy, None)


def test_words_of_the_front_page(built: Path) -> None:
    toy = study.load("toy")
    text = verify_words.short(toy, verify.of(toy))
    assert text == ("identical in all of 1 table (12 of 12 scores equal to the bit)")
    move(0.5, after="mnli")
    text = verify_words.short(toy, verify.of(toy))
    assert text.startswith("of 1 table 1 within seed noise (6 of 12 ")


def test_a_new_entry_of_studies_that_this_one_does_not_use_makes_nothing_stale(place: Path) -> None:
    """What a study leaves as it is by default is no part of its definition."""
    told = shipped.definition(study.load("toy"))
    assert "benchmark" not in told and "mlm" not in told and told["num_seeds"] == "2"
    toys.toy(**SHAPE, benchmark="xtreme-r")
    assert shipped.definition(study.load("toy")) == told | {"benchmark": "xtreme-r"}


# -- the files of the project --


def test_scores_are_shipped() -> None:
    assert {"smoke", "lab", "mini"} <= {file.stem for file in FILES}
    for file in FILES:
        assert file.stem in study.names(), "of a study that there is not"
        assert file.stat().st_size < 400_000


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_shipped_scores_are_of_the_study_as_it_is_defined(file: Path) -> None:
    """A changed study file, recipe or checkpoint makes them stale: to be recorded anew after a
    build, by `python -m xit verify --study … --record`."""
    one = study.load(file.stem)
    told = shipped.read(one)
    assert told is not None and told.definition == shipped.definition(one)
    assert told.scores["value"].between(0, 100).all()
    assert {"torch", "python", "processor", "cores"} <= told.made_on.keys()
    runs_ = told.scores.drop_duplicates("run")
    trained = runs_[runs_["target"].map(lambda t: tasks.target(t).train is not None)]
    seeds = set(range(one.seed, one.seed + one.num_seeds))
    for task in one.targets:
        for after in ("none", *one.intermediate) if tasks.target(task).train else ():
            cell = trained[(trained["target"] == task) & (trained["intermediate"] == after)]
            assert set(cell["seed"]) == seeds, (task, after)
    sections = set(told.scores["section"].str.partition("/")[0])
    assert one.ablations.keys() <= sections, "an ablation without a score"


@pytest.mark.skipif(not os.environ.get("LONG"), reason="makes the lab's data: LONG=1 make test")
def test_shipped_scores_of_the_lab_are_of_its_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run's name has all that it follows from in it: those of one target are named anew."""
    told = shipped.read(study.load("lab"))
    assert told is not None
    for name in ("notebooks", "xit"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.setenv("XIT_ROOT", str(tmp_path))
    paths.project.cache_clear()
    lab = study.load("lab")
    chains = change.Unchanged(lab, "target/none").target_chains(["panx"])
    names = {runs.name(chain[-1]) for chain in chains}
    paths.project.cache_clear()
    assert len(names) == lab.num_seeds and names <= set(told.scores["run"])


def test_the_study_smoke_comes_out_as_shipped(smoke: Path) -> None:
    """Built here from nothing, on whatever processor this is: identical, or within seed noise."""
    done = command(smoke, "verify", "--study", "smoke")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "main results" in done.stdout and "Shipped, not here" not in done.stdout
    page = (smoke / "book" / "_build" / "html" / "study" / "verify.html").read_text()
    front = (smoke / "book" / "_build" / "html" / "index.html").read_text()
    assert "The rebuild, verified" in page and "main results" in page
    assert 'href="study/verify.html"' in front
    assert "identical in all of" in front or "within seed noise" in front
