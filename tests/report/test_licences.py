"""Each dataset's licence is shown, from its card or the table of the full datasets."""

from xit import study as studies
from xit.report import licences
from xit.report.licences import NOT_STATED


def test_every_dataset_of_the_lab_is_ours() -> None:
    told = licences.table(studies.load("smoke"))
    assert list(told.columns) == ["dataset", "licence", "read by"]
    assert set(told["licence"]) == {"mit"} and not told["dataset"].duplicated().any()
    assert "nyu-mll/glue" in set(told["dataset"])


def test_natural_data_have_their_owners_terms() -> None:
    """Without an answer from the Hub: as the table of the full datasets has them, or not stated."""
    told = licences.of(studies.load("paper", ""))
    terms = {repo: licence for repo, (licence, _) in told.items()}
    assert terms["facebook/xnli"].startswith("cc-by-nc-4.0")
    assert all(terms.values())
    assert set(terms.values()) - {NOT_STATED}


def test_a_page_lists_what_its_tasks_read() -> None:
    smoke = studies.load("smoke")
    [line] = licences.lines(smoke, ["ccg", None, "no such task"])
    assert line.endswith(": mit")
    assert licences.lines(smoke, []) == []
