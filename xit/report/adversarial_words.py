"""Training against a language discriminator: what its page's numbers say, in words."""

import dataclasses
import math
from collections.abc import Mapping, Sequence

import pandas as pd

from xit import inventory, tasks, variants
from xit.report import adversarial
from xit.report.adversarial import BEFORE, Told
from xit.report.adversarial_tables import interval, planned
from xit.report.names import TITLES
from xit.report.power import ALPHA

SENTENCES = ("pair", "choice", "retrieval", "mining", "ranking")  # expected to gain


def manipulated(
    told: Sequence[Told],
    probes: pd.DataFrame,
    layers: Mapping[str, int],
    fooled: Mapping[str, float],
) -> str:
    """Whether a fresh probe finds less of the language after adversarial training; `fooled` as from
    `adversarial.fooled`.
    """
    guess, lines = adversarial.chance(probes), []
    acc = probes[(probes["metric"] == "acc") & (probes["how"] == BEFORE)]
    rest = probes[probes["metric"] == "between"]
    between = rest.groupby(["intermediate", "layer"])["value"].mean()
    for one in told:
        layer = layers[one.intermediate]
        before = acc.loc[acc["layer"] == layer, "value"].mean()
        text = f"- **{TITLES[one.intermediate]}**, layer {layer}: a fresh linear probe names the "
        text += f"language of {before:.1f}% of the sentences before any task, {one.standard:.1f}% "
        text += f"after the task alone, {one.adversarial:.1f}% after it against the adversary "
        text += f"(chance {guess:.1f}%): {one.effect.mean:+.1f} points"
        text += f" ({interval(one.effect.these)}). " + _worked(one)
        gone = adversarial.removed(one.standard, one.adversarial, guess)
        if one.effect.these.high < 0 and not math.isnan(gone):
            text += f" Of what the probe finds above chance, {gone:.0f}% is gone."
        shares = [between[name, layer] for name in (variants.parse(one[0]).task, one[0])]
        text += f" Of the variance on that layer {shares[0]:.1f}% lies between languages after the "
        text += f"task alone, {shares[1]:.1f}% against the adversary. The discriminator itself "
        text += f"named {fooled[one.intermediate]:.1f}% at the end of its training, where always "
        lines.append(f"{text}naming the task's language gets half.")
    return "\n".join(lines)


def _worked(one: Told) -> str:
    if not one.effect.these.there:
        return "One seed: no interval."
    if one.effect.these.high < 0:
        return "The manipulation worked: the interval is below zero."
    if one.effect.these.low > 0:
        return "The probe finds *more* of the language than after the task alone."
    return "Whether the manipulation worked cannot be told: the interval holds zero."


def verdicts(told: Sequence[Told]) -> str:
    """Cell by cell, whether the adversary helps or hurts, by the test fixed beforehand."""
    lines = []
    for one in told:
        where = f"{TITLES[one.intermediate]} → {TITLES[one.target]}"
        text = f"- **{where}**: {one.effect.mean:+.1f} points ({interval(one.effect.these)}; "
        text += f"new languages {interval(one.effect.new)})"
        text += "" if math.isnan(one.holm) else f", p {_p(one.holm)}"
        lines.append(f"{text}: {_verdict(one)}.")
    return "\n".join(lines)


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"


def _verdict(one: Told) -> str:
    if math.isnan(one.holm):
        return "one seed, no test"
    if one.holm < ALPHA:
        return "the adversary **helps**" if one.effect.mean > 0 else "the adversary **hurts**"
    return f"no effect shown; {one.detectable:.1f} points could have been (80% power, one test)"


def refuting(checked: Sequence[Told], told: Sequence[Told]) -> str:
    """How many cells go against the expectation, by the test fixed beforehand, and how small an
    effect the rest could have shown."""
    failed = sum(one.effect.these.there and one.effect.these.low > 0 for one in checked)
    held = sum(one.effect.these.there and one.effect.these.high < 0 for one in checked)
    text = "*The manipulation.* A probe that finds more of the language would refute it: "
    text += f"{failed} of {len(checked)}; it finds less of it in {held}. Where it does not find "
    text += "less, transfer says nothing about language-free vectors. "
    tested = [one for one in told if not math.isnan(one.holm)]
    if not tested:
        return text + "\n\n*Transfer.* One seed: no test, so nothing could be refuted."
    text += "\n\n*Transfer.* "
    for kinds, what, sign in (
        (SENTENCES, "Sentence-level targets and raw retrieval were expected to go up", 1),
        (("tagging",), "Tagging was expected to go down", -1),
    ):
        part = [one for one in tested if tasks.target(one.target).kind in kinds]
        if part:
            sure = [one for one in part if one.holm < ALPHA]
            wrong = sum(one.effect.mean * sign < 0 for one in sure)
            text += f"{what}: {wrong} of {len(part)} cells go the other way after Holm's "
            text += f"correction, {len(sure) - wrong} as expected, {len(part) - len(sure)} cannot "
            text += "be told. "
    least = [one.detectable for one in tested if not math.isnan(one.detectable)]
    text += f"The cells would have shown an effect of {min(least):.1f} points at best and "
    return text + f"{max(least):.1f} at worst (80% power, one test)."


