"""With store="inline", everything is as upstream does it: each scenario is played with the stock list and with ours.

The scenarios are modelled on those by which FastAPI and Starlette test their own background tasks.
"""

import asyncio
import functools
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import ContextVar
from typing import Annotated, Any

import fastapi
import pytest
from fastapi import Depends, FastAPI, HTTPException, Request, WebSocket
from fastapi.responses import JSONResponse, Response, StreamingResponse
from fastapi.testclient import TestClient
from starlette.background import BackgroundTask
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint

from afterword import Afterword, BackgroundTasks
from tests.door.watched import Watched
from tests.door.work import ran, sweep, sweep_async

Scenario = Callable[[FastAPI, Any, list[str]], None]
"""Makes an application whose list is asked for by the annotation in the middle, and which notes what happens."""

SCENARIOS: list[Scenario] = []


def scenario(make: Scenario) -> Scenario:
    SCENARIOS.append(make)
    return make


@scenario
def async_and_sync_functions(app: FastAPI, Tasks: Any, notes: list[str]) -> None:
    async def asynchronous(label: str, *, again: int = 1) -> None:
        await asyncio.sleep(0)
        notes.extend([f"{label} on {_thread()}"] * again)

    def synchronous(label: str) -> None:
        notes.append(f"{label} on {_thread()}")

    @app.get("/")
    async def endpoint(tasks: Tasks) -> str:
        tasks.add_task(asynchronous, "first", again=2)
        tasks.add_task(synchronous, "second")
        tasks.add_task(asynchronous, label="third")
        notes.append("endpoint")
        return "answer"


@scenario
def from_a_sync_endpoint(app: FastAPI, Tasks: Any, notes: list[str]) -> None:
    @app.get("/")
    def endpoint(tasks: Tasks) -> None:
        for label in ("first", "second", "third"):
            tasks.add_task(notes.append, label)


@scenario
def dependencies_and_sub_dependencies(app: FastAPI, Tasks: Any, notes: list[str]) -> None:
    def below(tasks: Tasks) -> None:
        tasks.add_task(notes.append, "below")

    async def above(tasks: Tasks, below: Annotated[None, Depends(below)]) -> None:
        tasks.add_task(notes.append, "above")

    @app.get("/")
    async def endpoint(tasks: Tasks, above: Annotated[None, Depends(above)]) -> None:
        tasks.add_task(notes.append, "endpoint")


@scenario
def all_kinds_of_callables(app: FastAPI, Tasks: Any, notes: list[str]) -> None:
    class Callable:
        async def __call__(self, label: str) -> None:
            notes.append(label)

        def method(self, label: str) -> None:
            notes.append(label)

    @app.get("/")
    async def endpoint(tasks: Tasks) -> None:
        tasks.add_task(lambda: notes.append("lambda"))
        tasks.add_task(functools.partial(notes.append, "partial"))
        tasks.add_task(Callable(), "callable object")
        tasks.add_task(Callable().method, "bound method")
        tasks.add_task(notes.append, "built-in")


@scenario
def a_task_that_adds_another(app: FastAPI, Tasks: Any, notes: list[str]) -> None:
    @app.get("/")
    async def endpoint(tasks: Tasks) -> None:
        def first() -> None:
            notes.append("first")
            tasks.add_task(notes.append, "added by the first")

        tasks.add_task(first)
        tasks.add_task(notes.append, "second")


@scenario
def a_task_that_fails_ends_the_list(app: FastAPI, Tasks: Any, notes: list[str]) -> None:
    def fail() -> None:
        notes.append("fails")
        raise ValueError("no")

    async def session() -> AsyncIterator[None]:
        try:
            yield
        except ValueError:
            notes.append("rollback")
            raise

    @app.get("/")
    async def endpoint(tasks: Tasks, session: Annotated[None, Depends(session)]) -> None:
        tasks.add_task(notes.append, "first")
        tasks.add_task(fail)
        tasks.add_task(notes.append, "never")


