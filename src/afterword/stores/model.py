"""What a store keeps and how its verbs change it, in plain dictionaries: the model that other stores are compared with."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, assert_never

from afterword.errors import BacklogFull
from afterword.jobs import lifecycle
from afterword.jobs.job import Job, State
from afterword.jobs.lifecycle import Settlement
from afterword.stores.fence import Judgement, judge
from afterword.stores.rows import NEW_COLUMNS
from afterword.stores.store import GRACE, LEASE, Added, Change, Claims, Hold, Query, Verdict, Want, WorkerSeen


@dataclass(slots=True)
class Row:
    """A job, and what the store knows besides."""

    job: Job
    settled_token: int = -1
    """Token of the attempt that was settled last."""
    ended: bool = False
    """A counted attempt has ended, so the job after it need not wait."""
    lease_until: int = 0
    shared: bool = False
    """Another request was told that it will run."""


@dataclass
class Model:
    """All jobs. Every time is handed in."""

    live: dict[int, Row] = field(default_factory=dict)
    """Unfinished jobs by key, oldest first."""
    history: dict[int, Row] = field(default_factory=dict)
    keys: dict[str, int] = field(default_factory=dict)
    """The key of each id."""
    last: int = 0
    seen: dict[str, WorkerSeen] = field(default_factory=dict)
    beats: dict[str, int] = field(default_factory=dict)
    """When each worker's heart beat last."""
    left: set[str] = field(default_factory=set)
    """Processes that claim no more."""
    living: set[str] = field(default_factory=set)
    """Processes that live: take one out, and it has died."""

    def add(self, jobs: Sequence[Job], room: int) -> Sequence[Added]:
        if len(self.live) + self._wanted(jobs) > room:
            raise BacklogFull(limit=room)
        added: list[Added] = []
        instead: dict[str, str | None] = {}
        for job in jobs:
            if job.after in instead:
                job = job._replace(after=instead[job.after])
            added.append(self._add(job))
            if added[-1].id != job.id:
                instead[job.id] = job.after
        own = {one.id for one in added}.intersection(job.id for job in jobs)
        for one in added:
            if one.id not in own:
                self._share(self.live[one.key])
        return added

    def release(self, keys: Iterable[int]) -> None:
        for row in self._rows(keys):
            row.job = lifecycle.release(row.job)

    def discard(self, keys: Iterable[int], owner: str) -> Sequence[int]:
        """The keys of those that were released instead."""
        released = []
        for row in self._rows(keys):
            if row.job.state is not State.HELD or row.job.owner != owner:
                continue
            if row.shared:
                row.job = lifecycle.release(row.job)
                released.append(row.job.key)
            else:
                del self.live[row.job.key], self.keys[row.job.id]
                self._let_follow(row.job.id)
        return released

    def claim(self, want: Want, worker: str, now: int, steady: int) -> Claims:
        queued = [row for row in self.live.values() if row.job.state is State.QUEUED and row.job.app == want.app]
        for row in queued:
            if row.job.run_at <= now:
                row.job = row.job._replace(run_at=0)
        wanted = (row for row in queued if row.job.via is not None or not want.handoff)
        ready = [row for row in wanted if not row.job.run_at and (not want.queues or row.job.queue in want.queues)]
        ready.sort(key=lambda row: (-row.job.priority, row.job.key))
        taken = ready[: len(want.cut([row.job for row in ready]))]
        for row in taken:
            row.job = lifecycle.claim(row.job, worker, now)
            row.lease_until = steady + LEASE
        return Claims([row.job for row in taken], min((row.job.run_at for row in queued if row.job.run_at), default=None))

    def settle(self, settlement: Settlement) -> Verdict:
        row = self.live.get(settlement.key) or self.history.get(settlement.key)
        if row is None or row.job.id != settlement.id:
            return Verdict.GONE
        judgement = judge(settlement, row.job.state, row.job.token, row.settled_token)
        if judgement is Judgement.WRITE:
            row.job = lifecycle.settled(row.job, settlement)
            row.settled_token = settlement.token
            row.ended = row.ended or settlement.counted
            self._file(row)
        return judgement.verdict

    def renew(self, key: int, token: int, steady: int) -> Hold:
        row = self.live.get(key)
        if row is None or row.job.token != token or row.job.state is not State.RUNNING:
            return Hold.LOST
        row.lease_until = steady + LEASE
        return Hold.KEPT

    def rescue(self, now: int, steady: int) -> Sequence[Job]:
        # Running ones first: where one ends for good, the job after it follows, and is then freed as what it has become.
        rows = sorted(self.live.values(), key=lambda row: (row.job.state is not State.RUNNING, row.job.key))
        rescued = [row.job for row in rows if self._rescue(row, now, steady - GRACE)]
        for process in [process for process in self.seen if process not in self.living]:
            del self.seen[process]
        return rescued

    def change(self, change: Change, id: str, now: int) -> Job | None:
        row = self.row(id)
        if row is None:
            return None
        match change:
            case Change.CANCEL:
                row.job = lifecycle.cancel(row.job, now)
            case Change.RETRY if row.job.state.finished and self._standing(row.job):
                return row.job
            case Change.RETRY:
                # Whoever waited for it has followed when it finished; nobody is to wait for it again.
                row.ended = row.ended or row.job.state.finished
                row.job = lifecycle.retry(row.job)
            case Change.FORGET:
                self._forget(row.job)
                return row.job
            case _:
                assert_never(change)
        self._file(row)
        return row.job

    def row(self, id: str) -> Row | None:
        key = self.keys.get(id, 0)
        return self.live.get(key) or self.history.get(key)

    def find(self, query: Query) -> Sequence[Job]:
        found = sorted(self.jobs(), key=lambda job: job.key, reverse=True)
        return [job for job in found if _meets(job, query)][: query.limit]

    def jobs(self) -> list[Job]:
        """Oldest unfinished first, then the history."""
        return [row.job for row in [*self.live.values(), *self.history.values()]]

    def forget(self, before: int, limit: int) -> int:
        ended = [(row.job.ended_at, row.job) for row in self.history.values() if row.job.ended_at is not None]
        oldest = sorted((at, job.key, job) for at, job in ended if at < before)[:limit]
        for _, _, job in oldest:
            self._forget(job)
        return len(oldest)

    def beat(self, process: str, app: str, now: int, steady: int) -> None:
        if process not in self.left:
            self.beats[process] = steady
            self.seen.setdefault(process, WorkerSeen(process, os.getpid(), app, now))

    def leave(self, process: str) -> None:
        self.left.add(process)
        self.seen.pop(process, None)

    def workers(self, steady: int) -> Sequence[WorkerSeen]:
        beating = {process for process, beat in self.beats.items() if steady - beat <= LEASE + GRACE}
        return [seen for seen in self.seen.values() if seen.process in self.living & beating]

    def _rows(self, keys: Iterable[int]) -> list[Row]:
        return [self.live[key] for key in dict.fromkeys(keys) if key in self.live]

    def _wanted(self, jobs: Sequence[Job]) -> int:
        """How many of these would be written."""
        new = {job.id: (job.app, job.unique_key) for job in jobs if job.id not in self.keys and not self._standing(job)}
        unique = [(app, key) for app, key in new.values() if key is not None]
        return len(new) - len(unique) + len(set(unique))

    def _standing(self, job: Job) -> Row | None:
        """The unfinished job that has its unique key."""
        if job.unique_key is None:
            return None
        same = (row for row in self.live.values() if (row.job.app, row.job.unique_key) == (job.app, job.unique_key))
        return next(same, None)

    def _share(self, row: Row) -> None:
        row.shared = row.shared or (row.job.state is State.HELD and row.job.owner is not None)

    def _add(self, job: Job) -> Added:
        if job.id in self.keys:
            return Added(self.keys[job.id], False, job.id)
        if standing := self._standing(job):
            return Added(standing.job.key, False, standing.job.id)
        self.last += 1
        job = _fresh(job)._replace(key=self.last)
        self.keys[job.id] = self.last
        self.live[self.last] = Row(job if self._waits(job) else lifecycle.follow(job))
        return Added(self.last, True, job.id)

    def _waits(self, job: Job) -> bool:
        """Whether the job before it is there and has not ended."""
        before = self.row(job.after) if job.after else None
        return before is not None and not before.ended and not before.job.state.finished

    def _file(self, row: Row) -> None:
        """Put a changed row where it belongs; what waits for a job that has ended follows."""
        key = row.job.key
        if row.job.state.finished:
            self.live.pop(key, None)
            self.history[key] = row
        else:
            self.history.pop(key, None)
            self.live[key] = row
        if row.ended or row.job.state.finished:
            self._let_follow(row.job.id)

    def _forget(self, job: Job) -> None:
        if job.state.finished:
            del self.history[job.key], self.keys[job.id]

    def _let_follow(self, id: str) -> None:
        for row in self.live.values():
            if row.job.after == id:
                row.job = lifecycle.follow(row.job)

    def _rescue(self, row: Row, now: int, late: int) -> bool:
        """Whether there was something to rescue."""
        before = row.job
        if row.job.after and not self._waits(row.job):
            row.job = lifecycle.follow(row.job)
        if row.job.owner is not None and row.job.owner not in self.living:
            row.job = lifecycle.rescue(row.job, now) if row.job.state is State.RUNNING else lifecycle.release(row.job)
        elif row.job.state is State.RUNNING and row.lease_until < late:
            row.job = lifecycle.rescue(row.job, now)
        if row.job == before:
            return False
        self._file(row)
        return True


def _fresh(job: Job) -> Job:
    """What an `add` keeps of a job."""
    kept: dict[str, Any] = {name: getattr(job, name) for name in NEW_COLUMNS}
    return Job(**kept)


def _meets(job: Job, query: Query) -> bool:
    return (
        (not query.states or job.state in query.states)
        and (query.task is None or job.task == query.task)
        and (query.unique_key is None or job.unique_key == query.unique_key)
        and (query.id is None or job.id.startswith(query.id) or job.id.endswith(query.id))
        and (query.before is None or job.key < query.before)
        and (query.above is None or job.key > query.above)
    )
