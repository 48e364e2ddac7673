"""In quiet times a worker looks for the dead without waking a thread of its own."""

import asyncio

from afterword.stores.sqlite.store import SqliteStore
from afterword.testing.contract.bench import APP, PATIENCE, add, held, job, rescue
from afterword.testing.contract.waking import settled
from tests.stores.conftest import Open


def spared(worker: SqliteStore) -> bool:
    """Whether the second of two looks is answered at once."""
    rescue(worker)
    return worker.rescue().done


def test_nobody_but_a_worker_leaves_nothing_behind(store: SqliteStore, open_store: Open) -> None:
    worker = open_store()
    worker.beat(APP).result(PATIENCE)
    assert not spared(worker), "nobody told it of commits"
    asyncio.run(settled(worker))
    assert spared(worker)
    add(store, job())
    assert not worker.rescue().done
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
