import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from xit.report import launch


@pytest.fixture
def origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A checkout without an origin."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    monkeypatch.setattr(launch, "project", lambda: tmp_path)
    launch._origin.cache_clear()
    yield tmp_path
    launch._origin.cache_clear()


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/a-b/c.d.git",
        "https://github.com/a-b/c.d",
        "https://token@github.com/a-b/c.d/",
        "git@github.com:a-b/c.d.git",
        "ssh://git@github.com/a-b/c.d.git",
    ],
)
def test_a_clone_from_github_opens_in_binder(origin: Path, url: str) -> None:
    subprocess.run(["git", "-C", str(origin), "remote", "add", "origin", url], check=True)
    expected = "https://mybinder.org/v2/gh/a-b/c.d/HEAD?labpath=notebooks%2F04_results.ipynb"
    assert launch.address("04_results.ipynb") == expected


@pytest.mark.parametrize("url", ["/srv/xit", "../xit", "https://example.org/a/b.git", ""])
def test_another_clone_has_no_such_address(origin: Path, url: str) -> None:
    if url:
        subprocess.run(["git", "-C", str(origin), "remote", "add", "origin", url], check=True)
    assert launch.address("04_results.ipynb") == ""


def test_an_archive_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "project", lambda: tmp_path)
    launch._origin.cache_clear()
    assert launch.address("04_results.ipynb") == ""
    launch._origin.cache_clear()