@scenario
def an_endpoint_that_fails_runs_none(app: FastAPI, Tasks: Any, notes: list[str]) -> None:
    @app.get("/")
    async def endpoint(tasks: Tasks) -> None:
        tasks.add_task(notes.append, "never")
        raise HTTPException(418)


@scenario
def a_request_that_is_not_valid_runs_none(app: FastAPI, Tasks: Any, notes: list[str]) -> None:
    def adding(tasks: Tasks) -> None:
        tasks.add_task(notes.append, "never")

    @app.get("/", dependencies=[Depends(adding)])
    async def endpoint(number: int) -> None: ...


@scenario
def a_status_without_a_body(app: FastAPI, Tasks: Any, notes: list[str]) -> None:
    @app.get("/", status_code=204)
    async def endpoint(tasks: Tasks) -> None:
        tasks.add_task(notes.append, "ran")


@scenario
def a_returned_response(app: FastAPI, Tasks: Any, notes: list[str]) -> None:
    @app.get("/")
    async def endpoint(tasks: Tasks) -> JSONResponse:
        tasks.add_task(notes.append, "ran")
        return JSONResponse({"status": "error"}, status_code=500)


@scenario
def a_returned_response_that_carries_the_list(app: FastAPI, Tasks: Any, notes: list[str]) -> None:
    @app.get("/")
    async def endpoint(tasks: Tasks) -> JSONResponse:
        tasks.add_task(notes.append, "once")
        return JSONResponse({}, background=tasks)


@scenario
def a_returned_response_with_a_task_of_its_own(app: FastAPI, Tasks: Any, notes: list[str]) -> None:
    @app.get("/")
    async def endpoint(tasks: Tasks) -> JSONResponse:
        tasks.add_task(notes.append, "dropped")
        return JSONResponse({}, background=BackgroundTask(notes.append, "own"))


@scenario
def the_order_among_dependencies_and_the_response(app: FastAPI, Tasks: Any, notes: list[str]) -> None:
    async def long() -> AsyncIterator[None]:
        notes.append("long enters")
        yield
        notes.append("long leaves")

    def short() -> Iterator[None]:
        notes.append("short enters")
        yield
        notes.append("short leaves")

    @app.get("/")
    async def endpoint(
        tasks: Tasks, long: Annotated[None, Depends(long)], short: Annotated[None, Depends(short, scope="function")]
    ) -> None:
        tasks.add_task(notes.append, "task")
        notes.append("endpoint")


@scenario
def bodies_of_streams_and_late_tasks(app: FastAPI, Tasks: Any, notes: list[str]) -> None:
    async def adding(tasks: Tasks) -> AsyncIterator[None]:
        yield
        tasks.add_task(notes.append, "too late")

    @app.get("/")
    async def endpoint(tasks: Tasks, adding: Annotated[None, Depends(adding)]) -> StreamingResponse:
        async def body() -> AsyncIterator[bytes]:
            notes.append("body")
            tasks.add_task(notes.append, "from the body")
            yield b"."

        tasks.add_task(notes.append, "from the endpoint")
        return StreamingResponse(body())


@scenario
def generator_endpoints(app: FastAPI, Tasks: Any, notes: list[str]) -> None:
    @app.get("/")
    async def endpoint(tasks: Tasks) -> AsyncIterator[int]:
        tasks.add_task(notes.append, "before")
        yield 1
        tasks.add_task(notes.append, "after")


@scenario
def under_a_middleware(app: FastAPI, Tasks: Any, notes: list[str]) -> None:
    async def dispatch(request: Request, call_next: RequestResponseEndpoint) -> Response:
        response = await call_next(request)
        notes.append(f"middleware saw {response.status_code}")
        return response

    app.add_middleware(BaseHTTPMiddleware, dispatch=dispatch)

    @app.get("/")
    async def endpoint(tasks: Tasks) -> None:
        tasks.add_task(notes.append, "ran")


