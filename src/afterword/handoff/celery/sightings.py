"""What became of a job in Celery's hands, decided from what was found. Nothing here asks anybody."""

from collections.abc import Mapping, Set
from typing import Any, NamedTuple

from afterword.handoff.celery.receipt import Receipt
from afterword.handoff.engine import Gone, Handed, Sighting, Underway
from afterword.handoff.envelope import Idle, read_answer
from afterword.handoff.marks import Mark
from afterword.jobs.outcome import Cancelled, Crashed, Failed, Succeeded
from afterword.tasks.codec import encode_result

REVOKED = "revoked in Celery"

TIME_LIMITS = ("TimeLimitExceeded", "SoftTimeLimitExceeded")
"""Celery's exceptions for a task whose time is up."""

INSTALL = (
    "Celery's worker does not know afterword: call afterword.handoff.celery.install(celery_app) in the module that "
    "`celery -A` loads, and start the worker again"
)

LOST_RESULT = (
    "Celery has it no more, and no result of it: its worker died while it ran, or its result was deleted or has expired "
    "(result_expires); whether it ran to its end is not known"
)


class Meta(NamedTuple):
    """What the result backend has of a task id."""

    state: str = "PENDING"
    result: Any = None
    traceback: str | None = None


class Search(NamedTuple):
    """What a search of queues and workers found."""

    found: Mapping[str, Underway]
    """In a queue, or at work, by Celery's id."""
    held: Set[str]
    """Ids whose message a worker holds that has not acknowledged it, or held when it died."""
    thorough: bool
    """All queues were read, and each worker that listens has answered."""
    workers: int
    """How many workers have answered."""
    broker: str | None = None
    """The number of the broker's present run."""
    marks: str | None = None
    """The same of the server that keeps the marks."""


def at_first_sight(handed: Handed, mark: Mark, meta: Meta) -> Sighting | None:
    """What mark and result say; None where queues and workers must be searched."""
    if handed.foreign:
        return _theirs(mark, meta)
    return _marked(handed, mark) or _ours(handed, mark, meta)


def after_search(handed: Handed, receipt: Receipt, mark: Mark, meta: Meta, search: Search) -> Sighting:
    """What to make of one of which mark and result, read after the search, say nothing."""
    begun = mark.begun == handed.token
    if receipt.task_id in search.found:
        return search.found[receipt.task_id]
    if not search.thorough:
        return Underway(begun or meta.state == "STARTED", mark.by if begun else None)
    if not handed.foreign and begun:
        # Should its message be delivered once more, it does nothing as soon as another attempt is handed off.
        return Crashed(f"its Celery worker {mark.by} died while it ran", alone=True)
    if receipt.task_id in search.held:
        return Underway(meta.state == "STARTED") if handed.foreign else Gone("the Celery worker that had fetched it has died")
    if handed.foreign and mark.cancelled >= handed.token:
        return Cancelled("taken out of Celery before it had ended")
    # Marks that were lost say nothing of what had begun.
    started = not handed.foreign and _restarted(receipt.marks, search.marks)
    if _restarted(receipt.broker, search.broker):
        return Gone("the broker was restarted, and has it no more", started)
    if not handed.foreign:
        return Gone("no queue of the broker and no Celery worker has it, and there is no mark of its beginning", started)
    return _nowhere(receipt, meta, search)


def _marked(handed: Handed, mark: Mark) -> Sighting | None:
    answer = mark.answer
    if mark.begun == handed.token and answer is not None:
        if isinstance(answer.outcome, Failed) and mark.cancelled == handed.token:
            return Cancelled("cancelled while it ran")
        return None if isinstance(answer.outcome, Idle) else answer.outcome
    before = mark.succeeded_before(handed.token)
    if before is not None:
        return before
    if max(mark.begun, mark.offered) > handed.token:
        return Gone("a later hand-off of it has taken its place")
    if mark.cancelled == handed.token and mark.begun < handed.token:
        return Cancelled("cancelled before it started")
    return None


def _ours(handed: Handed, mark: Mark, meta: Meta) -> Sighting | None:
    answer = read_answer(meta.result)
    if answer is not None and answer.token == handed.token and not isinstance(answer.outcome, Idle):
        return answer.outcome
    if meta.state == "REVOKED":
        return Cancelled(REVOKED)
    if meta.state == "FAILURE":  # Our wrapper never fails, so it is Celery that says so.
        kind, words = _exception(meta)
        if kind in ("WorkerLostError", "Terminated"):
            return (
                Cancelled(REVOKED)
                if mark.cancelled == handed.token
                else Crashed(f"its Celery process died: {words}", alone=True)
            )
        if kind == "NotRegistered":
            return Failed(INSTALL, retry=True)
        return Failed(_late(words) if kind in TIME_LIMITS else meta.traceback or words, retry=True)
    if mark.begun == handed.token and mark.alive:
        return Underway(True, mark.by)
    return None


def _theirs(mark: Mark, meta: Meta) -> Sighting | None:
    match meta.state:
        case "SUCCESS":
            return Succeeded(encode_result(meta.result))
        case "FAILURE":
            kind, words = _exception(meta)
            return Failed(_late(words) if kind in TIME_LIMITS else meta.traceback or words, retry=False)
        case "REVOKED":
            return Cancelled(REVOKED)
        case "REJECTED":
            return Failed("Celery's worker rejected it", retry=False)
        case _:  # PENDING says nothing; STARTED, RETRY and states of the user's own may have been left by the dead.
            return None


def _nowhere(receipt: Receipt, meta: Meta, search: Search) -> Sighting:
    """A foreign task that no queue and no worker has, and that has no result."""
    if not search.workers:  # Who began it may be one that does not answer.
        return Underway(meta.state == "STARTED")
    if receipt.ignored:  # As sure as it can be: it was taken out of its queue, and no worker has it any more.
        return Succeeded()
    if meta.state == "PENDING":
        return Failed(LOST_RESULT, retry=False)
    # Of two processes that had it one after the other, the first may write that it tries again after the second's success.
    overwritten = "" if meta.state == "STARTED" else ", or Celery wrote an older state over its result"
    why = f"its Celery worker died{overwritten}: it was last seen as {meta.state}, and no worker has it now"
    return Failed(why, retry=False)


def _restarted(then: str | None, now: str | None) -> bool:
    return then is not None and now is not None and then != now


def _exception(meta: Meta) -> tuple[str, str]:
    match meta.result:
        case {"exc_type": str(kind), "exc_message": words}:
            return kind, f"{kind}: {' '.join(map(str, words)) if isinstance(words, list | tuple) else words}"
        case BaseException() as error:  # A backend that pickles.
            return type(error).__name__, f"{type(error).__name__}: {error}"
        case other:
            return "", str(other)


def _late(words: str) -> str:
    return f"it took longer than its time limit, and Celery ended it: {words}"
