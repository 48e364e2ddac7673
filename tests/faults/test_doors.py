"""Whoever adds, from wherever, and however his server came to be."""

import fcntl
import os
import re
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import httpx
import pytest
import websockets.exceptions
import websockets.sync.client

from tests.faults.conftest import Count
from tests.faults.oracle import judge
from tests.faults.test_kills import kill, wait_for_a_start_after
from tests.support.processes import PATIENCE, alive, descendants, runners, wait_until, workers
from tests.system.site import Server, Site

PROCESSES = 3


@pytest.mark.fault(
    "clients go away while the commit of their request is on its way",
    "the request is finished all the same: all of its tasks are written, and run",
)
@pytest.mark.parametrize("app", ["main:app", "callers:app"])
def test_client_disconnect(site: Site, tally: Count, app: str) -> None:
    server = site.serve(app)
    place, count = ("add/sleep", 3) if app == "main:app" else ("coroutine", 1)
    numbers = range(0, 20 * count, count)
    post(server, f"{place}/1000")
    with gate_held(site):
        clients = [ask(server, f"/{place}/{number}?count={count}") for number in numbers]
        # By the time that this is answered, all of them are waiting for the store.
        httpx.get(f"{server.address}/places", timeout=PATIENCE)
        for client in clients:
            client.close()
    moment = time.monotonic()
    recovery = wait_for_a_start_after(site, moment)
    jobs = site.wait_until_finished(20 * count + 1)
    tally(judge(site, jobs, recovery=recovery))


@pytest.mark.fault(
    "tasks are added by every kind of caller, many at once, and the API is killed (-9) as soon as all have been answered",
    "each of them is on disk, and runs once",
)
def test_threads_and_loops(site: Site, tally: Count) -> None:
    server = site.serve("callers:app", worker=False)
    places: list[str] = httpx.get(f"{server.address}/places", timeout=PATIENCE).json()
    assert len(places) == 11
    calls: list[Callable[[], None]] = []
    for which, place in enumerate(places):
        calls += [lambda place=place, number=which * 10 + step: post(server, f"{place}/{number}") for step in range(5)]  # type: ignore[misc]
    calls += [lambda number=500 + step: by_socket(server, number) for step in range(5)]  # type: ignore[misc]
    calls += [lambda: by_script(site, 600)]
    with ThreadPoolExecutor(8) as clients:
        list(clients.map(lambda call: call(), calls))
    server.kill()
    accepted = {which * 10 + step for which in range(len(places)) for step in range(5)} | set(range(500, 505)) | {600}
    assert set(site.jobs()) == accepted
    site.work(app="callers:app")
    site.wait_until_finished(len(accepted))
    tally(judge(site, accepted))


@pytest.mark.fault(
    "a server forks its processes after its application has used the store; the one that keeps the worker is killed (-9)",
    "each is a process of its own, one keeps the worker and another follows it; all that was accepted runs",
)
def test_fork_server(site: Site, tally: Count) -> None:
    master, log = site.run("preforking.py", str(PROCESSES))
    wait_until(lambda: "http://" in log.read_text() or master.poll() is not None, "the server")
    found = re.search(r"^http://127\.0\.0\.1:\d+$", log.read_text(), re.M)
    assert found, log.read_text()
    server = Server(master, found.group(), log)
    served = add_many(server, range(1, 60))
    assert len(served) > 1, "only one process has answered"
    site.wait_for(range(60))
    (worker,) = workers(master.pid)
    lives = [path for path in (site.folder / "afterword.db.run").iterdir() if re.fullmatch(r"[0-9a-f]{32}\.lock", path.name)]
    assert len(lives) == PROCESSES + 2, "one life each, for their master and for the worker"
    keeper = next(pid for pid in descendants(master.pid) if worker in descendants(pid))
    site.remember([worker, *runners(worker)])
    kill(keeper)
    moment = time.monotonic()
    wait_until(lambda: not alive(keeper), "its end")
    served = add_many(server, range(60, 90))
    assert keeper not in served
    recovery = wait_for_a_start_after(site, moment)
    site.wait_until_finished(90)
    tally(judge(site, range(90), recovery=recovery))


@contextmanager
def gate_held(site: Site) -> Iterator[None]:
    """Nobody commits meanwhile."""
    descriptor = os.open(site.folder / "afterword.db.run" / "gate.lock", os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(descriptor)


def post(server: Server, path: str) -> None:
    httpx.post(f"{server.address}/{path}", timeout=PATIENCE).raise_for_status()


def by_socket(server: Server, number: int) -> None:
    address = f"ws{server.address.removeprefix('http')}/websocket/{number}"
    # Its endpoint just returns, and with that the request is over.
    with websockets.sync.client.connect(address) as socket, suppress(websockets.exceptions.ConnectionClosedError):
        socket.recv(PATIENCE)


def by_script(site: Site, number: int) -> None:
    script, log = site.run("script.py", str(number))
    assert script.wait(PATIENCE) == 0, log.read_text()


def add_many(server: Server, numbers: Sequence[int]) -> set[int]:
    """The processes that have answered; each request comes on a connection of its own, so that all get some."""
    pids: set[int] = set()

    def add(number: int) -> None:
        pids.add(server.add("sleep", number)["pid"])

    with ThreadPoolExecutor(8) as clients:
        list(clients.map(add, numbers))
    return pids


def ask(server: Server, path: str) -> socket.socket:
    """A client that has asked and has not read the answer."""
    host, port = server.address.removeprefix("http://").split(":")
    client = socket.create_connection((host, int(port)), PATIENCE)
    client.sendall(f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n".encode())
    return client
