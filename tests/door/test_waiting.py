"""What a request keeps alive while it waits for the disk: the garbage collector looks at all of it, again and again."""

import asyncio
import gc
from collections.abc import Sequence
from types import FunctionType, GenericAlias, UnionType

from fastapi import FastAPI
from starlette.types import Message

from afterword import BackgroundTasks
from tests.door.watched import Watched
from tests.door.work import work


async def test_no_functions_and_no_annotations_are_made_for_each_request(app: FastAPI, store: Watched) -> None:
    @app.post("/")
    async def endpoint(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(work, "a")

    await ask(app)
    go = store.hesitate()
    before = {id(one) for one in made()}
    asking = asyncio.create_task(ask(app))
    while len(store.adds) < 2:
        await asyncio.sleep(0)
    kept = [one for one in made() if id(one) not in before]
    go.set()
    await asking

    assert kept == []


async def ask(app: FastAPI) -> None:
    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None: ...

    await app({"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b""}, receive, send)


def made() -> Sequence[object]:
    """Functions of ours, and what annotations are made of."""
    kinds = (FunctionType, GenericAlias, UnionType)
    found = [one for one in gc.get_objects() if isinstance(one, kinds)]
    return [one for one in found if not isinstance(one, FunctionType) or (one.__module__ or "").startswith("afterword.")]
