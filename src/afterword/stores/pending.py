"""The answer of a store that is still on its way: awaited on any loop, or waited for in any thread."""

import asyncio
import threading
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from types import TracebackType
from typing import Any, Generic, TypeVar, cast

T = TypeVar("T")

_Waiter = asyncio.Future[None] | threading.Event | Callable[[BaseException], None]


class Pending(Generic[T]):
    """One answer for any number of waiters. Whoever waits may be cancelled; the work it waits for is not.

    `finish` and `fail` come from one thread, waiters from any. A waiter first enters the list, then looks whether the answer
    has come; the other side first stores the answer, then wakes the list. So one of the two always sees the other.
    """

    __slots__ = ("_answer", "_done", "_error", "_trace", "_waiters")

    def __init__(self) -> None:
        self._done = False
        self._answer: T | None = None
        self._error: BaseException | None = None
        self._trace: TracebackType | None = None
        self._waiters: list[_Waiter] = []

    def __await__(self) -> Generator[Any, None, T]:
        if not self._done:
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            if not self._done:
                yield from waiter
        return self._take()

    def result(self, timeout: float | None = None) -> T:
        """The answer, waited for in this thread; TimeoutError after `timeout` seconds."""
        if not self._done:
            waiter = threading.Event()
            self._waiters.append(waiter)
            if not self._done and not waiter.wait(timeout):
                raise TimeoutError
        return self._take()

    def otherwise(self, tell: Callable[[BaseException], None]) -> None:
        """Where it fails, and nobody waits: have `tell` called with the error, in whatever thread that is. It must not raise,
        and may be called twice."""
        self._waiters.append(tell)
        if self._done and self._error is not None:
            tell(self._error)

    @property
    def done(self) -> bool:
        return self._done

    def _take(self) -> T:
        if self._error is not None:
            # From where it came, not from where others took it before: one error may be the answer to a whole group.
            raise self._error.with_traceback(self._trace)
        return cast(T, self._answer)


def finished(answer: T) -> Pending[T]:
    """An answer that needs no waiting."""
    pending: Pending[T] = Pending()
    pending._answer = answer
    pending._done = True
    return pending


def failed(error: BaseException) -> Pending[Any]:
    """A refusal that needs no waiting."""
    pending: Pending[Any] = Pending()
    pending._error = error
    pending._trace = error.__traceback__
    pending._done = True
    return pending


def resolve(answers: Iterable[tuple[Pending[Any], Any, BaseException | None]]) -> None:
    """Answer many at once. Each event loop among the waiters is woken once, however many of them wait there."""
    loops: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = defaultdict(list)
    for pending, answer, error in answers:
        pending._answer = answer
        pending._error = error
        pending._trace = error.__traceback__ if error else None
        pending._done = True
        for waiter in pending._waiters:
            if isinstance(waiter, asyncio.Future):
                loops[waiter.get_loop()].append(waiter)
            elif isinstance(waiter, threading.Event):
                waiter.set()
            elif error is not None:
                waiter(error)
    for loop, waiters in loops.items():
        with suppress(RuntimeError):  # The loop is closed: nobody waits there any more.
            loop.call_soon_threadsafe(_wake, waiters)


def _wake(waiters: list[asyncio.Future[None]]) -> None:
    for waiter in waiters:
        if not waiter.done():
            waiter.set_result(None)
