"""Tasks that harm themselves and all around them."""

import os
import signal
import time
from pathlib import Path

import pytest

from afterword.jobs.job import State
from tests.faults.conftest import Count
from tests.faults.oracle import judge
from tests.faults.strangers import APP
from tests.faults.test_kills import kill, wait_for_a_start_after
from tests.support.processes import alive, runners, wait_until, workers
from tests.system.site import Site

CRASHED = "it ended its runner 3 times while nothing else ran there: "


@pytest.mark.fault(
    "a task that ends its runner by a segmentation fault, whenever it is tried",
    "it is tried alone, three times, and failed with the cause in words",
)
def test_segfault(site: Site, tally: Count) -> None:
    server = site.serve(APP)
    server.add("segfault", 1)
    job = site.wait_until_finished(1)[1]
    assert (job.state, job.crashes, job.attempt) == (State.FAILED, 3, 0)
    assert job.error == CRASHED + "segmentation fault"
    assert site.starts()[1] == 4  # Once among others, three times alone.
    tally(judge(site, [1], failing=[1]))


@pytest.mark.fault(
    "the same, among seven tasks in one runner that do no harm", "the guilty one is found; the seven lose no attempt"
)
def test_segfault_among_eight(site: Site, tally: Count) -> None:
    server = site.serve(APP, AFTERWORD_RUNNERS="1")
    for number in range(7):
        server.add("sleep", number, seconds=0.8)
    site.wait_for(range(7), "start")
    server.add("segfault", 7)
    moment = time.monotonic()
    recovery = wait_for_a_start_after(site, moment)
    jobs = site.wait_until_finished(8)
    assert jobs.pop(7).state is State.FAILED
    assert {(job.attempt, job.crashes) for job in jobs.values()} == {(1, 0)}
    tally(judge(site, range(8), failing=[7], recovery=recovery))


@pytest.mark.fault(
    "a task that takes more memory than its limit (RLIMIT_AS), and one that is killed as by a kernel that is short of it",
    "the first fails by MemoryError, the second with the cause in words; the kernel would take a runner before worker or API",
)
def test_out_of_memory(site: Site, tally: Count) -> None:
    server = site.serve(APP)
    server.add("sleep", 0)
    site.wait_for([0])
    (worker,) = workers(server.pid)
    likely = {pid: int(Path(f"/proc/{pid}/oom_score_adj").read_text()) for pid in (server.pid, worker, *runners(worker))}
    assert likely[server.pid] == likely[worker] < min(likely[runner] for runner in runners(worker))
    server.add("sleep", 1, seconds=1.0)
    server.add("eat", 2)
    server.add("killed", 3)
    jobs = site.wait_until_finished(4)
    assert (jobs[2].attempt, (jobs[2].error or "").strip().splitlines()[-1]) == (2, "MemoryError")
    assert jobs[3].error == CRASHED + "killed by SIGKILL: out of memory, or by somebody"
    assert workers(server.pid) == [worker]
    tally(judge(site, range(4), failing=[2, 3]))


@pytest.mark.fault(
    "tasks with a timeout that loop in Python, in C with the interpreter's lock, in a blocked read, and in time.sleep",
    "the timeout ends each of them, and their runner with them",
)
def test_hang_forever(site: Site, tally: Count) -> None:
    server = site.serve("hanging:app")
    names = ["spinning", "reading", "sleeping", "holding_the_gil"]
    for number, name in enumerate(names):
        server.add(name, number)
    jobs = site.wait_until_finished(len(names))
    for job in jobs.values():
        assert (job.attempt, job.crashes) == (2, 0)
        assert (job.error or "").startswith("it took longer than its timeout of 0.5 s")
    server.add("neighbour", 9)
    site.wait_until_finished(5)
    tally(judge(site, [*range(4), 9], failing=range(4)))


