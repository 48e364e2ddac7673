"""A middleware that sees every request from outside: to which application it belongs, and whether its response has begun."""

import logging
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from afterword.errors import StoreError

log = logging.getLogger("afterword")

EXCHANGE = "afterword"
"""Where a scope carries its Exchange. A mounted application that has no witness of its own finds the outer one's here."""

Find = Callable[[], Any]


class Exchange:
    """One request, or one socket."""

    __slots__ = ("before", "find", "started")

    def __init__(self, find: Find) -> None:
        self.find = find
        """Answers with what the application adds its jobs through; what that is does not matter here."""
        self.started = False
        """Whether `http.response.start` was handed to the server, so that the client may have seen a status."""
        self.before: Callable[[], Awaitable[None]] | None = None
        """What must have come to its end before a response may start that says the request has succeeded."""


present: ContextVar[Exchange] = ContextVar("afterword_exchange")
"""The exchange that is under way in this context."""


class Witness:
    """Pure ASGI: nothing that an application sends or receives is changed.

    Only where it lets a StoreError through that time may heal (of `await afterword.add(...)` in an endpoint, say), the client
    gets a 503 instead of a 500. A handler of the application's own comes first.
    """

    def __init__(self, app: ASGIApp, find: Find) -> None:
        self.app = app
        self._find = find

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        exchange = Exchange(self._find)
        scope[EXCHANGE] = exchange
        token = present.set(exchange)
        try:
            await self.app(scope, receive, _Noting(exchange, send) if scope["type"] == "http" else send)
        except StoreError as failure:
            if scope["type"] != "http" or exchange.started or failure.retry_after is None:
                raise
            log.error("A request was refused, a background task could not be written down: %s", failure)
            await _refusal(failure.retry_after)(scope, receive, send)
        finally:
            present.reset(token)


def _refusal(seconds: int) -> JSONResponse:
    detail = "A background task of this request could not be written down. Try again."
    return JSONResponse({"detail": detail}, 503, {"Retry-After": str(seconds)})


class _Noting:
    """Sends what it is given, and notes in the exchange that the response has begun."""

    __slots__ = ("_exchange", "_send")

    def __init__(self, exchange: Exchange, send: Send) -> None:
        self._exchange = exchange
        self._send = send

    def __call__(self, message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            before = self._exchange.before
            # Nearly always that was done long ago. But some responses start while the request's dependencies are still open.
            if before is not None and message["status"] < 400:
                return self._first(before, message)
            # Before it is sent, not after: a client that goes away at this very moment must not cost the jobs of its request.
            self._exchange.started = True
        return self._send(message)

    async def _first(self, before: Callable[[], Awaitable[None]], message: Message) -> None:
        await before()
        self._exchange.started = True
        await self._send(message)
