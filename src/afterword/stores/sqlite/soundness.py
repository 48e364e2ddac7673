"""What a row must say of itself to be a job.

SQLite keeps values of a wrong type out of our tables, and an index keeps the keys of rows with impossible numbers. What it
cannot see, such as text that is no UTF-8 or a page that was damaged, is seen when a row is read.
"""

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from afterword.jobs.job import State
from afterword.stores.rows import COLUMNS

_MOST = 1 << 53
"""More than will ever be counted. What is larger could not be made one larger."""

# As in the migration, to the letter of each term: a partial index is used only for what it was made for.
UNSOUND: Mapping[str, str] = {
    "jobs": "("
    "state NOT IN (0, 1, 2, 6) OR run_at < 0"
    f" OR token < 0 OR token > {_MOST} OR attempt < 0 OR attempt > {_MOST}"
    f" OR crashes < 0 OR crashes > {_MOST} OR lost < 0 OR lost > {_MOST}"
    " OR (state = 2 AND owner IS NULL) OR (state = 0 AND owner IS NULL AND after IS NULL))",
    "finished": f"NOT (state IN (3, 4, 5) AND token BETWEEN 0 AND {_MOST} AND attempt BETWEEN 0 AND {_MOST})",
}
"""For each table, what a WHERE asks to find rows that are no jobs."""

OWNERS = """
WITH RECURSIVE owners (owner) AS (
    SELECT min(owner) FROM jobs WHERE owner IS NOT NULL
    UNION ALL
    SELECT (SELECT min(owner) FROM jobs WHERE owner > owners.owner) FROM owners WHERE owners.owner IS NOT NULL
)
"""
"""From owner to owner along the index: what it costs depends on how many they are, not on how many jobs they own."""

OWNED_BY_NOBODY = f"""
{OWNERS} SELECT key FROM owners JOIN jobs ON jobs.owner = owners.owner WHERE owners.owner GLOB '*[^0-9a-f]*' LIMIT ?
"""
"""Keys of those jobs whose owner is none."""

_NUMBERS = ("added_at", "state", "priority", "run_at", "token", "attempt", "crashes", "lost", "key")
_COUNTED = ("token", "attempt", "crashes", "lost")
_TEXTS = ("id", "app", "task", "retry", "queue")
_PERHAPS_TEXTS = ("owner", "after", "origin")

_STATES = len(State)

_PLACES = {column: place for place, column in enumerate(COLUMNS)}

_STATE, _OWNER, _AFTER, _RUN_AT = (_PLACES[name] for name in ("state", "owner", "after", "run_at"))
_counts = itemgetter(*(_PLACES[name] for name in _COUNTED))

_sound_kinds: set[tuple[type, ...]] = set()
"""The types of the values of a row that are right: there are few such combinations, and each row has many values."""


def fault(row: Sequence[Any]) -> str | None:
    """Why a row of COLUMNS, as `fetch` reads it, is no job; None where it is one."""
    kinds = tuple(map(type, row))
    if kinds not in _sound_kinds:
        mistyped = _mistyped(row)
        if mistyped:
            return mistyped
        _sound_kinds.add(kinds)
    counts = _counts(row)
    if min(counts) < 0 or max(counts) > _MOST:
        name = next(name for name in _COUNTED if not 0 <= row[_PLACES[name]] <= _MOST)
        return f"its {name} is {row[_PLACES[name]]}"
    return _contradiction(row)


def _mistyped(row: Sequence[Any]) -> str | None:
    for name in _NUMBERS:
        if type(row[_PLACES[name]]) is not int:
            return f"its {name} is no number"
    for name in (*_TEXTS, *_PERHAPS_TEXTS):
        value = row[_PLACES[name]]
        # A text that is no UTF-8 comes as another type.
        if type(value) is not str and (value is not None or name in _TEXTS):
            return f"its {name} is no text"
    return None


def _contradiction(row: Sequence[Any]) -> str | None:
    state, owner, after, run_at = row[_STATE], row[_OWNER], row[_AFTER], row[_RUN_AT]
    if not 0 <= state < _STATES:
        return f"its state is {state}"
    if run_at < 0:
        return f"its run_at is {run_at}"
    if owner is not None and owner.strip("0123456789abcdef"):
        return f"its owner is {owner[:40]!r}, which is no process"
    if state == State.RUNNING and owner is None:
        return "it runs, and nobody runs it"
    if state == State.HELD and owner is None and after is None:
        return "it is held, and nobody holds it"
    return None
