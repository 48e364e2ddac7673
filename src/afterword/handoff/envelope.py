"""What travels to an engine and back: an offer as a message, and the answer of our wrapper there. Both plain JSON."""

from typing import Any, NamedTuple, assert_never

from afterword.handoff.engine import Offer
from afterword.jobs.outcome import Cancelled, Failed, Succeeded
from afterword.values import value

VERSION = 1


@value
class Idle:
    """Nothing was done: the message is an old one, or the second one of an attempt."""

    why: str


class Answer(NamedTuple):
    """What the other end says of an attempt."""

    token: int
    outcome: Succeeded | Failed | Cancelled | Idle
    by: str
    """Name of the engine's worker."""


def write_offer(offer: Offer) -> dict[str, Any]:
    """The message that carries one of our tasks."""
    return {"afterword": VERSION, **offer._asdict(), "arguments": offer.arguments.decode()}


def read_offer(message: Any) -> Offer:
    """The offer in a message. Raises ValueError for what `write_offer` did not write."""
    match message:
        case {
            "afterword": 1,
            "id": str(id),
            "token": int(token),
            "attempt": int(attempt),
            "app": str(app),
            "task": str(task),
            "origin": str() | None as origin,
            "timeout": int() | None as timeout,
            "foreign": bool(foreign),
            "arguments": str(arguments),
        }:
            return Offer(id, token, attempt, app, task, origin, timeout, foreign, arguments.encode())
        case _:
            raise ValueError(f"this is no message of afterword that version {VERSION} of it can read: {str(message)[:200]}")


def write_answer(answer: Answer) -> dict[str, Any]:
    """The answer as the engine keeps it."""
    head = {"afterword": VERSION, "token": answer.token, "by": answer.by}
    match answer.outcome:
        case Succeeded(result):
            return {**head, "outcome": "succeeded", "result": None if result is None else result.decode()}
        case Failed(error, retry):
            return {**head, "outcome": "failed", "error": error, "retry": retry}
        case Cancelled(reason):
            return {**head, "outcome": "cancelled", "reason": reason}
        case Idle(why):
            return {**head, "outcome": "idle", "why": why}
        case _:
            assert_never(answer.outcome)


def read_answer(value: Any) -> Answer | None:
    """The answer that is in what an engine kept; None where that is none of ours."""
    match value:
        case {"afterword": 1, "token": int(token), "by": str(by), "outcome": str()}:
            outcome = _outcome(value)
            return None if outcome is None else Answer(token, outcome, by)
        case _:
            return None


def _outcome(value: dict[str, Any]) -> Succeeded | Failed | Cancelled | Idle | None:
    match value:
        case {"outcome": "succeeded", "result": None}:
            return Succeeded()
        case {"outcome": "succeeded", "result": str(result)}:
            return Succeeded(result.encode())
        case {"outcome": "failed", "error": str(error), "retry": bool(retry)}:
            return Failed(error, retry)
        case {"outcome": "cancelled", "reason": str(reason)}:
            return Cancelled(reason)
        case {"outcome": "idle", "why": str(why)}:
            return Idle(why)
        case _:
            return None
