"""Write the lab's datasets in Hub layout: `<root>/<repo>/<config>/<split>-00000-of-00001.parquet`.

python -m xit.lab.write DIRECTORY [SIZE]     # SIZE: lab (default) or smoke
"""

import shutil
import sys
from pathlib import Path

from datasets import disable_progress_bars

from xit.lab import causes, english, graded, multilingual, translated
from xit.lab.grammar import Grammar
from xit.lab.languages import LANGUAGES, between, distances, lexicon, typology
from xit.lab.world import World
from xit.lab.writer import Writer

RECIPE = 9  # raise when rows or the files beside them change, so that old copies are made anew
GROUPS = (
    english.english_tasks,
    english.english_inference,
    english.quora,
    english.harder_reading,
    english.multiple_choice,
    multilingual.translated_tasks,
    multilingual.tagging_tasks,
    multilingual.paraphrases,
    multilingual.native_reading,
    multilingual.translation_mining,
    translated.translations,
    graded.graded_tasks,
    multilingual.stories,
    causes.plausible_alternatives,
)
SIZES = {
    # rows of the train splits and of one language's dev and test splits; text: stories a language
    "lab": {"train": 12_000, "dev": 500, "test": 120, "text": 16_000},
    "smoke": {"train": 300, "dev": 40, "test": 24, "text": 300},
}


def write(root: Path, size: str = "lab", seed: int = 0) -> None:
    """Write every dataset of the lab below `root`, which must not exist."""
    if size not in SIZES:
        raise ValueError(f"unknown lab size {size!r}: expected one of {', '.join(SIZES)}")
    world = World(seed)
    concepts = world.concepts()
    grammars = {code: Grammar(lexicon(code, concepts, seed)) for code in LANGUAGES}
    disable_progress_bars()
    writer = Writer(root)
    for group in GROUPS:
        group(writer, world, grammars, SIZES[size], seed)
    writer.cards()
    (root / "typology").mkdir()
    typology().to_csv(root / "typology" / "languages.csv", index=False)
    between().to_csv(root / "typology" / "distances_between.csv", index=False)
    distances().to_csv(root / "typology" / "distances_from_source.csv", index=False)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    shutil.rmtree(target, ignore_errors=True)
    write(target, sys.argv[2] if len(sys.argv) > 2 else "lab")
