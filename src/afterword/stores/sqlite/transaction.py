"""What a verb that writes is made of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from sqlite3 import Connection
from typing import Any, NamedTuple

from afterword.clock import Clock
from afterword.events import Event
from afterword.jobs.job import State
from afterword.stores.pending import Pending
from afterword.stores.sqlite.room import Room
from afterword.stores.sqlite.wakeup import Version


@dataclass(slots=True)
class Calm:
    """When a look for the dead can be spared."""

    version: Version | None = None
    """That of the file when nobody but this process owned anything in it: until it changes, whoever dies leaves nothing
    behind."""


@dataclass(slots=True)
class Transaction:
    """All that verbs need to write, and what they report."""

    connection: Connection
    process: str
    directory: Path
    """Where the lock files of all processes lie."""
    clock: Clock
    room: Room
    calm: Calm
    written: list[str] = field(default_factory=list)
    """Ids of the jobs that are new."""
    facts: list[Event] = field(default_factory=list)
    """To be told once it is on disk."""
    wakes: bool = False
    """There may be something new to claim."""


Act = Callable[[Transaction, Sequence[Any]], Sequence[Any]]
Idle = Callable[[Transaction, Sequence[Any]], Sequence[Any] | None]


Lasting = Callable[[Transaction, Sequence[Any]], bool]


def always(transaction: Transaction, arguments: Sequence[Any]) -> bool:
    """For a verb whose effect is to survive the loss of power."""
    return True


def seldom(transaction: Transaction, arguments: Sequence[Any]) -> bool:
    """For a verb whose effect would be made up for if power were lost."""
    return False


def never(transaction: Transaction, arguments: Sequence[Any]) -> None:
    """For a verb that always has something to write."""
    return


class Verb(NamedTuple):
    """One way to write. It is given the arguments of all its calls in a group, and gives back as many answers; an answer that
    is a StoreError refuses that call alone."""

    act: Act
    idle: Idle = never
    """The answers, where a look before the transaction shows that nothing is to be written; else None."""
    lasting: Lasting = always
    """Whether these must be on disk, and not only in the file, before they are answered."""
    can_wait: bool = False
    """Nobody waits for it: where many writes come, it goes along with one that somebody waits for."""
    then_lasting: bool | None = None
    """After which there is time to get ready for the next transaction: whether that one is lasting, most likely."""


class Single(NamedTuple):
    """What calls of several verbs come to as one statement, which is a transaction by itself."""

    written: Sequence[str]
    """Ids of the jobs that it writes."""
    act: Callable[[], Sequence[Sequence[Any]]]
    """Executes it; the answers of each verb."""
    brief: bool = False
    """It is soon over, so that whom it wakes may be woken first: whoever comes waits at the gate."""


class Write(NamedTuple):
    """One call."""

    verb: Verb
    argument: Any
    pending: Pending[Any]


FOLLOWED = f"after = NULL, state = CASE WHEN state = {State.HELD:d} AND owner IS NULL THEN {State.QUEUED:d} ELSE state END"
"""`lifecycle.follow`, for an UPDATE of jobs."""

FOLLOW = f"UPDATE jobs SET {FOLLOWED} WHERE after IN (SELECT value FROM json_each(?))"
"""For the jobs after those with the ids given, as JSON."""

RELEASED = f"owner = NULL, state = CASE WHEN after IS NULL THEN {State.QUEUED:d} ELSE {State.HELD:d} END"
"""`lifecycle.release`, for an UPDATE of jobs that are held."""
