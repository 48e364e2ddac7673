"""What cannot reach another process is refused in the request that tried, by `add_task` itself."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from afterword import Afterword, ArgumentRefused, ArgumentsTooLarge, BackgroundTasks, TaskRefused, Tasks
from tests.door.watched import Watched
from tests.door.work import work


class Mailer:
    def send(self, label: str) -> None: ...


def take(thing: Any) -> None: ...


def a_closure() -> Callable[[], None]:
    def closure() -> None: ...

    return closure


def refusal(app: FastAPI, attempt: Callable[[Tasks, Request], object]) -> str:
    """The sentence with which an endpoint is refused that makes this attempt."""

    @app.post("/")
    async def endpoint(request: Request, background_tasks: BackgroundTasks) -> None:
        attempt(background_tasks, request)

    with pytest.raises((TaskRefused, ArgumentRefused, ArgumentsTooLarge)) as refused:
        TestClient(app).post("/")
    # Line numbers are no part of the contract.
    return re.sub(r"line \d+", "line N", str(refused.value))


@pytest.mark.parametrize(
    ("attempt", "sentence"),
    [
        (
            lambda tasks, request: tasks.add_task(lambda: None),
            "The lambda in test_refusals.py, line N cannot run in another process: it has no name to be found by. "
            "Write it as a function at module level, and pass what it uses as arguments.",
        ),
        (
            lambda tasks, request: tasks.add_task(a_closure()),
            "tests.door.test_refusals:a_closure.<locals>.closure (test_refusals.py, line N) cannot run in another process: "
            "it is made inside a function, where no other process can find it. "
            "Move it to module level, and pass what it uses as arguments.",
        ),
        (
            lambda tasks, request: tasks.add_task(Mailer().send, "a"),
            "tests.door.test_refusals:Mailer.send (test_refusals.py, line N) cannot run in another process: "
            "it is bound to an object of tests.door.test_refusals.Mailer, which stays in this process. "
            "Write a function at module level that takes the object's id, and pass that.",
        ),
        (
            lambda tasks, request: tasks.add_task(take, request),
            "Argument `thing` of tests.door.test_refusals:take cannot be written down: got starlette.requests.Request, "
            "which ends with its request. "
            "Pass what the task needs of it, for example request.client.host or await request.json().",
        ),
    ],
    ids=["lambda", "closure", "bound method", "request"],
)
def test_the_sentence_says_what_to_do(
    app: FastAPI, notes: list[str], attempt: Callable[[Tasks, Request], object], sentence: str
) -> None:
    assert refusal(app, attempt) == sentence
    assert notes == []


def test_a_session_of_a_database(app: FastAPI, notes: list[str]) -> None:
    import sqlite3

    connection = sqlite3.connect(":memory:")
    try:
        said = refusal(app, lambda tasks, request: tasks.add_task(take, connection))
    finally:
        connection.close()

    assert said == (
        "Argument `thing` of tests.door.test_refusals:take cannot be written down: got sqlite3.Connection, "
        "which is a database connection of this process. Open one inside the task, and pass ids."
    )


def test_arguments_that_are_too_large(store: Watched) -> None:
    app = FastAPI()
    Afterword(app, worker=False, max_arguments=100)

    said = refusal(app, lambda tasks, request: tasks.add_task(work, "x" * 100))

    assert said.startswith("The arguments of tests.door.work:work take 112 bytes as JSON; at most 100 are written down.")


def test_a_function_that_is_not_the_application_s_own(app: FastAPI) -> None:
    said = refusal(app, lambda tasks, request: tasks.add_task(re.compile, "a"))

    assert "part of Python's standard library" in said
    assert said.endswith("Register it with @task, or call it in a function of your own.")


def test_what_was_added_before_a_refusal_is_not_written(app: FastAPI, client: TestClient, notes: list[str]) -> None:
    @app.post("/")
    async def endpoint(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(work, "a")
        background_tasks.add_task(lambda: None)

    assert client.post("/").status_code == 500
    assert notes == []


def test_a_refusal_that_is_caught_costs_nothing_else(app: FastAPI, client: TestClient, notes: list[str]) -> None:
    @app.post("/")
    async def endpoint(background_tasks: BackgroundTasks) -> None:
        with pytest.raises(TypeError):
            background_tasks.add_task(lambda: None)
        with pytest.raises(TypeError):
            background_tasks.add_task(work)  # type: ignore[call-arg]
        with pytest.raises(TypeError):
            background_tasks.add_task()
        background_tasks.add_task(work, "a")

    assert client.post("/").status_code == 200
    assert notes == ["add 1", "release 1"]
