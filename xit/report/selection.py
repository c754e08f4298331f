"""Which state of a training is kept: three ways to choose, side by side and never mixed.

told = selection.states(section.run(section.chains_along()), study)   # every state, scored
chosen = selection.flag(selection.choose(told), study)                # one state a way of choosing

- `source`: the best on the source language's development data while it trained, which is what
  Phang et al. 2020 (Appendix A) keep and every other page of the book shows;
- `last`: the state at the end of the training;
- `oracle`: for each language the best on its own development data (Keung et al. 2020), which no
  zero-shot user has. Where a language has none but what is scored, it is chosen on that, and its
  score is an upper bound.
"""

import json
from collections.abc import Callable, Iterable, Sequence

import pandas as pd

from xit import tasks
from xit.report import collapse, results, stacked
from xit.report.names import TITLES
from xit.report.results import COLUMNS
from xit.study import Study
from xit.workers import Result

WAYS = {"source": "source dev", "last": "last state", "oracle": "oracle"}
RUN = ["study", "intermediate", "target", "seed"]  # one training
CELL = ["intermediate", "target"]


def states(chains: Iterable[Sequence[Result]], study: Study) -> pd.DataFrame:
    """The main metric of every state in the finished chains of `chains.along`.

    COLUMNS and: `state` (0: the one kept, 1, 2, …: on the way), `share` of the updates after which
    it was taken, `scored` (whether the split is the one that the study scores).
    """
    about = []
    for trained, *scored in chains:
        told = json.loads((trained.path / "summary.json").read_text())
        steps = [told["best_step"], *told["checkpoints"]]
        final = scored[0].spec["split"]  # the state kept, on the scored split, comes first
        for one in scored:
            spec, state = one.spec, one.spec.get("checkpoint") or 0
            told_of = {"study": study.name, "intermediate": spec["where"]["after"]}
            told_of |= {"target": spec["task"], "seed": spec["where"]["seed"], "state": state}
            told_of |= {"share": steps[state] / told["steps"], "scored": spec["split"] == final}
            about.append((one.path, told_of))
    frame = stacked.read("scores.parquet", about)
    main = frame["target"].map({t: task.metric for t, task in tasks.TARGET.items()})
    columns = [*COLUMNS, "state", "share", "scored"]
    return frame.loc[frame["metric"] == main, columns].reset_index(drop=True)


def choose(states: pd.DataFrame) -> pd.DataFrame:
    """The scores of the states chosen: COLUMNS and `way` (of WAYS), `state`, `bound`.

    `bound`: chosen on the very data that is scored, so that the score is an upper bound. Of states
    that are equally good the one kept by source dev, then the earliest.
    """
    key = [*RUN, "language"]
    scored = states[states["scored"]].sort_values("state", kind="stable").reset_index(drop=True)
    seen = states[~states["scored"]].set_index([*key, "state"])["value"].rename("dev")
    scored = scored.join(seen, on=[*key, "state"])
    judged = scored["dev"].fillna(scored["value"])
    best = scored.loc[judged.groupby([scored[k] for k in key], sort=False).idxmax()]
    last = scored.groupby(RUN)["state"].transform("max")
    parts = {
        "source": scored[scored["state"] == 0].assign(bound=False),
        "last": scored[scored["state"] == last].assign(bound=False),
        "oracle": best.assign(bound=best["dev"].isna()),
    }
    chosen = pd.concat([part.assign(way=way) for way, part in parts.items()], ignore_index=True)
    return chosen[[*COLUMNS, "way", "state", "bound"]]


def flag(chosen: pd.DataFrame, study: Study) -> pd.DataFrame:
    """`chosen` with `collapsed`: whether the state chosen has, under each way by itself."""
    parts = [collapse.flag(part, study) for _, part in chosen.groupby("way", sort=False)]
    return pd.concat(parts, ignore_index=True)


def scores(chosen: pd.DataFrame) -> pd.DataFrame:
    """Means of `choose` over languages, then seeds: a row for each CELL and way, as
    `results.by_target` has it (`value`, `low`, `high`, `seeds`)."""
    return _each_way(chosen, lambda part: results.by_target(part, "value"))


def changes(chosen: pd.DataFrame) -> pd.DataFrame:
    """The change against no intermediate task under each way of choosing: a row for each CELL and
    way, as `results.by_target` has it (`change`, `low`, `high`, `seeds`)."""
    return _each_way(chosen, lambda part: results.by_target(results.change(part)))


