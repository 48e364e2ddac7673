"""Brokers and workers die, messages are taken back: each job comes to an end with a name."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from afterword.errors import HandOffRefused
from afterword.handoff.celery.sightings import INSTALL
from afterword.handoff.engine import EngineAway, Gone, Underway
from afterword.jobs.outcome import Cancelled, Crashed, Failed, Succeeded
from afterword.tasks.call import new_id
from tests.handoff.celery.bench import Bench, bench
from tests.support.processes import wait_until
from tests.support.valkey import Valkey, valkey

pytestmark = pytest.mark.process

LEASE = 1.5


@pytest.fixture
def server() -> Iterator[Valkey]:
    with valkey() as server:
        yield server


@pytest.fixture
def site(server: Valkey, tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path, broker=server.url, backend=server.url, lease=LEASE) as site:
        yield site


@pytest.fixture
def late(server: Valkey, tmp_path: Path) -> Iterator[Bench]:
    """Its workers acknowledge late, and a message goes back to its queue when the process that had it dies."""
    settings = {"task_acks_late": True, "task_reject_on_worker_lost": True}
    with bench(tmp_path, broker=server.url, backend=server.url, lease=LEASE, **settings) as site:
        yield site


# Broker


def test_a_broker_that_is_away_is_said_so_soon(site: Bench, server: Valkey) -> None:
    server.kill()

    with pytest.raises(EngineAway, match="cannot be reached"):
        site.offer("double", number=1)


def test_a_broker_that_comes_back_is_used_again(site: Bench, server: Valkey) -> None:
    first = site.offer("double", number=1)
    server.kill()
    with pytest.raises(EngineAway):
        site.look(first)
    with pytest.raises(EngineAway):
        site.offer("double", number=2)
    server.start()
    site.worker()

    assert site.end(site.offer("double", number=2)) == Succeeded(b"4")


def test_what_a_broker_lost_that_was_killed_is_handed_off_again(site: Bench, server: Valkey) -> None:
    ours, theirs = site.offer("double", number=1), site.theirs("shop.add", 1, 2)
    assert site.look(ours) == Underway(started=False)
    assert site.look(theirs) == Underway(started=False)

    server.kill()
    server.start()

    assert site.look(ours) == Gone("the broker was restarted, and has it no more", started=True)
    assert site.look(theirs) == Gone("the broker was restarted, and has it no more")
    site.worker()
    assert site.end(site.offer("double", number=1, id=ours.id, token=2)) == Succeeded(b"2")
    assert site.end(site.theirs("shop.add", 1, 2, id=theirs.id, token=2)) == Succeeded(b"3")


def test_what_runs_while_the_broker_is_killed_runs_once(site: Bench, server: Valkey) -> None:
    site.worker()
    running = site.offer("hold", name="through")
    site.wait_for("hold through")

    server.kill()
    server.start()
    with server.client() as client:
        wait_until(lambda: bool(client.exists(f"afterword:lease:{running.id}")), "its mark to be written again")
    assert site.look(running) == Underway(True, "w0@shop")
    site.let_go("through")

    assert site.end(running) == Succeeded(b'"through"')
    assert site.lines().count("hold through") == 1


def test_what_somebody_purged_is_handed_off_again(site: Bench) -> None:
    ours = site.offer("double", number=1)

    site.app.control.purge()

    assert site.look(ours) == Gone("no queue of the broker and no Celery worker has it, and there is no mark of its beginning")


def test_a_publication_whose_reply_was_lost_runs_once(site: Bench) -> None:
    first = site.offer("double", number=1)
    again = site.offer("double", number=1, id=first.id, token=2)
    site.worker()

    assert site.end(again) == Succeeded(b"2")
    wait_until(site.log("this is its hand-off 1, an old one: 2 has taken its place"), "the word")
    assert site.lines() == ["double 1"]


@pytest.mark.parametrize(
    "settings", [{"broker_transport_options": {"global_keyprefix": "shop:"}}, {"task_default_priority": 6}]
)
def test_waiting_messages_are_found_whatever_their_keys_are(server: Valkey, tmp_path: Path, settings: dict[str, Any]) -> None:
    with bench(tmp_path, broker=server.url, backend=server.url, **settings) as site:
        ours = site.offer("double", number=1)

        assert site.look(ours) == Underway(started=False)
        site.worker()
        assert site.end(ours) == Succeeded(b"2")


def test_a_worker_that_does_not_answer_is_no_evidence(site: Bench) -> None:
    stopped = site.worker()
    theirs = site.theirs("shop.hold", "mute")
    site.wait_for("hold mute")
    os.kill(stopped.pid, signal.SIGSTOP)
    site.worker()

    assert site.look(theirs) == Underway(started=False)

    os.kill(stopped.pid, signal.SIGCONT)
    site.let_go("mute")
    assert site.end(theirs) == Succeeded(b'"mute"')


# Workers


def test_a_process_of_a_worker_that_dies_crashed(site: Bench) -> None:
    site.worker()
    ours = site.offer("hold", name="child")
    site.wait_for("hold child")

    os.kill(site.pid("hold child"), signal.SIGKILL)

    outcome = site.end(ours)
    assert isinstance(outcome, Crashed)
    assert outcome.cause.startswith("its Celery process died: WorkerLostError: ")
    assert outcome.alone


def test_a_process_with_a_task_of_celerys_own_that_dies_is_a_failure(site: Bench) -> None:
    site.worker()
    theirs = site.theirs("shop.hold", "child")
    site.wait_for("hold child")

    os.kill(site.pid("hold child"), signal.SIGKILL)

    outcome = site.end(theirs)
    assert isinstance(outcome, Failed)
    assert "WorkerLostError" in outcome.error
    assert not outcome.retry


def test_a_worker_that_is_killed_after_an_early_acknowledgement_crashed_when_its_lease_has_run_out(site: Bench) -> None:
    worker = site.worker()
    ours = site.offer("hold", name="early")
    site.wait_for("hold early")
    assert site.look(ours) == Underway(True, "w0@shop")

    site.kill(worker)

    assert site.end(ours) == Crashed("its Celery worker w0@shop died while it ran", alone=True)
    site.let_go("early")
    site.worker()
    assert site.end(site.offer("hold", name="early", id=ours.id, token=2)) == Succeeded(b'"early"')


def test_a_worker_that_is_killed_with_a_task_of_celerys_own_is_a_failure_once_another_answers(site: Bench) -> None:
    worker = site.worker()
    theirs = site.theirs("shop.hold", "early")
    site.wait_for("hold early")
    site.kill(worker)
    assert site.look(theirs) == Underway(started=False)

    site.worker()

    outcome = site.end(theirs)
    assert isinstance(outcome, Failed)
    assert outcome.error.startswith("Celery has it no more, and no result of it: its worker died while it ran")
    assert not outcome.retry


def test_what_celery_delivers_again_after_its_process_died_runs_when_the_lease_has_run_out(late: Bench) -> None:
    late.worker()
    ours = late.offer("hold", name="late")
    late.wait_for("hold late")

    os.kill(late.pid("hold late"), signal.SIGKILL)
    late.let_go("late")

    assert late.end(ours) == Succeeded(b'"late"')
    assert late.lines().count("hold late") == 2


def test_what_runs_at_most_once_does_not_run_when_celery_delivers_it_again(late: Bench) -> None:
    late.worker()
    ours = late.offer("hold_once", name="once")
    late.wait_for("hold once")

    os.kill(late.pid("hold once"), signal.SIGKILL)
    late.let_go("once")

    assert late.end(ours) == Crashed("its Celery worker w0@shop died while it ran", alone=True)
    assert late.lines() == ["hold once"]


def test_a_worker_that_is_killed_before_a_late_acknowledgement_crashed_when_its_lease_has_run_out(late: Bench) -> None:
    worker = late.worker()
    ours = late.offer("hold", name="late")
    late.wait_for("hold late")

    late.kill(worker)

    assert late.end(ours) == Crashed("its Celery worker w0@shop died while it ran", alone=True)
    late.let_go("late")
    late.worker()
    assert late.end(late.offer("hold", name="late", id=ours.id, token=2)) == Succeeded(b'"late"')


def test_a_worker_that_does_not_know_afterword_is_told_of(site: Bench) -> None:
    site.worker(installed=False)

    assert site.end(site.offer("double", number=1)) == Failed(INSTALL, retry=True)


# Taking back


def test_what_waits_is_cancelled_though_no_worker_is_there_and_can_be_tried_again(site: Bench, server: Valkey) -> None:
    ours, theirs = site.offer("double", number=1), site.theirs("shop.add", 1, 2)

    site.engine.cancel([ours, theirs])

    assert site.look(ours) == Cancelled("cancelled before it started")
    assert site.look(theirs) == Cancelled("taken out of Celery before it had ended")
    with server.client() as client:
        assert client.llen("celery") == 0
    site.worker()
    assert site.end(site.offer("double", number=1, id=ours.id, token=2)) == Succeeded(b"2")
    assert site.end(site.theirs("shop.add", 1, 2, id=theirs.id, token=2)) == Succeeded(b"3")


@pytest.mark.parametrize("foreign", [False, True])
def test_what_runs_is_cancelled_and_can_be_tried_again(site: Bench, foreign: bool) -> None:
    site.worker()
    running = site.theirs("shop.hold", "name") if foreign else site.offer("hold", name="name")
    site.wait_for("hold name")

    site.engine.cancel([running])

    assert isinstance(site.end(running), Cancelled)
    site.let_go("name")
    if foreign:
        again = site.theirs("shop.hold", "name", id=running.id, token=2)
    else:
        again = site.offer("hold", name="name", id=running.id, token=2)
    assert site.end(again) == Succeeded(b'"name"')
    assert "held name" in site.lines()


@pytest.mark.parametrize("foreign", [False, True])
def test_what_others_revoke_is_cancelled_and_can_be_tried_again(site: Bench, foreign: bool) -> None:
    site.worker()
    id = new_id()
    site.app.control.revoke(id, reply=True)
    revoked = site.theirs("shop.add", 1, 2, id=id) if foreign else site.offer("double", number=1, id=id)

    assert site.end(revoked) == Cancelled("revoked in Celery")

    if foreign:
        assert site.end(site.theirs("shop.add", 1, 2, id=id, token=2)) == Succeeded(b"3")
    else:
        assert site.end(site.offer("double", number=1, id=id, token=2)) == Succeeded(b"2")


# Backends


def test_without_a_result_backend_outcomes_come_back_by_the_broker(server: Valkey, tmp_path: Path) -> None:
    with bench(tmp_path, broker=server.url, backend=None) as site:
        site.worker()

        assert site.end(site.offer("double", number=4)) == Succeeded(b"8")
        assert site.end(site.theirs("shop.add", 1, 2)) == Succeeded()


def test_results_may_be_files(server: Valkey, tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    with bench(tmp_path, broker="filesystem://", backend=f"file://{tmp_path}/results", **_folders(tmp_path)) as site:
        site.worker()

        ours = site.offer("double", number=4)
        assert site.end(ours) == Succeeded(b"8")
        site.offer("double", number=4, id=ours.id)
        wait_until(site.log("nothing is done, since this attempt has ended already"), "the word")
        assert site.end(site.theirs("shop.add", 1, 2)) == Succeeded(b"3")


def test_where_no_outcome_could_be_read_nothing_of_ours_is_handed_off(tmp_path: Path) -> None:
    with bench(tmp_path, broker="memory://", backend=None) as site, pytest.raises(HandOffRefused) as refused:
        site.offer("double", number=4)

    assert str(refused.value) == (
        "shop:double cannot be handed off to Celery: its outcome could not be read here, since this Celery application has no "
        'result backend that other processes read. Give it one, for example Celery(..., backend="redis://127.0.0.1:6379/1").'
    )


def _folders(folder: Path) -> dict[str, object]:
    (folder / "queue").mkdir()
    (folder / "control").mkdir()
    options = {"data_folder_in": str(folder / "queue"), "data_folder_out": str(folder / "queue")}
    return {"broker_transport_options": {**options, "control_folder": str(folder / "control")}}
