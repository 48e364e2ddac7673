"""What became of a job in RQ's hands, decided from what was found. Nothing here asks anybody."""

from afterword.clock import SECOND
from afterword.handoff.engine import Gone, Handed, Sighting, Underway
from afterword.handoff.envelope import Answer, Idle
from afterword.handoff.marks import KEEP, Mark
from afterword.handoff.rq.receipt import Receipt
from afterword.handoff.rq.records import Record, Server
from afterword.jobs.outcome import Cancelled, Crashed, Failed, Succeeded

SPARE = 5.0
"""Seconds beyond a lease in which, after a restart of the server, whoever still runs a job has written its lease down again."""

BEFORE = Cancelled("cancelled before it started")

REPLACED = Gone("a later hand-off of it has taken its place")

DELETED = "its RQ job was deleted before it had begun"

DELETED_WHILE_IT_RAN = "its RQ job was deleted while it ran, and whoever ran it says nothing any more"

NO_RESULT = "RQ has it no more: its job was deleted, or its result has expired; whether it ran to its end is not known"

GIVEN_UP = "RQ has given it up and does not say why: as a rule its worker died"

STUCK = Gone("RQ lost it before it had begun: its job was stuck in the intermediate queue")

NO_ANSWER = "RQ says that it has finished, and has no answer of it"


def sight(handed: Handed, receipt: Receipt, record: Record | None, mark: Mark, server: Server, lease: float) -> Sighting:
    """What record and mark say; `mark` was read after the record, and its leases take `lease` seconds."""
    handed = handed._replace(token=receipt.token)
    restarted = None not in (receipt.server, server.run) and receipt.server != server.run
    fresh = restarted and server.up <= lease + SPARE
    if record is None or record.token != receipt.token:
        return _without_record(handed, record, mark, server, restarted, fresh)
    return _theirs(record, mark, handed) if handed.foreign else _ours(handed, record, mark, fresh)


def _ours(handed: Handed, record: Record, mark: Mark, fresh: bool) -> Sighting:
    running = mark.begun == handed.token and mark.alive
    answered = _answered(handed, record, mark)
    if answered is not None:
        # RQ has still to write its own record, and would write it over that of another attempt.
        return Underway(True, mark.by) if record.status == "started" and not record.dead else answered
    match record.status:
        case "finished":
            return _unanswered(handed, record.answer, mark)
        case "failed":
            return _failed(record, mark.begun == handed.token, mark)
        case "stopped":
            return Cancelled("stopped in RQ while it ran")
        case "canceled" if not running:
            return Cancelled("cancelled in RQ")
        case "started" if not (running or fresh) and (record.dead or mark.begun == handed.token):
            return Crashed(f"its RQ worker {mark.by or record.by} died while it ran", alone=True)
        case _:
            return Underway(running, mark.by if running else None)


def _theirs(record: Record, mark: Mark, handed: Handed) -> Sighting:
    match record.status:
        case "finished":
            return Succeeded(record.result)
        case "failed":
            return STUCK if _stuck(record) else Failed(record.error or GIVEN_UP, retry=False)
        case "stopped":
            return Cancelled("stopped in RQ while it ran")
        case "canceled":
            return BEFORE if mark.cancelled == handed.token else Cancelled("cancelled in RQ")
        case "started":
            return Underway(True, record.by)
        case _:
            return Underway(False)


def _without_record(
    handed: Handed, record: Record | None, mark: Mark, server: Server, restarted: bool, fresh: bool
) -> Sighting:
    begun = mark.begun == handed.token
    answered = None if handed.foreign else _answered(handed, None, mark)
    if answered is not None:
        return answered
    if begun and mark.alive:
        return Underway(True, mark.by)
    if max(mark.begun, mark.offered, record.token if record else 0) > handed.token:
        return REPLACED
    if fresh and not handed.foreign:
        return Underway(False)  # Who runs it now is heard of soon.
    if mark.cancelled == handed.token and not begun:
        return BEFORE
    if restarted:
        return Gone("its Redis was restarted, and has it no more")
    if record is not None:
        return Gone("an earlier hand-off of it stands in its place")
    if mark.offered < handed.token and server.now * SECOND - handed.since < KEEP * SECOND / 2:
        return Gone("its Redis was emptied: even the note that it was handed off is gone")
    if handed.foreign:
        return Failed(NO_RESULT, retry=False)
    return Failed(DELETED_WHILE_IT_RAN if begun else DELETED, retry=False)


def _answered(handed: Handed, record: Record | None, mark: Mark) -> Sighting | None:
    kept = mark.answer if mark.begun == handed.token else None
    for answer in (kept, record.answer if record else None):
        if answer is not None and answer.token == handed.token and not isinstance(answer.outcome, Idle):
            return answer.outcome
    return mark.succeeded_before(handed.token)


def _unanswered(handed: Handed, answer: Answer | None, mark: Mark) -> Sighting:
    """It finished, and nothing was done."""
    if mark.cancelled == handed.token and mark.begun < handed.token:
        return BEFORE
    if max(mark.begun, mark.offered) > handed.token:
        return REPLACED
    if answer is not None and answer.token < handed.token:
        return Gone("RQ ran an earlier hand-off in its place")
    if answer is not None and mark.begun == handed.token:
        return Underway(True, mark.by) if mark.alive else Crashed("the process that began it died", alone=True)
    return Failed(NO_ANSWER, retry=False)


def _failed(record: Record, begun: bool, mark: Mark) -> Sighting:
    """RQ says that our wrapper failed, which it never does of itself."""
    error = record.error or GIVEN_UP
    if not begun and _stuck(record):
        return STUCK
    if record.error is None or "Work-horse terminated" in error or "AbandonedJobError" in error:
        return Crashed(f"its RQ worker {mark.by or record.by} died: {error.strip()}", alone=True)
    if not begun and "JobTimeoutException" in error:
        return Gone("it waited there for an earlier attempt until RQ gave up")
    return Failed(error, retry=True)


def _stuck(record: Record) -> bool:
    return "stuck in intermediate queue" in (record.error or "")
