"""Turns with a store that fails."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from afterword.clock import SystemClock
from afterword.errors import StoreUnavailable
from afterword.events import nobody
from afterword.jobs.job import Job, State
from afterword.jobs.retry import Retry
from afterword.stores.pending import Pending, failed
from afterword.stores.sqlite.store import SqliteStore
from afterword.stores.store import Claims, Want
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
    taken: list[Job] = []
    complete = asyncio.Event()

    def take(jobs: Sequence[Job]) -> None:
        taken.extend(jobs)
        complete.set()

    turns = Turns(store, Want("main:app", 0), lambda: Room(10, 0), take, SystemClock(), nobody)
    turning = asyncio.create_task(turns.run())
    turns.hint()
    async with asyncio.timeout(PATIENCE):
        await complete.wait()
    turning.cancel()
    assert [(one.id, one.attempt, one.token, one.lost) for one in taken] == [("a", 1, times + 1, 0), ("b", 1, times + 1, 0)]
    assert sorted(turns.leases()) == sorted((one.key, one.token) for one in taken)
