"""Tables of a study's pages, from finished runs: tidy frames in, frames for readers out."""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import pandas as pd

from xit import specs, tasks
from xit.errors import XitError
from xit.report import collapse, published, results, stacked, typology
from xit.report.chance import chance as chance  # which pages call tables.chance
from xit.report.names import TITLES
from xit.report.section import Section
from xit.study import Study
from xit.workers import Result


def whole(frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` with counts as whole numbers, also in a column where some are NaN ("–")."""
    return pd.DataFrame(
        {
            c: pd.Series(
                [int(v) if isinstance(v, float) and v == v else v for v in frame[c]], dtype=object
            )
            for c in frame
        }
    )


def chain_scores(
    finished: Iterable[Sequence[Result]], study: Study, intermediate: str = ""
) -> pd.DataFrame:
    """The tidy score table of finished chains; `intermediate`: "" if the specs tell it."""
    about = []
    for chain in finished:
        spec, path = chain[-1].spec, chain[-1].path
        after = intermediate or spec["where"]["after"]
        about.append((path, _about(spec["task"], spec["where"]["seed"], study, after)))
    return run_scores(about, study)


def study_scores(section: Section, names: Collection[str] | None = None) -> pd.DataFrame:
    """The tidy score table of all executed target sections of a study, from their records.

    `names`: only those after these intermediate tasks ("none" is one)."""
    about = [
        (specs.store().root / line["run"], _about(line["task"], line["seed"], section.study, after))
        for after, record in section.records("target", names).items()
        for line in record["runs"]
        if line["kind"] == "scores"
    ]
    return run_scores(about, section.study)


def _about(task: str, seed: int, study: Study, after: str) -> dict[str, object]:
    return {"study": study.name, "intermediate": after, "target": task, "seed": seed}


def run_scores(
    about: Sequence[tuple[Path, dict[str, object]]], study: Study, more: Sequence[str] = ()
) -> pd.DataFrame:
    """The runs' scores; of retrieval the layer that the study names, and mean pooling.

    `about`: directories with what is said of each; `more`: names of that beyond COLUMNS.
    """
    frame = stacked.read("scores.parquet", about)
    kept = pd.Series(True, index=frame.index)
    if "layer" in frame:
        last = frame.groupby(["intermediate", "target", "seed"], sort=False)["layer"]
        chosen = last.transform("max").clip(upper=study.retrieval_layer)
        kept &= frame["layer"].isna() | (frame["layer"] == chosen)
    if "pooling" in frame:
        kept &= frame["pooling"].isna() | (frame["pooling"] == "mean")
    return frame.loc[kept, [*results.COLUMNS, *more]].reset_index(drop=True)


def main(scores: pd.DataFrame) -> pd.DataFrame:
    """Only each target's main metric."""
    return results.main(scores, {n: t.metric for n, t in tasks.TARGET.items()})


def baseline(frame: pd.DataFrame, study: Study) -> pd.DataFrame:
    """One row a target: source language, zero-shot mean (range over seeds), gap, chance, seeds and,
    where the frame has it, how many of them have collapsed."""
    rows = []
    for target, part in frame.groupby("target", sort=False):
        source = part[part["language"] == study.source].groupby("seed")["value"].mean()
        others = part[part["language"] != study.source].groupby("seed")["value"].mean()
        every = part[part["language"] != study.source].groupby("language")["value"].mean()
        rows.append(
            {
                "target": TITLES[str(target)],
                "source": float(source.mean()) if len(source) else float("nan"),
                "zero-shot": float(others.mean()),
                "over seeds": f"{others.min():.1f} … {others.max():.1f}",
                "over languages": f"{every.min():.1f} … {every.max():.1f}",
                "gap": float(source.mean() - others.mean()) if len(source) else float("nan"),
                "chance": chance(study, str(target)),
                "split": ", ".join(sorted(set(part["split"]))),
                "seeds": len(others),
            }
            | _count_collapsed(part)
        )
    return pd.DataFrame(rows)


def _count_collapsed(part: pd.DataFrame) -> dict[str, object]:
    """{"collapsed": seeds} of one target's rows, "–" where nothing was trained; {} if not known."""
    if "collapsed" not in part:
        return {}
    fallen = part.loc[part["collapsed"], "seed"].nunique()
    return {"collapsed": int(fallen) if collapse.trained(part).any() else "–"}


def _marked(frame: pd.DataFrame, by: str) -> dict[str, str]:
    """Values of column `by` → titles, with † where collapsed runs are among their rows."""
    fallen = set(frame.loc[frame["collapsed"], by]) if "collapsed" in frame else set()
    mark = {True: f" {results.COLLAPSED}", False: ""}
    return {str(n): TITLES[str(n)] + mark[n in fallen] for n in frame[by].unique()}


def language_order(study: Study) -> list[str]:
    """All languages of the study, source first, then by family and distance."""
    every = dict.fromkeys(c for t in study.targets for c in study.languages_of(t))
    codes = [study.source, *(c for c in every if c != study.source)]
    return typology.order(typology.table(str(study.hub), study.source), study.source, codes)


def every_metric(scores: pd.DataFrame, study: Study) -> pd.DataFrame:
    """One row a target and metric: source language and mean of the others, means over seeds."""
    told = scores.assign(
        where=(scores["language"] == study.source).map({True: "source", False: "zero-shot"})
    )
    out = told.groupby(["target", "metric", "where"], sort=False)["value"].mean().unstack()
    return out.rename(index=TITLES, level="target").reset_index()


TYPOLOGY = {
    "name": "language",
    "family": "family",
    "script": "script",
    "order": "word order",
    "adposition": "adposition",
    "adjective": "adjective",
    "case": "case",
    "cognates": "cognates",
    "loanwords": "loanwords",
    "syntactic": "syntactic distance",
}


def languages(study: Study) -> pd.DataFrame:
    """The study's languages, near to far, with what the typology table tells of them."""
    order = language_order(study)
    known = typology.table(str(study.hub), study.source).reindex(order)
    columns = [c for c in TYPOLOGY if c in known]
    table = known[columns].rename(columns=TYPOLOGY).astype(object)
    return table.rename_axis("code").reset_index()


def wide(frame: pd.DataFrame, order: Sequence[str]) -> pd.DataFrame:
    """Languages × targets: mean over seeds; † at a target with collapsed runs."""
    out = frame.groupby(["language", "target"], sort=False)["value"].mean().unstack()
    out = out.reindex([c for c in order if c in out.index])
    return out.rename(columns=_marked(frame, "target")).reset_index()


def change_by_language(change: pd.DataFrame, order: Sequence[str]) -> pd.DataFrame:
    """Languages × intermediate tasks: mean change over targets and seeds, in points; † at a task
    after which runs have collapsed."""
    out = change.groupby(["language", "intermediate"], sort=False)["change"].mean().unstack()
    out = out.reindex([c for c in order if c in out.index])
    return out.rename(columns=_marked(change, "intermediate")).reset_index()


def beside_published(change: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Rows (intermediate, target): the paper's printed change and the study's, where both exist;
    then, where `change` has it, how many seeds of the study's have collapsed."""
    rows = []
    for mean in results.by_target(change).to_dict("records"):
        intermediate, target = mean["intermediate"], mean["target"]
        try:
            told = published.published_change(intermediate, target)
        except XitError:  # a task that the paper does not have
            continue
        rows.append(
            {
                "intermediate": TITLES[intermediate],
                "target": TITLES[target],
                "paper (XLM-R large, natural languages)": told,
                f"study {study.name} ({study.title})": float(mean["change"]),
            }
            | ({"collapsed seeds": mean["collapsed"]} if "collapsed" in mean else {})
        )
    return pd.DataFrame(rows)


def summary(change: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Intermediate tasks × targets as text: mean change and its range over seeds, in points."""
    means = results.by_target(change)
    frame = results.summary_table(means, rows=study.intermediate, columns=study.targets)
    frame = frame.rename(index=TITLES, columns=TITLES)
    return frame.rename_axis("intermediate").reset_index()
