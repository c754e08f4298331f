"""What there is of a dataset or model, on the Hub or a mirror, without reading its rows.

Rows and columns come from the heads of parquet files, or from the dataset card on the Hub. How many
rows there should be is in `upstream.csv`, whose first line says where its numbers are from.
"""

import csv
import json
import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import huggingface_hub
import pyarrow as pa
import pyarrow.parquet as pq
from huggingface_hub.errors import RepositoryNotFoundError

from xit.data import hub
from xit.errors import XitError, unknown

Info = huggingface_hub.ModelInfo | huggingface_hub.DatasetInfo
TIMEOUT = 5  # seconds in which the Hub must answer


class Found(NamedTuple):
    """What is known of a split or a model; None: not known."""

    rows: int | None = None
    columns: list[str] | None = None
    size: int | None = None  # bytes
    cached: bool = False
    licence: str = ""


class Silent(XitError):
    """The Hub does not answer, and its cache does not have it either."""


def split(where: str, repo: str, config: str, name: str, revision: str = "") -> Found:
    """One split of a dataset in hub `where`; XitError if it is missing or cannot be read."""
    if place := hub.location(where, repo, config, name):
        return _in_directory(place, where, repo, config, name)
    return _in_cache(repo, config, name) if silence() else _on_hub(repo, config, name, revision)


def model(name: str) -> Found:
    """A model on the Hub; XitError if there is none of this name with safetensors."""
    if silence():
        try:
            place = huggingface_hub.snapshot_download(name, local_files_only=True)
        except Exception as error:  # not in the cache: many types
            raise Silent(f"the Hub does not answer ({silence()})") from error
        return Found(size=size_of(Path(place)), cached=True)
    info = _info(name, True)
    files = [f for f in info.siblings or [] if f.rfilename.endswith(".safetensors")]
    if not files:
        raise XitError(f"{name} has no safetensors on the Hub; nothing else is loaded")
    return Found(size=sum(f.size or 0 for f in files), licence=_named(info))


def size_of(place: Path) -> int:
    """Bytes of the files in a directory."""
    return sum(f.stat().st_size for f in place.rglob("*") if f.is_file())


def licence(where: str, repo: str) -> str:
    """The licence that the dataset's card names; "" if none, several, or "other"."""
    if where:
        return _one(_card(Path(hub.root(where), repo))[1])
    return "" if silence() else _named(_info(repo, False))


def _named(info: Info) -> str:
    return _one(info.card_data.get("license") if info.card_data else None)


def _one(told: object) -> str:
    return told if isinstance(told, str) and told != "other" else ""


@lru_cache
def upstream() -> dict[tuple[str, str, str], tuple[int, str]]:
    """(rows of the full dataset, its licence) by (repo, config, split)."""
    with (Path(__file__).parent / "upstream.csv").open(encoding="utf-8") as file:
        table = csv.reader(line for line in file if not line.startswith(("#", "repo,")))
        return {(repo, config, name): (int(n), terms) for repo, config, name, n, terms in table}


def _in_directory(place: Path, where: str, repo: str, config: str, name: str) -> Found:
    if (named := _card(place)[0]) and config not in named:  # as `datasets` would say, but at once
        raise unknown(f"config of {repo}:", config, named)
    columns = hub.columns(where, repo, config, name)
    folders = (config, "data", ".") if config == "default" else (config,)
    files = sorted(f for folder in folders for f in (place / folder).glob(f"{name}-*.parquet"))
    if not files:  # another layout, which only `datasets` understands
        return Found(len(hub.load(where, repo, config, name)), columns)
    try:
        rows = sum(pq.read_metadata(f).num_rows for f in files)
    except (OSError, pa.ArrowException) as error:
        raise XitError(f"cannot read {repo} {config} {name}: {error}") from error
    return Found(rows, columns, sum(f.stat().st_size for f in files))


def _card(place: Path) -> tuple[list[str], str]:
    """(configs, licence) that a repository's card names; [] and "" where it does not."""
    file = place / "README.md"
    return _read_card(file, file.stat().st_mtime_ns) if file.exists() else ([], "")


@lru_cache
def _read_card(file: Path, modified: int) -> tuple[list[str], str]:
    head = file.read_text(encoding="utf-8").split("\n---", 1)[0]
    told = re.search(r"^license: *(\S+)$", head, re.MULTILINE)
    named = re.findall(r"config_name: *[\"']?(.*?)[\"']?$", head, re.MULTILINE)
    return named, told[1] if told else ""


@lru_cache
def silence() -> str:
    """Why the Hub does not answer; "" if it does."""
    try:
        session = huggingface_hub.utils.get_session()
        session.head(huggingface_hub.constants.ENDPOINT, timeout=TIMEOUT)
    except Exception as error:  # no network, no name, offline mode, a proxy: many types
        return str(error).partition(" To disable")[0].rstrip(".") or type(error).__name__
    return ""


@lru_cache
def _info(repo: str, is_model: bool, revision: str = "") -> Info:
    api = huggingface_hub.HfApi()
    try:
        if is_model:
            return api.model_info(repo, timeout=TIMEOUT, files_metadata=True)
        return api.dataset_info(
            repo, timeout=TIMEOUT, files_metadata=True, revision=revision or None
        )
    except RepositoryNotFoundError as error:
        raise XitError(f"{repo} is not on the Hub, or not open to you") from error
    except Exception as error:
        raise Silent(f"the Hub does not answer about {repo}") from error


def _on_hub(repo: str, config: str, name: str, revision: str) -> Found:
    info = _info(repo, False, revision)
    about = info.card_data.get("dataset_info") if info.card_data else None
    described = {
        a.get("config_name", "default"): a
        for a in (about if isinstance(about, list) else [about] if about else [])
    }
    files = [f for f in info.siblings or [] if f.rfilename.startswith(f"{config}/{name}-")]
    size = sum(f.size or 0 for f in files) if files else None
    if not described:  # a card without counts
        return Found(size=size)
    if config not in described:
        raise unknown(f"config of {repo}:", config, described)
    rows = {s["name"]: s["num_examples"] for s in described[config]["splits"]}
    if name not in rows:
        raise unknown(f"split of {repo} {config}:", name, rows)
    return Found(rows[name], [f["name"] for f in described[config]["features"]], size)


def _in_cache(repo: str, config: str, name: str) -> Found:
    """What an earlier `load_dataset` left, which it uses when the Hub does not answer."""
    import datasets  # takes a second to load

    owner, _, last = repo.rpartition("/")
    folder = f"{owner}___{datasets.naming.camelcase_to_snakecase(last)}"
    place = Path(datasets.config.HF_DATASETS_CACHE, folder, config)
    for file in sorted(place.glob("*/*/dataset_info.json")):
        told = json.loads(file.read_text(encoding="utf-8"))
        if one := told["splits"].get(name):
            return Found(one["num_examples"], list(told["features"]), one["num_bytes"], True)
    raise Silent(f"{repo} {config} {name} is not in the cache")
