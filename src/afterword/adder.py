"""Turns calls into jobs and hands them to the store: the one way in for everything that is added."""

import asyncio
from collections import deque
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any

from afterword.clock import Clock
from afterword.events import StoreFailed, Tell
from afterword.jobs.job import Job, State
from afterword.stores.pending import Pending
from afterword.stores.store import Added, Store
from afterword.tasks.call import Binder, Call, new_id

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
        await self._end()
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

    async def release(self, keys: Sequence[int]) -> None:
        """The request of these held jobs has ended. A release that fails is kept, told, and tried again."""
        self._releases.extend(keys)
        await self._end()

    async def discard(self, keys: Sequence[int]) -> None:
        """The request of these held jobs failed before it answered. A discard that fails is kept, told, and tried again."""
        self._discards.extend(keys)
        await self._end()

    def see_through(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Finish this even where the caller is cancelled; `close` waits for it."""
        task = asyncio.get_running_loop().create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def _end(self) -> None:
        for doing, end, kept in (
            ("release", self.store.release, self._releases),
            ("discard", self.store.discard, self._discards),
        ):
            keys = _take(kept)
            if not keys:
                continue
            try:
                await end(keys)
            except BaseException as error:
                # Also when cancelled: nobody would notice if it failed then, and to end a request twice changes nothing.
                kept.extend(keys)
                self._try_again_soon()
                if not isinstance(error, Exception):
                    raise
                self._tell(StoreFailed(doing, error))

    def _try_again_soon(self) -> None:
        if self._again is None or self._again.done():
            self._again = asyncio.get_running_loop().create_task(self._try_again())

    async def _try_again(self) -> None:
        # Should this loop end first, whatever ends the next request takes the kept keys along.
        while self._releases or self._discards:
            await asyncio.sleep(REST)
            await self._end()


def _take(kept: deque[int]) -> list[int]:
    """All that is in there, once, though other threads take too."""
    keys: list[int] = []
    with suppress(IndexError):
        while True:
            keys.append(kept.popleft())
    return keys
