"""An application whose work is done by engines that its team runs already. The first argument of every task is its number."""

import asyncio
import os
import time

import mill
from fastapi import FastAPI
from ledger import note

from afterword import Afterword, BackgroundTasks, Retry, task
from afterword.handoff.celery import Celery

app = FastAPI()
afterword = Afterword(app, handoff={"heavy": Celery(mill.mill, search_every=0.5)})


@task(via="celery")
def grind(number: int, seconds: float = 0.0) -> int:
    note(number, "start")
    time.sleep(seconds)
    note(number, "end")
    return number


@task(via="celery")
async def grind_async(number: int, seconds: float = 0.0) -> int:
    note(number, "start")
    await asyncio.sleep(seconds)
    note(number, "end")
    return number


@task(queue="heavy")
def haul(number: int, seconds: float = 0.0) -> int:
    return grind(number, seconds)


@task(via="celery", ordered=False)
def grind_unordered(number: int, seconds: float = 0.0) -> int:
    return grind(number, seconds)


@task(via="celery", at_most_once=True)
def grind_once(number: int, seconds: float = 0.0) -> int:
    return grind(number, seconds)


@task(via="celery", retry=Retry(attempts=3, delay=0.05))
def stumble(number: int) -> int:
    """Fails twice."""
    note(number, "start")
    before = f"stumbled-{number}"
    times = os.path.getsize(before) if os.path.exists(before) else 0
    if times < 2:
        with open(before, "a") as file:
            file.write("x")
        raise ValueError(f"number {number} stumbles")
    note(number, "end")
    return number


@task(via="celery", retry=Retry(attempts=1))
def fail(number: int) -> None:
    note(number, "start")
    raise ValueError(f"number {number} fails")


def here(number: int, seconds: float = 0.0) -> int:
    """Ours: a runner makes it."""
    return grind(number, seconds)


@task(via="steam")
def puff(number: int) -> None: ...


TASKS = {
    function.__name__.rpartition(".")[2]: function
    for function in (
        grind,
        grind_async,
        grind_once,
        grind_unordered,
        haul,
        stumble,
        fail,
        here,
        puff,
        mill.polish,
        mill.break_off,
        mill.insist,
    )
}


@app.post("/add/{name}/{number}")
async def add(name: str, number: int, background_tasks: BackgroundTasks, seconds: float | None = None, count: int = 1):
    """`count` tasks of the request, numbered from `number`."""
    extra = {} if seconds is None else {"seconds": seconds}
    references = [background_tasks.add_task(TASKS[name], number + step, **extra) for step in range(count)]
    return {"ids": [reference.id for reference in references]}


@app.post("/several/{names}/{number}")
async def several(names: str, number: int, background_tasks: BackgroundTasks):
    """Tasks of one request, which follow one another."""
    return {"ids": [background_tasks.add_task(TASKS[name], number + step).id for step, name in enumerate(names.split("-"))]}


@app.post("/delay/{number}")
def delay(number: int, seconds: float = 0.0) -> None:
    """As FastAPI's documentation says it: straight to Celery."""
    mill.polish.delay(number, seconds)
