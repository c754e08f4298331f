"""What the page on translated data says beside its tables: the paper's numbers, and the doubts."""

import pandas as pd

from xit.report import firmness, translation
from xit.report.names import TITLES


def in_print() -> str:
    """Phang et al. 2020: Table 3 in words, and how well the tasks were learnt (Appendix C)."""
    text = translation.in_words(translation.printed(), "Published (Table 3, XLM-R large)")
    lines = []
    for task, part in translation.validation().groupby("task", sort=False):
        told = ", ".join(f"{row['score']:.1f} in {row['data']}" for row in part.to_dict("records"))
        lines.append(f"{TITLES[str(task)]} {told}")
    text += "The intermediate tasks themselves, on validation data in the language they were "
    text += f"trained in (Appendix C): {'; '.join(lines)}. "
    return text + (
        "A guess among HellaSwag's four endings gets 25. How good the translations were the paper "
        "does not say."
    )


def refuting(own: pd.DataFrame, curve: pd.DataFrame) -> str:
    """How firm the gain in the language of the data is, and on which lines errors help."""
    told = []
    if len(own):
        cell = own.groupby([*translation.CELL, "seed"])["difference"].mean()
        means = cell.groupby("seed").mean().tolist()
        what = "the mean difference in the language of the data, over all cells,"
        told.append(firmness.mean_over_seeds(means, what))
    if len(curve):
        told.append(_against_errors(curve))
    return "\n\n".join(told) or "Nothing here could change our mind: there is nothing to compare."


def _against_errors(curve: pd.DataFrame) -> str:
    """How many lines fall, and how many rise, in every seed, from the fewest errors to the most."""
    falls = rises = 0
    lines = list(curve.groupby(translation.LINE, sort=False))
    for _, part in lines:
        wide = part.pivot(index="errors", columns="seed", values="change").sort_index()
        moved = wide.iloc[-1] - wide.iloc[0]
        falls += int((moved < 0).all())
        rises += int((moved > 0).all())
    text = "That errors cost something fails on a line that rises, in every seed, from the fewest "
    text += f"errors to the most: {rises} of {len(lines)} lines do, {falls} fall in every seed"
    return text + f", {len(lines) - rises - falls} do neither."
