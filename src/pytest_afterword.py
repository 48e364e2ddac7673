"""The plugin of pytest: an application that was given no store runs its tasks in the test process, and starts no worker.

That is a flag in this process, never in the environment, so that a server which a test starts as a process is real. Nothing
of afterword is imported before a test asks for a fixture or the application itself imports it: a plugin that did would slow
down every test run, and hide its own modules from whoever measures coverage.
"""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from afterword.testing import Captured, Drain

_runs: list[tuple[int, str]] = []
"""The test runs of this process, the innermost last: its pid and its store."""


def store() -> str | None:
    """What this test run says about the store: a URL, or "default" for that of a production; None where none is under way,
    as in a server that was forked by a test."""
    if not _runs:
        return None
    pid, chosen = _runs[-1]
    return chosen if pid == os.getpid() else None


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(
        "afterword_store",
        'Where applications that were given no store put their background tasks in tests: "inline" (run after the response), '
        '"inline-strict" (the same, but refuse what could not be written down), "default" (as in production), or a URL.',
        default="inline",
    )


def pytest_configure(config: pytest.Config) -> None:
    _runs.append((os.getpid(), config.getini("afterword_store")))


def pytest_unconfigure() -> None:
    _runs.pop()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    # Where each test has a process of its own (pytest-forked), that one is the test run.
    _runs[-1] = (os.getpid(), _runs[-1][1])


@pytest.fixture
def afterword_inline() -> Iterator[None]:
    """All tasks run in this process after the response, whatever store the application was given."""
    from afterword.testing import inline

    with inline():
        yield


@pytest.fixture
def afterword_strict() -> Iterator[None]:
    """As `afterword_inline`, but what could not be written down is refused, and arguments make the way through JSON."""
    from afterword.testing import inline

    with inline(strict=True):
        yield


@pytest.fixture
def afterword_captured() -> "Iterator[list[Captured]]":
    """What is added is not run: it is in this list when its response has been sent."""
    from afterword.testing import capture

    with capture() as captured:
        yield captured


@pytest.fixture
def afterword_drain() -> "Iterator[Drain]":
    """What is added rests in memory until the test calls this; then it is run until nothing is left, retries without pauses."""
    from afterword.testing import drain

    with drain() as waiting:
        yield waiting
