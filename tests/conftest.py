"""Fixtures for the tests that look at a built site."""

import os

import pytest

from tests.browser import CHROMIUM


@pytest.fixture
def needs_chromium() -> None:
    """Skips a test where there is no Chromium; in continuous integration that is a failure."""
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("chromium is not installed")
        pytest.skip("needs chromium (Debian: apt-get install chromium)")
