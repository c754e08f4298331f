"""Features without their content: what a null-input model reads (Ethayarajh et al. 2022)."""

from collections.abc import Collection, Sequence

from xit.data.encode import Feature


def blank(
    features: Sequence[Feature], kind: str, special: Collection[int], mask: int
) -> list[Feature]:
    """`features` of a task of this `kind` of which nothing is left but their gold.

    Pair and choice: only the `special` tokens stay, as of empty texts. Tagging and span: every
    other token becomes `mask`, since what is labelled or pointed at has to stand somewhere; so of
    these the null input still tells length and position.
    """
    keeps = kind in ("tagging", "span")

    def left(ids: list[int]) -> list[int]:
        if keeps:
            return [i if i in special else mask for i in ids]
        return [i for i in ids if i in special]

    return [f | {"ids": left(f["ids"])} for f in features]
