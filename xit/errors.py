"""Errors meant for the person at the keyboard: one line, no traceback."""

import difflib
from collections.abc import Iterable


class XitError(Exception):
    """Something the user can put right; the message says what and how."""


def unknown(what: str, value: object, known: Iterable[object]) -> XitError:
    """The error for a name that is not among `known`, with the nearest one that is."""
    names = [str(k) for k in known]
    near = difflib.get_close_matches(str(value), names, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}?" if near else f"expected one of: {', '.join(names)}"
    return XitError(f"unknown {what} {value!r}: {hint}")
