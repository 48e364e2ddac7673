"""What a worker has fetched before its turn."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from afterword.handoff.engine import Gone, Underway
from tests.handoff.celery.bench import bench
from tests.support.processes import wait_until
from tests.support.valkey import Valkey, valkey

pytestmark = pytest.mark.process


@pytest.fixture
def server() -> Iterator[Valkey]:
    with valkey() as server:
        yield server


def fetched(server: Valkey, count: int) -> None:
    """Until a worker holds so many messages that it has not acknowledged."""
    with server.client() as client:
        wait_until(lambda: client.hlen("unacked") == count, "a message to be fetched")


def test_what_a_worker_had_fetched_that_was_killed_is_handed_off_again(server: Valkey, tmp_path: Path) -> None:
    with bench(tmp_path, broker=server.url, backend=server.url) as site:
        worker = site.worker()
        site.offer("hold", name="first")
        site.wait_for("hold first")
        ours, theirs = site.offer("double", number=1), site.theirs("shop.add", 1, 2)
        fetched(server, 2)
        assert site.look(ours) == Underway(False, "w0@shop")

        site.kill(worker)

        assert site.look(ours) == Gone("the Celery worker that had fetched it has died")
        assert site.look(theirs) == Underway(False)  # It has no fence: Celery gives it to another, in its own time.


def test_what_waits_in_a_worker_for_its_turn_under_a_rate_limit_is_there(server: Valkey, tmp_path: Path) -> None:
    limit = {"afterword.attempt": {"rate_limit": "1/h"}}
    with bench(tmp_path, broker=server.url, backend=server.url, task_annotations=limit) as site:
        site.worker()
        first = site.offer("double", number=1)
        site.wait_for("double 1")
        site.end(first)
        limited = site.offer("double", number=2)
        fetched(server, 1)

        assert site.look(limited) == Underway(False)


def test_what_waits_in_a_worker_for_its_time_is_there(server: Valkey, tmp_path: Path) -> None:
    with bench(tmp_path, broker=server.url, backend=server.url) as site:
        site.worker()
        ours = site.offer("double", number=1)
        site.wait_for("double 1")
        later = ours._replace(id="later", receipt=ours.receipt.replace(ours.id, "later"))
        site.app.send_task("shop.add", [1, 2], task_id="later", countdown=3600)
        fetched(server, 1)

        sighting = site.look(later)
        assert isinstance(sighting, Underway)
        assert not sighting.started
