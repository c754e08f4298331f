"""Heat maps of changes: their cells, marks, scale and words."""

import pytest

from tests.report.samples import PANEL, SCORES
from xit.report.heatmaps import alt_change_map, alt_change_maps, change_map, change_maps
from xit.report.results import change


def test_heatmap_cells() -> None:
    axes = change_map(change(SCORES), ["squad_v1", "mnli", "qqp"], ["xnli", "panx"]).axes[0]
    cells = {t.get_position(): (t.get_text(), t.get_fontweight()) for t in axes.texts}
    assert cells == {
        (0.5, 0.5): ("-1.0", "bold"),
        (1.5, 0.5): ("+0.0", "normal"),
        (0.5, 1.5): ("+10.0", "bold"),
        (1.5, 1.5): ("-10.0", "bold"),
    }
    assert [t.get_text() for t in axes.get_yticklabels()] == ["SQuAD v1.1", "MNLI"]
    assert axes.collections[0].get_clim() == (-10, 10)  # white is no change
    limited = change_map(change(SCORES), ["mnli"], ["xnli"], limit=5)
    assert limited.axes[0].collections[0].get_clim() == (-5, 5)


def test_heatmap_marks_cells_with_collapsed_runs() -> None:
    fallen = (SCORES["intermediate"] == "mnli") & (SCORES["target"] == "xnli")
    table = change(SCORES.assign(collapsed=fallen & (SCORES["seed"] == 1)))
    axes = change_map(table, ["squad_v1", "mnli", "qqp"], ["xnli", "panx"]).axes[0]
    assert [t.get_text() for t in axes.texts] == ["-1.0", "+0.0", "+10.0†", "-10.0"]
    assert "1 with collapsed runs, marked †" in alt_change_map(table)
    assert "collapsed" not in alt_change_map(change(SCORES))
    panels = {"Paper": PANEL, "Ours": PANEL.assign(collapsed=[0, 2, 0])}
    paper, ours = change_maps(panels).axes[:2]
    assert not any("†" in t.get_text() for t in paper.texts)
    assert [t.get_text() for t in ours.texts if "†" in t.get_text()] == ["-1.0†"]


def test_heatmap_with_a_hole() -> None:
    table = change(SCORES)
    table = table[~((table["intermediate"] == "mnli") & (table["target"] == "panx"))]
    axes = change_map(table, ["mnli", "squad_v1"], ["xnli", "panx"]).axes[0]
    assert len(axes.texts) == 3


def test_heat_maps_share_a_scale_and_keep_their_order() -> None:
    figure = change_maps({"Paper": PANEL, "Ours": PANEL.head(1)}, limit=10)
    maps = [a for a in figure.axes if a.get_title(loc="left")]
    assert [a.get_title(loc="left") for a in maps] == ["Paper", "Ours"]
    assert [t.get_text() for t in maps[0].get_yticklabels()] == ["MNLI", "CCG"]
    assert [t.get_text() for t in maps[0].get_xticklabels()] == ["POS", "XNLI"]
    assert {a.collections[0].get_clim() for a in maps} == {(-10, 10)}
    assert [t.get_text() for t in maps[0].texts] == ["+50.0", "-1.0", "+2.0"]


def test_a_panel_without_rows_is_left_out() -> None:
    figure = change_maps({"Paper": PANEL, "Ours": PANEL.head(0)})
    assert sum(bool(a.get_title(loc="left")) for a in figure.axes) == 1
    with pytest.raises(ValueError, match="nothing to draw"):
        change_maps({"Ours": PANEL.head(0)})


def test_alt_text_of_several_heat_maps() -> None:
    told = alt_change_maps(PANEL.assign(panel="Paper"))
    assert told == (
        "Heat maps of change in points. Paper: highest MNLI → POS +50.0, "
        "lowest MNLI → XNLI -1.0, 2 of 3 are gains."
    )
