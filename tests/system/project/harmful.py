"""Tasks that do harm to those around them, and some that do none."""

import ctypes
import os
import resource
import signal
import sys
import time
from typing import Any

import constants
from afterword import Afterword, BackgroundTasks, Retry, task
from afterword.errors import AfterwordError
from fastapi import FastAPI, HTTPException
from ledger import note

constants.change(os.environ.get("AFTERWORD_TEST_CONSTANTS", "{}"))
app = FastAPI()
afterword = Afterword(app)

alone = task(ordered=False, retry=Retry(attempts=2, delay=0.01))


@alone
def sleep(number: int, seconds: float = 0.0) -> None:
    note(number, "start")
    time.sleep(seconds)
    note(number, "end")


@task(ordered=False, timeout=1.0, retry=Retry(attempts=2, delay=0.01))
def sleep_a_second_at_most(number: int, seconds: float = 0.0) -> None:
    sleep(number, seconds)


@alone
def segfault(number: int) -> None:
    note(number, "start")
    ctypes.string_at(0)


@alone
def eat(number: int) -> None:
    """Takes memory until the limit says no."""
    note(number, "start")
    pages = int(open("/proc/self/statm").read().split()[0])
    limits = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + (64 << 20), limits[1]))
    try:
        eaten = [bytearray(4 << 20) for _ in range(1000)]
        note(number, f"eaten-{len(eaten)}")
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)


@alone
def killed(number: int) -> None:
    """What the kernel does when memory is short."""
    note(number, "start")
    os.kill(os.getpid(), signal.SIGKILL)


@alone
def fork_daemon(number: int) -> None:
    note(number, "start")
    if not os.fork():
        os.setsid()
        note(number, "daemon")
        time.sleep(3600)
        os._exit(0)
    note(number, "end")


@alone
def exit_with_1(number: int) -> None:
    note(number, "start")
    sys.exit(1)


@alone
def call_quit(number: int) -> None:
    note(number, "start")
    quit()


@alone
def exit_at_once(number: int) -> None:
    note(number, "start")
    os._exit(0)


@alone
def terminate_worker(number: int) -> None:
    note(number, "start")
    os.kill(os.getppid(), signal.SIGTERM)
    note(number, "end")


@alone
def kill_worker(number: int, times: int) -> None:
    note(number, "start")
    with open(f"kills-{number}", "a") as kills:
        kills.write(".")
    if os.path.getsize(f"kills-{number}") <= times:
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(3600)
    note(number, "end")


@alone
def close_all_fds(number: int) -> None:
    note(number, "start")
    os.closerange(3, 4096)
    time.sleep(5)
    note(number, "end")


@alone
async def close_all_fds_async(number: int) -> None:
    note(number, "start")
    os.closerange(3, 4096)


@task(ordered=False, retry=Retry(attempts=2, delay=1.0, jitter=0))
def fail_once(number: int) -> None:
    note(number, "start")
    if not os.path.exists(f"failed-{number}"):
        open(f"failed-{number}", "w").close()
        raise ValueError("the first time it fails")
    note(number, "end")


@alone
def fail(number: int) -> None:
    """With a story that is longer than a pipe."""
    note(number, "start")
    raise ValueError("no " * 4000)


@alone
def chatter(number: int) -> None:
    """Says more than a pipe takes."""
    note(number, "start")
    print("so to say " * 20_000, flush=True)
    note(number, "end")


@alone
def measure(number: int, text: str) -> None:
    note(number, "start")
    note(number, f"length-{len(text)}")
    note(number, "end")


@alone
def take(number: int, value: Any) -> None:
    note(number, "end")


@app.post("/add/{name}/{number}")
async def add(
    name: str, number: int, background_tasks: BackgroundTasks, seconds: float | None = None, times: int | None = None
) -> dict[str, str]:
    given = {"seconds": seconds, "times": times}
    extra = {key: value for key, value in given.items() if value is not None}
    return {"id": background_tasks.add_task(globals()[name], number, **extra).id}


@app.post("/measure/{number}")
async def add_text(number: int, size: int, background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(measure, number, "x" * size)


def bad(kind: str) -> Any:
    match kind:
        case "nan":
            return float("nan")
        case "surrogate":
            return "\ud800"
        case "huge":
            return 10**5000
        case "cycle":
            ring: list[Any] = []
            ring.append(ring)
            return ring
        case "key":
            return {1: "one"}
        case "object":
            return object()


@app.post("/bad/{kind}/{number}")
async def add_bad(kind: str, number: int, background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(sleep, number)
    try:
        background_tasks.add_task(take, number, bad(kind))
    except AfterwordError as error:
        raise HTTPException(422, str(error)) from None


@app.get("/ping")
async def ping() -> int:
    return os.getpid()
