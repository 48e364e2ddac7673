"""The other end: RQ's worker calls `run` for each of our tasks."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from rq import get_current_job
from rq.timeouts import JobTimeoutException

from afterword.clock import SECOND
from afterword.handoff.envelope import Answer, write_answer
from afterword.handoff.marks import LEASE
from afterword.handoff.redis_marks import RedisMarks
from afterword.handoff.wrapper import perform

GRACE = 0.25
"""Seconds that a coroutine is given to end at its timeout in its own way, before it is ended like a function."""

_TURN = 5.0
"""Seconds at most between two looks whether an attempt may begin."""


def run(message: Any, timeout: int | None = None, lease: float = LEASE) -> dict[str, Any]:
    """Make the attempt in `message` and answer with how it ended; it is never RQ that tries again. Waits, in the worker, while
    another process may still be at an earlier attempt. `timeout` is in microseconds."""
    job: Any = get_current_job()
    marks = RedisMarks(job.connection, lease)
    by = job.worker_name or os.environ.get("RQ_WORKER_ID") or "RQ"
    while True:
        with _limited(timeout):
            said = perform(message, by, marks, lease=lease, too_late=(JobTimeoutException,))
        if isinstance(said, Answer):
            return write_answer(said)
        time.sleep(min(said.seconds, _TURN))  # Whoever is at the earlier attempt tells nobody that it is over.


@contextmanager
def _limited(timeout: int | None) -> Iterator[None]:
    """Raise RQ's own exception when the time is up. RQ's timer is for whole seconds, and counts what was waited for."""
    if timeout is None or threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def late(number: int, frame: FrameType | None) -> None:
        raise JobTimeoutException(f"it took longer than {timeout / SECOND:g} s")

    began = time.monotonic()
    before = signal.signal(signal.SIGALRM, late)
    rest, _ = signal.setitimer(signal.ITIMER_REAL, timeout / SECOND + GRACE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if rest:
            signal.setitimer(signal.ITIMER_REAL, max(rest - (time.monotonic() - began), 0.001))
