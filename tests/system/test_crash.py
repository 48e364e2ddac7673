"""Tasks that take their runner along."""

import pytest

from afterword.jobs.job import State
from tests.system.site import Site

pytestmark = pytest.mark.process


@pytest.mark.parametrize(("name", "cause"), [("segfault", "segmentation fault"), ("leave", "exited with 3")])
def test_poison_is_found_and_named_after_three_crashes_alone(site: Site, name: str, cause: str) -> None:
    server = site.serve()
    server.add(name, 1)
    job = site.wait_until_finished(1)[1]
    assert job.state is State.FAILED
    assert job.crashes == 3
    assert job.attempt == 0
    assert job.error == f"it ended its runner 3 times while nothing else ran there: {cause}"
    # Once among others, three times alone.
    assert site.starts()[1] == 4


def test_the_innocent_among_the_suspects_end_normally_and_lose_no_attempt(site: Site) -> None:
    server = site.serve(AFTERWORD_RUNNERS="1")
    for number in range(7):
        server.add("sleep", number, seconds=1.5)
    site.wait_for(range(7), "start")
    server.add("segfault", 7)
    jobs = site.wait_until_finished(8)
    assert jobs.pop(7).state is State.FAILED
    assert {job.state for job in jobs.values()} == {State.SUCCEEDED}
    assert {(job.attempt, job.crashes) for job in jobs.values()} == {(1, 0)}
    assert set(site.ends().values()) == {1}


def test_a_task_that_kills_its_runner_once_runs_again_and_succeeds(site: Site) -> None:
    server = site.serve()
    server.add("kill_once", 1)
    job = site.wait_until_finished(1)[1]
    assert (job.state, job.attempt, job.crashes) == (State.SUCCEEDED, 1, 0)
    assert site.starts()[1] == 2


def test_an_outcome_that_died_with_its_runner_is_made_again(site: Site) -> None:
    server = site.serve()
    server.add("leave_after", 1)
    job = site.wait_until_finished(1)[1]
    assert (job.state, job.attempt, job.crashes) == (State.SUCCEEDED, 1, 0)
    assert site.ends()[1] == 2


def test_at_most_once_is_not_run_again_after_a_crash(site: Site) -> None:
    server = site.serve(AFTERWORD_RUNNERS="1")
    server.add("sleep_once", 1, seconds=1)
    site.wait_for([1], "start")
    server.add("segfault", 2)
    jobs = site.wait_until_finished(2)
    assert jobs[1].state is State.FAILED
    assert jobs[1].error == "segmentation fault; it runs at most once, so it is not tried again"
    assert site.starts()[1] == 1


def test_at_most_once_is_not_run_again_after_its_worker_is_killed(site: Site) -> None:
    server = site.serve(worker=False)
    server.add("sleep_once", 1, seconds=600)
    dying = site.work()
    site.wait_for([1], "start")
    dying.kill()
    site.work()
    job = site.wait_until_finished(1)[1]
    assert job.state is State.FAILED
    assert site.starts()[1] == 1
