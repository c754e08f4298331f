"""The figures show the numbers they are given, and their alternative texts say them."""

from collections.abc import Callable
from io import BytesIO

import matplotlib as mpl
import matplotlib.image as image
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from xit.report.plots import (
    ALT,
    alt_text,
    error_curves,
    heatmap_change,
    heatmaps_change,
    language_dots,
    retrieval_by_layer,
    scatter_change_distance,
    training_curves,
)
from xit.report.results import change

LANGUAGES = ["qaa", "qab", "qac"]
SCORES = pd.DataFrame(
    [
        ("lab", intermediate, target, language, seed, "test", "acc", value + seed)
        for intermediate, target, value in (
            ("none", "xnli", 50.0),
            ("mnli", "xnli", 60.0),
            ("squad_v1", "xnli", 49.0),
            ("none", "panx", 40.0),
            ("mnli", "panx", 30.0),
            ("squad_v1", "panx", 40.0),
        )
        for language in LANGUAGES
        for seed in (0, 1)
    ],
    columns=["study", "intermediate", "target", "language", "seed", "split", "metric", "value"],
)
BASE = SCORES[SCORES["intermediate"] == "none"]
HISTORY = pd.DataFrame(
    [(1, 2.0, 50.0, 0), (2, 1.0, 70.0, 0), (1, 2.2, np.nan, 1), (2, 0.8, 80.0, 1)],
    columns=["step", "loss", "dev", "seed"],
)
LAYERS = pd.DataFrame(
    [(c, layer, k, 10.0 * layer + 5 * (k == "centred")) for c in LANGUAGES for layer in (0, 1)
     for k in ("raw", "centred")],
    columns=["language", "layer", "kind", "value"],
)  # fmt: skip
DISTANCE = pd.DataFrame(
    {"language": ["qab", "qab", "qac", "qad"], "change": [1.0, 3.0, 0.0, -1.0],
     "syntactic": [0.1, 0.1, 0.2, 0.3]}
)  # fmt: skip

PANEL = pd.DataFrame(
    {"intermediate": ["b", "b", "a"], "target": ["t2", "t1", "t2"], "change": [50.0, -1.0, 2.0]}
)

ERRORS = pd.DataFrame(
    [("mnli", "qab", target, where, errors, seed, value + seed - 10 * errors, 2.0)
     for target, where, value in (("xnli", "own", 6.0), ("xnli", "others", 3.0),
                                  ("tatoeba", "others", 1.0))
     for errors in (0.0, 0.5) for seed in (1, 2)],
    columns=["task", "data", "target", "where", "errors", "seed", "change", "original"],
)  # fmt: skip

FIGURES: dict[str, tuple[Callable[[], Figure], pd.DataFrame]] = {
    "heatmap_change": (
        lambda: heatmap_change(change(SCORES), ["squad_v1", "mnli", "qqp"], ["xnli", "panx"]),
        change(SCORES),
    ),
    "heatmaps_change": (
        lambda: heatmaps_change({"Paper": PANEL, "Ours": PANEL}),
        PANEL.assign(panel="Paper"),
    ),
    "language_dots": (lambda: language_dots(BASE, LANGUAGES, "qaa", {"xnli": 33.3}), BASE),
    "training_curves": (lambda: training_curves(HISTORY), HISTORY),
    "retrieval_by_layer": (lambda: retrieval_by_layer(LAYERS), LAYERS),
    "error_curves": (lambda: error_curves(ERRORS), ERRORS),
    "scatter_change_distance": (lambda: scatter_change_distance(DISTANCE), DISTANCE),
}


@pytest.mark.parametrize("kind", FIGURES)
def test_figures_are_labelled_untitled_and_on_white(kind: str) -> None:
    figure = FIGURES[kind][0]()
    main = [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]
    assert all(axes.get_ylabel() and not axes.get_title() for axes in main)
    assert main[-1].get_xlabel()
    png = BytesIO()
    with mpl.rc_context({"figure.facecolor": "black", "axes.facecolor": "black"}):
        figure.savefig(png, format="png", dpi=50)
    png.seek(0)
    corner = image.imread(png)[0, 0]
    assert corner.tolist() == [1, 1, 1, 1]  # opaque white


