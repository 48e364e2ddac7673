"""When to search queues and workers for jobs, which is dear."""

from collections.abc import Collection

_MANY = 10_000
"""Ids after which those are dropped that nobody has asked for in a long time."""


class Rounds:
    """Each id has its turn `every` seconds after it was first asked for, and again as long after each search. Were it one turn
    for all, those that are asked for at other times might never have theirs."""

    def __init__(self, every: float) -> None:
        self._every = every
        self._next: dict[str, float] = {}

    def due(self, ids: Collection[str], now: float) -> bool:
        """Whether it is the turn of any; a search for them all is made then. `now` is in seconds, and never goes back."""
        for id in ids:
            self._next.setdefault(id, now + self._every)
        if len(self._next) > _MANY:
            long_ago = now - 10 * self._every
            self._next = {id: turn for id, turn in self._next.items() if turn > long_ago or id in ids}
        due = any(self._next[id] <= now for id in ids)
        if due:
            self._next.update((id, now + self._every) for id in ids)
        return due
