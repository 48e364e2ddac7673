"""Being a worker process, whoever started it. It needs no extra, and neither imports nor runs user code."""

import asyncio
import gc
import logging
import os
import sys
from collections.abc import Sequence

from afterword.clock import Clock, SystemClock
from afterword.errors import StoreError, StoreReplaced
from afterword.events import Listeners, Tell
from afterword.launch import Launch
from afterword.loops import new_event_loop
from afterword.stores.store import Store
from afterword.stores.url import open_store
from afterword.telemetry.fallback import FORMAT
from afterword.telemetry.logs import Logs
from afterword.telemetry.outlet import Outlet
from afterword.worker.recruit import Recruit
from afterword.worker.worker import Worker


def serve(launch: Launch, listeners: Sequence[Tell] = (), clock: Clock | None = None, begun: Recruit | None = None) -> int:
    """Be a worker until asked to stop; `listeners` are told what happens, the first runner may have `begun`. Returns the exit
    code."""
    _configure_logging()
    tell = Listeners([Logs(), *listeners]).tell
    clock = clock or SystemClock()
    store = open_store(launch.store, clock=clock, tell=tell)
    try:
        store.open()
    except StoreError as error:
        logging.getLogger("afterword").error("the worker cannot start: %s", error)
        return 1
    code = 0
    _settle_down()
    try:
        with asyncio.Runner(loop_factory=new_event_loop) as loop:
            loop.run(_work(store, launch, clock, tell, begun))
    except* StoreReplaced as group:
        logging.getLogger("afterword").error("the worker ends: %s", group.exceptions[0])
        code = 1
    finally:
        store.close()
    return code


async def _work(store: Store, launch: Launch, clock: Clock, tell: Tell, begun: Recruit | None) -> None:
    await Worker(store, launch, clock, tell, os.getpid(), begun).run()


def _settle_down() -> None:
    """Spare the garbage collector most of its work: what is here now stays, and jobs, of which hundreds are in hand at once, do
    not form cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _configure_logging() -> None:
    handler = Outlet(sys.stderr.fileno())
    handler.setFormatter(logging.Formatter(FORMAT))
    logger = logging.getLogger("afterword")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
