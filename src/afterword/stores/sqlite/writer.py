"""The one thread of a process that writes, and the transactions in which it gathers what arrives meanwhile."""

import itertools
import logging
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from afterword.errors import StoreError
from afterword.events import Added, Event, LogGrows, StoreFailed, Tell, Written, nobody
from afterword.stores.pending import Pending, resolve
from afterword.stores.sqlite.checkpoint import DUE, OVERDUE
from afterword.stores.sqlite.connection import meaning, meets_all
from afterword.stores.sqlite.entry import Entry
from afterword.stores.sqlite.transaction import Single, Transaction, Verb, Write, never

Answer = tuple[Pending[Any], Any, StoreError | None]
Calls = Sequence[tuple[Verb, Sequence[Write]]]
Requests = Sequence[tuple[Verb, Sequence[Any]]]
"""Verbs with the arguments of their calls, in the order in which they are to be done."""

_LOOK_EVERY = 64
"""Transactions between two looks whether the log is overdue for a checkpoint."""


def _nothing(transaction: Transaction, calls: Sequence[None]) -> Sequence[None]:
    return [None] * len(calls)


OPEN = Verb(_nothing, _nothing)
"""Opens the file, as every other verb does first, and no more."""


# A function of its own, since verbs are equal when they do the same, and a group is sorted by its verbs.
def _no_checkpoint(transaction: Transaction, calls: Sequence[None]) -> Sequence[None]:
    return [None] * len(calls)


TIDY = Verb(_no_checkpoint, _no_checkpoint)
"""Makes a checkpoint when one is due: no part of a transaction, but the last thing after it."""


