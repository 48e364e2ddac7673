"""House work, and the workers' own entries."""

import os
from collections.abc import Sequence
from typing import NamedTuple

from afterword.stores.sqlite.transaction import Transaction, Verb

_OLD = "SELECT 1 FROM finished WHERE ended_at < ? LIMIT 1"
_FORGET = "DELETE FROM finished WHERE key IN (SELECT key FROM finished WHERE ended_at < ? ORDER BY ended_at, key LIMIT ?)"
_BEAT = "INSERT INTO workers (process, pid, app, since) VALUES (?, ?, ?, ?) ON CONFLICT (process) DO NOTHING"
_HERE = "SELECT 1 FROM workers WHERE process = ?"
_LEAVE = "DELETE FROM workers WHERE process = ?"


class Oldest(NamedTuple):
    """What to forget."""

    before: int
    limit: int


def _forget(transaction: Transaction, calls: Sequence[Oldest]) -> Sequence[int]:
    return [transaction.connection.execute(_FORGET, call).rowcount for call in calls]


def _nothing_to_forget(transaction: Transaction, calls: Sequence[Oldest]) -> Sequence[int] | None:
    if any(transaction.connection.execute(_OLD, (call.before,)).fetchone() for call in calls):
        return None
    return [0] * len(calls)


def _beat(transaction: Transaction, apps: Sequence[str]) -> Sequence[None]:
    for app in apps:
        transaction.connection.execute(_BEAT, (transaction.process, os.getpid(), app, transaction.clock.now()))
    return [None] * len(apps)


def _known(transaction: Transaction, apps: Sequence[str]) -> Sequence[None] | None:
    return [None] * len(apps) if _here(transaction) else None


def _leave(transaction: Transaction, calls: Sequence[None]) -> Sequence[None]:
    transaction.connection.execute(_LEAVE, (transaction.process,))
    return [None] * len(calls)


def _gone(transaction: Transaction, calls: Sequence[None]) -> Sequence[None] | None:
    return None if _here(transaction) else [None] * len(calls)


FORGET = Verb(_forget, _nothing_to_forget)
BEAT = Verb(_beat, _known)
LEAVE = Verb(_leave, _gone)


def _here(transaction: Transaction) -> bool:
    return transaction.connection.execute(_HERE, (transaction.process,)).fetchone() is not None
