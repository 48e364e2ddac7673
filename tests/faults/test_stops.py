"""Processes that stand still (SIGSTOP) and go on when nobody counts on them any more (SIGCONT)."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from threading import Event

import httpx
import pytest

from tests.faults.conftest import Count
from tests.faults.oracle import judge
from tests.faults.strangers import APP, SOON, go_on, holds_the_gate, stop, stop_in_write, work
from tests.faults.test_kills import kill, wait_for_a_start_after
from tests.support.processes import PATIENCE, alive, runners, wait_until, workers
from tests.system.site import Server, Site

IMPATIENT = '{"afterword.stores.sqlite.reading.SILENCE": 2000000, "afterword.stores.sqlite.gate.PATIENCE": 1}'


@pytest.mark.parametrize("looks", [30, pytest.param(300, marks=pytest.mark.long, id="real_times")])
@pytest.mark.fault(
    "SIGSTOP to a runner for longer than its tasks may take, or for half a minute if they may take for ever",
    "it takes nothing more; it is ended, and what it had in hand is tried again elsewhere",
)
def test_sigstop_runner(site: Site, tally: Count, looks: int) -> None:
    server = site.serve(APP, worker=False)
    worker, _ = work(site, {"afterword.worker.runner.STILL": looks}, runners=2)
    for number in range(3):
        server.add("sleep_a_second_at_most", number, seconds=0.9)
    site.wait_for(range(3), "start")
    moment = stop_the_runner_of(site, 0)
    recovery = wait_for_a_start_after(site, moment)
    jobs = site.wait_until_finished(3)
    assert {job.attempt for job in jobs.values()} == {2}
    server.add("sleep", 10, seconds=0.5)
    site.wait_for([10], "start")
    stop_the_runner_of(site, 10)
    for number in range(11, 15):
        server.add("sleep", number)
    site.wait_for(range(10, 15), patience=90)
    jobs = site.wait_until_finished(8)
    assert {(job.attempt, job.crashes) for number, job in jobs.items() if number >= 10} == {(1, 0)}
    assert worker.poll() is None
    tally(judge(site, [*range(3), *range(10, 15)], recovery=recovery))


@pytest.mark.fault("SIGSTOP to a runner, then SIGCONT in time", "its tasks go on where they stood")
def test_sigstop_runner_for_a_moment(site: Site, tally: Count) -> None:
    server = site.serve(APP, AFTERWORD_RUNNERS="2")
    server.add("sleep", 0, seconds=0.5)
    site.wait_for([0], "start")
    stopped = site.ledger()[0].pid
    stop_the_runner_of(site, 0)
    server.add("sleep", 1, seconds=0.5)
    go_on(stopped)
    site.wait_until_finished(2)
    tally(judge(site, [0, 1]))


def stop_the_runner_of(site: Site, number: int) -> float:
    """Answers when that was, on the monotonic clock."""
    stop(next(entry.pid for entry in site.ledger() if entry.number == number))
    return time.monotonic()


@pytest.mark.parametrize("soon", [True, pytest.param(False, marks=pytest.mark.long, id="real_times")])
@pytest.mark.fault(
    "SIGSTOP to a worker until its leases have run out and another has run its tasks, then SIGCONT",
    "the other takes them over; what the stopped one has to say is refused as stale, and said in its log",
)
def test_sigstop_worker(site: Site, tally: Count, soon: bool) -> None:
    server = site.serve(APP, worker=False)
    for number in range(4):
        server.add("sleep", number, seconds=1.0)
    stopped, log = work(site, SOON if soon else {})
    site.wait_for(range(4), "start")
    stop(stopped.pid)
    moment = time.monotonic()
    work(site, SOON if soon else {})
    wait_until(lambda: all(site.starts()[number] == 2 for number in range(4)), "the second starts", 120)
    recovery = site.by_number()[0][-1].at / 1e9 - moment
    site.wait_until_finished(4)
    go_on(stopped.pid)
    wait_until(lambda: log.read_text().count("somebody claimed or changed it since") == 4, "the refusal of late outcomes")
    server.add("sleep", 4)
    site.wait_until_finished(5)
    tally(judge(site, range(5), twice_at_most=4, recovery=recovery))


@pytest.mark.long
@pytest.mark.fault(
    "SIGSTOP to the worker that an application has started", "after 5 s the application ends it, and starts another"
)
def test_sigstop_kept_worker(site: Site, tally: Count) -> None:
    server = site.serve(APP)
    server.add("sleep", 0, seconds=600)
    site.wait_for([0], "start")
    (worker,) = workers(server.pid)
    stop(worker)
    moment = time.monotonic()
    server.add("sleep", 1)
    site.wait_for([1])
    recovery = min(entry.at for entry in site.ledger() if entry.number == 1) / 1e9 - moment
    assert not alive(worker)
    assert f"worker {worker} is lost (it was stopped by a signal for 5 s, and ended for that)" in server.log.read_text()
    assert workers(server.pid) != [worker]
    wait_until(lambda: site.starts()[0] == 2, "the second start")
    tally(judge(site, [0, 1], unfinished=True, recovery=recovery))


@pytest.mark.parametrize("soon", [True, pytest.param(False, marks=pytest.mark.long, id="real_times")])
@pytest.mark.fault(
    "SIGSTOP to the worker, SIGKILL to its API, a restart, and at last SIGCONT",
    "once the worker's heart has been silent for a minute, the API starts another, though the first one is not dead",
)
def test_sigstop_worker_of_a_dead_api(site: Site, tally: Count, soon: bool) -> None:
    first = site.serve(APP)
    first.add("sleep", 0, seconds=0.5)
    site.wait_for([0], "start")
    (worker,) = workers(first.pid)
    site.remember([worker, *runners(worker)])
    stop(worker)
    first.kill()
    moment = time.monotonic()
    second = site.serve(APP, AFTERWORD_TEST_CONSTANTS=IMPATIENT if soon else "{}")
    second.add("sleep", 1)
    site.wait_for([1], patience=120)
    recovery = min(entry.at for entry in site.ledger() if entry.number == 1) / 1e9 - moment
    assert alive(worker)
    go_on(worker)
    wait_until(lambda: not alive(worker), "the end of a worker whose API is dead")
    site.wait_until_finished(2)
    tally(judge(site, [0, 1], twice_at_most=0 if soon else 1, recovery=recovery))


@contextmanager
def kept_busy(server: Server, numbers: Iterator[int]) -> Iterator[dict[int, int]]:
    """While the block lasts, four clients add, so that the worker goes on writing. At its end: how each job was answered."""
    answers: dict[int, int] = {}
    enough = Event()

    def add() -> None:
        while not enough.is_set():
            number = next(numbers)
            answers[number] = httpx.post(f"{server.address}/add/sleep/{number}", timeout=PATIENCE).status_code

    with ThreadPoolExecutor(4) as threads:
        clients = [threads.submit(add) for _ in range(4)]
        try:
            yield answers
        finally:
            enough.set()
        for client in clients:
            client.result()


@pytest.mark.fault(
    "SIGSTOP to an application's own worker while it writes", "requests wait; after 5 s it is ended, and all are accepted"
)
def test_sigstop_in_write(site: Site, tally: Count) -> None:
    server = site.serve(APP)
    server.add("sleep", 0)
    site.wait_for([0])
    (worker,) = workers(server.pid)
    with kept_busy(server, count(1)) as answers:
        stop_in_write(worker, site)
        moment = time.monotonic()
    assert set(answers.values()) == {200}
    recovery = wait_for_a_start_after(site, moment)
    site.wait_until_finished(1 + len(answers))
    tally(judge(site, [0, *answers], twice_at_most=32, recovery=recovery))


@pytest.mark.fault(
    "SIGSTOP to a worker started apart while it writes; then SIGCONT",
    "requests get a 503, which names the process in the log; when it goes on, so does all else",
)
def test_sigstop_in_write_of_a_stranger(site: Site, tally: Count) -> None:
    server = site.serve(APP, worker=False, AFTERWORD_TEST_CONSTANTS=IMPATIENT)
    server.add("sleep", 0)
    worker, _ = work(site, {})
    site.wait_for([0])
    with kept_busy(server, count(3)) as answers:
        wait_until(lambda: 200 in answers.values(), "one that is accepted")
        stop_in_write(worker.pid, site)
        wait_until(lambda: 503 in answers.values(), "one that is refused")
    refused = [httpx.post(f"{server.address}/add/sleep/{number}", timeout=PATIENCE) for number in (1, 2)]
    assert {(answer.status_code, answer.headers["retry-after"]) for answer in refused} == {(503, "1")}
    assert set(answers.values()) == {200, 503}
    assert f"process {worker.pid} has kept it from all others for 1 s" in server.log.read_text()
    assert holds_the_gate(worker.pid, site)
    accepted = [number for number, answer in answers.items() if answer == 200]
    # One more, which waits for the gate when it opens: the API, which has given up, must not come between.
    os.kill(worker.pid, signal.SIGCONT)
    moment = time.monotonic()
    server.add("sleep", -1)
    recovery = wait_for_a_start_after(site, moment)
    site.wait_until_finished(2 + len(accepted))
    tally(judge(site, [0, -1, *accepted], refused=[1, 2, *(set(answers) - set(accepted))], recovery=recovery))
    kill(worker.pid)
