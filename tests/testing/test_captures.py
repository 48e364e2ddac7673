"""What is captured: all that production would run, and nothing else."""

from collections.abc import AsyncIterator, Callable
from typing import Annotated

import pytest
from fastapi import Depends, FastAPI, HTTPException, Response, WebSocket
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.testclient import TestClient
from starlette.background import BackgroundTask

from afterword import Afterword, BackgroundTasks, task
from afterword.testing import Captured, Drain
from tests.testing.things import ran, remember


@task(durable=False)
def aside(what: object, *, note: str = "") -> None:
    ran.append(what)


async def late(background_tasks: BackgroundTasks) -> AsyncIterator[None]:
    yield
    background_tasks.add_task(remember, "after yield")


@pytest.fixture
def client() -> TestClient:
    ran.clear()
    app = FastAPI()
    Afterword(app, store="inline", application="tests.testing.things:app")

    @app.post("/aside")
    async def adding_aside(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(aside, THING, note="x")

    @app.post("/own")
    async def answering(background_tasks: BackgroundTasks) -> Response:
        background_tasks.add_task(remember, "injected")
        return JSONResponse({}, background=BackgroundTask(ran.append, "own"))

    @app.post("/itself")
    async def carrying(background_tasks: BackgroundTasks) -> Response:
        background_tasks.add_task(remember, "once")
        return JSONResponse({}, background=background_tasks)

    @app.post("/late")
    async def streaming(background_tasks: BackgroundTasks, adding: Annotated[None, Depends(late)]) -> Response:
        async def body() -> AsyncIterator[str]:
            yield "a"
            background_tasks.add_task(remember, "in the stream")

        return StreamingResponse(body())

    @app.post("/fails")
    async def failing(background_tasks: BackgroundTasks, adding: Annotated[None, Depends(late)]) -> None:
        background_tasks.add_task(remember, "never")
        raise HTTPException(409)

    @app.websocket("/socket")
    async def listening(websocket: WebSocket, background_tasks: BackgroundTasks) -> None:
        await websocket.accept()
        background_tasks.add_task(remember, "socket")
        await websocket.close()

    return TestClient(app)


THING = object()


def whats(captured: list[Captured]) -> list[object]:
    return [call.kwargs["what"] for call in captured]


def test_one_that_is_not_durable_takes_what_it_takes_in_production(
    client: TestClient, afterword_captured: list[Captured]
) -> None:
    client.post("/aside").raise_for_status()

    assert afterword_captured == [Captured("tests.testing.test_captures:aside", (), {"what": THING, "note": "x"})]
    assert ran == []


def _socket(client: TestClient) -> None:
    with client.websocket_connect("/socket"):
        pass


Visit = Callable[[TestClient], object]

VISITS: list[tuple[Visit, list[object]]] = [
    (lambda client: client.post("/own"), ["injected"]),
    (lambda client: client.post("/itself"), ["once"]),
    (lambda client: client.post("/late"), ["in the stream", "after yield"]),
    (lambda client: client.post("/fails"), []),
    (_socket, ["socket"]),
]


@pytest.mark.parametrize(("visit", "expected"), VISITS)
def test_what_production_would_run(
    client: TestClient, afterword_captured: list[Captured], visit: Visit, expected: list[object]
) -> None:
    visit(client)

    assert whats(afterword_captured) == expected
    assert [what for what in ran if what != "own"] == []


@pytest.mark.parametrize(("visit", "expected"), VISITS)
def test_it_is_what_a_drain_would_run(client: TestClient, afterword_drain: Drain, visit: Visit, expected: list[object]) -> None:
    visit(client)
    afterword_drain()

    assert [what for what in ran if what != "own"] == expected
