"""What is added after the commit: by bodies of responses, by dependencies after their `yield`, by sockets, after the end."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from fastapi import Depends, FastAPI, WebSocket
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient

from afterword import BackgroundTasks, Tasks
from afterword.adder import Adder
from afterword.errors import StoreUnavailable
from afterword.jobs.job import Job, State
from afterword.tasks.call import Call
from tests.door.reading import chain, labels, states
from tests.door.watched import Watched
from tests.door.work import sweep, work

UNAVAILABLE = StoreUnavailable(store="there", why="the disk is full")


@pytest.mark.parametrize("kind", ["async", "sync"])
def test_bodies_of_streams(app: FastAPI, client: TestClient, store: Watched, notes: list[str], kind: str) -> None:
    @app.get("/")
    async def endpoint(background_tasks: BackgroundTasks) -> StreamingResponse:
        background_tasks.add_task(work, "endpoint")

        async def slowly() -> AsyncIterator[bytes]:
            for label in ("first", "second"):
                background_tasks.add_task(work, label)
                yield b"."

        def at_once() -> Iterator[bytes]:
            for label in ("first", "second"):
                background_tasks.add_task(work, label)
                yield b"."

        return StreamingResponse(slowly() if kind == "async" else at_once())

    assert client.get("/").text == ".."
    assert labels(store.jobs()) == ["endpoint", "first", "second"]
    assert notes == ["add 1", "add 1", "add 1", "release 3"]
    assert [job.state for (job,) in store.adds] == [State.HELD] * 3
    assert chain(job for (job,) in store.adds) == [None, "endpoint", "first"]


def test_generator_endpoints(app: FastAPI, client: TestClient, store: Watched, notes: list[str]) -> None:
    @app.get("/")
    async def endpoint(background_tasks: BackgroundTasks) -> AsyncIterator[int]:
        background_tasks.add_task(work, "before")
        yield 1
        background_tasks.add_task(work, "after")

    assert client.get("/").text == "1\n"
    assert labels(store.jobs()) == ["before", "after"]
    assert notes == ["add 1", "add 1", "release 2"]


def test_after_the_yield_of_dependencies(app: FastAPI, client: TestClient, store: Watched, notes: list[str]) -> None:
    async def long(background_tasks: BackgroundTasks) -> AsyncIterator[None]:
        yield
        background_tasks.add_task(work, "long")

    def short(background_tasks: BackgroundTasks) -> Iterator[None]:
        yield
        background_tasks.add_task(work, "short")

    @app.post("/", dependencies=[Depends(long), Depends(short, scope="function")])
    async def endpoint(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(work, "endpoint")

    assert client.post("/").status_code == 200
    assert notes == ["add 2", "add 1", "release 3"]
    assert labels(store.jobs()) == ["endpoint", "short", "long"]


def test_the_end_waits_for_writes_that_are_on_their_way(app: FastAPI, store: Watched, notes: list[str]) -> None:
    going: list[threading.Event] = []

    async def adding(background_tasks: BackgroundTasks) -> AsyncIterator[None]:
        yield
        going.append(store.hesitate())
        background_tasks.add_task(work, "late")
        threading.Timer(0.05, going[0].set).start()

    @app.post("/", dependencies=[Depends(adding)])
    async def endpoint() -> None: ...

    assert TestClient(app).post("/").status_code == 200
    assert going[0].is_set()
    assert states(store.jobs()) == [State.QUEUED]
    assert notes == ["add 1", "release 1"]


def test_a_late_write_that_fails_is_an_error_of_the_request_and_costs_no_other(
    app: FastAPI, store: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    async def adding(background_tasks: BackgroundTasks) -> AsyncIterator[None]:
        background_tasks.add_task(work, "kept")
        yield
        store.fail("add", UNAVAILABLE)
        background_tasks.add_task(work, "lost")
        background_tasks.add_task(work, "later")

    @app.post("/", dependencies=[Depends(adding)])
    async def endpoint() -> None: ...

    with pytest.raises(StoreUnavailable, match="the disk is full"):
        TestClient(app).post("/")

    assert "lost" in caplog.text and "the disk is full" in caplog.text
    assert labels(store.jobs()) == ["kept", "later"]
    assert State.RUNNING not in states(store.jobs())
    assert {job.owner for job in store.jobs()} == {None}


@pytest.mark.parametrize("where", ["loop", "thread"])
def test_after_the_end_of_the_request_it_is_written_at_once_ready_to_run(
    app: FastAPI, store: Watched, notes: list[str], where: str
) -> None:
    kept: list[Tasks] = []

    @app.post("/")
    async def endpoint(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(work, "first")
        kept.append(background_tasks)

    @app.post("/later")
    async def later() -> None:
        if where == "loop":
            kept[0].add_task(work, "later")
        else:
            await asyncio.to_thread(kept[0].add_task, work, "later")

    with TestClient(app) as client:
        client.post("/")
        client.post("/later")

    assert notes == ["add 1", "release 1", "add 1"]
    assert labels(store.jobs()) == ["first", "later"]
    assert store.adds[1][0].owner is None


def test_after_the_end_a_failure_reaches_a_thread_and_is_logged_on_a_loop(
    app: FastAPI, store: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    kept: list[Tasks] = []

    @app.post("/")
    async def endpoint(background_tasks: BackgroundTasks) -> None:
        kept.append(background_tasks)

    @app.post("/later")
    async def later() -> None:
        kept[0].add_task(work, "on the loop")

    with TestClient(app) as client:
        client.post("/")
        store.fail("add", UNAVAILABLE, UNAVAILABLE)
        with pytest.raises(StoreUnavailable):
            kept[0].add_task(work, "in a thread")
        client.post("/later")

    assert "tests.door.work:work" in caplog.text and "lost" in caplog.text


def test_a_thread_that_adds_at_the_moment_of_the_commit_loses_nothing(
    app: FastAPI, client: TestClient, store: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = threading.Event()
    make = Adder.job

    def slowly(self: Adder, call: Call, **options: Any) -> Job:
        if b"slow" in call.arguments:
            inside.set()
            time.sleep(0.1)  # The commit comes meanwhile.
        return make(self, call, **options)

    monkeypatch.setattr(Adder, "job", slowly)

    @app.post("/")
    def endpoint(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(work, "first")
        threading.Thread(target=background_tasks.add_task, args=(work, "slow")).start()
        inside.wait()

    assert client.post("/").status_code == 200
    assert labels(store.jobs()) == ["first", "slow"]


def test_threads_of_an_endpoint_may_add_while_it_commits(app: FastAPI, client: TestClient, store: Watched) -> None:
    count = 200
    threads: list[threading.Thread] = []

    @app.post("/")
    def endpoint(background_tasks: BackgroundTasks) -> None:
        def add(name: int) -> None:
            for number in range(count):
                background_tasks.add_task(work, f"{name}-{number}")

        threads.extend(threading.Thread(target=add, args=(name,)) for name in range(4))
        for thread in threads:
            thread.start()

    assert client.post("/").status_code == 200
    for thread in threads:
        thread.join()

    jobs = store.jobs()
    assert len(jobs) == 4 * count
    assert {job.owner for job in jobs} == {None}, "nothing stays held"
    for name in range(4):
        assert [label for label in labels(jobs) if label.startswith(f"{name}-")] == [f"{name}-{n}" for n in range(count)]


# Sockets


def test_sockets_write_at_once_ready_to_run(app: FastAPI, client: TestClient, store: Watched, notes: list[str]) -> None:
    @app.websocket("/")
    async def endpoint(socket: WebSocket, background_tasks: BackgroundTasks) -> None:
        await socket.accept()
        for label in ("first", "second"):
            background_tasks.add_task(work, label)
            await socket.send_text(label)
            await socket.receive_text()
        await socket.close()

    with client.websocket_connect("/") as socket:
        assert socket.receive_text() == "first"
        assert labels(store.jobs()) == ["first"]
        assert states(store.jobs()) == [State.QUEUED]
        socket.send_text("go on")
        assert socket.receive_text() == "second"
        socket.send_text("go on")

    assert notes == ["add 1", "add 1"]
    assert chain(job for (job,) in store.adds) == [None, "first"]
    assert {job.owner for job in store.jobs()} == {None}


def test_an_unordered_task_of_a_socket_waits_for_nothing(app: FastAPI, client: TestClient, store: Watched) -> None:
    @app.websocket("/")
    async def endpoint(socket: WebSocket, background_tasks: BackgroundTasks) -> None:
        await socket.accept()
        background_tasks.add_task(work, "first")
        background_tasks.add_task(sweep, "aside")
        await socket.close()

    with client.websocket_connect("/") as socket:
        assert socket.receive()["type"] == "websocket.close"

    assert states(store.jobs()) == [State.QUEUED, State.QUEUED]


def test_a_socket_that_fails_keeps_what_it_added(app: FastAPI, client: TestClient, store: Watched) -> None:
    @app.websocket("/")
    async def endpoint(socket: WebSocket, background_tasks: BackgroundTasks) -> None:
        await socket.accept()
        background_tasks.add_task(work, "a")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"), client.websocket_connect("/") as socket:
        socket.receive_text()

    assert states(store.jobs()) == [State.QUEUED]


def test_a_write_of_a_socket_that_fails_is_its_error(app: FastAPI, client: TestClient, store: Watched) -> None:
    @app.websocket("/")
    async def endpoint(socket: WebSocket, background_tasks: BackgroundTasks) -> None:
        await socket.accept()
        background_tasks.add_task(work, "a")

    store.fail("add", UNAVAILABLE)

    with pytest.raises(StoreUnavailable), client.websocket_connect("/") as socket:
        socket.receive_text()
