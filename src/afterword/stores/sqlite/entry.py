"""The way of the writing thread into the database file: past the gate, with a connection, to the file that is still the one."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from afterword.stores.sqlite import forks
from afterword.stores.sqlite.checkpoint import Checkpoints
from afterword.stores.sqlite.connection import connect, meets_all, prepare
from afterword.stores.sqlite.gate import Gate
from afterword.stores.sqlite.identity import Identity
from afterword.stores.sqlite.single import ALONG
from afterword.stores.sqlite.syncing import Syncing


class Entry:
    """For one thread. `enter` is called before the file is opened."""

    def __init__(self, path: Path, gate: Gate, identity: Identity, enter: Callable[[], None]) -> None:
        self.path = path
        self.checkpoints = Checkpoints(path)
        self.syncing = Syncing()
        """Of the connection that is open."""
        self._gate = gate
        self._identity = identity
        self._enter = enter
        self._connection: sqlite3.Connection | None = None
        self._passed = False

    @property
    def opened(self) -> bool:
        return self._connection is not None

    @contextmanager
    def connected(self) -> Iterator[sqlite3.Connection]:
        """Inside SQLite, with the connection, which a fork of this process may have closed since the last time."""
        self._identity.check()
        while True:
            if self._connection is None:
                self._open()
            with forks.inside():
                if self._connection is not None:
                    yield self._connection
                    return

    @contextmanager
    def gated(self) -> Iterator[None]:
        """Past the gate; may be nested."""
        if self._passed:
            yield
            return
        self._gate.take()
        self._passed = True
        try:
            yield
        finally:
            self._passed = False
            self._gate.free()

    def confirm(self) -> None:
        """Raises StoreReplaced unless what was committed just now is in the file that others find."""
        self._identity.confirm()

    def foresee(self, lasting: bool) -> None:
        """Be ready for a transaction that is `lasting`, or not, where the file is open."""
        with forks.inside(), suppress(sqlite3.Error):
            if self._connection is not None:
                self.syncing.switch(self._connection, lasting)

    def recover(self, error: Exception) -> None:
        """After trouble with the file itself, open it anew before the next write."""
        if isinstance(error, sqlite3.Error) and meets_all(error):
            with forks.inside():
                self.close()

    def leave(self) -> None:
        """Close everything; SQLite empties the log when the last process does so."""
        with forks.inside():
            self.close()
        self._gate.close()

    def close(self) -> None:
        """Close the connections, which nobody must be using; the next write opens others."""
        connection, self._connection = self._connection, None
        with suppress(sqlite3.Error):
            self.checkpoints.close()
            if connection is not None:
                connection.close()

    def _open(self) -> None:
        self._enter()
        with self.gated(), forks.inside():
            prepare(self.path)
            self._identity.learn(self.path)
            self._connection = connect(self.path)
            self.syncing = Syncing()
            self._connection.execute(ALONG)
