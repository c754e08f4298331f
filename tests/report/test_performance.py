"""The page of performance: what is reached is counted from rows, and what is missing is said."""

from pathlib import Path

import pandas as pd
import pytest

from xit.report import performance

ROOT = Path(__file__).parents[2]


def rows(kind: str = "cpu", **more: float | list[float]) -> pd.DataFrame:
    """Two models: xit is 4 and 2 times as fast as padded, 1.5 and 1.25 as grouped."""
    told = []
    for model, rates in (("lab", (10, 80 / 3, 40)), ("xlm-roberta-base", (1, 1.6, 2))):
        for way, rate in zip(performance.WAYS, rates, strict=True):
            told.append({"model": model, "data": "UD", "source": "hub", "way": way,
                         "work": "training", "examples_per_s": rate, "lowest": rate * 0.9,
                         "highest": rate * 1.1, "tokens_per_s": rate * 100, "padding": 12.4,
                         "memory_mib": 1234.0, "utilisation": None, "ceiling_tflops": None,
                         "repeats": 3, "device": kind.upper(), "kind": kind, "threads": 2,
                         "precision": "float32", "date": "2026-01-01", "commit": "abc",
                         "load": 0.4, "versions": "torch 2", "command": "make bench"})  # fmt: skip
    return pd.DataFrame(told).assign(**more)


def page(tmp_path: Path, *frames: pd.DataFrame) -> str:
    """The page of these rows, a file each."""
    for i, frame in enumerate(frames):
        frame.to_csv(tmp_path / f"{i}.csv", index=False)
    return performance.page(tmp_path)


def test_how_many_times_as_fast() -> None:
    times = performance.faster(rows()).set_index("model")
    assert times[performance.PADDED].to_dict() == {"lab": 4, "xlm-roberta-base": 2}
    assert times[performance.GROUPED].tolist() == pytest.approx([1.5, 1.25])
    text = performance.words(rows())
    assert "**2.00 to 4.00 times** as fast as *Trainer, padded*" in text
    assert "at least 3; so in 1 of 2 comparisons" in text
    assert "**1.25 to 1.50 times**" in text and "at least 1.3; so in 1 of 2 comparisons" in text


def test_the_table() -> None:
    table = performance.table(rows())
    assert list(table["xit is faster"]) == ["4.00×", "1.50×", "", "2.00×", "1.25×", ""]
    first = table.iloc[0]
    assert first["examples/s"] == "10 (9–11)" and first["tokens/s"] == "1,000"
    assert (first["padding, %"], first["memory, MiB"], first["utilisation, %"]) == (
        "12", "1,234", "–",
    )  # fmt: skip


def test_that_no_gpu_was_measured_is_said(tmp_path: Path) -> None:
    text = page(tmp_path, rows())
    assert "No GPU has been measured" in text and "TFLOP/s" not in text
    assert text.count("<table>") == 1 and 'id="tab-performance-training-cpu"' in text


def test_rows_of_a_gpu_are_shown_with_their_ceiling(tmp_path: Path) -> None:
    gpu = rows("cuda", utilisation=[10.0, 20, 30, 11, 22, 41], ceiling_tflops=700.0)
    text = page(tmp_path, rows(), gpu)
    assert "No GPU has been measured" not in text
    assert "700 TFLOP/s of a matrix product" in text and "at most 41% (xlm-roberta-base" in text
    assert text.count("<table>") == 2


def test_without_rows_there_is_nothing_to_show(tmp_path: Path) -> None:
    assert "Nothing has been measured yet" in performance.page(tmp_path / "nowhere")


def test_the_rows_that_are_kept_make_a_page_without_anybodys_paths() -> None:
    """Each comparison has all three ways, and says where it comes from."""
    kept = performance.read(ROOT / "tests" / "bench" / "results")
    if kept.empty:
        pytest.skip("no rows are kept yet: make bench")
    for _, part in kept.groupby(["device", *performance.CASE]):
        assert sorted(part["way"]) == sorted(performance.WAYS)
    told = ["device", "versions", "command", "date", "commit", "load"]
    assert kept[told].notna().all(axis=None)
    assert not kept.astype(str).apply(lambda c: c.str.contains(r"/\w+/|\.\./")).any(axis=None)
