"""The figures show the numbers they are given, and their alternative texts say them."""

from collections.abc import Callable
from io import BytesIO

import matplotlib as mpl
import matplotlib.image as image
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from tests.report.samples import (
    BASE,
    DISTANCE,
    ERRORS,
    HISTORY,
    LANGUAGES,
    LAYERS,
    PANEL,
    SCORES,
)
from xit import tasks
from xit.report.heatmaps import alt_change_map, alt_change_maps, change_map, change_maps
from xit.report.plots import (
    alt_error_curves,
    alt_language_dots,
    alt_retrieval_by_layer,
    alt_scatter_change_distance,
    alt_training_curves,
    error_curves,
    language_dots,
    retrieval_by_layer,
    scatter_change_distance,
    training_curves,
)
from xit.report.results import change

FIGURES: dict[str, tuple[Callable[[], Figure], Callable[..., str], pd.DataFrame]] = {
    "change_map": (
        lambda: change_map(change(SCORES), ["squad_v1", "mnli", "qqp"], ["xnli", "panx"]),
        alt_change_map,
        change(SCORES),
    ),
    "change_maps": (
        lambda: change_maps({"Paper": PANEL, "Ours": PANEL}),
        alt_change_maps,
        PANEL.assign(panel="Paper"),
    ),
    "language_dots": (
        lambda: language_dots(BASE, LANGUAGES, "qaa", {"xnli": 33.3}),
        alt_language_dots,
        BASE,
    ),
    "training_curves": (lambda: training_curves(HISTORY), alt_training_curves, HISTORY),
    "retrieval_by_layer": (lambda: retrieval_by_layer(LAYERS), alt_retrieval_by_layer, LAYERS),
    "error_curves": (lambda: error_curves(ERRORS), alt_error_curves, ERRORS),
    "scatter_change_distance": (
        lambda: scatter_change_distance(DISTANCE),
        alt_scatter_change_distance,
        DISTANCE,
    ),
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
    _, alt, table = FIGURES[kind]
    text = alt(table)
    assert text.endswith(".")
    assert "\n" not in text


def test_alternative_texts_say_the_numbers() -> None:
    heat = alt_change_map(change(SCORES))
    assert "highest MNLI → XNLI +10.0, lowest MNLI → NER -10.0; 1 of 4 are gains" in heat
    assert "XNLI 50.5 (qaa) to 50.5" in alt_language_dots(BASE)
    curves = alt_training_curves(HISTORY)
    assert "2 runs: mean loss 2.10 at first, 0.90 at last" in curves
    assert "scores 70.0 to 80.0" in curves
    assert "centred best at layer 1 with 15.0" in alt_retrieval_by_layer(LAYERS)
    scatter = alt_scatter_change_distance(DISTANCE, distance="syntactic")
    assert "3 languages: -1.0 to +2.0 points, rank correlation -1.00" in scatter
    assert alt_error_curves(ERRORS) == (
        "Lines: change in points, 0% to 50% of words wrong: MNLI → XNLI in qab +7.5 to +2.5; "
        "MNLI → XNLI others +4.5 to -0.5; MNLI → Tatoeba others +2.5 to -2.5."
    )


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
    assert [t.get_text() for t in legend.get_texts()] == [
        "no intermediate task",
        "MNLI",
        "SQuAD v1.1",
    ]
    many = pd.concat([BASE.assign(intermediate=i) for i in list(tasks.INTERMEDIATE)[:7]])
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
        change_map(change(SCORES), ["qqp"], ["xnli"])


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
