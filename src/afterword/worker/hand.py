"""The jobs that a runner has in hand, each in a slot of its own, in the order in which they were handed to it."""

from collections.abc import Sequence

from afterword.errors import FrameError
from afterword.jobs.job import Job
from afterword.starts import Starts


class Hand:
    """At most as many as there are `slots`. Which have begun is seen in the map of `starts`.

    All times are microseconds of a monotonic clock.
    """

    def __init__(self, starts: Starts, slots: int) -> None:
        self._starts = starts
        self._free = list(reversed(range(slots)))
        self._jobs: dict[int, Job] = {}
        self._unbegun: dict[int, int] = {}
        """When those were handed over that had not begun at the last look."""
        self._timed: dict[int, int | None] = {}
        """Since when those run of which an attempt may take only so long; None: not yet."""

    def __len__(self) -> int:
        return len(self._jobs)

    def put(self, job: Job, now: int) -> int:
        """The slot that it gets. There must be a free one."""
        slot = self._free.pop()
        self._jobs[slot] = job
        self._unbegun[slot] = now
        if job.timeout is not None and job.via is None:  # Elsewhere the engine sees to it.
            self._timed[slot] = None
        return slot

    def take(self, slots: Sequence[int]) -> list[Job]:
        """These attempts have ended. Raises FrameError, and takes none, where one of them is not under way."""
        if wrong := [slot for slot in slots if slot not in self._jobs]:
            raise FrameError(why=f"nothing runs in slot {wrong[0]}")
        if len(set(slots)) < len(slots):
            raise FrameError(why="an attempt ends twice in it")
        return [self._take(slot) for slot in slots]

    def unbegun(self) -> list[int]:
        """When each was handed over that has not begun, the first one first."""
        self._unbegun = {slot: since for slot, since in self._unbegun.items() if not self._starts.marked(slot)}
        return list(self._unbegun.values())

    def late(self, now: int, cleaning: int) -> frozenset[int]:
        """The slots of those whose time is up: a function's at once, a coroutine's `cleaning` microseconds later."""
        return frozenset(slot for slot in self._timed if self._is_late(slot, now, cleaning))

    def leave(self, late: frozenset[int]) -> tuple[tuple[Job, ...], tuple[Job, ...], tuple[Job, ...]]:
        """The runner is gone: those in the slots that are `late`, those others that had begun, and those that had not."""
        others = [(job, self._starts.marked(slot)) for slot, job in self._jobs.items() if slot not in late]
        overdue = tuple(job for slot, job in self._jobs.items() if slot in late)
        started = tuple(job for job, begun in others if begun)
        unstarted = tuple(job for job, begun in others if not begun)
        self._jobs.clear()
        self._starts.close()
        return overdue, started, unstarted

    def _take(self, slot: int) -> Job:
        self._starts.clear(slot)
        self._unbegun.pop(slot, None)
        self._timed.pop(slot, None)
        self._free.append(slot)
        return self._jobs.pop(slot)

    def _is_late(self, slot: int, now: int, cleaning: int) -> bool:
        timeout, since = self._jobs[slot].timeout, self._timed[slot]
        if since is None and self._starts.marked(slot):
            since = self._timed[slot] = now
        if timeout is None or since is None:
            return False
        return now - since > timeout + (0 if self._starts.in_thread(slot) else cleaning)
