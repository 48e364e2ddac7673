"""In quiet times a worker looks for the dead without waking a thread of its own."""

import asyncio
import os

from afterword.stores.sqlite.store import SqliteStore
from afterword.testing.contract.bench import APP, PATIENCE, add, held, job, rescue
from afterword.testing.contract.waking import settled
from tests.stores.conftest import Open


def spared(worker: SqliteStore) -> bool:
    """Whether a look would be answered at once, after another one."""
    rescue(worker)
    return at_rest(worker)


def at_rest(worker: SqliteStore) -> bool:
    return worker._session.calm_at(worker._session.version())


def test_nobody_but_a_worker_leaves_nothing_behind(store: SqliteStore, open_store: Open) -> None:
    worker = open_store()
    worker.beat(APP).result(PATIENCE)
    assert not spared(worker), "nobody told it of commits"
    asyncio.run(settled(worker))
    assert spared(worker)
    add(store, job())
    assert not at_rest(worker)
    assert spared(worker)


def test_whoever_holds_a_job_is_looked_at_again_and_again(store: SqliteStore, open_store: Open) -> None:
    worker = open_store()
    asyncio.run(settled(worker))
    (waiting,) = add(store, held(store))
    assert not spared(worker)
    store.release([waiting.key]).result(PATIENCE)
    assert spared(worker)


def test_another_worker_is_looked_at_again_and_again(store: SqliteStore, open_store: Open) -> None:
    worker = open_store()
    asyncio.run(settled(worker))
    store.beat(APP).result(PATIENCE)
    assert not spared(worker)
    store.leave().result(PATIENCE)
    assert spared(worker)


def test_a_fork_hides_nobody(store: SqliteStore, open_store: Open) -> None:
    """It closes all connections, and the next one counts versions from the beginning."""
    worker = open_store()
    asyncio.run(settled(worker))
    assert spared(worker)
    add(store, held(store))
    assert not spared(worker)
    fork()
    assert not at_rest(worker)
    assert not spared(worker)


def test_a_commit_before_a_fork_is_seen(store: SqliteStore, open_store: Open) -> None:
    worker = open_store()
    asyncio.run(settled(worker))
    add(store, held(store))  # Of which nobody is told.
    fork()
    assert asyncio.run(worker.wait(0.0))


def fork() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
