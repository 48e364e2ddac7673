"""The files on which this process has a record lock.

POSIX drops a process's lock as soon as the process closes *any* descriptor of the file, and shows it none of its own locks. So
whoever takes such a lock says so here, and whoever would open such a file asks here first. A forked child has none of them.
"""

import os
from pathlib import Path

_held: set[Path] = set()


def remember(path: Path) -> None:
    _held.add(path)


def forget(path: Path) -> None:
    _held.discard(path)


def held(path: Path) -> bool:
    """Whether this process has locked it: then it must not open it again."""
    return path in _held


os.register_at_fork(after_in_child=_held.clear)
