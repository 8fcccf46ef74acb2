"""Fixtures that several test modules share."""

import os
import re

import pytest

from assignments.isolation import NoIsolation
from assignments.sandbox import find_isolation
from tools.browser import MISSING, chromium

collect_ignore = ["hostile"]  # programs that are run behind walls only
NO_WALLS = "no bubblewrap that works here; on Debian `apt-get install bubblewrap`"
RUNS_CHAPTER = re.compile(r"tests/(?:seen/test_(\w+)\.py::|test_explore\.py::\w+_in_the_book_\w+\[(\w+)\])")
NEED_MORE = (
    "tests/test_site.py",
    "tests/test_moves.py",
    "tests/test_jupyterlab.py",
    "tests/test_grading.py",
    "tests/test_hostile.py",
)


@pytest.fixture(scope="module")
def browser():
    """Start Chromium, once for each module; where it is missing skip, and fail on a CI machine."""
    with chromium() as started:
        if not started:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(MISSING)
        yield started


@pytest.fixture(scope="session")
def walls():
    """Return the walls around student code; where this machine has none skip, and fail on a CI machine."""
    try:
        return find_isolation()
    except NoIsolation:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(NO_WALLS)


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items):
    """Mark the tests before they are chosen by their marks, and sort those that are chosen."""
    for item in items:
        _mark_by_need(item)
    yield
    _keep_open_pages_together(items)


def _mark_by_need(item):
    """Mark a test by what it needs, and as quick if it needs nothing."""
    for mark, fixture in (("browser", "browser"), ("sandbox", "walls")):
        if fixture in getattr(item, "fixturenames", ()):
            item.add_marker(mark)
    if item.path.suffix == ".ipynb" or item.path.parent.name == "seen":
        item.add_marker("notebook")
    if not any(item.get_closest_marker(mark) for mark in ("browser", "sandbox", "notebook", "course")):
        item.add_marker("quick")


def _keep_open_pages_together(items):
    """Let the tests that share an open page follow each other, so that it is opened only once."""

    def opened(item):
        params = item.callspec.params if hasattr(item, "callspec") else {}
        return (item.path, params["tab"]) if "tab" in params else item

    first = {}
    for place, item in enumerate(items):
        first.setdefault(opened(item), place)
    items.sort(key=lambda item: first[opened(item)])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """With ``--dist loadfile`` keep together not only a file, but also what runs a chapter, so that it runs once."""
    from xdist.scheduler import LoadFileScheduling

    class ByFileOrChapter(LoadFileScheduling):
        def _split_scope(self, nodeid):
            runs = RUNS_CHAPTER.match(nodeid)
            return runs[1] or runs[2] if runs else super()._split_scope(nodeid)

    return ByFileOrChapter(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_terminal_summary(terminalreporter):
    """Say once, and without being asked, why tests were skipped that need a browser or walls."""
    skipped = [test for test in terminalreporter.stats.get("skipped", []) if test.nodeid.startswith(NEED_MORE)]
    for reason in sorted({test.longrepr[2] for test in skipped}):
        terminalreporter.write_line(reason)
