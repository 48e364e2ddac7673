"""Calls user code: coroutine functions on the loop, others in threads."""

import asyncio
import contextvars
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from afterword.tasks.task import Task


class Calling:
    """`threads` functions at a time, and any number of coroutines."""

    def __init__(self, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="afterword")

    async def call(self, task: Task[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if task.is_async:
            return await task.function(*args, **kwargs)
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(self._threads, context.run, _run, task, args, kwargs)


def _run(task: Task[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    try:
        return task.function(*args, **kwargs)
    except StopIteration as error:  # It cannot pass through a future.
        raise RuntimeError("the task raised StopIteration") from error
