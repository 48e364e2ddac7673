"""The worker: claims jobs, has its runners make the attempts, settles their outcomes."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from afterword.clock import Clock
from afterword.errors import StoreError
from afterword.events import StoreFailed, Tell, WorkerDraining, WorkerStarted, WorkerStopped
from afterword.jobs.job import Job
from afterword.jobs.outcome import HandedOff
from afterword.launch import Launch
from afterword.stores.store import Store, Want
from afterword.worker import heartbeat, inquirer, janitor, lookout, rescuer
from afterword.worker.heartbeat import Heartbeat
from afterword.worker.inquirer import Inquirer
from afterword.worker.janitor import Janitor
from afterword.worker.lookout import Lookout
from afterword.worker.loop import every
from afterword.worker.pool import Pool
from afterword.worker.recruit import Recruit
from afterword.worker.rescuer import Rescuer
from afterword.worker.shutdown import Shutdown
from afterword.worker.turns import Attempted, Turns

REVIEW_PERIOD = 0.1
"""Seconds between two looks at the runners and their number."""

IDLE_REVIEW_PERIOD = 0.5
"""The same while nothing is in hand."""

POLL = 5.0
"""Seconds after which a worker that heard nothing asks the store all the same."""

LAST_WORDS = 5.0
"""Seconds, after the attempts were cut, to write down that they were."""


class Worker:
    """One worker process, whose first runner may have `begun`. Call `run` on the main thread's loop, with the store open."""

    def __init__(self, store: Store, launch: Launch, clock: Clock, tell: Tell, pid: int, begun: Recruit | None = None) -> None:
        self._store = store
        self._launch = launch
        self._tell = tell
        self._pid = pid
        self._shutdown = Shutdown()
        self._pool = Pool(launch, store.life, self._answer, tell, clock.steady, begun)
        want = Want(launch.app, limit=0, queues=launch.queues)
        self._turns = Turns(store, want, self._pool.room, self._take, clock, tell, settled=self._pool.settled)
        self._busy = asyncio.Event()
        self._rescuer = Rescuer(store, self._turns.hint)
        self._heartbeat = Heartbeat(store, launch.app, self._turns.leases)
        self._janitor = Janitor(store, clock, launch.keep)
        self._inquirer = Inquirer(store, launch.app, self._pool.inquire, self._turns.answer, clock)
        self._lookout = Lookout(store, launch.app, tell)

    async def run(self) -> None:
        """Work until asked to stop; then begin nothing, let what runs end within the drain's limit, and take back the rest.

        Raises a group of StoreReplaced when the store's file has gone: what runs is cut, for nobody could learn how it ends.
        """
        self._shutdown.listen(self._launch.lifeline)
        self._tell(WorkerStarted(self._pid, self._launch.app, self._launch.store))
        try:
            async with asyncio.TaskGroup() as group:
                turning = group.create_task(self._turns.run())
                duties = [group.create_task(duty) for duty in self._duties()]
                await self._shutdown.asked.wait()
                await self._drain(turning)
                for task in (turning, *duties):
                    task.cancel()
        finally:
            await self._pool.end()
            self._tell(WorkerStopped(self._pid))

    def _duties(self) -> Sequence[Coroutine[Any, Any, None]]:
        return (
            every(0.0, self._listen, self._tell),
            every(REVIEW_PERIOD, self._review_busy, self._tell),
            every(IDLE_REVIEW_PERIOD, self._review_idle, self._tell),
            every(rescuer.PERIOD, self._rescuer.rescue, self._tell),
            every(heartbeat.PERIOD, self._heartbeat.beat, self._tell),
            every(inquirer.PERIOD, self._inquirer.inquire, self._tell),
            every(janitor.TIDY_PERIOD, self._janitor.tidy, self._tell),
            every(janitor.FORGET_PERIOD, self._janitor.forget, self._tell),
            every(lookout.PERIOD, self._lookout.look, self._tell),
        )

    async def _listen(self) -> None:
        await self._store.wait(POLL)
        self._turns.hint()

    def _take(self, jobs: Sequence[Job]) -> None:
        self._busy.set()
        self._pool.take(jobs)

    async def _review_busy(self) -> None:
        await self._busy.wait()  # At rest, so that an idle worker is not woken for it.
        self._pool.review()
        if self._pool.idle:
            self._busy.clear()

    async def _review_idle(self) -> None:
        if self._pool.idle:
            self._pool.review()

    def _answer(self, attempts: Sequence[Attempted]) -> None:
        self._turns.answer(attempts)
        if any(isinstance(outcome, HandedOff) for _, outcome in attempts):
            self._inquirer.wake()

    async def _drain(self, turning: asyncio.Task[None]) -> None:
        self._tell(WorkerDraining(self._shutdown.reason))
        self._turns.close()
        self._pool.close()
        await self._leave()
        urged = asyncio.ensure_future(self._shutdown.urged.wait())
        await asyncio.wait([turning, urged], timeout=self._launch.drain, return_when=asyncio.FIRST_COMPLETED)
        urged.cancel()
        if not turning.done():
            self._pool.cut()
            await asyncio.wait([turning], timeout=LAST_WORDS)

    async def _leave(self) -> None:
        try:
            await self._store.leave()
        except StoreError as error:
            self._tell(StoreFailed("leave", error))
