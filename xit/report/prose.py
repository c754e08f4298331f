"""Sentences whose numbers come from results: each claim is made only where the numbers bear it."""

from collections.abc import Collection, Iterable

import pandas as pd

from xit import execute, specs
from xit.report import collapse, published, tables
from xit.report.names import TITLES
from xit.report.section import Section
from xit.report.xstilts import on_scored_data
from xit.study import Study
from xit.tasks import Task


def intermediate(task: Task, best: pd.DataFrame) -> str:
    """What the development scores of an intermediate task say."""
    low, high = best["best"].min(), best["best"].max()
    text = f"{task.title} reaches {best['best'].mean():.1f} on development data"
    text += f" (seeds {low:.1f} to {high:.1f}). " if len(best) > 1 else " (one seed). "
    if high - low > 10:
        text += "The seeds differ by more than ten points: expect as much spread in what follows. "
    fallen = int(best["collapsed"].str.startswith("yes").sum()) if "collapsed" in best else 0
    if fallen:
        text += f"**{fallen} of {len(best)} runs collapsed**: {collapse.MEANING}, here "
        text += f"{best['trivial'].mean():.1f}. Such runs are kept, and what goes on from them is "
        text += "part of every mean that follows. "
    late = int((best["at update"] > 0.9 * best["of"]).sum())
    if late:
        text += f"{late} of {len(best)} runs were best in their last tenth: "
        text += "they might gain from more updates."
    return text


def published_collapses(pairs: Collection[tuple[str, str]] | None = None) -> str:
    """What the paper says of collapsed runs behind its Table 2, of `pairs` (intermediate, target)
    alone if given; "" where it says nothing."""
    title, text = TITLES, ""
    for pair, (fallen, runs) in published.COLLAPSED.items():
        if pairs is None or pair in pairs:
            printed = published.published_change(*pair)
            text += f"The published {printed:+.1f} for {title[pair[0]]} → {title[pair[1]]} is the "
            text += f"median of {runs} runs of which {fallen} collapsed, as a footnote to Table 2 "
            text += "of Phang et al. 2020 says. It prints no single runs, so whether they had "
            text += "collapsed by this book's definition cannot be told. "
    return text


def published_retrieval() -> str:
    """What the paper reports for Tatoeba, from its Table 2."""
    rows = published.table2().query("target == 'tatoeba' and not mlm")
    best = rows.sort_values("value").iloc[-1]
    printed = {name: told for told, name in published.INTERMEDIATE.items()}
    before = published.published_score("none", "tatoeba")
    return (
        f"The paper's Table 2 has {before:.1f} on Tatoeba for XLM-R large before any intermediate "
        f"task, and up to {best['value']:.1f} after ({printed[best['intermediate']]}), "
        "on the same layer with the same pooling. The gap between raw and centred retrieval is one "
        "reason to ask what such a change is made of."
    )


def target(main: pd.DataFrame, study: Study, after: str) -> str:
    """Source, zero-shot and gap in words, with collapsed runs counted."""
    table = tables.baseline(main, study)
    lines = []
    for _, row in table.iterrows():
        if row["source"] == row["source"]:
            lines.append(
                f"- **{row['target']}**: {row['source']:.1f} in the source language, "
                f"{row['zero-shot']:.1f} zero-shot, a gap of {round(row['gap'], 1) + 0:.1f} points "
                f"(chance {row['chance']:.1f})."
            )
        else:
            lines.append(
                f"- **{row['target']}**: {row['zero-shot']:.1f} (chance {row['chance']:.1f})."
            )
    return "\n".join(lines) + "\n\n" + collapsed(collapse.flag(main, study))


def collapsed(main: pd.DataFrame, runs: pd.DataFrame | None = None) -> str:
    """How many runs have collapsed, which, and what that means.

    `main` as `collapse.flag` gives it, `runs` as `collapse.intermediate_runs`.
    """
    title, lines = TITLES, []
    every = main[collapse.trained(main)].drop_duplicates(collapse.RUN)
    if len(every):
        fallen = every[every["collapsed"]]
        pairs = [f"{title[r['intermediate']]} → {title[r['target']]}"
                 for r in fallen.to_dict("records")]  # fmt: skip
        count = f"{len(fallen)} of {len(every)}{_with_seeds(pairs, fallen['seed'])}"
        lines.append(f"Collapsed target runs: {count}.")
    if runs is not None and len(runs):
        fallen = runs[runs["fallen"].map(len) > 0]
        names = [
            title[r["intermediate"]]
            + ("" if r["collapsed"] else f" in {', '.join(title[t] for t in r['fallen'])} alone")
            for r in fallen.to_dict("records")
        ]
        count = f"{int(runs['collapsed'].sum())} of {len(runs)}"
        lines.append(f"Collapsed intermediate runs: {count}{_with_seeds(names, fallen['seed'])}.")
    if not lines:
        return "Nothing was trained for these targets, so nothing can have collapsed."
    lines.append(f"Here {collapse.MEANING}; such runs are kept and are part of every mean.")
    return " ".join(lines)


def _with_seeds(names: Iterable[str], seeds: Iterable[int], most: int = 12) -> str:
    """ " (MNLI → NER: seeds 1, 3; QQP → NER: seed 2)", a name once; "" of nothing."""
    of: dict[str, list[str]] = {}
    for name, seed in zip(names, seeds, strict=True):
        of.setdefault(name, []).append(str(seed))
    told = [f"{n}: seed{'s' * (len(s) > 1)} {', '.join(s)}" for n, s in of.items()]
    rest = f" and {len(told) - most} more" if len(told) > most else ""
    return f" ({'; '.join(told[:most])}{rest})" if told else ""


