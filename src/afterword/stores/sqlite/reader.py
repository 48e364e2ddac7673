"""The one thread of a process that reads, so that a long look keeps no write waiting."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from afterword.errors import StoreError, StoreUnreadable
from afterword.stores.pending import Pending, resolve
from afterword.stores.sqlite import forks
from afterword.stores.sqlite.connection import connect_reader, meaning, meets_all
from afterword.stores.sqlite.identity import Identity


class Read(NamedTuple):
    """One question."""

    ask: Callable[[sqlite3.Connection], Any]
    pending: Pending[Any]
    before: Pending[None] | None = None
    """What must be done first, whether or not it succeeds."""


class Reader:
    """What the reading thread does. `prepare` is called before the file is opened, and returns when it has a schema."""

    def __init__(self, path: Path, identity: Identity, prepare: Callable[[], object]) -> None:
        self._path = path
        self._identity = identity
        self._prepare = prepare
        self._connection: sqlite3.Connection | None = None

    def read(self, group: Sequence[Read]) -> None:
        """Each as soon as it can be answered."""
        for question in group:
            try:
                answer = self._answer(question)
            except Exception as error:
                if meets_all(error):
                    with forks.inside():
                        self.close()
                resolve([(question.pending, None, meaning(error, self._path, StoreUnreadable))])
            else:
                resolve([(question.pending, answer, None)])

    def leave(self) -> None:
        with forks.inside():
            self.close()

    def close(self) -> None:
        """Close the connection, which nobody must be using; the next question opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()

    def _answer(self, question: Read) -> Any:
        if question.before:
            with suppress(StoreError):
                question.before.result()
        self._identity.check()
        if self._connection is None:
            self._prepare()
        with forks.inside():
            if self._connection is None:
                self._connection = connect_reader(self._path)
            return question.ask(self._connection)
