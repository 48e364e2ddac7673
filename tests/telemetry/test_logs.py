"""What an operator reads, event by event."""

import logging
import subprocess
import sys
from typing import get_args

import pytest

from afterword import events
from afterword.clock import SECOND
from afterword.errors import StoreUnavailable
from afterword.jobs.job import Job, State
from afterword.jobs.lifecycle import CRASH_LIMIT, LOSS_LIMIT, claim, rescue
from afterword.jobs.outcome import Crashed, Failed, Interrupted, Outcome, Snoozed, Succeeded
from afterword.jobs.retry import Retry
from afterword.telemetry.fallback import Fallback
from afterword.telemetry.logs import Logs, describe

QUEUED = Job(
    id="0198-1", app="main:app", task="main:send", arguments=b"[]", added_at=0, retry=Retry(attempts=3), state=State.QUEUED
)
JOB = claim(QUEUED, "worker", now=0)
TRACEBACK = 'Traceback (most recent call last):\n  File "main.py", line 7, in send\nValueError: no such address\n'


def settled(outcome: Outcome, *, job: Job = JOB, verdict: str = "applied") -> events.Settled:
    return events.Settled(job, outcome, verdict)


def unavailable() -> StoreUnavailable:
    return StoreUnavailable(store="afterword.db", why="the disk is full")


