"""Celery on RabbitMQ, which confirms what is published and keeps it through its own death."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from afterword.handoff.engine import EngineAway, Underway
from afterword.jobs.outcome import Cancelled, Succeeded
from tests.handoff.celery.bench import Bench, bench
from tests.support.processes import wait_until
from tests.support.rabbitmq import SERVER, RabbitMQ, rabbitmq
from tests.support.valkey import valkey

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(not SERVER.exists(), reason="RabbitMQ (Debian's rabbitmq-server) is not installed"),
    pytest.mark.skipif(os.geteuid() != 0, reason="as anybody but root, Debian's RabbitMQ reads a configuration of its own"),
]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[RabbitMQ]:
    with rabbitmq(tmp_path / "rabbitmq") as broker:
        yield broker


@pytest.fixture
def site(broker: RabbitMQ, tmp_path: Path) -> Iterator[Bench]:
    with valkey() as results, bench(tmp_path, broker=broker.url, backend=results.url) as site:
        yield site


def test_ours_and_theirs_come_back(site: Bench) -> None:
    site.worker()

    assert site.end(site.offer("double", number=4)) == Succeeded(b"8")
    assert site.end(site.theirs("shop.add", 1, 2)) == Succeeded(b"3")


def test_what_waits_there_outlives_its_death(site: Bench, broker: RabbitMQ) -> None:
    waiting = site.offer("double", number=4)
    broker.kill()
    with pytest.raises(EngineAway):
        site.offer("double", number=5)
    broker.start()
    site.worker()

    assert site.end(waiting) == Succeeded(b"8")


def test_what_nobody_has_taken_waits_and_can_be_taken_back(site: Bench) -> None:
    waiting = site.offer("double", number=4)
    assert isinstance(site.look(waiting), Underway)

    site.engine.cancel([waiting])

    wait_until(lambda: isinstance(site.look(waiting), Cancelled), "the end of a job that was taken back")
