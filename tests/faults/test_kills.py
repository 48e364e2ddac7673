"""kill -9, of whom and when you like."""

import contextlib
import os
import signal
import time

import httpx
import pytest

from tests.faults.conftest import Count
from tests.faults.oracle import judge
from tests.support.processes import PATIENCE, runners, wait_until, workers
from tests.system.site import Server, Site


def kill(*pids: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def wait_for_a_start_after(site: Site, moment: float) -> float:
    """Seconds from then (of the monotonic clock) until the next task started."""

    def later() -> list[int]:
        return [entry.at for entry in site.ledger() if entry.phase == "start" and entry.at > moment * 1e9]

    wait_until(lambda: bool(later()), "a start")
    return min(later()) / 1e9 - moment


@pytest.mark.fault(
    "SIGKILL to every runner, in the middle of their tasks", "their tasks are tried again; no attempt is counted"
)
def test_kill9_runner(site: Site, tally: Count) -> None:
    server = site.serve()
    for number in range(40):
        server.add("sleep_unordered", number, seconds=0.1)
    site.wait_for([0], "start")
    (worker,) = workers(server.pid)
    moment = time.monotonic()
    kill(*runners(worker))
    recovery = wait_for_a_start_after(site, moment)
    jobs = site.wait_until_finished(40)
    assert {job.attempt for job in jobs.values()} == {1}
    tally(judge(site, range(40), twice_at_most=0, recovery=recovery))


@pytest.mark.fault(
    "SIGKILL to the worker, its runners in the middle of their tasks", "another is started, and rescues what the dead one ran"
)
def test_kill9_worker(site: Site, tally: Count) -> None:
    server = site.serve()
    for number in range(60):
        server.add("sleep", number, seconds=0.1)
    site.wait_for([0], "start")
    moment = time.monotonic()
    kill(*workers(server.pid))
    recovery = wait_for_a_start_after(site, moment)
    site.wait_until_finished(60)
    tally(judge(site, range(60), twice_at_most=32, recovery=recovery))


@pytest.mark.fault("SIGKILL to API, worker and runners at once, then a restart", "all that was accepted runs")
def test_kill9_tree(site: Site, tally: Count) -> None:
    server = site.serve()
    for number in range(60):
        server.add("sleep", number, seconds=0.1)
    site.wait_for([0])
    (worker,) = workers(server.pid)
    kill(server.pid, worker, *runners(worker))
    server.process.wait()
    moment = time.monotonic()
    site.serve()
    recovery = wait_for_a_start_after(site, moment)
    site.wait_until_finished(60)
    tally(judge(site, range(60), twice_at_most=32, recovery=recovery))


def add_until_it_dies(server: Server, numbers: range) -> tuple[set[int], set[int]]:
    """The numbers that were accepted, and those whose fate the client does not know."""
    accepted: set[int] = set()
    for number in numbers:
        try:
            httpx.post(f"{server.address}/add/sleep/{number}", timeout=PATIENCE).raise_for_status()
        except httpx.TransportError:
            server.process.wait(PATIENCE)
            return accepted, {number}
        accepted.add(number)
    raise AssertionError("it did not die")


@pytest.mark.fault("the API kills itself as it is about to commit", "the client has no answer, and the task never runs")
def test_kill9_api_before_commit(site: Site, tally: Count) -> None:
    server = site.serve(worker=False, CRASH_API="Written:20")
    accepted, unknown = add_until_it_dies(server, range(50))
    site.work()
    site.wait_until_finished(len(accepted))
    tally(judge(site, accepted, refused=unknown))


@pytest.mark.fault("the API kills itself between COMMIT and response", "the client has no answer, and the task runs")
def test_kill9_api_after_commit(site: Site, tally: Count) -> None:
    server = site.serve(worker=False, CRASH_API="Added:20")
    accepted, unknown = add_until_it_dies(server, range(50))
    moment = time.monotonic()
    site.work()
    recovery = wait_for_a_start_after(site, moment)
    site.wait_until_finished(len(accepted) + 1)
    tally(judge(site, accepted | unknown, recovery=recovery))
