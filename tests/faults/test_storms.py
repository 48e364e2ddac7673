"""The same trouble again and again, or for everybody at once."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from tests.faults.backlog import pour, wait_until_run_out
from tests.faults.conftest import Count
from tests.faults.oracle import judge
from tests.faults.test_kills import kill, wait_for_a_start_after
from tests.support.processes import wait_until, workers
from tests.system.site import Server, Site, terminate

EVERY = 2.0
"""Seconds between two kills."""

short_and_long = pytest.mark.parametrize("seconds", [4, pytest.param(60, marks=pytest.mark.long)])


@pytest.mark.fault(
    "kill -9 of the worker that the application keeps, every 2 s, while twenty tasks of 0.1 s are added each second",
    "no less than 80 % of the undisturbed throughput",
)
@short_and_long
def test_restart_storm(site: Site, tally: Count, seconds: int) -> None:
    server = site.serve()
    numbers: list[int] = []
    with load(server, numbers):
        site.wait_for_more(20)
        undisturbed = share_run(site, numbers, seconds / 2)
        disturbed = share_run(site, numbers, seconds, lambda: kill(*workers(server.pid)))
    site.wait_until_finished(len(numbers))
    assert disturbed >= 0.8 * undisturbed, (disturbed, undisturbed)
    tally(judge(site, numbers, twice_at_most=16 * seconds))


@pytest.mark.fault(
    "of four workers started apart and full to the brim, one is killed (-9) every 2 s and another is started",
    "no less than 80 % of the undisturbed throughput",
)
@pytest.mark.long
@pytest.mark.timeout(600)
def test_restart_storm_apart(site: Site, tally: Count) -> None:
    server = site.serve(worker=False)
    numbers = range(10_000, 26_000)
    pour(site, server, "add/sleep_unordered", numbers, seconds=0.1)
    crew = [site.work(runners=1, concurrency=4) for _ in range(4)]
    wait_until(lambda: {worker.pid for worker in crew} <= {entry.parent for entry in site.ledger()}, "work of all four")
    undisturbed = throughput(site, 20)
    turn = itertools.count()

    def replace() -> None:
        which = next(turn) % len(crew)
        crew[which].kill()
        crew[which] = site.work(runners=1, concurrency=4)

    disturbed = throughput(site, 60, replace)
    for worker in crew:
        terminate(worker)
    assert disturbed >= 0.8 * undisturbed, (disturbed, undisturbed)
    tally(judge(site, numbers, twice_at_most=4 * 30, unfinished=True))


@contextmanager
def load(server: Server, numbers: list[int]) -> Iterator[None]:
    """Twenty tasks a second, of a tenth of a second each."""
    over = threading.Event()

    def add() -> None:
        while not over.wait(0.05):
            server.add("sleep_unordered", len(numbers), seconds=0.1)
            numbers.append(len(numbers))

    adding = threading.Thread(target=add)
    adding.start()
    try:
        yield
    finally:
        over.set()
        adding.join()


def share_run(site: Site, numbers: Sequence[int], seconds: float, disturb: Callable[[], object] = lambda: None) -> float:
    """Tasks that came to their end in so many seconds, for each that was added: a slow machine adds fewer."""
    before = len(numbers)
    run = throughput(site, seconds, disturb) * seconds
    return run / (len(numbers) - before)


def throughput(site: Site, seconds: float, disturb: Callable[[], object] = lambda: None) -> float:
    """Tasks a second that came to their end in so many seconds; one that did so twice counts once."""
    before, began = len(site.ends()), time.monotonic()
    for start in itertools.takewhile(lambda start: start < seconds, itertools.count(0.0, EVERY)):
        disturb()
        time.sleep(max(0.0, began + start + EVERY - time.monotonic()))
    return (len(site.ends()) - before) / (time.monotonic() - began)


@pytest.mark.fault(
    "several workers are started at the same moment, on one backlog of tasks that do nothing", "each task runs once"
)
@pytest.mark.parametrize(("crew", "count"), [(4, 2_000), pytest.param(16, 50_000, marks=pytest.mark.long)])
@pytest.mark.timeout(600)
def test_thundering_herd_start(site: Site, tally: Count, crew: int, count: int) -> None:
    numbers = range(100_000, 100_000 + count)
    server = site.serve(worker=False)
    pour(site, server, "add/sleep_unordered", numbers)
    server.kill()
    moment = time.monotonic()
    for _ in range(crew):
        site.work(runners=1)
    recovery = wait_for_a_start_after(site, moment)
    wait_until_run_out(site, count, patience=500)
    tally(judge(site, numbers, recovery=recovery))


@pytest.mark.fault(
    "hundreds of tasks fail at the same moment",
    "their retries are spread by jitter over half the pause; tasks that are new meanwhile start as soon as ever",
)
def test_thundering_herd_retry(site: Site, tally: Count) -> None:
    herd = range(1000, 1200)
    server = site.serve(worker=False)
    pour(site, server, "add/fail", herd)
    server.kill()
    server = site.serve()
    site.wait_for(herd, "start")
    waits = []
    for number in range(20):
        added = time.monotonic()
        server.add("sleep", number)
        site.wait_for([number], "start")
        waits.append(site.by_number()[number][0].at / 1e9 - added)
    site.wait_until_finished(len(herd) + 20)
    starts = {number: [entry.at / 1e9 for entry in entries] for number, entries in site.by_number().items() if number in herd}
    assert {len(times) for times in starts.values()} == {3}
    pauses = sorted(times[1] - times[0] for times in starts.values())
    early, late = pauses[len(pauses) // 10], pauses[-len(pauses) // 10]
    assert early >= 0.75
    assert late - early >= 0.25, f"nearly all of them came back between {early:.2f} s and {late:.2f} s"
    assert sorted(waits)[10] < 0.5
    tally(judge(site, [*herd, *range(20)], failing=herd))
