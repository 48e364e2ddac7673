"""A job: one call, written down, with its state."""

import enum
from typing import NamedTuple

from afterword.jobs.retry import Retry


class State(enum.IntEnum):
    """Where a job stands. The numbers are stored; never give one a new meaning."""

    HELD = 0
    QUEUED = 1
    RUNNING = 2
    SUCCEEDED = 3
    FAILED = 4
    CANCELLED = 5
    HANDED_OFF = 6

    finished: bool

    def __init__(self, number: int) -> None:
        self.finished = number in (3, 4, 5)

    @property
    def word(self) -> str:
        """The state as people read it."""
        return self.name.lower()


class Job(NamedTuple):
    """One row. A job never changes; `jobs.lifecycle` makes the next one from it.

    All times are microseconds since the epoch, all spans microseconds.
    """

    id: str
    """UUIDv7, made by whoever adds it, so that a repeated write is a no-op."""
    app: str
    """`module:name` of the application whose workers may run it."""
    task: str
    """Name of the task, `module:qualname` unless the task was given another."""
    arguments: bytes
    """JSON as `tasks.codec` wrote it; nobody but a runner reads it."""
    added_at: int
    retry: Retry
    state: State = State.HELD
    queue: str = "default"
    priority: int = 0
    """Higher runs sooner."""
    run_at: int = 0
    """Not before this time; 0 is at once."""
    owner: str | None = None
    """The process that holds it (`HELD`: an API process) or runs it (`RUNNING`: a worker); None otherwise."""
    after: str | None = None
    """Id of the job of the same request whose attempt must end first; None when nothing is waited for."""
    token: int = 0
    """Number of claims and of changes by a person: the fence. Grows, never falls."""
    attempt: int = 0
    """Tries that count, the present one included."""
    crashes: int = 0
    """Runner deaths for which this job alone can be blamed."""
    lost: int = 0
    """Worker deaths while it ran."""
    alone: bool = False
    """A suspect: its next attempt shares its runner with no other."""
    at_most_once: bool = False
    timeout: int | None = None
    """How long one attempt may take; None for ever."""
    unique_key: str | None = None
    """While this job is unfinished, no other of its `app` with this key is added; None where that is all the same."""
    via: str | None = None
    """The engine that it is handed off to; None: a runner runs it."""
    theirs: bool = False
    """It is the engine's own task, not one of ours."""
    unwanted: bool = False
    """A person wants it cancelled, and an engine has it: that is to be told so."""
    receipt: str | None = None
    """What its engine answered when it was handed off."""
    origin: str | None = None
    """`module:qualname` of the function when it was added, where the task's name does not say it: a runner that does not know
    the name looks there."""
    started_at: int | None = None
    ended_at: int | None = None
    result: bytes | None = None
    """What the function returned, as JSON."""
    error: str | None = None
    """Why the last attempt did not succeed, in words; a traceback where there is one."""
    key: int = 0
    """The store's own number for it, given by `add`; 0 before."""
