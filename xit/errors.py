"""Errors meant for the person at the keyboard: one line, no traceback."""

import difflib
import errno
import os
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

LONG = 4_000  # characters of a message; a value that is longer is told by its beginning


class XitError(Exception):
    """Something the user can put right; the message says what and how."""

    def __str__(self) -> str:
        text = super().__str__()
        text = text.encode("utf-8", "backslashreplace").decode()  # names of files may be any bytes
        return text if len(text) <= LONG else f"{text[:LONG]} … ({len(text):,} characters in all)"


def unknown(what: str, value: object, known: Iterable[object]) -> XitError:
    """The error for a name that is not among `known`, with the nearest one that is."""
    names = [str(k) for k in known]
    near = difflib.get_close_matches(str(value)[:200], names, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}?" if near else f"expected one of: {', '.join(names)}"
    return XitError(f"unknown {what} {value!r}: {hint}")


def checked_name(text: str, what: str) -> str:
    """`text` itself, a name from data (`what` tells which) that stands in running text, in figures
    and in paths; XitError where it holds what has a meaning in one of them, or cannot be seen.
    """
    odd = re.search(r"[][<>{}`$|*\\/]|\.\.", text)
    found = odd[0] if odd else next((c for c in text if unicodedata.category(c)[0] == "C"), "")
    if found or len(text) > 100:
        why = f"no {found!a}" if found else f"at most 100 characters, has {len(text):,}"
        raise XitError(f"{what} {text[:100]!r}: expected a name in plain words, {why}")
    return text


def storage(error: BaseException, place: Path) -> XitError | None:
    """A clear error where `place` is full or cannot be written to; None for any other error.

    safetensors and Arrow wrap the system's error, so their words count, too.
    """
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.ENOSPC, errno.EDQUOT) or "No space left" in str(error):
        return XitError(
            f"no space left for {place}: free some and start again, nothing finished is lost"
        )
    if number == errno.EFBIG or "File too large" in str(error):
        return XitError(f"a file in {place} may not be this large here: see `ulimit -f`")
    if number in (errno.EACCES, errno.EROFS, errno.EPERM):
        return XitError(f"cannot write in {place}: {os.strerror(number or 0)}")
    return None
