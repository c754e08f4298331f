"""The invented languages: their properties vary independently, their lexicons are reproducible."""

import numpy as np
import pytest

from xit.lab import languages
from xit.lab.languages import LANGUAGES, SOURCE, between, distances, lexicon, typology
from xit.lab.world import World

OTHERS = [x for x in LANGUAGES.values() if x.code != SOURCE]
CONCEPTS = World(0).concepts()


def contrasts() -> dict[str, np.ndarray]:
    """Property → (12 languages,) numbers; word order and script as one column a level."""
    columns: dict[str, list] = {
        f"order {o}": [x.order == o for x in OTHERS] for o in ("SVO", "SOV", "VSO")
    }
    columns |= {f"script {s}": [x.script == s for x in OTHERS] for s in {x.script for x in OTHERS}}
    columns |= {"adposition": [x.adposition == "pre" for x in OTHERS]}
    columns |= {"adjective": [x.adjective == "before" for x in OTHERS]}
    columns |= {"case": [x.case for x in OTHERS], "cognates": [x.cognates for x in OTHERS]}
    columns |= {"loanwords": [x.loanwords for x in OTHERS]}
    return {k: np.array(v, dtype=float) for k, v in columns.items()}


def test_properties_vary_independently() -> None:
    columns = contrasts()
    for a in columns:
        for b in columns:
            if a.split()[0] != b.split()[0]:
                assert abs(np.corrcoef(columns[a], columns[b])[0, 1]) < 0.25, (a, b)


def test_as_many_languages_families_and_scripts_as_promised() -> None:
    families = {x.family for x in LANGUAGES.values()}
    assert len(OTHERS) >= 12 and len(families) >= 4
    assert len({x.script for x in LANGUAGES.values()}) >= 4
    assert sum("isolate" in f for f in families) >= 2
    assert all("qaa" <= code <= "qtz" for code in LANGUAGES)


def test_a_lexicon_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    assert lexicon("qae", CONCEPTS, 0) == lexicon("qae", CONCEPTS, 0)
    assert lexicon("qae", CONCEPTS, 0).forms != lexicon("qae", CONCEPTS, 1).forms


@pytest.mark.parametrize("code", ["qac", "qaf", "qak"])  # those in the source's script
def test_cognate_rate_is_what_the_table_says(code: str) -> None:
    source, other = lexicon(SOURCE, CONCEPTS), lexicon(code, CONCEPTS)
    words = [c for c in CONCEPTS if c.split(".")[0] not in ("per", "sur", "loc", "verb")]
    alike = np.mean([other.forms[c] == source.forms[c] for c in words])
    language = LANGUAGES[code]
    shared = language.loanwords + (1 - language.loanwords) * language.cognates
    assert alike <= shared + 0.1  # the sound change makes some cognates look different
    assert alike >= 0.25 * shared - 0.02


def test_loanwords_keep_the_source_script() -> None:
    lexicon_ = lexicon("qah", CONCEPTS)
    assert lexicon_.borrowed
    assert all(lexicon_.forms[c].isascii() for c in lexicon_.borrowed)
    others = [
        f for c, f in lexicon_.forms.items() if c not in lexicon_.borrowed and "verb" not in c
    ]
    assert not any(f.isascii() for f in others)


def test_objects_are_marked_only_where_there_is_case() -> None:
    noun = "animal.0"
    with_case, without = lexicon("qaj", CONCEPTS), lexicon("qab", CONCEPTS)
    assert with_case.word(noun, accusative=True) != with_case.word(noun)
    assert without.word(noun, accusative=True) == without.word(noun)


def test_typology_has_the_columns_of_the_real_table_and_distance_zero_to_itself() -> None:
    assert {"iso639_1", "iso639_3", "name", "family", "script"} <= set(typology().columns)
    table = distances().set_index("iso639_1")
    assert (table.loc[SOURCE, ["syntactic", "lexical", "script", "genetic"]] == 0).all()
    # qac: prepositions and SVO as the source, adjective after, case: two of four features differ
    assert table.loc["qac", "syntactic"] == 0.5


def test_distances_between_any_two() -> None:
    """From the source they are those of `distances`; two of a family share words of their own."""
    table = between().set_index(["language", "other"]).to_dict("index")
    assert len(table) == len(LANGUAGES) ** 2
    first = distances().set_index("iso639_1").to_dict("index")
    for code in LANGUAGES:
        assert table[SOURCE, code] == {k: first[code][k] for k in table[SOURCE, code]}
        assert not any(table[code, code].values())
        for other in LANGUAGES:
            assert table[code, other] == table[other, code]
    # qae 0.66 and qai 0.314 of the source's words; of the rest each keeps half of the family's
    shared = 0.66 * 0.314 + 0.34 * 0.686 * 0.25
    assert table["qae", "qai"]["lexical"] == pytest.approx(1 - shared, abs=0.001)
    assert table["qaf", "qah"]["lexical"] == pytest.approx(1 - 0.66 * 0.15, abs=0.001)


def test_words_in_common_are_as_many_as_expected(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted before sounds shift, over many concepts: strangers, two of a family, an isolate."""
    monkeypatch.setattr(languages, "_sound_change", lambda key: {})
    concepts = [f"noun.{i}" for i in range(3000)]
    table = between().set_index(["language", "other"])["lexical"]

    def roman(code: str) -> list[str]:
        back = str.maketrans(languages.SCRIPTS[LANGUAGES[code].script], languages.SCRIPTS["Latn"])
        forms = lexicon(code, concepts).forms
        return [forms[c].translate(back) for c in concepts]

    for one, two in (("qab", "qah"), ("qae", "qai"), ("qaj", "qak"), ("qaf", "qal")):
        same = [a == b for a, b in zip(roman(one), roman(two), strict=True)]
        assert abs(sum(same) / len(same) - (1 - table[one, two])) < 0.03
