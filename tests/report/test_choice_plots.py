"""The figures of ablation 07 show the numbers they are given."""

from itertools import product

import pandas as pd
import pytest
from matplotlib.figure import Figure

from xit.report import choice_plots

CHOICES = pd.DataFrame(
    [(task, 1, layer, pooling, centring, 10.0 * layer + 5 * (task == "mnli"))
     for task, layer, pooling, centring in product(
         ("none", "mnli", "ccg", "qqp"), (0, 1, 2), ("mean", "cls"), ("raw", "centred"))],
    columns=["intermediate", "seed", "layer", "pooling", "centring", "value"],
)  # fmt: skip
STATES = pd.DataFrame(
    [(task, "xnli", code, seed, state, (0.5, 0.5, 1.0)[state], True, 40.0 + 5 * state + seed)
     for task, code, seed, state in product(("none", "mnli"), ("qaa", "qab"), (1, 2), (0, 1, 2))],
    columns=["intermediate", "target", "language", "seed", "state", "share", "scored", "value"],
)  # fmt: skip


def test_retrieval_has_a_panel_for_each_task() -> None:
    figure = choice_plots.retrieval(CHOICES, 2)
    assert [a.get_title() for a in figure.axes] == ["no intermediate task", "MNLI", "CCG", "QQP"]
    study, *lines = figure.axes[1].get_lines()
    assert list(study.get_xdata()) == [2, 2]  # type: ignore[arg-type]
    assert len(lines) == 4
    assert list(lines[0].get_ydata()) == [5, 15, 25]  # type: ignore[arg-type]
    assert [t.get_text() for t in figure.legends[0].get_texts()] == [
        "centred, mean", "centred, first token", "raw, mean", "raw, first token",
    ]  # fmt: skip


def test_on_the_way() -> None:
    figure = choice_plots.on_the_way(STATES, "qaa")
    [axes] = figure.axes
    others, source, *_ = axes.get_lines()
    assert (others.get_linestyle(), source.get_linestyle()) == ("-", "--")
    assert list(others.get_xdata()) == [50, 100]  # type: ignore[arg-type]
    assert list(others.get_ydata()) == [46.5, 51.5]  # type: ignore[arg-type]
    kept = axes.collections[0].get_offsets()
    assert kept.tolist() == [[50, 41], [50, 42]]  # type: ignore[union-attr]
    many = pd.concat([STATES.assign(intermediate=str(i)) for i in range(7)])
    with pytest.raises(ValueError, match="7 intermediate tasks in one figure"):
        choice_plots.on_the_way(many, "qaa")


def test_alternative_texts_say_the_numbers() -> None:
    text = choice_plots.alt_retrieval(CHOICES)
    assert "centred, mean, without 20.0 at layer 2" in text
    assert "raw, first token, after a task 21.7 at layer 2" in text  # (25 + 20 + 20) / 3
    told = choice_plots.alt_on_the_way(STATES, "qaa")
    assert told == (
        "Lines: score over the training, first to last state; XNLI, qaa: 46.5 to 51.5; "
        "XNLI, others: 46.5 to 51.5."
    )


@pytest.mark.parametrize("figure", [choice_plots.retrieval(CHOICES, 1),
                                    choice_plots.on_the_way(STATES, "qaa")])  # fmt: skip
def test_text_is_readable_on_a_phone(figure: Figure) -> None:
    """At least 9 pixels high where the figure is 390 wide."""
    figure.canvas.draw()
    pixels = 390 / (figure.get_figwidth() * 72)
    ticks = [t for a in figure.axes for t in [*a.get_xticklabels(), *a.get_yticklabels(), a.title]]
    assert min(float(t.get_fontsize()) for t in ticks) * pixels >= 9
