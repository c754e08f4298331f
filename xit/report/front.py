"""The front page's figures: the answer in three numbers, what is published, rebuilt and invented,
and how long it takes. Each is a small piece of HTML or text, glued by the page of results.
"""

import html
import json
from collections.abc import Iterable, Mapping

import pandas as pd
from IPython.display import HTML

from xit import execute, runs, specs
from xit import study as studies
from xit.paths import project
from xit.report import close_up, heat_table, links, page, published
from xit.report.names import TITLES
from xit.report.section import Section
from xit.study import Study


def pieces(
    section: Section, found: pd.DataFrame, panels: Mapping[str, pd.DataFrame]
) -> dict[str, HTML]:
    """All of them by the name they are glued under; `found` as `effects.flat`, `panels` as the page
    of results draws them."""
    study = section.study
    links_there = links.to_pages(study, "study/")
    heat = heat_table.draw(panels, study.intermediate, study.targets, TITLES,
                           "mean zero-shot change", links=links_there)  # fmt: skip
    records = [section.record(name) for name in study.sections()]
    return {
        "front_answer": HTML(answer(found, study)),
        "front_heat": HTML(heat),
        "front_studies": HTML(page.plain(studies_there(study))),
        "front_rebuild": HTML(f"<p>{html.escape(rebuild(names_of_runs(records)))}</p>"),
    }


def answer(found: pd.DataFrame, study: Study) -> str:
    """Three numbers, this study's and the published one's: the mean change, the best intermediate
    task, and how many changes are more than chance. `found` as `effects.flat`."""
    ours, cells = close_up.called(study), close_up.published_cells()
    of_task = found.groupby("intermediate")["mean"].mean()
    theirs = cells.groupby("row")["change"].mean()
    firm = found[found["adjusted"] < close_up.ALPHA]
    up = int((firm["mean"] > 0).sum())
    gains = f"{int((cells['change'] > 0).sum())} of {len(cells)} are gains; no intervals printed"
    boxes = (
        (
            f"{found['mean'].mean():+.1f}",
            "points: the mean change over all intermediate and target tasks, zero-shot",
            f"{cells['change'].mean():+.1f}",
        ),
        (
            f"{of_task.max():+.1f}",
            f"points after {TITLES[str(of_task.idxmax())]}, the best task on average",
            f"{theirs.max():+.1f} after {TITLES[str(theirs.idxmax())]}",
        ),
        (
            f"{up} : {len(firm) - up}",
            f"firm gains : firm losses, of {len(found)} changes (Holm, these languages)",
            gains,
        ),
    )
    told = "".join(
        f'<div><p class="number">{html.escape(number)}</p><p>{html.escape(what)}</p>'
        f'<p class="whose">{html.escape(ours)}</p>'
        f'<p class="whose">{html.escape(close_up.PUBLISHED)}: {html.escape(other)}</p></div>'
        for number, what, other in boxes
    )
    return f'<div class="answer">{told}</div>'


def studies_there(shown: Study) -> pd.DataFrame:
    """One row a study: what it runs on, and whether it has been run in this checkout."""
    rows = [
        {
            "study": "Phang et al. 2020",
            "run here?": f"no: {len(published.load())} numbers quoted from the paper",
            "on what": "XTREME, natural languages; XLM-R large",
        }
    ]
    rows += [
        {
            "study": f"{one.title} ({one.name})",
            "run here?": _run(one, shown),
            "on what": f"{_data(one)}; {_model(one)}",
        }
        for one in _in_order()
    ]
    return pd.DataFrame(rows)


def _in_order() -> Iterable[Study]:
    """The studies: those on the Hub, those of a directory, those of invented languages."""
    folder = project() / "notebooks" / "studies"
    every = [studies.parse(folder / f"{name}.yaml") for name in studies.names()]
    return sorted(every, key=lambda s: (_data(s) == INVENTED, s.hub is None, -len(s.targets)))


INVENTED = "invented languages"


def _data(study: Study) -> str:
    if study.hub is None:
        return "a directory of real data, which you give"
    return INVENTED if study.hub.startswith("lab") else "the Hugging Face Hub, natural languages"


def _model(study: Study) -> str:
    if study.model == "pretrain":
        return "a small model, trained from nothing"
    return "a tiny model, shipped" if study.model.startswith("xit/") else study.model.split("/")[-1]


def _run(one: Study, shown: Study) -> str:
    if one.name == shown.name:
        return "yes: this site shows it"
    record = execute.executed(one.name, "results").with_suffix(".json")
    return "yes, in this directory" if record.exists() else "no: not run here"


# -- how long it takes --


def seconds(names: Iterable[str]) -> list[float]:
    """How long the runs `names` took when they were made, of those that have it written down."""
    found = []
    for name in names:
        file = specs.store().root / name / runs.MADE
        if file.exists():
            found.append(float(json.loads(file.read_text())["seconds"]))
    return found


def rebuild(names: Iterable[str]) -> str:
    """What making all the runs `names` again would take, from what it took here."""
    names = list(dict.fromkeys(names))
    took = seconds(names)
    if not took:
        return f"The {len(names)} runs behind this site have no times written down."
    known = "" if len(took) == len(names) else f", {len(took)} of which have it written down,"
    whole, half = (_minutes(sum(took) / part) for part in (1, 2))
    return (
        f"The {len(names)} runs behind this site{known} took {whole} of computing "
        f"when they were made: about {half} on two cores, and a minute or two "
        "for the pages. What has been run once is found again, so a second build takes seconds."
    )


def _minutes(seconds: float) -> str:
    count = max(1, round(seconds / 60))
    return "a minute" if count == 1 else f"{count} minutes"


def names_of_runs(records: Iterable[Mapping[str, object] | None]) -> list[str]:
    """The runs of the records of a study's sections, each once."""
    found: dict[str, None] = {}
    for record in records:
        lines = record["runs"] if record else []
        assert isinstance(lines, list)
        found |= dict.fromkeys(str(line["run"]) for line in lines)
    return list(found)
