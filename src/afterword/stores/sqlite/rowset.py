"""Rows as a table inside a statement."""

import functools
from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Any, TypeVar

T = TypeVar("T")

ROWS = 128
"""Rows of one statement, at most. Each number of rows is a statement of its own, which stays compiled."""


class Rowset:
    """Rows of these columns, which mostly differ in their `own` columns alone: then all else is handed to SQLite once, and not
    once for each row, which takes about half the time."""

    def __init__(self, columns: Sequence[str], own: Sequence[str]) -> None:
        self._columns = columns
        self._own = tuple(map(columns.index, own))
        self._get_own = itemgetter(*self._own)
        self._get_shared = itemgetter(*(place for place, column in enumerate(columns) if column not in own))

    def column(self, name: str) -> str:
        """What it is called in the table."""
        return f"column{self._columns.index(name) + 1}"

    def said(self, rows: Sequence[Sequence[Any]]) -> tuple[str, list[Any]]:
        """These rows, ROWS at most, as a table with the columns `column1`, `column2`, ...; and the parameters of its text."""
        shared = self._get_shared(rows[0])
        if len(rows) > 1 and all(self._get_shared(row) == shared for row in rows):
            own = [value for row in rows for value in self._get_own(row)]
            return _table(len(rows), len(self._columns), self._own), [*shared, *own]
        return _values(len(rows), len(self._columns)), [value for row in rows for value in row]


def chunks(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    """As many at a time as one statement takes."""
    return (rows[start : start + ROWS] for start in range(0, len(rows), ROWS))


@functools.cache
def _table(rows: int, width: int, own: Sequence[int]) -> str:
    columns = (f"own.column{own.index(place) + 1}" if place in own else "?" for place in range(width))
    named = ", ".join(f"{column} AS column{number}" for number, column in enumerate(columns, 1))
    return f"(SELECT {named} FROM {_values(rows, len(own))} AS own)"


@functools.cache
def _values(rows: int, width: int) -> str:
    row = f"({', '.join('?' * width)})"
    return f"(VALUES {', '.join([row] * rows)})"
