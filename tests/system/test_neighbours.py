"""What a task may not do to its request, and processes may not do to each other."""

import threading
from collections import Counter

import httpx
import pytest

from tests.support.processes import PATIENCE
from tests.system.site import Server, Site

pytestmark = pytest.mark.process


def test_no_task_starts_before_the_sessions_of_its_request_have_committed(site: Site) -> None:
    server = site.serve()
    server.add("sleep", 100)  # From here on a runner is waiting for work.
    site.wait_for([100])
    for number in range(3):
        httpx.post(f"{server.address}/session/sleep/{number}", timeout=PATIENCE).raise_for_status()
    site.wait_for(range(3))
    for number in range(3):
        assert [entry.phase for entry in site.by_number()[number]] == ["commit", "start", "end"]


def test_a_failing_task_neither_rolls_back_its_request_nor_closes_its_connection(site: Site) -> None:
    """With stock FastAPI the session rolls back and the next request on the connection gets no answer."""
    server = site.serve()
    with httpx.Client(timeout=PATIENCE) as client:
        first = client.post(f"{server.address}/session/fail/1").raise_for_status()
        site.wait_for([1], "start")
        answer = client.get(f"{server.address}/ping")
        assert answer.is_success
        assert port_of(answer) == port_of(first)
    assert [entry.phase for entry in site.by_number()[1]][:2] == ["commit", "start"]
    assert "rollback" not in {entry.phase for entry in site.ledger()}


def port_of(answer: httpx.Response) -> int:
    """The client's end of the connection that carried it."""
    port: int = answer.extensions["network_stream"].get_extra_info("client_addr")[1]
    return port


def test_four_applications_and_a_busy_worker_share_a_file_without_starving(site: Site) -> None:
    servers = [site.serve(worker=False) for _ in range(4)]
    site.work()
    accepted: Counter[int] = Counter()
    over = threading.Event()
    failures: list[str] = []

    def load(which: int, server: Server) -> None:
        with httpx.Client(timeout=PATIENCE) as client:
            while not over.is_set():
                number = 1000 * which + accepted[which]
                response = client.post(f"{server.address}/add/sleep/{number}")
                if response.status_code != 200:
                    failures.append(response.text)
                accepted[which] += 1
                if accepted[which] == 200:
                    over.set()

    clients = [threading.Thread(target=load, args=(which, server)) for which, server in enumerate(servers)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert not failures
    # When the first had 200, none had stood still.
    assert min(accepted.values()) > 50, accepted
    jobs = site.wait_until_finished(sum(accepted.values()))
    assert len(jobs) == sum(accepted.values())
    assert set(site.ends().values()) == {1}
    for log in site.folder.glob("log-*.txt"):
        assert "locked" not in log.read_text()
    site.check()


def test_a_full_backlog_is_refused_before_anything_is_half_written(site: Site) -> None:
    server = site.serve(worker=False, AFTERWORD_MAX_QUEUED="5")
    server.add("sleep", 0, count=4)
    refused = httpx.post(f"{server.address}/add/sleep/10", params={"count": 2}, timeout=PATIENCE)
    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) > 0
    server.add("sleep", 4)
    assert set(site.jobs()) == set(range(5))
    site.work()
    site.wait_until_finished(5)
    server.add("sleep", 5)


def test_nothing_is_lost_when_a_worker_is_stopped_amid_work(site: Site) -> None:
    server = site.serve(worker=False)
    for number in range(0, 60, 3):
        server.add("sleep", number, count=3, seconds=0.05)
    for _ in range(3):
        worker = site.work(concurrency=4)
        before = len(site.starts())
        site.wait_for_more(before)
        worker.terminate()
        worker.wait(PATIENCE)
    site.work()
    jobs = site.wait_until_finished(60)
    assert {(job.state.word, job.attempt) for job in jobs.values()} == {("succeeded", 1)}
    assert set(site.ends().values()) == {1}
