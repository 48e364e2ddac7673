"""The stores that the processes of a world share."""

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from afterword.stores.memory import Memory, MemoryStore
from afterword.stores.model import Model
from afterword.stores.sqlite.store import SqliteStore
from afterword.stores.store import Store
from afterword.testing import FalseClock


class Town(Protocol):
    def make(self) -> Store:
        """The store of one more process."""
        ...

    def bury(self, store: Store) -> None:
        """Let the process of this store be dead to the eyes of the others."""
        ...

    def close(self) -> None: ...


Found = Callable[[FalseClock], Town]


class InMemory:
    """Stores over one model: the given one, where it is not that of the house."""

    def __init__(self, clock: FalseClock, model: Callable[[], Model] = Model, store: type[MemoryStore] = MemoryStore) -> None:
        self._clock = clock
        self._memory = Memory()
        self._memory.model = model()
        self._store = store

    def make(self) -> Store:
        store = self._store(clock=self._clock, memory=self._memory)
        store.open()
        return store

    def bury(self, store: Store) -> None:
        self._memory.model.living.discard(store.process)

    def close(self) -> None:
        pass


class Polling(SqliteStore):
    """It hears no hints, since they come through a real socket."""

    async def wait(self, seconds: float) -> bool:
        await asyncio.sleep(seconds)
        return True


class InSqlite:
    """Stores on one database file."""

    def __init__(self, clock: FalseClock) -> None:
        self._clock = clock
        self._folder = tempfile.TemporaryDirectory()
        self._stores: list[SqliteStore] = []

    def make(self) -> Store:
        store = Polling(Path(self._folder.name) / "jobs.db", clock=self._clock)
        store.open()
        self._stores.append(store)
        return store

    def bury(self, store: Store) -> None:
        assert isinstance(store, SqliteStore)
        store._session._lock.drop()

    def close(self) -> None:
        for store in self._stores:
            store.close()
        self._folder.cleanup()
