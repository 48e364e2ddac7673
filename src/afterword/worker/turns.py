"""Claim and settle, turn by turn."""

import asyncio
import random
from collections.abc import Callable, Sequence

from afterword.clock import SECOND, Clock
from afterword.errors import StoreError, StoreReplaced
from afterword.events import Claimed, Ended, Settled, StoreFailed, Tell
from afterword.jobs import lifecycle
from afterword.jobs.job import Job, State
from afterword.jobs.outcome import Interrupted, Outcome
from afterword.stores.store import Claims, Query, Store, Verdict, Want
from afterword.worker.placing import Room

REST = 0.2
"""Seconds to wait after the store failed."""

LONGEST = 1.0
"""Seconds after which the wall clock is looked at again while a job waits for its time: somebody may have set it."""

UNHEARD = "the answer to its claim was lost"

_RUNNING = 10_000
"""Jobs that run at a time, of all workers, and then some."""

Attempted = tuple[Job, Outcome]


class Turns:
    """A turn hands all outcomes that have come, and the next claim, to the store together, so that under load both share one
    transaction. While the store writes, the next outcomes gather: nothing waits for a timer.

    `room` says how many jobs it could have, `take` has them begun, `settled` is told whose outcomes are written down.
    """

    def __init__(
        self,
        store: Store,
        want: Want,
        room: Callable[[], Room],
        take: Callable[[Sequence[Job]], None],
        clock: Clock,
        tell: Tell,
        draw: Callable[[], float] = random.random,
        settled: Callable[[Sequence[Attempted]], None] = lambda attempts: None,
    ) -> None:
        self._store = store
        self._want = want
        self._room = room
        self._take = take
        self._clock = clock
        self._tell = tell
        self._draw = draw
        self._tell_settled = settled
        self._stir = asyncio.Event()
        self._open = True
        self._hinted = True
        self._outcomes: list[Attempted] = []
        self._leases: dict[int, int] = {}
        self._unheard = False
        self._due: asyncio.TimerHandle | None = None

    def leases(self) -> list[tuple[int, int]]:
        """(key, token) of all that was claimed and is not settled."""
        return list(self._leases.items())

    def hint(self) -> None:
        """There may be work."""
        self._hinted = True
        self._stir.set()

    def answer(self, attempts: Sequence[Attempted]) -> None:
        """These attempts have ended; none of them only means that there is room."""
        for job, outcome in attempts:
            self._tell(Ended(job, outcome))
        self._outcomes += attempts
        self._stir.set()

    def close(self) -> None:
        """Claim nothing more; `run` returns when all that was claimed is settled."""
        self._open = False
        self._stir.set()

    async def run(self) -> None:
        """Turn after turn."""
        while self._open or self._leases:
            await self._stir.wait()
            self._stir.clear()
            try:
                if self._unheard:
                    await self._put_back()
                await self._turn()
            except StoreReplaced:
                raise
            except StoreError as error:
                self._tell(StoreFailed("turn", error))
                self._hinted = True
                await asyncio.sleep(REST)
                self._stir.set()

    async def _turn(self) -> None:
        outcomes, self._outcomes = self._outcomes, []
        now, ahead = self._room() if self._open and self._hinted else (0, 0)
        room = now + ahead
        self._hinted = self._hinted and not room  # A hint that comes from here on is a new one.
        # Both are handed in before either is awaited: so they meet in one transaction.
        settling = self._store.settle(self._settlements(outcomes)) if outcomes else None
        claiming = self._store.claim(self._want._replace(limit=now, ahead=ahead)) if room else None
        try:
            if settling:
                self._settled(outcomes, await settling)
        except StoreError:
            self._outcomes = outcomes + self._outcomes
            raise
        finally:
            if claiming:
                self._unheard = True
                self._claimed(await claiming, room)
                self._unheard = False

    async def _put_back(self) -> None:
        """A claim that failed may have been written all the same. Then jobs run, says the store, of which nobody here knows,
        and no rescuer takes them from a process that lives."""
        running = await self._store.find(Query(states=(State.RUNNING,), limit=_RUNNING))
        ours = [job for job in running if job.owner == self._store.process and self._leases.get(job.key) != job.token]
        self._leases.update((job.key, job.token) for job in ours)
        self.answer([(job, Interrupted(UNHEARD, started=False)) for job in ours])
        self._unheard = False

    def _settlements(self, outcomes: Sequence[Attempted]) -> list[lifecycle.Settlement]:
        now = self._clock.now()
        return [lifecycle.settle(job, outcome, now, self._draw()) for job, outcome in outcomes]

    def _settled(self, outcomes: Sequence[Attempted], verdicts: Sequence[Verdict]) -> None:
        # What is tried again, and what waited for its attempt, may be ready.
        self.hint()
        for (job, outcome), verdict in zip(outcomes, verdicts, strict=True):
            if self._leases.get(job.key) == job.token:
                del self._leases[job.key]
            self._tell(Settled(job, outcome, verdict.value))
        self._tell_settled(outcomes)

    def _claimed(self, claims: Claims, room: int) -> None:
        self._hinted |= len(claims.jobs) == room
        if claims.jobs:
            self._leases.update((job.key, job.token) for job in claims.jobs)
            self._tell(Claimed(tuple(claims.jobs)))
            self._take(claims.jobs)
        self._wait_for(claims.next_due)
        if self._hinted:
            self._stir.set()

    def _wait_for(self, next_due: int | None) -> None:
        if self._due:
            self._due.cancel()
            self._due = None
        if next_due is not None:
            seconds = max(0.0, (next_due - self._clock.now()) / SECOND)
            self._due = asyncio.get_running_loop().call_later(min(seconds, LONGEST), self.hint)
