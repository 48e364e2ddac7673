"""As FastAPI's documentation shows it. What would block the loop is a plain function, and gets a thread."""

import time

from fastapi import BackgroundTasks, FastAPI

from benchmarks import work

app = FastAPI()


async def noop(number: int) -> None:
    work.noop(number)


async def stamp(number: int) -> None:
    work.stamp(number)


@app.get("/ping")
async def ping() -> dict[str, str]:
    return {"pong": ""}


@app.post("/add/{task}/{number}")
async def add(task: str, number: int, background_tasks: BackgroundTasks, seconds: float = 0) -> dict[str, int]:
    now = time.monotonic_ns()
    if task == "noop":
        background_tasks.add_task(noop, number)
    elif task == "stamp":
        background_tasks.add_task(stamp, number)
    else:
        background_tasks.add_task({"rest": work.rest, "burn": work.burn}[task], number, seconds)
    return {"ns": now}
