"""The run store: identity is content, and finished work survives whatever happens to the rest."""

import copy
import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xit import runs
from xit.errors import XitError
from xit.runs import Store, checksums, damage, identity, name

SPEC: runs.Spec = {
    "kind": "target",
    "slug": "XNLI after none/seed1",
    "task": "xnli",
    "seed": 1,
    "settings": {"learning_rate": 1e-5, "examples": None},
    "where": {"hub": "lab"},
}

leaves = st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-2, 2) | st.text(max_size=3)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
specs = st.dictionaries(
    st.text(max_size=4).filter(lambda k: k not in ("where", "slug")), values, max_size=4
).map(lambda d: {"kind": "x"} | d)


def bare(value: object) -> object:
    """The value without what does not count."""
    if isinstance(value, dict):
        return {k: bare(v) for k, v in value.items() if v is not None}
    return [bare(v) for v in value] if isinstance(value, list) else value


def shuffled(value: object) -> object:
    """The same with every table's keys in another order and a key more that is None."""
    if isinstance(value, dict):
        return {k: shuffled(v) for k, v in reversed(value.items())} | {"added later": None}
    return [shuffled(v) for v in value] if isinstance(value, list) else value


# -- identity --


@settings(deadline=None, max_examples=80)
@given(specs, st.dictionaries(st.text(max_size=3), leaves, max_size=2))
def test_identity_ignores_order_places_names_and_what_is_none(spec: dict, where: dict) -> None:
    other = shuffled(spec)
    assert isinstance(other, dict)
    assert identity(other | {"where": where, "slug": "other"}) == identity(spec)
    assert len(identity(spec)) == 12
    int(identity(spec), 16)


@settings(deadline=None, max_examples=120)
@given(specs, specs)
def test_identity_tells_any_other_value_apart(one: dict, two: dict) -> None:
    told = [json.dumps(bare(s), sort_keys=True) for s in (one, two)]
    assert (identity(one) == identity(two)) == (told[0] == told[1])


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 2}, {"task": "xquad"}, {"kind": "scores"}, {"parent": "abc"}, {"seed": True},
        {"settings": {"learning_rate": 2e-5}}, {"settings": {}}, {"seed": "1"}, {"recipe": 1},
        {"settings": {"learning_rate": 1e-5, "examples": 0}}, {"data": []}, {"flag": False},
    ],
)  # fmt: skip
def test_identity_changes(change: dict) -> None:
    assert identity(SPEC | change) != identity(SPEC)


def test_identity_does_not_change_between_versions() -> None:
    """A constant: a change here would orphan everybody's finished runs."""
    assert identity({"kind": "target", "task": "xnli", "seed": 1}) == identity(
        {"seed": 1, "task": "xnli", "kind": "target", "where": {}, "new": None}
    )
    assert identity({"kind": "a"}) == "cdf0277585c1"


def test_names_can_be_read() -> None:
    assert name(SPEC) == f"target-xnli-after-none-seed1-{identity(SPEC)}"


# -- making --


class Build:
    """Writes one file and counts how often it was asked."""

    def __init__(self, text: str = "work") -> None:
        self.count, self.text = 0, text

    def __call__(self, out: Path) -> None:
        assert list(out.iterdir()) == []
        self.count += 1
        (out / "deep").mkdir()
        (out / "deep" / "work.txt").write_text(self.text)


def made(store: Store, build: Callable[[Path], None]) -> tuple[Path, bool]:
    result = store.make(SPEC, build)
    assert result
    return result


def rest(root: Path) -> list[str]:
    """What is in the store but locks and notes."""
    return sorted(p.name for p in root.iterdir() if p.name not in (".locks", ".sound"))


def test_making_twice_builds_once(tmp_path: Path) -> None:
    build = Build()
    path, hit = made(Store(tmp_path), build)
    assert not hit
    assert json.loads((path / "spec.json").read_text()) == SPEC
    assert set(json.loads((path / "manifest.json").read_text())) == {
        "deep/work.txt",
        "made.json",
        "spec.json",
    }
    again = Store(tmp_path)
    assert again.find(SPEC) == path == again.path(SPEC)
    assert made(again, build) == (path, True)
    assert made(again, build) == (path, True)
    assert build.count == 1
    assert rest(tmp_path) == [path.name]


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    assert Store(tmp_path / "none").find(SPEC) is None


def test_another_spec_is_another_run(tmp_path: Path) -> None:
    store = Store(tmp_path)
    one, _ = made(store, Build("one"))
    two = store.make(SPEC | {"seed": 2}, Build("two"))
    assert two and two[0] != one
    assert (one / "deep/work.txt").read_text() == "one"


