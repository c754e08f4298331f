"""Figures of distance: what is drawn, what is left out, and what is said of it."""

import numpy as np
import pandas as pd
import pytest

from xit.report import distance_plots as draw
from xit.report.distance import MEAN, SCORE
from xit.report.distance_models import EVERY

FAR = pd.DataFrame({"syntactic": [0.1, 0.2, 0.3]}, index=["qab", "qac", "qad"])
TOLD = pd.DataFrame(
    [(o, "xnli", c, s, v + s) for o, values in ((SCORE, (80, 70, 60)), (MEAN, (1, 1, 1)))
     for c, v in zip(FAR.index, values, strict=True) for s in (0, 1)],
    columns=["outcome", "target", "language", "seed", "value"],
)  # fmt: skip
FOUND = pd.DataFrame(
    [(t, o, "syntactic", rho, firm) for t, o, rho, firm in (
        ("xnli", SCORE, -0.9, True), ("panx", SCORE, -0.001, False), ("xnli", MEAN, 0.2, False),
        ("panx", MEAN, np.nan, False), ("xnli", "mnli", 0.4, False))],
    columns=["target", "outcome", "distance", "rho", "firm"],
)  # fmt: skip
COEFFICIENTS = pd.DataFrame(
    [(o, t, p, v, v - 2, v + 2, t != "paws_x")
     for o, v in ((SCORE, -5.0), (MEAN, 0.5)) for t in ("xnli", "paws_x", EVERY)
     for p in ("word order", "case")],
    columns=["outcome", "target", "property", "value", "low", "high", "together"],
)  # fmt: skip
GAPS = pd.DataFrame(
    [("none", "xnli", np.nan, np.nan, np.nan), ("mnli", "xnli", 1.0, 4.0, -3.0),
     ("qqp", "xnli", 1.0, -1.0, 2.0)],
    columns=["intermediate", "target", "d_source", "d_others", "d_gap"],
)  # fmt: skip


def test_scatters() -> None:
    figure = draw.scatters(TOLD, FAR, ["xnli", "paws_x"])
    assert len(figure.axes) == 2  # of XNLI alone
    points = figure.axes[0].collections[0].get_offsets()
    assert np.asarray(points).tolist() == [[0.1, 80.5], [0.2, 70.5], [0.3, 60.5]]  # means
    assert [t.get_text() for t in figure.axes[0].texts] == ["qab", "qac", "qad"]
    text = draw.alt_scatters(TOLD, FAR, ["xnli", "paws_x"])
    assert "XNLI score without 60.5 to 80.5, rank correlation -1.00" in text
    assert text.endswith("XNLI mean change 1.5 to 1.5.")
    with pytest.raises(ValueError, match="nothing to draw"):
        draw.scatters(TOLD, FAR, ["paws_x"])


def test_correlation_maps() -> None:
    panels = draw.maps_of(FOUND)
    assert [len(p) for p in panels.values()] == [2, 2, 1]
    figure = draw.correlation_maps(panels)
    maps = [a for a in figure.axes if a.texts]
    assert [t.get_text() for t in maps[0].texts] == ["-0.90", "+0.00"]
    assert [t.get_fontweight() for t in maps[0].texts] == ["bold", "normal"]
    assert maps[0].collections[0].get_clim() == (-1, 1)
    text = draw.alt_correlation_maps(panels)
    assert "-0.90 (syntactic, XNLI) to -0.00 (syntactic, NER), 1 of 2 firm" in text
    assert "Change after each task, syntactic distance: +0.40 (MNLI, XNLI)" in text


def test_task_maps() -> None:
    panels = draw.task_maps(FOUND, ["xnli"])
    assert panels["XNLI"]["row"].tolist() == ["score without", "mean change", "MNLI"]
    figure = draw.correlation_maps(panels)
    [axes] = [a for a in figure.axes if a.texts]
    assert [t.get_text() for t in axes.texts] == ["-0.90", "+0.20", "+0.40"]
    assert [t.get_text() for t in axes.get_xticklabels()] == ["syntactic"]


def test_panels_without_correlations_are_left_out() -> None:
    figure = draw.correlation_maps(draw.maps_of(FOUND[FOUND["outcome"] == SCORE]))
    assert sum(bool(a.texts) for a in figure.axes) == 1
    with pytest.raises(ValueError, match="no correlations"):
        draw.correlation_maps(draw.maps_of(FOUND[FOUND["rho"].isna()]))


def test_coefficient_dots() -> None:
    figure = draw.coefficient_dots(COEFFICIENTS, ["xnli", "paws_x", EVERY])
    left = figure.axes[0]
    assert [t.get_text() for t in left.get_yticklabels()] == ["case", "word order"]
    dots = [c for c in left.collections if np.shape(c.get_offsets()) == (2, 2)]
    hollow = [np.array(c.get_facecolor())[0].min() == 1 for c in dots]
    assert hollow == [False, True, False]  # of PAWS-X, each property alone
    text = draw.alt_coefficient_dots(COEFFICIENTS, ["xnli", "paws_x", EVERY])
    assert "score without: 6 of 6 intervals leave out 0, largest word order -5.0 (XNLI)" in text
    assert "mean change: 0 of 6 intervals leave out 0." in text


def test_gap_moves() -> None:
    figure = draw.gap_moves({"Published": GAPS, "Study x": GAPS, "empty": GAPS[:1]})
    assert [a.get_title(loc="left") for a in figure.axes] == ["Published", "Study x"]
    text = draw.alt_gap_moves({"Published": GAPS, "empty": GAPS[:1]})
    assert "Published: gap smaller in 1 of 2, by -3.0 to +2.0 points" in text
    assert "empty" not in text
    with pytest.raises(ValueError, match="no changes of gaps"):
        draw.gap_moves({"empty": GAPS[:1]})
