"""A job as people and programs read it."""

import json
from datetime import UTC, datetime
from typing import Any

from afterword.cli.jobs import spans
from afterword.clock import SECOND
from afterword.jobs.job import Job, State

_LATEST = 253_402_300_799 * SECOND
"""The last second that ISO-8601 can say in four digits."""

_FRAME = '  File "'
_MARGIN = "  | "


def facts(job: Job) -> dict[str, Any]:
    """A job as JSON: times in UTC, spans in seconds, arguments and result as the values they stand for, the state as a word."""
    return {
        "id": job.id,
        "state": job.state.word,
        "task": job.task,
        "app": job.app,
        "queue": job.queue,
        "priority": job.priority,
        "attempt": job.attempt,
        "attempts": attempts(job),
        "at_most_once": job.at_most_once,
        "timeout": None if job.timeout is None else job.timeout / SECOND,
        "unique_key": job.unique_key,
        "via": job.via,
        "receipt": job.receipt,
        "crashes": job.crashes,
        "lost": job.lost,
        "added_at": time(job.added_at),
        "run_at": time(job.run_at or None),
        "started_at": time(job.started_at),
        "ended_at": time(job.ended_at),
        "after": job.after,
        "owner": job.owner,
        "arguments": value(job.arguments),
        "result": value(job.result),
        "error": job.error,
    }


def dump(answer: Any) -> str:
    """JSON that every terminal can show, on lines."""
    return json.dumps(answer, indent=2)


def value(data: bytes | None) -> Any:
    """What this JSON stands for; the text itself where it is none, since a person must be able to look at it."""
    if data is None:
        return None
    try:
        return json.loads(data, parse_constant=str)
    except (ValueError, RecursionError):
        return data.decode("utf-8", "replace")


def time(at: int | None) -> str | None:
    """Microseconds since the epoch as ISO-8601."""
    if at is None:
        return None
    at = min(max(at, 0), _LATEST)
    whole = datetime.fromtimestamp(at // SECOND, UTC)
    return whole.replace(microsecond=at % SECOND).isoformat().replace("+00:00", "Z")


def ago(at: int, now: int) -> str:
    return f"{spans.rough(now - at)} ago"


def attempt(job: Job) -> str:
    return f"{job.attempt} of {attempts(job)}"


def attempts(job: Job) -> int:
    """How often it may be tried."""
    return 1 if job.at_most_once else job.retry.attempts


def reason(job: Job) -> str:
    """Why the last attempt did not succeed, in one line; empty where that says nothing about how it stands."""
    if job.error is None or job.state is State.SUCCEEDED:
        return ""
    # A group of exceptions has a margin, and those inside it a wider one: they are not what was raised.
    lines = [line.removeprefix(_MARGIN) for line in job.error.splitlines() if line.strip()]
    frames = [place for place, line in enumerate(lines) if line.startswith(_FRAME)]
    # What was raised stands in the first line after the frames that is not indented; its message may have more lines.
    said = [line for line in lines[frames[-1] + 1 :] if not line.startswith(" ")] if frames else lines
    return printable(next(iter(said), ""))


def printable(text: str) -> str:
    """Without the characters that would move a terminal's cursor."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)
