"""What is offered twice is run once, as far as that can be had."""

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
import rq

from afterword.handoff.engine import EngineAway, Offer, Underway
from afterword.handoff.rq import RQ
from afterword.handoff.rq.receipt import Receipt
from afterword.jobs.outcome import Crashed, Failed, Succeeded
from tests.handoff.rq.bench import LEASE, Bench, bench
from tests.support.processes import wait_until
from tests.support.valkey import Valkey, valkey

pytestmark = pytest.mark.process

UNIQUE = "unique" in inspect.signature(rq.Queue.enqueue_call).parameters


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


class Deaf(rq.Queue):
    """The reply to what it enqueues is lost."""

    def enqueue_call(self, *args: Any, **kwargs: Any) -> Any:
        super().enqueue_call(*args, **kwargs)
        raise redis.ConnectionError("the reply was lost")


class Insistent(rq.Queue):
    """Its connection tries again by itself."""

    def enqueue_call(self, *args: Any, **kwargs: Any) -> Any:
        super().enqueue_call(*args, **kwargs)
        return super().enqueue_call(*args, **kwargs)


def lose_the_reply(site: Bench, offer: Offer) -> None:
    with pytest.raises(EngineAway, match="the reply was lost"):
        RQ(Deaf("work", connection=site.client), lease=LEASE).submit(offer)


def test_an_offer_that_is_made_again_is_one_rq_job(site: Bench) -> None:
    offer = site.an_offer("double", number=1)
    site.submit(offer)
    handed = site.submit(offer)
    assert site.queue.count == 1
    site.worker()
    assert site.end(handed) == Succeeded(b"2")
    assert site.lines() == ["double 1"]


@pytest.mark.skipif(not UNIQUE, reason="this version of RQ refuses no second job of an id")
def test_rq_refuses_a_second_one(site: Bench) -> None:
    offer = site.an_offer("double", number=1)
    handed = site.submit(offer, RQ(Insistent("work", connection=site.client), lease=LEASE))
    assert site.queue.count == 1
    site.worker()
    assert site.end(handed) == Succeeded(b"2")


def test_a_publication_whose_reply_was_lost_is_taken_up_while_it_waits(site: Bench) -> None:
    offer = site.an_offer("double", number=1)
    lose_the_reply(site, offer)
    handed = site.submit(offer._replace(token=2))
    assert (site.queue.count, Receipt.load(handed.receipt).token) == (1, 1)
    assert site.look(handed) == Underway(False)
    site.worker()
    assert site.end(handed) == Succeeded(b"2")
    assert site.lines() == ["double 1"]


def test_a_publication_whose_reply_was_lost_is_taken_up_while_it_runs(site: Bench) -> None:
    offer = site.an_offer("hold", name="it")
    site.worker()
    lose_the_reply(site, offer)
    site.wait_for("hold it")
    handed = site.submit(offer._replace(token=2))
    site.let_go("it")
    assert site.end(handed) == Succeeded(b'"it"')
    assert site.lines() == ["hold it", "held it"]


@pytest.mark.parametrize("kind", ["key", "value"])
def test_a_publication_whose_reply_was_lost_is_taken_up_when_it_has_ended(site: Bench, kind: str) -> None:
    site.worker()
    offer = site.an_offer("raise", kind=kind)
    lose_the_reply(site, offer)
    wait_until(lambda: site.queue.finished_job_registry.count == 1, "its end")
    outcome = site.end(site.submit(offer._replace(token=2)))
    assert isinstance(outcome, Failed)
    assert outcome.retry is (kind == "value")
    assert site.lines() == [f"raise {kind}"]


def test_so_is_a_function_of_theirs(site: Bench) -> None:
    offer = site.their_offer("add", 1, 2)
    lose_the_reply(site, offer)
    site.worker()
    wait_until(lambda: site.queue.finished_job_registry.count == 1, "its end")
    assert site.end(site.submit(offer._replace(token=2))) == Succeeded(b"3")
    assert site.lines() == ["add 1"]


def test_the_next_attempt_is_made(site: Bench) -> None:
    site.worker()
    offer = site.an_offer("raise", kind="value")
    assert isinstance(site.end(site.submit(offer)), Failed)
    assert isinstance(site.end(site.submit(offer._replace(token=3, attempt=2))), Failed)
    assert site.lines() == ["raise value"] * 2


def test_an_attempt_that_a_person_wants_is_made(site: Bench) -> None:
    """Its number is 1 again."""
    site.worker()
    offer = site.an_offer("raise", kind="key")
    assert isinstance(site.end(site.submit(offer)), Failed)
    assert isinstance(site.end(site.submit(offer._replace(token=4))), Failed)
    assert site.lines() == ["raise key"] * 2


def test_an_old_offer_changes_nothing(site: Bench) -> None:
    offer = site.an_offer("double", number=1)
    handed = site.submit(offer._replace(token=5, attempt=2))
    site.submit(offer._replace(token=3))
    site.worker()
    assert site.end(handed) == Succeeded(b"2")
    assert site.lines() == ["double 1"]


def test_what_rq_is_told_to_run_again_does_nothing(site: Bench) -> None:
    handed = site.offer("double", number=1)
    site.worker()
    wait_until(lambda: site.queue.finished_job_registry.count == 1, "its end")
    again = site.job(handed)
    site.queue.enqueue_job(again)
    wait_until(lambda: site.job(handed).latest_result().return_value["outcome"] == "idle", "the second run")
    assert site.end(handed) == Succeeded(b"2")
    assert site.lines() == ["double 1"]


def test_a_second_message_waits_until_it_is_known_whether_the_first_one_s_process_lives(site: Bench) -> None:
    first = site.worker()
    handed = site.offer("hold", name="it")
    site.wait_for("hold it")
    site.kill(first)
    outcome = site.end(handed)
    assert outcome == Crashed(f"its RQ worker {site.ledger.parent.name}-0 died while it ran", alone=True)
    site.let_go("it")
    again = site.offer("hold", id=handed.id, token=3, name="it")
    site.worker()
    assert site.end(again) == Succeeded(b'"it"')
    assert site.lines() == ["hold it", "hold it", "held it"]
