"""Tasks run in a real RQ worker, and their outcomes come back."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from afterword.handoff.engine import Underway
from afterword.handoff.redis_marks import RedisMarks
from afterword.jobs.outcome import Failed, Succeeded
from tests.handoff.rq.bench import Bench, bench
from tests.support.processes import wait_until
from tests.support.valkey import Valkey, valkey

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with valkey() as server:
        yield server


@pytest.fixture(scope="module", params=[False, True], ids=["pickle", "json"])
def site(server: Valkey, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Bench]:
    with server.client() as client:
        client.flushall()
    with bench(tmp_path_factory.mktemp("rq"), server.url, as_json=request.param) as site:
        site.worker()
        yield site


@pytest.mark.parametrize("task", ["double", "double_later"])
def test_what_a_function_returns_comes_back(site: Bench, task: str) -> None:
    assert site.end(site.offer(task, number=21)) == Succeeded(b"42")


def test_a_function_may_run_an_event_loop_of_its_own(site: Bench) -> None:
    assert site.end(site.offer("loop_of_its_own")) == Succeeded(b"7")


@pytest.mark.parametrize(("kind", "retry"), [("value", True), ("key", False)])
def test_a_failure_comes_back_with_its_traceback_and_whether_to_try_again(site: Bench, kind: str, retry: bool) -> None:
    outcome = site.end(site.offer("raise", kind=kind))

    assert isinstance(outcome, Failed)
    assert outcome.retry is retry
    assert outcome.error.startswith("Traceback (most recent call last):\n  File")
    assert "attempt.py" not in outcome.error


@pytest.mark.parametrize("task", ["hang", "hold"])
def test_a_coroutine_or_function_that_takes_too_long_is_ended(site: Bench, task: str) -> None:
    arguments: dict[str, Any] = {"name": "never"} if task == "hold" else {}
    outcome = site.end(site.submit(site.an_offer(task, **arguments)._replace(timeout=500_000)))

    assert isinstance(outcome, Failed)
    assert outcome.error.endswith("TimeoutError: it took longer than its timeout of 0.5 s\n")
    assert outcome.retry


def test_a_task_that_is_unknown_there_fails_and_is_tried_again(site: Bench) -> None:
    outcome = site.end(site.offer("vanished"))

    assert isinstance(outcome, Failed)
    assert outcome.retry


def test_an_application_that_cannot_be_imported_there_fails_and_is_tried_again(site: Bench) -> None:
    outcome = site.end(site.submit(site.an_offer("double", number=1)._replace(app="shut:app")))

    assert isinstance(outcome, Failed)
    assert outcome.retry
    assert outcome.error.startswith("the application shut:app cannot be imported here: ")


def test_who_runs_it_is_known(site: Bench) -> None:
    handed = site.offer("hold", name="known")
    site.wait_for("hold known")
    assert site.look(handed) == Underway(True, site.job(handed).worker_name)
    site.let_go("known")
    assert site.end(handed) == Succeeded(b'"known"')


def test_what_waits_there_is_under_way(site: Bench) -> None:
    first = site.offer("hold", name="first")
    site.wait_for("hold first")
    second = site.offer("double", number=1)
    assert site.look(second) == Underway(False)
    site.let_go("first")
    assert [site.end(first), site.end(second)] == [Succeeded(b'"first"'), Succeeded(b"2")]


def test_its_rq_job_is_named_for_people_and_kept_until_it_was_asked_after(site: Bench) -> None:
    handed = site.offer("double", number=4)
    site.wait_for("double 4")
    wait_until(lambda: site.job(handed).get_status() == "finished", "its end")
    assert site.job(handed).description == "shop:double, attempt 1"
    key = f"rq:job:{handed.id}"
    assert 6 * 86_400 < int(site.client.ttl(key)) <= 7 * 86_400
    assert site.look(handed) == Succeeded(b"8")
    assert 0 < int(site.client.ttl(key)) <= 86_400
    assert site.look(handed) == Succeeded(b"8")


def test_the_outcome_is_not_lost_with_rq_s_record(site: Bench) -> None:
    handed = site.offer("double", number=5)
    wait_until(lambda: RedisMarks(site.client).read([handed.id])[0].answer is not None, "its end")
    wait_until(lambda: site.job(handed).get_status() == "finished", "its end in RQ")
    site.job(handed).delete()
    assert site.look(handed) == Succeeded(b"10")


def test_many_are_asked_after_at_once_and_answered_in_their_order(site: Bench) -> None:
    handed = [site.offer("double", number=number) for number in range(100, 110)]
    for one in handed:
        site.end(one)
    assert site.engine.look(handed) == [Succeeded(json.dumps(2 * number).encode()) for number in range(100, 110)]


def test_a_worker_that_runs_all_in_one_process_does_it_too(tmp_path: Path) -> None:
    with valkey() as server, bench(tmp_path, server.url) as site:
        site.worker("--worker-class", "rq.worker.SimpleWorker")
        late = site.submit(site.an_offer("hold", name="never")._replace(timeout=300_000))
        handed = site.offer("double_later", number=3)
        outcome = site.end(late)
        assert isinstance(outcome, Failed)
        assert outcome.error.endswith("TimeoutError: it took longer than its timeout of 0.3 s\n")
        assert site.end(handed) == Succeeded(b"6")
