"""The protocol of every store. What it promises is written here, and proven by `afterword.testing.contract`.

Every call is a batch, begins when it is called (not when it is awaited), and answers with a `Pending`. An answer means: on
disk. A call that fails has written nothing. A caller that goes away changes nothing. Calls that do not wait for each other's
answers may share a transaction, and then happen in whatever order the store chooses.
"""

import enum
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from afterword.clock import SECOND
from afterword.jobs.job import Job, State
from afterword.jobs.lifecycle import Settlement
from afterword.stores.pending import Pending

LEASE = 15 * SECOND
"""For how long a claim or a renewal gives a worker the right to an attempt."""

GRACE = 45 * SECOND
"""How long after its lease ran out a job is taken from a process whose lock is still held: stopped, it may wake up again."""


class Added(NamedTuple):
    """One job of an `add`, in the order given."""

    key: int
    """Of the job that stands."""
    created: bool
    """False when nothing was written: a job of this id was there already (unfinished or finished), or an unfinished one had its
    unique key."""
    id: str
    """Of the job that stands: its own, or that of the one which has its unique key."""


class Want(NamedTuple):
    """What a worker asks for in a `claim`."""

    app: str
    limit: int
    """Jobs that could begin now."""
    queues: tuple[str, ...] = ()
    """Only these; empty for all."""
    handoff: bool = False
    """Only jobs that another engine is to run."""
    ahead: int = 0
    """Jobs beyond `limit`, to begin when others have ended. From the first one on that runs at most once, none of these is
    taken: should the worker die, it would have failed without having begun."""

    def cut(self, ready: Sequence[Job]) -> Sequence[Job]:
        """Those of the first jobs that are ready, in their order, that it takes."""
        ready = ready[: self.limit + self.ahead]
        once = (place for place, job in enumerate(ready) if job.at_most_once and place >= self.limit)
        return ready[: next(once, len(ready))]


class Claims(NamedTuple):
    jobs: Sequence[Job]
    """In the order in which they should start."""
    next_due: int | None
    """The earliest `run_at` (microseconds since the epoch) among this app's queued jobs that are not ready yet."""


class Verdict(enum.Enum):
    """What became of a settlement."""

    APPLIED = "applied"
    STALE = "stale"
    """Somebody claimed or changed the job since: nothing was written."""
    GONE = "gone"
    """There is no such job."""


class Hold(enum.Enum):
    """What became of a lease that was renewed."""

    KEPT = "kept"
    LOST = "lost"
    """It is no longer this worker's."""


class Change(enum.Enum):
    """What a person may do to a job."""

    CANCEL = "cancel"
    RETRY = "retry"
    FORGET = "forget"


class WorkerSeen(NamedTuple):
    """One live worker, as the store knows it."""

    process: str
    pid: int
    app: str
    since: int


class Query(NamedTuple):
    """Which jobs to find, newest first. None asks for all."""

    states: tuple[State, ...] = ()
    """Empty for all."""
    task: str | None = None
    unique_key: str | None = None
    id: str | None = None
    """How an id begins or ends."""
    before: int | None = None
    """Only keys below this one: the way to the next page."""
    above: int | None = None
    """Only keys above this one: a bound for those who look for something rare."""
    limit: int = 100


