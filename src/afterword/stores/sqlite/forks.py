"""SQLite does not survive a fork: a child finds its mutexes locked by threads that it does not have, and its notes about file
locks tell of locks that the kernel has not given to it. A file that was open at the fork cannot be opened safely in the child.

So before a process forks, whoever is inside SQLite comes out, and every connection is closed; parent and child open new ones.
"""

import os
import threading
import weakref
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol


class Forking(Protocol):
    """Who has connections, or anything else that a child must not share."""

    def about_to_fork(self) -> None:
        """Close every connection; nobody is using one."""
        ...

    def forked(self) -> None:
        """This is the child: let go of whatever belongs to the parent."""
        ...


def inside() -> AbstractContextManager[None]:
    """Whoever uses a connection is inside this while it does. Not to be nested."""
    return _traffic


def remember(one: Forking) -> None:
    """Tell `one` of forks, for as long as it exists; after those that were remembered before it."""
    _remembered[one] = None


class _Traffic(AbstractContextManager[None]):
    """Knows the threads inside SQLite, and keeps others out while the process forks."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside: set[int] = set()
        self._forking = False

    def __enter__(self) -> None:
        with self._changed:
            while self._forking:
                self._changed.wait()
            self._inside.add(threading.get_ident())

    def __exit__(self, type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        with self._changed:
            self._inside.discard(threading.get_ident())
            if self._forking:
                self._changed.notify_all()

    def stop(self) -> bool:
        """Wait until everybody is out. False when this very thread is inside: it cannot wait for itself."""
        me = threading.get_ident()
        with self._changed:
            self._forking = True
            while self._inside - {me}:
                self._changed.wait()
            return me not in self._inside

    def go(self) -> None:
        with self._changed:
            self._forking = False
            self._changed.notify_all()


_traffic = _Traffic()
_remembered: "weakref.WeakKeyDictionary[Forking, None]" = weakref.WeakKeyDictionary()
"""In their order: what a module has of its own is in order before anything that uses it."""


def _before() -> None:
    # A listener that forks in the middle of a transaction keeps its connections: then only a child that goes on to execute
    # another program is safe.
    if _traffic.stop():
        for one in _all():
            one.about_to_fork()


def _in_parent() -> None:
    _traffic.go()


def _in_child() -> None:
    global _traffic
    _traffic = _Traffic()
    for one in _all():
        one.forked()


def _all() -> list[Forking]:
    # Taken at one go: other threads may remember more meanwhile, and what is raised here is never heard of.
    return [one for known in _remembered.keyrefs() if (one := known()) is not None]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
