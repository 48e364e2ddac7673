"""Runners without processes: what a worker's pool is given in place of `worker.runner.Runner`."""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Sequence

from afterword.jobs.job import Job
from afterword.jobs.outcome import Crashed, Interrupted, Outcome
from afterword.worker.placing import Seat
from afterword.worker.runner import Audience, Death
from tests.simulation.loop import Lane, Process, VirtualLoop

Begin = Callable[[Job, Process], tuple[float, Outcome]]
"""Told that an attempt begins in a process; says how many seconds it takes and how it ends."""


class FalseRunner:
    """It does what a runner does, so far as its worker can tell. Its attempts end as `begin` says; it dies of a `Crashed`."""

    def __init__(
        self,
        audience: Audience,
        *,
        number: int,
        concurrency: int,
        chance: random.Random,
        begin: Begin,
        end: Callable[[Job, Outcome], None],
    ) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        self.pid = number
        self.ready = False
        self.exclusive = False
        self.process = Process(f"{loop.process}/runner {number}")
        self._loop = loop
        self._worker = loop.lane
        self._lane = Lane(self.process)
        self._audience = audience
        self._concurrency = concurrency
        self._ahead = chance.randint(0, 3)
        self._chance = chance
        self._begin_attempt = begin
        self._end_attempt = end
        self._jobs: list[Job] = []
        self._begun: list[Job] = []
        self._waiting: list[Job] = []
        self._running = 0
        self._pipe: deque[tuple[Job, Outcome]] = deque()
        self._ours = False
        self._gone = asyncio.Event()
        loop.later(self._lane, chance.uniform(0.05, 0.4), self._import)

    @property
    def seat(self) -> Seat:
        return Seat(load=len(self._jobs), ready=self.ready, exclusive=self.exclusive, ahead=self._ahead)

    def look(self, now: int) -> bool:
        if self._waiting and self._chance.random() < 0.2:
            self.recall()
        return False

    def enforce(self, now: int) -> bool:
        return False

    def hand(self, jobs: Sequence[Job], now: int) -> None:
        self._jobs += jobs
        self._loop.later(self._lane, 0.01 * self._chance.random(), self._received, jobs)

    def recall(self) -> None:
        self._loop.later(self._lane, 0.0, self._recall)

    def dismiss(self) -> None:
        self._ours = True
        self._loop.later(self._lane, 0.0, self.die, "exited with 0")

    def kill(self) -> None:
        self._ours = True
        self.die("killed")

    async def gone(self) -> None:
        await self._gone.wait()

    def die(self, cause: str) -> None:
        """This process ends now; its worker notices."""
        if self.process.alive:
            self._loop.kill(self.process)
            self._loop.later(self._worker, 0.05 * self._chance.random(), self._exited, cause)

    def _import(self) -> None:
        self._loop.later(self._worker, 0.0, self._imported)

    def _imported(self) -> None:
        if not self._gone.is_set():
            self.ready = True
            self._audience.ready(self)  # type: ignore[arg-type]

    def _received(self, jobs: Sequence[Job]) -> None:
        self._waiting += jobs
        self._begin()

    def _begin(self) -> None:
        while self._waiting and self._running < self._concurrency:
            job = self._waiting.pop(0)
            self._begun.append(job)
            self._running += 1
            seconds, outcome = self._begin_attempt(job, self.process)
            self._loop.later(self._lane, seconds, self._end, job, outcome)

    def _end(self, job: Job, outcome: Outcome) -> None:
        if isinstance(outcome, Crashed):
            self.die(outcome.cause)
        else:
            self._running -= 1
            self._end_attempt(job, outcome)
            self._say(job, outcome)
            self._begin()

    def _recall(self) -> None:
        while self._waiting:
            self._say(self._waiting.pop(0), Interrupted("its runner was told to begin nothing", started=False))

    def _say(self, job: Job, outcome: Outcome) -> None:
        self._pipe.append((job, outcome))
        self._loop.later(self._worker, 0.01 * self._chance.random(), self._read)

    def _read(self) -> None:
        outcomes = [*self._pipe]
        self._pipe.clear()
        if not outcomes:
            return
        for job, _ in outcomes:
            self._jobs.remove(job)
            if job in self._begun:
                self._begun.remove(job)
        self.exclusive = self.exclusive and bool(self._jobs)
        self._audience.ended(self, outcomes)  # type: ignore[arg-type]

    def _exited(self, cause: str) -> None:
        self._read()
        started = tuple(self._begun)
        unstarted = tuple(job for job in self._jobs if job not in self._begun)
        self._jobs.clear()
        self._gone.set()
        self._audience.died(self, Death(cause, self._ours, None, started, unstarted))  # type: ignore[arg-type]
