"""What a test run has put in place of the store, in its own process: a server that a test starts is real.

The plugin of pytest (`pytest_afterword`) chooses a store for all tests, `afterword.testing` something else for one of them.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from afterword.adder import Adder
from afterword.inline import Prepare
from afterword.tasks.call import Binder

Way = Adder | Prepare
"""What becomes of a call: an Adder writes it down, anything else prepares it to be run in this process."""

Choose = Callable[[str, Binder], Way]
"""The way of one application, from its name and what makes its calls."""

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
