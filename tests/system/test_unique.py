"""However many add a task at once, in however many processes: with a unique key it is one job, and it runs once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import httpx
import pytest

from afterword.jobs.job import State
from tests.support.processes import PATIENCE, wait_until
from tests.system.site import Server, Site

pytestmark = pytest.mark.process

CLIENTS = 50


def at_once(servers: list[Server], path: str, read: Callable[[httpx.Response], Any]) -> list[Any]:
    """What each client was answered."""
    ready = Barrier(CLIENTS)

    def ask(number: int) -> Any:
        with httpx.Client(timeout=PATIENCE) as client:
            address = servers[number % len(servers)].address
            client.get(f"{address}/docs").raise_for_status()  # Connected, and the application imported.
            ready.wait(PATIENCE)
            return read(client.post(f"{address}{path}").raise_for_status())

    with ThreadPoolExecutor(CLIENTS) as clients:
        return list(clients.map(ask, range(CLIENTS)))


def test_fifty_clients_of_two_processes_add_one_job(site: Site) -> None:
    servers = [site.serve("reports:app", worker=False) for _ in range(2)]
    answers = at_once(servers, "/add/1", httpx.Response.json)
    (job,) = site.jobs().values()
    assert {answer["id"] for answer in answers} == {job.id}
    assert {answer["pid"] for answer in answers} == {server.pid for server in servers}
    collected = at_once(servers, "/collect/1", lambda response: response.text)
    assert set(collected) == {job.id}
    site.work(app="reports:app")
    site.wait_until_finished(1)
    assert site.ends() == {1: 1}
    again = httpx.post(f"{servers[0].address}/add/1", timeout=PATIENCE).json()
    assert again["id"] != job.id
    wait_until(lambda: site.ends() == {1: 2}, "the second report")
    site.check()


def test_what_fifty_requests_hold_together_outlives_the_process_that_added_it(site: Site) -> None:
    servers = [site.serve("reports:app", worker=False) for _ in range(2)]
    ids = at_once(servers, "/collect/1", lambda response: response.text)
    for server in servers:
        server.kill()
    site.work(app="reports:app")
    (job,) = site.wait_until_finished(1).values()
    assert (set(ids), job.state) == ({job.id}, State.SUCCEEDED)
    assert site.ends() == {1: 1}
