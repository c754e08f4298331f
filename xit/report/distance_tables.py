"""Distance for readers: the frames of the page on linguistic distance, as text."""

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from xit.report import correlation, distance, results, typology
from xit.report.distance import MAIN, MEAN, SCORE, SENTENCE, title
from xit.report.distance_models import EVERY
from xit.report.names import TITLES


def name(target: str) -> str:
    """A target as a table writes it."""
    return "all targets with every language" if target == EVERY else TITLES[target]


def interval(low: float, high: float, digits: int = 2) -> str:
    """ "-0.97 … -0.61", or "no interval"."""
    if math.isnan(low) or math.isnan(high):
        return results.NO_INTERVAL
    return f"{low:+.{digits}f} … {high:+.{digits}f}"


def correlation_table(found: pd.DataFrame) -> pd.DataFrame:
    """`correlations` as text, with the smallest correlation that so many languages would show."""
    rows = [
        {
            "target": TITLES[row["target"]],
            "outcome": title(row["outcome"]),
            "distance": row["distance"],
            "rho": number(row["rho"], "+.2f"),
            "95% interval": interval(row["low"], row["high"]),
            "p": number(row["p"], ".3f"),
            "Holm": number(row["holm"], ".3f") + " *" * bool(row["firm"]),
            "languages": row["languages"],
            "families": row["families"],
            "smallest": number(correlation.smallest(row["languages"]), ".2f"),
        }
        for row in found.to_dict("records")
    ]
    return pd.DataFrame(rows)


def number(value: float, form: str) -> str:
    """`value` in the format `form`, "–" where it is missing."""
    return "–" if math.isnan(value) else f"{value:{form}}"


def languages_table(order: Sequence[str], table: pd.DataFrame) -> pd.DataFrame:
    """The languages in this order with family, script and every distance from the source."""
    known = table.reindex([c for c in order if c in table.index])
    shown = known[["name", "family", "script", *typology.measures(table)]]
    return shown.rename_axis("code").reset_index()


def slopes_table(told: pd.DataFrame) -> pd.DataFrame:
    """`distance_models.slopes` as text."""
    rows = [
        {
            "target": TITLES[row["target"]],
            "outcome": title(row["outcome"]),
            "points": f"{row['value']:+.1f}",
            "95% interval": interval(row["low"], row["high"], 1),
            "p": number(row["p"], ".3f"),
            "smallest": f"{row['smallest']:.1f}",
            "family's share": number(100 * row["family"], ".0f") + "%" * (row["family"] >= 0),
            "languages": row["languages"],
            "families": row["families"],
        }
        for row in told.to_dict("records")
    ]
    return pd.DataFrame(rows)


def mixed_table(told: Sequence[pd.DataFrame | None]) -> pd.DataFrame:
    """Several of `distance_models.mixed`, one under the other, as text; no rows of what is None."""
    rows = [
        {
            "outcome": title(row["outcome"]),
            "distance": row["distance"],
            "SDs": f"{row['value']:+.2f}",
            "95% interval": interval(row["low"], row["high"]),
            "p": number(row["p"], ".3f"),
            "smallest": f"{row['smallest']:.2f}",
            "inflated ×": f"{row['inflation']:.1f}",
            "languages": row["languages"],
            "families": row["families"],
        }
        for one in told
        if one is not None
        for row in one.to_dict("records")
    ]
    return pd.DataFrame(rows)


def coefficient_table(found: pd.DataFrame) -> pd.DataFrame:
    """`distance_models.coefficients` as text."""
    rows = [
        {
            "target": name(row["target"]),
            "outcome": title(row["outcome"]),
            "property": row["property"],
            "points": f"{row['value']:+.1f}",
            "95% interval": interval(row["low"], row["high"], 1),
            "seeds": f"{row['lowest']:+.1f} … {row['highest']:+.1f}",
            "p": number(row["p"], ".3f"),
            "Holm": number(row["holm"], ".3f"),
            "df": row["df"],
            "others held equal": "yes" if row["together"] else "no",
            "smallest": f"{row['smallest']:.1f}",
        }
        for row in found.to_dict("records")
    ]
    return pd.DataFrame(rows)


def one_by_one(
    coefficients: pd.DataFrame, joint: Sequence[pd.DataFrame | None], whose: str
) -> dict[str, pd.DataFrame]:
    """Title → table of what there is: a coefficient a property, else all distances in one model."""
    told = {}
    if len(coefficients):
        told[f"{whose}: a coefficient for each property"] = coefficient_table(coefficients)
    elif any(one is not None for one in joint):
        told[f"{whose}: all distances together"] = mixed_table(joint)
    return told


def power_table(found: pd.DataFrame, fitted: pd.DataFrame, far: str = MAIN) -> pd.DataFrame:
    """What could have been seen, a row a target: correlations with `far`, and its slopes."""
    rows = []
    for row in distance.primary(found, far).to_dict("records"):
        if row["outcome"] != MEAN:
            continue
        slope = fitted[fitted["target"] == row["target"]].set_index("outcome")["smallest"]
        rho = row["rho"]
        need = math.nan if math.isnan(rho) else correlation.needed(rho)
        rows.append(
            {
                "target": TITLES[row["target"]],
                "languages": row["languages"],
                "families": row["families"],
                "smallest |ρ|": number(correlation.smallest(row["languages"]), ".2f"),
                "smallest slope, score": number(slope.get(SCORE, math.nan), ".1f"),
                "smallest slope, change": number(slope.get(MEAN, math.nan), ".1f"),
                "ρ of the mean change": number(rho, "+.2f"),
                "languages for such a ρ": "–" if not need < 1e6 else f"{need:,.0f}",
            }
        )
    return pd.DataFrame(rows)


def beside(found: Mapping[str, pd.DataFrame], targets: Sequence[str] = SENTENCE) -> pd.DataFrame:
    """The hypotheses' correlations of several sources beside each other, a row a target and
    outcome; found: whose → `distance.correlations`."""
    rows = []
    for target in targets:
        for outcome in (SCORE, MEAN):
            row = {"target": TITLES[target], "outcome": title(outcome)}
            for whose, table in found.items():
                one = distance.primary(table)
                one = one[(one["target"] == target) & (one["outcome"] == outcome)]
                if len(one):
                    r = one.iloc[0]
                    row[whose] = f"{number(r['rho'], '+.2f')} (n = {r['languages']})"
            rows.append(row)
    return pd.DataFrame(rows).fillna("–")
