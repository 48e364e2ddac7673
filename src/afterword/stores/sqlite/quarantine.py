"""Rows that are no jobs are moved out of the way: they would hold up every claim, or be waited for for ever."""

import json
from collections.abc import Sequence
from sqlite3 import Connection
from typing import Any, NamedTuple

from afterword import events
from afterword.stores.rows import COLUMNS
from afterword.stores.sqlite.connection import reading_text
from afterword.stores.sqlite.soundness import OWNED_BY_NOBODY, UNSOUND, fault
from afterword.stores.sqlite.transaction import Transaction, Verb

BATCH = 100
"""Rows that one look finds, at most."""

_FOUND = {
    table: f"SELECT key FROM {table} INDEXED BY {table}_unsound WHERE {unsound} LIMIT {BATCH}"
    for table, unsound in UNSOUND.items()
}
_ROW = "SELECT * FROM {table} WHERE key = ?"
_KEEP = "INSERT INTO quarantine (origin, key, reason, content, found_at) VALUES (?, ?, ?, ?, ?)"
_REMOVE = "DELETE FROM {table} WHERE key = ?"


class Odd(NamedTuple):
    """A row that somebody could not read as a job."""

    table: str
    key: int


def due(connection: Connection) -> bool:
    """Whether there is anything to move."""
    return any(_found(connection))


def sweep(transaction: Transaction) -> None:
    """Move what is found without looking at every row."""
    for odd in _found(transaction.connection):
        isolate(transaction, odd)


def isolate(transaction: Transaction, odd: Odd) -> None:
    """Move this row, if it is still there and is still no job."""
    table, key = odd
    content = _content(transaction.connection, table, key)
    if content is None:
        return
    reason = _reason(table, content)
    if reason is None:
        return
    kept = json.dumps({name: _plain(value) for name, value in content.items()})
    transaction.connection.execute(_KEEP, (table, key, reason, kept, transaction.clock.now()))
    transaction.connection.execute(_REMOVE.format(table=table), (key,))
    transaction.facts.append(events.Quarantined(table, key, reason))


def _isolate(transaction: Transaction, calls: Sequence[Sequence[Odd]]) -> Sequence[None]:
    for odd in dict.fromkeys(odd for call in calls for odd in call):
        isolate(transaction, odd)
    return [None] * len(calls)


QUARANTINE = Verb(_isolate)


class _Bytes(NamedTuple):
    """Of text that is no UTF-8."""

    data: bytes


def _found(connection: Connection) -> list[Odd]:
    found = [Odd(table, key) for table, statement in _FOUND.items() for (key,) in connection.execute(statement)]
    found += [Odd("jobs", key) for (key,) in connection.execute(OWNED_BY_NOBODY, (BATCH,))]
    return found


def _content(connection: Connection, table: str, key: int) -> dict[str, Any] | None:
    with reading_text(connection, _text):
        cursor = connection.execute(_ROW.format(table=table), (key,))
        row = cursor.fetchone()
    return dict(zip((name for name, *_ in cursor.description), row, strict=True)) if row else None


def _reason(table: str, content: dict[str, Any]) -> str | None:
    found = fault([content[name] for name in COLUMNS])
    if found is None and (content["state"] in (3, 4, 5)) is not (table == "finished"):
        return f"its state is {content['state']}, which is not for the table {table}"
    return found


def _text(data: bytes) -> str | _Bytes:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return _Bytes(data)


def _plain(value: Any) -> Any:
    match value:
        case _Bytes(data):
            return {"text": data.hex()}
        case bytes():
            return {"blob": value.hex()}
        case _:
            return value
