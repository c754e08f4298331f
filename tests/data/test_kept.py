"""What is kept of rows: found once, by the state of files; found again where it cannot be kept."""

from pathlib import Path

from xit.data import kept


def test_a_value_is_found_once_for_a_state_of_the_files(tmp_path: Path) -> None:
    asked: list[int] = []

    def find() -> str:
        asked.append(1)
        return f"found {len(asked)}"

    one, other = str(tmp_path / "one"), str(tmp_path / "other")
    assert [kept.value([one], "a", find) for _ in range(2)] == ["found 1"] * 2
    assert kept.value([one], "b", find) == "found 2"
    assert kept.value([other], "a", find) == "found 3"
    assert kept.value([one, other], "a", find) == "found 4"


def test_what_cannot_be_kept_is_found_again(tmp_path: Path) -> None:
    (tmp_path / "file").touch()  # where the directory would have to be
    told = iter("ab")
    place = str(tmp_path / "file" / "state")
    assert [kept.value([place], "x", lambda: next(told)) for _ in range(2)] == ["a", "b"]


def test_an_empty_file_is_no_value(tmp_path: Path) -> None:
    """As a machine leaves it that loses its power."""
    assert kept.value([str(tmp_path)], "x", lambda: "a") == "a"
    [file] = tmp_path.iterdir()
    file.write_text("")
    assert kept.value([str(tmp_path)], "x", lambda: "b") == "b"


def test_a_state_is_that_of_all_files(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    before = kept.state(tmp_path)
    (tmp_path / "deep" / "rows.parquet").write_text("1")
    there = kept.state(tmp_path)
    (tmp_path / "deep" / "rows.parquet").write_text("12")
    assert len({before, there, kept.state(tmp_path)}) == 3
