"""Where jobs are handed to engines and asked after, on an event loop: engines block, so each has threads of its own."""

import asyncio
import logging
import traceback
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar, assert_never

from afterword.clock import Clock, microseconds
from afterword.frames import Asked, Attempted, Order, Sighted
from afterword.handoff.engine import Engine, EngineAway, Engines, Gone, Handed, Offer, Sighting, Underway
from afterword.jobs.outcome import Cancelled, Crashed, Failed, HandedOff, Interrupted, Snoozed, Succeeded

PAUSE = microseconds(2)
"""Until an engine that was away is tried again. All its jobs wait for the same moment, so that they go in their order then."""

T = TypeVar("T")

_log = logging.getLogger("afterword")


class Desk:
    """Of one process and one application, `app`."""

    def __init__(self, app: str, engines: Engines, clock: Clock) -> None:
        self._app = app
        self._engines = engines
        self._clock = clock
        self._away: dict[str, tuple[int, str]] = {}
        # One thread each, so that jobs go in the order in which they came, and a look that takes long holds up none of them.
        self._going: dict[str, ThreadPoolExecutor] = {}
        self._looking: dict[str, ThreadPoolExecutor] = {}

    async def submit(self, order: Order) -> Attempted:
        """Hand it off. While its engine is away it is put off, with the reason in words."""
        via = order.via or ""
        try:
            return await self._in_a_thread(self._going, via, partial(self._submit, via, order))
        except LookupError as unknown:
            return Snoozed(PAUSE, f"it waits for an engine: {unknown}")
        except Exception as error:
            return Failed("".join(traceback.format_exception(error)), retry=False)

    async def look(self, asked: Sequence[Asked]) -> list[Sighted]:
        """What became of each; None where it has not ended, or where its engine cannot say so now."""
        by_engine = {via: [one for one in asked if one.via == via] for via in dict.fromkeys(one.via for one in asked)}
        looks = (self._in_a_thread(self._looking, via, partial(self._look, via, some)) for via, some in by_engine.items())
        answers = {id: _sighted(sighting) for found in await asyncio.gather(*looks) for id, sighting in found.items()}
        return [answers.get(one.id) for one in asked]

    def close(self) -> None:
        """Begin nothing more."""
        for threads in (*self._going.values(), *self._looking.values()):
            threads.shutdown(wait=False, cancel_futures=True)

    def _submit(self, via: str, order: Order) -> Attempted:
        now = self._clock.now()
        until, why = self._away.get(via, (0, ""))
        if now < until:
            return Snoozed(until - now, why, until)
        try:
            return HandedOff(self._engines(via, order.origin if order.theirs else None).submit(_offer(order, self._app)))
        except EngineAway as away:
            why = f"{via} is away: {away}"
            until = self._clock.now() + PAUSE
            self._away[via] = (until, why)
            return Snoozed(PAUSE, why, until)

    def _look(self, via: str, asked: Sequence[Asked]) -> dict[str, Sighting]:
        sightings: dict[str, Sighting] = {}
        for engine, some in self._engines_of(via, asked):
            handed = [_handed(one) for one in some]
            unwanted = [_handed(one) for one in some if one.unwanted]
            try:
                if unwanted:
                    engine.cancel(unwanted)
                sightings.update(zip((one.id for one in some), engine.look(handed), strict=True))
            except EngineAway:
                continue
            except Exception:  # One engine's mistake is not to keep the others from being asked.
                _log.exception("what became of %d jobs that %s has cannot be seen", len(some), via)
        return sightings

    def _engines_of(self, via: str, asked: Sequence[Asked]) -> Iterable[tuple[Engine, list[Asked]]]:
        """Each engine once, since it spreads its dear looks over time, with all that it is to be asked."""
        found: dict[int, tuple[Engine, list[Asked]]] = {}
        engines: dict[str | None, Engine] = {}
        for origin in dict.fromkeys(one.origin for one in asked):
            try:
                engines[origin] = self._engines(via, origin)
            except LookupError:
                continue
            except Exception:  # To bring it along may import what the user wrote.
                _log.exception("the engine of %s, which comes along with it, cannot be found", origin)
        for one in asked:
            if one.origin in engines:
                engine = engines[one.origin]
                found.setdefault(id(engine), (engine, []))[1].append(one)
        return found.values()

    async def _in_a_thread(self, threads: dict[str, ThreadPoolExecutor], via: str, work: Callable[[], T]) -> T:
        if via not in threads:
            threads[via] = ThreadPoolExecutor(1, thread_name_prefix=f"afterword {via}")
        return await asyncio.get_running_loop().run_in_executor(threads[via], work)


def _offer(order: Order, app: str) -> Offer:
    return Offer(
        id=order.id,
        token=order.token,
        attempt=order.attempt,
        app=app,
        task=order.task,
        origin=order.origin,
        timeout=order.timeout,
        foreign=order.theirs,
        arguments=order.arguments,
    )


def _handed(asked: Asked) -> Handed:
    return Handed(asked.id, asked.token, asked.theirs, asked.receipt, asked.since)


def _sighted(sighting: Sighting) -> Sighted:
    match sighting:
        case Underway():
            return None
        case Gone(why, started):
            return Interrupted(why, started)
        case Succeeded() | Failed() | Crashed() | Cancelled():
            return sighting
        case _:
            assert_never(sighting)
