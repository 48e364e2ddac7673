"""An application and a Celery application beside it, as a team has them."""

import asyncio
import json
import os
import time
from pathlib import Path
from typing import Any

from celery import Celery  # type: ignore[import-untyped]

from afterword import Retry, task
from afterword.handoff.celery import install


def note(line: str) -> None:
    with Path(os.environ["SHOP_LEDGER"]).open("a") as ledger:
        ledger.write(f"{line} {os.getpid()}\n")


def double(number: int) -> int:
    note(f"double {number}")
    return 2 * number


async def double_later(number: int) -> int:
    note(f"double_later {number}")
    await asyncio.sleep(0)
    return 2 * number


def loop_of_its_own() -> int:
    return asyncio.run(asyncio.sleep(0, 7))


@task(name="raise", retry=Retry(not_on=(KeyError,)))
def raise_(kind: str) -> None:
    raise {"key": KeyError, "value": ValueError}[kind]("no")


def hold(name: str) -> str:
    """Until the file `name` appears beside the ledger."""
    note(f"hold {name}")
    while not Path(os.environ["SHOP_LEDGER"]).with_name(name).exists():
        time.sleep(0.02)
    note(f"held {name}")
    return name


@task(name="hold_once", at_most_once=True)
def hold_once(name: str) -> str:
    return hold(name)


async def hang() -> None:
    note("hang")
    await asyncio.Event().wait()


def make(broker: str, backend: str | None, lease: float = 30.0, installed: bool = True, **settings: Any) -> Any:
    app = Celery("shop", broker=broker, backend=backend, set_as_current=False)
    app.conf.update(broker_connection_retry_on_startup=True, worker_hijack_root_logger=False, **settings)
    if installed:
        install(app, lease=lease)

    @app.task(shared=False, name="shop.add")  # type: ignore[untyped-decorator]
    def add(first: int, second: int) -> int:
        note(f"add {first}")
        return first + second

    @app.task(shared=False, name="shop.forget", ignore_result=True)  # type: ignore[untyped-decorator]
    def forget(number: int) -> None:
        note(f"forget {number}")

    @app.task(shared=False, name="shop.stumble")  # type: ignore[untyped-decorator]
    def stumble() -> None:
        raise ValueError("their fault")

    @app.task(shared=False, name="shop.again", bind=True, max_retries=3)  # type: ignore[untyped-decorator]
    def again(self: Any) -> int:
        note("again")
        if self.request.retries < 2:
            raise self.retry(countdown=0.1)
        return int(self.request.retries)

    @app.task(shared=False, name="shop.hold")  # type: ignore[untyped-decorator]
    def hold_theirs(name: str) -> str:
        return hold(name)

    return app


if "SHOP" in os.environ:
    celery_app = make(**json.loads(os.environ["SHOP"]))
