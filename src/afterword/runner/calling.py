"""Calling functions: coroutines on the loop, anything else in threads."""

import asyncio
import contextvars
import threading
from collections import deque
from collections.abc import Awaitable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, NamedTuple

from afterword.attempt import NotCalled
from afterword.tasks.task import Task

Answer = tuple[Any, BaseException | None]


class Calling:
    """`threads` functions at a time, and any number of coroutines; of one loop.

    An executor costs three times as much for each call. All that has ended when the loop comes round is told in one go.
    """

    def __init__(self, threads: int) -> None:
        self._most = threads
        self._threads = 0
        self._under_way = 0
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()
        self._ended: deque[tuple[asyncio.Future[Answer], Answer]] = deque()
        self._coming_round = False

    def call(self, task: Task[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Awaitable[Any]:
        """What the function returns, once it is awaited. Raises NotCalled where there is no thread to be had."""
        if task.is_async:
            coroutine: Awaitable[Any] = task.function(*args, **kwargs)
            return coroutine
        return self._in_a_thread(task, args, kwargs)

    def close(self) -> None:
        """Have every thread end when it has nothing to do. What is being called goes on, and nobody is told how it ends."""
        for _ in range(self._threads):
            self._calls.put(None)

    async def _in_a_thread(self, task: Task[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        loop = asyncio.get_running_loop()
        if self._under_way == self._threads < self._most:
            self._start(loop)
        answer: asyncio.Future[Answer] = loop.create_future()
        self._under_way += 1
        self._calls.put(_Call(contextvars.copy_context(), task, args, kwargs, answer))
        value, error = await answer
        if error is not None:
            raise error
        return value

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        thread = threading.Thread(target=self._work, args=(loop,), name=f"afterword_{self._threads}", daemon=True)
        try:
            thread.start()
        except (RuntimeError, MemoryError) as error:
            raise NotCalled(f"its runner may start no more threads: {error}") from error
        self._threads += 1

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        while call := self._calls.get():
            self._ended.append(_make(call))
            # First it is put there, then looked whether somebody will come for it; `_come_round` has it the other way round.
            if not self._coming_round:
                self._coming_round = True
                with suppress(RuntimeError):  # The loop has been closed: nobody waits there any more.
                    loop.call_soon_threadsafe(self._come_round)

    def _come_round(self) -> None:
        self._coming_round = False
        while self._ended:
            waiting, answer = self._ended.popleft()
            # Counted here and not where it was awaited: whoever awaited it may have been cancelled, its thread goes on.
            self._under_way -= 1
            if not waiting.done():
                waiting.set_result(answer)


class _Call(NamedTuple):
    context: contextvars.Context
    task: Task[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    answer: asyncio.Future[Answer]


def _make(call: _Call) -> tuple[asyncio.Future[Answer], Answer]:
    return call.answer, call.context.run(_run, call.task, call.args, call.kwargs)


def _run(task: Task[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Answer:
    # Futures and coroutines take some exceptions for orders to themselves, StopIteration and GeneratorExit for two.
    try:
        return task.function(*args, **kwargs), None
    except (StopIteration, GeneratorExit) as error:
        return None, RuntimeError(f"the task raised {type(error).__name__}").with_traceback(error.__traceback__)
    except BaseException as error:
        return None, error
