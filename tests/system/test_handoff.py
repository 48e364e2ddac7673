"""The whole chain: a request, the store, a worker, its runner, Celery's broker, Celery's worker, and the way back."""

import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from afterword.jobs.job import Job, State
from tests.support.processes import PATIENCE, descendants, wait_until
from tests.system.engines import Engines, engines
from tests.system.site import Server, Site

pytestmark = pytest.mark.process


@pytest.fixture
def mill(site: Site) -> Iterator[Engines]:
    with engines(site) as made:
        yield made


def states(site: Site) -> dict[int, State]:
    return {number: job.state for number, job in site.jobs().items()}


def wait_for_state(site: Site, state: State, *numbers: int) -> None:
    wait_until(lambda: all(states(site).get(number) is state for number in numbers), f"{numbers} to be {state.word}")


def tell(site: Site, *words: str) -> str:
    """What `afterword jobs` says, on both of its outputs."""
    command = [sys.executable, "-m", "afterword", "jobs", *words, "--store", site.url]
    done = subprocess.run(command, cwd=site.folder, capture_output=True, text=True, timeout=PATIENCE, check=False)
    return done.stdout + done.stderr


def add_several(server: Server, names: str, number: int) -> None:
    httpx.post(f"{server.address}/several/{names}/{number}", timeout=PATIENCE).raise_for_status()


# Results, failures, attempts


def test_what_is_handed_to_celery_runs_in_its_worker_and_the_result_comes_back(site: Site, mill: Engines) -> None:
    worker = mill.celery(concurrency=1)  # Of two, one may write that it tries again after the other's success: it is lost then.
    server = site.serve("handing:app")
    names = ["grind", "grind_async", "haul", "polish", "insist"]
    ids = {number: server.add(name, number)["ids"][0] for number, name in enumerate(names)}

    jobs = site.wait_until_finished(len(names))

    assert {number: job.id for number, job in jobs.items()} == ids
    assert {number: job.error for number, job in jobs.items() if job.state is not State.SUCCEEDED} == {}
    assert [jobs[number].result for number in ids] == [b"0", b"1", b"2", b"3", b"2"]
    assert {job.via for job in jobs.values()} == {"heavy"}
    assert {entry.pid for entry in site.ledger()} <= set(descendants(worker.pid))
    assert set(site.ends().values()) == {1}


def test_failures_come_back_and_are_tried_again_by_our_policy_or_by_theirs(site: Site, mill: Engines) -> None:
    mill.celery(concurrency=1)  # As above.
    server = site.serve("handing:app")
    for number, name in enumerate(["stumble", "fail", "break_off", "insist"]):
        server.add(name, number)

    jobs = site.wait_until_finished(4)

    assert [jobs[number].state for number in range(4)] == [State.SUCCEEDED, State.FAILED, State.FAILED, State.SUCCEEDED]
    assert [jobs[number].attempt for number in range(4)] == [3, 1, 1, 1]
    assert site.starts() == {0: 3, 1: 1, 2: 1, 3: 3}
    assert "ValueError: number 1 fails" in (jobs[1].error or "")
    assert "afterword" not in (jobs[1].error or "").split("handing.py")[0]
    assert "ValueError: number 2 breaks off" in (jobs[2].error or "")


def test_tasks_of_a_request_follow_one_another_wherever_they_run(site: Site, mill: Engines) -> None:
    mill.celery(concurrency=3)
    server = site.serve("handing:app")
    add_several(server, "grind-here-polish-fail-here-grind_async", 0)

    site.wait_until_finished(6)

    told = [(entry.number, entry.phase) for entry in site.ledger() if entry.number != 3]
    assert told == [(number, phase) for number in (0, 1, 2, 4, 5) for phase in ("start", "end")]


def test_what_is_handed_to_rq_runs_in_its_worker_and_what_became_of_it_comes_back(site: Site, mill: Engines) -> None:
    worker = mill.rq()
    server = site.serve("handing:app")
    names = ["write", "write_async", "compile_report", "publish", "stumble_in_rq", "fail_in_rq", "tear"]
    ids = {number: server.add(name, number)["ids"][0] for number, name in enumerate(names)}

    jobs = site.wait_until_finished(len(names))

    assert {number: job.id for number, job in jobs.items()} == ids
    assert [job.state for _, job in sorted(jobs.items())] == [State.SUCCEEDED] * 5 + [State.FAILED] * 2
    assert [jobs[number].result for number in range(5)] == [b"0", b"1", b"2", b"3", b"4"]
    assert "ValueError: number 5 fails" in (jobs[5].error or "")
    assert "ValueError: number 6 tears" in (jobs[6].error or "")
    assert {job.via for job in jobs.values()} == {"reports"}
    assert {entry.parent for entry in site.ledger()} == {worker.pid}
    assert site.starts() == {0: 1, 1: 1, 2: 1, 3: 1, 4: 3, 5: 1, 6: 1}


def test_tasks_of_a_request_follow_one_another_through_both_engines(site: Site, mill: Engines) -> None:
    mill.celery()
    mill.rq()
    server = site.serve("handing:app")
    add_several(server, "grind-write-here-publish-polish", 0)

    site.wait_until_finished(5)

    told = [(entry.number, entry.phase) for entry in site.ledger()]
    assert told == [(number, phase) for number in range(5) for phase in ("start", "end")]


# What a person sees and wishes


