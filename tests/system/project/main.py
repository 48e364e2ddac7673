"""The application under test: every task notes in the ledger what it does."""

import asyncio
import atexit
import ctypes
import os
import signal
import sys
import threading
import time

import emails
from ledger import note
from services import mail

from afterword import Afterword, BackgroundTasks, task
from crashing import crash_at
from fastapi import Depends, FastAPI, HTTPException

app = FastAPI()
afterword = Afterword(app)
if "afterword.runner.main" in sys.modules:
    atexit.register(note, -1, "left")
afterword.listen(crash_at(os.environ.get("CRASH_API")))


def sleep(number: int, seconds: float = 0.0) -> None:
    note(number, "start")
    time.sleep(seconds)
    note(number, "end")


async def sleep_async(number: int, seconds: float = 0.0) -> None:
    note(number, "start")
    await asyncio.sleep(seconds)
    note(number, "end")


@task(at_most_once=True)
def sleep_once(number: int, seconds: float = 0.0) -> None:
    sleep(number, seconds)


@task(ordered=False)
def sleep_unordered(number: int, seconds: float = 0.0) -> None:
    sleep(number, seconds)


@task(unique=True)
def sleep_unique(number: int) -> None:
    sleep(number)


def pulse(number: int, seconds: float) -> None:
    """Shows that it lives, every few milliseconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        note(number, "pulse")
        time.sleep(0.002)
    note(number, "end")


def burn(number: int, seconds: float) -> None:
    note(number, "start")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass
    note(number, "end")


async def burn_async(number: int, seconds: float) -> None:
    burn(number, seconds)


def fail(number: int) -> None:
    note(number, "start")
    raise ValueError(f"number {number} fails")


def segfault(number: int) -> None:
    note(number, "start")
    ctypes.string_at(0)


def leave(number: int) -> None:
    note(number, "start")
    os._exit(3)


def exit(number: int) -> None:
    note(number, "start")
    sys.exit(1)


def kill_once(number: int) -> None:
    """Kills its own runner, unless it did so before."""
    note(number, "start")
    if not os.path.exists("killed"):
        open("killed", "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    note(number, "end")


def linger(number: int) -> None:
    """Would take for ever, unless it did so before."""
    note(number, "start")
    if not os.path.exists("lingered"):
        open("lingered", "w").close()
        time.sleep(3600)
    note(number, "end")


async def leave_after(number: int) -> None:
    """Ends its runner between its own end and the moment at which anybody hears of it, unless it did so before."""
    note(number, "start")
    if not os.path.exists("left"):
        open("left", "w").close()
        asyncio.get_running_loop().call_soon(os._exit, 0)
    note(number, "end")


def raise_generator_exit(number: int) -> None:
    raise GeneratorExit


def raise_stop_iteration(number: int) -> None:
    raise StopIteration


async def stop_the_loop(number: int) -> None:
    note(number, "start")
    asyncio.get_running_loop().stop()
    await asyncio.sleep(5)


async def exit_beside(number: int) -> None:
    """Does not leave itself, but something that it starts does."""
    note(number, "start")
    beside = asyncio.create_task(_exit())
    await asyncio.sleep(5)
    del beside


async def _exit() -> None:
    sys.exit(3)


def add_another(number: int) -> None:
    afterword.add_now(sleep, number + 1000)
    note(number, "end")


TASKS = {
    function.__name__: function
    for function in (
        sleep,
        sleep_async,
        sleep_once,
        sleep_unordered,
        sleep_unique,
        pulse,
        burn,
        burn_async,
        fail,
        segfault,
        leave,
        exit,
        kill_once,
        linger,
        leave_after,
        add_another,
        raise_generator_exit,
        raise_stop_iteration,
        stop_the_loop,
        exit_beside,
        emails.send_email,
        mail.send_mail,
    )
}


@app.get("/ping")
async def ping():
    return {"pid": os.getpid()}


@app.post("/add/{name}/{number}")
async def add(name: str, number: int, background_tasks: BackgroundTasks, seconds: float | None = None, count: int = 1):
    """`count` tasks of the request, numbered from `number`."""
    extra = {} if seconds is None else {"seconds": seconds}
    if name == "import_late":
        from settings_of_the_day import work

        TASKS[name] = work
    references = [background_tasks.add_task(TASKS[name], number + step, **extra) for step in range(count)]
    return {"pid": os.getpid(), "ids": [reference.id for reference in references]}


@app.post("/add_one/{name}/{number}")
async def add_one(name: str, number: int):
    """Answers with the id of the job, once it is on disk."""
    return (await afterword.add(TASKS[name], number)).id


@app.post("/mixed/{number}")
async def mixed(number: int, background_tasks: BackgroundTasks):
    background_tasks.add_task(sleep, number)
    background_tasks.add_task(fail, number + 1)
    background_tasks.add_task(sleep, number + 2)


async def session(number: int):
    """A session as people write it: it commits after the response, or rolls back when anything was raised."""
    try:
        yield
    except BaseException:
        note(number, "rollback")
        raise
    await asyncio.sleep(0.3)
    note(number, "commit")


@app.post("/session/{name}/{number}")
async def with_session(name: str, number: int, background_tasks: BackgroundTasks, _: None = Depends(session)):
    background_tasks.add_task(TASKS[name], number)


@app.post("/refuse/{number}")
async def refuse(number: int, background_tasks: BackgroundTasks):
    background_tasks.add_task(sleep, number)
    raise HTTPException(409)


@app.get("/threads")
def threads():
    return [thread.name for thread in threading.enumerate()]
