"""Checkpoints: from the write-ahead log into the database file.

In SQLite from 3.7.0 to 3.51.2 commits can be lost when a checkpoint runs while somebody else starts the log anew. So one
connection holds the write lock (and its process the gate) while a second one checkpoints: nobody can write meanwhile. PASSIVE
is the only mode that works then. It copies everything, since no writer is under way, and the next writer begins at the log's
start.
"""

import sqlite3
from pathlib import Path

from afterword.stores.sqlite.connection import WAL_KEPT, connect

DUE = WAL_KEPT
"""Bytes of log past which a worker checkpoints: about a thousand pages. Every writer cuts the file to this size as it starts it
anew, so a larger file means that so much has been written since, not that it was once."""

OVERDUE = 4 * DUE
"""Bytes of log past which any process checkpoints, since it seems that no worker lives."""


class Checkpoints:
    """Of one database file, by one thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._log = path.with_name(f"{path.name}-wal")
        self._second: sqlite3.Connection | None = None
        self._done: tuple[int, int] | None = None
        self._read = False
        self._said = 0

    def due(self, size: int) -> bool:
        """Whether the log is larger than `size` bytes and was written to since it was last copied."""
        found = self._look()
        return found is not None and found[0] > size and found != self._done

    def make(self, first: sqlite3.Connection) -> None:
        """Copy the log; to be called with the gate held. `first` is the connection that writes."""
        if self._second is None:
            self._second = connect(self._path)
        first.execute("BEGIN IMMEDIATE")
        try:
            found = self._look()
            busy, frames, copied = self._second.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            self._read = not busy and frames > copied
            if not busy and frames == copied:
                self._done = found
                self._said = 0
        finally:
            first.execute("ROLLBACK")

    def grown(self) -> int | None:
        """Bytes of the log where it is long because somebody reads an old state of the file, which keeps what was written since
        from being copied; None where it is not, or where it was said before and has not doubled since."""
        found = self._look() if self._read else None
        if found is None or found[0] <= max(OVERDUE, 2 * self._said):
            return None
        self._said = found[0]
        return self._said

    def close(self) -> None:
        if self._second is not None:
            self._second.close()
            self._second = None

    def _look(self) -> tuple[int, int] | None:
        """Size and time of the log."""
        try:
            found = self._log.stat()
        except FileNotFoundError:
            return None
        return found.st_size, found.st_mtime_ns