def test_a_job_that_celery_has_is_shown_and_cancelled_before_it_starts(site: Site, mill: Engines) -> None:
    server = site.serve("handing:app")
    ids = [server.add("grind", 0)["ids"][0], server.add("polish", 1)["ids"][0], server.add("grind", 2)["ids"][0]]
    wait_for_state(site, State.HANDED_OFF, 0, 1, 2)

    assert "3 handed_off" in tell(site, "list")
    assert "heavy has it\n" in tell(site, "show", ids[0])
    assert tell(site, "cancel", *ids[:2]).splitlines() == [
        f"{ids[0]} handing:grind: its engine is told to cancel it",
        f"{ids[1]} mill.polish: its engine is told to cancel it",
    ]

    wait_for_state(site, State.CANCELLED, 0, 1)
    mill.celery()
    jobs = site.wait_until_finished(3)
    assert jobs[0].error == "cancelled before it started"
    assert jobs[1].error == "taken out of Celery before it had ended"
    assert site.starts() == {2: 1}


@pytest.mark.parametrize("name", ["linger", "linger_in_celery", "linger_writing", "linger_in_rq"])
def test_a_job_that_runs_there_is_cancelled_there_and_can_be_tried_again(site: Site, mill: Engines, name: str) -> None:
    if name in ("linger", "linger_in_celery"):
        mill.celery()
    else:
        mill.rq()
    server = site.serve("handing:app")
    (id,) = server.add(name, 1)["ids"]
    site.wait_for([1], "start")

    tell(site, "cancel", id)

    wait_for_state(site, State.CANCELLED, 1)
    assert not site.ends()
    assert "queued again" in tell(site, "retry", id)
    wait_until(lambda: site.starts()[1] == 2, "the second attempt")
    assert site.wait_until_finished(1)[1].state is State.SUCCEEDED
    assert site.ends() == {1: 1}


# Engines that are not there


def test_while_the_broker_is_away_jobs_wait_as_queued_and_then_go_in_their_order(site: Site, mill: Engines) -> None:
    mill.broker.kill()
    server = site.serve("handing:app", AFTERWORD_RUNNERS="1")
    ids = [server.add("grind_unordered", number)["ids"][0] for number in range(20)]

    def told() -> bool:
        return all("heavy is away" in (job.error or "") for job in site.jobs().values())

    wait_until(told, "the reason")
    assert set(states(site).values()) <= {State.QUEUED, State.RUNNING}
    shown = tell(site, "show", ids[3])
    assert "state    queued\n         waits until " in shown
    assert "error\n  heavy is away: the result backend of Celery cannot be reached: " in shown

    mill.broker.start()
    mill.celery(concurrency=1)
    site.wait_until_finished(20)
    assert [entry.number for entry in site.ledger() if entry.phase == "start"] == list(range(20))
    assert set(site.ends().values()) == {1}


def test_an_engine_that_is_away_holds_up_no_task_of_ours(site: Site, mill: Engines) -> None:
    mill.broker.kill()
    server = site.serve("handing:app")
    for number in range(40):
        server.add("grind", number)
    server.add("here", 100)

    site.wait_for([100], patience=5.0)


def test_a_task_that_no_engine_runs_is_refused_when_it_is_added(site: Site, mill: Engines) -> None:
    server = site.serve("handing:app")

    response = httpx.post(f"{server.address}/add/puff/1", timeout=PATIENCE)

    assert response.status_code == 500
    said = (
        "handing:puff is to be handed off via 'steam', which is no engine of this application; it has heavy, reports. "
        "Name it: Afterword(app, handoff={'steam': ...})."
    )
    wait_until(lambda: said in server.log.read_text(), "the reason")
    assert not site.jobs()


# Other applications


def test_without_runners_the_application_hands_its_jobs_off_by_itself(site: Site, mill: Engines) -> None:
    server = site.serve("handing_only:app", AFTERWORD_WORKER="handoff")
    add_several(server, "grind-polish-fail-grind_async", 0)
    server.add("stumble", 10)
    wait_for_state(site, State.HANDED_OFF, 0, 10)
    worker = mill.celery()

    jobs = site.wait_until_finished(5)

    assert not descendants(server.pid)
    assert {entry.pid for entry in site.ledger()} <= set(descendants(worker.pid))
    assert [jobs[number].state.word for number in (0, 1, 2, 3, 10)] == [
        "succeeded", "succeeded", "failed", "succeeded", "succeeded",
    ]  # fmt: skip
    assert jobs[10].attempt == 3


def test_without_runners_what_no_engine_runs_waits_for_a_worker(site: Site, mill: Engines) -> None:
    mill.celery()
    server = site.serve("handing_only:app", AFTERWORD_WORKER="handoff")
    server.add("here", 1)
    server.add("grind", 2)
    site.wait_for([2])
    wait_for_state(site, State.SUCCEEDED, 2)
    assert states(site)[1] is State.QUEUED

    site.work(app="handing_only:app")
    site.wait_until_finished(2)


def test_a_factory_is_called_for_its_engines(site: Site, mill: Engines) -> None:
    mill.celery()
    server = site.serve("handing_factory:create_app", "--factory")
    server.add("grind", 1)
    server.add("polish", 2)

    jobs: dict[int, Job] = site.wait_until_finished(2)

    assert {job.state for job in jobs.values()} == {State.SUCCEEDED}
    assert {job.app for job in jobs.values()} == {"handing_factory:create_app"}


def test_a_task_of_celerys_own_brings_its_engine_along(site: Site, mill: Engines) -> None:
    mill.celery()
    server = site.serve("handing_factory:create_app", "--factory", NO_ENGINES="1")
    server.add("polish", 1)

    job = site.wait_until_finished(1)[1]

    assert (job.state, job.via, job.result) == (State.SUCCEEDED, "celery", b"1")
