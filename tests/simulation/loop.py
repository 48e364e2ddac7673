"""An event loop of several processes in one thread, in which time is false and chance says who takes the next step.

Whatever a process has to do goes into its lanes: one for each of its threads, in the order in which it was asked for. Between
lanes there is no order. A process that died takes no more steps, not even to clean up, and one that is stopped none until it
goes on: as with real ones.
"""

import asyncio
import contextvars
import heapq
import itertools
import random
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, TypeVarTuple

from afterword.clock import SECOND
from afterword.testing import FalseClock

Ts = TypeVarTuple("Ts")

STEP = 50
"""Microseconds that one step takes, at most."""


class Process:
    """What can die and be stopped."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.alive = True
        self.stopped = False
        self.signals: dict[int, Callable[[], object]] = {}

    def __repr__(self) -> str:
        return self.name


class Lane:
    """One thread of a process: its steps keep their order."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.ready: deque[asyncio.Handle] = deque()


_present: contextvars.ContextVar[Lane] = contextvars.ContextVar("lane")


class Stuck(AssertionError):
    """Nobody has anything to do, now or later, and somebody waits."""


class VirtualLoop(asyncio.BaseEventLoop):
    """`chance` picks the steps; time passes on `clock` alone."""

    def __init__(self, clock: FalseClock, chance: random.Random) -> None:
        super().__init__()
        self.steps = 0
        self._buried = False
        self._clock = clock
        self._chance = chance
        self.world = Lane(Process("world"))
        self._busy: list[Lane] = []
        self._timers: list[tuple[int, int, asyncio.TimerHandle, Lane]] = []
        self._numbers = itertools.count()
        self._tasks: list[asyncio.Task[Any]] = []

    @property
    def process(self) -> Process:
        """The process whose step this is."""
        return self.lane.process

    @property
    def lane(self) -> Lane:
        """The lane whose step this is."""
        return _present.get(self.world)

    def begin(self, lane: Lane, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """Let `lane` do this, whatever becomes of who asks for it."""
        context = contextvars.copy_context()
        context.run(_present.set, lane)
        task = self.create_task(work, context=context)
        self._tasks.append(task)
        return task

    def later(self, lane: Lane, seconds: float, act: Callable[..., object], *args: Any) -> None:
        """Let `lane` do this after so many seconds."""
        context = contextvars.copy_context()
        context.run(_present.set, lane)
        self.call_later(seconds, act, *args, context=context)

    def kill(self, process: Process) -> None:
        """It takes no step any more."""
        process.alive = False

    def signal(self, process: Process, number: int) -> None:
        if process.alive and number in process.signals:
            self.later(Lane(process), 0.0, process.signals[number])

    def bury(self) -> None:
        """Cancel whatever anybody still does, the dead too, so that nothing is left to the garbage collector."""
        self._buried = True
        resting = self.create_task(self._lay_to_rest())
        while not resting.done():
            with suppress(RuntimeError):  # Whoever ran the loop before may have asked it to stop once more.
                self.run_until_complete(resting)
        self.close()

    async def _lay_to_rest(self) -> None:
        for _ in range(20):
            left = [task for task in asyncio.all_tasks(self) if task is not asyncio.current_task()]
            for task in left:
                task.cancel()
            while self._busy:
                await asyncio.sleep(0)

    # What asyncio asks of a loop.

    def time(self) -> float:
        return self._clock.steady() / SECOND

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        context = context or contextvars.copy_context()
        handle = asyncio.Handle(callback, args, self, context)
        self._put(context.get(_present, self.world), handle)
        return handle

    call_soon_threadsafe = call_soon

    def call_later(
        self,
        delay: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        context = context or contextvars.copy_context()
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        lane = context.get(_present, self.world)
        heapq.heappush(self._timers, (round(when * SECOND), next(self._numbers), handle, lane))
        return handle

    def add_signal_handler(self, sig: int, callback: Callable[[*Ts], object], *args: *Ts) -> None:
        self.process.signals[sig] = lambda: callback(*args)

    def _run_once(self) -> None:
        self._due()
        while not (lanes := self._runnable()):
            if not self._timers:
                raise Stuck("nobody has anything to do")
            self._pass(self._timers[0][0] - self._clock.steady())
            self._due()
        lane = self._chance.choice(lanes)
        handle = lane.ready.popleft()
        if not lane.ready:
            self._busy.remove(lane)
        self.steps += 1
        if not handle.cancelled():
            handle._run()
        self._pass(self._chance.randint(0, STEP))

    def _due(self) -> None:
        now = self._clock.steady()
        while self._timers and self._timers[0][0] <= now:
            _, _, handle, lane = heapq.heappop(self._timers)
            if not handle.cancelled():
                self._put(lane, handle)

    def _put(self, lane: Lane, handle: asyncio.Handle) -> None:
        if not lane.ready:
            self._busy.append(lane)
        lane.ready.append(handle)

    def _runnable(self) -> Sequence[Lane]:
        if self._buried:
            return list(self._busy)
        return [lane for lane in self._busy if lane.process.alive and not lane.process.stopped]

    def _pass(self, microseconds: int) -> None:
        if microseconds > 0:
            self._clock.advance(microseconds / SECOND)
