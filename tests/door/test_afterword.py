"""`Afterword`: how it is attached, what it opens when, and adding without a request."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.routing import Mount

import afterword
from afterword import Afterword, BackgroundTasks, SettingsError, StoreError, TaskRefused
from afterword.errors import AlreadyAttached, AlreadyStarted, NoApplication, StoreUnavailable
from afterword.events import Added, Event
from afterword.jobs.job import State
from tests.door.reading import labels, states
from tests.door.watched import Watched
from tests.door.work import sweep, work, work_async

UNAVAILABLE = StoreUnavailable(store="there", why="the disk is full")


def adding(app: FastAPI) -> None:
    @app.post("/")
    async def endpoint(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(work, "a")


# Attaching


def test_nothing_is_opened_until_it_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    threads = threading.active_count()

    app = FastAPI()
    Afterword(app)
    adding(app)
    Afterword()

    assert list(tmp_path.iterdir()) == []
    assert threading.active_count() == threads


def test_the_lifespan_opens_and_closes_the_store_around_the_application_s_own(store: Watched, notes: list[str]) -> None:
    store.openings_too = True

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, str]]:
        notes.append("start")
        await afterword.add(work, "at the start")
        yield {"greeting": "hello"}
        await afterword.add(work, "at the end")
        notes.append("end")

    app = FastAPI(lifespan=lifespan)
    afterword = Afterword(app, worker=False)

    @app.get("/")
    async def endpoint(request: Request) -> str:
        greeting: str = request.state.greeting
        return greeting

    with TestClient(app) as client:
        assert client.get("/").json() == "hello"

    assert notes == ["open", "start", "add 1", "add 1", "end", "close"]


def test_lifespans_of_routers_still_run(store: Watched, notes: list[str]) -> None:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        notes.append("router start")
        yield
        notes.append("router end")

    app = FastAPI()
    app.include_router(APIRouter(lifespan=lifespan))
    Afterword(app, worker=False)
    app.include_router(APIRouter(lifespan=lifespan))

    with TestClient(app):
        pass

    assert notes.count("router start") == notes.count("router end") == 2


def test_a_start_that_fails_closes_the_store(store: Watched, notes: list[str]) -> None:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        raise ValueError("no")
        yield

    app = FastAPI(lifespan=lifespan)
    Afterword(app, worker=False)
    store.openings_too = True

    with pytest.raises(ValueError, match="no"), TestClient(app):
        pass

    assert notes == ["open", "close"]


def test_a_store_that_cannot_be_opened_fails_the_start(app: FastAPI, store: Watched) -> None:
    store.fail("open", UNAVAILABLE)

    with pytest.raises(StoreUnavailable, match="the disk is full"), TestClient(app):
        pass


def test_a_store_that_cannot_be_opened_at_the_first_request_answers_503(
    app: FastAPI, client: TestClient, store: Watched
) -> None:
    adding(app)
    store.fail("open", UNAVAILABLE)

    assert [client.post("/").status_code for _ in range(2)] == [503, 200]


def test_it_can_be_started_again(app: FastAPI, store: Watched, notes: list[str]) -> None:
    adding(app)
    store.openings_too = True

    for _ in range(2):
        with TestClient(app) as client:
            assert client.post("/").status_code == 200
    assert TestClient(app).post("/").status_code == 200

    store.openings_too = False
    assert notes == [*["open", "add 1", "release 1", "close"] * 2, "open", "add 1", "release 1"]
    assert states(store.jobs()) == [State.QUEUED] * 3


def test_as_a_lifespan(store: Watched, notes: list[str]) -> None:
    afterword = Afterword(worker=False)
    app = FastAPI(lifespan=afterword.lifespan)
    adding(app)
    store.openings_too = True

    for _ in range(2):
        with TestClient(app) as client:
            assert client.post("/").status_code == 200

    assert app.state.afterword is afterword
    assert notes == ["open", "add 1", "release 1", "close"] * 2


def test_inside_a_lifespan(store: Watched) -> None:
    afterword = Afterword(worker=False)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, int]]:
        async with afterword.lifespan(app):
            yield {"answer": 42}

    app = FastAPI(lifespan=lifespan)
    adding(app)

    @app.get("/")
    async def endpoint(request: Request) -> int:
        answer: int = request.state.answer
        return answer

    with TestClient(app) as client:
        assert (client.post("/").status_code, client.get("/").json()) == (200, 42)


def test_on_an_application_mounted_in_another(store: Watched) -> None:
    app = FastAPI()
    Afterword(app, worker=False)
    adding(app)

    with TestClient(Starlette(routes=[Mount("/inner", app)])) as client:
        assert client.post("/inner/").status_code == 200
    assert states(store.jobs()) == [State.QUEUED]


def test_too_late(app: FastAPI, client: TestClient) -> None:
    started = FastAPI()
    TestClient(started).get("/")

    with pytest.raises(AlreadyStarted, match=r"below `app = FastAPI\(\)`"):
        Afterword(started)


@pytest.mark.parametrize(("thing", "got"), [(APIRouter(), "fastapi.routing.APIRouter"), ("main:app", "str"), (FastAPI, "type")])
def test_what_is_no_application(thing: Any, got: str) -> None:
    with pytest.raises(NoApplication) as refused:
        Afterword(thing)
    assert str(refused.value) == (
        f"Afterword takes the FastAPI application, got {got}. Write `Afterword(app)` below `app = FastAPI()`."
    )


def test_twice(app: FastAPI) -> None:
    with pytest.raises(AlreadyAttached):
        Afterword(app)


def test_all_faults_of_the_settings_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERWORD_DRAIN", "soon")

    with pytest.raises(SettingsError) as told:
        Afterword(FastAPI(), concurrency=0)

    assert "concurrency=0 must be" in str(told.value) and "AFTERWORD_DRAIN='soon' must be" in str(told.value)


@pytest.mark.process
@pytest.mark.parametrize(
    ("program", "unused"),
    [
        ("import afterword; afterword.Retry", {"fastapi", "sqlite3"}),
        (
            "from fastapi import FastAPI; from afterword import Afterword, BackgroundTasks; Afterword(FastAPI())",
            {"sqlite3", "afterword.stores.sqlite", "afterword.stores.memory", "afterword.keeping", "afterword.frames"},
        ),
    ],
)
def test_to_import_it_imports_no_more_than_is_used(program: str, unused: set[str]) -> None:
    told = subprocess.run(
        [sys.executable, "-c", f"{program}; import sys; print(sorted({unused} & {{*sys.modules}}))"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert told.stdout == "[]\n", told.stderr


def test_it_has_no_other_names() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Worker'"):
        afterword.Worker  # noqa: B018


# The application's name


def test_jobs_carry_the_name_that_was_given(store: Watched) -> None:
    Afterword(application="tests.door.postponed:app").add_now(work, "a")

    assert store.jobs()[0].app == "tests.door.postponed:app"


def test_jobs_of_a_factory_s_application_carry_the_factory_s_name(app: FastAPI, client: TestClient, store: Watched) -> None:
    def create() -> Afterword:
        return Afterword(FastAPI(), worker=False)

    create().add_now(work, "a")

    assert store.jobs()[0].app == "tests.door.test_afterword:create"


SCRIPT = """
from fastapi import FastAPI