class Writer:
    """What the writing thread does with a group of writes.

    `begin` makes the context of one transaction, `single` says what comes to one statement, `wake` is called after a
    transaction that left something to claim. Verbs are done in the order of `verbs`, whatever the order of the calls: each for
    all its calls at once.
    """

    def __init__(
        self,
        entry: Entry,
        *,
        verbs: Sequence[Verb],
        begin: Callable[[sqlite3.Connection], Transaction],
        single: Callable[[Transaction, Requests], Single | None],
        wake: Callable[[], None],
        tell: Tell,
    ) -> None:
        self._entry = entry
        self._order = {verb: place for place, verb in enumerate([OPEN, *verbs])}
        self._begin = begin
        self._single = single
        self._wake = wake
        self._tell = tell
        self._transactions = 0
        self._left_work = False

    def write(self, group: Sequence[Write]) -> None:
        """Do all of these in one transaction, answer, and see to the log."""
        tidying = [write for write in group if write.verb is TIDY]
        writes = sorted((write for write in group if write.verb is not TIDY), key=lambda write: self._order[write.verb])
        resolve(self._answers(writes))
        if self._left_work:
            self._left_work = False
            self._wake()
        self._foresee(writes)
        if tidying:
            resolve(self._tidied(tidying))
        elif self._transactions >= _LOOK_EVERY:
            self._relieve()

    @property
    def untidy(self) -> bool:
        """Whether a checkpoint is due."""
        return self._entry.checkpoints.due(DUE)

    def _answers(self, writes: Sequence[Write]) -> Sequence[Answer]:
        if not writes:
            return []
        try:
            return self._attempt(writes)
        except Exception as error:
            self._entry.recover(error)
            if len(writes) == 1 or meets_all(error):
                return self._refused(writes, error)
        # One of them is at fault, and is to be the only one refused.
        return [answer for write in writes for answer in self._answers([write])]

    def _attempt(self, writes: Sequence[Write]) -> Sequence[Answer]:
        calls = [(verb, list(group)) for verb, group in itertools.groupby(writes, key=lambda write: write.verb)]
        answers = self._without_writing(calls)
        if answers is None:
            with self._entry.gated(), self._entry.connected() as connection:
                transaction = self._begin(connection)
                answers = self._commit(transaction, calls)
            self._announce(transaction)
        return answers

    def _without_writing(self, calls: Calls) -> Sequence[Answer] | None:
        """The answers, where nothing is to be written. Opens the file, since that is what the gate lies beside."""
        if self._entry.opened and any(verb.idle is never for verb, _ in calls):
            return None
        with self._entry.connected() as connection:
            return _idle(self._begin(connection), calls)

    def _commit(self, transaction: Transaction, calls: Calls) -> Sequence[Answer]:
        requests = [(verb, _said(writes)) for verb, writes in calls]
        single = self._single(transaction, requests)
        early = single is not None and single.brief
        if early:
            self._wake()  # Whoever comes has to pass the gate, which is ours.
        self._entry.syncing.switch(transaction.connection, any(verb.lasting(transaction, said) for verb, said in requests))
        if single:
            self._tell_of(single.written)
            given = single.act()
            transaction.wakes &= not early
        else:
            given = self._in_transaction(transaction, requests)
        self._entry.confirm()
        self._transactions += 1
        return [answer for (_, writes), answers in zip(calls, given, strict=True) for answer in _paired(writes, answers)]

    def _in_transaction(self, transaction: Transaction, requests: Requests) -> Sequence[Sequence[Any]]:
        connection = transaction.connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            answers = [verb.act(transaction, said) for verb, said in requests]
            self._tell_of(transaction.written)
            connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise
        return answers

    def _foresee(self, writes: Sequence[Write]) -> None:
        """Be ready for what comes next, where one write follows the other, as in quiet times."""
        if len(writes) != 1 or writes[0].verb.then_lasting is None:
            return
        self._entry.foresee(writes[0].verb.then_lasting)

    def _tell_of(self, written: Sequence[str]) -> None:
        if written and self._tell is not nobody:
            self._told(Written(tuple(written)))

    def _announce(self, transaction: Transaction) -> None:
        """It is on disk."""
        self._left_work |= transaction.wakes
        if self._tell is nobody:
            return
        if transaction.written:
            self._told(Added(tuple(transaction.written)))
        for fact in transaction.facts:
            self._told(fact)

    def _told(self, event: Event) -> None:
        try:
            self._tell(event)
        except Exception:
            # A listener's fault is not the store's: what is written is written.
            logging.getLogger("afterword").exception("a listener failed at %s", event)

    def _tidied(self, writes: Sequence[Write]) -> Sequence[Answer]:
        try:
            self._checkpoint(DUE)
        except Exception as error:
            self._entry.recover(error)
            return self._refused(writes, error)
        return _paired(writes, [None] * len(writes))

    def _relieve(self) -> None:
        """Checkpoint although no worker asked: none seems to live."""
        self._transactions = 0
        try:
            self._checkpoint(OVERDUE)
        except Exception as error:
            self._entry.recover(error)
            self._told(StoreFailed("checkpoint", meaning(error, self._entry.path)))

    def _checkpoint(self, size: int) -> None:
        if self._entry.checkpoints.due(size):
            with self._entry.gated(), self._entry.connected() as connection:
                self._entry.checkpoints.make(connection)
            if grown := self._entry.checkpoints.grown():
                self._told(LogGrows(str(self._entry.path), grown))

    def _refused(self, writes: Sequence[Write], error: Exception) -> Sequence[Answer]:
        return [(write.pending, None, meaning(error, self._entry.path)) for write in writes]


def _idle(transaction: Transaction, calls: Calls) -> Sequence[Answer] | None:
    """The answers, where nothing is to be written at all."""
    answers: list[Answer] = []
    for verb, writes in calls:
        given = verb.idle(transaction, _said(writes))
        if given is None:
            return None
        answers += _paired(writes, given)
    return answers


def _said(writes: Sequence[Write]) -> Sequence[Any]:
    return [write.argument for write in writes]


def _paired(writes: Sequence[Write], answers: Sequence[Any]) -> Sequence[Answer]:
    return [
        (write.pending, None, answer) if isinstance(answer, StoreError) else (write.pending, answer, None)
        for write, answer in zip(writes, answers, strict=True)
    ]
