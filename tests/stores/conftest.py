"""A database file, and stores on it."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from afterword.stores.sqlite.store import SqliteStore

Open = Callable[..., SqliteStore]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "jobs.db"


@pytest.fixture
def open_store(database: Path) -> Iterator[Open]:
    """Opens a store on the database, with such options; it is closed at the end."""
    stores = []

    def open_store(**options: Any) -> SqliteStore:
        stores.append(SqliteStore(database, **options))
        return stores[-1]

    yield open_store
    for store in stores:
        store.close()


@pytest.fixture
def store(open_store: Open) -> SqliteStore:
    store = open_store()
    store.open()
    return store


@contextmanager
def held_up(database: Path) -> Iterator[None]:
    """Nobody commits meanwhile; what arrives gathers."""
    descriptor = os.open(Path(f"{database}.run") / "gate.lock", os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(descriptor)
