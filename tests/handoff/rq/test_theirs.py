"""Functions that `rq.job` decorates run as RQ runs them, and their outcomes come back."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import rq

from afterword.errors import HandOffRefused
from afterword.handoff.engine import Underway
from afterword.handoff.rq import RQ, of
from afterword.handoff.rq.sightings import GIVEN_UP, NO_RESULT
from afterword.jobs.outcome import Cancelled, Failed, Succeeded
from afterword.tasks.theirs import recognise
from tests.handoff.rq.bench import Bench, bench
from tests.handoff.rq.project import shop
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


def test_one_runs_with_what_its_decorator_says(site: Bench) -> None:
    engine = site.decorate("add", timeout=77, description="a sum", meta={"theirs": 1}, failure_ttl=-1)
    handed = site.submit(site.their_offer("add", 1, second=2), engine)
    job = site.job(handed)
    assert (job.func_name, job.timeout, job.description, job.meta["theirs"]) == ("shop.add", 77, "a sum", 1)
    assert (job.args, job.kwargs, job.origin) == ((1,), {"second": 2}, "work")
    site.worker()
    assert site.end(handed) == Succeeded(b"3")


def test_its_decorator_brings_its_queue(site: Bench) -> None:
    engine = site.decorate("add", queue=rq.Queue("elsewhere", connection=site.client))
    named = RQ(rq.Queue("named", connection=site.client))
    for one in (engine, named):
        handed = site.submit(site.their_offer("add", 1, 2), one)
        assert site.job(handed).origin == "elsewhere"


def test_what_a_named_engine_cannot_hand_off_is_said(site: Bench) -> None:
    site.decorate("add")
    with valkey() as other, other.client() as client, pytest.raises(HandOffRefused) as refused:
        RQ(rq.Queue("work", connection=client)).submit(site.their_offer("add", 1, 2))
    here = site.url.removeprefix("redis://")
    assert str(refused.value) == (
        f"shop.add cannot be handed off to RQ: its decorator enqueues at {here}, and the engine named rq is at "
        f"localhost:{other.port}/0. Give that engine another name in Afterword(handoff={{...}}); the function then brings "
        "its own."
    )


def test_one_server_may_have_two_names(site: Bench, server: Valkey) -> None:
    site.decorate("add")
    with server.client() as client:
        handed = site.submit(site.their_offer("add", 1, 2), RQ(rq.Queue("work", connection=client)))
    site.worker()
    assert site.end(handed) == Succeeded(b"3")


def test_an_id_of_its_own_is_refused(site: Bench) -> None:
    with pytest.raises(HandOffRefused) as refused:
        site.submit(site.their_offer("add", 1, second=2, job_id="mine"))
    assert str(refused.value) == (
        "shop.add cannot be handed off to RQ: job_id='mine' was given, and its RQ job has the id of its job here. "
        "Leave job_id out."
    )


def test_only_a_decorated_function_brings_an_engine(site: Bench) -> None:
    site.decorate("add")
    assert recognise(shop.add) is not None
    assert isinstance(of(shop.add), RQ)
    with pytest.raises(TypeError, match=r"is no function that rq\.job decorates"):
        of(shop.double)


def test_a_failure_is_final(site: Bench) -> None:
    site.worker()
    outcome = site.end(site.submit(site.their_offer("stumble")))
    assert isinstance(outcome, Failed)
    assert not outcome.retry
    assert outcome.error.endswith("ValueError: their fault\n")


def test_rq_tries_again_and_nobody_else(site: Bench) -> None:
    site.worker()
    engine = site.decorate("stumble", retry=rq.Retry(max=2))
    outcome = site.end(site.submit(site.their_offer("stumble"), engine))
    assert isinstance(outcome, Failed)
    assert not outcome.retry
    assert site.lines() == ["stumble"] * 3


def test_one_that_waits_or_runs_is_taken_back(site: Bench) -> None:
    waiting = site.submit(site.their_offer("add", 1, 2))
    site.engine.cancel([waiting])
    assert site.look(waiting) == Cancelled("cancelled before it started")
    site.worker()
    running = site.submit(site.their_offer("hold_theirs", "it"))
    site.wait_for("hold it")
    assert site.look(running) == Underway(True, site.job(running).worker_name)
    site.engine.cancel([running])
    assert site.end(running) == Cancelled("stopped in RQ while it ran")
    assert site.lines() == ["hold it"]


def test_a_horse_that_is_killed_is_a_failure(site: Bench) -> None:
    site.worker()
    handed = site.submit(site.their_offer("hold_theirs", "it"))
    site.wait_for("hold it")
    os.kill(site.pid("hold it"), signal.SIGKILL)
    outcome = site.end(handed)
    assert isinstance(outcome, Failed)
    assert not outcome.retry
    assert "Work-horse terminated unexpectedly" in outcome.error


def test_a_worker_that_is_killed_is_a_failure_without_another_worker(site: Bench) -> None:
    worker = site.worker()
    handed = site.submit(site.their_offer("hold_theirs", "it"))
    site.wait_for("hold it")
    site.kill(worker)
    assert site.look(handed) == Underway(True, f"{site.ledger.parent.name}-0")
    let_heartbeats_run_out(site)
    outcome = site.end(handed)
    assert isinstance(outcome, Failed)
    assert not outcome.retry
    assert "AbandonedJobError" in outcome.error or outcome.error == GIVEN_UP


def test_a_result_that_rq_has_no_more_is_a_named_end(site: Bench) -> None:
    site.worker()
    handed = site.submit(site.their_offer("add", 1, 2))
    wait_until(lambda: site.queue.finished_job_registry.count == 1, "its end")
    site.job(handed).delete()
    assert site.look(handed) == Failed(NO_RESULT, retry=False)


def let_heartbeats_run_out(site: Bench) -> None:
    """As if two and a half minutes had gone by."""
    client: Any = site.client
    for key in (*client.scan_iter("rq:executions:*"), *client.scan_iter("rq:wip:*")):
        for member in client.zrange(key, 0, -1):
            client.zadd(key, {member: 1})
