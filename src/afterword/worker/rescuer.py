"""Frees what dead processes left behind."""

from collections.abc import Callable

from afterword.stores.store import Store

PERIOD = 0.5
"""Seconds between two looks: with the start of a worker well below the second that is promised."""


class Rescuer:
    def __init__(self, store: Store, found: Callable[[], None]) -> None:
        self._store = store
        self._found = found

    async def rescue(self) -> None:
        """One look; `found` is called when there is work again."""
        if await self._store.rescue():
            self._found()