def fail(out: Path) -> None:
    (out / "half.txt").write_text("half")
    raise RuntimeError("no luck")


def interrupt(out: Path) -> None:
    (out / "half.txt").write_text("half")
    raise KeyboardInterrupt


@pytest.mark.parametrize(("build", "error"), [(fail, RuntimeError), (interrupt, KeyboardInterrupt)])
def test_what_fails_leaves_nothing(
    tmp_path: Path, build: Callable[[Path], None], error: type[BaseException]
) -> None:
    store = Store(tmp_path)
    with pytest.raises(error):
        store.make(SPEC, build)
    assert rest(tmp_path) == []
    assert store.find(SPEC) is None
    assert not made(store, Build())[1]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_no_space_is_one_line(tmp_path: Path, code: int) -> None:
    def full(out: Path) -> None:
        (out / "half.txt").write_text("half")
        raise OSError(code, os.strerror(code))

    with pytest.raises(XitError, match=r"no space left for .*: free some") as error:
        Store(tmp_path).make(SPEC, full)
    assert "\n" not in str(error.value)
    assert rest(tmp_path) == []


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS, errno.EPERM])
def test_no_permission_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(XitError, match="cannot write in") as error:
        Store(tmp_path).make(SPEC, Build())
    assert "\n" not in str(error.value)


def test_no_space_while_the_work_is_moved_into_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        with pytest.raises(XitError, match="no space left"):
            Store(tmp_path).make(SPEC, Build())
    assert rest(tmp_path) == []


def test_other_errors_of_the_system_are_passed_on(tmp_path: Path) -> None:
    def lost(out: Path) -> None:
        raise FileNotFoundError(errno.ENOENT, "gone", "data.csv")

    with pytest.raises(FileNotFoundError, match=r"data\.csv"):
        Store(tmp_path).make(SPEC, lost)


# -- damage --


def shorten(path: Path) -> None:
    file = path / "deep" / "work.txt"
    file.write_text(file.read_text()[:-1])


def flip(path: Path) -> None:
    (path / "deep" / "work.txt").write_text("walk")  # as long as before


def remove(path: Path) -> None:
    (path / "deep" / "work.txt").unlink()


def unlist(path: Path) -> None:
    (path / "manifest.json").unlink()


def garble(path: Path) -> None:
    (path / "manifest.json").write_text('{"deep/work.txt": [4,')


def empty(path: Path) -> None:
    (path / "manifest.json").write_text("")


def other_json(path: Path) -> None:
    (path / "manifest.json").write_text("[]")


def nothing_listed(path: Path) -> None:
    (path / "manifest.json").write_text("{}")


@pytest.mark.parametrize(
    "harm", [shorten, flip, remove, unlist, garble, empty, other_json, nothing_listed]
)
def test_what_is_damaged_is_moved_aside_and_done_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], harm: Callable[[Path], None]
) -> None:
    path, _ = made(Store(tmp_path), Build())
    harm(path)
    left = {p.name: p.read_bytes() for p in path.rglob("*") if p.is_file()}
    store, build = Store(tmp_path), Build()
    assert store.find(SPEC) is None
    assert made(store, build) == (path, False)
    told = capsys.readouterr().out
    assert told.startswith(f"run {path.name} is damaged") and told.count("\n") == 1
    assert build.count == 1
    [aside] = (tmp_path / "damaged").iterdir()
    assert {p.name: p.read_bytes() for p in aside.rglob("*") if p.is_file()} == left
    assert damage(path) is None


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files as old as those of a run that has been there for a while."""
    monkeypatch.setattr(runs, "SETTLED", -60.0)


def test_a_run_is_read_through_once(
    tmp_path: Path, settled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _ = made(Store(tmp_path), Build())
    assert Store(tmp_path).find(SPEC) == path
    monkeypatch.setattr(runs, "damage", lambda path: pytest.fail(f"{path} is read again"))
    assert Store(tmp_path).find(SPEC) == path


def test_a_fresh_run_is_read_through_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within a tick of the clock a file may change and keep its times."""
    monkeypatch.setattr(runs, "SETTLED", 3600.0)  # also where the tests themselves are slow
    path, _ = made(Store(tmp_path), Build())
    assert Store(tmp_path).find(SPEC) == path
    assert not (tmp_path / ".sound").exists()


@pytest.mark.parametrize(
    "harm", [shorten, flip, remove, unlist, garble, empty, other_json, nothing_listed]
)
def test_what_is_damaged_after_it_was_read_through_is_found(
    tmp_path: Path, settled: None, harm: Callable[[Path], None]
) -> None:
    path, _ = made(Store(tmp_path), Build())
    assert Store(tmp_path).find(SPEC) == path
    time.sleep(0.02)
    harm(path)
    assert Store(tmp_path).find(SPEC) is None
    assert made(Store(tmp_path), Build()) == (path, False)
    assert Store(tmp_path).find(SPEC) == path


