"""One process's stay with one database file, from opening to closing."""

import sqlite3
import threading
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from afterword.clock import Clock
from afterword.errors import StoreClosed, StoreUnavailable
from afterword.events import Tell
from afterword.stores.pending import Pending, failed
from afterword.stores.sqlite import forks, gate, liveness
from afterword.stores.sqlite.entry import Entry
from afterword.stores.sqlite.filesystem import refuse_network
from afterword.stores.sqlite.gate import Gate
from afterword.stores.sqlite.identity import Identity
from afterword.stores.sqlite.lane import Lane
from afterword.stores.sqlite.liveness import ProcessLock
from afterword.stores.sqlite.reader import Read, Reader
from afterword.stores.sqlite.room import Room
from afterword.stores.sqlite.single import single
from afterword.stores.sqlite.transaction import Calm, Transaction, Verb, Write
from afterword.stores.sqlite.wakeup import Bell, Version, Watch
from afterword.stores.sqlite.writer import OPEN, Writer

T = TypeVar("T")


class Session:
    """The files beside the database, the two threads, and what wakes."""

    def __init__(
        self,
        path: Path,
        *,
        verbs: Sequence[Verb],
        clock: Clock,
        tell: Tell,
        max_queued: int,
        file_system: Callable[[Path], str | None],
    ) -> None:
        self.process = uuid.uuid4().hex
        self.directory = path.with_name(f"{path.name}.run")
        self.life = self.directory / f"{self.process}.lock"
        self.closed = False
        self._path = path
        self._file_system = file_system
        self._closing = threading.Lock()
        self._lock = ProcessLock(self.life, self.process)
        self._identity = Identity(path)
        self._gate = Gate(self.directory / "gate.lock", str(path), gate.PATIENCE)
        self._bell = Bell(self.directory)
        self._watch = Watch(path, self.directory, self.process)
        self._calm = calm = Calm()
        room = Room(max_queued)
        self._entry = Entry(path, self._gate, self._identity, self._enter)
        writer = Writer(
            self._entry,
            verbs=verbs,
            begin=lambda connection: Transaction(connection, self.process, self.directory, clock, room, calm),
            single=single,
            wake=self._bell.ring,
            tell=tell,
        )
        reader = Reader(path, self._identity, lambda: self.open().result())
        self._writer = writer
        self._reader = reader
        self._writes: Lane[Write] = Lane("afterword-writer", writer.write, self._entry.leave)
        self._reads: Lane[Read] = Lane("afterword-reader", reader.read, reader.leave)
        forks.remember(self)

    def open(self) -> Pending[None]:
        return self.write(OPEN, None)

    def write(self, verb: Verb, argument: Any) -> Pending[Any]:
        pending: Pending[Any] = Pending()
        if not self._writes.hand(Write(verb, argument, pending), verb.can_wait):
            return failed(StoreClosed(store=self._path))
        return pending

    def read(self, ask: Callable[[sqlite3.Connection], T]) -> Pending[T]:
        pending: Pending[T] = Pending()
        # Whoever has been told that it was added, or has handed in a release, finds what that has made of it.
        before = self.open() if self._writes.busy else None
        if not self._reads.hand(Read(ask, pending, before)):
            return failed(StoreClosed(store=self._path))
        return pending

    @property
    def untidy(self) -> bool:
        """Whether there is anything to tidy. For any thread to ask: to wake the writing one costs much more than a look."""
        return self.closed or self._writer.untidy  # Closed, it is refused.

    def beat(self, now: int) -> None:
        self._lock.beat(now)

    def ring(self) -> None:
        if not self.closed:
            self._bell.ring()

    def hinted(self) -> bool:
        """Whether a hint has come since this was asked the last time."""
        return self._watch.hinted()

    def version(self) -> Version | None:
        """The version of the file; None where it cannot be told, or nobody waits for changes."""
        return self._watch.version() if self._watch.started else None

    def calm_at(self, version: Version | None) -> bool:
        """Whether a look for the dead, at this version of the file, would find nothing."""
        return version is not None and version == self._calm.version and not self.closed and self._identity.intact()

    async def wait(self, seconds: float) -> bool:
        if self.closed:
            raise StoreClosed(store=self._path)
        if not self._watch.started:
            await self.open()
        return await self._watch.wait(seconds)

    def close(self) -> None:
        """Do what was handed in, then leave."""
        self.closed = True
        with self._closing:
            self._reads.close()
            self._writes.close()
            self._watch.close()
            self._bell.close()
            self._lock.free()

    def about_to_fork(self) -> None:
        self._entry.close()
        self._reader.close()
        self._watch.disconnect()

    def forked(self) -> None:
        """This session is the parent's, as are its threads and what they were about to write. What is here of it is let go."""
        self.closed = True
        self._lock.drop()
        self._gate.close()
        self._bell.close()
        self._watch.drop()

    def _enter(self) -> None:
        if not self._path.parent.is_dir():
            raise StoreUnavailable(store=self._path, why=f"the folder {self._path.parent} does not exist: create it")
        refuse_network(self._path.parent, str(self._path), self._file_system)
        self.directory.mkdir(mode=0o700, exist_ok=True)
        self._lock.take()
        self._identity.learn(self.life)
        liveness.sweep(self.directory)
