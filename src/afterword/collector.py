"""What happens to the calls of one request between `add_task` and the end of the request."""

import asyncio
import enum
import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from starlette.background import BackgroundTask

from afterword.adder import Adder
from afterword.jobs.job import Job
from afterword.jobs.reference import Reference
from afterword.stores.pending import Pending
from afterword.stores.store import Added

log = logging.getLogger("afterword")


class Phase(enum.Enum):
    COLLECTING = enum.auto()
    """Nothing is written yet; the commit will write all of it at once."""
    OPEN = enum.auto()
    """What is added is written at once, and the end of the request waits for it."""
    ENDED = enum.auto()
    """The request is over. What is added is written at once, ready to run, and nobody waits for it."""


COLLECTING, OPEN, ENDED = Phase

_Call = tuple[Callable[..., Any], Sequence[Any], Mapping[str, Any]]
_Taken = tuple[Job, Reference]


class Collector:
    """The calls of one request, each ordered one chained to the ordered one before it, unless they are not to be `chained`.

    `held`: its jobs wait for the end of the request. They do not where there is no response to wait for: in a socket, which
    starts OPEN, and in a list made by hand, which is committed when its response has been sent.
    """

    __slots__ = (
        "_adder", "_calls", "_chained", "_failure", "_held", "_keys", "_last", "_lock", "_phase", "_taken", "_writes"
    )  # fmt: skip

    def __init__(self, adder: Adder, *, held: bool, phase: Phase = COLLECTING, chained: bool = True) -> None:
        self._adder = adder
        self._held = held
        self._phase = phase
        self._chained = chained
        # Held while a call takes its place: threads of the endpoint may add while the request commits.
        self._lock = threading.Lock()
        self._last: str | None = None
        self._calls: list[_Call] = []
        self._taken: list[_Taken] = []
        self._writes: deque[_Write] = deque()
        self._keys: list[int] = []
        self._failure: Exception | None = None

    @property
    def tasks(self) -> list[BackgroundTask]:
        """What was added and is not yet written."""
        return [BackgroundTask(function, *args, **kwargs) for function, args, kwargs in self._calls]

    def take(self, function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Reference:
        """The job of this call. Raises what the call is refused with."""
        call = self._adder.bind(function, args, kwargs)
        ordered = self._chained and call.task.options.ordered
        with self._lock:
            phase = self._phase
            if phase is OPEN:
                self._harvest()
            job = self._adder.job(call, held=self._held and phase is not ENDED, after=self._last if ordered else None)
            if ordered:
                self._last = job.id
            reference = Reference(job.id)
            if phase is COLLECTING:
                self._calls.append((function, args, kwargs))
                self._taken.append((job, reference))
                return reference
            write = self._write([(job, reference)])
            if phase is OPEN:
                self._writes.append(write)
                return reference
        self._notice(write)
        return reference

    async def commit(self) -> None:
        """Write down what was collected, all or none; once. Raises the StoreError that prevented it.

        Whoever is cancelled while waiting here leaves the write on its way, and `end` finds it.
        """
        with self._lock:
            if self._phase is not COLLECTING:
                return
            self._phase = OPEN if self._held else ENDED
            if not self._taken:
                return
            write = self._write(self._taken)
            self._taken = []
            self._calls.clear()  # Arguments may be large, and the response long.
            self._writes.append(write)
        try:
            await write.answer
        except Exception:
            with suppress(ValueError):  # A thread of the endpoint, adding at this moment, may have harvested it.
                self._writes.remove(write)
            raise
        with self._lock:
            self._harvest()

    def abandon(self) -> None:
        """The endpoint failed: nothing that was collected is written."""
        with self._lock:
            self._phase = OPEN
            self._calls.clear()
            self._taken.clear()

    async def end(self, *, failed: bool) -> None:
        """The request is over: its jobs may start or, where it `failed` before it answered, are deleted.

        Raises the error of a write that failed after the commit: its job is lost, and the client cannot be told any more.
        """
        with self._lock:
            self._phase = ENDED
            self._harvest()
        if self._writes:
            await asyncio.shield(self._adder.see_through(self._see_out(failed)))
        else:
            self._let_go(failed)

    async def run(self) -> None:
        """The response that carries this list has been sent. Where a request commits it, that is none of our business."""
        if not self._held:
            await self.commit()

    async def _see_out(self, failed: bool) -> None:
        while self._writes:
            with suppress(Exception):
                await self._writes[0].answer
            with self._lock:
                self._harvest()
        self._let_go(failed)

    def _let_go(self, failed: bool) -> None:
        if self._held and self._keys:
            end = self._adder.discard if failed else self._adder.release
            end(self._keys)
        if self._failure and not failed:
            raise self._failure

    def _write(self, taken: Sequence[_Taken]) -> "_Write":
        return _Write(self._adder.add([job for job, _ in taken]), taken)

    def _harvest(self) -> None:
        # Done along the way too: a stream or a socket may add for hours, and a failure is told when it is seen.
        while self._writes and self._writes[0].answer.done:
            write = self._writes.popleft()
            try:
                stands = write.answer.result()
            except Exception as error:
                log.error("A background task could not be written down and is lost: %s", error)
                self._failure = self._failure or error
            else:
                self._note(write, stands)

    def _note(self, write: "_Write", stands: Sequence[Added]) -> None:
        write.refer(stands)
        ours = [one.key for (job, _), one in zip(write.taken, stands, strict=True) if one.id == job.id]
        self._keys += ours
        if len(ours) == len(stands):
            return
        # Where another job has the unique key, that one is not ours to release, and what comes next waits for the one before.
        for (job, _), one in reversed(list(zip(write.taken, stands, strict=True))):
            if one.id != job.id and self._last == job.id:
                self._last = job.after

    def _notice(self, write: "_Write") -> None:
        try:
            asyncio.get_running_loop()
        except RuntimeError:  # A thread of its own may wait, and be told directly.
            write.refer(write.answer.result())
        else:
            self._adder.see_through(_tell_of_loss(write))


class _Write(NamedTuple):
    answer: Pending[Sequence[Added]]
    taken: Sequence[_Taken]

    def refer(self, stands: Sequence[Added]) -> None:
        """Tell those who have the references."""
        for (_, reference), one in zip(self.taken, stands, strict=True):
            reference.stand(one.id)


async def _tell_of_loss(write: _Write) -> None:
    try:
        write.refer(await write.answer)
    except Exception as error:
        for job, _ in write.taken:
            log.error("%s (%s) could not be written down and is lost: %s", job.task, job.id, error)
