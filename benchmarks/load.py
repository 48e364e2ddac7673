"""Closed-loop HTTP load: so many connections, each of which asks again as soon as it has its answer.

The client is as cheap as Python allows, since it runs on the same cores as the server that it measures: requests are bytes made
before, and of an answer it reads no more than its status and its length.
"""

import asyncio
import gc
import math
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from typing import NamedTuple, cast

import uvloop

_END = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length:"
_LATE = 30.0  # Seconds after the last request was sent that answers are waited for.


class Load(NamedTuple):
    """What a load has shown."""

    seconds: float
    latencies: Sequence[float]
    """Of all good answers, in ms, growing."""
    failed: int
    """Answers other than 2xx, and connections that were lost."""

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile(self, percent: float) -> float | None:
        """In ms; None without good answers."""
        return percentile(self.latencies, percent)


class Answer(NamedTuple):
    status: int
    size: int
    """Of head and body, in bytes."""


def load(
    address: str, path: str, *, method: str = "POST", connections: int = 32, seconds: float = 4.0, pause: float = 0.0
) -> Load:
    """Ask for `path` of "http://HOST:PORT", its {number} replaced by 0, 1, ..., for so long; `pause` is the seconds between an
    answer and the next request. ConnectionError when it cannot be reached."""
    host, _, port = address.removeprefix("http://").rpartition(":")
    numbers = count()

    def request() -> bytes:
        return f"{method} {path.replace('{number}', str(next(numbers)))} HTTP/1.1\r\nhost: bench\r\n\r\n".encode()

    gc.collect()
    gc.disable()  # A pause of this process would be taken for one of the server.
    try:
        return uvloop.run(_load(host, int(port), request, connections, seconds, pause))
    finally:
        gc.enable()


def percentile(growing: Sequence[float], percent: float) -> float | None:
    """The smallest value that at least so many percent of the values do not exceed; None without values."""
    if not growing:
        return None
    return growing[max(0, math.ceil(len(growing) * percent / 100) - 1)]


def parse(received: bytes) -> Answer | None:
    """The answer that `received` begins with; None while it is incomplete. ValueError where its length is not said."""
    end = received.find(_END)
    if end < 0:
        return None
    head = received[: end + 2].lower()
    status = int(head[9:12])
    at = head.find(_LENGTH)
    if at < 0 and status not in (204, 304):
        raise ValueError(f"an answer without content-length: {head!r}")
    body = int(head[at + len(_LENGTH) : head.index(b"\r\n", at + 2)]) if at >= 0 else 0
    size = end + len(_END) + body
    return Answer(status, size) if len(received) >= size else None


async def _load(host: str, port: int, request: Callable[[], bytes], connections: int, seconds: float, pause: float) -> Load:
    loop = asyncio.get_running_loop()
    clients = [_Client(request, pause, loop) for _ in range(connections)]
    await asyncio.gather(*(loop.create_connection(partial(_itself, client), host, port) for client in clients))
    began = time.perf_counter()
    for client in clients:
        client.go_on_until(began + seconds)
    await asyncio.wait([client.done for client in clients], timeout=seconds + _LATE)
    took = time.perf_counter() - began
    for client in clients:
        client.close()
    latencies = sorted(latency for client in clients for latency in client.latencies)
    return Load(took, latencies, sum(client.failed for client in clients))


def _itself(client: "_Client") -> "_Client":
    return client


class _Client(asyncio.Protocol):
    """One connection."""

    def __init__(self, request: Callable[[], bytes], pause: float, loop: asyncio.AbstractEventLoop) -> None:
        self.latencies: list[float] = []
        self.failed = 0
        self.done = loop.create_future()
        self._request, self._pause, self._loop = request, pause, loop
        self._received = b""
        self._sent = self._until = 0.0
        self._transport: asyncio.Transport | None = None

    def go_on_until(self, until: float) -> None:
        self._until = until
        self._ask()

    def close(self) -> None:
        """What is unanswered has failed."""
        if self._transport is not None:
            self._transport.abort()
        if not self.done.done():
            self.failed += 1
            self.done.set_result(None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # That of uvloop has all its methods, and is none.

    def data_received(self, data: bytes) -> None:
        self._received += data
        answer = parse(self._received)
        if answer is None:
            return
        now = time.perf_counter()
        self._received = self._received[answer.size :]
        if 200 <= answer.status < 300:
            self.latencies.append((now - self._sent) * 1000)
        else:
            self.failed += 1
        if now + self._pause >= self._until:
            self.done.set_result(None)
        elif self._pause:
            self._loop.call_later(self._pause, self._ask)
        else:
            self._ask()

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self.close()

    def _ask(self) -> None:
        if self._transport is not None:
            self._sent = time.perf_counter()
            self._transport.write(self._request())
