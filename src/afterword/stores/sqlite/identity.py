"""Whether the files that this process has open are still the ones under their names.

A database that is deleted or replaced under a living process stays open: SQLite would go on writing to a file that nobody will
ever find again, and call it written. And a process whose lock file has gone is dead to all others. So both are looked at, by
their inodes: never by opening them, which would drop SQLite's locks.
"""

import time
from pathlib import Path

from afterword.errors import StoreReplaced

FRESH = 0.1
"""Seconds for which a look will do. Each hands the interpreter over to busy threads once more."""


class Identity:
    """Of the files of one session. What was learned first counts: to open the file that is there now would make keys and locks
    mean something else, so whoever wants that must begin anew."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._known: dict[Path, tuple[int, int]] = {}
        self._looked = 0.0

    def learn(self, path: Path) -> None:
        """The file at `path` was opened just now."""
        found = _look(path)
        if found is not None:
            self._known.setdefault(path, found)

    def check(self) -> None:
        """Raises StoreReplaced unless all are where they were; for use before a write or a look."""
        if time.monotonic() - self._looked < FRESH:
            return
        for path in list(self._known):
            self._compare(path)
        self._looked = time.monotonic()

    def intact(self) -> bool:
        """Whether `check` would raise nothing."""
        try:
            self.check()
        except StoreReplaced:
            return False
        return True

    def confirm(self) -> None:
        """Raises StoreReplaced unless what was committed just now is in the file that others find."""
        self._compare(self._database)

    def _compare(self, path: Path) -> None:
        known = self._known.get(path)
        if known is None:
            return
        try:
            found = _look(path)
        except OSError:
            return  # That cannot be told. Whoever reads or writes will find out what it is.
        if found != known:
            raise StoreReplaced(store=self._database, what=path, how="replaced" if found else "moved or deleted")


def _look(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino
