"""Fixtures that several test modules share."""

import os

import pytest
from browser import MISSING, chromium


@pytest.fixture(scope="module")
def browser():
    """Start Chromium, once for each module; where it is missing skip, and fail on a CI machine."""
    with chromium() as started:
        if not started:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(MISSING)
        yield started