def retrieval(raw: Sequence[Told], centred: Sequence[Told]) -> str:
    """What happens to retrieval as it is, and to what centring each language leaves."""
    lines = []
    for one, other in zip(raw, centred, strict=True):
        text = f"- **{TITLES[one.intermediate]}**: raw {one.effect.mean:+.1f} points "
        text += f"({interval(one.effect.these)}), centred {other.effect.mean:+.1f} "
        text += f"({interval(other.effect.these)}). "
        lines.append(text + _laid_out(one, other))
    return "\n".join(lines)


def _laid_out(raw: Told, centred: Told) -> str:
    """What the two intervals say together."""
    if not raw.effect.these.there:
        return "One seed: no interval."
    moved = [_moved(one) for one in (raw, centred)]
    if moved == ["rises", "cannot be told"]:
        return (
            "Raw retrieval rises, centred cannot be told from no change: as if only what keeps "
            "languages apart had shrunk."
        )
    if moved[0] == moved[1]:
        return f"Of both, the interval {_ends(moved[0])}."
    return f"Of raw retrieval the interval {_ends(moved[0])}, of centred it {_ends(moved[1])}."


def _moved(one: Told) -> str:
    if 0 in one.effect.these:
        return "cannot be told"
    return "rises" if one.effect.mean > 0 else "falls"


def _ends(moved: str) -> str:
    return {"rises": "is above zero", "falls": "is below zero"}.get(moved, "holds zero")


def ablated(frame: pd.DataFrame, probes: pd.DataFrame, layers: Mapping[str, int]) -> str:
    """What another layer or weight changes, against the variant with the study's; in words."""
    acc = probes[probes["metric"] == "acc"].groupby(["intermediate", "layer"])["value"].mean()
    means = frame.groupby(adversarial.CELL)["difference"].mean()
    lines = []
    for name, layer in layers.items():
        one = variants.parse(name)
        usual = [n for n in layers if adversarial.is_main(n) and variants.parse(n).task == one.task]
        if adversarial.is_main(name) or not usual:
            continue
        text = f"- **{TITLES[name]}**: on layer {layer} a fresh probe names the language of "
        text += f"{acc[name, layer]:.1f}% of the sentences, {acc[one.task, layer]:.1f}% after the "
        text += "task alone. "
        cells = [
            f"{TITLES[target]} {means[name, target]:+.1f} ({means[usual[0], target]:+.1f} with the "
            "study's layer and weight)"
            for target in frame.loc[frame["intermediate"] == name, "target"].unique()
            if (usual[0], target) in means
        ]
        lines.append(text + (f"Adversarial − standard: {', '.join(cells)}." if cells else ""))
    return "\n".join(lines)


def distances(found: pd.DataFrame) -> str:
    """How the effect goes with distance, described and not tested."""
    if not len(found):
        return "No rank correlation: fewer than four languages with a known distance."
    told = [
        f"{TITLES[row['intermediate']]} → {TITLES[row['target']]} {row['rho']:+.2f}"
        for row in found.to_dict("records")
    ]
    count = found["languages"]
    many = f"{count.min()}" if count.min() == count.max() else f"{count.min()} to {count.max()}"
    text = f"Spearman's ρ of a language's effect with its syntactic distance ({many} languages): "
    text += f"{', '.join(told)}. "
    firm = int((found["p"] < ALPHA).sum())
    return text + f"{firm} of {len(found)} have p < {ALPHA:g}, unadjusted; this was no hypothesis."


def needs_in_words(name: str) -> str:
    """The size of what `needs` lists: models, and the memory of training one."""
    study = planned(name)
    only = dataclasses.replace(study, ablations={"adversarial": study.ablations["adversarial"]})
    none = dataclasses.replace(study, ablations={})
    models = inventory.fine_tuned(only) - inventory.fine_tuned(none)
    text = f"Study {name} would train {models} models for this section beside those that it has"
    weights = inventory.WEIGHTS.get(study.model)
    if weights:  # weights, gradients, two moments of Adam
        text += f"; weights, gradients and the optimiser's state take {4 * weights / 1e9:.1f} GB "
        text += f"each, and keeping the models {models * weights / 1e12:.2f} TB"
    return f"{text}. The discriminator adds a layer of the encoder's width."
