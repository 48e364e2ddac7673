"""The mode that writes nothing down: every function goes, as it is, into a list that FastAPI runs after the response."""

import asyncio
import functools
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from starlette.background import BackgroundTask, BackgroundTasks

from afterword.tasks.call import new_id
from afterword.tasks.task import Task


class Inline:
    """One request's list. Order, exceptions, spans and the moment of running are those of the `stock` list."""

    def __init__(self, stock: BackgroundTasks) -> None:
        self._stock = stock

    @property
    def tasks(self) -> Sequence[BackgroundTask]:
        return self._stock.tasks

    def take(self, function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
        """An id, for code that expects one: nothing can be looked up by it."""
        task = _plain(function, args, kwargs)
        self._stock.add_task(task.func, *task.args, **task.kwargs)
        return new_id()

    async def run(self) -> None:
        await self._stock()


async def run(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """Run it here and now: a coroutine on this loop, anything else in a thread."""
    await _plain(function, args, kwargs)()
    return new_id()


def run_now(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """Run it here and now: a coroutine on a loop of its own, anything else in this thread."""
    task = _plain(function, args, kwargs)
    if task.is_async:
        with ThreadPoolExecutor(1) as thread:  # In this one a loop may be running already.
            thread.submit(asyncio.run, task()).result()
    else:
        task.func(*task.args, **task.kwargs)
    return new_id()


def _plain(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> BackgroundTask:
    if isinstance(function, Task):
        function = function.function
    if kwargs.keys() & {"self", "func"}:
        # The stock classes have parameters of these names themselves.
        function, kwargs = functools.partial(function, **kwargs), {}
    return BackgroundTask(function, *args, **kwargs)
