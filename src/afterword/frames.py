"""What crosses the pipe between a worker and its runners.

A frame on the wire: its length (4 bytes, big-endian, of what follows), its kind (1 byte), the length of its header (4 bytes),
the header (JSON), then blobs, whose lengths stand in the header. Arguments and results are blobs, so the worker passes them
through without ever decoding them.
"""

import json
import struct
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from afterword.errors import FrameError
from afterword.jobs.outcome import Failed, Interrupted, Snoozed, Succeeded

LONGEST = 1 << 30
"""Bytes; a longer frame is taken for garbage."""

_LENGTH = struct.Struct("!I")
_HEAD = struct.Struct("!cI")


class Order(NamedTuple):
    """One attempt to make: all that a runner needs of a job."""

    slot: int
    """Place in the map of starts."""
    id: str
    task: str
    attempt: int
    origin: str | None
    """Where the function was when the job was added; None where the task's name says it."""
    timeout: int | None
    """Microseconds after which a coroutine is cancelled; None never."""
    arguments: bytes


class Run(NamedTuple):
    """Worker to runner: make these attempts."""

    orders: Sequence[Order]


class Recall(NamedTuple):
    """Worker to runner: answer every order that has not begun with Interrupted, and begin no more."""


class Ready(NamedTuple):
    """Runner to worker: the application is imported."""


class Broken(NamedTuple):
    """Runner to worker: the application cannot be imported. The runner ends."""

    error: str


Attempted = Succeeded | Failed | Snoozed | Interrupted


class Ended(NamedTuple):
    """Runner to worker: these attempts ended, as (slot, outcome)."""

    outcomes: Sequence[tuple[int, Attempted]]


Frame = Run | Recall | Ready | Broken | Ended


def encode(frame: Frame) -> bytes:
    """The frame as it goes over the pipe."""
    match frame:
        case Run(orders):
            header: Any = [[*order[:6], len(order.arguments)] for order in orders]
            return _pack(b"r", header, [order.arguments for order in orders])
        case Recall():
            return _pack(b"c", None)
        case Ready():
            return _pack(b"y", None)
        case Broken(error):
            return _pack(b"b", error)
        case Ended(outcomes):
            blobs: list[bytes] = []
            return _pack(b"e", [[slot, *_outcome(outcome, blobs)] for slot, outcome in outcomes], blobs)


def decode(body: bytes) -> Frame:
    """The frame in `body` (what follows the length). Raises FrameError for anything that `encode` does not write."""
    try:
        kind, size = _HEAD.unpack_from(body)
        start = _HEAD.size + size
        if start > len(body):
            raise ValueError("it ends inside its header")
        blobs = _Blobs(body, start)
        frame = _frame(kind, json.loads(body[_HEAD.size : start]), blobs)
        blobs.finish()
        return frame
    except (ValueError, TypeError, LookupError, struct.error, RecursionError) as error:
        raise FrameError(why=str(error) or type(error).__name__) from error


class Splitter:
    """Cuts a stream of bytes into frames."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that `data` completes. Raises FrameError where the stream is garbage."""
        self._rest += data
        start = 0
        try:
            while len(self._rest) - start >= _LENGTH.size:
                (length,) = _LENGTH.unpack_from(self._rest, start)
                if length > LONGEST:
                    raise FrameError(why=f"it claims to be {length} bytes long")
                end = start + _LENGTH.size + length
                if len(self._rest) < end:
                    break
                body = bytes(self._rest[start + _LENGTH.size : end])
                start = end
                yield decode(body)
        finally:  # Also when the reader stops halfway: what it has read is not read again.
            del self._rest[:start]


class _Blobs:
    """The bytes behind a header, taken one after the other."""

    def __init__(self, body: bytes, start: int) -> None:
        self._body = body
        self._at = start

    def take(self, length: int) -> bytes:
        if length < 0 or self._at + length > len(self._body):
            raise ValueError("it ends inside its data")
        blob = self._body[self._at : self._at + length]
        self._at += length
        return blob

    def finish(self) -> None:
        if self._at < len(self._body):
            raise ValueError(f"{len(self._body) - self._at} bytes are left over")


def _pack(kind: bytes, header: Any, blobs: Sequence[bytes] = ()) -> bytes:
    head = json.dumps(header, separators=(",", ":")).encode()
    length = _HEAD.size + len(head) + sum(map(len, blobs))
    return b"".join([_LENGTH.pack(length), _HEAD.pack(kind, len(head)), head, *blobs])


def _outcome(outcome: Attempted, blobs: list[bytes]) -> list[Any]:
    match outcome:
        case Succeeded(result):
            if result is None:
                return ["s", None]
            blobs.append(result)
            return ["s", len(result)]
        case Failed(error, retry):
            return ["f", error, retry]
        case Snoozed(delay, reason):
            return ["z", delay, reason]
        case Interrupted(reason, started):
            return ["i", reason, started]


def _frame(kind: bytes, header: Any, blobs: _Blobs) -> Frame:
    match kind, header:
        case b"r", list(orders):
            return Run([_order(fields, blobs) for fields in orders])
        case b"c", None:
            return Recall()
        case b"y", None:
            return Ready()
        case b"b", str(error):
            return Broken(error)
        case b"e", list(outcomes):
            return Ended([_ended(fields, blobs) for fields in outcomes])
        case _:
            raise ValueError(f"no frame of the kind {kind!r} has such a header")


def _order(fields: Any, blobs: _Blobs) -> Order:
    slot, id, task, attempt, origin, timeout, size = fields
    # Types are asked one by one, since a pattern costs three times as much, and this is done for every job.
    numbers = type(slot) is type(attempt) is type(size) is int
    texts = type(id) is type(task) is str and (origin is None or type(origin) is str)
    if numbers and texts and (timeout is None or type(timeout) is int):
        return Order(slot, id, task, attempt, origin, timeout, blobs.take(size))
    raise ValueError(f"no order looks like {fields!r}")


def _ended(fields: Any, blobs: _Blobs) -> tuple[int, Attempted]:
    match fields:
        case [int(slot), *outcome]:
            return slot, _attempted(outcome, blobs)
        case _:
            raise ValueError(f"no outcome looks like {fields!r}")


def _attempted(fields: list[Any], blobs: _Blobs) -> Attempted:
    match fields:
        case ["s", None]:
            return Succeeded()
        case ["s", int(size)]:
            return Succeeded(blobs.take(size))
        case ["f", str(error), bool(retry)]:
            return Failed(error, retry)
        case ["z", int(delay), str(reason)]:
            return Snoozed(delay, reason)
        case ["i", str(reason), bool(started)]:
            return Interrupted(reason, started)
        case _:
            raise ValueError(f"no outcome looks like {fields!r}")