@pytest.mark.fault(
    "a task forks a daemon that outlives its runner, its worker and its API, all of which are killed one after the other",
    "each death is seen all the same, and what it left is tried again",
)
def test_fork_in_task(site: Site, tally: Count) -> None:
    server = site.serve(APP, AFTERWORD_RUNNERS="1")
    server.add("fork_daemon", 0)
    site.wait_for([0], "daemon")
    daemon = next(entry.pid for entry in site.ledger() if entry.phase == "daemon")
    site.remember([daemon])
    site.wait_for([0])
    server.add("sleep", 1, seconds=1.0)
    site.wait_for([1], "start")
    (worker,) = workers(server.pid)
    moment = time.monotonic()
    kill(*(runner for runner in runners(worker) if runner != daemon))
    recovery = wait_for_a_start_after(site, moment)
    kill(worker)
    wait_until(lambda: site.starts()[1] == 3, "the start after the worker's death")
    (worker,) = workers(server.pid)
    family = [worker, *runners(worker)]
    site.remember(family)
    server.kill()
    wait_until(lambda: not any(map(alive, family)), "the end of worker and runners, once their API is dead")
    assert alive(daemon)
    site.serve(APP)
    site.wait_until_finished(2)
    tally(judge(site, [0, 1], recovery=recovery))


@pytest.mark.fault(
    "tasks that call sys.exit(1), quit() and os._exit(0)",
    "the first two fail, without another try; the third is found to end its runner; their neighbours come to no harm",
)
def test_exit_in_task(site: Site, tally: Count) -> None:
    server = site.serve(APP)
    server.add("sleep", 0, seconds=0.5)
    for number, name in enumerate(["exit_with_1", "call_quit", "exit_at_once"], 1):
        server.add(name, number)
    jobs = site.wait_until_finished(4)
    assert [(jobs[n].attempt, (jobs[n].error or "").strip().splitlines()[-1]) for n in (1, 2)] == [
        (1, "SystemExit: 1"),
        (1, "SystemExit: None"),
    ]
    assert jobs[3].error == CRASHED + "exited with 0"
    tally(judge(site, range(4), failing=[1, 2, 3]))


@pytest.mark.fault("a task sends SIGTERM to its worker", "the worker lets it end, and leaves; another is started")
def test_signal_parent_in_task(site: Site, tally: Count) -> None:
    server = site.serve(APP)
    server.add("sleep", 0, seconds=0.5)
    site.wait_for([0], "start")
    (worker,) = workers(server.pid)
    server.add("terminate_worker", 1)
    wait_until(lambda: not alive(worker), "the end of the worker")
    moment = time.monotonic()
    server.add("sleep", 2)
    recovery = wait_for_a_start_after(site, moment)
    site.wait_until_finished(3)
    tally(judge(site, range(3), recovery=recovery))


@pytest.mark.parametrize("times", [2, pytest.param(1000, marks=pytest.mark.long)])
@pytest.mark.fault(
    "a task sends SIGKILL to its worker, twice or whenever it is tried",
    "another worker goes on with it; the tenth death is its last: it is failed, and holds up nobody",
)
def test_kill_parent_in_task(site: Site, tally: Count, times: int) -> None:
    server = site.serve(APP)
    server.add("sleep", 0, seconds=0.2)
    server.add("kill_worker", 1, times=times)
    wait_until(lambda: site.jobs()[1].state.finished, "the end of the one that kills", 300)
    server.add("sleep", 2)
    jobs = site.wait_until_finished(3)
    endless = times > 10
    assert jobs[1].error == ("its worker died 10 times while it ran" if endless else None)
    assert site.starts()[1] == (10 if endless else 3)
    tally(judge(site, range(3), failing=[1] if endless else [], twice_at_most=1))


@pytest.mark.parametrize("name", ["close_all_fds", "close_all_fds_async"])
@pytest.mark.long
@pytest.mark.fault(
    "a task closes every descriptor of its runner (os.closerange), in a thread or on the loop",
    "the runner is found out and ended, the task is to blame, and no other loses anything",
)
def test_close_all_fds_in_task(site: Site, tally: Count, name: str) -> None:
    server = site.serve(APP, AFTERWORD_RUNNERS="1")
    server.add("sleep", 0, seconds=0.5)
    site.wait_for([0], "start")
    server.add(name, 1)
    jobs = site.wait_until_finished(2)
    assert (jobs[0].attempt, jobs[0].crashes) == (1, 0)
    assert (jobs[1].state, jobs[1].crashes) == (State.FAILED, 3)
    assert (jobs[1].error or "").startswith(CRASHED)
    assert "memory" not in (jobs[1].error or "")
    assert site.ends()[1] == 0
    (worker,) = workers(server.pid)
    os.kill(worker, signal.SIGKILL)
    server.add("sleep", 2)
    site.wait_until_finished(3)
    tally(judge(site, range(3), failing=[1]))
