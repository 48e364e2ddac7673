"""An application whose work is done by engines that its team runs already. The first argument of every task is its number."""

import asyncio
import os
import time

import mill
import press
from fastapi import FastAPI
from ledger import note

from afterword import Afterword, BackgroundTasks, Retry, task
from afterword.handoff.celery import Celery
from afterword.handoff.rq import RQ

app = FastAPI()
afterword = Afterword(app, handoff={"heavy": Celery(mill.mill, search_every=0.5), "reports": RQ(press.reports, lease=2.0)})


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


@task(via="rq", ordered=False)
def write_unordered(number: int, seconds: float = 0.0) -> int:
    return grind(number, seconds)


@task(via="celery", at_most_once=True)
def grind_once(number: int, seconds: float = 0.0) -> int:
    return grind(number, seconds)


@task(via="celery")
def linger(number: int) -> int:
    """Would take for ever, unless it did so before."""
    note(number, "start")
    if not os.path.exists(f"lingered-{number}"):
        open(f"lingered-{number}", "w").close()
        time.sleep(3600)
    note(number, "end")
    return number


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


@task(via="rq")
def write(number: int, seconds: float = 0.0) -> int:
    return grind(number, seconds)


@task(via="rq")
async def write_async(number: int, seconds: float = 0.0) -> int:
    return await grind_async(number, seconds)


@task(queue="reports")
def compile_report(number: int, seconds: float = 0.0) -> int:
    return grind(number, seconds)


@task(via="rq", retry=Retry(attempts=3, delay=0.05))
def stumble_in_rq(number: int) -> int:
    return stumble(number)


@task(via="rq", retry=Retry(attempts=1))
def fail_in_rq(number: int) -> None:
    fail(number)


@task(via="rq")
def linger_writing(number: int) -> int:
    return linger(number)


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
        mill.linger_in_celery,
        linger,
        write,
        write_unordered,
        write_async,
        compile_report,
        stumble_in_rq,
        fail_in_rq,
        linger_writing,
        press.publish,
        press.tear,
        press.linger_in_rq,
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


@app.post("/enqueue/{number}")
def enqueue(number: int, seconds: float = 0.0) -> None:
    """The same to RQ."""
    press.reports.enqueue(press.publish, number, seconds)
