"""Does transfer follow the language of the intermediate data? Distances between any two languages.

    nearer = with_distance(told, between(study), "qaa")   # told: source_language.zero_shot
    slopes(nearer, families)

The regression is of the difference between data in language X and in the source, in each language
tested, on how much farther that is from X than from the source, with an intercept for each X. A
slope below 0 says that a language gains more, the nearer X is to it than the source.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from xit.data import hub
from xit.report import source_language, typology
from xit.report.stats import Floats, Grid
from xit.study import Study

URIEL = Path(__file__).parent / "published" / "uriel_syntactic.csv"
OVERALL = "overall"  # mean of all measures; the one that the hypothesis is about
PAIR = ["language", "other"]


def between(study: Study) -> pd.DataFrame:
    """One row an ordered pair of languages: `language`, `other`, then a column each distance, 0
    (alike) to 1, and their mean, OVERALL.

    The lab's own; of natural languages the syntactic distance of URIEL (Littell et al. 2017).
    """
    place = _typology(study)
    if place and (file := place / "distances_between.csv").exists():
        table = pd.read_csv(file)
    else:
        wide = _uriel().drop(columns="family").rename_axis("language")
        table = wide.reset_index().melt("language", var_name="other", value_name="syntactic")
    measures = [c for c in table if c not in PAIR]
    return table.assign(**{OVERALL: table[measures].mean(axis=1)})


def families(study: Study) -> dict[str, str]:
    """Language → family, as the hub has it; of natural languages else as URIEL's table."""
    place = _typology(study)
    table = typology.languages(place.parent) if place else _uriel()
    return {str(k): str(v) for k, v in table["family"].items()}


def _typology(study: Study) -> Path | None:
    """The hub's directory of typology, if it has one."""
    root = hub.root(str(study.hub))
    place = Path(root) / "typology" if root else None
    return place if place and (place / "languages.csv").exists() else None


def _uriel() -> pd.DataFrame:
    return pd.read_csv(URIEL, keep_default_na=False).set_index("language")


def with_distance(told: pd.DataFrame, table: pd.DataFrame, source: str) -> pd.DataFrame:
    """The rows of `told` on translated data without errors, with a column each distance of `table`:
    from the language of the data minus from the source. Languages not in it are left out."""
    clean = told[(told["errors"] == 0) & (told["set"] == source_language.TRANSLATED)]
    far = table.set_index(PAIR)
    from_data = pd.MultiIndex.from_arrays([clean["language"], clean["data"]])
    from_source = pd.MultiIndex.from_arrays([clean["language"], [source] * len(clean)])
    more = far.reindex(from_data).to_numpy() - far.reindex(from_source).to_numpy()
    joined = clean.join(pd.DataFrame(more, columns=far.columns, index=clean.index))
    return joined.dropna(subset=list(far.columns)).reset_index(drop=True)


def slopes(nearer: pd.DataFrame, families: Mapping[str, str]) -> pd.DataFrame:
    """A row each task, target and distance of `with_distance`: the slope (points a unit of
    distance) as source_language.FOUND; `p` adjusted over the distances but OVERALL (Holm)."""
    columns = list(nearer)  # the distances stand after what `told` has
    every = [c for c in columns[columns.index("set") + 1 :] if c != OVERALL]
    every = [m for m in every if not nearer[m].equals(nearer[OVERALL])]  # the only one there is
    rows = []
    for (task, target), part in nearer.groupby(["task", "target"], sort=False):
        for measure in (OVERALL, *every):
            one = slope(part, str(measure), families)
            if one is not None:
                told = {"task": task, "target": target, "distance": measure}
                rows.append(told | source_language.found(one))
    columns = ["task", "target", "distance", *source_language.FOUND, "detectable"]
    frame = pd.DataFrame(rows, columns=columns)
    return source_language.adjusted(frame, ["task", "target"], frame["distance"] != OVERALL)


def slope(part: pd.DataFrame, measure: str, families: Mapping[str, str]) -> Grid | None:
    """The slope of one target's rows as a grid whose mean it is, for the intervals of stats.effect.

    Each seed's row has the mean that is its own slope, and each language's column the whole slope
    plus what its residuals add: so languages vary as in a sandwich estimator clustered by language.
    None where the distance does not vary, or a seed lacks a language.
    """
    x = part[measure].to_numpy(float)
    x = x - part.groupby("data")[measure].transform("mean").to_numpy(float)
    y = part["difference"].to_numpy(float)
    y = y - part.groupby(["data", "seed"])["difference"].transform("mean").to_numpy(float)
    codes, seeds = sorted(set(part["language"])), sorted(set(part["seed"]))
    shape = len(codes), len(seeds)
    full = part.groupby(["data", "language"]).size().eq(len(seeds)).all()
    spread = float((x**2).sum()) / max(1, len(seeds))  # of one seed
    if spread < 1e-12 or not full or shape[0] < 3:
        return None
    weight = x / spread
    whole = float((weight * y).sum()) / len(seeds)
    left: Floats = np.full((len(seeds), len(codes)), whole)
    place = {c: i for i, c in enumerate(codes)}
    turn = {s: i for i, s in enumerate(seeds)}
    at = ([turn[s] for s in part["seed"]], [place[c] for c in part["language"]])
    np.add.at(left, at, len(codes) * weight * (y - whole * x))
    return Grid(left, codes, [families.get(c) or f"only {c}" for c in codes])
