"""The dependency behind `BackgroundTasks`: one list for each request, committed and released at the right moments of it."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import NoReturn

import fastapi
from fastapi import HTTPException
from fastapi.requests import HTTPConnection
from starlette.types import Scope

from afterword.adder import Adder
from afterword.background import Tasks
from afterword.collector import Collector, Phase
from afterword.errors import NotAttached, StoreError, UnsupportedFastAPI
from afterword.inline import Aside, Beside, Inline
from afterword.rehearsal import Way, stray
from afterword.stores.pending import finished
from afterword.witness import EXCHANGE, Exchange

FUNCTION = "fastapi_function_astack"
"""Left when the endpoint and its function-scoped dependencies are done, before the response is sent."""

REQUEST = "fastapi_inner_astack"
"""Left when the response has been sent and the request-scoped dependencies are done."""

Kind = type[BaseException] | None
Trace = TracebackType | None
Leave = Callable[[Kind, BaseException | None, Trace], Awaitable[None]]

log = logging.getLogger("afterword")


async def provide(connection: HTTPConnection, stock: fastapi.BackgroundTasks) -> Tasks:
    """The tasks of this request. Not a generator, so that dependencies of every scope may take it."""
    exchange = connection.scope.get(EXCHANGE) or _stray()
    try:
        way: Way = exchange.find()
    except StoreError as failure:
        _refuse(failure)
    if isinstance(way, Adder):
        socket = connection.scope["type"] == "websocket"
        return _for_socket(connection.scope, way) if socket else _Request(way, exchange, stock).enter(connection.scope)
    if isinstance(way, Aside):
        return _aside(connection.scope, exchange, Beside(stock, asyncio.create_task, way))
    return Tasks.of(Inline(stock, way))


def _stray() -> Exchange:
    find = stray()
    if find is None:
        raise NotAttached
    return Exchange(find)


class _Request:
    """One request, whose calls are written down.

    A class, since what it keeps is alive while the request waits for the disk: functions made for each request would be
    several times as many objects, all of which the garbage collector looks at again and again.
    """

    __slots__ = ("_around", "_beside", "_collector", "_exchange")

    def __init__(self, adder: Adder, exchange: Exchange, stock: fastapi.BackgroundTasks) -> None:
        self._exchange = exchange
        self._collector = Collector(adder, held=True)
        self._beside = Beside(stock, adder.see_through)
        self._around = exchange.before  # That of an endpoint which lets another application answer.

    def enter(self, scope: Scope) -> Tasks:
        """Stand at the bottom of its stacks; and the list for its endpoint."""
        _at_the_bottom(scope, FUNCTION, self.leave)
        _at_the_bottom(scope, REQUEST, self.end)
        self._exchange.before = self.commit
        return Tasks.of(self._collector, self._beside)

    async def commit(self) -> None:
        try:
            await self._collector.commit()
        except StoreError as failure:
            _refuse(failure)

    def leave(self, kind: Kind, error: BaseException | None, trace: Trace) -> Awaitable[None]:
        self._exchange.before = self._around
        if error is None:
            return self.commit()
        self._collector.abandon()
        self._beside.abandon()
        return finished(None)

    def end(self, kind: Kind, error: BaseException | None, trace: Trace) -> Awaitable[None]:
        failed = error is not None and not self._exchange.started
        if failed:
            self._beside.abandon()
        return _end(self._collector, self._beside, failed=failed)


def _for_socket(scope: Scope, adder: Adder) -> Tasks:
    collector = Collector(adder, held=False, phase=Phase.OPEN)
    beside = Beside(fastapi.BackgroundTasks(), adder.see_through)  # The stock list of a socket is never run.

    async def end(kind: Kind, error: BaseException | None, trace: Trace) -> None:
        await _end(collector, beside, failed=False)

    _at_the_bottom(scope, REQUEST, end)
    return Tasks.of(collector, beside)


async def _end(collector: Collector, beside: Beside, *, failed: bool) -> None:
    try:
        await collector.end(failed=failed)
    finally:
        await beside.end()


def _aside(scope: Scope, exchange: Exchange, beside: Beside) -> Tasks:
    """For a request, or a socket, none of whose calls is written down, although each is to be run if it succeeds."""

    async def leave(kind: Kind, error: BaseException | None, trace: Trace) -> None:
        if error is not None:
            beside.abandon()

    async def end(kind: Kind, error: BaseException | None, trace: Trace) -> None:
        if error is not None and scope["type"] == "http" and not exchange.started:
            beside.abandon()
        await beside.end()

    if scope["type"] == "http":
        _at_the_bottom(scope, FUNCTION, leave)
    _at_the_bottom(scope, REQUEST, end)
    return Tasks.of(beside)


def _at_the_bottom(scope: Scope, key: str, leave: Leave) -> None:
    """Have `leave` called after everything else on this stack, what is there already included."""
    stack = scope.get(key)
    if not isinstance(stack, AsyncExitStack):
        raise UnsupportedFastAPI(version=fastapi.__version__, missing=key)
    callbacks = getattr(stack, "_exit_callbacks", None)
    if isinstance(callbacks, deque):
        callbacks.appendleft((False, leave))  # The public way, below, makes a second stack for every request.
        return
    older = stack.pop_all()
    stack.push_async_exit(leave)
    stack.push_async_exit(older)


def _refuse(failure: StoreError) -> NoReturn:
    """Answer with 503 where trying again helps. As an exception it rolls back what the request's dependencies hold open."""
    if failure.retry_after is None:
        raise failure
    log.error("A request was refused, its background tasks could not be written down: %s", failure)
    raise HTTPException(
        503,
        "The background tasks of this request could not be written down. Try again.",
        {"Retry-After": str(failure.retry_after)},
    ) from failure
