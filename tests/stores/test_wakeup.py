"""Hints arrive at once; without them commits are seen all the same."""

import asyncio
import os
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from afterword.jobs.job import Job, State
from afterword.stores.sqlite import wakeup
from afterword.stores.sqlite.store import SqliteStore
from afterword.stores.store import Want
from afterword.testing.contract.bench import APP, PATIENCE, add, held, job
from afterword.testing.contract.waking import settled, woken
from tests.stores.conftest import Open, held_up

SOON = 0.05
"""Seconds, well below the time after which the file itself is looked at."""


async def seconds_until_woken(worker: SqliteStore, by: SqliteStore) -> float:
    loop = asyncio.get_running_loop()
    await settled(worker)
    begun = loop.time()
    by.wake()
    assert await worker.wait(PATIENCE)
    return loop.time() - begun


def sockets(database: Path) -> list[Path]:
    return list(Path(f"{database}.run").glob("*.wake"))


def test_a_hint_comes_long_before_the_next_look(store: SqliteStore, open_store: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wakeup, "POLL", PATIENCE)
    worker = open_store()
    assert min(asyncio.run(seconds_until_woken(worker, store)) for _ in range(3)) < SOON


def test_a_name_too_long_for_a_socket_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wakeup, "POLL", PATIENCE)
    folder = tmp_path / ("a" * 100) / ("b" * 100)
    folder.mkdir(parents=True)
    store, worker = SqliteStore(folder / "jobs.db"), SqliteStore(folder / "jobs.db")
    store.open()
    assert min(asyncio.run(seconds_until_woken(worker, store)) for _ in range(3)) < SOON
    store.close()
    worker.close()


def test_every_worker_gets_the_hint(store: SqliteStore, open_store: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wakeup, "POLL", PATIENCE)

    async def wait() -> list[bool]:
        workers = [open_store() for _ in range(3)]
        for worker in workers:
            await settled(worker)
        waiting = [asyncio.create_task(worker.wait(PATIENCE)) for worker in workers]
        store.wake()
        return await asyncio.gather(*waiting)

    assert asyncio.run(wait()) == [True] * 3


def test_a_worker_that_came_later_gets_the_hint_too(
    store: SqliteStore, open_store: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wakeup, "POLL", PATIENCE)

    async def wait() -> None:
        for _ in range(5):
            store.wake()  # Lists the workers.
            assert await seconds_until_woken(open_store(), store) < PATIENCE

    asyncio.run(wait())


def test_a_worker_that_came_in_the_same_tick_of_the_clock_gets_the_hint_too(
    store: SqliteStore, open_store: Open, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A directory's time goes in steps of some milliseconds, so it may not show what changed."""
    monkeypatch.setattr(wakeup, "POLL", PATIENCE)
    tick = time.time_ns()
    worker = open_store()

    async def wait() -> bool:
        os.utime(f"{database}.run", ns=(tick, tick))
        store.wake()
        await settled(worker)
        os.utime(f"{database}.run", ns=(tick, tick))
        store.wake()
        return await worker.wait(1.0)

    assert asyncio.run(wait())


def test_a_commit_is_seen_though_every_hint_is_lost(store: SqliteStore, open_store: Open, database: Path) -> None:
    worker = open_store()

    async def wait() -> bool:
        await settled(worker)
        for socket in sockets(database):
            socket.unlink()
        return await woken(worker, lambda: add(store, job()))

    assert asyncio.run(wait())


def test_a_release_wakes_by_itself(store: SqliteStore, open_store: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wakeup, "POLL", PATIENCE)
    (waiting,) = add(store, held(store))
    assert asyncio.run(woken(open_store(), lambda: store.release([waiting.key]).result(PATIENCE)))


@pytest.fixture
def standing(database: Path, monkeypatch: pytest.MonkeyPatch) -> list[State]:
    """How the only job stood at each ring of a bell, for stores opened from now on."""
    seen: list[State] = []
    ring = wakeup.Bell.ring

    def look_and_ring(bell: wakeup.Bell) -> None:
        with closing(sqlite3.connect(database)) as other:
            seen.extend(State(state) for (state,) in other.execute("SELECT state FROM jobs"))
        ring(bell)

    monkeypatch.setattr(wakeup.Bell, "ring", look_and_ring)
    return seen


def test_a_release_wakes_once_and_before_it_is_done(open_store: Open, standing: list[State]) -> None:
    store = open_store()
    (waiting,) = add(store, held(store))
    store.release([waiting.key]).result(PATIENCE)
    store.open()  # Its answer comes after all that the release left to do.
    assert standing == [State.HELD]


def test_an_adding_wakes_once_and_when_it_is_done(open_store: Open, standing: list[State]) -> None:
    store = open_store()
    add(store, job())
    store.open()
    assert standing == [State.QUEUED]


def test_a_claim_after_a_hint_waits_for_whoever_is_writing(store: SqliteStore, open_store: Open, database: Path) -> None:
    """The hint may have come from inside the transaction that it tells of."""
    worker = open_store()
    (waiting,) = add(store, held(store))

    async def claim() -> Sequence[Job]:
        await settled(worker)
        with held_up(database):
            store.wake()
            assert await worker.wait(PATIENCE)
            hurried = worker.claim(Want(APP, 1))
            with pytest.raises(TimeoutError):
                hurried.result(0.1)
            with closing(sqlite3.connect(database)) as other, other:
                other.execute("UPDATE jobs SET state = ?, owner = NULL", (State.QUEUED,))
        return (await hurried).jobs

    assert [found.id for found in asyncio.run(claim())] == [waiting.id]


def test_a_claim_without_a_new_hint_finds_out_without_waiting_that_there_is_nothing(
    store: SqliteStore, open_store: Open, database: Path
) -> None:
    worker = open_store()

    async def claim() -> None:
        await settled(worker)
        store.wake()
        assert await worker.wait(PATIENCE)
        assert not (await worker.claim(Want(APP, 1))).jobs
        with held_up(database):
            assert not worker.claim(Want(APP, 1)).result(PATIENCE).jobs

    asyncio.run(claim())


def test_no_hint_is_lost_though_two_came(store: SqliteStore, open_store: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wakeup, "POLL", PATIENCE)
    worker = open_store()

    async def wait() -> None:
        await settled(worker)
        store.wake()
        store.wake()
        assert await worker.wait(PATIENCE)
        assert await worker.wait(PATIENCE)
        assert not await worker.wait(0.05)

    asyncio.run(wait())


def test_a_commit_after_a_hint_is_seen_though_its_own_hint_is_lost(
    store: SqliteStore, open_store: Open, database: Path
) -> None:
    worker = open_store()

    async def wait() -> bool:
        await settled(worker)
        store.wake()
        assert await worker.wait(PATIENCE)
        for socket in sockets(database):
            socket.unlink()
        await asyncio.to_thread(add, store, held(store))
        return await worker.wait(PATIENCE)

    assert asyncio.run(wait())


def test_a_closed_worker_takes_its_socket_along(store: SqliteStore, open_store: Open, database: Path) -> None:
    worker = open_store()
    asyncio.run(worker.wait(0.0))
    assert len(sockets(database)) == 1
    worker.close()
    assert sockets(database) == []
    store.wake()


def test_a_store_that_is_closed_while_somebody_waits_lets_go(open_store: Open) -> None:
    worker = open_store()

    async def wait() -> bool:
        await settled(worker)
        waiting = asyncio.create_task(worker.wait(PATIENCE))
        await asyncio.sleep(0)
        await asyncio.to_thread(worker.close)
        return await waiting

    assert not asyncio.run(wait())