@scenario
def context_variables(app: FastAPI, Tasks: Any, notes: list[str]) -> None:
    place: ContextVar[str] = ContextVar("place", default="nowhere")

    async def dependency() -> None:
        place.set("dependency")

    @app.get("/")
    async def endpoint(tasks: Tasks, dependency: Annotated[None, Depends(dependency)]) -> None:
        tasks.add_task(lambda: notes.append(place.get()))
        place.set("endpoint")


@scenario
def a_default_of_none(app: FastAPI, Tasks: Any, notes: list[str]) -> None:
    @app.get("/")
    async def endpoint(tasks: Tasks = None) -> None:
        tasks.add_task(notes.append, "ran")


@pytest.mark.parametrize("make", SCENARIOS, ids=[make.__name__ for make in SCENARIOS])
def test_as_upstream(make: Scenario, store: Watched) -> None:
    stock = _play(make, FastAPI(), fastapi.BackgroundTasks)
    ours = FastAPI()
    Afterword(ours, store="inline")

    assert _play(make, ours, BackgroundTasks) == stock
    assert store.adds == []


def _play(make: Scenario, app: FastAPI, annotation: Any) -> list[str]:
    notes: list[str] = []
    make(app, annotation, notes)
    with TestClient(app) as client:
        try:
            response = client.get("/")
        except Exception as error:
            notes.append(f"{type(error).__name__}: {error}")
        else:
            notes.append(f"{response.status_code} {response.text}")
    assert notes, "a scenario that notes nothing compares nothing"
    return notes


def _thread() -> str:
    return "a worker thread" if threading.current_thread().name.startswith("AnyIO") else "the loop"


# What the stock list does not know


@pytest.fixture
def inline(store: Watched) -> FastAPI:
    app = FastAPI()
    Afterword(app, store="inline")
    return app


def test_a_socket_s_list_is_never_run_as_upstream(inline: FastAPI) -> None:
    @inline.websocket("/")
    async def endpoint(socket: WebSocket, background_tasks: BackgroundTasks) -> None:
        await socket.accept()
        background_tasks.add_task(ran.append, "never")
        await socket.close()

    with TestClient(inline).websocket_connect("/"):
        pass

    assert ran == []


def test_tasks_with_options_references_and_names_that_the_stock_list_has_itself(inline: FastAPI) -> None:
    def named(func: str, self: str) -> None:
        ran.append(func + self)

    @inline.get("/")
    async def endpoint(background_tasks: BackgroundTasks) -> list[str]:
        first = background_tasks.add_task(sweep, "swept").id
        assert len(background_tasks.tasks) == 1
        background_tasks.add_task(sweep_async, "swept on the loop")
        return [first, background_tasks.add_task(named, func="f", self="s").id]

    first, second = TestClient(inline).get("/").json()

    assert ran == ["swept", "swept on the loop", "fs"]
    assert first < second


async def test_adding_outside_of_a_request_runs_it_there_and_then() -> None:
    afterword = Afterword(store="inline")

    async def asynchronous(label: str) -> None:
        ran.append(label)

    def fail() -> None:
        raise ValueError("no")

    await afterword.add(asynchronous, "async")
    await afterword.add(ran.append, "sync")
    afterword.add_now(asynchronous, "async now")
    afterword.add_now(sweep, "sync now")
    with pytest.raises(ValueError, match="no"):
        await afterword.add(fail)
    with pytest.raises(ValueError, match="no"):
        afterword.add_now(fail)

    assert ran == ["async", "sync", "async now", "sync now"]


def test_no_store_is_opened(store: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    def open_store(url: str, **parts: object) -> None:
        raise AssertionError

    monkeypatch.setattr("afterword.parts.open_store", open_store)
    app = FastAPI()
    Afterword(app, store="inline")

    with TestClient(app) as client:
        assert client.get("/").status_code == 404
