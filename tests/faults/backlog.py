"""Many jobs at once, written down as the application would have done it."""

from collections.abc import Sequence
from typing import Any

import httpx

from afterword.jobs.job import Job, State
from afterword.stores.store import Query
from afterword.tasks.call import new_id
from tests.support.processes import PATIENCE, wait_until
from tests.system.site import Server, Site

_BATCH = 1000


def pour(site: Site, server: Server, path: str, numbers: Sequence[int], **options: Any) -> None:
    """Ready jobs, for a `server` that keeps no worker. The first is added by the application, at `path`, and shows how the
    others are written."""
    httpx.post(f"{server.address}/{path}/{numbers[0]}", params=options, timeout=PATIENCE).raise_for_status()
    with site.store() as store:
        wait_until(lambda: site.jobs()[numbers[0]].state is not State.HELD, "the release")
        sample = site.jobs()[numbers[0]]
        assert sample.arguments.count(str(numbers[0]).encode()) == 1, "the number of the sample must be found in it"
        jobs = [_like(sample, numbers[0], number) for number in numbers[1:]]
        for start in range(0, len(jobs), _BATCH):
            store.add(jobs[start : start + _BATCH]).result(PATIENCE)


def all_jobs(site: Site) -> Sequence[Job]:
    """Also where several have the same number."""
    with site.store() as store:
        return store.find(Query(limit=100_000)).result(PATIENCE)


def wait_until_run_out(site: Site, count: int, patience: float = PATIENCE) -> None:
    """Until so many jobs have finished and none waits or runs: counted, since to read them all takes a while."""
    with site.store() as store:

        def done() -> bool:
            counts = store.count().result(PATIENCE)
            return sum(counts.values()) == count == sum(n for state, n in counts.items() if state.finished)

        wait_until(done, f"the end of {count} jobs", patience)


def _like(sample: Job, old: int, new: int) -> Job:
    arguments = sample.arguments.replace(str(old).encode(), str(new).encode())
    return sample._replace(id=new_id(), arguments=arguments, state=State.QUEUED, owner=None, after=None)
