"""The other end: one attempt at one of our tasks, made inside an engine's worker."""

import functools
import logging
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from afterword.attempt import attempt_here
from afterword.clock import SystemClock
from afterword.discovery import load
from afterword.errors import ApplicationNotFound
from afterword.frames import Order
from afterword.handoff.engine import Offer
from afterword.handoff.envelope import Answer, Idle, read_offer
from afterword.handoff.marks import LEASE, Marks, Refused, Run, Wait
from afterword.jobs.outcome import Failed, Snoozed, Succeeded
from afterword.tasks.registry import Registry

PERSISTENCE = 30.0
"""Seconds that the end of an attempt is tried to be written where the marks are."""

_AWAY = 5.0
"""Seconds until the marks are asked again when they cannot be reached."""

_log = logging.getLogger("afterword")


def perform(
    message: Any, by: str, marks: Marks | None, *, lease: float = LEASE, too_late: tuple[type[BaseException], ...] = ()
) -> Answer | Wait:
    """Make the attempt that `message` carries, if it is not made already; `by` is the name of the engine's worker.

    `too_late` are the exceptions that the engine raises in a function whose time is up. Raises ValueError for
    what is no message.
    """
    offer = read_offer(message)
    run = Run(offer.id, offer.token, uuid.uuid4().hex, by, SystemClock().now())
    refused: Refused | None
    try:
        refused = marks.begin(run, once=_once(offer)) if marks else None
    except Exception as error:
        refused = Wait(_AWAY, f"the marks of what has begun cannot be reached: {error}")
    if isinstance(refused, Wait):
        _log.info("job %s (%s) waits %.1f s: %s", offer.id, offer.task, refused.seconds, refused.why)
        return refused
    if isinstance(refused, Idle):
        _log.warning("job %s (%s): nothing is done, since %s", offer.id, offer.task, refused.why)
        return Answer(offer.token, refused, by)
    if marks is not None and isinstance(refused, Succeeded):
        _log.info("job %s (%s): an earlier hand-off of it has succeeded", offer.id, offer.task)
        answer = Answer(offer.token, refused, by)
        _end(run, marks, answer)
        return answer
    if marks is None:
        return Answer(offer.token, _attempt(offer, too_late), by)
    with _renewing(run, marks, lease):
        answer = Answer(offer.token, _attempt(offer, too_late), by)
        _end(run, marks, answer)
    return answer


def _attempt(offer: Offer, too_late: tuple[type[BaseException], ...]) -> Succeeded | Failed:
    try:
        registry = _registry(offer.app)
    except ApplicationNotFound as missing:
        return Failed(f"the application {offer.app} cannot be imported here: {missing}", retry=True)
    order = Order(
        slot=0,
        id=offer.id,
        task=offer.task,
        attempt=offer.attempt,
        origin=offer.origin,
        timeout=offer.timeout,
        arguments=offer.arguments,
    )
    outcome = attempt_here(order, registry, too_late)
    # A task that is unknown here: perhaps this worker is older than the task.
    return Failed(outcome.reason, retry=True) if isinstance(outcome, Snoozed) else outcome


@functools.cache
def _registry(app: str) -> Registry:
    # Celery's command takes the working directory off the path again when it has loaded its own module.
    return Registry(load(app, Path.cwd()).root)


def _once(offer: Offer) -> bool:
    """Whether the task must not begin twice; what cannot be found does not begin at all."""
    try:
        return _registry(offer.app).find(offer.task, offer.origin).options.at_most_once
    except BaseException:
        return False


@contextmanager
def _renewing(run: Run, marks: Marks, lease: float) -> Iterator[None]:
    over = threading.Event()

    def renew() -> None:
        while not over.wait(lease / 3):
            try:
                marks.renew(run)
            except Exception as error:  # It is tried again before the lease has run out.
                _log.warning("job %s: its lease cannot be renewed: %s", run.id, error)

    renewer = threading.Thread(target=renew, name="afterword lease", daemon=True)
    renewer.start()
    try:
        yield
    finally:
        over.set()


def _end(run: Run, marks: Marks, answer: Answer) -> None:
    deadline = time.monotonic() + PERSISTENCE
    while True:
        try:
            marks.end(run, answer)
            return
        except Exception as error:
            if time.monotonic() > deadline:
                _log.error("job %s: how it ended cannot be written down: %s", run.id, error)
                return
        time.sleep(0.5)  # The server may be back by then.
