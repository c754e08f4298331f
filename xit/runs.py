"""The run store: finished work under names that are hashes of what went into it.

A run's directory is `runs/<kind>-<slug>-<hash>/`. It is written beside, checksummed, then renamed,
under a file lock; so a directory with that name is finished work, whatever was killed when. What
is damaged later is moved aside, never deleted, and done again. A run is read through before it is
used, once: then `.sound/` says in what state its files were, by their sizes, numbers and times.
"""

import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from xit import machine
from xit.errors import XitError, storage

MANIFEST = "manifest.json"
MADE = "made.json"  # how long it took to make and on what, for those who want to do it again
SETTLED = 2.0  # seconds after which a file that is written again has another time
SLOW = 20.0  # seconds after which who waits for another process says so
STATE = "checkpoint-{}"  # part of a run's directory: a state of the model on the way, from 1
LOCATION = "where"  # the part of a spec that says where things lie; not part of its identity
Say = Callable[[str], None]  # told of progress while a run is made
Spec = dict  # JSON-able: kind, slug, recipe, and all that determines the result


def identity(spec: Spec) -> str:
    """12 hex digits over the spec; keys that are None do not count, so new ones can be added."""

    def bare(value: object) -> object:
        if isinstance(value, dict):
            return {k: bare(v) for k, v in value.items() if v is not None}
        return [bare(v) for v in value] if isinstance(value, list | tuple) else value

    told = bare({k: v for k, v in spec.items() if k not in (LOCATION, "slug")})
    text = json.dumps(told, sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def name(spec: Spec) -> str:
    """`<kind>-<slug>-<hash>`."""
    slug = re.sub(r"[^a-z0-9_]+", "-", str(spec.get("slug", "")).lower()).strip("-")
    return f"{spec['kind']}-{slug}-{identity(spec)}"


def checksums(directory: Path) -> dict[str, list]:
    """Relative path → [size in bytes, digest] of every file but the manifest."""
    files = sorted(p for p in directory.rglob("*") if p.is_file() and p.name != MANIFEST)
    return {str(p.relative_to(directory)): [p.stat().st_size, _digest(p)] for p in files}


def _digest(path: Path) -> str:
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


class Store:
    """The runs below `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._checked: set[str] = set()  # verified by this process already

    def path(self, spec: Spec) -> Path:
        """Where the run of `spec` is or will be."""
        return self.root / name(spec)

    def find(self, spec: Spec) -> Path | None:
        """The finished, undamaged run of `spec`, or None."""
        return self.sound(name(spec))

    def sound(self, run: str) -> Path | None:
        """The finished run called `run`, or None if it is not there or damaged."""
        path = self.root / run
        if run not in self._checked and not (path.is_dir() and self._whole(path)):
            return None
        self._checked.add(run)
        return path if path.is_dir() else None

    def _whole(self, path: Path) -> bool:
        """Whether the run is undamaged; read through unless it is as when it last was."""
        note, began = self.root / ".sound" / path.name, time.time()
        try:
            now, newest = _state(path)
            if note.exists() and note.read_bytes() == now:
                return True
        except OSError:  # who may not read it is told why
            return damage(path) is None
        if damage(path) is not None:
            return False
        if newest < began - SETTLED:  # else the next change might not show in a file's times
            with suppress(OSError):  # a full or read-only disk: it is read through again
                note.parent.mkdir(exist_ok=True)
                note.write_bytes(now)
        return True

    def _set_aside(self, path: Path) -> None:
        """Move a damaged run out of the way; only under its lock, or it could be a fresh one."""
        fault, aside = damage(path), self.root / "damaged"
        aside.mkdir(exist_ok=True)
        free = next(n for n in range(10**6) if not (aside / f"{path.name}-{n}").exists())
        path.rename(aside / f"{path.name}-{free}")
        print(f"run {path.name} is damaged ({fault}); moved to {aside.name}/, done again")

    def make(
        self, spec: Spec, build: Callable[[Path], None], wait: bool = True
    ) -> tuple[Path, bool] | None:
        """(directory, whether it was there already); `build` fills an empty directory.

        Another process that makes the same run is waited for; with `wait=False` the answer is then
        None at once. XitError when there is no space or no permission.
        """
        if found := self.find(spec):
            return found, True
        path = self.path(spec)
        locks = self.root / ".locks"
        try:
            locks.mkdir(parents=True, exist_ok=True)
            with _held(locks / f"{path.name}.lock", wait):
                if found := self.find(spec):
                    return found, True
                if path.exists():
                    self._set_aside(path)
                for left in self.root.glob(f".new-{path.name}-*"):  # of a killed process
                    shutil.rmtree(left, ignore_errors=True)
                new = self.root / f".new-{path.name}-{os.getpid()}"
                try:
                    self._fill(new, spec, build)
                    new.rename(path)
                finally:
                    shutil.rmtree(new, ignore_errors=True)
        except Timeout:
            return None
        except Exception as error:
            if told := storage(error, self.root):
                raise told from error
            raise
        self._checked.add(path.name)
        return path, False

    def _fill(self, new: Path, spec: Spec, build: Callable[[Path], None]) -> None:
        new.mkdir(parents=True)
        began = time.monotonic()
        build(new)
        took = {"seconds": round(time.monotonic() - began, 2)}
        (new / MADE).write_text(json.dumps(took | {"on": machine.here()}) + "\n")
        (new / "spec.json").write_text(json.dumps(spec, indent=1, ensure_ascii=False) + "\n")
        (new / MANIFEST).write_text(json.dumps(checksums(new), indent=1) + "\n")
        for file in new.rglob("*"):
            if file.is_file():
                with file.open("rb") as handle:
                    os.fsync(handle.fileno())


@contextmanager
def _held(file: Path, wait: bool) -> Iterator[None]:
    """The lock `file`; Timeout where another process has it and we do not `wait`.

    The system drops a lock with its process, so that none is left by a killed one, but where a
    file system knows no locks the file itself is the lock, and may be left by another machine.
    """
    lock = FileLock(str(file), timeout=SLOW if wait else 0)
    try:
        lock.acquire()
    except Timeout:
        if not wait:
            raise
        told = f"run {file.stem} is being made by another process: waiting for it"
        print(f"{told} (if there is none on any machine, delete {file})", flush=True)
        lock.acquire(timeout=-1)
    try:
        yield
    finally:
        lock.release()


def _state(directory: Path) -> tuple[bytes, float]:
    """(every file's path, size, number and times; the latest time), without reading the files."""
    lines, newest = [], 0.0
    for folder, _, files in os.walk(directory):
        for file in files:
            told = os.stat(at := os.path.join(folder, file))  # noqa: PTH116, PTH118 (a third of the time)
            newest = max(newest, told.st_mtime, told.st_ctime)
            lines.append(f"{at} {told.st_size} {told.st_ino} {told.st_mtime_ns} {told.st_ctime_ns}")
    return os.fsencode("\n".join(sorted(lines))), newest


def damage(path: Path) -> str | None:
    """What is wrong with a finished run, or None; XitError if we may not read it: it is another's,
    and not to be done again."""
    try:
        expected = json.loads((path / MANIFEST).read_text())
        present = checksums(path)
    except PermissionError as error:
        raise XitError(
            f"cannot read run {path.name} in {path.parent}: {error.strerror}; its owner can allow "
            "it, with `chmod -R a+rX`"
        ) from error
    except (OSError, ValueError) as error:
        return f"manifest: {error}"
    if not isinstance(expected, dict) or "spec.json" not in expected:
        return "manifest: lists no files"
    for file, told in expected.items():
        if present.get(file) != told:
            return f"{file} {'missing' if file not in present else 'changed'}"
    return None
