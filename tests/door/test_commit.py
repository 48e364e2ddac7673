"""What a request writes, when, and when not."""

from collections.abc import AsyncIterator, Iterator
from typing import Annotated

import pytest
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse, StreamingResponse
from fastapi.testclient import TestClient
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from afterword import BackgroundTasks
from afterword.errors import BacklogFull, SchemaTooNew, StoreUnavailable
from afterword.jobs.job import State
from tests.door.reading import labels, states
from tests.door.watched import Watched
from tests.door.work import work

UNAVAILABLE = StoreUnavailable(store="/secret/place/afterword.db", why="the disk is full")


def sends_noted(app: FastAPI, notes: list[str]) -> None:
    """Note the beginning of each response, as the server sees it."""

    class Noting:
        def __init__(self, app: ASGIApp) -> None:
            self.app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            async def noting(message: Message) -> None:
                if message["type"] == "http.response.start":
                    notes.append(f"response {message['status']}")
                await send(message)

            await self.app(scope, receive, noting)

    app.add_middleware(Noting)


# The order


@pytest.mark.parametrize("tasks_first", [True, False])
def test_written_after_function_scoped_commits_released_after_request_scoped_ones(
    app: FastAPI, client: TestClient, store: Watched, notes: list[str], tasks_first: bool
) -> None:
    sends_noted(app, notes)

    async def request_scoped() -> AsyncIterator[None]:
        yield
        notes.append(f"request-scoped exit, {states(store.jobs())[0].word}")

    def function_scoped() -> Iterator[None]:
        yield
        notes.append(f"function-scoped exit, {len(store.jobs())} jobs")

    Long = Annotated[None, Depends(request_scoped)]
    Short = Annotated[None, Depends(function_scoped, scope="function")]
    if tasks_first:

        @app.post("/")
        async def one(background_tasks: BackgroundTasks, long: Long, short: Short) -> None:
            background_tasks.add_task(work, "a")

    else:

        @app.post("/")
        async def other(short: Short, long: Long, background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(work, "a")

    assert client.post("/").status_code == 200
    assert notes == [
        "function-scoped exit, 0 jobs",
        "add 1",
        "response 200",
        "request-scoped exit, held",
        "release 1",
    ]
    assert states(store.jobs()) == [State.QUEUED]


def test_held_jobs_belong_to_the_process_that_answers(app: FastAPI, client: TestClient, store: Watched) -> None:
    @app.post("/")
    async def endpoint(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(work, "a")

    client.post("/")

    assert [(job.state, job.owner) for job in store.adds[0]] == [(State.HELD, store.process)]


def test_a_request_without_tasks_writes_nothing(app: FastAPI, client: TestClient, notes: list[str]) -> None:
    @app.post("/")
    async def endpoint(background_tasks: BackgroundTasks) -> None: ...

    assert client.post("/").status_code == 200
    assert notes == []


# What discards


def the_endpoint(app: FastAPI, error: Exception) -> None:
    @app.post("/")
    async def endpoint(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(work, "a")
        raise error


def a_later_dependency(app: FastAPI, error: Exception) -> None:
    def adding(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(work, "a")

    def failing() -> None:
        raise error

    @app.post("/", dependencies=[Depends(adding), Depends(failing)])
    async def endpoint() -> None: ...


def a_function_scoped_commit(app: FastAPI, error: Exception) -> None:
    async def session() -> AsyncIterator[None]:
        yield
        raise error

    @app.post("/")
    async def endpoint(session: Annotated[None, Depends(session, scope="function")], background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(work, "a")


@pytest.mark.parametrize("error", [HTTPException(409), ValueError("no")], ids=["HTTPException", "ValueError"])
@pytest.mark.parametrize("failing", [the_endpoint, a_later_dependency, a_function_scoped_commit])
def test_a_failure_before_the_response_writes_nothing(
    app: FastAPI, client: TestClient, notes: list[str], failing: object, error: Exception
) -> None:
    assert callable(failing)
    failing(app, error)

    assert client.post("/").status_code == (409 if isinstance(error, HTTPException) else 500)
    assert notes == []


def test_a_request_that_is_not_valid_writes_nothing(app: FastAPI, client: TestClient, notes: list[str]) -> None:
    def adding(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(work, "a")

    @app.post("/", dependencies=[Depends(adding)])
    async def endpoint(number: int) -> None: ...

    assert client.post("/", params={"number": "x"}).status_code == 422
    assert notes == []


def test_a_response_that_is_not_valid_writes_nothing(app: FastAPI, client: TestClient, notes: list[str]) -> None:
    @app.post("/", response_model=int)
    async def endpoint(background_tasks: BackgroundTasks) -> str:
        background_tasks.add_task(work, "a")
        return "no number"

    assert client.post("/").status_code == 500
    assert notes == []


def test_what_a_dependency_adds_when_the_endpoint_failed_is_discarded_too(
    app: FastAPI, client: TestClient, store: Watched, notes: list[str]
) -> None:
    async def adding(background_tasks: BackgroundTasks) -> AsyncIterator[None]:
        try:
            yield
        finally:
            assert background_tasks.tasks == []
            background_tasks.add_task(work, "a")

    @app.post("/", dependencies=[Depends(adding)])
    async def endpoint(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(work, "never written")
        raise HTTPException(409)

    assert client.post("/").status_code == 409
    assert notes == ["add 1", "discard 1"]
    assert store.jobs() == []


def test_a_response_that_fails_before_it_begins_deletes_what_it_held(
    app: FastAPI, client: TestClient, store: Watched, notes: list[str]
) -> None:
    @app.get("/")
    async def endpoint(background_tasks: BackgroundTasks) -> FileResponse:
        background_tasks.add_task(work, "a")
        return FileResponse("/there/is/no/such/file")

    assert client.get("/").status_code == 500
    assert notes == ["add 1", "discard 1"]
    assert store.jobs() == []


# What does not discard


def test_a_returned_error_status_keeps(app: FastAPI, client: TestClient, store: Watched) -> None:
    @app.post("/")
    async def endpoint(background_tasks: BackgroundTasks) -> JSONResponse:
        background_tasks.add_task(work, "a")
        return JSONResponse({}, status_code=500)

    assert client.post("/").status_code == 500
    assert states(store.jobs()) == [State.QUEUED]


def test_a_body_that_fails_midway_keeps(app: FastAPI, client: TestClient, store: Watched) -> None:
    @app.get("/")
    async def endpoint(background_tasks: BackgroundTasks) -> StreamingResponse:
        background_tasks.add_task(work, "a")

        async def body() -> AsyncIterator[bytes]:
            yield b"some"
            raise ValueError("midway")

        return StreamingResponse(body())

    client.get("/")

    assert states(store.jobs()) == [State.QUEUED]


def test_a_request_scoped_commit_that_fails_after_the_response_keeps(app: FastAPI, client: TestClient, store: Watched) -> None:
    async def session() -> AsyncIterator[None]:
        yield
        raise ValueError("cannot commit")

    @app.post("/")
    async def endpoint(session: Annotated[None, Depends(session)], background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(work, "a")

    assert client.post("/").status_code == 200
    assert states(store.jobs()) == [State.QUEUED]


def test_a_response_with_a_background_of_its_own_keeps(app: FastAPI, client: TestClient, store: Watched) -> None:
    ran: list[str] = []

    @app.post("/")
    async def endpoint(background_tasks: BackgroundTasks) -> PlainTextResponse:
        background_tasks.add_task(work, "a")
        return PlainTextResponse("", background=BackgroundTask(ran.append, "own"))

    assert client.post("/").status_code == 200
    assert (labels(store.jobs()), ran) == (["a"], ["own"])


def test_middlewares_that_hold_the_response_back_do_not_make_it_a_failure(
    app: FastAPI, client: TestClient, store: Watched
) -> None:
    async def pass_on(request: Request, call_next: RequestResponseEndpoint) -> Response:
        return await call_next(request)

    class Buffering:
        """Sends nothing until the application is done."""

        def __init__(self, app: ASGIApp) -> None:
            self.app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            messages: list[Message] = []

            async def keep(message: Message) -> None:
                messages.append(message)

            await self.app(scope, receive, keep)
            for message in messages:
                await send(message)

    # Under the witness and above it.
    app.user_middleware.append(Middleware(Buffering))
    app.add_middleware(BaseHTTPMiddleware, dispatch=pass_on)

    @app.post("/")
    async def endpoint(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(work, "a")

    assert client.post("/").status_code == 200
    assert states(store.jobs()) == [State.QUEUED]


# When it cannot be written


def test_the_client_gets_503_and_when_to_come_back(
    app: FastAPI, client: TestClient, store: Watched, notes: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    sends_noted(app, notes)

    @app.post("/")
    async def endpoint(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(work, "a")

    store.fail("add", UNAVAILABLE, BacklogFull(limit=1000))

    unavailable, full, good = [client.post("/") for _ in range(3)]

    assert (unavailable.status_code, unavailable.headers["Retry-After"]) == (503, "1")
    assert (full.status_code, full.headers["Retry-After"]) == (503, "5")
    assert "secret" not in unavailable.text
    assert "/secret/place/afterword.db" in caplog.text and "lost" not in caplog.text
    assert good.status_code == 200
    assert notes == ["add fails", "response 503", "add fails", "response 503", "add 1", "response 200", "release 1"]


def test_where_waiting_does_not_help_it_is_an_error(app: FastAPI, client: TestClient, store: Watched) -> None:
    @app.post("/")
    async def endpoint(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(work, "a")

    store.fail("add", SchemaTooNew(store="there", found=9, known=1))

    assert client.post("/").status_code == 500


def test_request_scoped_sessions_see_the_failure_and_roll_back(app: FastAPI, client: TestClient, store: Watched) -> None:
    seen: list[str] = []

    async def session() -> AsyncIterator[None]:
        try:
            yield
        except HTTPException as error:
            seen.append(f"rollback because of {error.status_code}")
            raise
        seen.append("commit")

    @app.post("/")
    async def endpoint(session: Annotated[None, Depends(session)], background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(work, "a")

    store.fail("add", UNAVAILABLE)

    assert [client.post("/").status_code for _ in range(2)] == [503, 200]
    assert seen == ["rollback because of 503", "commit"]


def test_a_release_that_fails_is_tried_again(
    app: FastAPI, store: Watched, notes: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    @app.post("/{label}")
    async def endpoint(label: str, background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(work, label)

    store.fail("release", UNAVAILABLE)
    client = TestClient(app)

    assert client.post("/a").status_code == 200
    assert states(store.jobs()) == [State.HELD]
    assert "releasing" in caplog.text and "disk is full" in caplog.text

    assert client.post("/b").status_code == 200
    assert states(store.jobs()) == [State.QUEUED, State.QUEUED]
    assert notes == ["add 1", "release fails", "add 1", "release 2"]
