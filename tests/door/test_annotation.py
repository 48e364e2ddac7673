"""`background_tasks: BackgroundTasks`, as FastAPI, documents and type checkers see it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import fastapi
import pytest
from fastapi import Depends, FastAPI
from fastapi.exceptions import FastAPIError
from fastapi.testclient import TestClient
from starlette.background import BackgroundTask

from afterword import Afterword, BackgroundTasks, Tasks
from afterword.errors import BareAnnotation, NotAttached, UnsupportedFastAPI
from afterword.fastapi.provide import FUNCTION, REQUEST, provide
from tests.door import postponed
from tests.door.reading import labels
from tests.door.watched import Watched

ROOT = Path(__file__).parents[2]


def test_the_document_is_the_same_to_the_byte(store: Watched) -> None:
    stock, ours = (json.dumps(_document(tasks)) for tasks in (fastapi.BackgroundTasks, BackgroundTasks))

    assert stock == ours


def _document(tasks: Any) -> dict[str, Any]:
    app = FastAPI()
    if tasks is not fastapi.BackgroundTasks:
        Afterword(app, worker=False)

    def dependency(background_tasks: tasks, q: str | None = None) -> None: ...

    @app.post("/items/{item}", summary="Something")
    async def endpoint(item: int, background_tasks: tasks, dependency: Annotated[None, Depends(dependency)]) -> dict[str, int]:
        return {}

    return app.openapi()


def test_annotations_that_are_text(store: Watched) -> None:
    if not hasattr(postponed.app.state, "afterword"):
        Afterword(postponed.app, worker=False)

    assert TestClient(postponed.app).post("/ada@example.com", params={"q": "tea"}).status_code == 200
    assert labels(store.jobs()) == ["found query: tea", "message to ada@example.com"]


def test_a_bare_annotation_says_what_to_write(app: FastAPI) -> None:
    with pytest.raises(BareAnnotation) as told:

        @app.post("/")
        async def endpoint(background_tasks: Tasks) -> None: ...

    assert str(told.value) == (
        "`Tasks` cannot be used as a bare annotation: write `background_tasks: BackgroundTasks` with "
        "`from afterword import BackgroundTasks`."
    )


def test_a_union_fails_when_the_application_is_made_as_it_does_with_the_stock_class(app: FastAPI) -> None:
    with pytest.raises((FastAPIError, BareAnnotation)):

        @app.post("/")
        async def endpoint(background_tasks: BackgroundTasks | None) -> None: ...


def test_it_is_no_kind_of_the_stock_list_but_good_for_a_response() -> None:
    assert issubclass(Tasks, BackgroundTask)
    assert not issubclass(Tasks, fastapi.BackgroundTasks.__mro__[1])

    tasks = BackgroundTasks()
    assert isinstance(tasks, Tasks)
    assert (tasks.args, dict(tasks.kwargs), tasks.is_async, tasks.func) == ((), {}, True, tasks.__call__)


def test_subclasses_are_lists_too() -> None:
    class Mine(BackgroundTasks): ...

    assert isinstance(Mine(), Tasks)


def test_without_an_afterword_the_error_shows_the_line_to_add() -> None:
    app = FastAPI()

    @app.post("/")
    async def endpoint(background_tasks: BackgroundTasks) -> None: ...

    with pytest.raises(NotAttached, match=r"add `Afterword\(app\)` below `app = FastAPI\(\)`"):
        TestClient(app).post("/")


@pytest.mark.parametrize("missing", [FUNCTION, REQUEST])
def test_a_fastapi_that_moved_its_stacks_is_named(app: FastAPI, missing: str) -> None:
    @app.post("/")
    async def endpoint(request: fastapi.Request) -> None:
        stack = request.scope.pop(missing)
        try:
            await provide(request, fastapi.BackgroundTasks())
        finally:
            request.scope[missing] = stack

    with pytest.raises(UnsupportedFastAPI, match=f"FastAPI {fastapi.__version__} does not offer `{missing}`"):
        TestClient(app).post("/")


CHECKED = """
from fastapi import FastAPI
from fastapi.responses import JSONResponse

from afterword import Afterword, BackgroundTasks, Reference, task

app = FastAPI()
afterword = Afterword(app)


def work(label: str, times: int = 1) -> None: ...


async def work_async(label: str) -> int:
    return 1


@task(ordered=False)
def sweep(label: str) -> None: ...


def named(func: str, self: str) -> None: ...


@app.post("/")
async def good(background_tasks: BackgroundTasks) -> JSONResponse:
    reference: Reference = background_tasks.add_task(work, "a", times=2)
    background_tasks.add_task(work_async, label=reference.id)
    background_tasks.add_task(sweep, "a")
    background_tasks.add_task(named, func="a", self="b")
    print(await afterword.add(work, "a"), afterword.add_now(sweep, "a").id)
    own = BackgroundTasks()
    if isinstance(own, BackgroundTasks):
        own.add_task(work, "a")
    return JSONResponse({}, background=own)


async def bad(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(work, 1)  # wrong type
    background_tasks.add_task(work)  # too few
    background_tasks.add_task(sweep, "a", times=2)  # no such parameter
    await afterword.add(work_async, 1)  # wrong type
    afterword.add_now(work, "a", "b")  # wrong type
"""


@pytest.mark.process
def test_type_checkers_know_what_a_function_takes(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    file = tmp_path / "checked.py"
    file.write_text(CHECKED)

    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path), "--config-file", "", str(file)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"MYPYPATH": str(ROOT / "src"), "PATH": ""},
        check=False,
    )

    found = [line for line in checked.stdout.splitlines() if line.startswith("checked.py") and ": error:" in line]
    wrong = [number for number, line in enumerate(CHECKED.splitlines(), 1) if "  # " in line]
    assert sorted({int(line.split(":")[1]) for line in found}) == wrong, checked.stdout
