"""Other ends for what a test adds: run at once, captured, or kept until the test wants it run."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any, NamedTuple

from starlette.background import BackgroundTask

from afterword.adder import Adder
from afterword.attempt import Made, attempt
from afterword.clock import SystemClock
from afterword.errors import DrainStuck
from afterword.events import nobody
from afterword.frames import order
from afterword.inline import Aside, Prepare, plain, strict
from afterword.jobs import lifecycle
from afterword.jobs.job import Job
from afterword.jobs.outcome import Failed, Interrupted, Outcome, Snoozed
from afterword.rehearsal import rehearse
from afterword.runner.calling import Calling
from afterword.stores.memory import MemoryStore
from afterword.stores.store import Want
from afterword.tasks.call import Binder
from afterword.tasks.task import Task, is_task
from afterword.testing.clock import FalseClock

THREADS = 4


@contextmanager
def inline(*, strict: bool = False) -> Iterator[None]:
    """All tasks run in this process right after the response, whatever store the application was given.

    `strict`: what could not be written down is refused at `add_task`, and arguments make the way through JSON.
    """
    with rehearse(_strict if strict else _plain):
        yield


class Captured(NamedTuple):
    """A call that was added and not run."""

    task: str
    """`module:qualname`, or the name that @task gave."""
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    """As the task would get them: whatever was passed, by keyword where it can be."""


@contextmanager
def capture() -> Iterator[list[Captured]]:
    """What is added is not run: it stands in the list that this yields, once its request is over and has not failed.

    What could not be written down is refused as in production.
    """
    captured: list[Captured] = []

    def choose(app: str, binder: Binder) -> Prepare:
        def prepare(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> BackgroundTask:
            if is_task(function) and not function.options.durable:
                return BackgroundTask(_note, captured, Captured(function.name, *_bound(function, args, kwargs)))
            call = binder.bind(function, args, kwargs)
            return BackgroundTask(_note, captured, Captured(call.task.name, *call.back()))

        return Aside(prepare)

    with rehearse(choose):
        yield captured


@contextmanager
def drain() -> Iterator["Drain"]:
    """What is added rests in memory, with all its options, until what this yields is called."""
    waiting = Drain()
    with rehearse(waiting.adder):
        yield waiting


class Drain:
    """Jobs that wait for a test to have them run. Their clock is false: pauses before retries pass at once."""

    def __init__(self) -> None:
        self._clock = FalseClock(SystemClock().now())
        self._store = MemoryStore(clock=self._clock)
        # Two applications of one factory have the same name, and what makes their calls is not the same.
        self._adders: dict[tuple[str, Binder], Adder] = {}

    def adder(self, app: str, binder: Binder) -> Adder:
        """Where the jobs of this application go."""
        if (app, binder) not in self._adders:
            self._adders[app, binder] = Adder(self._store, app, binder, self._clock, nobody)
        return self._adders[app, binder]

    def __call__(self) -> list[Job]:
        """Run them until nothing is left, coroutines on a loop in a thread of its own; answers with all that have ended, in
        the order of their ends.

        A task that fails ends as a `failed` job; look at its `error`. Raises DrainStuck for a job that can never end.
        """
        ended: list[Job] = []
        errors: list[BaseException] = []

        def work() -> None:
            try:
                ended.extend(asyncio.run(self.on_loop()))
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=work, name="afterword drain")
        thread.start()
        thread.join()
        if errors:
            raise errors[0]
        return ended

    async def on_loop(self) -> list[Job]:
        """The same on the running loop, for tests that are coroutines."""
        ended: list[Job] = []
        with closing(Calling(THREADS)) as calling:
            while claimed := await self._claim():
                job = await self._attempt(*claimed, calling)
                if job.state.finished:
                    ended.append(job)
        return ended

    async def _claim(self) -> tuple[Job, Binder] | None:
        """The job that is next: one that is ready, else the one that is due first, once the clock has come to that."""
        due: list[int] = []
        for app, binder in list(self._adders):
            # One at a time, since what waits for it comes before what was added later.
            claims = await self._store.claim(Want(app, 1))
            if claims.jobs:
                return claims.jobs[0], binder
            if claims.next_due is not None:
                due.append(claims.next_due)
        if not due:
            return None
        self._clock.advance_to(min(due))
        return await self._claim()

    async def _attempt(self, job: Job, binder: Binder, calling: Calling) -> Job:
        try:
            outcome = await _made(job, binder, calling)
        except asyncio.CancelledError:
            await self._settle(job, Interrupted("its test was cancelled", started=True))
            raise
        settled = await self._settle(job, outcome)
        if isinstance(outcome, Snoozed):
            raise DrainStuck(task=job.task, why=outcome.reason)
        return settled

    async def _settle(self, job: Job, outcome: Outcome) -> Job:
        settlement = lifecycle.settle(job, outcome, self._clock.now(), draw=0.5)
        await self._store.settle([settlement])
        return lifecycle.settled(job, settlement)


async def _made(job: Job, binder: Binder, calling: Calling) -> Made:
    """One attempt, in a task of its own: user code that cancels its task, or swallows a cancellation, does not mean the test's
    own."""
    clock = SystemClock()
    late = False

    async def call(task: Task[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        nonlocal late
        began = clock.steady()
        try:
            return await calling.call(task, args, kwargs)
        finally:
            # Nothing can end a function here. That it came to its end is not what a worker would have waited for.
            late = not task.is_async and job.timeout is not None and clock.steady() - began > job.timeout

    making = asyncio.create_task(attempt(order(job), binder.registry, call))
    try:
        await asyncio.wait([making])
    except asyncio.CancelledError:
        making.cancel()
        await asyncio.wait([making])
        raise
    return Failed(lifecycle.late(job.timeout or 0)) if late else making.result()


def _plain(app: str, binder: Binder) -> Prepare:
    return plain


def _strict(app: str, binder: Binder) -> Prepare:
    return strict(binder)


def _bound(task: Task[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    return task.parameters.unbind(task.parameters.bind(args, kwargs))


async def _note(captured: list[Captured], call: Captured) -> None:
    captured.append(call)
