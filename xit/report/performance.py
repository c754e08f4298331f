"""The book's page of performance, from the rows that `make bench` leaves in tests/bench/results."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from xit.report import page as html
from xit.report.downloads import FOLDER

ROWS = f"{FOLDER}/performance.csv"  # of the site
PADDED, GROUPED, OURS = WAYS = ("Trainer, padded", "Trainer, grouped", "xit")
EXPECTED = {PADDED: 3.0, GROUPED: 1.3}  # times as fast, said before anything was measured
CASE = ["model", "data", "source", "work"]
SOURCE = {"lab": "lab", "hub": "natural"}
HEAD = """# How fast it is

What `make bench` has measured: how fast xit trains and predicts beside the `Trainer` of the Hugging
Face library, used as its example scripts use it. No number here is one of the study's.

*{padded}*
: Each input is padded to the window, as the example scripts and XTREME's do.

*{grouped}*
: Each batch is padded to its longest input, and inputs of like length share a batch.

*{ours}*
: xit's own loop: like lengths share a batch; of sentences the last layer reads the first token
  only; of masked language modelling the output layer sees the masked tokens only.

All three are in one process and share one encoder, the examples, the batch size and the optimiser
(AdamW, fused, with clipping, warm-up and decay), and take turns. Timed is the second of two epochs,
or of two calls. The lab's model is the study's; of the other two only the shape is XLM-R's, with
random weights, which are as fast as trained ones.

"""
NO_GPU = """**No GPU has been measured.** There are no rows of one, so nothing on this page says how
fast a study with XLM-R large would be. `make bench` on a machine with a GPU adds them: in bfloat16,
with the share reached of what a matrix product reaches in the same run.

"""


def read(results: Path) -> pd.DataFrame:
    """The rows of every device in the directory `results`; none where there is nothing."""
    files = sorted(results.glob("*.csv")) if results.is_dir() else []
    return (
        pd.concat([pd.read_csv(f) for f in files], ignore_index=True) if files else pd.DataFrame()
    )


def faster(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a model, data and work: how many times as fast xit is as each other way."""
    rates = rows.pivot_table("examples_per_s", CASE, "way", sort=False)
    return pd.DataFrame({way: rates[OURS] / rates[way] for way in EXPECTED}).reset_index()


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """`rows` for readers: medians with ranges, what was not measured as "–"."""
    ours = rows[rows["way"] == OURS].set_index(CASE)["examples_per_s"]
    told = []
    for r in rows.to_dict("records"):
        low, high = _rate(r["lowest"]), _rate(r["highest"])
        spread = f" ({low}–{high})" if r["repeats"] > 1 else ""
        times = ours[tuple(r[c] for c in CASE)] / r["examples_per_s"]
        told.append(
            {
                "model": r["model"],
                "data": f"{r['data']} ({SOURCE[r['source']]})",
                "way": r["way"],
                "examples/s": _rate(r["examples_per_s"]) + spread,
                "xit is faster": "" if r["way"] == OURS else f"{times:.2f}×",
                "tokens/s": f"{r['tokens_per_s']:,.0f}",
                "padding, %": f"{r['padding']:.0f}",
                "memory, MiB": _number(r["memory_mib"]),
                "utilisation, %": _number(r["utilisation"]),
            }
        )
    return pd.DataFrame(told)


def _rate(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _number(value: float | None) -> str:
    return "–" if value is None or pd.isna(value) else f"{value:,.0f}"


def lines(rows: pd.DataFrame) -> str:
    """`rows` for the terminal."""
    return table(rows).to_string(index=False)


def page(results: Path) -> str:
    """The page in Markdown: for every device a table of training and one of inference."""
    rows = read(results)
    text = HEAD.format(padded=PADDED, grouped=GROUPED, ours=OURS)
    if rows.empty:
        return text + "Nothing has been measured yet: there are no rows in `tests/bench/results`.\n"
    if not (rows["kind"] == "cuda").any():
        text += NO_GPU
    text += "".join(x for device in rows["device"].unique() for x in _device(rows, device))
    return text + f'<p>All rows, unrounded: <a href="{ROWS}" download>CSV</a></p>\n'


def _device(rows: pd.DataFrame, device: str) -> Iterator[str]:
    """The part of the page on one device."""
    mine = rows[rows["device"] == device]
    yield f"## {device}\n\n{words(mine)}\n\n"
    for work in ("training", "inference"):
        if not (some := mine[mine["work"] == work]).empty:
            name = f"tab-performance-{work}-{_slug(device)}"
            yield html.plain(table(some), _caption(some, work), name) + "\n\n"
    yield "### How these rows were made\n\n"
    for made, part in mine.groupby("command", sort=False):
        one = part.iloc[0]
        load = f"{part['load'].min():g} to {part['load'].max():g}"
        yield f"- `{made}` on {one['date']}, at commit `{one['commit']}`, {one['threads']} threads"
        yield f", {one['precision']}; load of the machine as each comparison began: {load}; "
        yield f"{one['versions']}\n"
    yield "\n"


def words(rows: pd.DataFrame) -> str:
    """Of one device: how many times as fast xit is, beside what was expected."""
    told = []
    for work in rows["work"].unique():
        times = faster(rows[rows["work"] == work])
        for way, least in EXPECTED.items():
            low, high, reached = times[way].min(), times[way].max(), (times[way] >= least).sum()
            told.append(
                f"- {work.capitalize()}: **{low:.2f} to {high:.2f} times** as fast as *{way}* "
                f"(expected: at least {least:g}; so in {reached} of {len(times)} comparisons)"
            )
    best = rows[(rows["way"] == OURS) & rows["utilisation"].notna()]
    if len(best):
        top = best.sort_values("utilisation").iloc[-1]
        told.append(
            f"- Of the {top['ceiling_tflops']:,.0f} TFLOP/s of a matrix product in the same run "
            f"xit reaches at most {top['utilisation']:.0f}% ({top['model']}, {top['data']})"
        )
    return "\n".join(told)


def _caption(rows: pd.DataFrame, work: str) -> str:
    first = rows.iloc[0]
    gpu = first["kind"] == "cuda"
    memory = "of the GPU's allocator" if gpu else "of the whole process"
    shared = (
        "the operations that the model needs for the tokens without padding, as a share of what a "
        "matrix product reaches in the same run"
    )
    return (
        f"{work.capitalize()} on {first['device']}: median and range of examples a second, and how "
        "many times as fast xit is; tokens a second without padding; padding's share of all that "
        "is read; peak memory "
        f"{memory}; utilisation ({shared if gpu else 'measured on GPUs only'})."
    )


def _slug(text: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in text.lower()).strip("-")
