"""What a variant of an intermediate task changes: against no intermediate task, and the plain one.

main = ablations.scores(section, chains)
contrast = ablations.contrast(main)         # a row a variant, target, language, seed
ablations.table(contrast)
"""

from collections.abc import Iterable, Sequence

import pandas as pd

from xit import variants
from xit.errors import XitError
from xit.report import firmness, published, results, tables
from xit.report.names import TITLES
from xit.report.section import Section
from xit.workers import Result

CELL = ["intermediate", "target"]
PARTS = (
    "without",
    "with",
    "difference",
)  # the plain task's change, the variant's, their difference


def scores(section: Section, chains: Iterable[Sequence[Result]]) -> pd.DataFrame:
    """Main-metric scores of the variants in `chains`, of their plain tasks and of "none".

    The latter two as the study's target sections have them; only the section's targets.
    """
    own = tables.chain_scores(chains, section.study)
    plain = set(own["intermediate"].map(_plain))
    study = tables.study_scores(section, {"none", *plain})
    study = study[study["target"].isin(own["target"].unique())]
    return tables.main(pd.concat([study, own], ignore_index=True))


def contrast(main: pd.DataFrame) -> pd.DataFrame:
    """One row a variant, target, language and seed, in points against no intermediate task:
    `without` (the plain task), `with` (the variant), `difference` (with - without).

    XitError where the plain task was not scored with the same target, language and seed.
    """
    change = results.change(main)
    varied = change["intermediate"].map(lambda name: str(variants.parse(name)) != _plain(name))
    pair = ["task", "target", "language", "seed"]
    task = change["intermediate"].map(_plain)
    own = change[varied].assign(task=task[varied]).rename(columns={"change": "with"})
    plain = change[~varied].assign(task=task[~varied]).rename(columns={"change": "without"})
    both = own[[*pair, "intermediate", "with"]].merge(
        plain[[*pair, "without"]], on=pair, how="left", validate="many_to_one"
    )
    alone = both[both["without"].isna()]
    if len(alone):
        row = alone.iloc[0]
        raise XitError(
            f"{row['intermediate']} → {row['target']} has seed {row['seed']} in "
            f"{row['language']}, {row['task']} alone has not"
        )
    both["difference"] = both["with"] - both["without"]
    return both[["intermediate", "task", "target", "language", "seed", *PARTS]]


def _plain(name: str) -> str:
    return variants.parse(name).plain


def by_seed(frame: pd.DataFrame) -> pd.DataFrame:
    """Means of `contrast` over languages: one row a variant, target and seed."""
    return frame.groupby([*CELL, "seed"], sort=False)[list(PARTS)].mean().reset_index()


def by_cell(frame: pd.DataFrame) -> pd.DataFrame:
    """Means of `contrast` over languages, then seeds, with the lowest and highest seed's
    difference (`low`, `high`) and the number of `seeds`: one row a variant and target."""
    seeds = by_seed(frame).groupby(CELL, sort=False)
    spread = seeds["difference"].agg(low="min", high="max", seeds="size")
    return seeds[list(PARTS)].mean().join(spread).reset_index()


def table(frame: pd.DataFrame) -> pd.DataFrame:
    """`by_cell` for readers, the published numbers beside it where the paper has them."""
    rows = []
    for cell in by_cell(frame).to_dict("records"):
        name = variants.parse(cell["intermediate"])
        span = f" ({cell['low']:+.1f} … {cell['high']:+.1f})" if cell["seeds"] > 1 else ""
        told = {
            "task": TITLES[name.task],
            "target": TITLES[cell["target"]],
            "without": f"{cell['without']:+.1f}",
            "with": f"{cell['with']:+.1f}",
            "difference": f"{cell['difference']:+.1f}{span}",
        }
        paper = _published(name.task, cell["target"])
        rows.append(told | {f"paper: {k}": f"{v:+.1f}" for k, v in paper.items()})
    return pd.DataFrame(rows).fillna("–")


def _published(task: str, target: str) -> dict[str, float]:
    """The paper's changes without and with multilingual MLM, and their difference, in points."""
    try:
        told = [published.published_change(task, target, mlm) for mlm in (False, True)]
    except XitError:  # a task or target that the paper does not have
        return {}
    return dict(zip(PARTS, [*told, told[1] - told[0]], strict=True))


def panels(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """`by_cell` as `heatmaps.change_maps` takes it: without, with, and their difference."""
    cells = by_cell(frame)
    task, target = cells["intermediate"].map(_plain), cells["target"]
    return {
        name: pd.DataFrame({"intermediate": task, "target": target, "change": cells[part]})
        for name, part in zip(
            ("The task alone", "With multilingual MLM", "Difference"), PARTS, strict=True
        )
    }


def in_words(frame: pd.DataFrame) -> str:
    """In how many cells the variant is better than the plain task, and whether seeds agree."""
    cells = by_cell(frame)
    up = int((cells["difference"] > 0).sum())
    text = f"With multilingual MLM beside it the task's change is higher in {up} of {len(cells)} "
    text += f"cells (mean difference {cells['difference'].mean():+.1f} points). "
    ordered = cells.sort_values("difference", kind="stable").to_dict("records")
    title = TITLES
    for what, row in (("highest", ordered[-1]), ("lowest", ordered[0])):
        where = f"{title[_plain(row['intermediate'])]} → {title[row['target']]}"
        text += f"The {what} difference is {row['difference']:+.1f} ({where}). "
    if cells["seeds"].min() == 1:
        return text + "One seed: no interval."
    agree = int(((cells["low"] > 0) | (cells["high"] < 0)).sum())
    return text + f"In {agree} of {len(cells)} cells all seeds agree on its sign."


def in_print(frame: pd.DataFrame) -> str:
    """The same cells in the paper's Table 2, as far as it has them."""
    cells = by_cell(frame)
    pairs = zip(cells["intermediate"], cells["target"], strict=True)
    paper = [x["difference"] for i, t in pairs if (x := _published(_plain(i), t))]
    if not paper:
        return "The paper's Table 2 has none of these cells."
    up = sum(x > 0 for x in paper)
    text = f"Published (Table 2, XLM-R large): of the {len(paper)} cells above that it has, {up} "
    text += "have a higher change with multilingual MLM (mean difference "
    text += f"{sum(paper) / len(paper):+.1f} points). Its learning rate with text is half of that "
    return text + "without, so this is the effect of both together."


def refuting(frame: pd.DataFrame) -> str:
    """How firm the mean difference over all cells is, by its seeds."""
    means = by_seed(frame).groupby("seed")["difference"].mean()
    return firmness.mean_over_seeds(means.tolist(), "the mean difference over all cells")
