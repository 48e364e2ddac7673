"""The plugin of pytest: an application that was given no store runs its tasks in the test process, and starts no worker.

That is a flag in this process, never in the environment, so that a server which a test starts as a process is real. Nothing
of afterword is imported before a test asks for a fixture or the application itself imports it: a plugin that did would slow
down every test run, and hide its own modules from whoever measures coverage.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from afterword.testing import Captured, Drain

_SQLITE = "sqlite:///"
_WORDS = ("inline", "inline-strict", "default", "memory")


@dataclass(eq=False)
class _Run:
    """A test run: the process that its tests run in, and its store."""

    config: pytest.Config
    pid: int
    store: str


_runs: list[_Run] = []
"""Those of this process, the innermost last: a test may run others in it."""


def store() -> str | None:
    """What this test run says about the store: a URL, or "default" for that of a production; None where none is under way,
    as in a server that was forked by a test."""
    return _runs[-1].store if _runs and _runs[-1].pid == os.getpid() else None


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(
        "afterword_store",
        'Where applications that were given no store put their background tasks in tests: "inline" (run after the response), '
        '"inline-strict" (the same, but refuse what could not be written down), "default" (as in production), or a URL.',
        default="inline",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    # Before the conftests: one may start the application when it is imported.
    _begin(early_config)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    _begin(config)  # Where a conftest names this plugin, it comes too late for the hook above.


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    # Where each test has a process of its own (pytest-forked), that one is the test run.
    for run in _runs:
        if run.config is item.config:
            run.pid = os.getpid()


def _begin(config: pytest.Config) -> None:
    if all(run.config is not config for run in _runs):
        run = _Run(config, os.getpid(), _from(config.rootpath, config.getini("afterword_store")))
        _runs.append(run)
        config.add_cleanup(partial(_runs.remove, run))  # Also called for a run that never came to its tests.


def _from(root: Path, url: str) -> str:
    """A relative path in the configuration counts from there: tests change the working directory."""
    path = url.removeprefix(_SQLITE)
    if path == url and url not in _WORDS:
        raise pytest.UsageError(f"afterword_store = {url} names no store: say {', '.join(_WORDS)} or {_SQLITE}PATH.")
    relative = path != url and path and not path.startswith(("/", ":memory:", "file:"))
    return f"{_SQLITE}{root / path}" if relative else url


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
    """What is added is not run: it is in this list when its request is over and has not failed."""
    from afterword.testing import capture

    with capture() as captured:
        yield captured


@pytest.fixture
def afterword_drain() -> "Iterator[Drain]":
    """What is added rests in memory until the test calls this; then it is run until nothing is left, retries without pauses."""
    from afterword.testing import drain

    with drain() as waiting:
        yield waiting
