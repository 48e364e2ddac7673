"""Tasks run in a real Celery worker, and their outcomes come back."""

from collections.abc import Iterator
from typing import Any

import pytest

from afterword.handoff.celery.sightings import LOST_RESULT
from afterword.jobs.outcome import Failed, Succeeded
from afterword.tasks.call import new_id
from tests.handoff.celery.bench import Bench, bench
from tests.support.processes import wait_until
from tests.support.valkey import Valkey, valkey

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with valkey() as server:
        yield server


@pytest.fixture(scope="module")
def site(server: Valkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with bench(tmp_path_factory.mktemp("celery"), broker=server.url, backend=server.url, lease=3.0) as site:
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
    outcome = site.end(site.offer(task, timeout=500_000, **arguments))

    assert isinstance(outcome, Failed)
    assert outcome.error.endswith("TimeoutError: it took longer than its timeout of 0.5 s\n")
    assert outcome.retry


def test_a_task_that_is_unknown_there_fails_and_is_tried_again(site: Bench) -> None:
    outcome = site.end(site.offer("nothing"))

    assert isinstance(outcome, Failed)
    assert "the module shop has no function nothing" in outcome.error
    assert outcome.retry


def test_a_second_message_of_an_attempt_that_has_ended_does_nothing_and_says_so(site: Bench) -> None:
    first = site.offer("double", number=3)
    assert site.end(first) == Succeeded(b"6")

    site.offer("double", number=3, id=first.id)

    wait_until(site.log(f"job {first.id} (shop:double): nothing is done, since this attempt has ended already"), "the word")
    assert site.lines().count("double 3") == 1
    assert site.end(first) == Succeeded(b"6")


def test_a_second_message_of_an_attempt_that_runs_waits_and_then_does_nothing(site: Bench) -> None:
    site.worker("-Q", "second", "-n", "second@shop")
    held = site.offer("hold", name="both")
    site.wait_for("hold both")
    site.app.send_task("afterword.attempt", [_message(held.id, "hold", '{"name": "both"}')], task_id=held.id, queue="second")
    wait_until(site.log(f"job {held.id} (shop:hold) waits"), "the second one to wait")

    site.let_go("both")

    assert site.end(held) == Succeeded(b'"both"')
    wait_until(site.log(f"job {held.id} (shop:hold): nothing is done"), "the second one to do nothing")
    assert site.lines().count("hold both") == 1


def test_an_old_message_does_nothing(site: Bench) -> None:
    latest = site.offer("double", number=5, token=4)
    assert site.end(latest) == Succeeded(b"10")

    site.app.send_task("afterword.attempt", [_message(latest.id, "double", '{"number": 5}', token=3)], task_id=latest.id)

    wait_until(site.log("this is its hand-off 3, an old one: 4 has taken its place"), "the word")
    assert site.lines().count("double 5") == 1
    assert site.end(latest) == Succeeded(b"10")


def test_another_attempt_of_one_that_failed_is_made(site: Bench) -> None:
    failed = site.offer("raise", kind="value")
    assert isinstance(site.end(failed), Failed)

    assert site.end(site.offer("double", number=8, id=failed.id, token=2)) == Succeeded(b"16")


def test_an_attempt_that_succeeded_unheard_stands_for_the_next(site: Bench) -> None:
    unheard = site.offer("double", number=9)
    wait_until(lambda: site.lines().count("double 9") == 1, "it to run")
    site.end(unheard)

    assert site.end(site.offer("double", number=9, id=unheard.id, token=2)) == Succeeded(b"18")
    assert site.lines().count("double 9") == 1


def test_a_result_that_has_expired_is_known_from_the_mark(site: Bench, server: Valkey) -> None:
    handed = site.offer("double", number=11)
    site.end(handed)
    with server.client() as client:
        wait_until(lambda: bool(client.delete(f"celery-task-meta-{handed.id}")), "the result")

    assert site.end(handed) == Succeeded(b"22")


# Tasks of Celery's own


def test_a_task_of_celerys_own_runs_and_its_result_comes_back(site: Bench) -> None:
    assert site.end(site.theirs("shop.add", 1, 2)) == Succeeded(b"3")


def test_a_failure_of_celerys_own_is_final(site: Bench) -> None:
    outcome = site.end(site.theirs("shop.stumble"))

    assert isinstance(outcome, Failed)
    assert "their fault" in outcome.error
    assert not outcome.retry


def test_a_task_of_celerys_own_is_retried_as_it_says(site: Bench) -> None:
    assert site.end(site.theirs("shop.again")) == Succeeded(b"2")


def test_a_task_whose_result_is_ignored_has_succeeded_when_celery_has_it_no_more(site: Bench) -> None:
    handed = site.theirs("shop.forget", 1)
    site.wait_for("forget 1")

    assert site.end(handed) == Succeeded()


def test_a_result_of_celerys_own_that_has_expired_is_a_failure_in_words(site: Bench, server: Valkey) -> None:
    handed = site.theirs("shop.add", 100, 2)
    site.end(handed)
    with server.client() as client:
        client.delete(f"celery-task-meta-{handed.id}")

    assert site.end(handed) == Failed(LOST_RESULT, retry=False)


def test_a_task_of_celerys_own_whose_publication_seemed_to_fail_runs_once(site: Bench) -> None:
    id = new_id()
    first = site.theirs("shop.hold", "twice", id=id)
    site.wait_for("hold twice")

    again = site.theirs("shop.hold", "twice", id=id, token=2)
    site.let_go("twice")

    assert site.end(again) == Succeeded(b'"twice"')
    assert site.end(first) == Succeeded(b'"twice"')
    assert site.end(site.theirs("shop.hold", "twice", id=id, token=3)) == Succeeded(b'"twice"')
    assert site.lines().count("hold twice") == 1


def _message(id: str, task: str, arguments: str, token: int = 1) -> dict[str, object]:
    name = f"shop:{task}"
    return {
        "afterword": 1,
        "id": id,
        "token": token,
        "attempt": 1,
        "app": "shop:celery_app",
        "task": name,
        "origin": None,
        "timeout": None,
        "foreign": False,
        "arguments": arguments,
    }
