"""Requests that are cancelled while their tasks are on the way to the store."""

import threading
from collections.abc import AsyncIterator

import anyio
import pytest
from fastapi import Depends, FastAPI, Request
from fastapi.responses import PlainTextResponse
from fastapi.testclient import TestClient
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from afterword import Afterword, BackgroundTasks
from afterword.jobs.job import State
from tests.door.reading import labels, states
from tests.door.watched import Watched
from tests.door.work import work
from tests.support.processes import wait_until


class Deadline:
    """Gives a request a tenth of a second, then answers in its place unless it has begun to."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def noting(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        with anyio.move_on_after(0.1) as limit:
            await self.app(scope, receive, noting)
        if limit.cancelled_caught and not started:
            await PlainTextResponse("", 504)(scope, receive, send)


@pytest.fixture
def impatient(store: Watched) -> FastAPI:
    app = FastAPI()
    app.add_middleware(Deadline)
    Afterword(app, worker=False)
    return app


def test_a_commit_that_comes_too_late_for_its_request_is_deleted(impatient: FastAPI, store: Watched, notes: list[str]) -> None:
    @impatient.post("/")
    async def endpoint(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(work, "a")
        background_tasks.add_task(work, "b")

    go = store.hesitate()
    with TestClient(impatient) as client:
        assert client.post("/").status_code == 504
        go.set()
        wait_until(lambda: "discard 2" in notes, "the discard")

    assert notes == ["add 2", "discard 2"]
    assert store.jobs() == []


def test_so_is_one_that_was_made_early(app: FastAPI, store: Watched, notes: list[str]) -> None:
    app.add_middleware(Deadline)  # Outside of the witness, before which the response waits.

    @app.post("/")
    async def endpoint(request: Request, background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(work, "a")
        await PlainTextResponse("answer")(request.scope, request.receive, request._send)

    go = store.hesitate()
    with TestClient(app) as client:
        assert client.post("/").status_code == 504
        go.set()
        wait_until(lambda: "discard 1" in notes, "the discard")

    assert notes == ["add 1", "discard 1"]
    assert store.jobs() == []


def test_stopping_waits_for_it(impatient: FastAPI, store: Watched, notes: list[str]) -> None:
    @impatient.post("/")
    async def endpoint(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(work, "a")

    go = store.hesitate()
    with TestClient(impatient) as client:
        assert client.post("/").status_code == 504
        threading.Timer(0.1, go.set).start()

    assert notes == ["add 1", "discard 1"]


def test_a_late_write_is_seen_through_when_the_request_is_cancelled(
    impatient: FastAPI, store: Watched, notes: list[str]
) -> None:
    going: list[threading.Event] = []

    async def adding(background_tasks: BackgroundTasks) -> AsyncIterator[None]:
        background_tasks.add_task(work, "endpoint")
        yield
        going.append(store.hesitate())
        background_tasks.add_task(work, "late")

    @impatient.post("/", dependencies=[Depends(adding)])
    async def endpoint() -> None: ...

    with TestClient(impatient) as client:
        assert client.post("/").status_code == 200
        assert notes == ["add 1", "add 1"]
        going[0].set()
        wait_until(lambda: "release 2" in notes, "the release")

    assert labels(store.jobs()) == ["endpoint", "late"]
    assert states(store.jobs())[0] is State.QUEUED
