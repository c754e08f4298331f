"""Thirteen invented languages whose properties vary independently of one another.

In nature word order, family, script and vocabulary come in bundles, so their effects on transfer
cannot be told apart. Here the twelve languages beside the source were assigned their properties by
a search for the assignment with the lowest correlation between any two properties
(largest |r| = 0.24, see tests/lab/test_languages.py).
"""

import random
from dataclasses import dataclass, field

import pandas as pd

SOURCE = "qaa"  # plays the role of English


@dataclass(frozen=True)
class Language:
    """One invented language; `code` is from ISO 639-2's private-use range qaa..qtz."""

    code: str
    name: str
    family: str
    script: str  # ISO 15924
    order: str  # of subject, verb and object
    adposition: str  # "pre" or "post"
    adjective: str  # "before" or "after" the noun
    case: bool  # objects carry a suffix
    cognates: float  # share of the vocabulary cognate with the source language's
    loanwords: float  # share taken over from the source, spelling and script included


LANGUAGES = {
    row[0]: Language(*row)
    for row in (
        ("qaa", "Avari", "Avaric", "Latn", "SVO", "pre", "before", False, 1.0, 0.0),
        ("qab", "Belun", "Karthic", "Geor", "SVO", "post", "after", False, 0.3, 0.02),
        ("qac", "Coruva", "Tolmic", "Latn", "SVO", "pre", "after", True, 0.0, 0.02),
        ("qad", "Dameki", "Sundic", "Grek", "SVO", "post", "before", False, 0.0, 0.15),
        ("qae", "Efiro", "Karthic", "Cyrl", "SVO", "pre", "before", True, 0.6, 0.15),
        ("qaf", "Fezan", "Fezan (isolate)", "Latn", "SOV", "post", "after", True, 0.6, 0.15),
        ("qag", "Gilat", "Tolmic", "Cyrl", "SOV", "post", "before", False, 0.3, 0.02),
        ("qah", "Hodun", "Hodun (isolate)", "Geor", "SOV", "pre", "after", False, 0.0, 0.15),
        ("qai", "Imera", "Karthic", "Grek", "SOV", "pre", "before", True, 0.3, 0.02),
        ("qaj", "Julok", "Sundic", "Cyrl", "VSO", "post", "after", True, 0.0, 0.02),
        ("qak", "Kanavi", "Sundic", "Latn", "VSO", "pre", "before", False, 0.6, 0.02),
        ("qal", "Lumer", "Lumer (isolate)", "Geor", "VSO", "post", "before", True, 0.3, 0.15),
        ("qam", "Mosari", "Tolmic", "Grek", "VSO", "pre", "after", False, 0.6, 0.15),
    )
}

CONSONANTS, VOWELS = "bdfgklmnprstvz", "aeiou"
FAMILY_RATE = 0.5  # share of the other words inherited from the family's proto-language
HOMOGRAPHS = 0.12  # share of verbs that look like some noun
SCRIPTS = {
    "Latn": CONSONANTS + VOWELS,
    "Cyrl": "бдфгклмнпрствзаеиоу",
    "Grek": "βδφγκλμνπρστχζαεηου",
    "Geor": "ბდფგკლმნპრსტვზაეიოუ",
}


@dataclass(frozen=True)
class Lexicon:
    """The forms of one language: concept → word, in the language's own script."""

    language: Language
    forms: dict[str, str]
    accusative: str = ""  # suffix in the language's script
    roman_accusative: str = ""  # the same suffix for words spelt in the source's script
    borrowed: frozenset[str] = field(default_factory=frozenset)

    def word(self, concept: str, accusative: bool = False) -> str:
        """The form of `concept`; digits are spelt alike everywhere."""
        form = self.forms.get(concept, concept)
        if not accusative or not self.language.case:
            return form
        return form + (self.roman_accusative if concept in self.borrowed else self.accusative)


def lexicon(code: str, concepts: list[str], seed: int = 0) -> Lexicon:
    """The lexicon of language `code` for `concepts` ("kind.number"), the same for the same seed.

    Names (kinds per, sur, loc) are shared by all languages, written in each one's script; every
    surname is also a place name, so that only the sentence tells a person from a place.
    A cognate is the source's word after the language's regular sound change; of the other words,
    half descend from the family's proto-language (not for isolates).
    """
    language = LANGUAGES[code]
    source = _roots(f"{seed}/source", concepts)
    source |= {c: source["loc." + c[4:]] for c in concepts if c.startswith("sur.")}
    if code == SOURCE:
        return Lexicon(language, _homographs(source, f"{seed}/{code}"))
    rng = random.Random(f"{seed}/{code}/choice")
    own = _roots(f"{seed}/{code}/own", concepts, _sounds(f"{seed}/{code}"))
    proto = _roots(f"{seed}/{language.family}", concepts)
    shift = _sound_change(f"{seed}/{code}/shift")
    roman, borrowed = {}, set()
    for concept in concepts:
        draw, inherit = rng.random(), rng.random() < FAMILY_RATE
        if concept.split(".")[0] in ("per", "sur", "loc"):
            roman[concept] = source[concept]
        elif draw < language.loanwords:
            roman[concept] = source[concept]
            borrowed.add(concept)
        elif draw < language.loanwords + (1 - language.loanwords) * language.cognates:
            roman[concept] = source[concept].translate(shift)
        elif inherit and "isolate" not in language.family:
            roman[concept] = proto[concept].translate(shift)
        else:
            roman[concept] = own[concept]
    roman = _homographs(roman, f"{seed}/{code}")
    script = str.maketrans(SCRIPTS["Latn"], SCRIPTS[language.script])
    forms = {c: form if c in borrowed else form.translate(script) for c, form in roman.items()}
    suffix = rng.choice(VOWELS) + rng.choice("mnst")
    return Lexicon(language, forms, suffix.translate(script), suffix, frozenset(borrowed))