@pytest.mark.parametrize("kind", FIGURES)
def test_text_is_readable_on_a_phone(kind: str) -> None:
    """At least 9 pixels high where the figure is 390 wide."""
    figure = FIGURES[kind][0]()
    figure.canvas.draw()
    pixels = 390 / (figure.get_figwidth() * 72)
    texts = [t for a in figure.axes for t in [*a.texts, *a.get_xticklabels(), *a.get_yticklabels()]]
    assert min(float(t.get_fontsize()) for t in texts) * pixels >= 9


@pytest.mark.parametrize("kind", FIGURES)
def test_every_figure_has_an_alternative_text(kind: str) -> None:
    text = alt_text(kind, FIGURES[kind][1])
    assert text.endswith(".")
    assert "\n" not in text


def test_alternative_texts_say_the_numbers() -> None:
    assert set(ALT) == set(FIGURES)
    heat = alt_text("heatmap_change", change(SCORES))
    assert "highest MNLI → XNLI +10.0, lowest MNLI → NER -10.0; 1 of 4 are gains" in heat
    assert "XNLI 50.5 (qaa) to 50.5" in alt_text("language_dots", BASE)
    curves = alt_text("training_curves", HISTORY)
    assert "2 runs: mean loss 2.10 at first, 0.90 at last" in curves
    assert "scores 70.0 to 80.0" in curves
    assert "centred best at layer 1 with 15.0" in alt_text("retrieval_by_layer", LAYERS)
    scatter = alt_text("scatter_change_distance", DISTANCE, distance="syntactic")
    assert "3 languages: -1.0 to +2.0 points, rank correlation -1.00" in scatter
    assert alt_text("error_curves", ERRORS) == (
        "Lines: change in points, 0% to 50% of words wrong: MNLI → XNLI in qab +7.5 to +2.5; "
        "MNLI → XNLI others +4.5 to -0.5; MNLI → Tatoeba others +2.5 to -2.5."
    )
    with pytest.raises(ValueError, match="unknown kind of figure 'pie'"):
        alt_text("pie", BASE)


def test_heatmap_cells() -> None:
    axes = FIGURES["heatmap_change"][0]().axes[0]
    cells = {t.get_position(): (t.get_text(), t.get_fontweight()) for t in axes.texts}
    assert cells == {
        (0.5, 0.5): ("-1.0", "bold"),
        (1.5, 0.5): ("+0.0", "normal"),
        (0.5, 1.5): ("+10.0", "bold"),
        (1.5, 1.5): ("-10.0", "bold"),
    }
    assert [t.get_text() for t in axes.get_yticklabels()] == ["SQuAD v1.1", "MNLI"]
    assert axes.collections[0].get_clim() == (-10, 10)  # white is no change
    limited = heatmap_change(change(SCORES), ["mnli"], ["xnli"], limit=5)
    assert limited.axes[0].collections[0].get_clim() == (-5, 5)


def test_heatmap_marks_cells_with_collapsed_runs() -> None:
    fallen = (SCORES["intermediate"] == "mnli") & (SCORES["target"] == "xnli")
    table = change(SCORES.assign(collapsed=fallen & (SCORES["seed"] == 1)))
    axes = heatmap_change(table, ["squad_v1", "mnli", "qqp"], ["xnli", "panx"]).axes[0]
    assert [t.get_text() for t in axes.texts] == ["-1.0", "+0.0", "+10.0†", "-10.0"]
    assert "1 with collapsed runs, marked †" in alt_text("heatmap_change", table)
    assert "collapsed" not in alt_text("heatmap_change", change(SCORES))
    panels = {"Paper": PANEL, "Ours": PANEL.assign(collapsed=[0, 2, 0])}
    paper, ours = heatmaps_change(panels).axes[:2]
    assert not any("†" in t.get_text() for t in paper.texts)
    assert [t.get_text() for t in ours.texts if "†" in t.get_text()] == ["-1.0†"]


def test_heatmap_with_a_hole() -> None:
    table = change(SCORES)
    table = table[~((table["intermediate"] == "mnli") & (table["target"] == "panx"))]
    axes = heatmap_change(table, ["mnli", "squad_v1"], ["xnli", "panx"]).axes[0]
    assert len(axes.texts) == 3


