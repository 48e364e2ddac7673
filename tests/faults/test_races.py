"""Two want the same, or one of them is not told."""

import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from afterword.jobs.job import State
from tests.faults.backlog import all_jobs, pour, wait_until_run_out
from tests.faults.conftest import Count
from tests.faults.oracle import Tally, judge
from tests.support.processes import PATIENCE, wait_until
from tests.system.site import Site


@pytest.mark.fault(
    "two processes cancel what is about to be claimed by two busy workers, one of which is killed (-9)",
    "each task ends as one of cancelled or run: cancelled is only what waits, and it never begins after that",
)
def test_cancel_races(site: Site, tally: Count) -> None:
    numbers = range(1000, 1600)
    server = site.serve(worker=False)
    pour(site, server, "add/sleep_unordered", numbers, seconds=0.02)  # Long enough for the other worker to come.
    cancellers = [site.run("cancelling.py") for _ in range(2)]
    for _, log in cancellers:
        wait_until(lambda log=log: "ready" in log.read_text(), "a canceller")  # type: ignore[misc]
    dying, standing = site.work(concurrency=4), site.work(concurrency=4)
    wait_until(lambda: {dying.pid, standing.pid} == {entry.parent for entry in site.ledger()}, "work of both")
    dying.kill()
    wait_until_run_out(site, len(numbers))
    for canceller, log in cancellers:
        assert canceller.wait(PATIENCE) == 0, log.read_text()
    jobs = site.jobs()
    told = {line for _, log in cancellers for line in log.read_text().split()} - {"ready"}
    cancelled = {number for number, job in jobs.items() if job.state is State.CANCELLED}
    assert told == {jobs[number].id for number in cancelled}
    assert 0 < len(cancelled) < len(numbers), "nobody raced"
    tally(judge(site, numbers, cancelled=cancelled, twice_at_most=8))


@pytest.mark.fault(
    "every hint to the worker is lost: its socket is taken away",
    "it finds the work by itself, within its poll interval of 0.2 s",
)
def test_wake_lost(site: Site, tally: Count) -> None:
    server = site.serve()
    server.add("sleep", 1000)
    site.wait_for([1000])
    sockets = list((site.folder / "afterword.db.run").glob("*.wake"))
    assert sockets
    for socket in sockets:
        socket.unlink()
    waits = []
    for number in range(10):
        added = time.monotonic()
        server.add("sleep", number)
        site.wait_for([number], "start")
        waits.append(site.by_number()[number][0].at / 1e9 - added)
    assert not list((site.folder / "afterword.db.run").glob("*.wake"))
    # The file is looked at five times a second; else the store is asked only every five seconds.
    assert sorted(waits)[2] < 0.2
    site.wait_until_finished(11)
    tally(judge(site, [*range(10), 1000], recovery=max(waits)))


@pytest.mark.fault(
    "fifty clients of two API processes add the same call of a unique task at once, again and again while it runs",
    "one row at a time; whoever comes second is told the id of the first",
)
def test_duplicate_add_race(site: Site, tally: Count) -> None:
    addresses = [site.serve(worker=False).address for _ in range(2)]
    with httpx.Client(timeout=PATIENCE, limits=httpx.Limits(max_connections=50)) as client, ThreadPoolExecutor(50) as crowd:

        def add(number: int) -> str:
            answer = client.post(f"{addresses[number % 2]}/add_one/sleep_unique/1")
            id: str = answer.raise_for_status().json()
            return id

        (first,) = set(crowd.map(add, range(50)))
        site.work()
        told = [first]
        while len(set(told)) < 5:
            told += crowd.map(add, range(50))
    ids = set(told)
    wait_until_run_out(site, len(ids))
    assert {job.id for job in all_jobs(site)} == ids
    # One after the other: each starts when the one before it has ended.
    phases = [entry.phase for entry in site.ledger()]
    assert phases == ["start", "end"] * len(ids)
    site.check()
    tally(Tally(accepted=len(ids), run=len(ids), lost=0, twice=0))
