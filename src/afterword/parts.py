"""What one application's afterword is made of, each part at its first need."""

import asyncio
import sys
import threading
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Protocol

from afterword import inline, rehearsal, settings
from afterword.adder import Adder
from afterword.clock import SystemClock
from afterword.discovery import Target
from afterword.events import Tell
from afterword.handoff.engine import Engine
from afterword.handoff.known import Known
from afterword.launch import Launch
from afterword.rehearsal import Way
from afterword.settings import HANDOFF, Settings
from afterword.stores.store import Store
from afterword.stores.url import INLINE, INLINE_STRICT, absolute, open_store, shared
from afterword.tasks.call import Binder
from afterword.tasks.registry import Registry
from afterword.witness import present
from afterword.worker.lookout import seek


class Kept(Protocol):
    """What goes on beside an application for as long as that runs."""

    def start(self) -> None: ...

    async def stop(self, patience: float) -> None:
        """End, and wait up to `patience` seconds for that."""
        ...


class Parts:
    """Of an application that lies at `target`; `handoff` are its engines, by name."""

    def __init__(self, chosen: Settings, handoff: Mapping[str, Engine], target: Callable[[], Target], tell: Tell) -> None:
        self._chosen = chosen
        self._handoff = handoff
        self._target = target
        self._tell = tell
        # Now: a lifespan or a task may change the working directory.
        self._store_url = absolute(chosen.store or settings.DEFAULT_STORE)
        self._store: Store | None = None
        self._adder: Adder | None = None
        self._making = threading.Lock()
        self._started = False

    def start(self) -> None:
        """The application starts: its lifespan has begun. Opens the store; raises a StoreError where that cannot be."""
        self._started = True
        self.way()

    def way(self) -> Way:
        """What becomes of a call. Opens the store, where there is one; raises a StoreError where that cannot be."""
        choose = rehearsal.chosen()
        if choose:
            return choose(self._target().name, self.binder)
        url = self._url()
        if url == INLINE:
            return inline.plain
        if url == INLINE_STRICT:
            return inline.strict(self.binder)
        adder = self._adder
        if adder is None:
            with self._making:
                adder = self._adder = self._adder or self._make(url)
        return adder

    async def close(self) -> None:
        """Write what is under way, and close the store; whoever adds after this opens it again."""
        adder, self._adder = self._adder, None
        if adder:
            await adder.close()

    def launch(self) -> Launch:
        """What a worker is told. Raises StoreNotShared where no other process can reach the jobs."""
        target = self._target()
        return Launch(
            store=shared(self._url()),
            app=target.name,
            path=(str(target.root), *sys.path),
            runners=self._chosen.runners,
            concurrency=self._chosen.concurrency,
            drain=self._chosen.drain,
            keep=self._chosen.keep,
        )

    def kept(self) -> Kept | None:
        """Who keeps a worker for this application, or only hands its jobs off; None where it wants neither, or where no other
        process could reach its jobs."""
        store, wanted = self._store, self._wanted()
        if not wanted or store is None or store.life is None:
            return None
        from afterword import keeping  # Here: a runner, which imports the application as well, keeps nobody.

        launch, folder = self.launch(), Path(store.life).parent
        if wanted != HANDOFF:
            return keeping.keeper(store, launch, folder, self._tell)
        engines = Known(lambda: self._handoff, self.binder.registry.bring)
        return keeping.outbox(store, launch, folder, engines, self._tell)

    @cached_property
    def binder(self) -> Binder:
        engines = {name: engine.kind for name, engine in self._handoff.items()}
        return Binder(Registry(self._target().root), self._chosen.max_arguments, engines)

    def _wanted(self) -> bool | str:
        return not rehearsal.under_way() if self._chosen.worker is None else self._chosen.worker

    def _url(self) -> str:
        rehearsed = rehearsal.store() if self._chosen.store is None else None
        return absolute(rehearsed) if rehearsed else self._store_url

    def _make(self, url: str) -> Adder:
        clock = SystemClock()
        if self._store is None:
            self._store = open_store(url, clock=clock, tell=self._tell, max_queued=self._chosen.max_queued)
        self._store.open()
        adder = Adder(self._store, self._target().name, self.binder, clock, self._tell)
        if not self._started and self._wanted() and self._store.life and present.get(None) and _on_a_loop():
            adder.see_through(seek(self._store, self._target().name, self._tell))
        return adder


def _on_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
