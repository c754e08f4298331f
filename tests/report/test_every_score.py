"""The tidy table of all scores, from made-up records and runs."""

import io
import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest

from xit.report import every_score


def run(root: Path, name: str, scores: Mapping[str, object], **spec: object) -> None:
    path = root / "runs" / name
    path.mkdir(parents=True)
    pd.DataFrame(scores).to_parquet(path / "scores.parquet", index=False)
    (path / "spec.json").write_text(json.dumps(spec))


def line(name: str, task: str, seed: int, after: str, kind: str = "scores") -> dict:
    return {"run": name, "kind": kind, "task": task, "seed": seed, "after": after}


@pytest.fixture
def executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Records of two sections that share a run; one of their runs is gone."""
    monkeypatch.setattr(every_score, "project", lambda: tmp_path)
    plain = {"language": ["en", "de"], "split": "test", "metric": "acc", "value": [80.125, 70.0]}
    layers = {"language": "de", "split": "dev", "metric": "acc", "value": [1.0], "layer": [2]}
    run(tmp_path, "s1", plain, checkpoint=None, noise=None)
    run(tmp_path, "s2", layers | {"pooling": ["mean"]}, checkpoint=None)
    run(tmp_path, "s3", plain, noise={"kind": "keyboard", "rate": 0.3})
    records = {
        "target/none": [line("t1", "xnli", 1, "none", "target"), line("s1", "xnli", 1, "none")],
        "noise": [
            line("s1", "xnli", 1, "none"),
            line("s3", "xnli", 1, "none"),
            line("s2", "tatoeba", 2, "mnli"),
            line("gone", "xnli", 3, "mnli"),
        ],
    }
    for section, made in records.items():
        path = tmp_path / "study" / f"{section}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"runs": made}))
    return tmp_path / "study"


def test_every_score_is_there_once(executed: Path) -> None:
    file = io.BytesIO(every_score.as_parquet("lab", ["target/none", "noise", "x"], executed))
    frame = pd.read_parquet(file)
    assert list(frame) == list(every_score.COLUMNS)
    assert list(frame["run"]) == ["s1", "s1", "s3", "s3", "s2"]
    assert list(frame["section"]) == ["target/none"] * 2 + ["noise"] * 3
    assert list(frame["value"]) == [80.125, 70.0, 80.125, 70.0, 1.0]
    assert list(frame["language"]) == ["en", "de", "en", "de", "de"]
    assert list(frame["seed"]) == [1, 1, 1, 1, 2] and set(frame["study"]) == {"lab"}
    last = frame.iloc[-1]
    assert (last["intermediate"], last["target"]) == ("mnli", "tatoeba")
    assert (last["layer"], last["pooling"]) == (2, "mean")
    assert len(frame[(frame["layer"] == 2) & (frame["pooling"] == "mean")]) == 1  # without a query
    noisy = frame[frame["run"] == "s3"]
    assert set(noisy["noise"]) == {"keyboard"} and set(noisy["noise_rate"]) == {0.3}
    assert frame.loc[frame["run"] == "s1", ["layer", "noise", "noise_rate"]].isna().all(axis=None)


def test_a_study_without_scores_has_the_columns(tmp_path: Path) -> None:
    frame = every_score.table("lab", ["tasks"], tmp_path)
    assert list(frame) == list(every_score.COLUMNS) and len(frame) == 0
