"""Rows as a table inside a statement."""

import functools
from collections.abc import Sequence
from operator import itemgetter
from typing import Any

ROWS = 128
"""Rows of one statement, at most. Each number of rows is a statement of its own, which stays compiled."""


class Rowset:
    """Rows of so many columns, which mostly differ in their `own` columns alone (by place): then all else is handed to SQLite
    once, and not once for each row, which takes about half the time."""

    def __init__(self, width: int, own: Sequence[int]) -> None:
        self._all = tuple(range(width))
        self._own = tuple(own)
        self._shared = tuple(place for place in self._all if place not in own)
        self._get_own = itemgetter(*self._own)
        self._get_shared = itemgetter(*self._shared)

    def said(self, rows: Sequence[Sequence[Any]]) -> tuple[str, list[Any]]:
        """These rows, ROWS at most, as a table with the columns `column1`, `column2`, ...; and the parameters of its text."""
        shared = self._get_shared(rows[0])
        if len(rows) > 1 and all(self._get_shared(row) == shared for row in rows):
            return _table(len(rows), self._own, self._shared), [
                *shared,
                *(value for row in rows for value in self._get_own(row)),
            ]
        return _table(len(rows), self._all, ()), [value for row in rows for value in row]


@functools.cache
def _table(rows: int, own: Sequence[int], shared: Sequence[int]) -> str:
    row = f"({', '.join('?' * len(own))})"
    values = f"(VALUES {', '.join([row] * rows)})"
    if not shared:
        return values
    columns = [f"? AS column{place + 1}" for place in shared]
    columns += [f"own.column{number} AS column{place + 1}" for number, place in enumerate(own, 1)]
    return f"(SELECT {', '.join(columns)} FROM {values} AS own)"
