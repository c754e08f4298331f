"""The paper's numbers beside a study's: the frames and sentences of the page of published numbers.

Scores are 0-100, changes points. Seeds are combined as the paper does it: the mean over all
languages of a run, the source language included, then the median over seeds.
"""

import pandas as pd

from xit import tasks
from xit.errors import unknown
from xit.report import consistency, effects, published, results, stats, typology
from xit.report.published import MLM, QA, ROUNDING
from xit.settings import COMBINE
from xit.study import Study

LARGE = "xlm-roberta-large"
PRINTED = {name: told for told, name in published.TARGET.items()}  # target → as the paper has it
OTHER = {  # how the file calls them, and for readers
    "Table 2 bottom": "XTREME benchmark (the bottom of Table 2), test",
    "Table 3": "Table 3: translated intermediate data, dev",
    "Appendix C": "Appendix C: the intermediate tasks themselves, validation",
}


def _titles(target: str) -> str:
    return PRINTED.get(target, target)


# -- the paper alone --


def as_printed() -> pd.DataFrame:
    """Table 2: the baseline's scores, then the changes, as text with their signs."""
    table = published.table2().query("metric != 'qa'")
    signed = table["intermediate"] != "none"
    table["text"] = _text(table["change"].where(signed, table["value"]), signed)
    averages = published.averages().set_index(["intermediate", "mlm"], drop=False)
    wide = _wide(table, "text")
    wide["Avg"] = _text(averages["printed"], averages["intermediate"] != "none")
    return _with_names(wide)


def _text(values: pd.Series, signed: pd.Series) -> pd.Series:
    """To one decimal, with a sign where `signed`."""
    return values.map("{:+.1f}".format).where(signed, values.map("{:.1f}".format))


def absolute() -> pd.DataFrame:
    """Table 2 as scores: baseline plus change, and their mean with QA as the mean of F1 and EM."""
    table = published.table2()
    main = table[(table["metric"] == "qa") | ~table["target"].isin(QA)]
    wide = _wide(table.query("metric != 'qa'"), "value")
    wide["mean of cells"] = main.groupby(["intermediate", "mlm"])["value"].mean()
    return _with_names(wide)


