"""The whole chain: a request, the store, a worker, its runner, Celery's broker, Celery's worker, and the way back."""

from collections.abc import Iterator

import pytest

from afterword.jobs.job import State
from tests.system.engines import Engines, engines
from tests.system.site import Site
from tests.support.processes import descendants

pytestmark = pytest.mark.process


@pytest.fixture
def mill(site: Site) -> Iterator[Engines]:
    with engines(site) as made:
        yield made


def test_what_is_handed_to_celery_runs_in_its_worker_and_the_result_comes_back(site: Site, mill: Engines) -> None:
    worker = mill.celery()
    server = site.serve("handing:app")
    names = ["grind", "grind_async", "haul", "polish", "insist"]
    ids = {number: server.add(name, number)["ids"][0] for number, name in enumerate(names)}

    jobs = site.wait_until_finished(len(names))

    assert {number: job.id for number, job in jobs.items()} == ids
    assert {job.state for job in jobs.values()} == {State.SUCCEEDED}
    assert [jobs[number].result for number in ids] == [b"0", b"1", b"2", b"3", b"2"]
    assert {entry.pid for entry in site.ledger()} <= set(descendants(worker.pid))
    assert set(site.ends().values()) == {1}


