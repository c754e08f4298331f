"""Texts that mean harm or are damaged, and what an error about such has to be like."""

from xit.errors import LONG, XitError

SCRIPT = "<script>window.hit=1;alert(1)</script>"
TEXTS = [
    "", " ", "\n", "\t\r\n", "\x00", "a\x00b", "\x1b[31mred\x1b[0m", "\x07\x08\x7f",
    "\u202eevil\u202c", "\u2066\u2069\u200f\u200b\ufeff", "שלום עולם", "مرحبا", "𝕏𝕏",
    "e\u0301" * 20, SCRIPT, "<img src=x onerror=alert(1)>", "\"><svg/onload=alert(1)>",
    "' onmouseover='alert(1)", "</td></table><iframe src=javascript:alert(1)>", "<!--", "]]>",
    "&lt;script&gt;", "{{7*7}}", "${jndi:x}", "`id`", "$(touch pwned)", "; rm -rf x", "| cat",
    "..", "../..", "../../../etc/passwd", "/etc/passwd", "/", "~root", "~nobody-at-all/x", ".",
    "a/../../b", "..\\..\\b", "C:\\x", "file:///etc/passwd", "%2e%2e/", "-rf", "--help", "con",
    "a" * 5_000, "x" * 1_000_000, "NaN", "nan", "inf", "-inf", "1e400", "9" * 5_000, "-1", "0",
    "1_000", "１２", "0x10", "none", "null", "true", "[]", "{}", "a=b", "=", "a b",
    "[link](javascript:alert(1))", "{raw}`x`", "```{eval-rst}\n```",
    "!!python/object/apply:os.system ['touch pwned']",
]  # fmt: skip


def clear(error: XitError) -> None:
    """One line, not too long for a terminal, that can be written there."""
    text = str(error)
    assert text and "\n" not in text and len(text) < LONG + 100, text[:300]
    text.encode("utf-8")
