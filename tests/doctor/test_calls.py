"""What a module's text hands to add_task."""

import ast
import importlib
import types
from pathlib import Path
from typing import Any

import fastapi
import pytest
import starlette.background
from starlette.background import BackgroundTask

from afterword import Afterword, BackgroundTasks
from afterword.doctor import calls
from afterword.tasks.candidate import located
from tests.doctor.conftest import Write


def send() -> None: ...


class Mailer:
    def send(self) -> None: ...

    @staticmethod
    def post() -> None: ...

    @property
    def broken(self) -> Any:
        raise AssertionError("nothing is run")


MODULE = types.ModuleType("mail")
MODULE.send = send  # type: ignore[attr-defined]
MODULE.progress = object()  # type: ignore[attr-defined]

NAMES: dict[str, Any] = {
    "send": send,
    "Mailer": Mailer,
    "mailer": Mailer(),
    "mail": MODULE,
    "afterword": Afterword(),
    "names": set(),
    "number": 3,
}


def handed(text: str) -> list[Any]:
    return [call.function for call in calls.in_text(ast.parse(text), NAMES, "main.py")[0]]


@pytest.mark.parametrize(
    ("text", "functions"),
    [
        ("tasks.add_task(send, 1)", [send]),
        ("tasks.add_task(func=send)", [send]),
        ("get().tasks.add_task(mail.send)", [send]),
        ("tasks.add_task(Mailer.post)", [Mailer.post]),
        ("tasks.add_task(mailer.send)", [NAMES["mailer"].send]),
        ("tasks.add_task(print, 'x')", [print]),
        ("afterword.add(send)\nafterword.add_now(send)", [send, send]),
        ("def endpoint(tasks):\n    tasks.add_task(send)", [send]),
        ("async def endpoint(tasks, other=lambda: tasks.add_task(send)): ...", [send]),
        ("class View:\n    def get(self):\n        self.tasks.add_task(send)", [send]),
    ],
)
def test_what_can_be_told(text: str, functions: list[Any]) -> None:
    assert handed(text) == functions


@pytest.mark.parametrize(
    "text",
    [
        "names.add(send)",
        "mail.progress.add_task(send)",
        "add_task(send)",
        "tasks.add_task()",
        "tasks.add_task(number)",
        "tasks.add_task(nobody_knows)",
        "tasks.add_task(nobody.knows)",
        "tasks.add_task(mail.nothing)",
        "tasks.add_task(mailer.broken)",
        "tasks.add_task(choose())",
        "tasks.add_task(*all)",
        "def endpoint(tasks, send):\n    tasks.add_task(send)",
        "def endpoint(tasks):\n    send = tasks\n    tasks.add_task(send)",
        "def endpoint(tasks):\n    @wrapped\n    def send(): ...\n    tasks.add_task(send)",
        "def endpoint(tasks):\n    def send(): ...\n    send = wrapped(send)\n    tasks.add_task(send)",
        "def endpoint(tasks):\n    def inner():\n        def send(): ...\n    tasks.add_task(send)",
        "def endpoint(tasks):\n    import send\n    tasks.add_task(send)",
        "def endpoint(tasks):\n    from x import y as send\n    tasks.add_task(send)",
        "def endpoint(tasks):\n    [tasks.add_task(send) for send in tasks]",
        "def endpoint(tasks):\n    match tasks:\n        case [send]: tasks.add_task(send)",
        "def endpoint(tasks):\n    def inner(send): ...\n    class send: ...\n    tasks.add_task(send)",
    ],
)
def test_what_says_nothing(text: str) -> None:
    assert handed(text) == []


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("def endpoint(tasks):\n    tasks.add_task(lambda: send())", "main:endpoint.<locals>.<lambda> (main.py, line 2)"),
        (
            "def endpoint(tasks):\n    def work(): ...\n    tasks.add_task(work)",
            "main:endpoint.<locals>.work (main.py, line 2)",
        ),
        (
            "class A:\n    async def endpoint(self, tasks):\n        if tasks:\n            async def send(): ...\n"
            "            tasks.add_task(send)",
            "main:A.endpoint.<locals>.send (main.py, line 4)",
        ),
    ],
)
def test_what_a_function_makes_is_told_by_its_text(text: str, named: str) -> None:
    ((call,), _) = calls.in_text(ast.parse(text), {**NAMES, "__name__": "main"}, "main.py")
    assert located(call.function) == named


def test_a_name_that_a_function_shares_with_its_module() -> None:
    assert handed("def endpoint(tasks):\n    global send\n    send = 1\n    tasks.add_task(send)") == [send]


def test_file_and_line_are_told() -> None:
    ((call,), _) = calls.in_text(ast.parse("\n\ntasks.add_task(send)"), NAMES, "main.py")
    assert call.place == "main.py, line 3"


def test_only_own_modules_are_read(write: Write, tmp_path: Path) -> None:
    target = write("def send(): ...\ndef endpoint(tasks):\n    tasks.add_task(send)\n")
    module = importlib.import_module(target.module)
    assert calls.read(tmp_path) == ([calls.Handed(module.send, f"{target.module}.py, line 3")], [])
    (tmp_path / "elsewhere").mkdir()
    assert calls.read(tmp_path / "elsewhere") == ([], [])


@pytest.mark.parametrize(
    ("text", "stock"),
    [
        ("def get():\n    return JSONResponse({}, background=BackgroundTask(send, 1))", [("BackgroundTask", 2)]),
        ("tasks = starlette.background.BackgroundTasks()", [("BackgroundTasks", 1)]),
        ("tasks = fastapi.BackgroundTasks()\ntasks.add_task(send)", [("BackgroundTasks", 1)]),
        ("tasks = Ours()\ntasks.add_task(send)", []),
        ("def get(BackgroundTask):\n    BackgroundTask()", []),
    ],
)
def test_stock_tasks_that_are_made(text: str, stock: list[tuple[str, int]]) -> None:
    names = {**NAMES, "BackgroundTask": BackgroundTask, "starlette": starlette, "fastapi": fastapi, "Ours": BackgroundTasks}
    told = calls.in_text(ast.parse(text), names, "main.py")[1]
    assert told == [calls.Stock(name, f"main.py, line {line}") for name, line in stock]
