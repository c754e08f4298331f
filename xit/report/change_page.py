"""What a page says of its changed parameters: xit/report/change.py as tables, figure and words.

change_page.show(section)      # nothing where nothing is changed
"""

import html
from collections.abc import Sequence

import pandas as pd
from IPython.display import HTML, display
from matplotlib.figure import Figure

from xit.changes import ANCHOR, Differing
from xit.report import canvas, change, effect_plots, effects, page, tables
from xit.report.canvas import BLUE, GREY, SMALL
from xit.report.change import Compared
from xit.report.names import TITLES, label
from xit.report.results import COLLAPSED
from xit.report.section import Section

MEANING = (
    "Unchanged and changed scores (0–100), means over the languages but the source; differences in "
    "points with 95% intervals, for these languages and for new ones."
)
LEARNT = (
    "Best score on the task's own development data (0–100), unchanged and changed, mean over the "
    "seeds; the difference in points with its 95% interval."
)
FIGURE = (
    "Changed − unchanged in points: dots are means, thick lines 95% intervals for these languages, "
    "thin ones for new languages; filled where the former leaves out zero. A dot without a line "
    "has no interval, as from one seed."
)


def show(section: Section) -> None:
    """What the changed parameters of `section`, and of what it goes on from, have changed: shown
    at the end of its page. Nothing where none is, and where the page has no scores of its own."""
    told = change.of_page(section)
    if told is None:
        return
    head = f'<h2 id="{ANCHOR}">What did my change do?</h2>'
    display(HTML(head + "".join(f"<p>{html.escape(x)}</p>" for x in in_words(told))))
    page.table(
        parameters(told.parameters), "What is changed: the study's value, and the value now."
    )
    if len(told.found):
        _scores(section, told)
    if section.phase == "intermediate":
        _, _, task = section.name.partition("/")
        link = f'<a href="../target/{task}.html">the targets after it</a>'
        display(HTML(f"<p>What this did to {link} stands on their page.</p>"))


def _scores(section: Section, told: Compared) -> None:
    """Table, figure, languages and runs of the scores that moved."""
    learnt = section.phase == "intermediate"  # one number, in the source language
    page.table(table(told.found), LEARNT if learnt else MEANING)
    if not learnt:
        page.figure(dots(told.found), alt_dots(told.found))
        display(HTML(f"<p><em>{FIGURE}</em></p>"))
        order = tables.language_order(section.study)
        page.folded(by_language(told.languages, order), "{}: every language, means over the seeds.")
    display(HTML(page.details(f"{len(told.shared)} pairs of runs compared", pairs_of_runs(told))))


# -- tables --


def parameters(told: dict[str, Differing]) -> pd.DataFrame:
    """One row a changed parameter: section, parameter, the study's value, the value now."""
    rows = [
        (section, name, change.shown(section, was), change.shown(section, now))
        for section, changed in told.items()
        for name, (now, was) in changed.items()
    ]
    return pd.DataFrame(rows, columns=["section", "parameter", "study", "now"])


def table(found: pd.DataFrame) -> pd.DataFrame:
    """The cells of `change.cells` for readers, those that moved furthest first."""
    rows = [
        (
            {"intermediate": label(row["intermediate"]), "target": TITLES[row["target"]]}
            | {"unchanged": row["was"], "changed": row["now"]}
            | {"difference": f"{row['mean']:+.1f}" + f" {COLLAPSED}" * bool(row["collapsed"])}
            | {"95%, these languages": effects.ends(row["these"])}
            | {"95%, new languages": effects.ends(row["new"])}
            | {"languages": row["languages"], "seeds": row["seeds"]}
        )
        for row in _furthest(found).to_dict("records")
    ]
    frame = pd.DataFrame(rows)
    if not any(one.there for one in found["new"]):
        frame = frame.drop(columns="95%, new languages")
    return frame.drop(columns="intermediate") if _alone(found) else frame