class Store(Protocol):
    """Where jobs rest.

    A store object belongs to one process, whose id is `process`: the owner of all that it holds and runs. The store knows
    whether a process lives (`rescue` asks). Its clock decides about `run_at` and leases.
    """

    process: str
    life: str | None
    """Path of a file whose first byte this process keeps locked (POSIX record lock) while it is open, None where the store
    knows no such thing. Who acts for this process locks another byte of it: the process lives while any byte is locked."""

    def open(self) -> None:
        """Make it ready, create or migrate its schema, take the process lock. Raises a StoreError; then nothing was changed.

        Calling it again is a no-op. Every other call opens by itself, unless it was closed.
        """
        ...

    def close(self) -> None:
        """Write what was handed in, then free the process lock: held and running jobs of this process may be rescued. Safe
        to call twice, and from any thread. Later calls answer StoreClosed, until `open` makes it another process."""
        ...

    def add(self, jobs: Sequence[Job]) -> Pending[Sequence[Added]]:
        """Write these down, all or none, in one transaction. BacklogFull when there is no room for all that are new.

        A job keeps the `state` it comes with (HELD or QUEUED); its key is the store's, its token and its counts begin at 0. One
        whose `after` names a job whose counted attempt has ended, or that is not there, is not held back by it: it is written
        as `lifecycle.follow` says. Within one call, `after` names earlier jobs.

        A job whose `unique_key` an unfinished job of the same `app` has, be it an earlier one of this call, is not written:
        that one stands for it. What is `after` it in this call waits instead for whatever it would have waited for itself, as
        if it had been left out. Where the one that stands is held, and not of this call, it is shared from now on (`discard`).
        """
        ...

    def release(self, keys: Sequence[int]) -> Pending[None]:
        """The request of these held jobs has ended (`lifecycle.release`). Others are left alone. Wakes the workers."""
        ...

    def discard(self, keys: Sequence[int]) -> Pending[None]:
        """Delete these jobs as far as they are still held by this process: their request failed before it answered. What was
        to run after one of them follows. One that is shared is released instead, since another request counts on it."""
        ...

    def claim(self, want: Want) -> Pending[Claims]:
        """Take up to `limit` queued jobs of `app` whose `run_at` has come, by priority (higher first), then by age
        (`lifecycle.claim`), with a fresh lease each. No job is ever claimed by two. Those whose `run_at` has come and which
        are left may lose it: they are ready now."""
        ...

    def settle(self, settlements: Sequence[Settlement]) -> Pending[Sequence[Verdict]]:
        """Write outcomes, each only where the row still carries its token and is RUNNING, or was rescued and not claimed again
        (`lifecycle.settled`). A job that a rescue has failed takes a late outcome only if that too is a final one.

        A settlement repeated after a lost reply is APPLIED again and changes nothing. A finished job leaves the live table for
        the history. Where `counted`, the job after it follows (`lifecycle.follow`). One that was handed off is nobody's: it is
        neither claimed nor rescued, and its token is one larger, so that its outcome from there is a settlement of its own.
        """
        ...

    def renew(self, leases: Sequence[tuple[int, int]]) -> Pending[Sequence[Hold]]:
        """Prolong leases, given as (key, token): KEPT where the job is RUNNING and still carries the token."""
        ...

    def rescue(self) -> Pending[Sequence[Job]]:
        """Free what dead processes left: their HELD jobs are released, their RUNNING jobs become what `lifecycle.rescue` says.

        Dead is: its process lock is free, or its lease ran out GRACE ago though the lock is held (then only for RUNNING). A job
        that waits for one which is not there any more (that should not be) follows.

        Idempotent; any number of workers may call it at once; each job is returned to exactly one of them, as it is now.
        """
        ...

    def change(self, change: Change, ids: Sequence[str]) -> Pending[Sequence[Job | None]]:
        """A person's wish (`lifecycle.cancel`, `lifecycle.retry`); answers with each job as it is now, None where unknown.
        Wakes the workers.

        A cancelled job lets the one after it follow. RETRY leaves a job as it is while an unfinished one has its unique key.
        FORGET deletes finished jobs, and answers with each as it was; an unfinished one is left, and answered as it is.
        """
        ...

    def get(self, id: str) -> Pending[Job | None]:
        """The job, live or finished."""
        ...

    def find(self, query: Query) -> Pending[Sequence[Job]]:
        """A page of jobs, live and finished, newest (highest key) first."""
        ...

    def count(self) -> Pending[dict[State, int]]:
        """How many jobs stand in each state; states with none are 0."""
        ...

    def forget(self, before: int, limit: int) -> Pending[int]:
        """Delete up to `limit` jobs that finished before this time, the longest finished first; answers how many."""
        ...

    def beat(self, app: str) -> Pending[None]:
        """This process is a live worker of `app`; call it once at start and with each renewal."""
        ...

    def leave(self) -> Pending[None]:
        """This process claims no more: `workers` no longer names it, though it lives and its heart may go on beating."""
        ...

    def workers(self) -> Pending[Sequence[WorkerSeen]]:
        """The workers whose processes live, and whose last beat is at most LEASE and GRACE ago: one that was stopped (SIGSTOP)
        keeps its process lock, but its heart has stopped too."""
        ...

    def tidy(self) -> Pending[None]:
        """House work that a worker does between its calls: for SQLite, a checkpoint when one is due."""
        ...

    def wake(self) -> None:
        """Hint to the workers that there may be work. Never blocks, never fails, may be lost."""
        ...

    async def wait(self, seconds: float) -> bool:
        """Until a hint arrived or something was committed since the last call (True), at most so long (False). The first call
        knows of no last one, and answers True. One waiter a store."""
        ...