def test_dots_show_seeds_means_and_chance() -> None:
    figure = language_dots(BASE, ["qac", "qaa"], "qaa", {"xnli": 33.3})
    xnli = figure.axes[0]
    assert [t.get_text() for t in figure.axes[-1].get_xticklabels()] == ["qac", "qaa", "qab"]
    seeds, means = (np.asarray(c.get_offsets())[:, 1].tolist() for c in xnli.collections[:2])
    assert seeds == [50, 51] * 3
    assert means == [50.5] * 3
    assert np.asarray(xnli.lines[0].get_ydata()).tolist() == [33.3, 33.3]
    assert not figure.axes[1].lines  # no chance level was given for panx


def test_dots_in_one_colour_for_each_intermediate_task() -> None:
    figure = language_dots(SCORES, LANGUAGES, "qaa")
    [legend] = figure.legends
    assert [t.get_text() for t in legend.get_texts()] == ["none", "MNLI", "SQuAD v1.1"]
    many = pd.concat([BASE.assign(intermediate=str(i)) for i in range(7)])
    with pytest.raises(ValueError, match="7 intermediate tasks in one figure"):
        language_dots(many, LANGUAGES, "qaa")


def test_curves_of_several_tasks_without_development_score() -> None:
    several = pd.concat([HISTORY.assign(task=t) for t in ("xnli", "panx")]).drop(columns="dev")
    figure = training_curves(several)
    assert len(figure.axes) == 1
    assert len(figure.axes[0].lines) == 4
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["XNLI", "NER"]


def test_scatter_has_the_mean_of_the_seeds() -> None:
    axes = scatter_change_distance(DISTANCE).axes[0]
    points = axes.collections[1].get_offsets()
    assert np.asarray(points).tolist() == [[0.1, 2.0], [0.2, 0.0], [0.3, -1.0]]
    assert [t.get_text() for t in axes.texts] == ["qab", "qac", "qad"]


def test_tables_that_cannot_be_drawn() -> None:
    with pytest.raises(ValueError, match="column 'value' is missing"):
        language_dots(BASE.drop(columns="value"), LANGUAGES, "qaa")
    with pytest.raises(ValueError, match="no rows"):
        retrieval_by_layer(LAYERS[:0])
    with pytest.raises(ValueError, match="no scores of these tasks"):
        heatmap_change(change(SCORES), ["qqp"], ["xnli"])


def test_heat_maps_share_a_scale_and_keep_their_order() -> None:
    figure = heatmaps_change({"Paper": PANEL, "Ours": PANEL.head(1)}, limit=10)
    maps = [a for a in figure.axes if a.get_title(loc="left")]
    assert [a.get_title(loc="left") for a in maps] == ["Paper", "Ours"]
    assert [t.get_text() for t in maps[0].get_yticklabels()] == ["b", "a"]
    assert [t.get_text() for t in maps[0].get_xticklabels()] == ["t2", "t1"]
    assert {a.collections[0].get_clim() for a in maps} == {(-10, 10)}
    assert [t.get_text() for t in maps[0].texts] == ["+50.0", "-1.0", "+2.0"]


def test_a_panel_without_rows_is_left_out() -> None:
    figure = heatmaps_change({"Paper": PANEL, "Ours": PANEL.head(0)})
    assert sum(bool(a.get_title(loc="left")) for a in figure.axes) == 1
    with pytest.raises(ValueError, match="nothing to draw"):
        heatmaps_change({"Ours": PANEL.head(0)})


def test_alt_text_of_several_heat_maps() -> None:
    told = alt_text("heatmaps_change", PANEL.assign(panel="Paper"))
    assert told == (
        "Heat maps of change in points. Paper: highest b → t2 +50.0, lowest b → t1 -1.0, "
        "2 of 3 are gains."
    )


def test_every_seed_of_an_error_curve_is_drawn() -> None:
    """Two seeds and their mean, a dashed line for the original, and zero: twice in the first."""
    xnli, tatoeba = error_curves(ERRORS).axes
    assert (len(xnli.lines), len(tatoeba.lines)) == (2 * 4 + 1, 4 + 1)
    assert xnli.get_title("left") == "MNLI in qab → XNLI"
    mean = next(line for line in xnli.lines if line.get_label() == "in the language of the data")
    assert np.asarray(mean.get_xdata()).tolist() == [0, 50]
    assert np.asarray(mean.get_ydata()).tolist() == [7.5, 2.5]
    dashed = [line for line in xnli.lines if line.get_linestyle() == "--"]
    assert [np.asarray(line.get_ydata()).tolist() for line in dashed] == [[2.0, 2.0]] * 2
