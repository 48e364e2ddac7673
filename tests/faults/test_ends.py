"""Asked to end: once, twice, and with tasks that take longer than they may."""

import signal
import time

import pytest

from tests.faults.conftest import Count
from tests.faults.oracle import Tally, judge
from tests.faults.test_kills import wait_for_a_start_after
from tests.support.processes import PATIENCE, alive, runners, wait_until, workers
from tests.system.site import Site, terminate


@pytest.mark.fault(
    "SIGTERM to the API while tasks run and others wait",
    "what runs comes to its end, nothing else begins, and the rest runs after the restart",
)
def test_graceful_term(site: Site, tally: Count) -> None:
    server = site.serve(AFTERWORD_RUNNERS="1", AFTERWORD_CONCURRENCY="4")
    for number in range(20):
        server.add("sleep", number, seconds=0.5)
    site.wait_for([0], "start")
    (worker,) = workers(server.pid)
    family = [worker, *runners(worker)]
    site.remember(family)
    terminate(server.process)
    wait_until(lambda: not any(map(alive, family)), "the end of worker and runners")
    assert set(site.starts()) == set(site.ends())
    assert len(site.starts()) < 20
    moment = time.monotonic()
    site.serve()
    recovery = wait_for_a_start_after(site, moment)
    jobs = site.wait_until_finished(20)
    assert {job.attempt for job in jobs.values()} == {1}
    tally(judge(site, range(20), recovery=recovery))


@pytest.mark.fault(
    "a second SIGTERM to a worker whose task would take an hour",
    "it ends at once; the task is taken back, and no attempt is counted",
)
def test_term_twice(site: Site, tally: Count) -> None:
    server = site.serve(worker=False)
    server.add("linger", 1)
    worker = site.work(drain=3600.0)
    site.wait_for([1], "start")
    worker.send_signal(signal.SIGTERM)
    with site.store() as store:  # Two equal signals at once may be merged into one.
        wait_until(lambda: not store.workers().result(PATIENCE), "the first signal's effect")
    assert worker.poll() is None
    terminate(worker)
    tally(judge_what_was_taken_back(site))


@pytest.mark.fault(
    "SIGTERM to a worker whose task takes longer than the drain may",
    "it ends at the limit; the task is taken back, and no attempt is counted",
)
def test_term_timeout(site: Site, tally: Count) -> None:
    server = site.serve(worker=False)
    server.add("linger", 1)
    worker = site.work(drain=0.5)
    site.wait_for([1], "start")
    terminate(worker)
    tally(judge_what_was_taken_back(site))


def judge_what_was_taken_back(site: Site) -> Tally:
    """Task 1 did not end with its worker; another one runs it."""
    job = site.jobs()[1]
    assert (job.state.word, job.attempt, job.crashes, job.lost, job.alone) == ("queued", 0, 0, 0, False)
    moment = time.monotonic()
    site.work()
    recovery = wait_for_a_start_after(site, moment)
    assert site.wait_until_finished(1)[1].attempt == 1
    return judge(site, [1], recovery=recovery)
