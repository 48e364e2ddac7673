"""The log: one line for each event worth reading, under the logger `afterword`. Where lines go, the application decides."""

import logging
from collections.abc import Callable, Sequence
from typing import NamedTuple, assert_never

from afterword import events
from afterword.clock import SECOND, SystemClock
from afterword.jobs import lifecycle
from afterword.jobs.job import Job, State
from afterword.jobs.outcome import Cancelled, Crashed, Failed, HandedOff, Interrupted, Outcome, Snoozed, Succeeded
from afterword.telemetry.fallback import Fallback

log = logging.getLogger("afterword")
log.addHandler(Fallback())


class Line(NamedTuple):
    level: int
    text: str


class Logs:
    """A listener that writes the line of each event; the same failure of the store at most once a second.

    `steady` is a clock in microseconds that never jumps, by default the machine's own.
    """

    def __init__(self, steady: Callable[[], int] | None = None) -> None:
        self._steady = steady or SystemClock().steady
        self._failures: dict[Line, _Repeats] = {}

    def __call__(self, event: events.Event) -> None:
        if _is_ordinary(event) and not log.isEnabledFor(logging.DEBUG):
            return  # Told of every job: no line is to be made only to be dropped.
        line = describe(event)
        if line is None or not log.isEnabledFor(line.level):
            return
        if isinstance(event, events.StoreFailed):
            self._write_seldom(line)
        else:
            log.log(line.level, "%s", line.text)

    def _write_seldom(self, line: Line) -> None:
        now = self._steady()
        seen = self._failures.get(line)
        if seen and now - seen.written_at < SECOND:
            self._failures[line] = seen._replace(unwritten=seen.unwritten + 1)
            return
        since = f" ({seen.unwritten} times more since the last such line)" if seen and seen.unwritten else ""
        # Failures whose text differs each time must not fill the memory: whatever is old is dropped here, its count with it.
        self._failures = {line: seen for line, seen in self._failures.items() if now - seen.written_at < SECOND}
        self._failures[line] = _Repeats(written_at=now, unwritten=0)
        log.log(line.level, "%s%s", line.text, since)


class _Repeats(NamedTuple):
    written_at: int
    unwritten: int


def _is_ordinary(event: events.Event) -> bool:
    if type(event) is events.Settled:
        return type(event.outcome) is Succeeded and event.verdict == "applied"
    return type(event) is events.Ended


def describe(event: events.Event) -> Line | None:
    """The line of an event; None for what happens to every job and is told better by numbers."""
    match event:
        case events.WorkerStarted(pid, app, store):
            return Line(logging.INFO, f"worker {pid} started for {app}, jobs in {store}")
        case events.WorkerDraining(reason):
            return Line(logging.INFO, f"worker is draining: {reason}")
        case events.WorkerStopped(pid):
            return Line(logging.INFO, f"worker {pid} stopped")
        case events.WorkerLost(pid, cause, seconds):
            return Line(logging.ERROR, f"worker {pid} is lost ({cause}), another is started in {seconds:g} s")
        case events.RunnerStarted(pid):
            return Line(logging.DEBUG, f"runner {pid} started")
        case events.RunnerDied(pid, cause, suspects):
            return Line(logging.WARNING, f"runner {pid} died ({cause}), {_suspects(suspects)}")
        case events.RunnerBroken(pid, error, seconds):
            return Line(logging.ERROR, f"runner {pid} cannot begin, tried again in {seconds:g} s: {_told(error)}")
        case events.Settled(job, outcome, "applied"):
            return _settled(job, outcome)
        case events.Settled(job, outcome, verdict):
            return Line(logging.WARNING, f"{_named(job)}: {type(outcome).__name__} was not written down, {_refused(verdict)}")
        case events.Rescued(job):
            return _rescued(job)
        case events.Quarantined(table, key, reason):
            text = f"row {key} of the table {table} is no job ({reason}): it was put into quarantine"
            return Line(logging.ERROR, f"{text}. `afterword doctor` says how to look at it.")
        case events.Unserved(app, others):
            text = (
                f"jobs of {', '.join(others)} wait in this store, and no worker serves them. If that is {app} by another name"
            )
            return Line(logging.WARNING, f"{text}, give both the same: Afterword(app, application=...) or AFTERWORD_APP.")
        case events.Unkept(app):
            text = (
                f"no worker runs the jobs of {app}: its lifespan never ran, as that of a mounted application does not, so it"
                " has started none"
            )
            return Line(
                logging.WARNING,
                f"{text}. Give the Afterword to the application that is served, or start a worker: afterword worker {app}",
            )
        case events.StartFailed(what, error, seconds):
            return Line(
                logging.ERROR, f"no {what} could be started, tried again in {seconds:g} s: {type(error).__name__}: {error}"
            )
        case events.StoreFailed(doing, error):
            text = f"the store failed at {_DOING.get(doing, doing)}, tried again"
            return Line(logging.ERROR, f"{text}: {type(error).__name__}: {error}")
        case events.LogGrows(store, size):
            text = f"the write-ahead log of {store} has grown to {size >> 20} MiB: a program reads it in one transaction"
            return Line(logging.WARNING, f"{text} without end. `fuser -v {store}` names those that have it open; end that one.")
        case events.Written() | events.Added() | events.Released() | events.Claimed() | events.Handed() | events.Ended():
            return None
        case _:
            assert_never(event)


