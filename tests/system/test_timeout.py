"""Attempts that take longer than they may are ended, whatever they hang in, and their neighbours come to no harm."""

import pytest

from afterword.jobs.job import State
from tests.support.processes import runners, workers
from tests.system.site import Site

pytestmark = pytest.mark.process


# Functions: tests/faults/test_tasks.py, hang_forever.
@pytest.mark.parametrize("name", ["waiting", "spinning_async", "ignoring"])
def test_a_coroutine_that_hangs_is_ended_and_tried_again(site: Site, name: str) -> None:
    server = site.serve("hanging:app")
    server.add(name, 1)
    job = site.wait_until_finished(1)[1]
    assert (job.state, job.attempt, job.crashes) == (State.FAILED, 2, 0)
    assert job.error is not None
    assert "it took longer than its timeout of 0.5 s" in job.error
    assert site.starts()[1] == 2


def test_a_coroutine_is_cancelled_without_the_end_of_its_runner(site: Site) -> None:
    server = site.serve("hanging:app", AFTERWORD_RUNNERS="1")
    server.add("neighbour", 1)
    site.wait_for([1], "start")
    (worker,) = workers(server.pid)
    before = set(runners(worker))
    server.add("waiting", 2)
    jobs = site.wait_until_finished(2)
    assert [job.state for _, job in sorted(jobs.items())] == [State.SUCCEEDED, State.FAILED]
    assert before <= set(runners(worker))


def test_its_neighbours_are_let_end_first(site: Site) -> None:
    server = site.serve("hanging:app", AFTERWORD_RUNNERS="1")
    for number in range(3):
        server.add("neighbour", number)
    site.wait_for(range(3), "start")
    server.add("sleeping", 3)
    jobs = site.wait_until_finished(4)
    assert jobs.pop(3).state is State.FAILED
    assert {(job.state, job.attempt) for job in jobs.values()} == {(State.SUCCEEDED, 1)}
    assert set(site.ends().values()) == {1}