def by_language(told: pd.DataFrame, order: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Target's title → its languages, in `order`, with both scores and the difference."""
    place = {code: i for i, code in enumerate(order)}
    alone, shown = _alone(told), dict[str, pd.DataFrame]()
    for target, part in told.groupby("target", sort=False):
        part = part.sort_values("language", key=lambda c: c.map(place), kind="stable")
        frame = pd.DataFrame({"language": part["language"]})
        if not alone:
            frame["intermediate"] = part["intermediate"].map(label)
        frame["unchanged"], frame["changed"] = part["was"], part["now"]
        frame["difference"] = part["mean"].map("{:+.1f}".format)
        frame["95% interval"] = part["these"].map(effects.ends)
        shown[TITLES[str(target)]] = frame.assign(seeds=part["seeds"])
    return shown


def pairs_of_runs(told: Compared) -> list[str]:
    """A line for each pair: the changed run, and the unchanged one."""
    lines = {key: (told.here[key].name, told.study[key].name) for key in told.shared}
    return [f"{a} − {b}" if a != b else f"{a}, in both" for a, b in lines.values()]


def _furthest(found: pd.DataFrame) -> pd.DataFrame:
    return found.sort_values("mean", key=lambda m: -m.abs(), kind="stable")


def _alone(found: pd.DataFrame) -> bool:
    return found["intermediate"].nunique() == 1


# -- figure --


def dots(found: pd.DataFrame, axis: str = "Changed − unchanged (points)") -> Figure:
    """The mean difference (points) of each cell with both its intervals: a row a target, or, where
    there are several intermediate tasks, a panel a target."""
    canvas.need(found, "intermediate", "target", "mean", "these", "new", "firm")
    if not _alone(found):
        return effect_plots.intervals(found, list(dict.fromkeys(found["intermediate"])))
    figure, [axes] = canvas.empty(1.0 + 0.3 * len(found))
    axes.axvline(0, color=GREY, linewidth=1)
    for at, row in enumerate(found.to_dict("records")):
        for interval, width in ((row["new"], 0.9), (row["these"], 2.6)):
            if interval.there:
                ends = [interval.low, interval.high]
                axes.plot(ends, [at, at], color=BLUE, linewidth=width, alpha=0.8)
        face = BLUE if row["firm"] else "white"
        axes.plot(row["mean"], at, "o", ms=6, color=BLUE, markerfacecolor=face)
    axes.set_yticks(range(len(found)), [TITLES[t] for t in found["target"]])
    axes.set_ylim(len(found) - 0.5, -0.5)
    axes.set_xlabel(axis, size=SMALL)
    axes.grid(axis="x", color="#EEEEEE", linewidth=0.6)
    return figure


def alt_dots(found: pd.DataFrame) -> str:
    """What `dots` shows: each cell's difference, or, of many, how many moved."""
    if len(found) > 12:
        up = int((found["firm"] & (found["mean"] > 0)).sum())
        down = int(found["firm"].sum()) - up
        return f"Dots with intervals: of {len(found)} differences {up} are firmly up, {down} down."
    told = [f"{_name(r, found)} {r['mean']:+.1f}" for r in _furthest(found).to_dict("records")]
    return f"Dots with intervals, differences in points: {', '.join(told)}."


def _name(row: dict, found: pd.DataFrame) -> str:
    title = TITLES[row["target"]]
    return title if _alone(found) else f"{label(row['intermediate'])} → {title}"


# -- words --


def in_words(told: Compared) -> list[str]:
    """What moved, over which seeds, and what could not be compared: a text each."""
    if not told.here:
        return ["No run behind the scores of this page is touched by the change."]
    lines = [_moved(told)] if len(told.found) else []
    lines += [_seeds(told), _same(told), _missing(told)]
    if told.section == "results" and any(key[0] == "none" for key in told.here):
        lines.append(
            "The baseline is changed as well: every change on this page is against its new scores."
        )
    if told.section == "length_noise":
        lines.append("Compared are the scores without noise.")
    return [line for line in lines if line]


def _moved(told: Compared) -> str:
    found = _furthest(told.found)
    if (found["seeds"] < 2).all():
        furthest = found.iloc[0]
        return (
            f"Furthest moved {_name(furthest.to_dict(), found)}, by {furthest['mean']:+.1f} points;"
            " both have a single seed in common: no interval, so any of this may be chance."
        )
    firm = found[found["firm"]]
    if not len(firm):
        return (
            f"Of {_count(len(found), 'score')} none has moved further than its interval for "
            f"these languages allows for chance; furthest {_name(found.iloc[0].to_dict(), found)}, "
            f"by {found.iloc[0]['mean']:+.1f} points."
        )
    named = [f"{_name(r, found)} {r['mean']:+.1f}" for r in firm.head(6).to_dict("records")]
    more = f" and {len(firm) - 6} more" * (len(firm) > 6)
    return (
        f"Of {_count(len(found), 'score')} {len(firm)} moved, by intervals for these languages "
        f"that leave out zero: {', '.join(named)}{more} (points)."
    )


def _count(number: int, what: str) -> str:
    """ "1 score", "2 scores"."""
    return f"{number} {what}{'s' * (number != 1)}"


def _seeds(told: Compared) -> str:
    here, study = ({k[2] for k in side} for side in (told.here, told.study))
    both = sorted({k[2] for k in told.shared})
    if not both:
        if not here or not study:
            return ""
        return (
            f"No seed is on both sides (here {_list(here)}; unchanged {_list(study)}), so scores "
            "cannot be paired and nothing is compared. Keep one of the study's seeds to see it."
        )
    text = f"Compared over seed{'s' * (len(both) > 1)} {_list(both)}, which both have."
    if alone := sorted(here - study):
        text += f" Only here: {_list(alone)}."
    if lost := sorted(study - here):
        text += f" Only in the unchanged study: {_list(lost)}."
    return text


def _list(numbers: Sequence[int] | set[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))


def _same(told: Compared) -> str:
    if not told.same:
        return ""
    if len(told.same) == len(told.shared):
        return (
            "Every run that both have is one and the same: the change reaches no score on this page"
            " that the unchanged study has."
        )
    cells = {key[:2] for key in told.same} - {
        key[:2] for key in told.shared if key not in told.same
    }
    names = ", ".join(dict.fromkeys(TITLES[target] for _, target in sorted(cells)))
    return f"Not touched by the change, as the runs are the same: {names}." if names else ""


def _missing(told: Compared) -> str:
    if not told.missing:
        return ""
    few = ", ".join(told.missing[:3]) + " …" * (len(told.missing) > 3)
    return (
        f"{_count(len(told.missing), 'run')} of the unchanged study cannot be compared with: not "
        f"in the run store ({few}). Nothing is trained for a comparison; drop the change "
        "(PARAMS= without a value) once and they are made."
    )
