"""From what a person pastes to the job that is meant."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from afterword.cli.jobs.looking import Readable
from afterword.cli.jobs.spelling import printable
from afterword.jobs.job import Job
from afterword.stores.store import Query

SHORTEST = 6
"""Characters of an id that may stand for it. An id is a UUIDv7: it begins with the time, so that all jobs of nearly five hours
begin with the same six characters, and ends with chance. So its end may be given as well."""

_WHOLE = 36

_NAMED = 5
"""Candidates that are named."""

_ID = re.compile(rf"[0-9a-f-]{{{SHORTEST},{_WHOLE}}}")


class Unfound(NamedTuple):
    """No job is meant, or not one alone."""

    typed: str
    why: str


def find(store: Readable, typed: str) -> Job | Unfound:
    """The job whose id this is, or begins or ends so."""
    part = typed.strip().lower()
    if not _ID.fullmatch(part):
        return Unfound(typed, f"this is no id: give all of one, or at least {SHORTEST} characters of its beginning or end")
    job = store.get(part).result()
    if job is not None:
        return job
    # A whole id is no part of another. To look for one in vain costs a look at all of them.
    found = store.find(Query(id=part, limit=_NAMED + 1)).result() if len(part) < _WHOLE else []
    match found:
        case [only]:
            return only
        case []:
            return Unfound(
                typed, "no job has this id, or an id that begins or ends so: `afterword jobs list` shows those there are"
            )
        case _:
            return Unfound(typed, f"{_several(found)}: give more of it, best of its end")


def _several(found: Sequence[Job]) -> str:
    names = ", ".join(printable(job.id) for job in found[:_NAMED])
    more = " and more" if len(found) > _NAMED else ""
    return f"several jobs have an id that begins or ends so ({names}{more})"
