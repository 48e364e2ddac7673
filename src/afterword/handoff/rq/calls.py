"""What RQ is told when a job is handed to it."""

import json
import math
from typing import Any

from afterword.clock import SECOND
from afterword.errors import HandOffRefused
from afterword.handoff.engine import Offer
from afterword.handoff.envelope import write_offer
from afterword.handoff.rq import decorated
from afterword.handoff.rq.records import NOTE

RUN = "afterword.handoff.rq.run"

KEEP = 7 * 86_400
"""Seconds that RQ keeps what became of a job until we have asked."""

KEEP_TOLD = 86_400
"""Seconds that RQ keeps a success afterwards; longer where its own task says so."""

SLACK = 120
"""Seconds that RQ gives a job beyond its timeout: it may wait before it begins, and again to write down how it ended."""


def call(offer: Offer, found: Any, lease: float) -> dict[str, Any]:
    """What Queue.enqueue_call is told."""
    if offer.foreign:
        return _their_call(offer, {} if found is None else decorated.options(found))
    return {
        "func": RUN,
        "args": (write_offer(offer), offer.timeout, lease),
        "job_id": offer.id,
        "description": f"{offer.task}, attempt {offer.attempt}",
        "timeout": -1 if offer.timeout is None else math.ceil(offer.timeout / SECOND) + SLACK,
        "result_ttl": KEEP,
        "failure_ttl": KEEP,
        "meta": _note(offer, KEEP_TOLD),
    }


def _their_call(offer: Offer, options: dict[str, Any]) -> dict[str, Any]:
    told = json.loads(offer.arguments)
    kwargs = told["kwargs"]
    if "job_id" in kwargs:
        raise HandOffRefused(
            task=offer.task,
            engine="RQ",
            why=f"job_id={kwargs['job_id']!r} was given, and its RQ job has the id of its job here",
            mend="Leave job_id out.",
        )
    # `delay` takes these out as well.
    options.update({name: value for name in ("depends_on", "at_front") if (value := kwargs.pop(name, None))})
    keep, keep_failed = options.get("result_ttl"), options.get("failure_ttl")
    return {
        **options,
        "func": offer.task,
        "args": tuple(told["args"]),
        "kwargs": kwargs,
        "job_id": offer.id,
        "result_ttl": -1 if keep == -1 else max(KEEP, keep or 0),
        "failure_ttl": keep_failed if keep_failed in (None, -1) else max(KEEP, keep_failed),
        "meta": {**(options.get("meta") or {}), **_note(offer, keep or 0)},
    }


def _note(offer: Offer, keep: int) -> dict[str, Any]:
    return {NOTE: {"token": offer.token, "attempt": offer.attempt, "keep": keep}}
