"""What a notebook shows that is drawn in HTML: heat maps and dots made of tables."""

from collections.abc import Sequence

import pandas as pd
from IPython.display import display


def show(text: str, frame: pd.DataFrame) -> None:
    """Show the drawing `text`; the `frame` behind it is kept beside it as CSV."""
    display({"text/html": text, "text/csv": frame.to_csv(index=False)}, raw=True)


def beside(drawings: Sequence[str]) -> str:
    """Several drawings as one: beside each other where there is room."""
    return f'<div class="drawings">{"".join(f"<div>{text}</div>" for text in drawings)}</div>'
