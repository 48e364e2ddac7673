"""Hands jobs off to other engines, and nothing else: without runners, in the application's own process."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from afterword.clock import Clock
from afterword.events import Tell
from afterword.frames import Asked, Attempted, Order, Sighted, order
from afterword.jobs.job import Job
from afterword.jobs.outcome import HandedOff, Interrupted
from afterword.launch import Launch
from afterword.stores.store import Store, Want
from afterword.worker import heartbeat, inquirer, janitor, rescuer
from afterword.worker.election import Election
from afterword.worker.heartbeat import Heartbeat
from afterword.worker.inquirer import Inquirer
from afterword.worker.janitor import Janitor
from afterword.worker.loop import every
from afterword.worker.placing import Room
from afterword.worker.rescuer import Rescuer
from afterword.worker.turns import Turns

AT_A_TIME = 32
"""Jobs in hand: an engine takes them one after the other, so a few are enough to keep it busy."""

TURN_PERIOD = 0.25
"""Seconds between two looks whether this process's turn has come."""

POLL = 5.0
"""Seconds after which an outbox that heard nothing asks the store all the same."""

Submit = Callable[[Order], Awaitable[Attempted]]
Look = Callable[[Sequence[Asked]], Awaitable[Sequence[Sighted]]]


class Outbox:
    """Of an application's processes, the one that wins the `election` hands its jobs off by `submit`, and asks by `look` what
    became of them. Jobs that no engine is to run are left for a worker."""

    def __init__(
        self, store: Store, launch: Launch, election: Election, submit: Submit, look: Look, clock: Clock, tell: Tell
    ) -> None:
        self._store = store
        self._election = election
        self._submit = submit
        self._tell = tell
        want = Want(launch.app, limit=0, queues=launch.queues, handoff=True)
        self._turns = Turns(store, want, self._room, self._take, clock, tell)
        self._inquirer = Inquirer(store, launch.app, look, self._turns.answer, clock)
        self._duties = (
            (0.0, self._listen),
            (rescuer.PERIOD, Rescuer(store, self._turns.hint).rescue),
            (heartbeat.PERIOD, Heartbeat(store, launch.app, self._turns.leases).beat),
            (inquirer.PERIOD, self._inquirer.inquire),
            (janitor.TIDY_PERIOD, Janitor(store, clock, launch.keep).tidy),
            (janitor.FORGET_PERIOD, Janitor(store, clock, launch.keep).forget),
        )
        self._in_hand: set[asyncio.Task[None]] = set()
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._running = asyncio.ensure_future(self._run())

    async def stop(self, patience: float) -> None:
        """Claim nothing more, give what is being handed off up to `patience` seconds, and settle it."""
        self._turns.close()
        if self._running:
            await asyncio.wait([self._running], timeout=patience)
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        self._election.leave()

    async def _run(self) -> None:
        await self._come_round()
        async with asyncio.TaskGroup() as group:
            duties = [group.create_task(every(period, duty, self._tell)) for period, duty in self._duties]
            await self._turns.run()
            for duty in duties:
                duty.cancel()
        await self._store.leave()

    async def _come_round(self) -> None:
        while True:
            if self._election.win():
                return
            await asyncio.sleep(TURN_PERIOD)

    async def _listen(self) -> None:
        await self._store.wait(POLL)
        self._turns.hint()

    def _room(self) -> Room:
        return Room(max(0, AT_A_TIME - len(self._in_hand)), 0)

    def _take(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            task = asyncio.ensure_future(self._hand_off(job))
            self._in_hand.add(task)
            task.add_done_callback(self._in_hand.discard)

    async def _hand_off(self, job: Job) -> None:
        try:
            outcome = await self._submit(order(job))
        except BaseException:
            self._turns.answer([(job, Interrupted("its process is stopping", started=False))])
            raise
        self._turns.answer([(job, outcome)])
        if isinstance(outcome, HandedOff):
            self._inquirer.wake()
