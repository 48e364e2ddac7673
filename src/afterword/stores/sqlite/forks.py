"""A process that forks while a thread of it is inside SQLite leaves its child with mutexes that nobody will ever unlock.

So nobody forks meanwhile, and the child is told, before anything else runs in it, to begin anew.
"""

import os
import threading
import weakref
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol

PATIENCE = 5.0
"""Seconds that a fork waits, at most, for the threads inside SQLite: one that is stuck there must not stop its process."""


class Forked(Protocol):
    def forked(self) -> None:
        """This is the child of a fork: forget what belongs to the parent."""
        ...


def inside() -> AbstractContextManager[None]:
    """Whoever calls SQLite is inside this while it does. Not to be nested."""
    return _traffic


def remember(one: Forked) -> None:
    """Tell `one`, for as long as it exists, when it finds itself in a forked child."""
    _remembered.add(one)


class _Traffic(AbstractContextManager[None]):
    """Counts the threads inside SQLite, and keeps others out while the process forks."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._forking = False

    def __enter__(self) -> None:
        with self._changed:
            while self._forking:
                self._changed.wait()
            self._inside += 1

    def __exit__(self, type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        with self._changed:
            self._inside -= 1
            if self._forking:
                self._changed.notify_all()

    def stop(self) -> None:
        with self._changed:
            self._forking = True
            self._changed.wait_for(lambda: not self._inside, PATIENCE)

    def go(self) -> None:
        with self._changed:
            self._forking = False
            self._changed.notify_all()


_traffic = _Traffic()
_remembered: "weakref.WeakSet[Forked]" = weakref.WeakSet()


def _before() -> None:
    _traffic.stop()


def _in_parent() -> None:
    _traffic.go()


def _in_child() -> None:
    global _traffic
    _traffic = _Traffic()
    for one in list(_remembered):
        one.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
