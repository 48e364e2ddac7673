"""kill -9 of workers and runners: no attempts overlap, and how soon they are made again. More of it in tests/faults."""

import os
import signal
import time
from collections.abc import Iterator
from itertools import pairwise

import httpx
import pytest

from afterword.jobs.job import State
from tests.support.processes import PATIENCE, runners, wait_until, workers
from tests.system.site import Server, Site

pytestmark = pytest.mark.process


@pytest.mark.parametrize("moment", ["Handed:1", "Ended:1", "Ended:7", "RunnerStarted:1"])
def test_the_worker_is_killed(site: Site, moment: str) -> None:
    server = site.serve(worker=False)
    for number in range(20):
        server.add("sleep", number, seconds=0.01)
    dying = site.work(moment, concurrency=4)
    assert dying.wait(PATIENCE) == -signal.SIGKILL
    site.work()
    jobs = site.wait_until_finished(20)
    assert {job.state for job in jobs.values()} == {State.SUCCEEDED}
    assert set(site.ends()) == set(range(20))
    # Only what was in hand may have run twice.
    assert sum(count - 1 for count in site.ends().values()) <= 4
    site.check()


def test_nothing_runs_for_a_refused_request(site: Site) -> None:
    server = site.serve()
    for number in range(5):
        assert httpx.post(f"{server.address}/refuse/{number}", timeout=PATIENCE).status_code == 409
    server.add("sleep", 99)
    site.wait_for([99])
    assert set(site.by_number()) == {99}
    assert set(site.jobs()) == {99}


def test_no_old_attempt_overlaps_its_successor_after_the_worker_is_killed(site: Site) -> None:
    server = site.serve(worker=False)
    dying = site.work()
    numbers = range(6)
    for number in numbers:
        server.add("pulse", number, seconds=0.5)
    site.wait_for(numbers, "pulse")
    successor = site.work()
    with site.store() as store:
        wait_until(lambda: len(store.workers().result(PATIENCE)) == 2, "the second worker")
    dying.kill()
    site.wait_for(numbers)
    assert successor.poll() is None
    for entries in site.by_number().values():
        # The entries of each process follow those of the one before, without mixing.
        changes = [(a.pid, b.pid) for a, b in pairwise(entries) if a.pid != b.pid]
        assert len(changes) == len({entry.pid for entry in entries}) - 1


def test_a_killed_workers_jobs_run_again_within_a_second(site: Site) -> None:
    """Of another worker being there. The best of three, since only a slow way is ever slow three times."""
    server = site.serve(worker=False)
    pauses = []
    standing = site.work()
    for number in range(3):
        server.add("sleep_async", number, seconds=0.2)
        site.wait_for([number], "start")
        next_one = site.work()
        with site.store() as store:
            wait_until(lambda: len(store.workers().result(PATIENCE)) == 2, "the second worker")
        # The second has a runner as soon as it has run something.
        server.add("sleep", 100 + number)
        site.wait_for([100 + number])
        server.add("sleep_async", 200 + number, seconds=600)
        site.wait_for([200 + number], "start")
        holder = site.by_number()[200 + number][0].parent
        dying, standing = (standing, next_one) if standing.pid == holder else (next_one, standing)
        dying.kill()
        killed = time.monotonic_ns()
        wait_until(lambda number=number: site.starts()[200 + number] == 2, "the second start")  # type: ignore[misc]
        pauses.append(site.by_number()[200 + number][1].at - killed)
    assert min(pauses) < 1e9


@pytest.fixture
def busy(site: Site) -> Iterator[tuple[Server, int]]:
    """A server whose worker has had work long enough to keep a spare runner warm."""
    server = site.serve()
    server.add("sleep", 1000, seconds=600)
    site.wait_for([1000], "start")
    (worker,) = workers(server.pid)
    wait_until(lambda: server.log.read_text().count("runner started") >= 2 or len(runners(worker)) >= 2, "a spare runner")
    yield server, worker


def test_a_killed_runners_jobs_run_again_within_a_tenth_of_a_second(site: Site, busy: tuple[Server, int]) -> None:
    server, worker = busy
    pauses = []
    for kill in range(3):  # It was alone at all but the first: a fourth would fail it.
        pid = [entry for entry in site.ledger() if entry.number == 1000][-1].pid
        wait_until(lambda: len(runners(worker)) >= 2, "a spare runner")
        # The spare is ready when it could take something: a short task tells.
        server.add("sleep", kill)
        site.wait_for([kill])
        os.kill(pid, signal.SIGKILL)
        killed = time.monotonic_ns()
        wait_until(lambda kill=kill: site.starts()[1000] == kill + 2, "the next start")  # type: ignore[misc]
        pauses.append([entry for entry in site.ledger() if entry.number == 1000][-1].at - killed)
    assert min(pauses) < 100e6, pauses
