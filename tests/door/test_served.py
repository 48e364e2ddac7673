"""Through a real uvicorn: clients that go away, servers that are stopped, disks that are full."""

import resource
import shutil
import signal
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from afterword.jobs.job import Job, State
from afterword.stores.sqlite.store import SqliteStore
from afterword.stores.store import Query
from tests.support.processes import PATIENCE, wait_until
from tests.support.uvicorn import Server, serve

pytestmark = pytest.mark.process


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(Path(__file__).parent / "served" / "main.py", tmp_path)
    return tmp_path


def jobs(folder: Path) -> list[Job]:
    """All that rests in the server's store."""
    store = SqliteStore(folder / "afterword.db")
    try:
        return list(store.find(Query(limit=10_000)).result(PATIENCE))
    finally:
        store.close()


@contextmanager
def writing_blocked(folder: Path) -> Iterator[None]:
    """Nobody else writes to the file meanwhile."""
    with closing(sqlite3.connect(folder / "afterword.db", isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def ask(server: Server, method: str, path: str) -> socket.socket:
    """Send a request, and do not wait."""
    connection = server.connect()
    connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: here\r\nContent-Length: 0\r\n\r\n".encode())
    return connection


def test_a_client_that_leaves_before_the_response_costs_no_task(folder: Path) -> None:
    with serve(folder) as server:
        ask(server, "POST", "/slow").close()
        wait_until((folder / "began").exists, "the endpoint")
        (folder / "go").touch()

        wait_until(lambda: [job.state for job in jobs(folder)] == [State.QUEUED], "the release")


def test_a_client_that_leaves_midway_costs_no_task(folder: Path) -> None:
    with serve(folder) as server:
        with ask(server, "GET", "/stream") as connection:
            connection.recv(1 << 16)
            wait_until(lambda: len(jobs(folder)) >= 3, "late tasks")

        wait_until(lambda: {job.owner for job in jobs(folder)} == {None}, "the release")


def test_a_file_that_is_missing_deletes_what_was_held(folder: Path) -> None:
    with serve(folder) as server:
        assert httpx.get(f"{server.address}/missing").status_code == 500
        assert httpx.post(f"{server.address}/add/2").status_code == 200

        wait_until(lambda: [job.state for job in jobs(folder)] == [State.HELD, State.QUEUED], "the release")
        assert "missing" not in {job.arguments.decode() for job in jobs(folder)}


def test_a_stop_while_it_is_written_tears_no_commit(folder: Path) -> None:
    with serve(folder, "main:app", "--timeout-graceful-shutdown", "1") as server:
        assert httpx.post(f"{server.address}/add/1").status_code == 200
        with writing_blocked(folder), ask(server, "POST", "/add/50"):
            wait_until((folder / "added-50").exists, "the endpoint")
            server.process.terminate()
            wait_until(lambda: "timeout graceful shutdown exceeded" in server.said(), "the end of its patience")
        server.process.wait(PATIENCE)

    assert len(jobs(folder)) == 1, "the client got no 200, and there was time to delete them"


def test_a_kill_while_it_is_written_tears_no_commit(folder: Path) -> None:
    with serve(folder) as server:
        assert httpx.post(f"{server.address}/add/1").status_code == 200
        with ask(server, "POST", "/add/500"):
            wait_until((folder / "added-500").exists, "the endpoint")
            server.stop(signal.SIGKILL)

    assert len(jobs(folder)) in (1, 501)


def test_a_full_disk_is_503_until_there_is_room(folder: Path) -> None:
    with serve(folder) as server:
        assert httpx.post(f"{server.address}/add/1").status_code == 200
        # Of each file, so that there is room for the log, but none behind what is already in the write-ahead log.
        limits = resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (16_384, resource.RLIM_INFINITY))

        refused = httpx.post(f"{server.address}/add/2")

        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, limits)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
        assert str(folder) not in refused.text
        assert str(folder) in server.said(), "the log says where"
        assert httpx.post(f"{server.address}/add/3").status_code == 200
        assert len(jobs(folder)) == 4
