"""One attempt, step by step: find the task, decode, call, encode the result. Every way out is an outcome."""

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any

from afterword.clock import SECOND, microseconds
from afterword.errors import ArgumentsUnreadable, TaskUnknown
from afterword.frames import Order
from afterword.jobs import lifecycle
from afterword.jobs.outcome import Failed, Snoozed, Succeeded
from afterword.tasks.codec import decode, encode_result
from afterword.tasks.registry import Registry
from afterword.tasks.task import Task

UNKNOWN_PAUSE = microseconds(30)
"""Until a job whose task nobody here knows is looked at again: a newer worker may know it."""

LONGEST_ERROR = 16_000
"""Characters of a traceback that are kept, its end."""

NOT_CALLED_PAUSE = microseconds(1)
"""Until a function that could not be called is tried again."""

_OURS = ("afterword.attempt", "afterword.runner", "concurrent.futures")

Call = Callable[[Task[..., Any], tuple[Any, ...], dict[str, Any]], Awaitable[Any]]

Made = Succeeded | Failed | Snoozed

Prepared = tuple[Task[..., Any], tuple[Any, ...], dict[str, Any]]


class NotCalled(Exception):
    """The function could not be called, for the moment; it has not begun."""


async def attempt(order: Order, registry: Registry, call: Call) -> Made:
    """Make it. `call` runs the function, or raises NotCalled. Never raises, whatever user code does."""
    prepared = _prepare(order, registry)
    if isinstance(prepared, Snoozed | Failed):
        return prepared
    task, args, kwargs = prepared
    # A thread cannot be cancelled: it is the worker who ends a function that takes too long, and its runner with it.
    limit = asyncio.timeout(order.timeout / SECOND) if order.timeout and task.is_async else None
    try:
        if limit is None:
            value = await call(task, args, kwargs)
        else:
            async with limit:
                value = await call(task, args, kwargs)
        return Succeeded(encode_result(value))
    except NotCalled as error:
        return Snoozed(NOT_CALLED_PAUSE, str(error))
    except BaseException as error:  # SystemExit and CancelledError of user code end this attempt, not the runner.
        told = _overdue(order.timeout, error) if order.timeout and limit and limit.expired() else error
        return Failed(_story(told), retry=_worth_another(task, error))


def attempt_here(order: Order, registry: Registry, too_late: tuple[type[BaseException], ...] = ()) -> Made:
    """Make it in this thread: a function is called as it is, with no event loop around it; a coroutine gets a loop of its own.

    `too_late` are the exceptions that this process raises in a function whose time is up. Never raises.
    """
    prepared = _prepare(order, registry)
    if isinstance(prepared, Snoozed | Failed):
        return prepared
    task, args, kwargs = prepared
    try:
        if task.is_async:
            return asyncio.run(attempt(order, registry, _await))
        return Succeeded(encode_result(task.function(*args, **kwargs)))
    except BaseException as error:
        if order.timeout and isinstance(error, too_late):
            late = _overdue(order.timeout, error, too_late)
            return Failed(_story(late), retry=_worth_another(task, late))
        return Failed(_story(error), retry=_worth_another(task, error))


async def _await(task: Task[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return await task.function(*args, **kwargs)


def _prepare(order: Order, registry: Registry) -> Prepared | Snoozed | Failed:
    """The task and its arguments; where there are none, what became of the attempt."""
    try:
        task = registry.find(order.task, order.origin)
        return task, *decode(task, order.arguments)
    except TaskUnknown as unknown:
        return Snoozed(UNKNOWN_PAUSE, str(unknown))
    except ArgumentsUnreadable as unreadable:
        return Failed(str(unreadable), retry=False)
    except BaseException as error:  # Finding a task may import a module of the user's, which may raise anything.
        return Failed(_story(error), retry=True)


def _worth_another(task: Task[..., Any], error: BaseException) -> bool:
    if isinstance(error, asyncio.CancelledError) and _cancelling():
        return True  # Another task of this runner cancelled it: no fault of its own.
    try:
        return task.options.retry.wants(error)
    except Exception:
        return True


def _cancelling() -> bool:
    try:
        attempt = asyncio.current_task()
    except RuntimeError:  # There is no loop here.
        return False
    return bool(attempt and attempt.cancelling())


def _overdue(timeout: int, error: BaseException, too_late: tuple[type[BaseException], ...] = ()) -> TimeoutError:
    """What to tell of an attempt that `error` ended when its time was up: where it was then, and in the last line, which people
    look at, how long it had. What user code raised when it was cut off is told as well."""
    # Older Pythons name what asyncio.timeout turned into its own error as the context of that, newer ones as its cause.
    inner = error.__cause__ or error.__context__
    asyncio_s_own = type(error) is TimeoutError and not error.args and isinstance(inner, asyncio.CancelledError)
    cut = inner if asyncio_s_own and inner is not None else error
    late = TimeoutError(lifecycle.late(timeout)).with_traceback(cut.__traceback__)
    if not isinstance(cut, (asyncio.CancelledError, *too_late)):
        late.__cause__ = cut
    return late


def _story(error: BaseException) -> str:
    """The traceback as people read it, from the user's first frame on."""
    try:
        text = "".join(traceback.format_exception(type(error), error, _below_us(error.__traceback__)))
    except Exception:  # A broken __str__ or __cause__ must not cost the outcome.
        text = f"{type(error).__name__} (its message cannot be shown)"
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= LONGEST_ERROR else "...\n" + text[-LONGEST_ERROR:]


def _below_us(trace: TracebackType | None) -> TracebackType | None:
    """The traceback without the frames of this package at its top; all of it where nothing else is there."""
    inner = trace
    while inner and inner.tb_frame.f_globals.get("__name__", "").startswith(_OURS):
        inner = inner.tb_next
    return inner or trace
