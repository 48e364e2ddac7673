"""`afterword jobs show`"""

import json
import sys
from collections.abc import Iterator, Sequence

from afterword.cli.jobs import spans, spelling
from afterword.cli.jobs.listing import plain
from afterword.clock import SECOND
from afterword.jobs.job import Job, State
from afterword.stores.store import WorkerSeen


def show(job: Job, workers: Sequence[WorkerSeen], now: int) -> None:
    """Everything of a job, for a person; `workers` are those that live."""
    out = sys.stdout
    out.write(plain([(name, spelling.printable(text)) for name, text in _lines(job, workers, now)]))
    for heading, text in _texts(job):
        out.write(f"\n{heading}\n")
        out.writelines(f"  {spelling.printable(line)}\n" for line in text.splitlines())


def waiting(job: Job, workers: Sequence[WorkerSeen], now: int) -> str | None:
    """What keeps it from running, or who runs it; None where nothing does."""
    match job.state:
        case State.HELD:
            request = f"the end of its request, in the process {job.owner}" if job.owner else None
            first = f"the job {job.after}" if job.after else None
            return f"waits for {' and for '.join(filter(None, (request, first)))}"
        case State.QUEUED if job.run_at > now:
            return f"waits until {spelling.time(job.run_at)}, in {spans.rough(job.run_at - now)}"
        case State.QUEUED if any(worker.app == job.app for worker in workers):
            return "waits for a worker that has room"
        case State.QUEUED:
            return f"waits, and no worker of {job.app} lives: start the application, or `afterword worker {job.app}`"
        case State.HANDED_OFF if job.unwanted:
            return f"{job.via} is told to cancel it"
        case State.HANDED_OFF:
            return f"{job.via} has it"
        case State.RUNNING:
            pid = next((worker.pid for worker in workers if worker.process == job.owner), None)
            return f"runs in the worker {pid}" if pid else f"runs in the worker that holds the lock {job.owner}"
        case _:
            return None


def _lines(job: Job, workers: Sequence[WorkerSeen], now: int) -> Iterator[tuple[str, str]]:
    yield "id", job.id
    yield "state", job.state.word
    if (waits := waiting(job, workers, now)) is not None:
        yield "", waits
    yield "task", job.task
    yield "app", job.app
    yield "queue", f"{job.queue}, priority {job.priority}"
    yield "attempt", spelling.attempt(job) + (", at most once" if job.at_most_once else "")
    if job.via is not None:
        yield "via", f"{job.via}, a task of its own" if job.theirs else job.via
    if job.timeout is not None:
        yield "timeout", f"{job.timeout / SECOND:g} s"
    if job.unique_key is not None:
        yield "unique key", job.unique_key
    for name, count in (("crashes", job.crashes), ("lost", job.lost)):
        if count:
            yield name, str(count)
    for name, at in (("added", job.added_at), ("started", job.started_at), ("ended", job.ended_at)):
        if at is not None:
            yield name, f"{spelling.time(at)}, {spelling.ago(at, now)}"


def _texts(job: Job) -> Iterator[tuple[str, str]]:
    yield "arguments", _pretty(job.arguments)
    if job.result is not None:
        yield "result", _pretty(job.result)
    if job.error is not None:
        yield "error", job.error


def _pretty(data: bytes) -> str:
    return json.dumps(spelling.value(data), indent=2, ensure_ascii=False)
