"""Keeps the store small: forgets finished jobs, and lets it tidy up."""

from afterword.clock import Clock, microseconds
from afterword.stores.store import Store

TIDY_PERIOD = 0.2
"""Seconds. The write-ahead log is looked at so often that it stays short; most looks find nothing to do."""

FORGET_PERIOD = 30.0
"""Seconds."""

BATCH = 1000
"""Jobs forgotten in one transaction, few enough that nobody waits for it."""


class Janitor:
    def __init__(self, store: Store, clock: Clock, keep: float) -> None:
        self._store = store
        self._clock = clock
        self._keep = microseconds(keep)

    async def forget(self) -> None:
        """Delete the jobs that finished longer than `keep` ago."""
        while await self._store.forget(self._clock.now() - self._keep, BATCH) == BATCH:
            pass

    async def tidy(self) -> None:
        await self._store.tidy()
