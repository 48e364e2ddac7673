"""Wherever FastAPI's own BackgroundTasks can be asked for, so can ours; and it is one list for each request."""

from collections.abc import AsyncIterator
from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, FastAPI, Security
from fastapi.security import SecurityScopes
from fastapi.testclient import TestClient

import afterword
from afterword import Afterword, BackgroundTasks, Tasks
from afterword.fastapi import provide
from afterword.jobs.job import State
from tests.door.reading import chain, labels, states
from tests.door.watched import Watched
from tests.door.work import work, work_async


def test_an_async_endpoint(app: FastAPI, client: TestClient, store: Watched) -> None:
    @app.post("/")
    async def endpoint(background_tasks: BackgroundTasks) -> str:
        return background_tasks.add_task(work, "a").id

    id = client.post("/").json()

    (job,) = store.jobs()
    assert (job.id, job.task, job.state, job.owner) == (id, "tests.door.work:work", State.QUEUED, None)


def test_a_sync_endpoint(app: FastAPI, client: TestClient, store: Watched) -> None:
    @app.post("/")
    def endpoint(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(work_async, "a")

    assert client.post("/").status_code == 200
    assert labels(store.jobs()) == ["a"]


def test_one_list_for_dependencies_and_endpoint_in_the_order_of_adding(
    app: FastAPI, client: TestClient, store: Watched
) -> None:
    seen: list[Tasks] = []

    def below(background_tasks: BackgroundTasks) -> None:
        seen.append(background_tasks)
        background_tasks.add_task(work, "below")

    async def above(background_tasks: BackgroundTasks, below: Annotated[None, Depends(below)]) -> None:
        seen.append(background_tasks)
        background_tasks.add_task(work, "above")

    class Holder:
        def __init__(self, background_tasks: BackgroundTasks) -> None:
            seen.append(background_tasks)
            background_tasks.add_task(work, "class")

    async def generator(background_tasks: BackgroundTasks) -> AsyncIterator[None]:
        seen.append(background_tasks)
        background_tasks.add_task(work, "generator")
        yield

    @app.post("/")
    async def endpoint(
        above: Annotated[None, Depends(above)],
        holder: Annotated[Holder, Depends()],
        generator: Annotated[None, Depends(generator)],
        function_scoped: Annotated[None, Depends(generator, scope="function")],
        background_tasks: BackgroundTasks,
    ) -> None:
        seen.append(background_tasks)
        background_tasks.add_task(work, "endpoint")

    assert client.post("/").status_code == 200

    assert len(store.adds) == 1
    assert labels(store.adds[0]) == ["below", "above", "class", "generator", "generator", "endpoint"]
    assert chain(store.adds[0]) == [None, "below", "above", "class", "generator", "generator"]
    assert len(set(map(id, seen))) == 1
    assert set(states(store.jobs()[1:])) == {State.HELD}, "they follow the one before"
    assert {job.owner for job in store.jobs()} == {None}


def test_consumers_without_cache_and_with_security_scopes_share_it(app: FastAPI, client: TestClient, store: Watched) -> None:
    seen: list[Tasks] = []

    def scoped(scopes: SecurityScopes, background_tasks: BackgroundTasks) -> None:
        seen.append(background_tasks)
        background_tasks.add_task(work, scopes.scope_str)

    def uncached(background_tasks: BackgroundTasks) -> None:
        seen.append(background_tasks)
        background_tasks.add_task(work, "uncached")

    @app.post("/")
    async def endpoint(
        read: Annotated[None, Security(scoped, scopes=["read"])],
        write: Annotated[None, Security(scoped, scopes=["write"])],
        first: Annotated[None, Depends(uncached, use_cache=False)],
        second: Annotated[None, Depends(uncached, use_cache=False)],
    ) -> None: ...

    assert client.post("/").status_code == 200
    assert labels(store.jobs()) == ["read", "write", "uncached", "uncached"]
    assert len(set(map(id, seen))) == 1
    assert len(store.adds) == 1


def test_routers_and_the_dependencies_of_routers_and_applications(store: Watched) -> None:
    def audit(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(work, "application")

    def log(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(work, "router")

    app = FastAPI(dependencies=[Depends(audit)])
    Afterword(app, worker=False)
    router = APIRouter(prefix="/inner", dependencies=[Depends(log)])

    @router.post("/")
    async def endpoint(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(work, "endpoint")

    app.include_router(router)

    assert TestClient(app).post("/inner/").status_code == 200
    assert labels(store.jobs()) == ["application", "router", "endpoint"]


def test_a_mounted_application_uses_the_outer_afterword(app: FastAPI, client: TestClient, store: Watched) -> None:
    inner = FastAPI()

    @inner.post("/")
    async def endpoint(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(work, "inner")

    app.mount("/inner", inner)

    assert client.post("/inner/").status_code == 200
    assert labels(store.jobs()) == ["inner"]


def test_a_mounted_application_with_an_afterword_of_its_own_uses_that(app: FastAPI, client: TestClient, store: Watched) -> None:
    inner = FastAPI()
    Afterword(inner, worker=False, store="inline")
    ran: list[str] = []

    @inner.post("/")
    async def endpoint(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(lambda: ran.append("inline"))

    app.mount("/inner", inner)

    assert client.post("/inner/").status_code == 200
    assert (ran, store.jobs()) == (["inline"], [])


def test_methods_of_an_object_and_callable_objects_as_endpoints(app: FastAPI, client: TestClient, store: Watched) -> None:
    class View:
        async def method(self, background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(work, "method")

        def __call__(self, background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(work, "call")

    view = View()
    app.add_api_route("/method", view.method, methods=["POST"])
    app.add_api_route("/call", view, methods=["POST"])

    assert [client.post(path).status_code for path in ("/method", "/call")] == [200, 200]
    assert labels(store.jobs()) == ["method", "call"]


def test_a_default_of_none_a_qualified_name_and_a_nested_annotation(app: FastAPI, client: TestClient, store: Watched) -> None:
    def with_one(background_tasks: afterword.BackgroundTasks) -> Tasks:
        background_tasks.add_task(work, "dependency")
        return background_tasks

    @app.post("/")
    async def endpoint(
        nested: Annotated[BackgroundTasks, Depends(with_one)],
        background_tasks: BackgroundTasks = None,  # type: ignore[assignment]
    ) -> None:
        assert nested is background_tasks
        nested.add_task(work, "endpoint")

    assert client.post("/").status_code == 200
    assert labels(store.jobs()) == ["dependency", "endpoint"]


def test_an_override_replaces_it(app: FastAPI, client: TestClient, store: Watched) -> None:
    added: list[str] = []

    class Pretended:
        def add_task(self, function: object, label: str) -> None:
            added.append(label)

    @app.post("/")
    async def endpoint(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(work, "a")

    app.dependency_overrides[provide] = Pretended

    assert client.post("/").status_code == 200
    assert (added, store.adds) == (["a"], [])


def test_stock_tasks_of_the_same_request_run_in_process(app: FastAPI, client: TestClient, store: Watched) -> None:
    import fastapi

    ran: list[str] = []

    @app.post("/")
    async def endpoint(background_tasks: BackgroundTasks, stock: fastapi.BackgroundTasks) -> None:
        background_tasks.add_task(work, "ours")
        stock.add_task(ran.append, "stock")

    assert client.post("/").status_code == 200
    assert (labels(store.jobs()), ran) == (["ours"], ["stock"])


@pytest.mark.parametrize("names", [{"func": "f", "self": "s"}, {"function": "f", "args": "a", "kwargs": "k"}])
def test_keyword_arguments_may_have_any_name(app: FastAPI, client: TestClient, store: Watched, names: dict[str, str]) -> None:
    from tests.door.work import work_named

    @app.post("/")
    async def endpoint(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(work_named, **names)

    assert client.post("/").status_code == 200
    assert all(word in store.jobs()[0].arguments.decode() for pair in names.items() for word in pair)


def test_the_function_may_come_by_its_name(app: FastAPI, client: TestClient, store: Watched) -> None:
    @app.post("/")
    async def endpoint(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(func=work, label="a")

    assert client.post("/").status_code == 200
    assert labels(store.jobs()) == ["a"]


def test_options_of_a_task_reach_its_job_and_an_unordered_one_stands_aside(
    app: FastAPI, client: TestClient, store: Watched
) -> None:
    from tests.door.work import sweep

    @app.post("/")
    async def endpoint(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(work, "first")
        background_tasks.add_task(sweep, "aside")
        background_tasks.add_task(work, "second")

    assert client.post("/").status_code == 200

    first, aside, second = store.adds[0]
    assert (aside.task, aside.queue, aside.priority, aside.at_most_once) == ("sweep", "slow", 7, True)
    assert (first.after, aside.after, second.after) == (None, None, first.id)


def test_the_list_shows_what_is_not_yet_written(app: FastAPI, client: TestClient) -> None:
    shown: list[object] = []

    @app.post("/")
    async def endpoint(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(work, "a")
        background_tasks.add_task(work, label="b")
        shown.extend((task.func, task.args, task.kwargs) for task in background_tasks.tasks)

    assert client.post("/").status_code == 200
    assert shown == [(work, ("a",), {}), (work, (), {"label": "b"})]
