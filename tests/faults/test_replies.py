"""It was written down, and whoever asked for it never heard."""

import signal
import time

import pytest

from tests.faults.conftest import Count
from tests.faults.oracle import judge
from tests.faults.test_kills import add_until_it_dies, wait_for_a_start_after
from tests.support.processes import PATIENCE
from tests.system.site import Site


@pytest.mark.fault(
    "its process dies between the commit of this verb and the answer", "what was added runs; only what was in hand runs twice"
)
@pytest.mark.parametrize("verb", ["add", "release", "claim", "settle"])
def test_lost_reply(site: Site, tally: Count, verb: str) -> None:
    moment = {"add": "Added:7", "release": "Released:7", "claim": "Claimed:3", "settle": "Settled:5"}[verb]
    numbers = lose_as_api(site, moment) if verb in ("add", "release") else lose_as_worker(site, moment)
    settled = {number for number, job in site.jobs().items() if job.state.finished}
    died = time.monotonic()
    site.work()
    recovery = wait_for_a_start_after(site, died)
    site.wait_until_finished(len(numbers))
    assert not settled & {number for number, count in site.starts().items() if count > 1}
    tally(judge(site, numbers, twice_at_most=4 if verb in ("claim", "settle") else 0, recovery=recovery))


def lose_as_api(site: Site, moment: str) -> set[int]:
    """What an API that dies then has written down."""
    server = site.serve(worker=False, CRASH_API=moment)
    accepted, unknown = add_until_it_dies(server, range(50))
    added = set(site.jobs())
    assert accepted <= added <= accepted | unknown
    return added


def lose_as_worker(site: Site, moment: str) -> set[int]:
    """What was added, of which a worker that died then had taken up to four into its hands."""
    server = site.serve(worker=False)
    numbers = set(range(20))
    for number in numbers:
        server.add("sleep", number, seconds=0.01)
    dying = site.work(moment, concurrency=4, runners=1)
    assert dying.wait(PATIENCE) == -signal.SIGKILL
    return numbers
