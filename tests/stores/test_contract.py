"""Every store keeps the contract."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from afterword.events import Tell, nobody
from afterword.stores.memory import Memory, MemoryStore
from afterword.stores.sqlite.store import SqliteStore
from afterword.stores.store import Store
from afterword.testing import FalseClock
from afterword.testing.contract import Kill, Make, StoreContract


class TestMemory(StoreContract):
    @pytest.fixture
    def make(self, clock: FalseClock) -> Make:
        memory = Memory()

        def make(*, tell: Tell = nobody, max_queued: int = 1_000_000) -> Store:
            return MemoryStore(clock=clock, tell=tell, max_queued=max_queued, memory=memory)

        return make

    @pytest.fixture
    def kill(self) -> Kill:
        def kill(store: Store) -> None:
            assert isinstance(store, MemoryStore)
            store.memory.model.living.discard(store.process)

        return kill


class TestSqlite(StoreContract):
    @pytest.fixture
    def make(self, tmp_path: Path, clock: FalseClock) -> Iterator[Make]:
        stores: list[SqliteStore] = []

        def make(*, tell: Tell = nobody, max_queued: int = 1_000_000) -> Store:
            stores.append(SqliteStore(tmp_path / "jobs.db", clock=clock, tell=tell, max_queued=max_queued))
            return stores[-1]

        yield make
        for store in stores:
            store.close()

    @pytest.fixture
    def kill(self) -> Kill:
        def kill(store: Store) -> None:
            assert isinstance(store, SqliteStore)
            store._session._lock.drop()

        return kill
