"""Somebody sets the clock while tasks run, wait for their retry, and arrive."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from afterword.jobs.job import State
from tests.faults.conftest import Count
from tests.faults.oracle import judge
from tests.faults.strangers import APP, SOON, work
from tests.faults.test_kills import wait_for_a_start_after
from tests.support.processes import wait_until
from tests.system.site import Site

HOUR = 3600.0
DAY = 24 * HOUR


def set_clock(site: Site, seconds: float) -> float:
    """Let the worker's clock be off by so much; answers when that was, on the monotonic clock, which never jumps."""
    new = site.folder / "clock.new"
    new.write_text(str(seconds))
    new.replace(site.folder / "clock.txt")
    return time.monotonic()


@contextmanager
def running(site: Site, patience: float) -> Iterator[Path]:
    """A worker in the middle of a long task (0), with a retry pending (1)."""
    server = site.serve(APP, worker=False)
    _, log = work(site, SOON)
    server.add("sleep", 0, seconds=patience)
    server.add("fail_once", 1)
    site.wait_for([0, 1], "start")
    wait_until(lambda: site.jobs()[1].state is State.QUEUED, "the pending retry")
    yield log
    for number in range(2, 6):
        server.add("sleep", number)
    server.add("fail_once", 6)


def nothing_was_rescued(site: Site, log: Path) -> bool:
    return "rescued" not in log.read_text() and all(job.lost == 0 for job in site.jobs().values())


@pytest.mark.long
@pytest.mark.parametrize("jump", [HOUR, DAY], ids=["an_hour", "a_day"])
@pytest.mark.fault(
    "the wall clock is set forward between claim and settle, with a retry pending",
    "no lease runs out by it; retries whose time has come by that clock run at once; nothing waits longer than it should",
)
def test_clock_jump_forward(site: Site, tally: Count, jump: float) -> None:
    with running(site, 4.0) as log:
        moment = set_clock(site, jump)
    recovery = wait_for_a_start_after(site, moment)
    site.wait_until_finished(7)
    assert nothing_was_rescued(site, log)
    tally(judge(site, range(7), recovery=recovery))


@pytest.mark.parametrize("jump", [pytest.param(-HOUR, id="an_hour"), pytest.param(-DAY, marks=pytest.mark.long, id="a_day")])
@pytest.mark.fault(
    "the wall clock is set back between claim and settle, with a retry pending, and later put right",
    "no lease runs on by it, and what is ready runs, as do new retries; a pending one waits for its time by the clock",
)
def test_clock_jump_back(site: Site, tally: Count, jump: float) -> None:
    with running(site, 4.0) as log:
        moment = set_clock(site, jump)
    recovery = wait_for_a_start_after(site, moment)
    others = [0, *range(2, 7)]
    site.wait_for(others)
    wait_until(lambda: all(site.jobs()[number].state.finished for number in others), "the end of all but the pending retry")
    waiting = site.jobs()[1]
    # It waits for the moment that was named when it failed: as long as the clock was set back, and no longer.
    assert waiting.state is State.QUEUED
    assert waiting.run_at < (time.time() + 60) * 1e6
    set_clock(site, 0.0)
    site.wait_until_finished(7)
    assert nothing_was_rescued(site, log)
    tally(judge(site, range(7), recovery=recovery))
