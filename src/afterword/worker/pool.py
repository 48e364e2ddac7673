"""The runners of a worker: hands jobs out as `worker.placing` decides, and answers for every job with an outcome."""

import asyncio
import os
from collections.abc import Callable, Sequence

from afterword.clock import SECOND
from afterword.events import Handed, RunnerBroken, RunnerDied, RunnerStarted, StartFailed, Tell
from afterword.frames import Asked, Sighted
from afterword.jobs import lifecycle
from afterword.jobs.job import Job
from afterword.jobs.outcome import Interrupted, Outcome
from afterword.launch import Launch
from afterword.worker.blame import blame
from afterword.worker.placing import Room, Shape, lacking, one_by_one, place, room, spread, surplus
from afterword.worker.recruit import Recruit
from afterword.worker.rests import Rests
from afterword.worker.runner import Audience, Death, Runner

PATIENCE = 0.5
"""Seconds for which every runner must be busy before another is started: a short burst is not worth a process."""

LEISURE = 60.0
"""Seconds for which a second runner must be idle before it is dismissed."""

SHORTEST_REST = 1.0
LONGEST_REST = 30.0
"""Seconds to wait, at least and at most, before an application that cannot be imported is tried again."""

FAREWELL = 2.0
"""Seconds that a dismissed runner gets to end by itself."""

MOST_SUSPECTS = 200
"""Suspects in hand with which a worker claims nothing more."""

STOPPING = "its worker is stopping"

NONE = Room(0, 0)

Answer = Callable[[Sequence[tuple[Job, Outcome]]], None]