TOLD: list[tuple[events.Event, int, str]] = [
    (
        events.WorkerStarted(7, "main:app", "sqlite:////srv/jobs.db"),
        logging.INFO,
        "worker 7 started for main:app, jobs in sqlite:////srv/jobs.db",
    ),
    (events.WorkerDraining("SIGTERM"), logging.INFO, "worker is draining: SIGTERM"),
    (events.WorkerStopped(7), logging.INFO, "worker 7 stopped"),
    (
        events.WorkerLost(7, "exited with 1", 0.5),
        logging.ERROR,
        "worker 7 is lost (exited with 1), another is started in 0.5 s",
    ),
    (events.RunnerStarted(8), logging.DEBUG, "runner 8 started"),
    (
        events.RunnerDied(8, "segmentation fault", ("0198-1", "0198-2")),
        logging.WARNING,
        "runner 8 died (segmentation fault), suspects: 0198-1, 0198-2",
    ),
    (
        events.RunnerDied(8, "exited with 1", ()),
        logging.WARNING,
        "runner 8 died (exited with 1), no attempt had begun there",
    ),
    (
        events.RunnerBroken(8, "Traceback:\nModuleNotFoundError: No module named 'orm'", 2.0),
        logging.ERROR,
        "runner 8 cannot begin, tried again in 2 s: ModuleNotFoundError: No module named 'orm'\n"
        "Traceback:\nModuleNotFoundError: No module named 'orm'",
    ),
    (
        events.Quarantined("jobs", 17, "its state is 42"),
        logging.ERROR,
        "row 17 of the table jobs is no job (its state is 42): it was put into quarantine. `afterword doctor` says how to look"
        " at it.",
    ),
    (
        events.Unserved("main:app", ("app.main:app", "old:app")),
        logging.WARNING,
        "jobs of app.main:app, old:app wait in this store, and no worker serves them. If that is main:app by another name, "
        "give both the same: Afterword(app, application=...) or AFTERWORD_APP.",
    ),
    (
        events.Unkept("main:sub"),
        logging.WARNING,
        "no worker runs the jobs of main:sub: its lifespan never ran, as that of a mounted application does not, so it has"
        " started none. Give the Afterword to the application that is served, or start a worker: afterword worker main:sub",
    ),
    (
        events.StartFailed("runner", OSError(24, "Too many open files"), 2.0),
        logging.ERROR,
        "no runner could be started, tried again in 2 s: OSError: [Errno 24] Too many open files",
    ),
    (
        events.StoreFailed("rescue", unavailable()),
        logging.ERROR,
        "the store failed at freeing the jobs of processes that are gone, tried again: "
        "StoreUnavailable: The store at afterword.db cannot be used: the disk is full.",
    ),
    (
        events.LogGrows("/srv/afterword.db", 17_000_000),
        logging.WARNING,
        "the write-ahead log of /srv/afterword.db has grown to 16 MiB: a program reads it in one transaction without end. "
        "`fuser -v /srv/afterword.db` names those that have it open; end that one.",
    ),
    (settled(Succeeded(b"1")), logging.DEBUG, "main:send (0198-1) succeeded, attempt 1 of 3"),
    (
        settled(Failed(TRACEBACK)),
        logging.WARNING,
        "main:send (0198-1) failed, attempt 1 of 3, tried again in about 1 s: ValueError: no such address\n"
        + TRACEBACK.strip(),
    ),
    (
        settled(Failed("ValueError: no such address"), job=JOB._replace(retry=Retry(attempts=2, delay=0))),
        logging.WARNING,
        "main:send (0198-1) failed, attempt 1 of 2, tried again at once: ValueError: no such address",
    ),
    (
        settled(Failed(TRACEBACK), job=JOB._replace(attempt=3)),
        logging.ERROR,
        "main:send (0198-1) failed for good, attempt 3 of 3: ValueError: no such address\n" + TRACEBACK.strip(),
    ),
    (
        settled(Failed("ValueError", retry=False)),
        logging.ERROR,
        "main:send (0198-1) failed for good, attempt 1 of 3: ValueError",
    ),
    (
        settled(Crashed("segmentation fault", alone=False)),
        logging.WARNING,
        "main:send (0198-1) is tried again alone: its runner died while others ran there too (segmentation fault)",
    ),
    (
        settled(Crashed("segmentation fault", alone=True)),
        logging.WARNING,
        "main:send (0198-1) is tried again alone: its runner died of it (segmentation fault)",
    ),
    (
        settled(Crashed("segmentation fault", alone=True), job=JOB._replace(crashes=CRASH_LIMIT - 1)),
        logging.ERROR,
        "main:send (0198-1) failed for good: it ended its runner 3 times while nothing else ran there: segmentation fault",
    ),
    (
        settled(Interrupted("its worker stopped it", started=True)),
        logging.INFO,
        "main:send (0198-1) was taken back while it ran: its worker stopped it",
    ),
    (
        settled(Interrupted("its worker is stopping", started=False)),
        logging.DEBUG,
        "main:send (0198-1) was taken back before it began: its worker is stopping",
    ),
    (
        settled(Interrupted("its worker stopped it", started=True), job=JOB._replace(at_most_once=True)),
        logging.ERROR,
        "main:send (0198-1) failed for good, attempt 1 of 1: "
        "its worker stopped it; it runs at most once, so it is not tried again",
    ),
    (
        settled(Snoozed(90 * SECOND, "the bank is closed")),
        logging.WARNING,
        "main:send (0198-1) is put off for 90 s: the bank is closed",
    ),
    (
        settled(Succeeded(), verdict="stale"),
        logging.WARNING,
        "main:send (0198-1): Succeeded was not written down, somebody claimed or changed it since",
    ),
    (
        settled(Failed("ValueError"), verdict="gone"),
        logging.WARNING,
        "main:send (0198-1): Failed was not written down, there is no such job any more",
    ),
    (
        events.Rescued(rescue(JOB, now=1)),
        logging.WARNING,
        "main:send (0198-1) was rescued, its worker died while it ran: tried again",
    ),
    (
        events.Rescued(rescue(JOB._replace(lost=LOSS_LIMIT - 1), now=1)),
        logging.ERROR,
        "main:send (0198-1) failed for good: its worker died 10 times while it ran",
    ),
    (
        events.Rescued(QUEUED),
        logging.WARNING,
        "main:send (0198-1) was rescued: the process that added it died before the request ended",
    ),
]

SILENT: list[events.Event] = [
    events.Written(("0198-1",)),
    events.Added(("0198-1",)),
    events.Released((1,)),
    events.Claimed((JOB,)),
    events.Handed(("0198-1",), runner=8),
    events.Ended(JOB, Succeeded()),
]


