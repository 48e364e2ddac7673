"""Lists that no application's afterword sees: of a router that a test includes elsewhere, of an endpoint that it just calls."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, WebSocket
from fastapi.testclient import TestClient
from starlette.background import BackgroundTask

from afterword import ArgumentRefused, BackgroundTasks, TaskRefused
from afterword.errors import NotAttached, OutsideRequest
from afterword.jobs.job import State
from afterword.testing import Captured, Drain
from tests.door.work import ran, work

router = APIRouter()


@router.post("/work/{label}")
async def working(label: str, background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(work, label)


@router.post("/closure")
def closing(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(lambda: ran.append("closure"))


@router.websocket("/socket")
async def listening(websocket: WebSocket, background_tasks: BackgroundTasks) -> None:
    await websocket.accept()
    background_tasks.add_task(work, "socket")
    await websocket.close()


@pytest.fixture
def bare() -> TestClient:
    app = FastAPI()
    app.include_router(router)
    return TestClient(app)


Choose = Callable[[str | None], None]


@pytest.fixture
def test_run(monkeypatch: pytest.MonkeyPatch) -> Choose:
    """Chooses what the test run's configuration says about the store."""
    return lambda store: monkeypatch.setattr("pytest_afterword.store", lambda: store)


def test_a_router_without_its_application_runs_inline(bare: TestClient, test_run: Choose) -> None:
    test_run("inline")

    bare.post("/work/a").raise_for_status()
    bare.post("/closure").raise_for_status()

    assert ran == ["a", "closure"]


def test_it_is_strict_where_the_test_run_is(bare: TestClient, test_run: Choose) -> None:
    test_run("inline-strict")

    bare.post("/work/a").raise_for_status()
    with pytest.raises(TaskRefused):
        bare.post("/closure")

    assert ran == ["a"]


@pytest.mark.parametrize("store", [None, "default", "sqlite:///some.db"])
def test_it_is_an_error_where_production_is_real(bare: TestClient, test_run: Choose, store: str | None) -> None:
    test_run(store)

    with pytest.raises(NotAttached):
        bare.post("/work/a")
    with pytest.raises(OutsideRequest):
        BackgroundTasks().add_task(work, "a")


def test_what_a_test_chose_holds_there_too(bare: TestClient, afterword_captured: list[Captured]) -> None:
    bare.post("/work/a").raise_for_status()
    with bare.websocket_connect("/socket"):
        pass

    assert [call.kwargs["label"] for call in afterword_captured] == ["a", "socket"]
    assert ran == []


def test_a_drain_has_its_jobs(bare: TestClient, afterword_drain: Drain) -> None:
    bare.post("/work/a").raise_for_status()
    assert ran == []

    (job,) = afterword_drain()

    assert (job.state, ran) == (State.SUCCEEDED, ["a"])


def test_an_endpoint_called_as_a_function(test_run: Choose) -> None:
    test_run("inline")
    background_tasks = BackgroundTasks()

    closing(background_tasks)

    assert len(background_tasks.tasks) == 1
    assert ran == []
    asyncio.run(background_tasks())
    assert ran == ["closure"]


def test_strictly_it_refuses_there_too(test_run: Choose, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    test_run("inline-strict")
    monkeypatch.chdir(tmp_path)  # Where the functions lie does not matter: there is no application whose folder could be left.

    BackgroundTasks().add_task(work, "a")
    with pytest.raises(ArgumentRefused):
        BackgroundTasks().add_task(work, object())  # type: ignore[arg-type]


def test_inline_its_tasks_are_the_stock_list(test_run: Choose) -> None:
    test_run("inline")
    background_tasks = BackgroundTasks()
    assert background_tasks.tasks == []

    background_tasks.tasks.append(BackgroundTask(work, "appended"))
    background_tasks.add_task(work, "added")

    assert [task.args for task in background_tasks.tasks] == [("appended",), ("added",)]
    asyncio.run(background_tasks())
    assert ran == ["appended", "added"]
