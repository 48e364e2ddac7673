"""More than enough of everything: jobs, writers, and a reader that does not leave."""

import statistics
import threading
import time
from collections.abc import Sequence

import httpx
import pytest

from tests.faults.backlog import pour, wait_until_run_out
from tests.faults.conftest import Count
from tests.faults.oracle import judge
from tests.support.processes import PATIENCE
from tests.system.site import Server, Site

MILLION = 1_000_000


@pytest.mark.fault(
    "three API processes add at a steady rate while a worker claims and settles without a pause",
    "99 of 100 are written down within 50 ms",
)
@pytest.mark.parametrize("seconds", [2, pytest.param(20, marks=pytest.mark.long)])
def test_starving_writers(site: Site, tally: Count, seconds: int) -> None:
    """The best of three spans: a machine that is busy otherwise is not what starves them."""
    servers = [site.serve("callers:app", worker=False) for _ in range(3)]
    hot = range(100_000, 100_000 + 4000 * seconds)
    pour(site, servers[0], "add", hot)
    site.work(app="callers:app")
    site.wait_for_more(10)
    accepted = set(hot)
    spans: list[float] = []
    for turn in range(3):
        took = add_steadily(servers, 1000 * turn, seconds / 3, accepted)
        spans.append(statistics.quantiles(took, n=100)[98])
    assert not site.ends().keys() >= set(hot), "the worker had nothing left to do"
    assert min(spans) <= 0.05, spans
    wait_until_run_out(site, len(accepted), 120)
    tally(judge(site, accepted))


def add_steadily(servers: Sequence[Server], first: int, seconds: float, accepted: set[int]) -> list[float]:
    """Twenty a second to each server; the seconds that each took, by the server's own clock."""
    took: list[float] = []

    def add(which: int, server: Server) -> None:
        with httpx.Client(timeout=PATIENCE) as client:
            began = time.monotonic()
            for step in range(int(20 * seconds)):
                time.sleep(max(0.0, began + step / 20 - time.monotonic()))
                number = first + 10_000 * which + step
                took.append(client.post(f"{server.address}/add/{number}").raise_for_status().json())
                accepted.add(number)

    threads = [threading.Thread(target=add, args=entry) for entry in enumerate(servers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return took
