"""What runs in this process, after the response, and is not written down: all of it inline, else what is not durable."""

import asyncio
import functools
import logging
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from starlette.background import BackgroundTask, BackgroundTasks

from afterword.jobs.reference import Reference
from afterword.tasks.call import Binder, new_id
from afterword.tasks.task import durable, is_task

log = logging.getLogger("afterword")

Prepare = Callable[[Callable[..., Any], Sequence[Any], Mapping[str, Any]], BackgroundTask]
"""Makes of function and arguments what will be run, or raises what they are refused with."""

SeeThrough = Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"]
"""Has work finished even where its caller is cancelled."""


def plain(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> BackgroundTask:
    """Just this call, as FastAPI would make it."""
    if is_task(function):
        function = function.function
    if kwargs.keys() & {"self", "func"}:
        # The stock classes have parameters of these names themselves.
        function, kwargs = functools.partial(function, **kwargs), {}
    return BackgroundTask(function, *args, **kwargs)


def strict(binder: Binder) -> Prepare:
    """Refuses what could not be written down, and hands on the arguments as they would come back."""

    def prepare(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> BackgroundTask:
        if not durable(function):
            return plain(function, args, kwargs)
        call = binder.bind(function, args, kwargs)
        return plain(function, *call.back())

    return prepare


class Aside:
    """A way of preparing calls that wants each of them run for a request that succeeds, just as if it had been written down:
    in a socket, after `yield`, and beside a response that has a background of its own, too."""

    def __init__(self, prepare: Prepare) -> None:
        self._prepare = prepare

    def __call__(self, function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> BackgroundTask:
        return self._prepare(function, args, kwargs)


class Inline:
    """One request's list. Order, exceptions, spans and the moment of running are those of the `stock` list."""

    def __init__(self, stock: BackgroundTasks, prepare: Prepare = plain) -> None:
        self._stock = stock
        self._prepare = prepare

    @property
    def tasks(self) -> list[BackgroundTask]:
        """The stock list itself, to which some add directly."""
        return self._stock.tasks

    def take(self, function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Reference:
        """A reference, for code that expects one: nothing can be looked up by it."""
        task = self._prepare(function, args, kwargs)
        self._stock.add_task(task.func, *task.args, **task.kwargs)
        return Reference(new_id())

    async def run(self) -> None:
        await self._stock()


class Beside:
    """The calls of one request that are not written down, where others are, or would be.

    The `stock` list runs them as it always does. What it leaves out, since the response came with a background of its own, an
    earlier task failed, or the call came too late, is run at the `end` of the request; what comes later still, there and then.
    """

    __slots__ = ("_ended", "_lock", "_prepare", "_see_through", "_stock", "_tasks")

    def __init__(self, stock: BackgroundTasks, see_through: SeeThrough, prepare: Prepare = plain) -> None:
        self._stock = stock
        self._see_through = see_through
        self._prepare = prepare
        self._tasks: list[_Once] = []
        # Held while the end looks whether anything is left: a thread of the endpoint may add at this moment.
        self._lock = threading.Lock()
        self._ended = False

    @property
    def tasks(self) -> list[BackgroundTask]:
        return list(self._tasks)

    def take(self, function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Reference:
        task = _Once(self._prepare(function, args, kwargs))
        with self._lock:
            ended = self._ended
            if not ended:
                self._tasks.append(task)
                self._stock.tasks.append(task)
        if ended:
            self._too_late(task)
        return Reference(new_id())

    def abandon(self) -> None:
        """The request failed before it answered."""
        for task in self._tasks:
            task.begun = True

    @property
    def waiting(self) -> bool:
        """Whether there is anything that has not been run."""
        return bool(self._tasks) and not all(task.begun for task in self._tasks)

    async def run(self) -> None:
        """The response that carries the list has been sent: run what has not been run."""
        await self._run_all()

    async def end(self) -> None:
        """The request is over: run what has not been run, even where the caller is cancelled."""
        with self._lock:
            self._ended = not self.waiting
        if not self._ended:
            await asyncio.shield(self._see_through(self._run_out()))

    async def _run_out(self) -> None:
        while not self._ended:
            await self._run_all()
            with self._lock:
                self._ended = not self.waiting

    async def _run_all(self) -> None:
        # What fails is told in the log, and keeps nothing else from running.
        for task in self._tasks:  # It may grow meanwhile.
            await _told(task)

    def _too_late(self, task: BackgroundTask) -> None:
        try:
            asyncio.get_running_loop()
        except RuntimeError:  # A thread of its own may wait.
            asyncio.run(_told(task))
        else:
            self._see_through(_told(task))


class _Once(BackgroundTask):
    def __init__(self, task: BackgroundTask) -> None:
        super().__init__(task.func, *task.args, **task.kwargs)
        self.begun = False

    async def __call__(self) -> None:
        if not self.begun:
            self.begun = True
            await super().__call__()


async def _told(task: BackgroundTask) -> None:
    """Run it. What fails is told in the log."""
    try:
        await task()
    except Exception:
        log.exception("%s failed", getattr(task.func, "__qualname__", task.func))


async def run(task: BackgroundTask) -> str:
    """Run it here and now: a coroutine on this loop, anything else in a thread."""
    await task()
    return new_id()


def run_now(task: BackgroundTask) -> str:
    """Run it here and now: a coroutine on a loop of its own, anything else in this thread."""
    if task.is_async:
        with ThreadPoolExecutor(1) as thread:  # In this one a loop may be running already.
            thread.submit(asyncio.run, task()).result()
    else:
        task.func(*task.args, **task.kwargs)
    return new_id()
