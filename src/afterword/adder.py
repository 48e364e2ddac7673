"""Turns calls into jobs and hands them to the store: the one way in for everything that is added."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from afterword.clock import Clock
from afterword.events import StoreFailed, Tell
from afterword.jobs.job import Job, State
from afterword.stores.pending import Pending
from afterword.stores.store import Added, Store
from afterword.tasks.call import Binder, Call, new_id

log = logging.getLogger("afterword")

REST = 1.0
"""Seconds until a release or a discard that failed is tried again."""


class Adder:
    """Adds the jobs of one application to one store. Usable from any thread and any event loop."""

    def __init__(self, store: Store, app: str, binder: Binder, clock: Clock, tell: Tell) -> None:
        self.store = store
        self.bind = binder.bind
        """The call as data; raises what it is refused with."""
        self._app = app
        self._clock = clock
        self._tell = tell
        self._releases: deque[int] = deque()
        self._discards: deque[int] = deque()
        self._again: asyncio.Task[None] | None = None
        self._under_way: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Wait for what is under way on this loop, try once more whatever has failed, and close the store."""
        loop = asyncio.get_running_loop()
        while mine := [task for task in self._under_way if task.get_loop() is loop]:
            await asyncio.wait(mine)
        self._end_kept()
        self.store.close()

    def job(self, call: Call, *, held: bool = False, after: str | None = None) -> Job:
        """The job of this call, with a new id: `held` by this process until its request ends, or ready once `after` has run."""
        return call.job(
            id=new_id(),
            app=self._app,
            now=self._clock.now(),
            state=State.HELD if held or after else State.QUEUED,
            owner=self.store.process if held else None,
            after=after,
        )

    def add(self, jobs: Sequence[Job]) -> Pending[Sequence[Added]]:
        """Write these down, all or none. The write is on its way when this returns, whatever becomes of who waits for it."""
        return self.store.add(jobs)

    def release(self, keys: Sequence[int]) -> None:
        """The request of these held jobs has ended. A release that fails is kept, told, and tried again."""
        self._end("release", self.store.release, self._releases, keys)

    def discard(self, keys: Sequence[int]) -> None:
        """The request of these held jobs failed before it answered. A discard that fails is kept, told, and tried again."""
        self._end("discard", self.store.discard, self._discards, keys)

    def see_through(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Finish this even where the caller is cancelled; `close` waits for it."""
        task = asyncio.get_running_loop().create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    def _end(self, doing: str, end: Callable[[Sequence[int]], Pending[None]], kept: deque[int], keys: Sequence[int]) -> None:
        # Nobody waits for it: the client has its answer, and what is lost with this process is released by a rescuer.
        if kept:
            keys = [*_take(kept), *keys]
        end(keys).otherwise(partial(self._keep, doing, kept, keys, asyncio.get_running_loop()))

    def _keep(
        self, doing: str, kept: deque[int], keys: Sequence[int], loop: asyncio.AbstractEventLoop, error: BaseException
    ) -> None:
        kept.extend(keys)  # To end a request twice changes nothing.
        # Should that loop have ended, whatever ends the next request takes the kept keys along.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(self._try_again_soon)
        try:
            self._tell(StoreFailed(doing, error))
        except Exception:  # This is the store's thread.
            log.exception("a listener failed")

    def _end_kept(self) -> None:
        if self._releases:
            self.release([])
        if self._discards:
            self.discard([])

    def _try_again_soon(self) -> None:
        if self._again is None or self._again.done():
            self._again = asyncio.get_running_loop().create_task(self._try_again())

    async def _try_again(self) -> None:
        while self._releases or self._discards:
            await asyncio.sleep(REST)
            self._end_kept()


def _take(kept: deque[int]) -> list[int]:
    """All that is in there, once, though other threads take too."""
    keys: list[int] = []
    with suppress(IndexError):
        while True:
            keys.append(kept.popleft())
    return keys
