"""The table of `xit check`: what a study needs, what is there, what to do about the rest."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import datasets
import pytest

from tests.shared import SHARED
from tests.toys import asked, project, write
from xit import inventory, paths, study, tasks, terminal
from xit.data import look
from xit.errors import XitError
from xit.inventory import Line
from xit.study import Study

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Study]:
    project(tmp_path, monkeypatch)
    yield study.load("toy")
    paths.project.cache_clear()


def by_name(one: Study) -> dict[str, Line]:
    """The lines by repository and config."""
    return {line.what.partition(" (")[0]: line for line in inventory.lines(one)}


def test_everything_is_there(toy: Study) -> None:
    lines = by_name(toy)
    assert list(lines) == [
        "model model", "xit/corpus *", "nyu-mll/glue mnli", "rajpurkar/squad plain_text",
        "google/xtreme udpos.*", "google/xtreme XQuAD.*", "google/xtreme tatoeba.*",
    ]  # fmt: skip
    assert not any(line.bad or line.remedy for line in lines.values())
    squad = lines["rajpurkar/squad plain_text"]
    assert (squad.use, squad.source, squad.found) == ("squad_v1, xquad", "directory", "")
    assert (squad.state, squad.rows, squad.expected) == ("excerpt", 24, 87_599 + 10_570)
    tags = lines["google/xtreme udpos.*"]
    assert tags.what.endswith("(train, validation, test)")
    assert (tags.found, tags.rows, tags.columns) == ("2 of 2", 48, "ok")
    assert lines["xit/corpus *"].state == "there"  # nobody knows how many there should be
    assert inventory.fine_tuned(toy) == 2 * (2 + 2 * 3)  # Tatoeba is not trained


def test_the_oracle_reads_development_data_in_every_language(toy: Study) -> None:
    told = {"intermediate": ("none", "mnli"), "targets": ("udpos", "xquad"), "checkpoints": 3}
    more = dataclasses.replace(toy, ablations={"selection": told})
    new = set(inventory.parts(more)) - set(inventory.parts(toy))
    assert [(p.task.name, p.split.split, p.code) for p in new] == [("udpos", "validation", "de")]
    states = 2 * 2 * 3  # on the way; those kept are the study's own
    assert inventory.fine_tuned(more) == inventory.fine_tuned(toy) + 2 * states


def test_graded_data_is_read_in_the_source_language(toy: Study) -> None:
    told = {"variants": ("hellaswag:facts-3",), "targets": ("tatoeba",)}
    more = dataclasses.replace(toy, ablations={"complexity": told})
    new = [p for p in inventory.parts(more) if p not in set(inventory.parts(toy))]
    assert [(p.split.repo, p.split.config, p.split.split, p.code) for p in new] == [
        ("xit/graded", "hellaswag.facts-3", "train", "en"),
        ("xit/graded", "hellaswag.facts-3", "validation", "en"),
    ]


def test_models_after_an_adversary_are_counted(toy: Study) -> None:
    """Two trainings and, of the targets, both after one and one after the other; text is there."""
    told = {"variants": ("mnli+adv", "mnli+adv1"), "targets": ("udpos", "xquad", "tatoeba"),
            "ablated_targets": ("udpos",)}  # fmt: skip
    more = dataclasses.replace(toy, ablations={"adversarial": told})
    assert inventory.fine_tuned(more) == inventory.fine_tuned(toy) + 2 * (1 + 2 + 1 + 1)
    assert list(inventory.parts(more)) == list(inventory.parts(toy))
    other = dataclasses.replace(more, mlm={"corpora": {"xit/corpus": ["de"]}})
    texts = [p.code for p in inventory.parts(other) if p.task.kind == "text"]
    assert texts == ["en", "de", "de"]


def test_languages_that_are_missing_are_named(toy: Study) -> None:
    more = dataclasses.replace(toy, languages={"all": ("en", "de", "el", "hi")})
    line = by_name(more)["google/xtreme XQuAD.*"]
    assert (line.state, line.found, line.rows, line.expected) == ("missing", "2 of 4", 10, 4 * 1190)
    assert line.remedy.startswith("no el hi; hf download --repo-type dataset google/xtreme")
    odd = dataclasses.replace(toy, languages={"all": ("en", "dee")})
    remedy = by_name(odd)["google/xtreme XQuAD.*"].remedy
    assert "did you mean 'de'?" in remedy and remedy.endswith("correct `languages:`")


def test_repositories_that_are_missing(toy: Study) -> None:
    more = dataclasses.replace(toy, intermediate=("hellaswag", "ccg"))
    lines = by_name(more)
    assert lines["Rowan/hellaswag default"].remedy == (
        "hf download --repo-type dataset Rowan/hellaswag --local-dir hub/Rowan/hellaswag"
    )
    assert "put its directory at local/ccgbank" in lines["xit/ccgbank default"].remedy
    assert lines["xit/ccgbank default"].licence == "LDC user agreement"
    assert all(line.bad for line in lines.values() if line.remedy)


def test_models(toy: Study) -> None:
    gone = inventory.lines(dataclasses.replace(toy, model="./gone"))[0]
    assert gone.bad and "no config.json" in gone.remedy
    scratch = inventory.lines(dataclasses.replace(toy, model="pretrain"))[0]
    assert (scratch.source, scratch.bad) == ("trained here", False)


def test_a_hub_that_does_not_answer(
    toy: Study, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(look, "silence", lambda: "no route to host")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "none"))
    lines = inventory.lines(dataclasses.replace(toy, hub="", model="FacebookAI/xlm-roberta-large"))
    assert {line.state for line in lines} == {"no answer"}
    assert lines[0].size == 2_200_000_000
    told = terminal.inventory(lines, 10, 2**30)
    assert told.count("(no route to host)") == 2  # once for the model, once for all datasets
    assert "10 models of 2.2 GB, 22 GB in all, are kept in runs/; 1.1 GB free: not enough" in told


def test_a_training_set_of_several_datasets(toy: Study) -> None:
    task = tasks.INTERMEDIATE["anli_plus"]
    repos = [part.split.repo for part in inventory.training(task, task.dev, "en")]
    assert repos == [*["facebook/anli"] * 3, "nyu-mll/glue", "stanfordnlp/snli"] * 2


def test_translations_have_lines_of_their_own(toy: Study, tmp_path: Path) -> None:
    told = {"translation": {"variants": ("mnli@de", "mnli@fr", "qqp@de"),
                            "targets": ("tatoeba", "udpos")}}  # fmt: skip
    lines = by_name(dataclasses.replace(toy, ablations=told))
    more = inventory.fine_tuned(dataclasses.replace(toy, ablations=told))
    assert more == inventory.fine_tuned(toy) + 2 * 3 * (1 + 1)  # seeds, variants, they and POS
    xnli = lines["facebook/xnli *"]
    assert (xnli.use, xnli.found, xnli.state) == ("mnli", "1 of 2", "missing")
    assert (xnli.rows, xnli.expected) == (30, 2 * (392_702 + 2_490))
    assert "local/translated/qqp.de" in lines["xit/translated qqp.*"].remedy
    place = tmp_path / "local" / "translated" / "qqp.de"
    place.mkdir(parents=True)
    row = {"question1": "a", "question2": "b", "label": 0}
    for split in ("train", "validation"):
        (place / f"{split}.jsonl").write_text(json.dumps(row) + "\n")
    line = by_name(dataclasses.replace(toy, ablations=told))["xit/translated qqp.*"]
    assert (line.source, line.state, line.rows, line.columns) == ("directory", "excerpt", 2, "ok")


def test_what_is_left_out_has_a_line(toy: Study) -> None:
    line = by_name(dataclasses.replace(toy, gaps=("CCG: put it there",)))["CCG"]
    assert (line.state, line.remedy, line.bad) == ("left out", "put it there", False)


def test_a_build_stops_at_the_first(toy: Study, tmp_path: Path) -> None:
    write(tmp_path / "hub", "rajpurkar/squad", "plain_text", "validation",
          [{"query": r["question"]} for r in asked(2)])  # fmt: skip
    with pytest.raises(XitError, match=r"squad plain_text has no column 'question'; its .* query"):
        for part in inventory.parts(toy):
            inventory.looked("hub", part)


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the mirror of the Hub (XIT_SHARED)")
def test_the_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look, "silence", lambda: "offline")
    paper = study.parse(ROOT / "notebooks/studies/paper.yaml", str(SHARED / "hub"))
    lines = by_name(paper)
    assert lines["xit/ccgbank default"].bad
    xquad = lines["google/xtreme XQuAD.*"]
    assert (xquad.found, xquad.rows) == ("9 of 11", 9 * 1190)
    assert "no el hi;" in xquad.remedy
    assert lines["google/xtreme PAN-X.*"].state == "excerpt"


def test_the_published_studies_are_known_in_full() -> None:
    """Every split of a task that they read has a number of rows to be compared with."""
    for name in ("paper", "base"):
        one = study.parse(ROOT / f"notebooks/studies/{name}.yaml")
        read = [part for part in inventory.parts(one) if part.task.kind != "text"]
        assert all(inventory.upstream("", part) for part in read)


def test_sizes() -> None:
    told = [terminal.size_in_words(n) for n in (0, 999, 1000, 15_400, 2_200_000_000, 5 * 10**15)]
    assert told == ["0 B", "999 B", "1.0 kB", "15 kB", "2.2 GB", "5000 TB"]