@pytest.mark.parametrize(("event", "level", "text"), TOLD)
def test_an_event_reads_as(event: events.Event, level: int, text: str) -> None:
    assert describe(event) == (level, text)


@pytest.mark.parametrize("event", SILENT)
def test_what_happens_to_every_job_has_no_line(event: events.Event) -> None:
    assert describe(event) is None


def test_every_event_is_described_above() -> None:
    described = {type(event) for event, _, _ in TOLD}
    silent = {type(event) for event in SILENT}

    assert described | silent == set(get_args(events.Event))
    assert not described & silent


def test_lines_go_to_the_logger_of_the_package(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="afterword"):
        Logs(steady=lambda: 0)(events.WorkerStarted(7, "main:app", "memory"))

    assert caplog.record_tuples == [("afterword", logging.INFO, "worker 7 started for main:app, jobs in memory")]


def test_a_percent_sign_in_an_error_is_text(caplog: pytest.LogCaptureFixture) -> None:
    Logs(steady=lambda: 0)(settled(Failed("ValueError: 100%s", retry=False)))

    assert caplog.messages == ["main:send (0198-1) failed for good, attempt 1 of 3: ValueError: 100%s"]


def test_a_success_is_silent_unless_one_debugs(caplog: pytest.LogCaptureFixture) -> None:
    logs = Logs(steady=lambda: 0)
    with caplog.at_level(logging.INFO, logger="afterword"):
        logs(settled(Succeeded()))
    assert not caplog.records

    with caplog.at_level(logging.DEBUG, logger="afterword"):
        logs(settled(Succeeded()))
    assert caplog.messages == ["main:send (0198-1) succeeded, attempt 1 of 3"]


def test_the_same_failure_of_the_store_is_told_once_a_second(caplog: pytest.LogCaptureFixture) -> None:
    times = iter([0, 1, SECOND - 1, SECOND, 2 * SECOND])
    logs = Logs(steady=lambda: next(times))
    line = describe(events.StoreFailed("turn", unavailable()))
    assert line

    for _ in range(5):
        logs(events.StoreFailed("turn", unavailable()))

    assert caplog.messages == [line.text, f"{line.text} (2 times more since the last such line)", line.text]


def test_different_failures_of_the_store_do_not_hide_each_other(caplog: pytest.LogCaptureFixture) -> None:
    logs = Logs(steady=lambda: 0)

    for doing in ("turn", "rescue", "turn", "beat"):
        logs(events.StoreFailed(doing, unavailable()))

    assert [message.split(",")[0] for message in caplog.messages] == [
        "the store failed at claiming jobs and writing outcomes down",
        "the store failed at freeing the jobs of processes that are gone",
        "the store failed at renewing the leases of what runs",
    ]


SPEAK = "from afterword.telemetry.logs import log; import logging, sys; {}log.info('no'); log.warning('%s', 'yes')"


@pytest.mark.parametrize(
    ("configured", "said"),
    [
        ("", "WARNING   afterword[{pid}] yes\n"),
        ("log.setLevel(logging.INFO); ", "WARNING   afterword[{pid}] yes\n"),
        ("logging.basicConfig(format='root %(message)s'); ", "root yes\n"),
        ("log.addHandler(logging.StreamHandler()); ", "yes\n"),
        ("logging.getLogger('uvicorn').addHandler(logging.StreamHandler()); ", "WARNING   afterword[{pid}] yes\n"),
        ("logging.getLogger().addHandler(logging.NullHandler()); ", ""),
        ("sys.stderr = None; ", ""),
    ],
)
def test_lines_that_nobody_has_asked_for_look_like_those_of_a_worker(configured: str, said: str) -> None:
    process = subprocess.Popen([sys.executable, "-c", SPEAK.format(configured)], stderr=subprocess.PIPE, text=True)
    _, told = process.communicate(timeout=60)
    assert told == said.format(pid=process.pid)


def test_the_root_logger_is_left_alone() -> None:
    assert [type(handler) for handler in logging.getLogger("afterword").handlers] == [Fallback]
    assert logging.getLogger("afterword").propagate