from afterword import Afterword
from afterword.stores.store import Query

afterword = Afterword(worker=False)
app = FastAPI(lifespan=afterword.lifespan)


def work() -> None: ...


if __name__ == "__main__":
    reference = afterword.add_now(work)
    job = afterword.store.get(reference.id).result()
    print(job.app, job.task)
"""


@pytest.mark.process
def test_a_script_names_the_application_and_its_task_as_the_server_does(tmp_path: Path) -> None:
    (tmp_path / "service.py").write_text(SCRIPT)

    told = subprocess.run([sys.executable, "service.py"], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert told.stdout == "service:app service:work\n", told.stderr


# Adding without a request


async def test_add_is_written_when_it_returns_ready_to_run(store: Watched) -> None:
    afterword = Afterword(worker=False)

    reference = await afterword.add(work_async, label="a")

    (job,) = store.jobs()
    assert (job.id, job.state, job.owner, job.after) == (reference.id, State.QUEUED, None, None)


def test_add_now_from_threads_and_add_from_several_loops(store: Watched) -> None:
    afterword = Afterword(worker=False)

    def loop(name: int) -> None:
        async def add() -> None:
            await asyncio.gather(*(afterword.add(work, f"loop {name}") for _ in range(10)))

        asyncio.run(add())

    def thread(name: int) -> None:
        for _ in range(10):
            afterword.add_now(work, f"thread {name}")

    threads = [threading.Thread(target=target, args=(name,)) for target in (loop, thread) for name in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    found = labels(store.jobs())
    assert {label: found.count(label) for label in found} == {
        f"{kind} {n}": 10 for kind in ("loop", "thread") for n in range(4)
    }


async def test_errors_reach_who_adds(store: Watched) -> None:
    afterword = Afterword(worker=False)
    store.fail("add", UNAVAILABLE, UNAVAILABLE)

    with pytest.raises(StoreError):
        await afterword.add(work, "a")
    with pytest.raises(StoreError):
        afterword.add_now(work, "a")
    with pytest.raises(TaskRefused):
        await afterword.add(lambda: None)
    with pytest.raises(TypeError):
        afterword.add_now(sweep)  # type: ignore[call-arg]

    assert store.jobs() == []


def test_listeners_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    afterword = Afterword(worker=False)
    told: list[Event] = []
    afterword.listen(told.append)

    reference = afterword.add_now(work, "a")

    assert Added((reference.id,)) in told


def test_a_working_directory_that_changes_does_not_move_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ours = Afterword(FastAPI(), application="tests.door.work:app")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert ours.launch().store == f"sqlite:///{tmp_path / 'afterword.db'}"
