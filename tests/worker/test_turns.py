"""Turns with a store that fails, and with a clock that somebody sets."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from afterword.clock import SECOND, Clock, SystemClock
from afterword.errors import StoreUnavailable
from afterword.events import nobody
from afterword.jobs.job import Job, State
from afterword.jobs.retry import Retry
from afterword.stores.pending import Pending, failed
from afterword.stores.sqlite.store import SqliteStore
from afterword.stores.store import Claims, Want
from afterword.testing import FalseClock
from afterword.worker.placing import Room
from afterword.worker.turns import Turns
from tests.support.processes import PATIENCE


class Mumbling(SqliteStore):
    """Does what it is told, and answers the first claims as if it had not."""

    silent = 1

    def claim(self, want: Want) -> Pending[Claims]:
        claims = super().claim(want)
        if self.silent:
            self.silent -= 1
            claims.result(PATIENCE)
            return failed(StoreUnavailable(store="there", why="its disk failed"))
        return claims


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Mumbling]:
    store = Mumbling(tmp_path / "jobs.db")
    yield store
    store.close()


def job(id: str) -> Job:
    return Job(
        id=id,
        app="main:app",
        task="main:send",
        arguments=b"{}",
        added_at=0,
        retry=Retry(),
        state=State.QUEUED,
        at_most_once=True,
    )


@pytest.mark.parametrize("times", [1, 3])
async def test_what_a_claim_took_whose_answer_was_lost_is_put_back_and_claimed_again(store: Mumbling, times: int) -> None:
    store.silent = times
    store.add([job("a"), job("b")]).result(PATIENCE)
    turns, taken = await turn_until_taken(store, SystemClock())
    assert [(one.id, one.attempt, one.token, one.lost) for one in taken] == [("a", 1, times + 1, 0), ("b", 1, times + 1, 0)]
    assert sorted(turns.leases()) == sorted((one.key, one.token) for one in taken)


async def test_a_clock_that_is_set_forward_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("afterword.worker.turns.LONGEST", 0.01)
    clock = FalseClock()
    store = SqliteStore(tmp_path / "jobs.db", clock=clock)
    store.add([job("a")._replace(run_at=clock.now() + 3600 * SECOND)]).result(PATIENCE)
    asyncio.get_running_loop().call_later(0.2, clock.jump, 3600)
    _, taken = await turn_until_taken(store, clock)
    assert [one.id for one in taken] == ["a"]
    store.close()


async def turn_until_taken(store: SqliteStore, clock: Clock) -> tuple[Turns, Sequence[Job]]:
    """The turns of a worker that is stopped as soon as it has claimed; and what it has claimed."""
    taken: list[Job] = []
    complete = asyncio.Event()

    def take(jobs: Sequence[Job]) -> None:
        taken.extend(jobs)
        complete.set()

    turns = Turns(store, Want("main:app", 0), lambda: Room(10, 0), take, clock, nobody)
    turning = asyncio.create_task(turns.run())
    turns.hint()
    async with asyncio.timeout(PATIENCE):
        await complete.wait()
    turning.cancel()
    return turns, taken
