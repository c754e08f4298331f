"""What would turn the readings of the page on selection and retrieval."""

import pandas as pd

from xit.report import firmness
from xit.report.selection import CELL


def selection(chosen: pd.DataFrame) -> str:
    """How firm it is that source dev loses against the oracle; `chosen` as `selection.choose`."""
    key = [*CELL, "language", "seed"]
    wide = chosen.pivot(index=key, columns="way", values="value")
    lost = (wide["oracle"] - wide["source"]).groupby([*CELL, "seed"]).mean()
    means = lost.groupby("seed").mean().tolist()
    text = firmness.mean_over_seeds(means, "what source dev loses against the oracle, on average,")
    bound = chosen.loc[chosen["way"] == "oracle", "bound"].mean()
    if bound:
        text += f" In {100 * bound:.0f}% of its choices the oracle sees the scored data themselves "
        text += "and is flattered; development data of those languages would lower it, if anything."
    return text


def retrieval(gains: pd.DataFrame) -> str:
    """Whether what training adds hangs on how the vectors are read; `retrieval_choices.gains`."""
    added = gains.set_index("what")["added"]
    here, best = added["the study's choice"], added["best without training"]
    return (
        f"An intermediate task adds {here:+.1f} points at the study's choice and {best:+.1f} at "
        "the choice that is best without training. Were it translation that training taught, and "
        f"not the layout that it moved, both would be much alike: they are {abs(here - best):.1f} "
        "points apart. "
        "The best choice is made on the rows that are scored, so it is flattered."
    )
