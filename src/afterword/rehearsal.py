"""What a test run has put in place of the store, in its own process: a server that a test starts is real.

The plugin of pytest (`pytest_afterword`) chooses a store for all tests, `afterword.testing` something else for one of them.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from afterword.adder import Adder
from afterword.inline import Prepare, plain, strict
from afterword.settings import Settings
from afterword.stores.url import INLINE, INLINE_STRICT
from afterword.tasks.call import Binder
from afterword.tasks.registry import Registry

Way = Adder | Prepare
"""What becomes of a call: an Adder writes it down, anything else prepares it to be run in this process."""

Choose = Callable[[str, Binder], Way]
"""The way of one application, from its name and what makes its calls."""

STRAY = "no application"
"""What stands for the name of one where a test calls an endpoint, or includes a router, without the application around it."""

_chosen: list[tuple[int, Choose]] = []


@contextmanager
def rehearse(choose: Choose) -> Iterator[None]:
    """Until this ends, all calls of this process go the way that `choose` says, whatever store was given."""
    entry = (os.getpid(), choose)
    _chosen.append(entry)
    try:
        yield
    finally:
        _chosen.remove(entry)


def chosen() -> Choose | None:
    """What was chosen last, and in this process: a fork that a test makes is none of its rehearsal."""
    if not _chosen:
        return None
    pid, choose = _chosen[-1]
    return choose if pid == os.getpid() else None


def stray() -> Callable[[], Way] | None:
    """What finds the way of calls that no application's afterword sees. None where that is an error as in production: outside
    of tests, and where the test run has a store."""
    choose = chosen() or _INLINE.get(store() or "")
    return (lambda: choose(STRAY, _binder())) if choose else None


def under_way() -> bool:
    """Whether this process is a test run."""
    return _run() is not None


def store() -> str | None:
    """The store of applications that were given none; None where the test run leaves that to them, or there is no test run."""
    run = _run()
    return None if run in (None, "default") else run


def _run() -> str | None:
    # Looked up, not imported: the plugin is not there where no tests are run, and must not import us where they are.
    plugin = sys.modules.get("pytest_afterword")
    run: str | None = plugin.store() if plugin is not None else None
    return run


_INLINE: dict[str, Choose] = {
    INLINE: lambda app, binder: plain,
    INLINE_STRICT: lambda app, binder: strict(binder),
}


@cache
def _binder() -> Binder:
    anywhere = Path("/")  # Without an application there is no folder of its own either.
    return Binder(Registry(anywhere), Settings().max_arguments)
