"""The worker belongs to its application: started by it, one for all its processes, started again, taken along."""

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.support.processes import PATIENCE, alive, descendants, free_port, runners, wait_until, workers
from tests.system.site import Server, Site

pytestmark = pytest.mark.process


def family(server: Server) -> list[int]:
    """The worker and a ready runner of a server that has run a task."""
    (worker,) = workers(server.pid)
    return [worker, *runners(worker)]


def started(site: Site, *options: str) -> tuple[Server, list[int]]:
    server = site.serve("main:app", *options)
    server.add("sleep", 0)
    site.wait_for([0])
    members = family(server)
    site.remember(members)
    return server, members


def wait_for_the_end_of(members: list[int]) -> None:
    wait_until(lambda: not any(map(alive, members)), "the end of worker and runners")


def test_sigterm_takes_the_worker_along(site: Site) -> None:
    server, members = started(site)
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(PATIENCE)
    wait_for_the_end_of(members)


def test_runners_that_are_dismissed_leave_as_any_program_does(site: Site) -> None:
    server, members = started(site)
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(PATIENCE)
    wait_for_the_end_of(members)
    assert [entry.pid for entry in site.ledger() if entry.phase == "left"] == members[1:]


def test_sigint_twice_takes_the_worker_along(site: Site) -> None:
    server, members = started(site)
    server.process.send_signal(signal.SIGINT)
    server.process.send_signal(signal.SIGINT)
    server.process.wait(PATIENCE)
    wait_for_the_end_of(members)


def test_sigkill_takes_the_worker_along(site: Site) -> None:
    server, members = started(site)
    server.kill()
    wait_for_the_end_of(members)


def test_running_tasks_end_before_the_worker_leaves(site: Site) -> None:
    server, members = started(site)
    server.add("sleep", 1, seconds=2)
    site.wait_for([1], "start")
    server.kill()
    wait_for_the_end_of(members)
    assert site.ends()[1] == 1


def test_a_worker_that_dies_is_started_again(site: Site) -> None:
    server, members = started(site)
    os.kill(members[0], signal.SIGKILL)
    server.add("sleep", 1)
    site.wait_for([1])
    assert workers(server.pid) != [members[0]]


def test_a_shortage_of_descriptors_does_not_end_the_keeping(site: Site) -> None:
    server, members = started(site)
    most = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (len(list(Path(f"/proc/{server.pid}/fd").iterdir())), most[1]))
    os.kill(members[0], signal.SIGKILL)
    wait_until(lambda: "no worker could be started" in server.log.read_text(), "a worker that cannot be started")
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, most)
    server.add("sleep", 1)
    site.wait_for([1])


def test_of_many_processes_one_keeps_the_worker_and_another_follows_it(site: Site) -> None:
    server = site.serve("main:app", "--workers", "3")
    server.add("sleep", 0)
    site.wait_for([0])
    (worker,) = workers(server.pid)
    keeper = next(pid for pid in descendants(server.pid) if worker in descendants(pid) and pid != worker)
    os.kill(keeper, signal.SIGKILL)
    wait_until(lambda: not alive(worker), "the end of the worker")
    server.add("sleep", 1)
    site.wait_for([1])
    assert len(workers(server.pid)) == 1


def test_no_worker_is_started_while_one_started_apart_lives(site: Site) -> None:
    apart = site.work()
    with site.store() as store:
        wait_until(lambda: len(store.workers().result(PATIENCE)) == 1, "the worker")
    server = site.serve()
    server.add("sleep", 1)
    site.wait_for([1])
    assert site.ledger()[0].parent == apart.pid
    assert workers(server.pid) == []
    apart.kill()
    server.add("sleep", 2)
    site.wait_for([2])
    assert len(workers(server.pid)) == 1


def test_a_worker_of_ones_own_can_be_switched_off(site: Site) -> None:
    server = site.serve(worker=False)
    server.add("sleep", 1)
    assert descendants(server.pid) == []


def test_saving_a_file_under_fastapi_dev_restarts_though_a_task_runs(site: Site) -> None:
    """Stock FastAPI waits for the task; here the new code answers before it ends, and it ends all the same."""
    address = f"http://127.0.0.1:{(port := free_port())}"
    process, _ = site.run("-m", "fastapi", "dev", "main.py", "--port", str(port))
    wait_until(lambda: answer(address) is not None, "fastapi dev")
    httpx.post(f"{address}/add/sleep/1", params={"seconds": 8}, timeout=PATIENCE).raise_for_status()
    site.wait_for([1], "start")
    (worker,) = workers(process.pid)
    site.remember([worker, *runners(worker)])
    main = site.folder / "main.py"
    main.write_text(main.read_text().replace('return {"pid": os.getpid()}', 'return {"saved": True}'))
    wait_until(lambda: answer(address) == {"saved": True}, "the new code")
    assert site.ends()[1] == 0
    httpx.post(f"{address}/add/sleep/2", timeout=PATIENCE).raise_for_status()
    site.wait_for([2])
    assert site.ends()[1] == 0
    site.wait_for([1])
    assert site.starts()[1] == 1


def answer(address: str) -> object:
    """What the application says, None while nobody is there."""
    try:
        return httpx.get(f"{address}/ping", timeout=PATIENCE).json()
    except httpx.TransportError:
        return None


def test_the_worker_needs_no_extra(site: Site) -> None:
    """Neither typer nor rich nor uvicorn's extras are imported by a worker or a runner."""
    probe = (
        "import sys, afterword.embedded.serving, afterword.runner.main; print({'typer', 'rich', 'uvicorn'} & set(sys.modules))"
    )
    output = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout
    assert output == "set()\n"
