"""Who is to blame for a runner's death, and what becomes of those who waited."""

from collections.abc import Callable, Sequence

import pytest

from afterword.clock import SECOND
from afterword.events import nobody
from afterword.jobs.job import Job
from afterword.jobs.outcome import Crashed, Failed, Interrupted, Succeeded
from afterword.jobs.retry import Retry
from afterword.launch import Launch
from afterword.worker import pool
from afterword.worker.blame import blame
from afterword.worker.placing import Seat
from afterword.worker.pool import Pool
from afterword.worker.runner import Audience, Death


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
        "a": Interrupted("its runner was ended, since main:send took longer than its timeout there", started=True, alone=True),
        "b": Failed("it took longer than its timeout of 1.5 s, so its runner was ended", alone=True),
    }


def test_a_kill_of_our_own_is_nobodys_fault() -> None:
    assert {job.id: outcome for job, outcome in blame(death(ours=True), alone=True)} == {
        "a": Interrupted("its worker stopped it", started=True),
        "b": Interrupted("its worker stopped it", started=True),
        "c": Interrupted("its runner ended: segmentation fault", started=False),
    }


class StandIn:
    """A runner that takes jobs and does nothing."""

    pid = 1
    ready = True
    exclusive = False

    def __init__(self, launch: Launch, life: str | None, audience: Audience) -> None:
        self.jobs: list[Job] = []

    @property
    def seat(self) -> Seat:
        return Seat(load=len(self.jobs), ready=True, exclusive=self.exclusive)

    def look(self, now: int) -> bool:
        return False

    def enforce(self, now: int) -> bool:
        return False

    def hand(self, jobs: Sequence[Job], now: int) -> None:
        self.jobs += jobs


@pytest.fixture
def runners(monkeypatch: pytest.MonkeyPatch) -> list[StandIn]:
    """Those that a pool starts from now on, at leisure at once."""
    started: list[StandIn] = []

    def start(launch: Launch, life: str | None, audience: Audience, steady: Callable[[], int], begun: None) -> StandIn:
        started.append(StandIn(launch, life, audience))
        return started[-1]

    monkeypatch.setattr(pool, "Runner", start)
    return started


def make(ceiling: int) -> Pool:
    """With one runner more than the ceiling."""
    launch = Launch(store="memory", app="main:app", path=(), runners=ceiling)
    it = Pool(launch, None, lambda outcomes: None, nobody, lambda: 1)
    for _ in range(ceiling + 1):
        it._start()
    return it


def test_the_time_that_the_first_runner_took_to_come_is_no_time_for_which_all_were_busy(runners: list[StandIn]) -> None:
    now = 1
    it = Pool(Launch(store="memory", app="main:app", path=()), None, lambda outcomes: None, nobody, lambda: now)
    it.review()
    [first] = runners
    it.ready(first)  # type: ignore[arg-type]
    it.take([job("long")])

    now += round(pool.PATIENCE * SECOND)
    it.review()
    assert runners == [first]
    now += round(pool.PATIENCE * SECOND)
    it.review()
    assert len(runners) == 2


def test_a_suspect_that_waited_for_another_goes_to_the_runner_at_leisure_when_that_one_dies(runners: list[StandIn]) -> None:
    it = make(1)
    first, second = runners
    it.take([job("ordinary")])
    it.take([job("killer")._replace(alone=True), job("suspect")._replace(alone=True)])
    first.jobs.clear()
    assert [one.id for one in second.jobs] == ["killer"]

    it.died(second, Death("segmentation fault", False, None, started=(second.jobs[0],), unstarted=()))  # type: ignore[arg-type]

    assert [one.id for one in first.jobs] == ["suspect"]


def test_of_those_that_lost_many_workers_one_runs_at_a_time(runners: list[StandIn]) -> None:
    """Else the innocent would lose another with each that the guilty one ends."""
    it = make(2)
    lost = [job(id)._replace(alone=True, lost=3) for id in ("innocent", "killer")]

    it.take([*lost, job("suspect")._replace(alone=True), job("ordinary")])

    assert sorted(one.id for runner in runners for one in runner.jobs) == ["innocent", "ordinary", "suspect"]
    [busy] = [runner for runner in runners if [one.id for one in runner.jobs] == ["innocent"]]
    ended = [(busy.jobs.pop(), Succeeded())]
    busy.exclusive = False
    it.ended(busy, ended)  # type: ignore[arg-type]
    it.settled([(job("ordinary"), Succeeded())])
    assert not busy.jobs, "the end of the innocent one is not written down, and would be lost"
    it.settled(ended)
    assert [one.id for one in busy.jobs] == ["killer"]
