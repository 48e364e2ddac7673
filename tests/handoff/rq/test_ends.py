"""Whatever becomes of a job in RQ has a name here: taken back, deleted, killed."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rq.command import send_stop_job_command

from afterword.handoff.engine import Underway
from afterword.handoff.rq.sightings import DELETED, DELETED_WHILE_IT_RAN, STUCK
from afterword.jobs.outcome import Cancelled, Crashed, Failed, Succeeded
from tests.handoff.rq.bench import Bench, bench
from tests.support.processes import wait_until
from tests.support.valkey import Valkey, valkey

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with valkey() as server:
        yield server


@pytest.fixture
def site(server: Valkey, tmp_path: Path) -> Iterator[Bench]:
    with server.client() as client:
        client.flushall()
    with bench(tmp_path, server.url) as site:
        yield site


def test_one_that_waits_is_taken_back(site: Bench) -> None:
    handed = site.offer("double", number=1)
    site.engine.cancel([handed])
    site.engine.cancel([handed])
    assert isinstance(site.look(handed), Cancelled)
    site.worker("--burst").wait()
    assert site.lines() == []


def test_one_that_runs_is_stopped(site: Bench) -> None:
    site.worker()
    handed = site.offer("hold", name="it")
    site.wait_for("hold it")
    site.engine.cancel([handed])
    assert site.end(handed) == Cancelled("stopped in RQ while it ran")
    following = site.offer("double", number=1)
    assert site.end(following) == Succeeded(b"2")


def test_one_that_has_ended_has_ended(site: Bench) -> None:
    site.worker()
    handed = site.offer("double", number=1)
    assert site.end(handed) == Succeeded(b"2")
    site.engine.cancel([handed])
    assert site.look(handed) == Succeeded(b"2")


def test_one_that_was_taken_back_and_is_wanted_after_all_runs(site: Bench) -> None:
    handed = site.offer("double", number=1)
    site.engine.cancel([handed])
    assert isinstance(site.look(handed), Cancelled)
    again = site.offer("double", id=handed.id, token=4, number=1)
    site.worker()
    assert site.end(again) == Succeeded(b"2")
    assert site.lines() == ["double 1"]


def test_what_people_do_in_rq_is_seen(site: Bench) -> None:
    site.worker()
    handed = site.offer("hold", name="it")
    site.wait_for("hold it")
    waiting = site.offer("double", number=1)
    site.job(waiting).cancel()
    assert site.end(waiting) == Cancelled("cancelled in RQ")
    send_stop_job_command(site.client, handed.id)
    assert site.end(handed) == Cancelled("stopped in RQ while it ran")


def test_one_that_was_deleted_before_it_began_has_failed(site: Bench) -> None:
    handed = site.offer("double", number=1)
    site.job(handed).delete()
    assert site.look(handed) == Failed(DELETED, retry=False)


def test_one_that_was_deleted_while_it_ran_goes_on_and_is_heard_of(site: Bench) -> None:
    site.worker()
    handed = site.offer("hold", name="it")
    site.wait_for("hold it")
    site.job(handed).delete()
    assert isinstance(site.look(handed), Underway)
    site.let_go("it")
    assert site.end(handed) == Succeeded(b'"it"')


def test_one_that_was_deleted_while_it_ran_and_is_heard_of_no_more_has_failed(site: Bench) -> None:
    worker = site.worker()
    handed = site.offer("hold", name="it")
    site.wait_for("hold it")
    site.job(handed).delete()
    site.kill(worker)
    assert site.end(handed) == Failed(DELETED_WHILE_IT_RAN, retry=False)


def test_a_horse_that_is_killed_is_a_crash(site: Bench) -> None:
    site.worker()
    handed = site.offer("hold", name="it")
    site.wait_for("hold it")
    os.kill(site.pid("hold it"), signal.SIGKILL)
    outcome = site.end(handed)
    assert isinstance(outcome, Crashed)
    assert outcome.alone
    assert "signal 9" in outcome.cause or "waitpid returned 9" in outcome.cause
    site.let_go("it")
    assert site.end(site.offer("hold", id=handed.id, token=3, name="it")) == Succeeded(b'"it"')


@pytest.mark.parametrize("theirs", [False, True])
def test_one_that_rq_took_off_its_queue_and_lost_has_not_run(site: Bench, theirs: bool) -> None:
    """Its worker was killed in between."""
    handed = site.submit(site.their_offer("add", 1, 2) if theirs else site.an_offer("double", number=1))
    site.client.lmove("rq:queue:work", "rq:queue:work:intermediate", "LEFT", "RIGHT")
    site.client.set(f"rq:queue:work:intermediate:first_seen:{handed.id}", time.time() - 100)
    assert site.look(handed) == Underway(False)
    site.worker()
    assert site.end(handed) == STUCK


def test_one_that_runs_at_most_once_does_not_begin_again(site: Bench) -> None:
    site.worker()
    handed = site.offer("hold_once", name="it")
    site.wait_for("hold it")
    os.kill(site.pid("hold it"), signal.SIGKILL)
    wait_until(lambda: site.queue.failed_job_registry.count == 1, "RQ to see it")
    site.queue.failed_job_registry.requeue(handed.id)
    assert isinstance(site.end(handed), Crashed)
    assert site.lines() == ["hold it"]


def test_an_rq_worker_without_afterword_is_seen(site: Bench) -> None:
    handed = site.offer("double", number=1)
    site.client.hset(f"rq:job:{handed.id}", "data", site.queue.serializer.dumps(("nowhere.run", None, (), {})))
    site.worker()
    outcome = site.end(handed)
    assert isinstance(outcome, Failed)
    assert outcome.retry
    assert "nowhere" in outcome.error
