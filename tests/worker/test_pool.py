"""Who is to blame for a runner's death."""

from afterword.jobs.job import Job
from afterword.jobs.outcome import Crashed, Failed, Interrupted
from afterword.jobs.retry import Retry
from afterword.worker.pool import blame
from afterword.worker.runner import Death


def job(id: str) -> Job:
    return Job(id=id, app="main:app", task="main:send", arguments=b"{}", added_at=0, retry=Retry())


def death(*, ours: bool = False) -> Death:
    return Death("segmentation fault", ours, None, started=(job("a"), job("b")), unstarted=(job("c"),))


def test_all_that_had_begun_are_suspects_and_the_rest_is_innocent() -> None:
    assert {job.id: outcome for job, outcome in blame(death(), alone=False)} == {
        "a": Crashed("segmentation fault", alone=False),
        "b": Crashed("segmentation fault", alone=False),
        "c": Interrupted("its runner ended: segmentation fault", started=False),
    }


def test_one_that_was_alone_is_to_blame() -> None:
    assert {j.id: o for j, o in blame(death(), alone=True)}["a"] == Crashed("segmentation fault", alone=True)


def test_one_whose_time_was_up_has_failed_and_its_neighbours_have_not() -> None:
    death = Death("killed", True, None, started=(job("a"),), unstarted=(), late=(job("b")._replace(timeout=1_500_000),))

    assert {job.id: outcome for job, outcome in blame(death, alone=False)} == {
        "a": Interrupted("its worker stopped it", started=True),
        "b": Failed("it took longer than its timeout of 1.5 s, so its runner was ended"),
    }


def test_a_kill_of_our_own_is_nobodys_fault() -> None:
    assert {job.id: outcome for job, outcome in blame(death(ours=True), alone=True)} == {
        "a": Interrupted("its worker stopped it", started=True),
        "b": Interrupted("its worker stopped it", started=True),
        "c": Interrupted("its runner ended: segmentation fault", started=False),
    }
