"""What crosses the pipe between a worker and its runners.

Arguments and results are blobs, so the worker passes them through without ever decoding them.
"""

import struct
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any, NamedTuple

from afterword.errors import FrameError
from afterword.framing import Blobs, Cutter, pack, unpack
from afterword.jobs.job import Job
from afterword.jobs.outcome import Cancelled, Crashed, Failed, HandedOff, Interrupted, Snoozed, Succeeded


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
    token: int = 0
    via: str | None = None
    """The engine to hand it off to; None: run it."""
    theirs: bool = False
    """It is the engine's own task."""


def order(job: Job, slot: int = 0) -> Order:
    """What the runner of a claimed job is told."""
    return Order(
        slot,
        job.id,
        job.task,
        job.attempt,
        job.origin,
        job.timeout,
        job.arguments,
        job.token,
        job.via,
        job.theirs,
    )


class Asked(NamedTuple):
    """A job that was handed off, and of which it is asked what became of it."""

    id: str
    token: int
    """That of the claim by which it was handed off."""
    via: str
    theirs: bool
    receipt: str
    since: int
    """When it was handed off: microseconds since the epoch."""
    unwanted: bool
    """It is to be cancelled there first."""
    origin: str | None
    """Where the engine's own object for it is; None for a task of ours."""


def ask(job: Job) -> Asked:
    """What is asked of a job that was handed off."""
    # Its token grew when it was handed off.
    since, origin = job.started_at or 0, job.origin if job.theirs else None
    return Asked(job.id, job.token - 1, job.via or "", job.theirs, job.receipt or "", since, job.unwanted, origin)


class Run(NamedTuple):
    """Worker to runner: make these attempts."""

    orders: Sequence[Order]


class Recall(NamedTuple):
    """Worker to runner: answer every order that has not begun with Interrupted."""

    for_good: bool
    """And begin no more."""


class Look(NamedTuple):
    """Worker to runner: ask the engines what became of these."""

    asked: Sequence[Asked]


class Ready(NamedTuple):
    """Runner to worker: the application is imported."""


class Broken(NamedTuple):
    """Runner to worker: the application cannot be imported. The runner ends."""

    error: str


Attempted = Succeeded | Failed | Snoozed | Interrupted | HandedOff

Sighted = Succeeded | Failed | Crashed | Cancelled | Interrupted | None
"""What became of a job in its engine's hands; None while it has not ended."""


class Ended(NamedTuple):
    """Runner to worker: these attempts ended, as (slot, outcome)."""

    outcomes: Sequence[tuple[int, Attempted]]


class Seen(NamedTuple):
    """Runner to worker: the answers to a Look, in its order."""

    sighted: Sequence[Sighted]


Frame = Run | Recall | Look | Ready | Broken | Ended | Seen


def encode(frame: Frame) -> bytes:
    """The frame as it goes over the pipe."""
    blobs: list[bytes] = []
    match frame:
        case Run(orders):
            header: Any = [[*order[:6], *order[7:], len(order.arguments)] for order in orders]
            return pack(b"r", header, [order.arguments for order in orders])
        case Recall(for_good):
            return pack(b"c", for_good)
        case Look(asked):
            return pack(b"l", [[*one] for one in asked])
        case Ready():
            return pack(b"y", None)
        case Broken(error):
            return pack(b"b", error)
        case Ended(outcomes):
            return pack(b"e", [[slot, *_outcome(outcome, blobs)] for slot, outcome in outcomes], blobs)
        case Seen(sighted):
            return pack(b"s", [one and _outcome(one, blobs) for one in sighted], blobs)


def decode(body: bytes) -> Frame:
    """The frame in `body` (what follows the length). Raises FrameError for anything that `encode` does not write."""
    try:
        kind, header, blobs = unpack(body)
        frame = _frame(kind, header, blobs)
        blobs.finish()
        return frame
    except (ValueError, TypeError, LookupError, struct.error, RecursionError) as error:
        raise FrameError(why=str(error) or type(error).__name__) from error