def _wide(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """Rows of the paper × its columns, both in its order; index (intermediate, mlm)."""
    name = table["target"].map(_titles)
    both = name + " " + table["metric"].str.upper()
    table = table.assign(column=name.where(~table["target"].isin(QA), both))
    key = ["intermediate", "mlm"]
    wide = table.pivot(index=key, columns="column", values=column).rename_axis(columns=None)
    return wide.reindex(_order(table))[list(dict.fromkeys(table["column"]))]


def _order(table: pd.DataFrame) -> list[tuple[str, bool]]:
    """(intermediate, mlm) in the order of first appearance."""
    return list(dict.fromkeys(zip(table["intermediate"], table["mlm"], strict=True)))


def _with_names(wide: pd.DataFrame) -> pd.DataFrame:
    """The index (intermediate, mlm) as a first column, in the paper's words."""
    names = [published.printed_name(i, m) for i, m in wide.index.to_list()]
    wide.insert(0, "intermediate", names)
    return wide.reset_index(drop=True)


def heat(mlm: str = " + MLM") -> pd.DataFrame:
    """Table 2's changes in the main metric, as `heatmaps.change_maps` takes them."""
    table = published.table2()
    main = table[((table["metric"] == "qa") | ~table["target"].isin(QA))]
    main = main[main["intermediate"] != "none"]
    main = main.sort_values("target", key=lambda t: t.map(list(PRINTED).index), kind="stable")
    rows = [
        published.printed_name(i).removesuffix(MLM) + mlm * m
        for i, m in zip(main["intermediate"], main["mlm"], strict=True)
    ]
    return main.assign(intermediate=rows, target=main["target"].map(_titles))


def appendix(target: str) -> pd.DataFrame:
    """Appendix B of one target: intermediate, metric, a column per language, avg as printed."""
    table = published.per_language(target)
    table["metric"] = table["metric"].str.upper().replace("ACC", "accuracy")
    codes = [c for c in tasks.LANGUAGES if c in set(table["language"])]
    parts = []
    for metric in table["metric"].unique():
        part = table[table["metric"] == metric]
        wide = part.pivot(index=["intermediate", "mlm"], columns="language", values="value")
        wide = wide.rename_axis(columns=None).reindex(_order(part))[[*codes, "avg"]]
        parts.append(_with_names(wide).assign(metric=metric))
    both = pd.concat(parts).sort_index(kind="stable")  # a row's F1 and EM one under the other
    return both[["intermediate", "metric", *codes, "avg"]].reset_index(drop=True)


def appendices() -> dict[str, pd.DataFrame]:
    """`appendix` of every target, under names such as "XNLI (15 languages)"."""
    found = {target: appendix(target) for target in published.TARGET.values()}
    return {f"{PRINTED[t]} ({len(x.columns) - 3} languages)": x for t, x in found.items()}


def other_tables() -> dict[str, pd.DataFrame]:
    """What else the paper prints: the benchmark rows of Table 2, Table 3, Appendix C."""
    rows = published.load()
    rows["target"] += " " + rows["metric"].str.removeprefix("delta ").str.replace("acc", "")
    rows["target"] = rows["target"].str.replace(r" mean .*| \(its.*", "", regex=True).str.strip()
    for long, short in (("(intermediate data language: ", "(data: "), (MLM, " + MLM")):
        rows["intermediate"] = rows["intermediate"].str.replace(long, short, regex=False)
    tables = {name: rows[rows["table"].str.startswith(name)] for name in OTHER}
    last = tables["Appendix C"]
    tables["Appendix C"] = last.assign(intermediate="its own validation set")
    return {told: _spread(tables[name]) for name, told in OTHER.items()}


def _spread(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per language and intermediate, a column per target; changes with a sign."""
    text = _text(rows["value"], rows["metric"].str.startswith("delta"))
    rows = rows.assign(text=text).rename(columns={"language_or_avg": "language"})
    key = ["language", "intermediate"]
    wide = rows.pivot(index=key, columns="target", values="text").rename_axis(columns=None)
    order = list(dict.fromkeys(zip(*(rows[k] for k in key), strict=True)))
    wide = wide.reindex(order)[list(dict.fromkeys(rows["target"]))].fillna("–").reset_index()
    return wide.drop(columns="language") if set(wide["language"]) == {"avg"} else wide


# -- the paper and a study --


def combined(main: pd.DataFrame, how: str) -> pd.DataFrame:
    """One row per intermediate and target task: score (0-100), seeds; mean over languages, then
    `how` over seeds, "median" or "mean"; where `main` has it, how many seeds have collapsed."""
    if how not in COMBINE:
        raise unknown("way to combine seeds", how, COMBINE)
    runs = results.by_seed(main, "value").groupby(["intermediate", "target"], sort=False)
    told = {"score": runs["value"].agg(how), "seeds": runs.size()}
    told |= {"collapsed": runs["collapsed"].sum()} if "collapsed" in main else {}
    return pd.DataFrame(told).reset_index()


def beside(main: pd.DataFrame, how: str = "median") -> pd.DataFrame:
    """One row per (intermediate, target) that paper and study both have: for score and change the
    paper's, the study's, and the study's less the paper's. The baseline has no change. `collapsed`,
    where `main` has it: the runs of the pair, those without intermediate training included."""
    ours = combined(main, how)
    known = ours["intermediate"].isin(list(published.INTERMEDIATE.values()))
    ours = ours[known & ours["target"].isin(list(PRINTED))].reset_index(drop=True)
    none = ours["intermediate"] == "none"
    base = ours["target"].map(ours[none].set_index("target")["score"])
    pairs = list(zip(ours["intermediate"], ours["target"], strict=True))
    table = ours[["intermediate", "target"]].assign(
        paper=[published.published_score(*pair) for pair in pairs],
        study=ours["score"],
        paper_change=[published.published_change(*pair) for pair in pairs],
        study_change=ours["score"] - base,
    )
    table.loc[none, ["paper_change", "study_change"]] = float("nan")
    if "collapsed" in ours:
        before = ours["target"].map(ours[none].set_index("target")["collapsed"])
        table["collapsed"] = ours["collapsed"] + before.where(~none, 0)
    return table.assign(
        difference=table["study"] - table["paper"],
        difference_change=table["study_change"] - table["paper_change"],
    )


def beside_table(table: pd.DataFrame, study: Study) -> pd.DataFrame:
    """`beside` for readers."""
    ours = f"study {study.name}"
    shown = table.assign(
        intermediate=table["intermediate"].map(published.printed_name),
        target=table["target"].map(_titles),
    )
    for column in ("paper_change", "study_change", "difference_change"):
        shown[column] = [f"{v:+.1f}" if v == v else "–" for v in table[column]]
    shown["difference"] = shown["difference"].map("{:+.1f}".format)
    names = ["paper: change", f"{ours}: change", "difference of changes"]
    names += ["paper: score", f"{ours}: score", "difference of scores"]
    columns = ["paper_change", "study_change", "difference_change", "paper", "study", "difference"]
    if "collapsed" in shown:
        columns, names = [*columns, "collapsed"], [*names, f"{ours}: collapsed runs"]
    return shown[["intermediate", "target", *columns]].rename(
        columns=dict(zip(columns, names, strict=True))
    )


def verdicts(main: pd.DataFrame, study: Study) -> pd.DataFrame:
    """What `stats.RULE` says of each pair of `beside`: the paper's change, the prediction interval
    for one new run of the study (both in points, means over all languages) and the verdict.
    """
    comparable = not not_comparable(study)
    change = results.by_seed(results.change(main))
    rows = []
    for (intermediate, target), part in change.groupby(["intermediate", "target"], sort=False):
        if intermediate in published.INTERMEDIATE.values() and target in PRINTED:
            paper = published.published_change(str(intermediate), str(target))
            runs = list(part.sort_values("seed")["change"])
            interval = stats.prediction(runs)
            rows.append(
                {
                    "intermediate": published.printed_name(str(intermediate)),
                    "target": _titles(str(target)),
                    "paper: change": f"{paper:+.1f}",
                    "one new run here": effects.ends(interval),
                    "verdict": stats.verdict(runs, paper, comparable),
                }
            )
    return pd.DataFrame(rows)


def verdicts_in_words(table: pd.DataFrame, study: Study) -> str:
    """How often each verdict is given, and why none is where the study is not comparable."""
    if table.empty:
        return ""
    counts = table["verdict"].value_counts(sort=False)
    text = f"Study `{study.name}`: " + ", ".join(f"{n} *{name}*" for name, n in counts.items())
    if reasons := not_comparable(study):
        text += f", as {'; '.join(reasons)}"
    return f"{text}."


def own_heat(table: pd.DataFrame) -> pd.DataFrame:
    """The study's changes among `beside`, as `heatmaps.change_maps` takes them."""
    told = table[table["intermediate"] != "none"]
    return told.assign(
        intermediate=told["intermediate"].map(published.printed_name),
        target=told["target"].map(_titles),
        change=told["study_change"],
    )


# -- by language, as the paper prints it --


def printed_cells() -> dict[tuple[str, str], stats.Grid]:
    """Appendix B's changes by language as grids of one seed, without English and multilingual MLM;
    QA is the mean of F1 and EM. What `effects` makes of them has no intervals."""
    change = published.changes_by_language().assign(seed=0)
    change = change[change["language"] != "en"]
    family = typology.family_of(typology.shipped("en"))
    return effects.grids(change.dropna(subset=["change"]), family)


# -- in words --


def not_comparable(study: Study) -> list[str]:
    """Why a difference between paper and study is more than chance: what else differs."""
    shared = [t for t in study.targets if t in PRINTED]
    other = [t for t in shared if set(study.languages_of(t)) != _languages(t)]
    told = []
    if study.hub == "lab":
        told.append("its languages and data are invented")
    elif other:
        told.append(f"its languages are not the paper's in {', '.join(map(_titles, other))}")
    if not study.model.lower().endswith(LARGE):
        own = "a small one trained from nothing" if study.model == "pretrain" else study.model
        told.append(f"its model is not XLM-R large ({own})")
    if study.split == "test" and any(tasks.target(t).test for t in shared):
        told.append("it scores test sets where there are any, the paper's Table 2 dev sets")
    if study.num_seeds != 3:
        told.append(f"it has {study.num_seeds} seeds, not three")
    return told


def _languages(target: str) -> set[str]:
    table = published.per_language(target)
    return set(table["language"]) - {"avg"}


def whose(study: Study, how: str = "median") -> str:
    """Which study "ours" is, how its numbers are made, and what a difference can say."""
    text = f"*Ours* is the study **{study.title}** (`{study.name}`): {study.about}. "
    text += "Both columns are the mean over all languages of a task, the source language included, "
    text += f"then the {how} over seeds; question answering is the mean of F1 and EM."
    if how != "median":
        text += " The paper takes the median."
    reasons = not_comparable(study)
    if not reasons:
        return text + (
            " Model, languages and sets are the paper's: read a difference beside the spread of "
            "the seeds."
        )
    text += f"\n\nThis study differs from the paper in more than chance: {'; '.join(reasons)}. "
    return text + (
        "**So the differences are no test of whether the paper replicates**: they set two patterns "
        "side by side, of which only signs and order can be compared, and those with care."
    )


def reading(table: pd.DataFrame, study: Study) -> str:
    """How often the two changes agree in sign, and what has no counterpart."""
    both = table[table["intermediate"] != "none"]
    if both.empty:
        return "Paper and study have no intermediate task and target in common."
    agree = int(((both["paper_change"] > 0) == (both["study_change"] > 0)).sum())
    far = both.iloc[int(both["difference_change"].abs().argmax())]
    up = [float((both[c] > 0).mean()) for c in ("paper_change", "study_change")]
    chance = (up[0] * up[1] + (1 - up[0]) * (1 - up[1])) * len(both)
    text = f"{len(both)} combinations are in both; in {agree} the two changes have the same sign. "
    text += "Two patterns with as many gains each, but nothing to do with one another, would agree "
    text += f"in {chance:.0f}. "
    text += f"They are furthest apart for {published.printed_name(far['intermediate'])} → "
    text += f"{_titles(far['target'])}: {far['paper_change']:+.1f} in the paper, "
    text += f"{far['study_change']:+.1f} in study `{study.name}`."
    alone = [tasks.TARGET[t].title for t in study.targets if t not in PRINTED]
    alone += [
        tasks.INTERMEDIATE[t].title
        for t in study.intermediate
        if t not in published.INTERMEDIATE.values()
    ]
    return text + (f" Not in the paper: {', '.join(alone)}." if alone else "")


def averages_in_words() -> str:
    """How many printed averages follow from their cells, and which do not."""
    table = consistency.every_average()
    wrong = table[~table["follows"]]
    text = f"Of {len(table)} printed averages {int(table['follows'].sum())} follow from their cells"
    text += f" within {ROUNDING:.1f}, what rounding to one decimal can do (the largest of these "
    text += f"differences is {table[table['follows']]['difference'].abs().max():.2f}). "
    for row in wrong.to_dict("records"):
        text += f"**One does not**: {row['table']} prints {row['printed']:.1f} for *{row['row']}*, "
        text += f"its {row['cells']} cells give {row['recomputed']:.2f}, a difference of "
        text += f"{row['difference']:+.2f} points. The averages of the changes below it do follow "
        text += "from their cells; a score made by adding one of them to the printed average is "
        text += "off by as much. "
    return text


def appendix_in_words() -> str:
    """How Appendix B relates to Table 2."""
    table = consistency.against_table2()
    count = {k: int(table[k].sum()) for k in ("averages", "higher", "same", "lower")}
    both = consistency.appendix_averages()
    none = both[both["intermediate"] == "none"]
    equal = int(((none["printed"] - none["table2"]).abs() < 1e-9).sum())
    most = table.iloc[int(table["largest difference"].abs().argmax())]
    return (
        f"Of the {count['averages']} averages over languages that both tables have, "
        f"**{count['higher']} are higher in Appendix B** than in Table 2 by more than "
        f"{ROUNDING:.1f}, {count['same']} are the same and {count['lower']} lower. "
        f"The largest difference is {most['largest difference']:+.1f} points "
        f"({PRINTED[str(most['target'])]} after {most['after']}). Two medians of the same runs "
        "would be the same number: the appendix looks like the **best of the three runs**, which "
        "the paper does not say. "
        f"The baseline alone is the same in {equal} of {len(none)} averages, so a change computed "
        "within the appendix sets a best run against a median and flatters the intermediate task. "
        "The two tables are never mixed here."
    )
