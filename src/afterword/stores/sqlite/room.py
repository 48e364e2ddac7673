"""How many more jobs the store may hold."""

import json
from collections.abc import Sequence
from sqlite3 import Connection

from afterword.jobs.job import Job
from afterword.stores.sqlite import uniqueness

_SHARES = 100
"""A count lets this part of all the room be used before the next count, so that processes which count apart exceed the limit by
no more than that each."""


class Room:
    """Exact as long as one process adds. To count takes a while, so it is done seldom: what was counted is credit to use up.
    What was admitted and then not written only means that the next count comes sooner."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._credit = 0

    def admit(self, connection: Connection, calls: Sequence[Sequence[Job]]) -> Sequence[bool]:
        """Which calls fit, in the order of arrival; to be asked inside the transaction that adds them."""
        wanted = sum(map(len, calls))
        if wanted > self._credit:
            left = max(0, self.limit - _count(connection, self.limit))
            if wanted > left:
                return self._choose(connection, calls, left)
            self._credit = max(wanted, min(left, self.limit // _SHARES))
        self._credit -= wanted
        return [True] * len(calls)

    def _choose(self, connection: Connection, calls: Sequence[Sequence[Job]], left: int) -> Sequence[bool]:
        """Call by call; those jobs that are there already need no room, nor do those whose unique key is taken."""
        self._credit = 0
        jobs = [job for call in calls for job in call]
        known = _known(connection, [job.id for job in jobs])
        taken = set(uniqueness.standing(connection, jobs))
        fits = []
        for call in calls:
            new, keys = _new(call, known, taken)
            fits.append(len(new) <= left)
            if fits[-1]:
                left -= len(new)
                known |= new
                taken |= keys
        return fits


def _new(call: Sequence[Job], known: set[str], taken: set[uniqueness.Name]) -> tuple[set[str], set[uniqueness.Name]]:
    """The ids that a call would write, and the unique keys that it would take."""
    new: set[str] = set()
    keys: set[uniqueness.Name] = set()
    for job in call:
        name = uniqueness.name(job)
        if job.id not in known and name not in taken and name not in keys:
            new.add(job.id)
            if job.unique_key is not None:
                keys.add(name)
    return new, keys


def _count(connection: Connection, limit: int) -> int:
    (count,) = connection.execute("SELECT count(*) FROM (SELECT 1 FROM jobs LIMIT ?)", (limit,)).fetchone()
    return int(count)


def _known(connection: Connection, ids: Sequence[str]) -> set[str]:
    asked = json.dumps(ids)
    found = connection.execute(
        "SELECT id FROM jobs WHERE id IN (SELECT value FROM json_each(?1))"
        " UNION ALL SELECT id FROM finished WHERE id IN (SELECT value FROM json_each(?1))",
        (asked,),
    )
    return {id for (id,) in found}