def test_half_a_note_is_none(tmp_path: Path, settled: None) -> None:
    path, _ = made(Store(tmp_path), Build())
    assert Store(tmp_path).find(SPEC) == path
    [note] = (tmp_path / ".sound").iterdir()
    whole = note.read_bytes()
    for cut in (b"", whole[:20], b"\xff\xfe"):
        note.write_bytes(cut)
        assert Store(tmp_path).find(SPEC) == path and note.read_bytes() == whole


def test_damaged_again_and_again(tmp_path: Path) -> None:
    """Each of the damaged ones is kept."""
    for time_ in range(4):
        path, hit = made(Store(tmp_path), Build())
        assert not hit
        assert len(list(tmp_path.glob("damaged/*"))) == time_
        flip(path)


def test_what_is_damaged_where_nothing_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _ = made(Store(tmp_path), Build())
    flip(path)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(XitError, match=r"cannot (write|be moved)") as error:
        Store(tmp_path).make(SPEC, Build())
    assert "\n" not in str(error.value)


def test_a_directory_without_anything_is_not_a_run(tmp_path: Path) -> None:
    Store(tmp_path).path(SPEC).mkdir(parents=True)
    assert not made(Store(tmp_path), Build())[1]


def test_checksums(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.txt").write_text("abc")
    (tmp_path / "manifest.json").write_text("{}")
    told = checksums(tmp_path)
    assert list(told) == ["a/b.txt"]
    assert told["a/b.txt"][0] == 3
    assert len(told["a/b.txt"][1]) == 32


# -- several processes --

WORKER = """
import sys, time
from pathlib import Path
from xit.runs import Store
root, spec, seconds = Path(sys.argv[1]), {spec!r}, float(sys.argv[2])

def build(out):
    (out / "half.txt").write_text("half")
    with (root.parent / "log").open("a") as log:
        log.write("began\\n")
    time.sleep(seconds)
    (out / "work.txt").write_text("work")

path, hit = Store(root).make(spec, build)
print("hit" if hit else "made")
"""


def worker(root: Path, seconds: float) -> subprocess.Popen:
    code = WORKER.format(spec=SPEC)
    return subprocess.Popen(
        [sys.executable, "-c", code, str(root), str(seconds)], stdout=subprocess.PIPE, text=True,
        cwd=Path(__file__).resolve().parents[1],
    )  # fmt: skip


def wait_for(happened: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def test_two_processes_at_once_build_once(tmp_path: Path) -> None:
    children = [worker(tmp_path / "runs", 0.5) for _ in range(3)]
    told = sorted(c.communicate(timeout=60)[0].strip() for c in children)
    assert told == ["hit", "hit", "made"]
    assert (tmp_path / "log").read_text() == "began\n"


def test_killed_in_the_middle_leaves_nothing_to_be_read(tmp_path: Path) -> None:
    root, log = tmp_path / "runs", tmp_path / "log"
    child = worker(root, 60)
    wait_for(log.exists)
    store = Store(root)
    assert store.make(SPEC, Build(), wait=False) is None  # somebody is at it
    child.send_signal(signal.SIGKILL)
    child.communicate(timeout=60)
    assert [n for n in rest(root) if not n.startswith(".new-")] == []
    assert store.find(SPEC) is None
    path, hit = made(store, Build())
    assert not hit
    assert rest(root) == [path.name]  # what was half done is gone
    assert damage(path) is None


def test_a_process_that_waits_gets_what_the_other_made(tmp_path: Path) -> None:
    """Also when the first one is killed: then the second does it."""
    root, log = tmp_path / "runs", tmp_path / "log"
    first = worker(root, 60)
    wait_for(log.exists)
    second = worker(root, 0)
    time.sleep(0.3)
    first.kill()
    first.communicate(timeout=60)
    assert second.communicate(timeout=60)[0].strip() == "made"
    assert log.read_text() == "began\nbegan\n"


def test_nothing_finished_is_overwritten(tmp_path: Path) -> None:
    """Every change of the spec, every damage and failure: earlier files stay as they were."""
    store = Store(tmp_path)
    path, _ = made(store, Build("first"))
    before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in path.rglob("*") if p.is_file()}
    spec = copy.deepcopy(SPEC)
    for seed in (2, 3):
        store.make(spec | {"seed": seed}, Build("later"))
    with pytest.raises(RuntimeError):
        store.make(spec | {"seed": 4}, fail)
    Store(tmp_path).make(spec, Build("again"))
    after = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in path.rglob("*") if p.is_file()}
    assert after == before
