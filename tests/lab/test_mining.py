"""The lab's corpora to mine: gold pairs are translations, nothing else is."""

from pathlib import Path

import pytest

from tests.lab.shortcuts import GRAMMAR, GRAMMARS, WORLD
from xit.lab import mining
from xit.lab.grammar import text
from xit.lab.tasks import Maker
from xit.lab.world import Event


def told(event: Event) -> str:
    return text(GRAMMAR.statement(event))


@pytest.fixture(scope="module")
def corpora() -> mining.Corpora:
    return mining.corpora(Maker(WORLD, "mining"), told, side=300, pairs=40)


def test_gold_pairs_are_the_only_translations(corpora: mining.Corpora) -> None:
    assert len(corpora.other) == len(corpora.source) == 300 and len(corpora.gold) == 40
    other, source = ([told(e) for e in side] for side in (corpora.other, corpora.source))
    assert len(set(other)) == len(set(source)) == 300
    matches = {(i, j) for i, a in enumerate(other) for j, b in enumerate(source) if a == b}
    assert matches == set(corpora.gold)


def test_some_other_sentences_are_gold_ones_with_one_word_changed(corpora: mining.Corpora) -> None:
    gold = [corpora.other[i] for i, _ in corpora.gold]

    def near(event: Event) -> bool:
        return any(sum(a != b for a, b in zip(event, g, strict=True)) == 1 for g in gold)

    for side, places in ((corpora.other, 0), (corpora.source, 1)):
        matched = {pair[places] for pair in corpora.gold}
        rest = [e for i, e in enumerate(side) if i not in matched]
        assert 0.05 < sum(map(near, rest)) / len(rest) < 0.2  # mining.NEAR is a tenth


def test_files_have_the_layout_of_bucc(corpora: mining.Corpora, tmp_path: Path) -> None:
    rows = mining.write_corpora(tmp_path, "sample", GRAMMARS["qaf"], GRAMMAR, corpora)
    sides = {}
    for code in ("qaf", "qaa"):
        lines = (tmp_path / f"qaf-qaa.sample.{code}").read_text(encoding="utf-8").splitlines()
        sides[code] = dict(line.split("\t") for line in lines)
        assert len(sides[code]) == 300 and all(k.startswith(f"{code}-0") for k in sides[code])
    lines = (tmp_path / "qaf-qaa.sample.gold").read_text().splitlines()
    gold = [tuple(line.split("\t")) for line in lines]
    assert gold == [(r["source_lang"], r["target_lang"]) for r in rows]
    found = [(sides["qaf"][a], sides["qaa"][b]) for a, b in gold]
    assert found == [(r["source_sentence"], r["target_sentence"]) for r in rows]
    event = corpora.other[corpora.gold[0][0]]
    assert found[0] == (text(GRAMMARS["qaf"].statement(event)), told(event))
