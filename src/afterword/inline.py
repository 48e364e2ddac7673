"""What runs in this process, after the response, and is not written down: all of it inline, else what is not durable."""

import asyncio
import functools
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from starlette.background import BackgroundTask, BackgroundTasks

from afterword.jobs.reference import Reference
from afterword.tasks.call import Binder, new_id
from afterword.tasks.task import Task, durable

log = logging.getLogger("afterword")

Prepare = Callable[[Callable[..., Any], Sequence[Any], Mapping[str, Any]], BackgroundTask]
"""Makes of function and arguments what will be run, or raises what they are refused with."""


def plain(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> BackgroundTask:
    """Just this call, as FastAPI would make it."""
    if isinstance(function, Task):
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


class Inline:
    """One request's list. Order, exceptions, spans and the moment of running are those of the `stock` list."""

    def __init__(self, stock: BackgroundTasks, prepare: Prepare = plain) -> None:
        self._stock = stock
        self._prepare = prepare

    @property
    def tasks(self) -> Sequence[BackgroundTask]:
        return self._stock.tasks

    def take(self, function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Reference:
        """A reference, for code that expects one: nothing can be looked up by it."""
        task = self._prepare(function, args, kwargs)
        self._stock.add_task(task.func, *task.args, **task.kwargs)
        return Reference(new_id())

    async def run(self) -> None:
        await self._stock()


class Beside:
    """The calls of one request that are not durable, where the others are written down.

    The `stock` list runs them as it always does. What it leaves out, since the response came with a background of its own, an
    earlier task failed, or the call came too late, is run at the end of the request.
    """

    def __init__(self, stock: BackgroundTasks) -> None:
        self._stock = stock
        self._tasks: list[_Once] = []

    @property
    def tasks(self) -> Sequence[BackgroundTask]:
        return self._tasks

    def take(self, function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Reference:
        task = _Once(plain(function, args, kwargs))
        self._tasks.append(task)
        self._stock.tasks.append(task)
        return Reference(new_id())

    def abandon(self) -> None:
        """The request failed before it answered."""
        for task in self._tasks:
            task.begun = True

    @property
    def waiting(self) -> bool:
        """Whether there is anything that has not been run."""
        return not all(task.begun for task in self._tasks)

    async def run(self) -> None:
        """Run what has not been run. What fails is told in the log, and keeps nothing else from running."""
        for task in self._tasks:  # It may grow meanwhile.
            try:
                await task()
            except Exception:
                log.exception("%s failed", getattr(task.func, "__qualname__", task.func))


class _Once(BackgroundTask):
    def __init__(self, task: BackgroundTask) -> None:
        super().__init__(task.func, *task.args, **task.kwargs)
        self.begun = False

    async def __call__(self) -> None:
        if not self.begun:
            self.begun = True
            await super().__call__()


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
