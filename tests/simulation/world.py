"""A small world in one thread: API processes and their clients, workers and their runners, a person, and trouble.

Adder, Collector, Worker, Turns, Pool, Rescuer, Heartbeat and Janitor are the real ones. Clock, loop, runners and the line
to the store are false.
"""

import asyncio
import random
import signal
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from afterword.events import nobody
from afterword.jobs.job import Job
from afterword.jobs.outcome import Outcome
from afterword.launch import Launch
from afterword.stores.store import Query
from afterword.testing import FalseClock
from afterword.worker import janitor, pool, worker
from tests.simulation.clients import Clients, Noting, wish
from tests.simulation.kinds import ALL, APP, HARMLESS
from tests.simulation.line import PATIENCE, Faults, Line
from tests.simulation.loop import Lane, Process, Stuck, VirtualLoop
from tests.simulation.oracle import Broken, Oracle
from tests.simulation.runners import FalseRunner
from tests.simulation.towns import Found

CALM = 900
"""Seconds after the last trouble, and after the last that was stopped goes on, within which all must have come to its end."""


@dataclass(frozen=True)
class Plan:
    """What a world is made of."""

    apis: int = 2
    workers: int = 2
    requests: int = 12
    seconds: float = 60.0
    """For how long requests come."""
    faults: float = 0.04
    """How often a call fails before it was made, and after, and takes its time."""
    trouble: float = 5.0
    """Seconds between two deaths, stops and so on, on average; 0 for none."""
    stop: float = 90.0
    """Seconds for which a process may stop, at most."""
    crashes: bool = True
    """Whether some tasks end their runners."""
    person: bool = True
    """Whether somebody cancels, tries again and forgets."""
    keep: float = 3600.0
    """Seconds that finished jobs are kept."""


@dataclass(eq=False)
class Member:
    """A process and its line to the store: an API process, which has an adder, or a worker, which has runners."""

    process: Process
    lane: Lane
    line: Line
    adder: Noting | None = None
    runners: list[FalseRunner] = field(default_factory=list)
    doing: list["asyncio.Task[Any]"] = field(default_factory=list)

    @property
    def busy(self) -> bool:
        return any(not task.done() for task in self.doing)


