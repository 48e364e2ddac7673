"""Notices jobs that nobody will run: those of an application that no worker serves, nearly always this one by an older name."""

from afterword.errors import StoreError
from afterword.events import StoreFailed, Tell, Unkept, Unserved
from afterword.jobs.job import State
from afterword.stores.store import Query, Store

PERIOD = 60.0
"""Seconds."""

ENOUGH = 1000
"""Jobs that are looked at, the newest."""


class Lookout:
    def __init__(self, store: Store, app: str, tell: Tell) -> None:
        self._store = store
        self._app = app
        self._tell = tell
        self._known: frozenset[str] = frozenset()

    async def look(self) -> None:
        """Tell of applications whose jobs wait and that no worker serves; of each once."""
        waiting = await self._store.find(Query(states=(State.HELD, State.QUEUED), limit=ENOUGH))
        served = {self._app, *(worker.app for worker in await self._store.workers())}
        unserved = frozenset(job.app for job in waiting) - served
        if unserved - self._known:
            self._tell(Unserved(self._app, tuple(sorted(unserved))))
        self._known = unserved


async def seek(store: Store, app: str, tell: Tell) -> None:
    """Tell it if no worker of `app` lives, which keeps none itself."""
    try:
        if all(worker.app != app for worker in await store.workers()):
            tell(Unkept(app))
    except StoreError as error:
        tell(StoreFailed("workers", error))
