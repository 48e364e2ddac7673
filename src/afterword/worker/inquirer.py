"""Asks what became of the jobs that other engines have in hand, and has it written down."""

from collections.abc import Awaitable, Callable, Sequence

from afterword.clock import Clock, microseconds
from afterword.frames import Asked, Sighted, ask
from afterword.jobs.job import Job, State
from afterword.stores.store import Query, Store
from afterword.worker.turns import Attempted

PERIOD = 0.5
"""Seconds between two questions, as long as there is anything to ask."""

REST = microseconds(5)
"""Between two looks whether there is anything to ask, where lately there was not."""

BATCH = 200
"""Jobs in one question."""

Ask = Callable[[Sequence[Asked]], Awaitable[Sequence[Sighted] | None]]
Answer = Callable[[Sequence[Attempted]], None]


class Inquirer:
    """Goes round among the jobs of one application that were handed off, the newest first."""

    def __init__(self, store: Store, app: str, ask: Ask, answer: Answer, clock: Clock) -> None:
        self._store = store
        self._app = app
        self._ask = ask
        self._answer = answer
        self._clock = clock
        self._before: int | None = None
        self._rest_until = 0
        self._told: set[tuple[int, int]] = set()

    def wake(self) -> None:
        """A job was handed off."""
        self._rest_until = 0

    async def inquire(self) -> None:
        """One question."""
        if self._clock.steady() < self._rest_until:
            return
        jobs = await self._next()
        told = {(job.key, job.token) for job in jobs} & self._told
        asked = [job for job in jobs if (job.key, job.token) not in told]
        sighted = await self._ask([ask(job) for job in asked]) if asked else None
        attempts = [(job, one) for job, one in zip(asked, sighted or (), strict=False) if one is not None]
        # What was answered is written down with the next turn, and may be met here once more before that.
        self._told = told | {(job.key, job.token) for job, _ in attempts}
        if attempts:
            self._answer(attempts)

    async def _next(self) -> Sequence[Job]:
        found = await self._store.find(Query(states=(State.HANDED_OFF,), before=self._before, limit=BATCH))
        if not found and self._before is None:
            self._rest_until = self._clock.steady() + REST
        self._before = found[-1].key if len(found) == BATCH else None
        return [job for job in found if job.app == self._app]
