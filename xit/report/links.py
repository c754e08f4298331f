"""Where the pages of a study lie beside each other, for drawings whose names lead to them."""

from xit.study import Study


def to_pages(study: Study, up: str = "") -> dict[str, str]:
    """Task or language → the page that shows it alone; `up`: the way from the page with the link
    to the folder of the study's pages, as "../"."""
    told = {task: f"{up}target/{task}.html" for task in study.intermediate}
    told |= {task: f"{up}by_target/{task}.html" for task in study.targets}
    return told | {code: f"{up}by_language/{code}.html" for code in study.every_language()}
