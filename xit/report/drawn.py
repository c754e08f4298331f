"""What a notebook shows that is drawn in HTML: heat maps and dots made of tables."""

from collections.abc import Sequence

from IPython.display import HTML, display


def show(text: str) -> None:
    """Show the drawing `text`; caption and name are in the cell's metadata, as of a figure."""
    display(HTML(text))


def beside(drawings: Sequence[str]) -> str:
    """Several drawings as one: beside each other where there is room."""
    return f'<div class="drawings">{"".join(f"<div>{text}</div>" for text in drawings)}</div>'
