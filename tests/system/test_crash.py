"""Tasks that take their runner along."""

import sqlite3
import uuid
from pathlib import Path

import pytest

from afterword.jobs.job import State
from tests.support.processes import runners, wait_until, workers
from tests.system.site import Site

pytestmark = pytest.mark.process


def test_a_task_that_kills_its_runner_once_runs_again_and_succeeds(site: Site) -> None:
    server = site.serve()
    server.add("kill_once", 1)
    job = site.wait_until_finished(1)[1]
    assert (job.state, job.attempt, job.crashes) == (State.SUCCEEDED, 1, 0)
    assert site.starts()[1] == 2


def test_an_outcome_that_died_with_its_runner_is_made_again(site: Site) -> None:
    server = site.serve()
    server.add("leave_after", 1)
    job = site.wait_until_finished(1)[1]
    assert (job.state, job.attempt, job.crashes) == (State.SUCCEEDED, 1, 0)
    assert site.ends()[1] == 2


def test_at_most_once_is_not_run_again_after_a_crash(site: Site) -> None:
    server = site.serve(AFTERWORD_RUNNERS="1")
    server.add("sleep_once", 1, seconds=1)
    site.wait_for([1], "start")
    server.add("segfault", 2)
    jobs = site.wait_until_finished(2)
    assert jobs[1].state is State.FAILED
    assert jobs[1].error == "segmentation fault; it runs at most once, so it is not tried again"
    assert site.starts()[1] == 1


def test_at_most_once_is_not_run_again_after_its_worker_is_killed(site: Site) -> None:
    server = site.serve(worker=False)
    server.add("sleep_once", 1, seconds=600)
    dying = site.work()
    site.wait_for([1], "start")
    dying.kill()
    site.work()
    job = site.wait_until_finished(1)[1]
    assert job.state is State.FAILED
    assert site.starts()[1] == 1


def test_a_function_that_raises_what_python_keeps_for_itself_fails_like_any_other(site: Site) -> None:
    server = site.serve()
    server.add("raise_generator_exit", 1)
    server.add("raise_stop_iteration", 2)
    jobs = site.wait_until_finished(2)
    assert "raised GeneratorExit" in (jobs[1].error or "")
    assert "raised StopIteration" in (jobs[2].error or "")


@pytest.mark.parametrize("name", ["stop_the_loop", "exit_beside"])
def test_a_task_that_ends_the_loop_for_all_is_found_and_its_neighbours_are_not_blamed(site: Site, name: str) -> None:
    server = site.serve(AFTERWORD_RUNNERS="1")
    for number in range(3):
        server.add("sleep_async", number, seconds=1.5)
    site.wait_for(range(3), "start")
    server.add(name, 7)
    jobs = site.wait_until_finished(4)
    assert jobs.pop(7).state is State.FAILED
    assert {(job.state, job.attempt, job.crashes) for job in jobs.values()} == {(State.SUCCEEDED, 1, 0)}


def test_while_suspects_run_alone_others_go_on(site: Site) -> None:
    server = site.serve(AFTERWORD_RUNNERS="2")
    for number in range(8):
        server.add("sleep_async", number, seconds=5)
    site.wait_for(range(8), "start")
    server.add("kill_once", 50)
    wait_until(lambda: max(site.starts().values()) == 2, "the first suspect's turn")
    server.add("sleep", 60)
    site.wait_for([60])
    assert not set(range(8)) <= set(site.ends())


def test_a_module_that_cannot_be_imported_fails_the_job_with_its_traceback(site: Site) -> None:
    (site.folder / "settings_of_the_day.py").write_text(
        "import sys\n\ndef work(number: int) -> None: ...\n\n"
        "if 'uvicorn' not in sys.modules:\n    raise KeyError('no secret is set')\n"
    )
    server = site.serve()
    server.add("import_late", 1)
    job = site.wait_until_finished(1)[1]
    assert job.state is State.FAILED
    assert job.attempt == 3
    assert "no secret is set" in (job.error or "")


def test_rows_written_by_others_hold_nobody_up(site: Site) -> None:
    server = site.serve(worker=False)
    server.add("sleep", 1)
    with sqlite3.connect(site.folder / "afterword.db") as connection:
        columns = "id, app, task, arguments, added_at, retry, state, queue, priority, run_at, owner"
        row = ("main:app", "main:sleep", b'{"number":2}', 1, "[3,1,2,3600,0]", 1, "default", 0, 0, None)
        for place, value in (
            ("task", "os:system"),
            ("retry", "garbage"),
            ("retry", "[]"),
            ("arguments", b"\xff\xfe{{{"),
            ("owner", "x" * 400),
            ("owner", "a\0b"),
        ):
            names = columns.split(", ")[1:]
            values = [value if name == place else other for name, other in zip(names, row, strict=True)]
            if place == "owner":
                values[names.index("state")] = 2
            connection.execute(f"INSERT INTO jobs ({columns}) VALUES ({', '.join('?' * 11)})", (str(uuid.uuid4()), *values))
        connection.execute(
            f"INSERT INTO jobs ({columns}) SELECT 'x', app, CAST(x'ff' AS TEXT), arguments, 1, retry, 1, queue, 0, 0, NULL"
            " FROM jobs LIMIT 1"
        )
        with pytest.raises(sqlite3.Error):
            connection.execute("UPDATE jobs SET arguments = 5")
        with pytest.raises(sqlite3.Error):
            connection.execute("UPDATE jobs SET run_at = 'soon'")
    connection.close()
    worker = site.work()
    site.wait_for([1])
    server.add("sleep", 3)
    site.wait_for([3])
    assert worker.poll() is None


def test_a_module_that_ends_its_runner_while_it_is_imported_is_to_blame_like_a_task(site: Site) -> None:
    (site.folder / "settings_of_the_day.py").write_text(
        "import os, sys\n\ndef work(number: int) -> None: ...\n\nif 'uvicorn' not in sys.modules:\n    os._exit(7)\n"
    )
    server = site.serve()
    server.add("import_late", 1)
    job = site.wait_until_finished(1)[1]
    assert (job.state, job.crashes) == (State.FAILED, 3)
    assert (job.error or "").endswith("exited with 7")


def test_a_runner_keeps_its_worker_s_lock_when_a_task_opens_the_store(site: Site) -> None:
    server = site.serve()
    server.add("add_another", 1)
    site.wait_for([1001])
    (worker,) = workers(server.pid)
    runner = site.by_number()[1][0].pid
    assert runner in runners(worker)
    files = {path.stat().st_ino for path in (site.folder / "afterword.db.run").glob("*.lock")}
    # The worker holds one byte of its file, its runner another.
    assert locked_by(worker) & locked_by(runner) & files


def locked_by(pid: int) -> set[int]:
    """The inodes of the files on which a process has a record lock for writing."""
    locks = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
    return {int(lock[5].split(":")[2]) for lock in locks if lock[1] == "POSIX" and lock[3:5] == ["WRITE", str(pid)]}
