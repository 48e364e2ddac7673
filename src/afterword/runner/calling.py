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
        loop = asyncio.get_running_loop()
        value, error = await loop.run_in_executor(self._threads, context.run, _run, task, args, kwargs)
        if error is not None:
            raise error
        return value


def _run(task: Task[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, None] | tuple[None, BaseException]:
    # Futures and coroutines take some exceptions for orders to themselves, StopIteration and GeneratorExit for two.
    try:
        return task.function(*args, **kwargs), None
    except (StopIteration, GeneratorExit) as error:
        return None, RuntimeError(f"the task raised {type(error).__name__}").with_traceback(error.__traceback__)
    except BaseException as error:
        return None, error
