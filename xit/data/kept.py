"""What was once found out about a local repository's rows, kept on disk: reading takes a while.

kept.value([kept.state(place)], asked, find)  # what `find` says, found once for these files
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from xit.paths import project


def code_of(*files: str) -> str:
    """16 hex digits over the modules `files`: what is kept of their work goes by it."""
    digest = hashlib.blake2b(digest_size=8)
    for file in files:
        digest.update(Path(file).read_bytes())
    return digest.hexdigest()


def state(repo: Path) -> str:
    """A cache of its own for every local repository and state of its files.

    `datasets` names the cache of a local directory by the directory's last name and its card, so
    two mirrors with the same repository would silently share one copy: whichever was read first.
    """
    root = str(repo.resolve())
    digest = hashlib.blake2b(root.encode(), digest_size=8)
    for file in _files(root):
        told = file.stat()
        line = f"{file.path[len(root) :]} {told.st_size} {told.st_mtime_ns}\n"
        digest.update(line.encode(errors="surrogateescape"))
    return str(project() / "runs" / "cache" / digest.hexdigest())


def _files(folder: str) -> Iterator["os.DirEntry[str]"]:
    """All files below `folder`, in one order; a page asks a hundred times: pathlib takes long."""
    try:
        entries = sorted(os.scandir(folder), key=lambda e: e.name)
    except PermissionError:  # nothing in it can be read: as pathlib has it
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _files(entry.path)
        elif entry.is_file():
            yield entry


def value(states: Sequence[str], asked: object, find: Callable[[], str]) -> str:
    """What `find` says, which depends on `asked` and on files in these `states` alone."""
    key = hashlib.blake2b(json.dumps(asked).encode(), digest_size=8).hexdigest()
    file = Path(states[0]) / f"found-{key}-{'-'.join(Path(s).name[:6] for s in states[1:])}.txt"
    if file.exists() and (told := file.read_text()):
        return told
    found = find()
    with contextlib.suppress(OSError):  # a full or read-only disk: it is found again
        file.parent.mkdir(parents=True, exist_ok=True)
        new = file.with_suffix(f".{os.getpid()}")
        new.write_text(found)
        new.replace(file)
    return found