class Pool(Audience):
    """Runner processes, and the jobs that wait for one. `answer` gets each job handed in exactly once, with its outcome.

    `steady` is a monotonic clock in microseconds. The first runner is the one that has `begun`, if any.
    """

    def __init__(
        self,
        launch: Launch,
        life: str | None,
        answer: Answer,
        tell: Tell,
        steady: Callable[[], int],
        begun: Recruit | None = None,
    ) -> None:
        self._launch = launch
        self._life = life
        self._answer = answer
        self._tell = tell
        self._steady = steady
        self._begun = begun
        self._shape = Shape(ceiling=launch.runners or os.cpu_count() or 1, concurrency=launch.concurrency)
        self._runners: list[Runner] = []
        self._leaving: set[Runner] = set()
        self._feared: Runner | None = None
        """Where a job runs, or ran last, that is feared to end its worker."""
        self._unwritten: Job | None = None
        """Such a job that has ended, and whose outcome would be lost if another one ended the worker now."""
        self._waiting: list[Job] = []
        self._suspects = 0
        """Those of them that must run alone."""
        self._open = True
        self._rests = Rests(SHORTEST_REST, LONGEST_REST)
        self._rest_until = 0
        self._busy_since: int | None = None
        self._idle_since: int | None = None

    @property
    def idle(self) -> bool:
        """No job is in hand."""
        return not self._waiting and not any(runner.seat.load for runner in self._runners)

    def room(self) -> Room:
        """How many more jobs it could take."""
        if not self._open or self._suspects > MOST_SUSPECTS:
            return NONE
        # Suspects that wait for a runner of their own keep nobody else waiting, unless there are very many.
        ordinary = len(self._waiting) - self._suspects
        return room([runner.seat for runner in self._runners], self._shape).but(ordinary)

    def take(self, jobs: Sequence[Job]) -> None:
        """Run these, in this order as far as there is room. After `close` they come back as Interrupted."""
        if not self._open:
            self._answer([(job, Interrupted(STOPPING, started=False)) for job in jobs])
            return
        self._waiting += jobs
        self._suspects += sum(job.alone for job in jobs)
        self._place()

    def review(self) -> None:
        """Start or dismiss a runner where that is due; call it a few times a second and when a runner died."""
        now = self._steady()
        changes = [runner.look(now) | runner.enforce(now) for runner in self._runners]
        if any(changes):
            self._place()
            self._answer([])
        seats = [runner.seat for runner in self._runners]
        spare = surplus(seats)
        self._busy_since = (self._busy_since or now) if lacking(seats, self._shape) else None
        self._idle_since = (self._idle_since or now) if spare is not None else None
        if not self._open:
            return
        if self._busy_since and now >= self._rest_until and (not seats or now - self._busy_since >= PATIENCE * SECOND):
            self._start()
        if spare is not None and self._idle_since and now - self._idle_since >= LEISURE * SECOND:
            self._idle_since = None
            self._dismiss(self._runners[spare])

    def settled(self, attempts: Sequence[tuple[Job, Outcome]]) -> None:
        """These outcomes are written down."""
        if self._unwritten and any(job is self._unwritten for job, _ in attempts):
            self._unwritten = None
            self._place()

    async def inquire(self, asked: Sequence[Asked]) -> Sequence[Sighted] | None:
        """What became of these in their engines' hands; None when no runner can ask."""
        able = [runner for runner in self._runners if runner.seat.ready]
        if not able:
            return None
        return await min(able, key=lambda runner: runner.seat.load).inquire(asked)

    def close(self) -> None:
        """Begin nothing more: what waits comes back as Interrupted, what runs goes on."""
        self._open = False
        waiting, self._waiting, self._suspects = self._waiting, [], 0
        self._answer([(job, Interrupted(STOPPING, started=False)) for job in waiting])
        for runner in self._runners:
            runner.recall()

    def cut(self) -> None:
        """End every runner now: what it had begun comes back as Interrupted."""
        for runner in self._runners:
            runner.kill()

    async def end(self) -> None:
        """Dismiss the runners and wait until they are gone."""
        runners = [*self._runners, *self._leaving]
        for runner in list(self._runners):
            self._dismiss(runner)
        try:
            async with asyncio.timeout(FAREWELL):
                for runner in runners:
                    await runner.gone()
        except TimeoutError:
            for runner in runners:
                runner.kill()
                await runner.gone()

    def ready(self, runner: Runner) -> None:
        self._rests.over()
        self._busy_since = None  # This one is at leisure; the next review may be a while off.
        self._tell(RunnerStarted(runner.pid))
        self._place()
        self._answer([])

    def ended(self, runner: Runner, outcomes: Sequence[tuple[Job, Outcome]]) -> None:
        self._remember(outcomes)
        self._place()
        self._answer(outcomes)

    def died(self, runner: Runner, death: Death) -> None:
        if runner in self._leaving:
            self._leaving.discard(runner)
            return
        self._runners.remove(runner)
        if not runner.ready and not death.ours:
            self._delay(runner, death)
        elif not death.ours:
            self._tell(RunnerDied(runner.pid, death.cause, tuple(job.id for job in death.started)))
        outcomes = blame(death, alone=runner.exclusive)
        self._remember(outcomes)
        self._place()  # A suspect that waited while another one ran may go to a runner at leisure, and no other event may come.
        self._answer(outcomes)
        self.review()

    def _start(self) -> None:
        begun, self._begun = self._begun, None
        try:
            self._runners.append(Runner(self._launch, self._life, self, self._steady, begun))
        except OSError as error:  # No memory, no process or no descriptor to be had, for the moment.
            self._tell(StartFailed("runner", error, self._take_rest()))

    def _dismiss(self, runner: Runner) -> None:
        self._runners.remove(runner)
        self._leaving.add(runner)
        runner.dismiss()

    def _delay(self, runner: Runner, death: Death) -> None:
        self._tell(RunnerBroken(runner.pid, death.broken or death.cause, self._take_rest()))

    def _take_rest(self) -> float:
        """Start no runner for a while, longer each time in a row; answers with the seconds."""
        rest = self._rests.longer()
        self._rest_until = self._steady() + round(rest * SECOND)
        return rest

    def _place(self) -> None:
        if not self._waiting:
            return
        if not self._suspects:
            self._place_ordinary()
            return
        running = any(runner is self._feared and runner.exclusive for runner in self._runners)
        may = one_by_one([_feared(job) for job in self._waiting], running or self._unwritten is not None)
        candidates = [job.alone for job, now in zip(self._waiting, may, strict=True) if now]
        places = iter(place(candidates, [runner.seat for runner in self._runners], self._shape))
        handed: dict[int, list[Job]] = {}
        rest: list[Job] = []
        for job, now in zip(self._waiting, may, strict=True):
            index = next(places) if now else None
            if index is None:
                rest.append(job)
            else:
                handed.setdefault(index, []).append(job)
        self._waiting = rest
        self._suspects = sum(job.alone for job in rest)
        self._hand(handed)

    def _place_ordinary(self) -> None:
        """The same, for all that waits at once: there may be many."""
        seats = [runner.seat for runner in self._runners]
        places = spread(len(self._waiting), seats, self._shape)
        handed: dict[int, list[Job]] = {}
        for job, index in zip(self._waiting, places, strict=False):
            handed.setdefault(index, []).append(job)
        del self._waiting[: len(places)]
        self._hand(handed)

    def _remember(self, outcomes: Sequence[tuple[Job, Outcome]]) -> None:
        for job, _ in outcomes:
            if _feared(job):
                self._unwritten = job

    def _hand(self, handed: dict[int, list[Job]]) -> None:
        for index, jobs in handed.items():
            runner = self._runners[index]
            runner.exclusive = jobs[0].alone
            self._feared = runner if _feared(jobs[0]) else self._feared
            runner.hand(jobs, self._steady())
            self._tell(Handed(tuple(job.id for job in jobs), runner.pid))


def _feared(job: Job) -> bool:
    return job.alone and job.lost >= lifecycle.LOSSES_FORGIVEN