class Splitter:
    """Cuts a stream of bytes into frames."""

    def __init__(self) -> None:
        self._cutter = Cutter()

    def feed(self, data: bytes | memoryview) -> Iterator[Frame]:
        """The frames that `data` completes. Raises FrameError where the stream is garbage."""
        with closing(self._cutter.feed(data)) as bodies:
            for body in bodies:
                yield decode(body)


def _outcome(outcome: Attempted | Crashed | Cancelled, blobs: list[bytes]) -> list[Any]:
    match outcome:
        case Succeeded(result):
            if result is None:
                return ["s", None]
            blobs.append(result)
            return ["s", len(result)]
        case Failed(error, retry):
            return ["f", error, retry]
        case Snoozed(delay, reason, until):
            return ["z", delay, reason, until]
        case Interrupted(reason, started):
            return ["i", reason, started]
        case HandedOff(receipt):
            return ["h", receipt]
        case Crashed(cause, alone):
            return ["x", cause, alone]
        case Cancelled(reason):
            return ["k", reason]


def _frame(kind: bytes, header: Any, blobs: Blobs) -> Frame:
    match kind, header:
        case b"r", list(orders):
            return Run([_order(fields, blobs) for fields in orders])
        case b"c", bool(for_good):
            return Recall(for_good)
        case b"l", list(asked):
            return Look([_asked(fields) for fields in asked])
        case b"y", None:
            return Ready()
        case b"b", str(error):
            return Broken(error)
        case b"e", list(outcomes):
            return Ended([_ended(fields, blobs) for fields in outcomes])
        case b"s", list(sighted):
            return Seen([_sighted(fields, blobs) for fields in sighted])
        case _:
            raise ValueError(f"no frame of the kind {kind!r} has such a header")


def _order(fields: Any, blobs: Blobs) -> Order:
    slot, id, task, attempt, origin, timeout, token, via, theirs, size = fields
    # Types are asked one by one, since a pattern costs three times as much, and this is done for every job.
    numbers = type(slot) is type(attempt) is type(token) is type(size) is int and (timeout is None or type(timeout) is int)
    texts = type(id) is type(task) is str and (origin is None or type(origin) is str) and (via is None or type(via) is str)
    if numbers and texts and type(theirs) is bool:
        return Order(slot, id, task, attempt, origin, timeout, blobs.take(size), token, via, theirs)
    raise ValueError(f"no order looks like {fields!r}")


def _asked(fields: Any) -> Asked:
    match fields:
        case [str(), int(), str(), bool(), str(), int(), bool(), None | str()]:
            return Asked(*fields)
        case _:
            raise ValueError(f"no question looks like {fields!r}")


def _ended(fields: Any, blobs: Blobs) -> tuple[int, Attempted]:
    if type(fields) is list and len(fields) == 3 and type(fields[0]) is type(fields[2]) is int and fields[1] == "s":
        return fields[0], Succeeded(blobs.take(fields[2]))  # Nearly all of them.
    match fields:
        case [int(slot), *told]:
            outcome = _told(told, blobs)
            if not isinstance(outcome, Crashed | Cancelled):
                return slot, outcome
    raise ValueError(f"no outcome looks like {fields!r}")


def _sighted(fields: Any, blobs: Blobs) -> Sighted:
    match fields:
        case None:
            return None
        case list(told):
            outcome = _told(told, blobs)
            if not isinstance(outcome, HandedOff | Snoozed):
                return outcome
    raise ValueError(f"nothing that becomes of a job looks like {fields!r}")


def _told(fields: list[Any], blobs: Blobs) -> Attempted | Crashed | Cancelled:
    match fields:
        case ["s", None]:
            return Succeeded()
        case ["s", int(size)]:
            return Succeeded(blobs.take(size))
        case ["f", str(error), bool(retry)]:
            return Failed(error, retry)
        case ["z", int(delay), str(reason), None | int() as until]:
            return Snoozed(delay, reason, until)
        case ["i", str(reason), bool(started)]:
            return Interrupted(reason, started)
        case ["h", str(receipt)]:
            return HandedOff(receipt)
        case ["x", str(cause), bool(alone)]:
            return Crashed(cause, alone)
        case ["k", str(reason)]:
            return Cancelled(reason)
        case _:
            raise ValueError(f"no outcome looks like {fields!r}")
