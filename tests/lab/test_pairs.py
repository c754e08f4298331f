"""QQP and PAWS-X of the lab: labels that follow from the texts, and no shortcut.

Thresholds: naive Bayes is tried on 1,500 pairs, where chance has a standard error of 1.3 points;
4 points above chance are beyond three of them.
"""

from collections import Counter

import pytest

from tests.lab.shortcuts import GRAMMAR, GRAMMARS, WORLD, bag_of_words
from xit.lab import pairs
from xit.lab.languages import LANGUAGES
from xit.lab.tasks import Maker


def words(question: object) -> Counter[str]:
    return Counter(str(question).rstrip("?").split())


def test_duplicates_differ_only_in_wording() -> None:
    """Without determiners and adverbs duplicates have the same words, in some order."""
    maker = Maker(WORLD, "duplicates")
    word = GRAMMAR.lexicon.word
    idle = {word(f"fun.{d}") for d in ("some", "every", "this")} | {word(a) for a in WORLD.adverbs}
    labels = Counter[object]()
    for i in range(1000):
        row = pairs.qqp_row(GRAMMAR, pairs.duplicate(maker), i)
        content = [
            {w: n for w, n in words(row[k]).items() if w not in idle}
            for k in ("question1", "question2")
        ]
        assert row["label"] == int(content[0] == content[1])
        assert row["question1"] != row["question2"]
        labels[row["label"]] += 1
    assert min(labels[0], labels[1]) > 500 - 4 * 16  # 16: standard error of half of 1,000


def test_questions_alone_or_in_one_bag_do_not_tell_duplicates() -> None:
    maker = Maker(WORLD, "questions")
    rows = [pairs.qqp_row(GRAMMAR, pairs.duplicate(maker), i) for i in range(6000)]
    labels = [int(str(r["label"])) for r in rows]
    one, two = ([str(r[k]) for r in rows] for k in ("question1", "question2"))
    for texts in (one, two, [f"{a} {b}" for a, b in zip(one, two, strict=True)]):
        assert bag_of_words(texts, labels, 4500) < 1 / 2 + 0.04
    # how many words differ cannot be made the same: who asks something else needs another word,
    # who asks the same does not. Over half of what there is to know must lie in which words.
    differing = [
        f"{(words(a) - words(b)).total() + (words(b) - words(a)).total()}"
        for a, b in zip(one, two, strict=True)
    ]
    assert bag_of_words(differing, labels, 4500) < 0.7


@pytest.mark.parametrize("code", list(LANGUAGES))
def test_paraphrases_have_the_same_words_in_the_same_sentences(code: str) -> None:
    """Both texts have the same words; only of paraphrases also each sentence."""
    maker = Maker(WORLD, f"paraphrases {code}")
    labels = Counter[object]()
    for _ in range(200):
        row = pairs.paws_row(GRAMMARS[code], pairs.paraphrase(maker))
        bags = [
            [Counter(s.split()) for s in str(row[k]).removesuffix(".").split(". ")]
            for k in ("sentence1", "sentence2")
        ]
        assert sum(bags[0], Counter()) == sum(bags[1], Counter())
        same = all(bag in bags[1] for bag in bags[0])
        assert row["label"] == str(int(same))
        assert row["sentence1"] != row["sentence2"]
        labels[row["label"]] += 1
    assert min(labels.values()) > 100 - 4 * 7  # 7: standard error of half of 200


def test_bags_of_words_do_not_tell_paraphrases() -> None:
    maker = Maker(WORLD, "bags")
    rows = [pairs.paws_row(GRAMMAR, pairs.paraphrase(maker)) for _ in range(6000)]
    labels = [int(str(r["label"])) for r in rows]
    one, two = ([str(r[k]) for r in rows] for k in ("sentence1", "sentence2"))
    for texts in (one, two, [f"{a} {b}" for a, b in zip(one, two, strict=True)]):
        assert bag_of_words(texts, labels, 4500) < 1 / 2 + 0.04
    # whether the texts begin and end alike tells much: sentences or deeds change places, mostly
    # not both. One pair in five, whose sentences stay (pairs.STAYS), keeps it from telling all.
    starts = [
        f"start{a.split()[0] == b.split()[0]} end{a.split()[-1] == b.split()[-1]}"
        for a, b in zip(one, two, strict=True)
    ]
    assert bag_of_words(starts, labels, 4500) < 0.88
