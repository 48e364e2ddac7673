"""Calls user code: coroutine functions on the loop, others in threads."""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from afterword.runner.attempt import Recalled
from afterword.tasks.task import Task


class Calling:
    """`begun` is called with the slot right before user code runs, in the thread that runs it."""

    def __init__(self, threads: int, begun: Callable[[int], None]) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="afterword")
        self._begun = begun
        self._recalled = False

    def recall(self) -> None:
        """Whatever has not begun raises Recalled instead."""
        self._recalled = True

    async def call(self, slot: int, task: Task[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if task.is_async:
            self._begin(slot)
            return await task.function(*args, **kwargs)
        context = contextvars.copy_context()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, context.run, self._run, slot, task, args, kwargs)

    def _run(self, slot: int, task: Task[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self._begin(slot)
        try:
            return task.function(*args, **kwargs)
        except StopIteration as error:  # It cannot pass through a future.
            raise RuntimeError("the task raised StopIteration") from error

    def _begin(self, slot: int) -> None:
        if self._recalled:
            raise Recalled
        self._begun(slot)