def _sounds(key: str) -> str:
    return "".join(sorted(random.Random(key).sample(CONSONANTS, 11)))


def _sound_change(key: str) -> dict[int, int]:
    """A regular shift of three consonants, so that about half the cognates look different."""
    moved = random.Random(key).sample(CONSONANTS, 3)
    return str.maketrans("".join(moved), "".join(moved[1:] + moved[:1]))


def _roots(key: str, concepts: list[str], consonants: str = CONSONANTS) -> dict[str, str]:
    """A different word of two or three syllables for each concept (function words: one or two)."""
    rng, taken, roots = random.Random(key), set(), {}
    for concept in concepts:
        short = concept.startswith("fun.")
        while True:
            syllables = rng.choice((1, 2, 2) if short else (2, 2, 3))
            form = "".join(rng.choice(consonants) + rng.choice(VOWELS) for _ in range(syllables))
            form += rng.choice(consonants) if rng.random() < 0.35 else ""
            if form not in taken:
                break
        taken.add(form)
        roots[concept] = form
    return roots


def _homographs(forms: dict[str, str], key: str) -> dict[str, str]:
    """`forms` with some verbs spelt like a noun, so that a word alone does not give its tag."""
    rng = random.Random(key + "/homographs")
    nouns = sorted(c for c in forms if c.startswith(("animal.", "food.", "tool.", "cloth.")))
    verbs = sorted(c for c in forms if c.startswith("verb."))
    chosen = rng.sample(verbs, round(HOMOGRAPHS * len(verbs)))
    return forms | {
        v: forms[n] for v, n in zip(chosen, rng.sample(nouns, len(chosen)), strict=True)
    }


FEATURES = ("order", "adposition", "adjective", "case")


def typology() -> pd.DataFrame:
    """One row per language in the columns of the real `typology/languages.csv`, knobs added."""
    rows = [
        {
            "iso639_1": x.code,
            "iso639_3": x.code,
            "lang2vec_code": "",
            "name": x.name,
            "family": x.family,
            "genus": x.family,
            "script": x.script,
            "order": x.order,
            "adposition": x.adposition,
            "adjective": x.adjective,
            "case": int(x.case),
            "cognates": x.cognates,
            "loanwords": x.loanwords,
        }
        for x in LANGUAGES.values()
    ]
    return pd.DataFrame(rows)


def between() -> pd.DataFrame:
    """One row for each ordered pair of languages: `language`, `other`, distances as `distances`.

    `lexical` is expected from how words are drawn (`lexicon`): both have the source's word, or both
    have kept their family's. From the source it is what `distances` has.
    """
    rows = []
    for x in LANGUAGES.values():
        for y in LANGUAGES.values():
            differ = [getattr(x, f) != getattr(y, f) for f in FEATURES]
            told = {"language": x.code, "other": y.code, "syntactic": sum(differ) / len(differ)}
            told |= {"lexical": round(1 - _shared(x, y), 3)}
            told |= {"script": float(x.script != y.script), "genetic": float(x.family != y.family)}
            rows.append(told)
    return pd.DataFrame(rows)


def _shared(x: Language, y: Language) -> float:
    """The share of words that two languages have in common before spelling, names left out."""
    if x is y:
        return 1.0
    ours, theirs = (1 - (1 - z.loanwords) * (1 - z.cognates) for z in (x, y))  # the source's
    kin = FAMILY_RATE**2 if x.family == y.family and "isolate" not in x.family else 0.0
    return ours * theirs + (1 - ours) * (1 - theirs) * kin


def distances() -> pd.DataFrame:
    """One row per language: distance from the source, 0 (alike) to 1.

    `syntactic` is the share of the four grammatical features that differ, `lexical` the share of
    words not shared with the source before spelling, `script` 0 or 1, `genetic` 0 or 1.
    """
    source = LANGUAGES[SOURCE]
    rows = []
    for x in LANGUAGES.values():
        differ = [getattr(x, f) != getattr(source, f) for f in FEATURES]
        rows.append(
            {
                "iso639_1": x.code,
                "iso639_3": x.code,
                "syntactic": sum(differ) / len(differ),
                "lexical": round((1 - x.loanwords) * (1 - x.cognates), 3),
                "script": float(x.script != source.script),
                "genetic": float(x.family != source.family),
            }
        )
    return pd.DataFrame(rows)