class World:
    """`play` makes it happen, always in the same way for one seed and plan."""

    def __init__(self, seed: int, plan: Plan, found: Found) -> None:
        self.chance = random.Random(seed)
        self.plan = plan
        self.clock = FalseClock()
        self.loop = VirtualLoop(self.clock, self.chance)
        self.loop.set_exception_handler(self._raised)
        self.town = found(self.clock)
        self.faults = Faults(plan.faults, plan.faults, plan.faults, 4 * plan.faults)
        self.oracle = Oracle(self.clock, self._look, self._break)
        self.members: list[Member] = []
        self._clients = Clients(self.oracle, self.chance, ALL if plan.crashes else HARMLESS)
        self._outside = self.town.make()
        self._broken: BaseException | None = None
        self._over = False
        self._made = 0

    def play(self) -> Oracle:
        """Raises the first law that was broken."""
        with (
            patch.object(worker, "REVIEW_PERIOD", 0.4),
            patch.object(janitor, "TIDY_PERIOD", 5.0),
            patch.object(pool, "Runner", self._runner),
        ):
            try:
                self.loop.run_until_complete(self._story())
            except (RuntimeError, Stuck, Broken) as ended:  # A RuntimeError: the loop was stopped, since a law was broken.
                self._broken = self._broken or ended
            finally:
                self._over = True
                self.loop.bury()
                self.town.close()
        if self._broken is not None:
            raise self._broken
        return self.oracle

    async def _story(self) -> None:
        for _ in range(self.plan.apis):
            self._start_api()
        for _ in range(self.plan.workers):
            self._start_worker()
        troubles = [asyncio.ensure_future(self._trouble()), asyncio.ensure_future(self._person())]
        for _ in range(self.plan.requests):
            await asyncio.sleep(self.chance.expovariate(self.plan.requests / self.plan.seconds))
            self._visit()
        for trouble in troubles:
            trouble.cancel()
        self.faults.cease()
        for _ in range(CALM + round(self.plan.stop)):
            await asyncio.sleep(1.0)
            if self.oracle.done() and not any(member.busy for member in self.members if member.adder):
                break
        await asyncio.sleep(5.0)
        self.oracle.judge(self._outside.count().result(PATIENCE))

    def _start_api(self) -> None:
        member = self._join("api")
        member.adder = Noting(member.line, self.clock)

    def _start_worker(self) -> None:
        member = self._join("worker")
        runners = self.chance.randint(1, 2)
        launch = Launch(store="memory", app=APP, path=(), runners=runners, concurrency=2, drain=5.0, keep=self.plan.keep)
        self._do(member, self._work(member, worker.Worker(member.line, launch, self.clock, nobody, self._made)))

    def _join(self, what: str) -> Member:
        self._made += 1
        process = Process(f"{what} {self._made}")
        member = Member(process, Lane(process), self._line(process))
        self.members.append(member)
        return member

    def _line(self, process: Process) -> Line:
        return Line(self.town.make(), Lane(process), self.loop, self.chance, self.faults, self.oracle.saw)

    def _do(self, member: Member, work: Coroutine[Any, Any, Any]) -> None:
        task = self.loop.begin(member.lane, work)
        task.add_done_callback(self._ended)
        member.doing.append(task)

    def _visit(self) -> None:
        api = self.chance.choice([member for member in self.members if member.adder])
        assert api.adder is not None
        self._do(api, self._clients.request(api.adder, api.process))

    async def _work(self, member: Member, working: worker.Worker) -> None:
        await working.run()
        member.line.close()
        self._died(member)

    def _runner(
        self, launch: Launch, life: str | None, audience: pool.Pool, steady: Callable[[], int], begun: None
    ) -> FalseRunner:
        (owner,) = [member for member in self.members if member.process is self.loop.process]
        runner = FalseRunner(
            audience,
            number=len(owner.runners),
            concurrency=launch.concurrency,
            chance=self.chance,
            begin=self._begin,
            end=self.oracle.ended,
        )
        owner.runners.append(runner)
        return runner

    def _begin(self, job: Job, process: Process) -> tuple[float, Outcome]:
        attempts = sum(1 for id, _ in self.oracle.starts if id == job.id)
        self.oracle.started(job, process)
        return self._clients.kinds[job.id].attempt(attempts, job.token, self.chance)

    async def _trouble(self) -> None:
        while self.plan.trouble:
            await asyncio.sleep(self.chance.expovariate(1 / self.plan.trouble))
            member = self.chance.choice(self.members)
            if not member.process.alive:
                continue
            match self.chance.choice(("kill", "stop", "stop", "runner", "term", "jump")):
                case "kill":
                    self._kill(member)
                case "stop":
                    self._stop(member, self.chance.choice((1.0, self.plan.stop * self.chance.random(), self.plan.stop)))
                case "runner" if member.runners:
                    self.chance.choice(member.runners).die("killed by SIGKILL: out of memory, or by somebody")
                case "term":
                    self._terminate(member)
                case "jump":
                    self.clock.jump(self.chance.choice((-3.0, 3.0)))

    def _kill(self, member: Member) -> None:
        self.oracle.note(f"{member.process} is killed")
        self.loop.kill(member.process)
        for runner in member.runners:
            # An orphan notices it within a moment. Until then it acts for its worker, which therefore seems to live.
            self.loop.call_later(self.chance.random(), self.loop.kill, runner.process)
        self.loop.call_later(1.0 if member.runners else 0.0, self._died, member)

    def _stop(self, member: Member, seconds: float) -> None:
        if not member.process.stopped:
            self.oracle.note(f"{member.process} stops for {seconds:.1f} s")
            member.process.stopped = True
            self.loop.call_later(seconds, setattr, member.process, "stopped", False)

    def _terminate(self, member: Member) -> None:
        self.oracle.note(f"{member.process} is asked to stop")
        if member.adder:
            self._do(member, self._leave(member, member.adder, list(member.doing)))
        else:
            self.loop.signal(member.process, signal.SIGTERM)

    async def _leave(self, member: Member, adder: Noting, requests: list["asyncio.Task[Any]"]) -> None:
        await asyncio.gather(*requests, return_exceptions=True)
        await adder.close()
        self._died(member)

    def _died(self, member: Member) -> None:
        """To the eyes of the others. Another takes its place."""
        if member not in self.members:
            return
        self.loop.kill(member.process)
        self.town.bury(member.line.store)
        self.oracle.known.dead.add(member.line.process)
        self.members.remove(member)
        self.loop.later(self.loop.world, 0.0, self._start_api if member.adder else self._start_worker)

    async def _person(self) -> None:
        person = Process("person")
        line = self._line(person)
        while self.plan.person:
            await asyncio.sleep(self.chance.expovariate(0.3))
            if ids := list(self.oracle.jobs):
                self.loop.begin(Lane(person), wish(line, ids[-12:], self.chance))

    def _look(self) -> list[Job]:
        return list(self._outside.find(Query(limit=100_000)).result(PATIENCE))

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        if not task.cancelled() and (error := task.exception()):
            self._break(error)

    def _raised(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self._break(context.get("exception") or AssertionError(context["message"]))

    def _break(self, error: BaseException) -> None:
        if not self._over:
            self._broken = self._broken or error
            self.loop.stop()
