"""What a model finds that looks at only a part of a task, and the lab's grammars for the tests."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from xit.lab.grammar import Grammar
from xit.lab.languages import LANGUAGES, SOURCE, lexicon
from xit.lab.world import World

WORLD = World(0)
GRAMMARS = {c: Grammar(lexicon(c, WORLD.concepts())) for c in LANGUAGES}
GRAMMAR = GRAMMARS[SOURCE]


def bag_of_words(texts: list[str], labels: list[int], train: int) -> float:
    """Accuracy on the rest of naive Bayes over the words of the first `train` texts (0-1)."""
    counts: dict[int, Counter[str]] = {label: Counter() for label in set(labels)}
    for line, label in zip(texts[:train], labels[:train], strict=True):
        counts[label].update(line.split())
    vocabulary = set().union(*counts.values())
    total = {k: sum(c.values()) + len(vocabulary) for k, c in counts.items()}

    def guess(line: str) -> int:
        return max(
            counts, key=lambda k: sum(np.log((counts[k][w] + 1) / total[k]) for w in line.split())
        )

    rest = list(zip(texts[train:], labels[train:], strict=True))
    return float(np.mean([guess(line) == label for line, label in rest]))


def choice_alone(rows: Sequence[tuple[Sequence[str], int]], train: int) -> float:
    """Accuracy on the rest (0-1) of taking the choice whose words were oftenest right before.

    `rows` are (choices, index of the right one).
    """
    right, wrong = Counter[str](), Counter[str]()
    for choices, gold in rows[:train]:
        for i, choice in enumerate(choices):
            (right if i == gold else wrong).update(choice.split())

    def odds(choice: str) -> float:
        share = len(rows[0][0]) - 1  # so many wrong choices to a right one
        return sum(np.log((right[w] + 1) / (wrong[w] / share + 1)) for w in choice.split())

    hits = [int(np.argmax([odds(c) for c in choices])) == gold for choices, gold in rows[train:]]
    return float(np.mean(hits))