def results(change: pd.DataFrame) -> str:
    """The main changes in words: largest gain and loss, and how often seeds agree in sign."""
    seeds = change.groupby(["intermediate", "target", "seed"])["change"].mean()
    mean = seeds.groupby(["intermediate", "target"]).mean()
    same = seeds.groupby(["intermediate", "target"]).agg(
        lambda x: bool((x > 0).all() or (x < 0).all())
    )
    title = TITLES
    most, least = mean.index.to_list()[mean.argmax()], mean.index.to_list()[mean.argmin()]
    text = f"The highest mean change is {mean.max():+.1f} points ({title[most[0]]} → "
    text += f"{title[most[1]]}), the lowest {mean.min():+.1f} ({title[least[0]]} → "
    text += f"{title[least[1]]}). "
    text += f"{int((mean > 0).sum())} of {len(mean)} combinations are above zero. "
    count = change["seed"].nunique()
    if count == 1:
        return text + "One seed: no interval, and no way to tell a change from chance."
    text += f"In {int(same.sum())} of {len(same)} all seeds agree on the sign; which are more than "
    return text + "chance, the intervals above say."


def xstilts(choice: pd.DataFrame, firm: pd.DataFrame, study: Study) -> str:
    """What choosing each target's intermediate task on development data gives, what it costs, and
    how firm it is; targets that are chosen on the scored data do not count.

    `choice` and `firm` as from report/xstilts.py.
    """
    seen = choice["target"].map(lambda t: on_scored_data(study, t)).astype(bool)
    fair, text = choice[~seen].assign(title=choice["target"].map(TITLES)), ""
    if len(fair):
        none = fair.loc[fair["intermediate"] == "none", "title"].tolist()
        count, right = len(fair), int((fair["regret"] < 0.05).sum())
        text += f"For {count - len(none)} of {count} targets an intermediate task is best on "
        text += f"development data{', not for ' + ', '.join(none) if none else ''}. What is chosen "
        text += f"changes the zero-shot score by {fair['change'].mean():+.1f} points on average"
        text += f"{_range(fair, 'change', '+.1f')}. In hindsight it was the best choice for "
        text += f"{right} of {count}; the regret is {fair['regret'].mean():.1f} points on average"
        text += f"{_range(fair, 'regret', '.1f')}.\n\n{_firmness(fair, firm)}\n\n"
    for title in choice.loc[seen, "target"].map(TITLES):
        text += f"{title} is not counted: its task is chosen on the scored data themselves, so it "
        text += "has no regret by construction, and its change is optimistic. "
    return text


def _range(table: pd.DataFrame, column: str, digits: str) -> str:
    """ " (-1.0 for POS to 2.0 for NER)" of a column of numbers; "" of a single row."""
    rows = table.sort_values(column).to_dict("records")
    ends = [f"{row[column]:{digits}} for {row['title']}" for row in (rows[0], rows[-1])]
    return f" ({' to '.join(ends)})" if len(rows) > 1 else ""


def _firmness(fair: pd.DataFrame, firm: pd.DataFrame) -> str:
    """How often seeds and resamples repeat the choice."""
    chosen = fair[["target", "intermediate", "title"]].merge(firm, on=["target", "intermediate"])
    same, seeds = int((chosen["alone"] == chosen["seeds"]).sum()), int(chosen["seeds"].min())
    text = "One seed: only the development examples are drawn anew. " if seeds == 1 else ""
    if seeds > 1:
        text = f"For {same} of {len(chosen)} targets every seed alone makes the same choice. "
    drawn = f"examples{' and seeds' if seeds > 1 else ''}"
    text += f"With development {drawn} drawn anew it stays the same in "
    text += f"{chosen['share'].mean():.0f}% of the resamples on average"
    text += f"{_range(chosen, 'share', '.0f')}. "
    loose = chosen.loc[chosen["share"] < 50, "title"].tolist()
    if loose:
        text += f"For {', '.join(loose)} that is less than half: which intermediate task is best "
        text += "there is more than these development data can tell. "
    return text


def changes(section: Section) -> str:
    """Which sections were executed with parameters that differ from the study's."""
    changed = execute.changes(section.study.name)
    if not changed:
        return "None: every section was executed with the study's own parameters."
    told = (
        f"- `{s}`: " + ", ".join(f"`{k}={v}`" for k, v in c.items()) for s, c in changed.items()
    )
    return "\n".join(told)


def goes_on(section: Section, after: str) -> str:
    """Which models the targets after `after` go on from, and what is not the study's in them."""
    text = f"Here the models go on from **{TITLES[after]}**"
    changed = (section.record(f"intermediate/{after}") or {}).get("changed")
    if changed:
        told = ", ".join(f"`{k}={v}`" for k, v in changed.items())
        text += f", whose section was executed with {told} instead of the study's"
    return f"{text}."


def headline(scores: pd.DataFrame, study: Study) -> dict[str, str]:
    """What the front page says of the study and its size, by name, as text."""
    runs = {line["run"] for s in study.sections() for line in _lines(study, s)}
    return {
        "study_title": study.title,
        "study_kind": study.about,
        "num_runs": str(len(runs)),
        "num_languages": str(scores["language"].nunique()),
        "num_seeds": str(scores["seed"].nunique()),
    }


def _lines(study: Study, section: str) -> list[dict]:
    import json

    path = execute.executed(study.name, section).with_suffix(".json")
    return json.loads(path.read_text())["runs"] if path.exists() else []


def store_size() -> int:
    """How many finished runs the store holds."""
    return sum((p / "manifest.json").exists() for p in specs.store().root.glob("*-*"))
