"""What is not on the Hub, so that the user has to supply it: a directory each.

A repository named `xit/…` comes from the hub's directory if it is there (a mirror may hold it; the
lab writes its own), else from `local/` in the project.
"""

from pathlib import Path

from xit.paths import is_directory, project

SUPPLIED = {
    "xit/ccgbank": "CCGbank is LDC's (LDC2005T13): put its directory at local/ccgbank",
    "xit/bucc2018": "google/xtreme has only BUCC's gold pairs: put the BUCC 2018 release's "
    "directories (de-en, …) into local/bucc2018",
    "xit/mewsli_x": "Mewsli-X is not on the Hub: run its get-mewsli-x.sh (google-research, "
    "dense_representations_for_entity_retrieval/mel) and put the .jsonl files it leaves into "
    "local/mewsli_x",
    "xit/translated": "translations of QQP and HellaSwag are not on the Hub: translate the texts "
    "of their training and validation sets (the paper: with OPUS-MT), keep all other columns, and "
    "put them at local/translated/qqp.de/train.parquet, …/validation.parquet and so on",
    "xit/graded": "data of one task in several levels of complexity are made by the lab only",
}


def find(hub: str | None, repo: str) -> Path | None:
    """The directory of `repo`, or None."""
    places = [project() / "local" / repo.removeprefix("xit/")]
    if hub:
        path = Path(hub).expanduser()
        places.insert(0, (path if path.is_absolute() else project() / path) / repo)
    return next((p for p in places if is_directory(p)), None)