def losses(chosen: pd.DataFrame) -> pd.DataFrame:
    """What source dev and the last state lose against the oracle, in points: a row for each CELL
    and way, with the lowest and highest seed. Above zero: the oracle's state is better."""
    key = [*CELL, "language", "seed"]
    oracle = chosen[chosen["way"] == "oracle"].set_index(key)["value"].rename("best")
    rest = chosen[chosen["way"] != "oracle"].join(oracle, on=key)
    rest = rest.assign(change=rest["best"] - rest["value"])
    return _each_way(rest, results.by_target)


def _each_way(chosen: pd.DataFrame, means: Callable[[pd.DataFrame], pd.DataFrame]) -> pd.DataFrame:
    parts = [means(part).assign(way=way) for way, part in chosen.groupby("way", sort=False)]
    return pd.concat(parts, ignore_index=True)


# -- for readers --


def _table(means: pd.DataFrame, column: str) -> pd.DataFrame:
    """A row for each CELL, a column for each way: "mean (lowest … highest seed)"."""
    text = means.assign(text=[results.cell(row, column) for _, row in means.iterrows()])
    wide = text.pivot(index=CELL, columns="way", values="text")
    order = text[CELL].drop_duplicates().itertuples(index=False, name=None)
    wide = wide.reindex(index=list(order), columns=[w for w in WAYS if w in wide])
    wide = wide.rename(index=TITLES, columns=WAYS).rename_axis(columns=None)
    return wide.reset_index()


def score_table(chosen: pd.DataFrame) -> pd.DataFrame:
    """`scores` for readers, and on which data the oracle was chosen."""
    bound = chosen[chosen["way"] == "oracle"].groupby(CELL, sort=False)["bound"].mean()
    chosen_on = bound.map(lambda x: DATA[0 if x == 0 else 2 if x == 1 else 1])
    table = _table(scores(chosen), "value")
    return table.assign(**{"oracle chosen on": list(chosen_on)})


DATA = ("dev", "dev; scored data where there is none", "scored data: an upper bound")


def loss_table(chosen: pd.DataFrame) -> pd.DataFrame:
    """`losses` for readers."""
    return _table(losses(chosen), "change")


def change_table(chosen: pd.DataFrame) -> pd.DataFrame:
    """`changes` for readers, and whether all ways of choosing agree on the sign."""
    means = changes(chosen)
    agree = means.groupby(CELL, sort=False)["change"].agg(_one_sign)
    return _table(means, "change").assign(**{"same sign": ["yes" if x else "no" for x in agree]})


def _one_sign(values: pd.Series) -> bool:
    return bool((values > 0).all() or (values < 0).all() or (values == 0).all())


def in_words(chosen: pd.DataFrame) -> str:
    """What source dev loses, and whether the effect of a task hangs on the way of choosing."""
    title, lost = TITLES, losses(chosen)
    text = ""
    for way, name in (("source", "source dev"), ("last", "the last state")):
        part = lost[lost["way"] == way]
        worst = part.sort_values("change", kind="stable").iloc[-1]
        where = f"{title[worst['intermediate']]} → {title[worst['target']]}"
        mean = round(part["change"].mean(), 1)
        told = f"gains {-mean:.1f}" if mean < 0 else f"loses {mean + 0.0:.1f}"
        text += f"Against the oracle, {name} {told} points on average, and "
        text += f"{worst['change']:.1f} where it loses most ({where}). "
    kept = chosen.pivot(index=[*RUN, "language"], columns="way", values="value")
    better, worse = ((kept["source"] - kept["last"]).groupby(RUN).mean() * s > 0 for s in (1, -1))
    text += f"Source dev chooses a better state than the last in {int(better.sum())} of "
    text += f"{len(better)} trainings, a worse one in {int(worse.sum())}. "
    if len(bounds := chosen.loc[chosen["bound"], "target"].unique()):
        listed = ", ".join(title[t] for t in bounds)
        text += (
            f"For {listed} the oracle is chosen, in all languages or some, on the data that are "
        )
        text += "scored: there its score is an upper bound. "
    means = changes(chosen)
    cells = means.assign(width=means["high"] - means["low"]).groupby(CELL, sort=False)
    same = int(cells["change"].agg(_one_sign).sum())
    apart = cells["change"].agg(lambda x: x.max() - x.min())
    text += (
        f"The change that an intermediate task makes has the same sign under all three in {same} "
    )
    text += f"of {len(apart)} cells, and moves by up to {apart.max():.1f} points between them"
    if means["seeds"].min() == 1:
        return text + " (one seed: no interval)."
    more = int((apart > cells["width"].max()).sum())
    text += f"; in {more} of {len(apart)} cells that is more than its range over the seeds. "
    if more:
        return text + "So the way of choosing belongs beside the number."
    if same < len(apart):
        return text + "So where the sign hangs on the way of choosing it hangs on the seed as well."
    text += "So the way of choosing turns no sign, and moves no change by more than other seeds do."
    return text