_DOING = {
    "release": "releasing the jobs of a request that has ended",
    "discard": "deleting the jobs of a request that has failed",
    "turn": "claiming jobs and writing outcomes down",
    "_listen": "waiting for new jobs",
    "rescue": "freeing the jobs of processes that are gone",
    "beat": "renewing the leases of what runs",
    "tidy": "tidying up",
    "forget": "deleting old finished jobs",
    "inquire": "asking after jobs that were handed off",
    "look": "looking for jobs that no worker serves",
    "workers": "looking for workers",
    "leave": "saying that this worker ends",
    "checkpoint": "copying its log into the file",
}
"""By what a part calls it."""


def _suspects(ids: Sequence[str]) -> str:
    return f"suspects: {', '.join(ids)}" if ids else "no attempt had begun there"


def _settled(job: Job, outcome: Outcome) -> Line:
    # The state machine is asked again for what the store was told; only the jitter is unknown here, so the pause is a mean.
    settlement = lifecycle.settle(job, outcome, now=0, draw=0.5)
    attempt = f"attempt {job.attempt} of {1 if job.at_most_once else job.retry.attempts}"
    if settlement.state is State.FAILED:
        # The attempt that a crash ends is not counted.
        counted = f", {attempt}" if settlement.attempt == job.attempt else ""
        return Line(logging.ERROR, f"{_named(job)} failed for good{counted}: {_told(settlement.error)}")
    match outcome:
        case Succeeded():
            return Line(logging.DEBUG, f"{_named(job)} succeeded, {attempt}")
        case Failed(error):
            pause = f"tried again in about {settlement.run_at / SECOND:.3g} s" if settlement.run_at else "tried again at once"
            return Line(logging.WARNING, f"{_named(job)} failed, {attempt}, {pause}: {_told(error)}")
        case Crashed(cause, alone):
            blame = f"its runner died of it ({cause})" if alone else f"its runner died while others ran there too ({cause})"
            return Line(logging.WARNING, f"{_named(job)} is tried again alone: {blame}")
        case Interrupted(reason, started):
            level = logging.INFO if started else logging.DEBUG
            return Line(level, f"{_named(job)} was taken back {'while it ran' if started else 'before it began'}: {reason}")
        case Cancelled(reason):
            return Line(logging.INFO, f"{_named(job)} was cancelled: {reason}")
        case HandedOff():
            return Line(logging.DEBUG, f"{_named(job)} was handed off to {job.via}, {attempt}")
        case Snoozed(delay, reason, _):
            return Line(logging.WARNING, f"{_named(job)} is put off for {delay / SECOND:.3g} s: {reason}")
        case _:
            assert_never(outcome)


def _rescued(job: Job) -> Line:
    if job.state is State.FAILED:
        return Line(logging.ERROR, f"{_named(job)} failed for good: {_told(job.error)}")
    if job.lost:
        how = "tried again alone" if job.alone else "tried again"
        return Line(logging.WARNING, f"{_named(job)} was rescued, its worker died while it ran: {how}")
    return Line(logging.WARNING, f"{_named(job)} was rescued: the process that added it died before the request ended")


def _refused(verdict: str) -> str:
    return "there is no such job any more" if verdict == "gone" else "somebody claimed or changed it since"


def _named(job: Job) -> str:
    return f"{job.task} ({job.id})"


def _told(error: str | None) -> str:
    """What a traceback comes to, which is its last line, and then all of it."""
    lines = (error or "").strip().splitlines() or ["no reason was given"]
    return lines[0] if len(lines) == 1 else "\n".join([lines[-1], *lines])
