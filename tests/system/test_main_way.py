"""From add_task to the function having run in another process, with no fault: exactly once, in order, out of the way."""

import signal

import httpx
import pytest

from afterword.jobs.job import State
from tests.support.processes import PATIENCE, runners, wait_until, workers
from tests.system.site import Site, terminate

pytestmark = pytest.mark.process


def test_a_task_runs_after_the_response_in_a_runner(site: Site) -> None:
    server = site.serve()
    answer = server.add("sleep", 1)
    site.wait_for([1])
    (worker,) = workers(server.pid)
    ran = site.ledger()[-1]
    assert answer["pid"] == server.pid
    assert ran.pid in runners(worker)
    assert ran.parent == worker
    jobs = site.wait_until_finished(1)
    assert jobs[1].state is State.SUCCEEDED
    assert jobs[1].id == answer["ids"][0]
    assert jobs[1].app == "main:app"


@pytest.mark.parametrize("name", ["sleep", "sleep_async", "send_email", "send_mail"])
def test_with_no_fault_every_task_runs_exactly_once(site: Site, name: str) -> None:
    server = site.serve()
    for number in range(0, 200, 5):
        server.add(name, number, count=5)
    site.wait_for(range(200))
    site.wait_until_finished(200)
    assert set(site.ends().values()) == {1}
    assert len(site.ends()) == 200
    site.check()


def test_tasks_of_a_request_run_one_after_the_other_in_the_order_of_adding(site: Site) -> None:
    server = site.serve()
    for number in range(0, 40, 8):
        server.add("sleep", number, count=8, seconds=0.01)
    site.wait_for(range(40))
    for first in range(0, 40, 8):
        of_request = [entry for entry in site.ledger() if first <= entry.number < first + 8]
        assert [(e.number, e.phase) for e in of_request] == [
            (number, phase) for number in range(first, first + 8) for phase in ("start", "end")
        ]


def test_unordered_tasks_of_a_request_run_side_by_side(site: Site) -> None:
    server = site.serve()
    server.add("sleep_unordered", 0, count=4, seconds=1)
    site.wait_for(range(4), "start")
    assert not site.ends()


def test_a_failing_task_does_not_stop_the_ones_after_it(site: Site) -> None:
    server = site.serve()
    httpx.post(f"{server.address}/mixed/10")
    site.wait_for([12])
    wait_until(lambda: site.starts()[11] >= 1, "the failing task")
    order = [entry.number for entry in site.ledger() if entry.phase == "start"]
    assert order[:3] == [10, 11, 12]


def test_a_failing_task_is_tried_three_times_with_growing_pauses(site: Site) -> None:
    server = site.serve()
    server.add("fail", 7)
    job = site.wait_until_finished(1)[7]
    assert job.state is State.FAILED
    assert job.attempt == 3
    assert job.error
    assert "ValueError: number 7 fails" in job.error
    assert "main.py" in job.error
    assert "afterword" not in job.error.split("main.py")[0]
    starts = [entry.at for entry in site.ledger() if entry.phase == "start"]
    assert len(starts) == 3
    first, second = starts[1] - starts[0], starts[2] - starts[1]
    assert first >= 0.75e9
    assert second >= 1.5e9


def test_sys_exit_in_a_task_is_a_failure_not_a_crash(site: Site) -> None:
    server = site.serve()
    server.add("exit", 1)
    site.wait_for([1], "start")
    wait_until(lambda: site.jobs()[1].error is not None, "the first failure")
    assert "SystemExit: 1" in (site.jobs()[1].error or "")
    (worker,) = workers(server.pid)
    assert {entry.pid for entry in site.ledger()} <= set(runners(worker))


def test_the_event_loop_of_the_api_is_never_blocked_by_a_task(site: Site) -> None:
    """Blocking coroutines burn on all runners; a hundred pings are answered before any of these ends."""
    server = site.serve(AFTERWORD_CONCURRENCY="1", AFTERWORD_RUNNERS="2")
    for number in range(8):
        server.add("burn_async", number, seconds=6)
    wait_until(lambda: len({entry.pid for entry in site.ledger()}) == 2, "both runners")
    second = site.ledger()[-1].number
    with httpx.Client(timeout=PATIENCE) as client:
        for _ in range(100):
            client.get(f"{server.address}/ping").raise_for_status()
    assert second not in site.ends()


def test_a_coroutine_that_blocks_its_runner_does_not_hold_up_what_comes_later(site: Site) -> None:
    server = site.serve(AFTERWORD_RUNNERS="2")
    server.add("burn_async", 0, seconds=10)
    site.wait_for([0], "start")
    server.add("sleep_async", 1)  # May have been handed to the same runner, before anybody could know.
    wait_until(lambda: len(runners(workers(server.pid)[0])) == 2, "a second runner")
    server.add("sleep_async", 2)
    site.wait_for([2])
    assert 0 not in site.ends()


def test_modules_beside_main_work_without_registering_anything(site: Site) -> None:
    server = site.serve()
    server.add("send_email", 1)
    server.add("send_mail", 2)
    jobs = site.wait_until_finished(2)
    assert {job.task for job in jobs.values()} == {"emails:send_email", "services.mail:send_mail"}


def test_two_applications_in_one_folder_do_not_run_each_others_jobs(site: Site) -> None:
    (site.folder / "other.py").write_text((site.folder / "main.py").read_text())
    first, second = site.serve("main:app"), site.serve("other:app")
    for number in range(20):
        (first if number % 2 else second).add("sleep", number)
    jobs = site.wait_until_finished(20)
    assert {number for number, job in jobs.items() if job.app == "main:app"} == set(range(1, 20, 2))
    parents = {number: entries[0].parent for number, entries in site.by_number().items()}
    assert {parents[number] for number in range(1, 20, 2)} == set(workers(first.pid))
    assert {parents[number] for number in range(0, 20, 2)} == set(workers(second.pid))


def test_a_store_is_left_sound_and_empty_handed_after_a_clean_end(site: Site) -> None:
    server = site.serve()
    server.add("sleep", 1)
    site.wait_for([1])
    (worker,) = workers(server.pid)
    site.remember([worker, *runners(worker)])
    assert terminate(server.process) in (0, -signal.SIGTERM)
    site.check()


def test_one_runner_at_first_more_under_load_and_one_beyond_them_kept_warm(site: Site) -> None:
    server = site.serve(AFTERWORD_RUNNERS="2", AFTERWORD_CONCURRENCY="4")
    server.add("sleep", 0)
    site.wait_for([0])
    (worker,) = workers(server.pid)
    assert len(runners(worker)) == 1
    for number in range(1, 13):
        server.add("sleep", number, seconds=3)
    wait_until(lambda: len(runners(worker)) == 3, "the third runner")
    site.wait_for(range(1, 9), "start")
    site.wait_for(range(13))
    assert len({entry.pid for entry in site.ledger()}) == 2
    assert len(runners(worker)) == 3
