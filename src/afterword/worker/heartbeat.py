"""Tells the store that this worker lives, and prolongs its leases. No user code can stop it: none runs in this process."""

from collections.abc import Callable, Sequence

from afterword.stores.store import Store

PERIOD = 5.0
"""Seconds; a third of the shortest lease."""


class Heartbeat:
    def __init__(self, store: Store, app: str, leases: Callable[[], Sequence[tuple[int, int]]]) -> None:
        self._store = store
        self._app = app
        self._leases = leases

    async def beat(self) -> None:
        # A lease that is lost needs no answer: the attempt's outcome will be refused by its token.
        beating, renewing = self._store.beat(self._app), self._store.renew(self._leases())
        await beating
        await renewing
