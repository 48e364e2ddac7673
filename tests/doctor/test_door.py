"""Who still takes FastAPI's own BackgroundTasks."""

import functools
from pathlib import Path
from typing import Any

import fastapi
from fastapi import APIRouter, Depends, FastAPI, WebSocket
from fastapi.staticfiles import StaticFiles
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from afterword import BackgroundTasks
from afterword.doctor import door
from afterword.doctor.calls import Stock
from afterword.doctor.finding import Finding, Level

HERE = Path(__file__).parent
FINE = Finding(Level.FINE, "No endpoint takes FastAPI's own BackgroundTasks.")


def stock(tasks: fastapi.BackgroundTasks) -> None: ...


def ours(tasks: BackgroundTasks) -> None: ...


def above(below: None = Depends(stock)) -> None: ...


def plain() -> None: ...


async def socket(socket: WebSocket, tasks: fastapi.BackgroundTasks) -> None: ...


class Checker:
    def __call__(self, tasks: fastapi.BackgroundTasks) -> None: ...

    def check(self, tasks: fastapi.BackgroundTasks) -> None: ...


class Made:
    def __init__(self, tasks: fastapi.BackgroundTasks) -> None: ...


def kept(name: str, line: int) -> Finding:
    return Finding(
        Level.WARNING,
        f"{name} (test_door.py, line {line}) keeps FastAPI's own BackgroundTasks: what it adds is not written down.",
        "Import it in test_door.py by `from afterword import BackgroundTasks` instead of `from fastapi import"
        " BackgroundTasks`.",
    )


STOCK = kept("stock", stock.__code__.co_firstlineno)


def examine(app: Any) -> list[Finding]:
    return list(door.examine(app, HERE))


def test_endpoints_and_dependencies_once_each() -> None:
    app = FastAPI()
    app.get("/stock")(stock)
    app.get("/ours")(ours)
    app.get("/above")(above)
    app.websocket("/socket")(socket)
    assert examine(app) == [STOCK, kept("socket", socket.__code__.co_firstlineno)]


def test_our_own_list_is_fine() -> None:
    app = FastAPI()
    app.get("/ours")(ours)
    assert examine(app) == [FINE]


def test_dependencies_of_the_application_and_of_a_router() -> None:
    for app, router in (
        (FastAPI(dependencies=[Depends(stock)]), APIRouter()),
        (FastAPI(), APIRouter(dependencies=[Depends(stock)])),
    ):
        router.get("/plain")(plain)
        app.include_router(router)
        assert examine(app) == [STOCK]


def test_dependencies_of_the_inclusion() -> None:
    app, router = FastAPI(), APIRouter()
    router.get("/plain")(plain)
    app.include_router(router, dependencies=[Depends(stock)])
    assert examine(app) == [STOCK]


def test_routers_in_routers_and_applications_in_applications() -> None:
    inner, router, below, app = APIRouter(), APIRouter(), FastAPI(), FastAPI()
    inner.get("/stock")(stock)
    router.websocket("/socket")(socket)
    router.include_router(inner, prefix="/inner")
    below.include_router(router, prefix="/router")
    app.mount("/below", below)
    assert sorted(finding.what for finding in examine(app)) == [
        kept("socket", socket.__code__.co_firstlineno).what,
        STOCK.what,
    ]


def test_a_mount_in_a_router() -> None:
    below, router, app = FastAPI(), APIRouter(), FastAPI()
    below.get("/stock")(stock)
    router.mount("/below", below)
    app.include_router(router, prefix="/router")
    assert examine(app) in ([STOCK], [FINE])  # Older versions of FastAPI leave the mounts of a router out.


def test_callables_of_every_kind() -> None:
    app = FastAPI()
    checker = Checker()
    calls: list[Any] = [checker, checker.check, Made, functools.partial(stock)]
    for number, call in enumerate(calls):
        app.get(f"/{number}", dependencies=[Depends(call)])(plain)
    assert examine(app) == [
        kept("Checker", Checker.__call__.__code__.co_firstlineno),
        kept("Checker.check", Checker.check.__code__.co_firstlineno),
        kept("Made", Made.__init__.__code__.co_firstlineno),
        STOCK,
    ]


def test_what_is_installed_is_only_noted(tmp_path: Path) -> None:
    app = FastAPI()
    app.get("/stock")(stock)
    assert list(door.examine(app, tmp_path)) == [
        Finding(
            Level.NOTE,
            f"stock (test_door.py, line {stock.__code__.co_firstlineno}) is none of the application's own and keeps FastAPI's"
            " BackgroundTasks: what it adds is not written down.",
        )
    ]


def test_routes_of_unknown_kinds_are_passed_over(tmp_path: Path) -> None:
    class Strange(BaseRoute):
        @property
        def routes(self) -> Any:
            raise RuntimeError

    class Included(BaseRoute):
        def effective_route_contexts(self) -> Any:
            raise RuntimeError

    app = FastAPI()
    app.router.routes += [Strange(), Included()]
    app.mount("/files", StaticFiles(directory=tmp_path))
    app.host("example.com", Starlette())
    app.get("/stock")(stock)
    assert examine(app) == [STOCK]
    assert examine(object()) == [FINE]


def test_stock_tasks_that_are_made() -> None:
    assert list(door.made([Stock("BackgroundTask", "main.py, line 7")])) == [
        Finding(
            Level.WARNING,
            "A BackgroundTask of Starlette's own is made in main.py, line 7: what it runs is not written down.",
            "Make the list by `from afterword import BackgroundTasks`, add the task to it, and give the list to the response.",
        )
    ]
